//! `viaduct host`: on the PC itself, what a user may ask AMT through its host interface. It needs no server.

mod door;
mod log;

use super::Printer;
use crate::{
    cli::Global,
    failure::{Failure, Result},
    say::note,
};
use amt::host_interface::{Answer, AnswerError, Command as Ask, Status, Tunnel};
use clap::{Args, Subcommand};
use door::Door;
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};
use viaduct_api::Code;

/// So long `--wait` waits: both servers of a policy, each tried twice, fit in.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Driver of the management engine, or a Unix socket that speaks the same
    #[arg(long, global = true, value_name = "PATH", default_value = door::DRIVER)]
    mei: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show where this PC takes itself to be, and its tunnel
    Status,
    /// Ask for help: let AMT dial its server now
    Connect {
        /// Wait until the tunnel is there
        #[arg(long)]
        wait: bool,
    },
    /// End the connection that was asked for
    Disconnect,
    /// Show what AMT remembers of its attempts
    CiraLog,
}

pub(crate) async fn run(global: &Global, options: Options) -> Result<()> {
    let printer = super::printer(global);
    let mut door = Door::open(&options.mei).await?;
    match options.command {
        Command::Status => status(&mut door, printer).await,
        Command::Connect { wait } => connect(&mut door, wait).await,
        Command::Disconnect => {
            ask(&mut door, Ask::Close).await?;
            note("AMT ends the connection");
            Ok(())
        }
        Command::CiraLog => match ask(&mut door, Ask::CiraLog).await? {
            Answer::CiraLog(log) => printer.text_or(&log::as_json(&log), |_| log::as_text(&log)),
            other => Err(unexpected(&other)),
        },
    }
}

async fn status(door: &mut Door, printer: Printer) -> Result<()> {
    let status = match ask(door, Ask::ConnectionStatus).await? {
        Answer::ConnectionStatus(status) => status,
        other => return Err(unexpected(&other)),
    };
    let allowed = match ask(door, Ask::EnabledInterfaces).await? {
        Answer::EnabledInterfaces(allowed) => allowed,
        other => return Err(unexpected(&other)),
    };
    let up = status.tunnel != Tunnel::Down;
    let object = json!({
        "network": status.network.to_string(),
        "tunnel": status.tunnel.to_string(),
        "trigger": if up { Value::from(status.trigger.to_string()) } else { Value::Null },
        "mps": if status.mps.is_empty() { Value::Null } else { Value::from(status.mps.as_str()) },
        "userMayAskFrom": { "bios": allowed.bios, "os": allowed.os },
    });
    printer.text_or(&object, |_| {
        let from = match (allowed.bios, allowed.os) {
            (true, true) => "in the BIOS and here",
            (true, false) => "in the BIOS only",
            (false, true) => "here only",
            (false, false) => "nowhere",
        };
        let mut lines = vec![
            format!("Network      {}", status.network),
            format!("Tunnel       {}", status.tunnel),
        ];
        if up {
            lines.push(format!("Reason       {}", status.trigger));
        }
        if !status.mps.is_empty() {
            lines.push(format!("Server       {}", status.mps));
        }
        lines.push(format!("Ask for help {from}"));
        lines.join("\n")
    })
}

async fn connect(door: &mut Door, wait: bool) -> Result<()> {
    ask(door, Ask::Open).await?;
    note("AMT dials its server");
    if !wait {
        return Ok(());
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = match ask(door, Ask::ConnectionStatus).await? {
            Answer::ConnectionStatus(status) => status,
            other => return Err(unexpected(&other)),
        };
        match status.tunnel {
            Tunnel::Up => {
                note(&format!("connected with {}", status.mps));
                return Ok(());
            }
            Tunnel::Down => {
                let detail = "it tried all servers of its policy, and no tunnel came of it";
                return Err(Failure::new(Code::HostRefused, detail)
                    .next("`viaduct host cira-log` says how far it came."));
            }
            Tunnel::Connecting | Tunnel::Other(_) if Instant::now() < deadline => {
                sleep(EVERY).await;
            }
            Tunnel::Connecting | Tunnel::Other(_) => {
                let detail = format!("no tunnel after {} s; it goes on trying", PATIENCE.as_secs());
                return Err(Failure::new(Code::OutcomeUnknown, detail)
                    .next("`viaduct host status` says when it is there."));
            }
        }
    }
}

/// Asks, and turns a refusal into words.
async fn ask(door: &mut Door, command: Ask) -> Result<Answer> {
    let message = door.exchange(&command.request()).await?;
    command.read_answer(&message).map_err(|error| match error {
        AnswerError::Status(status) => refused(command, status),
        other => Failure::new(Code::HostRefused, other.to_string())
            .next("Is it AMT's host interface that --mei names?"),
    })
}

/// Each refusal has its words, its next step and its exit code.
fn refused(command: Ask, status: Status) -> Failure {
    if command == Ask::Close && status == Status::INTERNAL {
        let detail = format!("no connection was there that a user had asked for ({:#x})", status.0);
        return Failure::new(Code::HostRefused, detail)
            .next("`viaduct host status` shows what there is; AMT ends other tunnels itself.");
    }
    let code = match status {
        Status::NOT_READY => Code::HostNotReady,
        Status::NOT_PERMITTED => Code::HostNotPermitted,
        Status::NOT_GRANTED => Code::HostNotGranted,
        Status::DISABLED_BY_POLICY => Code::HostDisabled,
        Status::DATA_MISSING | Status::NOT_FOUND => Code::HostNotConfigured,
        _ => Code::HostRefused,
    };
    let (_, next) = status.words();
    Failure::new(code, status.to_string()).next(next)
}

fn unexpected(answer: &Answer) -> Failure {
    Failure::new(Code::HostRefused, format!("the answer is one to another question: {answer:?}"))
}
