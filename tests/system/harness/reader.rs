//! Somebody who pastes what a page says, with the values of their own server in the places of the examples.

use super::{
    Broker, Directory, PATIENCE, Platform, Process, amt_sim, free_port, lan_address, on_terminal,
    page::{Block, How},
    serve::clean,
    viaduct,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Stdio},
};

/// The password of AMT on the PCs of the local network, in `pw.txt`.
const AMT_PASSWORD: &str = "Winter-is-7-colours";
/// What is typed when a command asks for a password and says so.
const TYPED: &str = "correct horse battery staple 7\n";

/// Where the commands of one page are run.
pub(crate) struct Reader {
    directory: Directory,
    /// What a page writes, and what stands for it.
    values: BTreeMap<String, String>,
    /// Servers that run, the first one first, each with what starts it.
    servers: Vec<(Process, Command)>,
    /// What starts the one that was stopped, on the addresses that it had.
    stopped: Option<Command>,
    /// How many were started.
    count: usize,
    platforms: Vec<Platform>,
    demo: Option<Process>,
    others: Vec<Process>,
    broker: Option<Broker>,
}

impl Reader {
    /// With a demonstration of five PCs if the page wants one.
    pub(crate) fn new(with_demo: bool) -> Self {
        let directory = Directory::new();
        let programs = directory.join("bin");
        std::fs::create_dir(&programs).expect("a directory can be made");
        symlink(viaduct(), programs.join("viaduct")).expect("a link can be made");
        symlink(amt_sim(), programs.join("amt-sim")).expect("a link can be made");
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts");
        symlink(scripts, directory.join("scripts")).expect("a link can be made");
        let sudo = directory.write("bin/sudo", "#!/bin/sh\nexec \"$@\"\n");
        std::fs::set_permissions(sudo, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        directory.write("pw.txt", AMT_PASSWORD);
        directory.write("boot.iso", &"an image of 2,048 bytes a block ".repeat(64 * 64));
        let mut reader = Self {
            directory,
            values: BTreeMap::new(),
            servers: Vec::new(),
            stopped: None,
            count: 0,
            platforms: Vec::new(),
            demo: None,
            others: Vec::new(),
            broker: None,
        };
        // A load balancer of its own address, where fixed ports are free.
        reader.value("192.0.2.1", lan_address());
        for name in ["mps.example.com", "first.example.com", "second.example.com"] {
            reader.value(name, "127.0.0.1");
        }
        if with_demo {
            reader.start_demo();
        }
        reader
    }

    fn value(&mut self, written: &str, meant: impl Into<String>) {
        self.values.insert(written.into(), meant.into());
    }

    fn start_demo(&mut self) {
        let data = self.directory.join("demo");
        let mut command = Command::new(viaduct());
        command.args(["demo", "--json", "--devices", "5", "--data"]).arg(&data);
        let demo = Process::start(clean(&mut command));
        let ready: Value =
            serde_json::from_str(&demo.line(|line| line.starts_with('{'))).expect("a line of JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let web = text(&ready["dashboard"]).trim_end_matches('/').to_owned();
        self.value("https://mps.example.com:8443", web);
        self.value("127.0.0.1:1080", text(&ready["socks5"]));
        self.value("127.0.0.1:8080", text(&ready["http_proxy"]));
        self.value("127.0.0.1:4433", text(&ready["cira"]));
        let metrics = text(&ready["metrics"]);
        let metrics = metrics.trim_start_matches("http://").trim_end_matches("/metrics");
        self.value("127.0.0.1:9443", metrics);
        self.value("PASSWORD", text(&ready["password"]));
        self.value("TOKEN", text(&ready["token"]));
        self.value("SECRET", text(&ready["devices"][0]["amt_password"]));
        self.value("GUID", text(&ready["devices"][0]["guid"]));
        self.demo = Some(demo);
    }

    /// Runs a block as its page says.
    ///
    /// # Errors
    /// What the commands said when they did not do what the page promises.
    pub(crate) fn run(&mut self, block: &Block) -> Result<(), String> {
        let script = self.filled(&block.script);
        match &block.how {
            How::Skip(_) => Ok(()),
            How::Ends => self.expect(&script, 0),
            How::Exits(code) => self.expect(&script, *code),
            How::Until(text) => {
                let process = Process::start(&self.shell(&last_is_the_program(&script)));
                process.any_line(|line| line.contains(text.as_str()));
                process.terminate();
                Ok(())
            }
            How::Stays(text) => {
                let process = Process::start(&self.shell(&last_is_the_program(&script)));
                process.any_line(|line| line.contains(text.as_str()));
                self.others.push(process);
                Ok(())
            }
            How::Terminal(text) => {
                let shell = self.shell(&script);
                let mut words = vec!["env".to_owned(), "-C".to_owned()];
                words.push(self.directory.path().display().to_string());
                for (name, value) in shell.get_envs() {
                    let value = value.unwrap_or_default().to_string_lossy();
                    words.push(format!("{}={value}", name.to_string_lossy()));
                }
                words.extend(["sh".to_owned(), "-euc".to_owned(), script]);
                on_terminal(&words, &[(text, "")]).map(drop)
            }
            How::Serve => {
                self.serve(self.shell(&last_is_the_program(&script)));
                Ok(())
            }
            How::Service(what) => {
                self.service(what);
                Ok(())
            }
        }
    }

    fn service(&mut self, what: &str) {
        match what {
            "reload" => {
                let (server, _) = self.servers.last().expect("a server to reload");
                super::run("kill", ["-HUP".to_owned(), server.pid().to_string()]);
            }
            "stop" => {
                let (server, command) = self.servers.remove(0);
                server.terminate();
                self.stopped = Some(command);
            }
            _ => {
                let command = self.stopped.take().expect("a server that ran before");
                self.serve(command);
            }
        }
    }

    fn serve(&mut self, mut command: Command) {
        let server = Process::start(&command);
        // The last thing it says about itself before it waits for work.
        server.any_line(|line| line.starts_with("root "));
        let all = server.all();
        let address = |name: &str| {
            let line = all.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
        };
        let named = if self.count == 0 { "first.example.com" } else { "second.example.com" };
        self.count += 1;
        self.value(&format!("{named}:4433"), address("devices"));
        self.value("https://mps.example.com:8443", format!("https://{}", address("web and API")));
        for (section, name, written) in [
            ("CIRA", "devices", "127.0.0.1:4433"),
            ("WEB", "web and API", "127.0.0.1:8443"),
            ("WEB_PLAIN", "web, plain", "127.0.0.1:8442"),
            ("SOCKS", "SOCKS5", "127.0.0.1:1080"),
            ("HTTP_PROXY", "HTTP proxy", "127.0.0.1:8080"),
            ("METRICS", "metrics", "127.0.0.1:9443"),
        ] {
            // Started again, it is where it was: PCs have been told.
            command.env(format!("VIADUCT_{section}_LISTEN"), address(name));
            self.value(written, address(name));
        }
        if address("web, plain").is_empty() {
            command.env_remove("VIADUCT_WEB_PLAIN_LISTEN");
        }
        self.servers.push((server, command));
    }

    /// The script with values in the places of the examples, the longest first. An address that stands for a PC on the
    /// local network gets one.
    fn filled(&mut self, script: &str) -> String {
        for number in 7..=9 {
            let written = format!("192.0.2.{number}");
            if script.contains(&written) && !self.values.contains_key(&written) {
                let address = lan_address();
                let name = format!("lan-{number}");
                let platform =
                    Platform::on_the_local_network("16.1", &name, &address, AMT_PASSWORD, &[]);
                self.platforms.push(platform);
                self.value(&written, address);
            }
        }
        if script.contains("broker.example.com") && self.broker.is_none() {
            let port = free_port();
            self.broker = Some(Broker::start(port, None));
            self.value("broker.example.com", "127.0.0.1");
            self.value("broker.example.com:1883", format!("127.0.0.1:{port}"));
            self.value("-p 1883", format!("-p {port}"));
        }
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort_by_key(|(written, _)| std::cmp::Reverse(written.len()));
        let mut text = script.to_owned();
        for (written, meant) in values {
            text = replaced(&text, written, meant);
        }
        text
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-euc", script]);
        clean(&mut command).current_dir(self.directory.path());
        let path = std::env::var("PATH").unwrap_or_default();
        let programs = self.directory.join("bin");
        command.env("PATH", format!("{}:{path}:/usr/sbin:/sbin", programs.display()));
        command.env("HOME", self.directory.path()).env_remove("XDG_CONFIG_HOME");
        for listener in ["CIRA", "WEB", "SOCKS", "HTTP_PROXY", "METRICS"] {
            command.env(format!("VIADUCT_{listener}_LISTEN"), "127.0.0.1:0");
        }
        let settings = std::fs::read_to_string(self.directory.join("viaduct.toml"));
        if settings.is_ok_and(|text| text.contains("plain_listen")) {
            command.env("VIADUCT_WEB_PLAIN_LISTEN", "127.0.0.1:0");
        }
        if self.demo.is_some() {
            let data = self.directory.join("demo");
            command.env("VIADUCT_SERVER", &self.values["https://mps.example.com:8443"]);
            command.env("VIADUCT_TOKEN", &self.values["TOKEN"]);
            command.env("VIADUCT_CA", data.join("ca/root.pem"));
            command.env("CURL_CA_BUNDLE", data.join("ca/root.pem"));
        } else {
            command.env("VIADUCT_DATA", self.directory.join("viaduct-data"));
        }
        command
    }

    fn expect(&self, script: &str, code: i32) -> Result<(), String> {
        let typed = self.directory.write("typed", TYPED);
        let shell = self.shell(script);
        let mut command = Command::new("timeout");
        command.arg(PATIENCE.as_secs().to_string()).arg(shell.get_program()).args(shell.get_args());
        for (name, value) in shell.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(self.directory.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let typed = std::fs::File::open(typed).map_err(|error| error.to_string())?;
        let done = command.stdin(typed).output().map_err(|error| format!("timeout: {error}"))?;
        if done.status.code() == Some(code) {
            return Ok(());
        }
        let (out, errors) =
            (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        Err(format!("{script}\nended with {}, not {code}:\n{out}\n{errors}", done.status))
    }
}

/// Puts `meant` in the place of `written` where that is a word of its own: not in `$VIADUCT_TOKEN`.
fn replaced(text: &str, written: &str, meant: &str) -> String {
    let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    let mut done = String::new();
    while let Some((before, after)) = rest.split_once(written) {
        let part = before.chars().next_back().or(done.chars().next_back()).is_some_and(of_a_word)
            || after.chars().next().is_some_and(of_a_word);
        done.push_str(before);
        done.push_str(if part { written } else { meant });
        rest = after;
    }
    done + rest
}

/// The shell becomes its last command, so that ending the one ends the other.
fn last_is_the_program(script: &str) -> String {
    let script = script.trim_end();
    // The last command begins behind the last line that does not go on.
    let lines: Vec<&str> = script.lines().collect();
    let mut first = lines.len().saturating_sub(1);
    while first > 0 && lines[first - 1].ends_with('\\') {
        first -= 1;
    }
    let (before, last) = lines.split_at(first);
    format!("{}\nexec {}", before.join("\n"), last.join("\n"))
}
