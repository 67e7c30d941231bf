//! Bulk: how fast, and what a gigabyte costs.

use super::{Bench, cost};
use crate::{
    CPU,
    console::{Path as Way, pull, push},
    process::Server,
    report::{Report, Target},
};
use anyhow::Result;
use tokio::task::JoinSet;

#[derive(Debug, Clone, Copy)]
enum Direction {
    ToConsole,
    ToDevice,
}

pub(crate) async fn measure(bench: &Bench, bytes: u64, report: &mut Report) -> Result<()> {
    let (server, relay) = (&bench.viaduct.server, &bench.relay.server);
    for (channels, streams) in [("one channel", 1), ("eight channels", 8)] {
        for (words, direction) in [
            ("device to console", Direction::ToConsole),
            ("console to device", Direction::ToDevice),
        ] {
            let ours = bulk(server, &bench.ours, streams, bytes, direction).await?;
            let theirs = bulk(relay, &bench.theirs, streams, bytes, direction).await?;
            report.ratio(&format!("{words}, {channels}, CPU s/GB"), ours.0, theirs.0, CPU);
            let name = format!("{words}, {channels}, MB/s");
            report.ratio(&name, ours.1, theirs.1, Target::AtLeast(0.8));
        }
    }
    let bytes = bytes / 4;
    let ours = bulk(server, &bench.ours_small, 1, bytes, Direction::ToConsole).await?;
    let theirs = bulk(relay, &bench.theirs_small, 1, bytes, Direction::ToConsole).await?;
    report.ratio("device to console, pieces of 1 KiB, CPU s/GB", ours.0, theirs.0, CPU);
    Ok(())
}

/// CPU seconds for each gigabyte, and megabytes a second.
async fn bulk(
    server: &Server,
    way: &Way,
    streams: u64,
    bytes: u64,
    direction: Direction,
) -> Result<(f64, f64)> {
    let mut open = Vec::new();
    for _ in 0..streams {
        open.push(way.open().await?);
    }
    let work = async {
        let mut tasks = JoinSet::new();
        for stream in open {
            match direction {
                Direction::ToConsole => tasks.spawn(pull(stream, bytes / streams)),
                Direction::ToDevice => tasks.spawn(push(stream, bytes / streams)),
            };
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    };
    let ((), cost) = cost(server, work).await?;
    Ok((cost.cpu / (bytes as f64 / 1e9), bytes as f64 / 1e6 / cost.seconds))
}
