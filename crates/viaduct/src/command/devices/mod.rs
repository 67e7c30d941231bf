//! `viaduct devices`: listed, shown, added, changed.

mod add;
mod attempts;
mod availability;
mod certificate;
mod change;
mod export;
mod import;
mod list;
mod views;
mod why;

use super::Desk;
use crate::failure::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the devices
    Ls(list::Options),
    /// Show one device
    Show {
        /// Name, domain name or GUID
        device: String,
    },
    /// Add a device; prints the credential to put into the PC when it had to make one
    Add(add::Options),
    /// Add many devices from a file
    Import(import::Options),
    /// Write all devices to a file, for another server that has the same key files
    Export(export::Options),
    /// Let devices in that knocked, or that were blocked
    Approve(change::Approve),
    /// Turn devices away from now on
    Block(change::Chosen),
    /// Say nothing any more of devices that knock and that nobody has added
    Ignore(change::Ignore),
    /// Give a device another name
    Rename {
        /// Name, domain name or GUID
        device: String,
        /// The new name
        name: String,
    },
    /// Store the passwords that the server signs in to a PC with
    Password(change::Password),
    /// Show the certificate that a PC's TLS ports are known by, or forget it when the PC rightly has another
    Certificate(certificate::Options),
    /// Set labels with KEY=VALUE or KEY, remove them with KEY-
    Label {
        /// Name, domain name or GUID; label:KEY=VALUE, @FILE and - for several
        device: String,
        /// Labels
        #[arg(required = true)]
        labels: Vec<String>,
    },
    /// Forget devices and end their tunnels
    Rm(change::Chosen),
    /// End a device's tunnel, so that it dials in again
    Reconnect(change::Reconnect),
    /// List who tried to dial in during the last seven days and did not come in, and why
    Attempts(attempts::Options),
    /// Say when a device was connected, and what ended each of its tunnels
    Availability(availability::Options),
    /// Filters, order and columns of the list that you have saved on the dashboard
    #[command(subcommand)]
    Views(views::Command),
    /// Say what was seen of a device that is away, and what to try
    WhyOffline {
        /// Name, domain name or GUID
        device: String,
        /// The PC's own log: what `rpc diagnostics cira` or `viaduct host cira-log -o json` prints, or AMT's raw answer
        /// to GET_CIRA_LOG, as bytes or as a hexadecimal dump; - for standard input
        #[arg(long, value_name = "FILE")]
        cira_log: Option<std::path::PathBuf>,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Ls(options) => list::list(desk, options).await,
        Command::Show { device } => list::show(desk, &device).await,
        Command::Add(options) => add::add(desk, options).await,
        Command::Import(options) => import::import(desk, options).await,
        Command::Export(options) => export::export(desk, options).await,
        Command::Approve(options) => change::approve(desk, options).await,
        Command::Block(chosen) => change::block(desk, &chosen).await,
        Command::Ignore(options) => change::ignore(desk, &options).await,
        Command::Rename { device, name } => change::rename(desk, &device, name).await,
        Command::Password(options) => change::password(desk, options).await,
        Command::Certificate(options) => certificate::certificate(desk, &options).await,
        Command::Label { device, labels } => change::set_labels(desk, &device, &labels).await,
        Command::Rm(chosen) => change::remove(desk, &chosen).await,
        Command::Reconnect(options) => change::reconnect(desk, options).await,
        Command::Attempts(options) => attempts::attempts(desk, options).await,
        Command::Availability(options) => availability::availability(desk, options).await,
        Command::Views(command) => views::run(desk, command).await,
        Command::WhyOffline { device, cira_log } => {
            why::why_offline(desk, &device, cira_log.as_deref()).await
        }
    }
}

/// A label as `KEY=VALUE` or `KEY`.
fn label(text: &str) -> std::result::Result<(String, String), String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if key.is_empty() {
        return Err("a label is KEY=VALUE or KEY".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}
