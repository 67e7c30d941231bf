//! Runs the program for tests: to its end, or until it is told to stop.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may panic and say why"
)]

use serde_json::Value;
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// Long enough for a busy machine; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(90);

/// A command line with a clean environment.
pub(crate) struct Program(Command);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.exit, 0, "{self:?}");
        self
    }

    pub(crate) fn last_line(&self) -> String {
        self.stdout.lines().last().unwrap().to_owned()
    }
}

impl Program {
    pub(crate) fn new(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_viaduct"));
        for (name, _) in std::env::vars() {
            if name.starts_with("VIADUCT_") {
                command.env_remove(name);
            }
        }
        // Whatever is remembered by the person who runs the tests stays out of them.
        command.args(args).env("HOME", "/nonexistent").env_remove("XDG_CONFIG_HOME");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    pub(crate) fn env(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.0.env(name, value);
    }

    pub(crate) fn run(&mut self) -> Done {
        let output = self.0.output().unwrap();
        Done {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// With this on standard input.
    pub(crate) fn run_with(&mut self, input: &str) -> Done {
        let mut child = self.0.stdin(Stdio::piped()).spawn().unwrap();
        // A program that refuses early does not read; that is no fault of the test.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        Done {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Until it is told to stop; its standard error goes to the test's.
    pub(crate) fn start(mut self) -> Started {
        let mut child = self.0.stderr(Stdio::inherit()).spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        Started { child, lines }
    }
}

fn lines(from: ChildStdout) -> mpsc::Receiver<String> {
    forward(BufReader::new(from))
}

fn forward(from: impl BufRead + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in from.lines() {
            // Nobody may be listening any more; reading on keeps the program from blocking.
            drop(send.send(line.unwrap_or_default()));
        }
    });
    receive
}

/// A running program.
pub(crate) struct Started {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Started {
    /// The next line of data.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line in time")
    }

    /// Ctrl-C; gives the exit code.
    pub(crate) fn interrupt(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Ended already, usually.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `viaduct serve` on free ports in a directory of its own.
pub(crate) struct Serve {
    data: String,
    child: Child,
    web: String,
    _directory: TempDir,
}

impl Serve {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The server makes it, closed to others.
        let data = directory.path().join("data").to_str().unwrap().to_owned();
        let mut args = vec!["serve", "--data", &data];
        for setting in ["cira", "web", "socks", "http_proxy", "metrics"]
            .map(|section| format!("{section}.listen=127.0.0.1:0").leak() as &str)
        {
            args.extend(["--set", setting]);
        }
        let mut child = Program::new(&args).0.spawn().unwrap();
        let lines = forward(BufReader::new(child.stderr.take().unwrap()));
        let mut web = None;
        loop {
            let line = lines.recv_timeout(DEADLINE).expect("the server starts");
            eprintln!("{line}");
            if let Some(address) = line.strip_prefix("web and API") {
                web = Some(address.trim().to_owned());
            }
            if line.starts_with("root ") {
                break;
            }
        }
        let web = web.expect("it says where it listens");
        Self { data, child, web, _directory: directory }
    }

    pub(crate) fn data(&self) -> &str {
        &self.data
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.web)
    }

    pub(crate) fn program(&self, args: &[&str]) -> Program {
        Program::new(&[&["--data", self.data()], args].concat())
    }

    pub(crate) fn cli(&self, args: &[&str]) -> Done {
        self.program(args).run()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `viaduct demo --json`.
pub(crate) struct Demo {
    started: Started,
    ready: Value,
    url: String,
    data: String,
}

impl Demo {
    pub(crate) fn start(devices: usize) -> Self {
        Self::run(&["demo", "--json", "--devices", &devices.to_string()])
    }

    pub(crate) fn start_in(devices: usize, data: &Path) -> Self {
        let data = data.to_str().unwrap();
        Self::run(&["demo", "--json", "--devices", &devices.to_string(), "--data", data])
    }

    fn run(args: &[&str]) -> Self {
        let started = Program::new(args).start();
        let ready: Value = serde_json::from_str(&started.line()).unwrap();
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        let url = text("api").strip_suffix("/api/v1").unwrap().to_owned();
        let data = text("ca_file").strip_suffix("/ca/root.pem").unwrap().to_owned();
        Self { started, ready, url, data }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn data(&self) -> &str {
        &self.data
    }

    pub(crate) fn token(&self) -> &str {
        self.ready["token"].as_str().unwrap()
    }

    pub(crate) fn cli(&self, args: &[&str]) -> Done {
        Program::new(&[&["--data", &self.data], args].concat()).run()
    }

    /// Ctrl-C; gives the exit code.
    pub(crate) fn end(self) -> i32 {
        self.started.interrupt()
    }
}
