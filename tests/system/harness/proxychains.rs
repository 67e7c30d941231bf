//! amtterm, which knows no proxy, through proxychains4, on a terminal.

use super::{Device, Directory, PATIENCE, output, serve::clean};
use serde_json::json;
use std::process::Command;

const TERMINAL: &str = include_str!("../drivers/terminal.py");

/// amtterm on its way to a device.
pub(crate) struct Amtterm {
    _config: Directory,
    command: Vec<String>,
}

impl Amtterm {
    /// `socks` is the address of the SOCKS5 proxy, `host` what the console calls the device.
    pub(crate) fn through(socks: &str, sign_in: (&str, &str), host: &str, device: &Device) -> Self {
        let config = Directory::new();
        let (address, port) = socks.rsplit_once(':').expect("ADDRESS:PORT");
        let (user, password) = sign_in;
        let text = format!(
            "strict_chain\nproxy_dns\nremote_dns_subnet 224\n\
             [ProxyList]\nsocks5 {address} {port} {user} {password}\n"
        );
        let file = config.write("proxychains.conf", &text).display().to_string();
        let words = ["proxychains4", "-q", "-f", &file, "amtterm"];
        let device = ["-u", &device.user, "-p", &device.password, host];
        let command = words.iter().chain(&device).map(ToString::to_string).collect();
        Self { _config: config, command }
    }

    /// Waits for each first text and types the second; gives back all that the terminal showed.
    pub(crate) fn talk(&self, talk: &[(&str, &str)]) -> Result<String, String> {
        on_terminal(&self.command, talk)
    }
}

/// Runs a program on a terminal of its own, waits for each first text and types the second. Gives
/// back all that the terminal showed, as an error when a text did not come.
pub(crate) fn on_terminal(command: &[String], talk: &[(&str, &str)]) -> Result<String, String> {
    let task = json!({ "command": command, "seconds": PATIENCE.as_secs(), "talk": talk });
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL, &task.to_string()]);
    python.env("TERM", "xterm").env_remove("PROXYCHAINS_CONF_FILE");
    let done = output(clean(&mut python));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(said) } else { Err(format!("{said}\n{errors}")) }
}
