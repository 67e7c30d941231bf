//! `viaduct devices views`: what somebody has saved on the dashboard to come back to.

use super::Desk;
use crate::{
    age::ago,
    client::segment,
    failure::{Failure, Result},
    render::Format,
    say::note,
};
use hyper::Method;
use viaduct_api::{Code, NewView, SavedView};

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
        Command::Rm { names } => forget(desk, &names).await,
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

/// The server forgets what is not there too; who misspelt a name is to know.
async fn forget(desk: &Desk, names: &[String]) -> Result<()> {
    let views: Vec<SavedView> = desk.client.get("/me/views").await?;
    match names.iter().find(|name| !views.iter().any(|view| view.name == **name)) {
        Some(name) => {
            let detail = format!("no view of yours is called `{name}`; nothing was forgotten");
            Err(Failure::new(Code::UnknownView, detail))
        }
        None => desk.delete_each("/me/views", names, ("view", "forgotten")).await,
    }
}

/// Nothing before its query has an equals sign, which each part of a query has.
fn is_address(text: &str) -> bool {
    let before = text.split('?').next().unwrap_or_default();
    !before.contains(['=', '&']) && text.contains(['?', '/'])
}

/// What of an address says which devices are shown, and how.
fn query(address: &str) -> &str {
    if !is_address(address) {
        return address;
    }
    let address = address.split('#').next().unwrap_or_default();
    address.split_once('?').map_or("", |(_, query)| query)
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
            ("/devices", ""),
            ("mps.example.com:8443/devices?q=till", "q=till"),
            ("q=what?", "q=what?"),
            ("q=http://x#1", "q=http://x#1"),
            ("", ""),
        ] {
            assert_eq!(query(address), expected, "{address}");
        }
    }
}
