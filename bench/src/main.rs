//! Measures Viaduct beside a plain TLS relay in one run, and prints each figure with its target.
//!
//! Machines are shared and noisy: CPU seconds for each gigabyte and ratios within a round are what counts;
//! megabytes a second are printed for orientation. Nothing here is a test that passes or fails.

mod answers;
mod attack;
mod console;
mod device;
mod http;
mod process;
mod relay;
mod report;
mod screen;
mod service;
mod stage;
mod viaduct;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use report::{Report, Target, progress};
use stage::Bench;
use std::{path::PathBuf, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Viaduct beside HAProxy: throughput, latency, channel opens, screens, logins, memory, calls
#[derive(Debug, Parser)]
struct Options {
    /// The program to measure
    #[arg(long, default_value = "target/release/viaduct")]
    program: PathBuf,
    /// About two minutes: one round, little data, few devices
    #[arg(long)]
    quick: bool,
    /// Megabytes moved in each bulk measurement [default: 500; quick: 100]
    #[arg(long)]
    megabytes: Option<u64>,
    /// Rounds; the report shows the median of each ratio [default: 3; quick: 1]
    #[arg(long)]
    rounds: Option<usize>,
    /// Devices for logins and idle memory, in steps [default: 1000,10000; quick: 200,1000]
    #[arg(long, value_delimiter = ',')]
    devices: Option<Vec<usize>>,
    /// No measurement begins or goes on after so many seconds [default: 560; quick: 120]
    #[arg(long)]
    seconds: Option<u64>,
    #[command(subcommand)]
    instead: Option<Instead>,
}

/// What can be measured instead of speed
#[derive(Debug, Subcommand)]
enum Instead {
    /// Impostors, guessed passwords and strangers at the rates a server must live through (start it by bench/attacks)
    Attacks(attack::Options),
}

impl Options {
    fn either<T>(&self, given: Option<T>, full: T, quick: T) -> T {
        given.unwrap_or(if self.quick { quick } else { full })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::parse();
    if let Some(Instead::Attacks(attacks)) = &options.instead {
        let directory = tempfile::tempdir()?;
        let done = attack::run(&options.program, directory.path(), attacks).await;
        return done.with_context(|| logs(directory));
    }
    let given = (options.megabytes, options.rounds, options.devices.take(), options.seconds);
    let bytes = options.either(given.0, 500, 100) * 1_000_000;
    let rounds = options.either(given.1, 3, 1);
    let steps = options.either(given.2, vec![1000, 10_000], vec![200, 1000]);
    let seconds = options.either(given.3, 560, 120);
    let deadline = Instant::now() + Duration::from_secs(seconds);

    let directory = tempfile::tempdir()?;
    let mut report = Report::default();
    let all = async {
        let most = steps.iter().copied().max().unwrap_or(1).max(stage::FIRST_IDLE);
        let bench = Bench::start(&options.program, directory.path(), most, &mut report).await?;
        for round in 1..=rounds {
            progress(&format!("round {round} of {rounds}"));
            stage::bulk::measure(&bench, bytes, &mut report).await?;
            stage::echo::measure(&bench, &mut report).await?;
            stage::opens::measure(&bench, &mut report).await?;
            stage::screen::measure(&bench, &mut report).await?;
        }
        progress("a console that stops reading");
        stage::slow::measure(&bench, &mut report).await?;
        stage::logins::measure(&bench, &steps, &mut report).await?;
        stage::screen::memory(&bench, most, &mut report).await?;
        stage::calls::measure(&bench, directory.path(), most, rounds, &mut report).await
    };
    let ended = timeout_at(deadline, all).await;
    report.print();
    match ended {
        Ok(done) => done.with_context(|| logs(directory)),
        Err(_) => {
            progress(&format!(
                "{seconds} s are over: figures that are missing above were not measured (--seconds)"
            ));
            Ok(())
        }
    }
}

/// What the servers said, kept when something went wrong.
fn logs(directory: tempfile::TempDir) -> String {
    format!("the servers' logs are in {}", directory.keep().display())
}

/// A gigabyte costs no more CPU than a relay needs that only ends TLS.
const CPU: Target = Target::AtMost(1.0);
