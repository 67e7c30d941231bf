//! Small messages: how long one takes to the device and back, alone and beside a flood.

use super::{Bench, cost, nth};
use crate::{
    console::{Path as Way, pull, round_trips},
    process::Server,
    report::{Report, Target},
};
use anyhow::Result;

const TRIPS: usize = 4000;
/// Far more than can be moved while the round trips are made.
const FLOOD: u64 = 1 << 40;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let (ours, our_cpu) = trips(&bench.viaduct.server, &bench.ours).await?;
    let (theirs, their_cpu) = trips(&bench.relay.server, &bench.theirs).await?;
    for (name, share, target) in [("p50", 0.5, Target::AtMost(1.15)), ("p99", 0.99, Target::None)] {
        let name = format!("64-byte round trip {name}, us");
        report.ratio(&name, nth(&ours, share), nth(&theirs, share), target);
    }
    let slowest = nth(&ours, 0.999);
    report.sample("64-byte round trip p99.9, us", slowest, Target::AtMost(10_000.0));
    report.ratio("64-byte round trip, CPU us", our_cpu, their_cpu, Target::AtMost(1.2));

    let flood = tokio::spawn(pull(bench.other.open().await?, FLOOD));
    let beside = trips(&bench.viaduct.server, &bench.ours).await;
    flood.abort();
    let (beside, _) = beside?;
    let name = "round trip p50 while another device streams, us, to that without";
    report.against(name, nth(&beside, 0.5), nth(&ours, 0.5), Target::AtMost(3.0));
    let name = "round trip p99 while another device streams, us";
    report.sample(name, nth(&beside, 0.99), Target::AtMost(3000.0));
    Ok(())
}

/// Times of round trips in microseconds, sorted, and what one costs the server.
async fn trips(server: &Server, way: &Way) -> Result<(Vec<f64>, f64)> {
    let stream = way.open().await?;
    let (times, cost) = cost(server, round_trips(stream, TRIPS)).await?;
    Ok((times, cost.cpu * 1e6 / TRIPS as f64))
}
