//! Measures Viaduct beside a plain TLS relay in one run, and prints each figure with its target.
//!
//! Machines are shared and noisy: CPU seconds for each gigabyte and ratios within a round are what counts;
//! megabytes a second are printed for orientation. Nothing here is a test that passes or fails.

mod console;
mod device;
mod process;
mod relay;
mod report;
mod service;
mod viaduct;

use anyhow::{Context, Result};
use clap::Parser;
use console::{Path as Way, pull, push, round_trips};
use process::Server;
use report::Report;
use std::{path::PathBuf, sync::Arc, time::Instant};
use tokio::task::JoinSet;

/// Viaduct beside HAProxy: throughput, latency, channel opens, logins, memory
#[derive(Debug, Parser)]
struct Options {
    /// The program to measure
    #[arg(long, default_value = "target/release/viaduct")]
    program: PathBuf,
    /// Megabytes moved in each bulk measurement
    #[arg(long, default_value_t = 400)]
    megabytes: u64,
    /// Rounds; the report shows the median of each ratio
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Devices for logins and idle memory, two steps
    #[arg(long, value_delimiter = ',', default_values_t = [1000, 10_000])]
    devices: Vec<usize>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let directory = tempfile::tempdir()?;
    let viaduct = viaduct::Viaduct::start(&options.program, directory.path())?;
    let tls = device::tls(&viaduct.root)?;
    let ca = viaduct.root.parent().context("the root lies in a directory")?.to_owned();
    let relay = relay::Relay::start(&ca, directory.path(), tls.clone()).await?;
    let most = options.devices.iter().copied().max().unwrap_or(1);
    let mut report = Report::default();
    report.idle("RSS without devices, MiB", viaduct.server.rss()? / 1024.0, "<= 15");

    report::progress(&format!("registering {most} devices"));
    viaduct.register(0..most).await?;
    device::dial_in(0, viaduct.cira, tls.clone()).await?;
    let ours = Arc::new(viaduct.way().await?);
    let theirs = Arc::new(relay.way);
    let bytes = options.megabytes * 1_000_000;
    for round in 1..=options.rounds {
        report::progress(&format!("round {round} of {}", options.rounds));
        for (name, streams) in [("1 channel", 1), ("5 channels", 5)] {
            let a = bulk(&viaduct.server, &ours, streams, bytes, true).await?;
            let b = bulk(&relay.server, &theirs, streams, bytes, true).await?;
            report.ratio(&format!("device to console, {name}, CPU s/GB"), a.0, b.0, "<= 1.0");
            report.ratio(&format!("device to console, {name}, MB/s"), a.1, b.1, ">= 0.8");
            let a = bulk(&viaduct.server, &ours, streams, bytes, false).await?;
            let b = bulk(&relay.server, &theirs, streams, bytes, false).await?;
            report.ratio(&format!("console to device, {name}, CPU s/GB"), a.0, b.0, "<= 1.0");
            report.ratio(&format!("console to device, {name}, MB/s"), a.1, b.1, ">= 0.8");
        }
        let a = round_trips(ours.open().await?, 5000).await?;
        let b = round_trips(theirs.open().await?, 5000).await?;
        for (name, at, target) in [("p50", 0.5, "<= 1.15"), ("p99", 0.99, "<= 1.5")] {
            report.ratio(
                &format!("64-byte round trip {name}, us"),
                nth(&a, at),
                nth(&b, at),
                target,
            );
        }
        let (cpu, rate) = opens(&viaduct.server, &ours, 500).await?;
        report.sample("channel opens a second, one after the other", rate, "");
        report.sample(
            "CPU ms for each channel open (CONNECT and sign-in included)",
            cpu,
            "<= 0.10",
        );
    }
    report.idle("RSA-2048 signatures a second and core", signing_rate()?, "");
    logins(&viaduct, &tls, &options.devices, &mut report).await?;
    report.print();
    Ok(())
}

fn nth(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// CPU seconds for each gigabyte, and megabytes a second.
async fn bulk(
    server: &Server,
    way: &Arc<Way>,
    streams: u64,
    bytes: u64,
    down: bool,
) -> Result<(f64, f64)> {
    let mut open = Vec::new();
    for _ in 0..streams {
        open.push(way.open().await?);
    }
    let (cpu, start) = (server.cpu()?, Instant::now());
    let mut tasks = JoinSet::new();
    for stream in open {
        match down {
            true => tasks.spawn(pull(stream, bytes / streams)),
            false => tasks.spawn(push(stream, bytes / streams)),
        };
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(((server.cpu()? - cpu) / (bytes as f64 / 1e9), bytes as f64 / 1e6 / seconds))
}

/// CPU milliseconds for each open, and opens a second.
async fn opens(server: &Server, way: &Way, count: usize) -> Result<(f64, f64)> {
    let (cpu, start) = (server.cpu()?, Instant::now());
    for _ in 0..count {
        drop(way.open().await?);
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(((server.cpu()? - cpu) * 1000.0 / count as f64, count as f64 / seconds))
}

/// Devices that dial in 32 at a time, and what an idle one costs.
async fn logins(
    viaduct: &viaduct::Viaduct,
    tls: &openssl::ssl::SslContext,
    steps: &[usize],
    report: &mut Report,
) -> Result<()> {
    let (before, mut here) = (viaduct.server.rss()?, 1);
    for step in steps {
        let (cpu, start, first) = (viaduct.server.cpu()?, Instant::now(), here);
        let mut tasks = JoinSet::new();
        while here < *step || !tasks.is_empty() {
            while here < *step && tasks.len() < 32 {
                tasks.spawn(device::dial_in(here, viaduct.cira, tls.clone()));
                here += 1;
            }
            if let Some(done) = tasks.join_next().await {
                done??;
            }
        }
        let count = (here - first) as f64;
        let seconds = start.elapsed().as_secs_f64();
        report.idle(&format!("devices a second up to {step}"), count / seconds, "");
        let each = (viaduct.server.cpu()? - cpu) * 1000.0 / count;
        report.idle(&format!("CPU ms for each login up to {step}"), each, "<= 0.65");
        let memory = (viaduct.server.rss()? - before) / (here - 1) as f64;
        report.idle(&format!("KiB for each idle device at {step}"), memory, "<= 20");
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
