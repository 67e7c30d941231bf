//! `users permissions`: what somebody may do, and why not.

use crate::{client::segment, failure::Result, render::Format};
use viaduct_api::{Permission, Permissions};

use super::Desk;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A user; without this and the next three: yourself
    #[arg(long, group = "of")]
    user: Option<String>,
    /// A token
    #[arg(long, group = "of")]
    token: Option<String>,
    /// Everybody with this role
    #[arg(long, group = "of")]
    role: Option<String>,
    /// Every token with this scope
    #[arg(long, group = "of")]
    scope: Option<String>,
    /// The device that it is about: name, domain name or GUID
    #[arg(long)]
    device: Option<String>,
}

pub(super) async fn permissions(desk: &Desk, options: Options) -> Result<()> {
    let query: Vec<String> = [
        ("user", options.user),
        ("token", options.token),
        ("role", options.role),
        ("scope", options.scope),
        ("device", options.device),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some(format!("{key}={}", segment(&value?))))
    .collect();
    let path = format!("/permissions?{}", query.join("&"));
    let permissions: Permissions = desk.client.get(&path).await?;
    if matches!(desk.printer.format, Format::Json) {
        return desk.printer.object(&permissions, &[]);
    }
    desk.printer.list(
        &permissions.actions,
        &[
            ("RIGHT", &|p: &Permission| p.action.clone()),
            ("MAY", &|p| if p.allowed { "yes" } else { "no" }.to_owned()),
            ("FOR", &|p| p.about.clone()),
            ("ROLES", &|p| p.roles.join(" ")),
            ("WHY NOT", &|p| p.why.clone().unwrap_or_default()),
        ],
    )
}
