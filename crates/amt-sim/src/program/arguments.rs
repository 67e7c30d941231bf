//! The command line.

use super::settings::Settings;
use amt_sim::{FaultSetting, Trigger, engine::Network};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A simulated Intel AMT platform.
///
/// It dials a Management Presence Server over TLS, as its remote-access policies want it, and offers the services of a
/// management engine through the tunnel. It listens for nobody but its control socket, its host interface (--heci)
/// and, with --lan, its own network.
#[derive(Debug, Parser)]
#[command(name = "amt-sim", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What somebody at the PC can do to its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Touch {
    Button,
    Mains,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Start a platform, or a fleet of them; Ctrl-C ends it
    Run(Box<Run>),
    /// Pull a trigger of a running one: it dials in now, if the policy of that trigger wants it (alert also sends an event)
    Fire {
        /// user, alert or periodic
        trigger: Trigger,
        #[command(flatten)]
        target: Target,
    },
    /// Make a running one misbehave, or stop (KEY=off)
    Fault {
        /// See `amt-sim run --help`
        #[arg(value_name = "KEY=VALUE", value_parser = known_fault)]
        setting: String,
        #[command(flatten)]
        target: Target,
    },
    /// Put a running one into another network: it dials in only from outside the company's
    Network {
        /// outside, inside, down, the DNS suffix of one, or an IPv6 address that the platform has there
        #[arg(value_parser = str::parse::<Network>)]
        network: Network,
        #[command(flatten)]
        target: Target,
    },
    /// Touch the power of a running one, as somebody at the PC does
    Power {
        /// button: press it (off when on, else on); mains: pull the plug (the tunnel goes, boot options are forgotten)
        touch: Touch,
        #[command(flatten)]
        target: Target,
    },
    /// Print how it stands to its servers, what a person at the PC sees, and the latest events that its host software saw
    Status {
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Print its CIRA log, as firmware keeps it
    Log {
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
}

/// Which running platform is meant.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// State directory of the running one [default: the one that `run` uses by default]
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// Name or UUID of one of a fleet [default: all]
    #[arg(long, value_name = "NAME")]
    pub(super) device: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// TOML file with the same settings (keys as below, faults in a table [faults]); flags override it
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Directory for control socket, CIRA log and, where it is given, what consoles have configured, which then survives
    /// a restart [default: one in the user's runtime directory]
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// Offer the host interface of a single platform as a Unix socket, for `viaduct host --mei PATH`
    #[arg(long, value_name = "PATH")]
    pub(super) heci: Option<PathBuf>,
    /// Print one line of JSON when all platforms are connected
    #[arg(long)]
    pub(super) json: bool,
    /// Misbehave from the start; may be repeated. Keys: fragment, fragment-rate, coalesce, window, piece,
    /// close-first, silence, silence-after, over-window, stale-closes, unknown-closes, direct, stubborn-keepalive,
    /// missing-ports, refuse-opens, refuse-reason, channel-slots, ghost-keepalive, link-flap, wrong-password, claim-guid, digest-qop, nonce-uses, clock-skew, refuse-put, missing-classes, wsman-delay, flash-limit, swallow-requests, swallow-actions, spoil-actions, bad-event-times, poweroff-drop, no-picture
    #[arg(long = "fault", value_name = "KEY=VALUE")]
    pub(super) faults: Vec<FaultSetting>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

/// Checked here, so that the error names the argument; sent as it is.
fn known_fault(setting: &str) -> Result<String, amt_sim::FaultError> {
    setting.parse::<FaultSetting>().map(|_| setting.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_names_every_fault() {
        let mut command = Arguments::command();
        command.clone().debug_assert();
        let run = command.find_subcommand_mut("run").unwrap();
        let help = run.render_long_help().to_string();
        for key in amt_sim::Faults::KEYS {
            assert!(help.contains(key), "{key} is missing in\n{help}");
        }
    }
}
