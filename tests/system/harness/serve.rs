//! `viaduct serve` in a data directory of its own, and the operator's commands for it.

use super::{Directory, Process, free_port, process::succeed, viaduct};
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};

/// Settings on top of those that keep the server on loopback and on free ports.
#[derive(Debug, Default, Clone)]
pub(crate) struct Settings {
    /// TOML, below the sections that are there.
    pub(crate) toml: String,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) data: Directory,
    config: Directory,
}

impl Server {
    /// In a new data directory that has its certificates.
    pub(crate) fn start(settings: &Settings) -> Self {
        let data = Directory::new();
        super::authority::give(data.path());
        Self::start_in(data, settings)
    }

    /// In a directory that an earlier server may have used.
    pub(crate) fn start_in(data: Directory, settings: &Settings) -> Self {
        Self::start_with(data, settings, &[])
    }

    /// On ports for the web and for devices that are free still when this one has ended, for one that takes its place.
    pub(crate) fn start_to_be_replaced(settings: &Settings) -> Self {
        let data = Directory::new();
        super::authority::give(data.path());
        let ports = ["web", "cira"].map(|one| format!("{one}.listen=127.0.0.1:{}", free_port()));
        Self::start_with(data, settings, &ports)
    }

    /// With settings that count more than those of the tests.
    fn start_with(data: Directory, settings: &Settings, set: &[String]) -> Self {
        let config = Directory::new();
        let file = config.write("viaduct.toml", &settings.toml);
        let mut command = Self::command(data.path(), &file);
        for one in set {
            command.args(["--set", one]);
        }
        let process = Process::start(&command);
        // The last thing it says about itself before it waits for work.
        process.any_line(|line| line.starts_with("root "));
        Self { process, data, config }
    }

    /// The command that starts it.
    pub(crate) fn command(data: &Path, config: &Path) -> Command {
        let mut command = Command::new(viaduct());
        command.arg("serve").arg("--data").arg(data).arg("--config").arg(config);
        for section in ["cira", "web", "socks", "http_proxy", "metrics"] {
            command.args(["--set", &format!("{section}.listen=127.0.0.1:0")]);
        }
        // Platforms compare the address they dial with the certificate's common name.
        command.args(["--set", "cira.names=[\"127.0.0.1\"]"]);
        clean(&mut command);
        command
    }

    /// An operator's command on the server's own machine, which must succeed.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        succeed(&mut self.cli_command(args))
    }

    /// The same, whatever comes of it.
    pub(crate) fn try_cli(&self, args: &[&str]) -> Output {
        super::output(&mut self.cli_command(args))
    }

    /// The same as words, for who runs it on a terminal.
    pub(crate) fn cli_words(&self, args: &[&str]) -> Vec<String> {
        let command = self.cli_command(args);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// The same to be run under a watch.
    pub(crate) fn cli_process(&self, args: &[&str]) -> Command {
        self.cli_command(args)
    }

    fn cli_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(viaduct());
        command.args(args).arg("--data").arg(self.data.path());
        clean(&mut command);
        command
    }

    /// The same as JSON.
    pub(crate) fn cli_json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.extend(["-o", "json"]);
        let text = self.cli(&args);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}:\n{text}"))
    }

    /// Where it listens, as it says when it starts: `web and API`, `SOCKS5`, `HTTP proxy`.
    pub(crate) fn address(&self, listener: &str) -> String {
        self.addresses(listener).remove(0)
    }

    /// Where devices dial in: the main listener, then the others in order.
    pub(crate) fn device_listeners(&self) -> Vec<String> {
        self.addresses("devices")
    }

    fn addresses(&self, listener: &str) -> Vec<String> {
        let all = self.process.all();
        let values = all.lines().filter_map(|line| line.strip_prefix(listener));
        values.filter_map(|value| value.split_whitespace().next()).map(Into::into).collect()
    }

    /// A token for the proxies: user `token`, password the token.
    pub(crate) fn token(&self, name: &str, scope: &str) -> String {
        let text = self.cli(&["tokens", "create", name, "--scope", scope]);
        text.lines().last().expect("the token alone on the last line").trim().into()
    }

    /// Makes a device known, with a password of our choice.
    pub(crate) fn add_device(&self, name: &str, guid: &str, user: &str, password: &str) {
        let file = self.config.write(&format!("{name}.password"), password);
        let file = file.to_str().expect("a path in UTF-8");
        let user = ["--cira-user", user, "--cira-password-file", file];
        self.cli(&[&["devices", "add", name, "--guid", guid][..], &user[..]].concat());
    }

    /// The root certificate as a file.
    pub(crate) fn root_certificate(&self) -> std::path::PathBuf {
        let pem = self.cli(&["cert", "export"]);
        self.config.write("root.pem", &pem)
    }

    /// Ends it in the way that `end` does and gives back its data.
    pub(crate) fn end(self, end: impl FnOnce(&Process)) -> Directory {
        let Self { process, data, .. } = self;
        end(&process);
        data
    }
}

/// Without the settings and proxies of whoever runs the tests.
pub(crate) fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars() {
        if name.starts_with("VIADUCT_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").env_remove("RUST_LOG")
}
