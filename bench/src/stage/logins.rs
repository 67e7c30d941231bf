//! Devices that dial in, and what an idle one costs.

use super::{Bench, FIRST_IDLE, cost};
use crate::{
    device::{self, Manner},
    report::{Report, Target, progress},
};
use anyhow::Result;
use std::time::{Duration, Instant};
use tokio::{task::JoinSet, time::sleep};

/// Devices that dial in at the same time.
const AT_ONCE: usize = 32;
/// Bare handshakes with the relay.
const HANDSHAKES: usize = 500;
const IDLE: Duration = Duration::from_secs(5);

pub(crate) async fn measure(bench: &Bench, steps: &[usize], report: &mut Report) -> Result<()> {
    let signatures = signing_rate()?;
    report.once("RSA-2048 signatures a second and core", signatures, Target::None);
    progress("handshakes with the relay");
    let (front, tls) = (bench.relay.front, &bench.tls);
    let handshake = |n| {
        let tls = tls.clone();
        async move { device::connect(n, front, &tls).await.map(drop) }
    };
    let ((), theirs) = cost(&bench.relay.server, many(0..HANDSHAKES, handshake)).await?;
    let handshake = theirs.cpu * 1000.0 / HANDSHAKES as f64;

    let server = &bench.viaduct.server;
    let (before, mut here) = (server.rss()?, FIRST_IDLE);
    for step in steps.iter().copied().filter(|step| *step > FIRST_IDLE) {
        progress(&format!("up to {step} devices"));
        let dial = |n| device::dial_in(n, bench.viaduct.cira, tls.clone(), Manner::default());
        let count = step.saturating_sub(here) as f64;
        let ((), spent) = cost(server, many(here..step, dial)).await?;
        here = step.max(here);
        let rate = count / spent.seconds;
        report.once(&format!("devices a second up to {step}"), rate, Target::None);
        let name = format!("devices a second and CPU second up to {step}, to signatures");
        report.against(&name, count / spent.cpu, signatures, Target::None);
        let each = spent.cpu * 1000.0 / count;
        let name = format!("login, CPU ms, up to {step}");
        report.once(&name, each, Target::AtMost(0.65));
        report.ratio(&format!("{name}, to a bare handshake"), each, handshake, Target::None);
        let memory = (server.rss()? - before) / (here - FIRST_IDLE) as f64;
        report.once(&format!("idle device, KiB, at {step}"), memory, Target::AtMost(20.0));
    }
    progress("nothing but keep-alives");
    let ((), idle) = cost(server, async {
        sleep(IDLE).await;
        Ok(())
    })
    .await?;
    let cores = idle.cpu / idle.seconds;
    report.once(&format!("{here} idle devices, cores"), cores, Target::AtMost(0.02));
    Ok(())
}

/// Does it for each number, several at a time.
async fn many<F>(numbers: std::ops::Range<usize>, mut start: impl FnMut(usize) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in numbers {
        if tasks.len() == AT_ONCE
            && let Some(done) = tasks.join_next().await
        {
            done??;
        }
        tasks.spawn(start(n));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

fn signing_rate() -> Result<f64> {
    let key = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048)?)?;
    let (start, mut count) = (Instant::now(), 0.0);
    while start.elapsed().as_secs_f64() < 1.0 {
        let digest = openssl::hash::MessageDigest::sha256();
        openssl::sign::Signer::new(digest, &key)?.sign_oneshot_to_vec(b"viaduct")?;
        count += 1.0;
    }
    Ok(count / start.elapsed().as_secs_f64())
}
