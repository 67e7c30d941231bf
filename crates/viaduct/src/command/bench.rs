//! `viaduct bench`: how fast does the server answer, and how fast a PC through its tunnel?

use super::Desk;
use crate::{
    client::{Client, segment},
    failure::{Failure, Result},
    say::{bar, bar_off, note},
};
use serde::Serialize;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use viaduct_api::{Code, Device};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A connected device; without one only the server is measured
    device: Option<String>,
    /// So many requests of each kind
    #[arg(short = 'n', long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests: u32,
    /// So many at the same time; a device has room for few
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    parallel: u32,
}

/// The figures of one kind of request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    what: String,
    requests: usize,
    failed: usize,
    per_second: f64,
    /// Milliseconds.
    p50: f64,
    p95: f64,
    p99: f64,
    slowest: f64,
}

pub(crate) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let mut kinds = vec![("server: who am I".to_owned(), "/whoami".to_owned())];
    if let Some(name) = &options.device {
        let device: Device = desk.client.get(&format!("/devices/{}", segment(name))).await?;
        if !device.connection_status {
            let detail = format!("{} has no tunnel now", device.name);
            return Err(Failure::new(Code::DeviceAway, detail));
        }
        let path = format!("/amt/power/state/{}", device.guid);
        kinds.push((format!("{}: power state (WS-Man)", device.name), path));
        let path = format!("/amt/generalSettings/{}", device.guid);
        kinds.push((format!("{}: general settings (WS-Man)", device.name), path));
    }
    let mut rows = Vec::new();
    for (what, path) in kinds {
        rows.push(measure(&desk.client, what, path, &options).await?);
    }
    desk.printer.list(
        &rows,
        &[
            ("WHAT", &|row: &Figures| row.what.clone()),
            ("REQUESTS", &|row| row.requests.to_string()),
            ("FAILED", &|row| row.failed.to_string()),
            ("PER SECOND", &|row| format!("{:.0}", row.per_second)),
            ("P50 MS", &|row| format!("{:.1}", row.p50)),
            ("P95 MS", &|row| format!("{:.1}", row.p95)),
            ("P99 MS", &|row| format!("{:.1}", row.p99)),
            ("SLOWEST MS", &|row| format!("{:.1}", row.slowest)),
        ],
    )
}

async fn measure(
    client: &Client,
    what: String,
    path: String,
    options: &Options,
) -> Result<Figures> {
    // The first one may have to log in to AMT, and says when it does not work at all.
    let _: Value = client.get(&path).await?;
    let (all, parallel) = (options.requests as usize, options.parallel as usize);
    let (mut times, mut failures) = (Vec::with_capacity(all), Vec::new());
    let began = Instant::now();
    let mut running = JoinSet::new();
    let mut begun = 0;
    while times.len() + failures.len() < all {
        while begun < all && running.len() < parallel {
            begun += 1;
            let (client, path) = (client.clone(), path.clone());
            running.spawn(async move {
                let began = Instant::now();
                client.get::<Value>(&path).await.map(|_| began.elapsed())
            });
        }
        match running.join_next().await {
            Some(Ok(Ok(time))) => times.push(time),
            Some(Ok(Err(failure))) => failures.push(failure),
            Some(Err(error)) => return Err(Failure::local("a request", error)),
            None => break,
        }
        bar(times.len() + failures.len(), all);
    }
    let took = began.elapsed().as_secs_f64();
    bar_off();
    if let Some(first) = failures.first() {
        note(&format!("{what}: {} failed, first with: {}", failures.len(), first.detail()));
    }
    times.sort_unstable();
    let at = |share: f64| milliseconds(&times, share);
    Ok(Figures {
        what,
        requests: all,
        failed: failures.len(),
        per_second: times.len() as f64 / took.max(f64::EPSILON),
        p50: at(0.50),
        p95: at(0.95),
        p99: at(0.99),
        slowest: at(1.0),
    })
}

/// The time that this share of the sorted ones does not exceed, in milliseconds.
fn milliseconds(times: &[Duration], share: f64) -> f64 {
    let place = (times.len() as f64 * share).ceil() as usize;
    let time = times.get(place.saturating_sub(1)).copied().unwrap_or_default();
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_times_does_not_exceed_its_percentile() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(milliseconds(&times, 0.5).round(), 50.0);
        assert_eq!(milliseconds(&times, 0.99).round(), 99.0);
        assert_eq!(milliseconds(&times, 1.0).round(), 100.0);
        assert_eq!(milliseconds(&[], 0.5), 0.0);
    }
}
