//! `devices attempts`: who tried to dial in and did not come in.

use super::super::Desk;
use crate::{
    age::since,
    client::segment,
    failure::Result,
    render::Format,
    say::{inert, note},
};
use viaduct_api::FailedAttempt;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only those from this IP address
    address: Option<String>,
}

pub(super) async fn attempts(desk: &Desk, options: Options) -> Result<()> {
    let filter = options.address.map(|ip| format!("?address={}", segment(&ip)));
    let path = format!("/attempts{}", filter.unwrap_or_default());
    let list: Vec<FailedAttempt> = desk.client.get(&path).await?;
    desk.printer.list(
        &list,
        &[
            ("FROM", &|it| it.address.clone()),
            ("STAGE", &|it| it.stage.clone()),
            ("DEVICE", &device),
            ("TIMES", &|it| it.count.to_string()),
            ("FIRST", &|it| format!("{} ago", since(it.first))),
            ("LAST", &|it| format!("{} ago", since(it.last))),
            ("WHY", &|it| it.reason.clone()),
        ],
    )?;
    if desk.printer.format == Format::Table {
        causes(&list);
    }
    Ok(())
}

fn device(it: &FailedAttempt) -> String {
    it.name.clone().or_else(|| it.guid.map(|guid| guid.to_string())).unwrap_or_default()
}

/// Each cause once, with what to try.
fn causes(list: &[FailedAttempt]) {
    if list.is_empty() {
        return note("no attempt to dial in has failed in the last seven days");
    }
    let mut told: Vec<&str> = Vec::new();
    for it in list {
        if told.contains(&it.likely.as_str()) {
            continue;
        }
        told.push(&it.likely);
        let code = it.code.as_ref().filter(|code| !it.likely.contains(code.as_str()));
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        note(&inert(&format!("{}{code}", it.likely)));
        it.next.iter().for_each(|step| note(&inert(&format!("  → {step}"))));
    }
}
