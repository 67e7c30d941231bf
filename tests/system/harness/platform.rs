//! `amt-sim run`: a PC that dials in to a server of the test's choice.

use super::{Directory, Process, amt_sim, serve::clean};
use serde_json::Value;
use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// A simulated platform.
pub(crate) struct Platform {
    pub(crate) process: Process,
    state: Directory,
}

impl Platform {
    /// Starts one that dials `mps` and trusts `root`.
    pub(crate) fn dial(mps: &str, root: &Path, guid: &str, user: &str, password: &str) -> Self {
        Self::dial_with(mps, root, guid, user, password, &[])
    }

    /// The same with more arguments.
    pub(crate) fn dial_with(
        mps: &str,
        root: &Path,
        guid: &str,
        user: &str,
        password: &str,
        more: &[&str],
    ) -> Self {
        let state = Directory::new();
        let secret = state.write("password", password);
        let mut command = Command::new(amt_sim());
        command.args(["run", "--json", "--guid", guid, "--mps", mps, "--user", user]);
        command.arg("--root").arg(root).arg("--password-file").arg(secret);
        command.arg("--state").arg(state.join("state"));
        command.args(more);
        let process = Process::start(clean(&mut command));
        Self { process, state }
    }

    /// Its CIRA log.
    pub(crate) fn log(&self) -> String {
        self.ask(&["log"])
    }

    /// What one of its commands says, such as `status`: what somebody in front of the PC sees.
    pub(crate) fn ask(&self, args: &[&str]) -> String {
        let done = super::output(clean(&mut self.ask_command(args)));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// The same as words, for who asks by themselves.
    pub(crate) fn ask_words(&self, args: &[&str]) -> Vec<String> {
        let command = self.ask_command(args);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    fn ask_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(amt_sim());
        command.args(args).arg("--state").arg(self.state.join("state"));
        command
    }

    /// Starts one that is a PC on the local network, with nothing configured: `password` is that of its `admin`. Waits
    /// until its ports are open.
    pub(crate) fn on_the_local_network(
        firmware: &str,
        name: &str,
        address: &str,
        password: &str,
        more: &[&str],
    ) -> Self {
        let state = Directory::new();
        let secret = state.write("password", password);
        let mut command = Command::new(amt_sim());
        command.args(["run", "--json", "--firmware", firmware, "--name", name, "--lan", address]);
        command.arg("--amt-password-file").arg(secret);
        command.arg("--state").arg(state.join("state")).args(more);
        let process = Process::start(clean(&mut command));
        Self { process, state }.connected()
    }

    /// The same for a fleet, whose names begin with `name`: one at each of the addresses from this one on.
    pub(crate) fn fleet_on_the_local_network(
        count: usize,
        name: &str,
        first: &str,
        password: &str,
    ) -> Self {
        let count = count.to_string();
        Self::on_the_local_network("15.0", name, first, password, &["--count", &count])
    }

    /// What the PCs are configured with, by name: read from where they keep it themselves, whatever a server believes.
    pub(crate) fn kept(&self) -> Vec<Value> {
        let files = std::fs::read_dir(self.state.join("state/platform")).expect("kept platforms");
        let read = |file: std::io::Result<std::fs::DirEntry>| {
            let text = std::fs::read(file.expect("an entry").path()).expect("a kept platform");
            let kept: Value = serde_json::from_slice(&text).expect("JSON");
            kept["configuration"].clone()
        };
        files.map(read).collect()
    }

    /// Waits for the line that says so.
    pub(crate) fn connected(self) -> Self {
        self.process.line(|line| line.starts_with('{'));
        self
    }
}

/// A loopback address of this test alone: AMT's ports are fixed, so the addresses must differ.
pub(crate) fn lan_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("127.{}.{}.{number}", 64 + (process >> 8) % 128, process % 256)
}

/// The first of so many loopback addresses in a row, at most 200, and all of them.
pub(crate) fn lan_addresses(count: u32) -> Vec<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, block) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let third = (process + (block << 6)) % 256;
    let second = 192 + (process >> 8) % 63;
    (1..=count).map(|number| format!("127.{second}.{third}.{number}")).collect()
}
