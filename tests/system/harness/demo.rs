//! `viaduct demo --json`, as a person would start it.

use super::{Directory, Process, viaduct};
use serde_json::Value;
use std::{process::Command, sync::OnceLock};

/// A running demo and the line it printed.
pub(crate) struct Demo {
    pub(crate) process: Process,
    pub(crate) ready: Value,
    pub(crate) devices: Vec<Device>,
    _data: Directory,
}

/// A simulated PC of the demo.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) guid: String,
    pub(crate) name: String,
    pub(crate) fqdn: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A demo that promises share which only look and leave nothing behind.
pub(crate) fn demo() -> &'static Demo {
    static SHARED: OnceLock<Demo> = OnceLock::new();
    SHARED.get_or_init(|| Demo::start(4))
}

impl Demo {
    /// Waits until all devices are connected.
    pub(crate) fn start(devices: usize) -> Self {
        let data = Directory::new();
        super::authority::give(data.path());
        data.write(
            "DEMO",
            "A demonstration enters a directory that is not empty only where this is.\n",
        );
        let mut command = Command::new(viaduct());
        command.args(["demo", "--json", "--devices", &devices.to_string()]);
        command.arg("--data").arg(data.path());
        let process = Process::start(super::serve::clean(&mut command));
        let line = process.line(|line| line.starts_with('{'));
        let ready: Value = serde_json::from_str(&line).expect("one line of JSON");
        let text = |value: &Value, key: &str| {
            value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
        };
        let devices = ready["devices"].as_array().expect("devices").iter();
        let devices = devices
            .map(|device| Device {
                guid: text(device, "guid"),
                name: text(device, "name"),
                fqdn: text(device, "fqdn"),
                user: text(device, "amt_user"),
                password: text(device, "amt_password"),
            })
            .collect();
        Self { process, ready, devices, _data: data }
    }

    /// A value of the line, such as `socks5`.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", self.ready))
    }

    /// What the command line prints, with the demo's token.
    pub(crate) fn viaduct(&self, args: &[&str]) -> String {
        let mut command = Command::new(viaduct());
        command.args(args).args(["--ca", self.get("ca_file")]);
        super::serve::clean(&mut command);
        let server = self.get("api").trim_end_matches("/api/v1");
        command.env("VIADUCT_SERVER", server).env("VIADUCT_TOKEN", self.get("token"));
        let done = super::output(&mut command);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{args:?}: {said}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// `USER:PASSWORD` of the proxies.
    pub(crate) fn sign_in(&self) -> String {
        format!("{}:{}", self.get("user"), self.get("password"))
    }
}
