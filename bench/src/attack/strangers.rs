//! Devices that nobody has told the server about, each with another UUID.

use super::{
    Pace, Site,
    knock::{Knock, knock},
    source,
};
use crate::{
    http::Http,
    report::{Report, Target, progress},
    stage::{cost, nth},
};
use anyhow::{Result, ensure};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, task::JoinSet};
use uuid::Uuid;

const A_SECOND: f64 = 5000.0 / 60.0;
const SOURCES: usize = 1000;
/// Their UUIDs count from here.
const FIRST: u128 = 0xa77a_c000_0000_4000_8000_0000_0000_0000;
/// What the server remembers of them, at most (`limits.unclaimed`).
const RING: usize = 10_000;

pub(super) async fn measure(site: &Site, lasts: Duration, report: &mut Report) -> Result<()> {
    progress(&format!("strangers, {} s", lasts.as_secs()));
    let server = &site.viaduct.server;
    let (before, written) = (server.rss()?, server.written()?);
    let ((count, times), spent) = cost(server, attack(site, lasts)).await?;
    let written = server.written()? - written;
    let mut http = Http::new(TcpStream::connect(site.viaduct.web).await?, Some(&site.token));
    let (status, rows) = http.call("GET", "/api/v1/unclaimed", &Value::Null).await?;
    let rows = rows.as_array().or_else(|| rows["data"].as_array()).map(Vec::len);
    ensure!(status == 200 && rows.is_some(), "the list of strangers: {status}");
    let rows = rows.unwrap_or_default();
    ensure!(rows <= RING, "{rows} rows in a ring of {RING}");
    let cores = spent.cpu / spent.seconds;
    report.once("strangers a minute", count as f64 * 60.0 / spent.seconds, Target::None);
    report.once("strangers, cores of the server", cores, Target::AtMost(0.1));
    report.once("stranger, CPU ms", spent.cpu * 1000.0 / count as f64, Target::None);
    report.once("strangers, rows at the end", rows as f64, Target::AtMost(RING as f64));
    report.once("stranger, KiB written", written / count as f64, Target::None);
    report.once("strangers, MiB more", (server.rss()? - before) / 1024.0, Target::None);
    report.once("stranger, answered after p99, ms", nth(&times, 0.99), Target::None);
    Ok(())
}

/// How many came, and the milliseconds until each was answered, sorted.
async fn attack(site: &Site, lasts: Duration) -> Result<(usize, Vec<f64>)> {
    let (mut tasks, mut pace, mut n, mut times) =
        (JoinSet::new(), Pace::new(A_SECOND, lasts), 0, Vec::new());
    let mut count = |(knock, ms): (Knock, f64)| {
        times.push(ms);
        ensure!(knock == Knock::Refused, "a stranger: {knock:?}");
        Ok(())
    };
    while pace.turn(n).await {
        let (tls, to, from) = (site.careless.clone(), site.viaduct.cira, source(n % SOURCES)?);
        tasks.spawn(async move {
            let start = Instant::now();
            let login = Some(("admin", "Stranger-1"));
            let knock = knock(from, to, &tls, Uuid::from_u128(FIRST + n as u128), login).await;
            (knock, start.elapsed().as_secs_f64() * 1e3)
        });
        n += 1;
        while let Some(done) = tasks.try_join_next() {
            count(done?)?;
        }
    }
    while let Some(done) = tasks.join_next().await {
        count(done?)?;
    }
    times.sort_by(f64::total_cmp);
    Ok((n, times))
}
