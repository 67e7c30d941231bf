//! REST: power states of many devices, asked with a digest that is known already.

use super::{Bench, cost, nth};
use crate::{
    answers::Answers,
    device::Identity,
    http::Http,
    process::Server,
    report::{Report, Target, progress},
};
use anyhow::{Result, ensure};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::{net::TcpStream, task::JoinSet};

/// Devices that are asked.
const DEVICES: usize = 1000;
/// Calls of a round with several clients, and with one.
const CALLS: usize = 4000;
const ALONE: usize = 1000;
/// Clients beside each other.
const CLIENTS: usize = 32;

/// Who is asked, and by how many.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    address: SocketAddr,
    token: &'a str,
    devices: usize,
    clients: usize,
}

pub(crate) async fn measure(
    bench: &Bench,
    directory: &Path,
    devices: usize,
    rounds: usize,
    report: &mut Report,
) -> Result<()> {
    let (devices, server) = (devices.min(DEVICES), &bench.viaduct.server);
    progress(&format!("power states of {devices} devices"));
    let theirs = Answers::start(directory).await?;
    let (address, token) = (bench.viaduct.web, bench.token.as_str());
    let ours = Asked { address, token, devices, clients: CLIENTS };
    let bare = Asked { address: theirs.address, ..ours };
    let before = server.rss()?;
    let first = calls(server, ours, devices).await?;
    let name = "power state, first of a device (digest challenge), CPU ms";
    report.once(name, first.cpu, Target::None);
    for _ in 0..rounds {
        let many = calls(server, ours, CALLS).await?;
        let other = calls(&theirs.server, bare, CALLS).await?;
        let name = |what: &str| format!("power state, {CLIENTS} clients, {what}");
        report.ratio(&name("calls a second"), many.rate, other.rate, Target::None);
        report.ratio(&name("CPU ms a call"), many.cpu, other.cpu, Target::None);
        report.ratio(&name("p50, ms"), nth(&many.times, 0.5), nth(&other.times, 0.5), Target::None);
        let (ours_p99, their_p99) = (nth(&many.times, 0.99), nth(&other.times, 0.99));
        report.ratio(&name("p99, ms"), ours_p99, their_p99, Target::None);
        let alone = calls(server, Asked { clients: 1, ..ours }, ALONE).await?;
        let other = calls(&theirs.server, Asked { clients: 1, ..bare }, ALONE).await?;
        for (words, share) in [("p50", 0.5), ("p99", 0.99)] {
            let name = format!("power state, one client, {words}, ms");
            report.ratio(&name, nth(&alone.times, share), nth(&other.times, share), Target::None);
        }
    }
    let each = (server.rss()? - before) / devices as f64;
    report.once("device that was asked, KiB more", each, Target::None);
    Ok(())
}

/// What came out of a number of calls.
#[derive(Debug)]
struct Outcome {
    /// Milliseconds of each, sorted.
    times: Vec<f64>,
    /// Calls a second.
    rate: f64,
    /// CPU milliseconds a call.
    cpu: f64,
}

/// Asks one device after the other, again from the first.
async fn calls(server: &Server, asked: Asked<'_>, count: usize) -> Result<Outcome> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for _ in 0..asked.clients {
        let tcp = TcpStream::connect(asked.address).await?;
        tcp.set_nodelay(true)?;
        clients.push(Http::new(tcp, Some(asked.token)));
    }
    let work = async {
        let mut tasks = JoinSet::new();
        for client in clients {
            tasks.spawn(ask(client, Arc::clone(&next), asked.devices, count));
        }
        let mut times = Vec::with_capacity(count);
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        Ok(times)
    };
    let (mut times, cost) = cost(server, work).await?;
    times.sort_by(f64::total_cmp);
    let (rate, cpu) = (count as f64 / cost.seconds, cost.cpu * 1000.0 / count as f64);
    Ok(Outcome { times, rate, cpu })
}

async fn ask(
    mut client: Http<TcpStream>,
    next: Arc<AtomicUsize>,
    devices: usize,
    count: usize,
) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= count {
            return Ok(times);
        }
        let path = format!("/api/v1/amt/power/state/{}", Identity::nth(n % devices).guid);
        let start = Instant::now();
        let (status, answer) = client.call("GET", &path, &Value::Null).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        ensure!(status == 200 && answer["powerstate"] == 2, "{path}: {status} {answer}");
    }
}
