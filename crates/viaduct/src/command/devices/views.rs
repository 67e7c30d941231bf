//! `viaduct devices views`: what somebody has saved on the dashboard to come back to.

use super::Desk;
use crate::{age::ago, client::segment, failure::Result, render::Format, say::note};
use hyper::Method;
use viaduct_api::{NewView, SavedView};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List your views
    Ls,
    /// Save a view, in place of yours of that name
    Save {
        /// Its name, at most 60 characters
        name: String,
        /// Address of the list with its filters, order and columns, or the part of it behind the question mark
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
    /// Forget views of yours
    Rm {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Ls => list(desk).await,
        Command::Save { name, address } => {
            let view = NewView { query: query(&address).to_owned() };
            let path = format!("/me/views/{}", segment(&name));
            desk.client.call(Method::PUT, &path, Some(&view), &[]).await?;
            note(&format!("view {name} saved; the dashboard's list of devices has it under Views"));
            Ok(())
        }
        Command::Rm { names } => desk.delete_each("/me/views", &names, ("view", "forgotten")).await,
    }
}

async fn list(desk: &Desk) -> Result<()> {
    let views: Vec<SavedView> = desk.client.get("/me/views").await?;
    if views.is_empty() && desk.printer.format == Format::Table {
        note("no views; the dashboard saves one, or `viaduct devices views save NAME ADDRESS`");
    }
    desk.printer.list(
        &views,
        &[
            ("NAME", &|view| view.name.clone()),
            ("SAVED", &|view| ago(Some(view.changed))),
            ("QUERY", &|view| view.query.clone()),
        ],
    )
}

/// What of an address says which devices are shown, and how.
fn query(address: &str) -> &str {
    let address = address.split('#').next().unwrap_or_default();
    match address.split_once('?') {
        Some((_, query)) => query,
        // Of a whole address nothing is filtered; anything else is the filter itself.
        None if address.contains("://") => "",
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_as_good_as_its_query() {
        for (address, expected) in [
            ("https://mps.example.com:8443/devices?q=till&sort=name#top", "q=till&sort=name"),
            ("q=till", "q=till"),
            ("?q=till", "q=till"),
            ("/devices?q=a?b", "q=a?b"),
            ("https://mps.example.com:8443/devices", ""),
            ("", ""),
        ] {
            assert_eq!(query(address), expected, "{address}");
        }
    }
}
