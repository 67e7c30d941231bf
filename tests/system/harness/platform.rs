//! `amt-sim run`: a PC that dials in to a server of the test's choice.

use super::{Directory, Process, amt_sim, serve::clean};
use std::{path::Path, process::Command};

/// A simulated platform.
pub(crate) struct Platform {
    pub(crate) process: Process,
    _state: Directory,
}

impl Platform {
    /// Starts one that dials `mps` and trusts `root`.
    pub(crate) fn dial(mps: &str, root: &Path, guid: &str, user: &str, password: &str) -> Self {
        let state = Directory::new();
        let secret = state.write("password", password);
        let mut command = Command::new(amt_sim());
        command.args(["run", "--json", "--guid", guid, "--mps", mps, "--user", user]);
        command.arg("--root").arg(root).arg("--password-file").arg(secret);
        command.arg("--state").arg(state.join("state"));
        let process = Process::start(clean(&mut command));
        Self { process, _state: state }
    }

    /// Waits for the line that says so.
    pub(crate) fn connected(self) -> Self {
        self.process.line(|line| line.starts_with('{'));
        self
    }
}
