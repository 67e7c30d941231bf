//! Redirections from the command line: serial console, screen, image, and who uses what.

mod bridge;
mod filter;
mod ider;
mod kvm;
mod sol;
mod stop;
mod viewer;
mod watch;

pub(crate) use ider::Command as IderCommand;
pub(crate) use kvm::Options as KvmOptions;
pub(crate) use sol::Options as SolOptions;
pub(crate) use {ider::run as ider, kvm::run as kvm, sol::run as sol};

use super::Desk;
use crate::{
    age::since,
    client::segment,
    failure::{Result, sum_up},
    render::Format,
    say::note,
};
use hyper::Method;
use viaduct_api::{Device, Redirection, RedirectionMode};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List who uses the screen, serial console or drives of which device
    Ls,
    /// Tell whoever has one that you would like to have it; they see it on their page and decide
    Ask {
        /// As `ls` shows it
        #[arg(value_parser = number)]
        id: u64,
    },
    /// Tell those who asked for one of yours that you go on with it
    Keep {
        /// As `ls` shows it
        #[arg(value_parser = number)]
        id: u64,
    },
    /// Save what a screen shows that somebody has on their page; they see that you watch
    Watch(watch::Options),
    /// End redirections by their numbers
    Close {
        /// As `ls` shows them
        #[arg(required = true, value_parser = number)]
        ids: Vec<u64>,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Ls => {
            let list: Vec<Redirection> = desk.client.get("/redirections").await?;
            if list.is_empty() && desk.printer.format == Format::Table {
                note("nobody uses a screen, a serial console or a drive now");
            }
            desk.printer.list(
                &list,
                &[
                    ("ID", &|one| one.id.to_string()),
                    ("DEVICE", &|one| one.name.clone().unwrap_or_else(|| one.guid.to_string())),
                    ("MODE", &|one| one.mode.name().to_owned()),
                    ("USER", &|one| one.user.clone()),
                    ("CONSOLE", &|one| one.console.clone().unwrap_or_else(|| "local".into())),
                    ("SINCE", &|one| since(one.since)),
                    ("FROM DEVICE", &|one| one.bytes.from_device.to_string()),
                    ("TO DEVICE", &|one| one.bytes.to_device.to_string()),
                ],
            )
        }
        Command::Ask { id } => {
            tell(desk, id, "ask").await?;
            note("asked; `viaduct redirections ls` shows whether it is still in use");
            Ok(())
        }
        Command::Keep { id } => {
            tell(desk, id, "keep").await?;
            note("kept; whoever asked for it is told");
            Ok(())
        }
        Command::Watch(options) => watch::run(desk, &options).await,
        Command::Close { ids } => {
            let mut failures = Vec::new();
            for id in &ids {
                match desk.client.delete(&format!("/redirections/{id}")).await {
                    Ok(()) => note(&format!("redirection {id} ended")),
                    Err(failure) => failures.push(failure),
                }
            }
            sum_up(ids.len() - failures.len(), failures)
        }
    }
}

/// Tells the others who have or want a redirection what this one wishes.
async fn tell(desk: &Desk, id: u64, wish: &str) -> Result<()> {
    let path = format!("/redirections/{id}/{wish}");
    desk.client.call(Method::POST, &path, None::<&()>, &[]).await.map(drop)
}

fn number(text: &str) -> std::result::Result<u64, &'static str> {
    text.parse().map_err(|_| "not a number; `viaduct redirections ls` shows them")
}

/// The live redirection of this kind on a device, if there is one.
async fn live(desk: &Desk, device: &str, mode: RedirectionMode) -> Result<Option<Redirection>> {
    let found: Device = desk.client.get(&format!("/devices/{}", segment(device))).await?;
    let list: Vec<Redirection> = desk.client.get("/redirections").await?;
    Ok(list.into_iter().find(|one| one.guid == found.guid && one.mode == mode))
}
