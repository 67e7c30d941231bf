//! A console that stops reading: nothing grows, and the tunnel's other channels go on.

use super::Bench;
use crate::{
    console::{round_trips, start_pull},
    report::{Report, Target},
};
use anyhow::Result;
use std::time::Duration;
use tokio::time::sleep;

/// Two receive windows of a redirection channel and 256 KiB, in KiB.
const GROWTH: f64 = 768.0;
/// Longer than anything needs to fill what there is to fill.
const WATCHED: Duration = Duration::from_secs(5);
const TRIPS: usize = 1000;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    // What the first channel costs once belongs to nobody.
    round_trips(bench.ours.open().await?, TRIPS).await?;
    let before = bench.viaduct.server.rss()?;
    let stuck = start_pull(bench.ours.open().await?, 1 << 40).await?;
    sleep(WATCHED).await;
    let trips = round_trips(bench.ours.open().await?, TRIPS).await?;
    let grown = bench.viaduct.server.rss()? - before;
    drop(stuck);
    report.once("console stops reading: server grows by KiB", grown, Target::AtMost(GROWTH));
    let p50 = trips.get(trips.len() / 2).copied().unwrap_or_default();
    report.once("the same: round trip p50 on the tunnel's other channels, us", p50, Target::None);
    Ok(())
}
