//! The running server: what it says of itself.

use super::finding::Findings;
use crate::{client::Client, say::inert};
use std::{io::Write, path::PathBuf};
use time::OffsetDateTime;
use viaduct_api::{Code, EffectiveConfig, Status};
use viaduct_server::{
    Config,
    config::{LoadArgs, VERSION},
};

/// More seconds between two clocks than these are more than a slow answer.
const CLOCKS_APART: i64 = 5;

/// The settings that the server runs with; None when this program does not understand them.
pub(super) async fn settings(client: &Client, data: Option<PathBuf>) -> Option<Config> {
    let effective: EffectiveConfig = client.get("/config").await.ok()?;
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(effective.toml.as_bytes()).ok()?;
    let data = data.or_else(|| data_of(&effective.toml));
    let args = LoadArgs { file: Some(file.path().into()), data, ..LoadArgs::default() };
    Config::load(args).ok().map(|loaded| loaded.config)
}

/// The data directory stands in a comment, because it is no setting of a file.
fn data_of(toml: &str) -> Option<PathBuf> {
    let line = toml.lines().find_map(|line| line.strip_prefix("# data = \""))?;
    line.split('"').next().map(PathBuf::from)
}

pub(super) fn look(client: &Client, status: &Status, findings: &mut Findings) {
    let counts = &status.counts;
    let whole = format!(
        "viaduct {} answers at {}, {} of {} devices connected",
        inert(&status.version),
        client.place,
        counts.connected,
        counts.devices
    );
    findings.ok("server", whole);
    if status.version != VERSION {
        findings.warning(
            "server",
            format!("the server is {}, this program {VERSION}", inert(&status.version)),
            "A command may know more or less than its server.",
            "Restart the server after an upgrade, or use the program of its version.",
        );
    }
    let apart = (status.now - OffsetDateTime::now_utc()).whole_seconds().abs();
    if apart > CLOCKS_APART {
        findings.warning(
            "clock",
            format!("the clocks of the server and of this machine are {apart} s apart"),
            "One of them is wrong; one-time codes and certificates depend on it.",
            "Let both follow a time server (systemd-timesyncd or chrony).",
        );
    }
    for item in &status.attention {
        let what = format!("{} ({})", item.detail, item.code);
        let why = match item.code.parse() {
            Ok(Code::SetupLink) => {
                "Nobody can sign in; only this machine's administrator can do anything."
            }
            Ok(code) => Code::title(code),
            Err(_) => "",
        };
        findings.warning("attention", what, why, item.next.clone());
    }
}
