//! An OpenID provider (npm oidc-provider): the one of the server's own tests, for browsers.

use super::{Process, browser::driver, serve::clean};
use serde_json::{Value, json};
use std::process::Command;

const DRIVER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/viaduct-server/tests/oidc/provider.mjs");

/// A running provider.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    _process: Process,
}

impl Provider {
    /// Of the client `viaduct`.
    pub(crate) const SECRET: &'static str = "a secret between two servers";

    /// Starts one that sends browsers back to `redirect`; `groups` has those of each person.
    pub(crate) fn start(redirect: &str, groups: &Value) -> Self {
        let task = json!({
            "modules": driver(), "redirect": redirect, "secret": Self::SECRET, "groups": groups,
        });
        let mut node = Command::new("node");
        node.arg(DRIVER).arg(task.to_string()).env("NODE_NO_WARNINGS", "1");
        let process = Process::start(clean(&mut node));
        let line = process.line(|line| line.contains("issuer"));
        let said: Value = serde_json::from_str(&line).expect("one line of JSON");
        let issuer = said["issuer"].as_str().expect("an issuer").to_owned();
        Self { issuer, _process: process }
    }
}
