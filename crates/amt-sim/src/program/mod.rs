//! From the command line to an exit code: 0 done, 1 failed, 2 not understood.

mod arguments;
mod ask;
mod control;
mod heci;
mod run;
mod settings;
mod state_dir;

use anyhow::{Context, Result};
use arguments::{Arguments, Touch, Verb};
use clap::Parser;
use control::Request;
use std::{io::Write, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Chooses what is logged to stderr, as `tracing` writes filters: `debug`, `amt_sim=trace`.
const LOG_VARIABLE: &str = "AMT_SIM_LOG";

pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    match dispatch(arguments.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: Verb) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime does not start")?;
    match verb {
        Verb::Run(run) => runtime.block_on(run::run(*run)),
        Verb::Fire { trigger, target } => {
            let request = Request::Fire { trigger, device: target.device };
            let reply = runtime.block_on(ask::ask(target.state, &request))?;
            say(&format!("{trigger} trigger pulled on {}", platforms(reply.devices)))
        }
        Verb::Fault { setting, target } => {
            let request = Request::Fault { setting, device: target.device };
            let reply = runtime.block_on(ask::ask(target.state, &request))?;
            say(&format!("set on {}", platforms(reply.devices)))
        }
        Verb::Network { network, target } => {
            let word = network.to_string();
            let request = Request::Network { network, device: target.device };
            let reply = runtime.block_on(ask::ask(target.state, &request))?;
            say(&format!("{} now on the network: {word}", platforms(reply.devices)))
        }
        Verb::Power { touch, target } => {
            let request = Request::Power { touch, device: target.device };
            let reply = runtime.block_on(ask::ask(target.state, &request))?;
            let done = match touch {
                Touch::Button => "button pressed on",
                Touch::Mains => "mains failed at",
            };
            say(&format!("{done} {}", platforms(reply.devices)))
        }
        Verb::Status { json, target } => {
            let request = Request::Status { device: target.device };
            let reply = runtime.block_on(ask::ask(target.state, &request))?;
            say(&ask::show_status(&reply.status, json)?)
        }
        Verb::Log { json, target } => {
            let logs = runtime.block_on(ask::logs(target.state, target.device))?;
            say(&ask::show(&logs, json)?)
        }
    }
}

fn platforms(count: usize) -> String {
    if count == 1 { "1 platform".into() } else { format!("{count} platforms") }
}

/// A line for whoever reads our output. A closed pipe is an error like any other.
fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("stdout takes no more")
}

/// A line for people, apart from the output.
#[expect(clippy::print_stderr, reason = "a program for people")]
fn complain(line: &str) {
    eprintln!("amt-sim: {line}");
}
