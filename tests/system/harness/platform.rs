//! `amt-sim run`: a PC that dials in to a server of the test's choice.

use super::{Directory, Process, amt_sim, serve::clean};
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
