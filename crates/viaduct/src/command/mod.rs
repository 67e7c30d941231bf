//! The operator's commands. They speak only REST.

pub(crate) mod amt;
pub(crate) mod audit;
pub(crate) mod bench;
mod browser;
pub(crate) mod cert;
pub(crate) mod config;
pub(crate) mod consent;
mod csv;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod enroll;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod forward;
pub(crate) mod host;
pub(crate) mod login;
mod many;
pub(crate) mod media;
pub(crate) mod power;
pub(crate) mod proxy;
pub(crate) mod redirect;
pub(crate) mod remote_access;
mod rotate;
pub(crate) mod secret;
mod select;
pub(crate) mod status;
mod story;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod wsman;

use crate::{
    cli::Global,
    client::{Client, segment},
    failure::{Result, sum_up},
    render::Printer,
    say::note,
};

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) printer: Printer,
    /// Ask nothing.
    pub(crate) yes: bool,
    /// Change nothing.
    pub(crate) dry_run: bool,
}

impl Desk {
    pub(crate) fn open(global: &Global) -> Result<Self> {
        Ok(Self {
            client: Client::find(global)?,
            printer: printer(global),
            yes: global.yes,
            dry_run: global.dry_run,
        })
    }

    /// Deletes each of these below `path`, and says so with the words before and behind its name. One that fails stops
    /// none of the others.
    pub(crate) async fn delete_each(
        &self,
        path: &str,
        names: &[String],
        (what, done): (&str, &str),
    ) -> Result<()> {
        let mut failures = Vec::new();
        for name in names {
            match self.client.delete(&format!("{path}/{}", segment(name))).await {
                Ok(()) => note(&format!("{what} {name} {done}")),
                Err(failure) => failures.push(failure),
            }
        }
        sum_up(names.len() - failures.len(), failures)
    }
}

pub(crate) fn printer(global: &Global) -> Printer {
    Printer { format: global.output, no_color: global.no_color }
}
