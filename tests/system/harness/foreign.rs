//! A device that shares no code with the server, and a console that speaks SOCKS5 itself.

use super::{Directory, PATIENCE, Process, Server, serve::clean};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
};

const DEVICE: &str = include_str!("../drivers/device.py");

/// How such a device behaves.
pub(crate) struct Manner<'a> {
    /// Sizes of the pieces in which it writes, taken in turn.
    pub(crate) fragments: &'a [usize],
    /// What it grants to the server, for each channel.
    pub(crate) window: usize,
    /// How much it takes before it grants that much again.
    pub(crate) credit: usize,
}

/// A device in Python.
pub(crate) struct Foreign {
    pub(crate) process: Process,
    _directory: Directory,
}

impl Foreign {
    /// Adds it to the server and waits until its ports are forwarded.
    pub(crate) fn dial(server: &Server, name: &str, guid: &str, manner: &Manner<'_>) -> Self {
        Self::dial_and_push(server, name, guid, manner, &[])
    }

    /// The same; it then opens a channel of its own and posts these bodies.
    pub(crate) fn dial_and_push(
        server: &Server,
        name: &str,
        guid: &str,
        manner: &Manner<'_>,
        push: &[&str],
    ) -> Self {
        server.add_device(name, guid, "foreign", "Foreign1Password");
        let root = server.root_certificate();
        Self::dial_to(&server.device_listeners()[0], &root, guid, manner, push)
    }

    fn dial_to(mps: &str, root: &Path, guid: &str, manner: &Manner<'_>, push: &[&str]) -> Self {
        let directory = Directory::new();
        let (address, port) = mps.rsplit_once(':').expect("ADDRESS:PORT");
        let task = json!({
            "address": address,
            "port": port.parse::<u16>().expect("a port"),
            "root": root,
            "guid": guid,
            "user": "foreign",
            "password": "Foreign1Password",
            "ports": [16993, 16992, 16995, 16994, 5900],
            "fragments": manner.fragments,
            "window": manner.window,
            "credit": manner.credit,
            "push": push,
        });
        let mut python = Command::new("python3");
        python.args(["-c", DEVICE, &task.to_string()]);
        let process = Process::start(clean(&mut python));
        process.line(|line| line == "ready");
        Self { process, _directory: directory }
    }

    /// That the server kept to the protocol so far.
    #[track_caller]
    pub(crate) fn assert_content(&self) {
        let said = self.process.all();
        assert!(!said.contains("violation") && !said.contains("end:"), "{said}");
    }
}

/// A stream to a device's port through SOCKS5, signed in with a token.
pub(crate) fn socks(address: &str, token: &str, device: &str, port: u16) -> TcpStream {
    socks_as(address, ("token", token), device, port)
}

/// The same with user and password.
pub(crate) fn socks_as(
    address: &str,
    (user, password): (&str, &str),
    device: &str,
    port: u16,
) -> TcpStream {
    let mut console = TcpStream::connect(address).expect("the proxy listens");
    console.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    console.set_write_timeout(Some(PATIENCE)).expect("a deadline");
    let length = |text: &str| u8::try_from(text.len()).expect("short");
    let mut hello = b"\x05\x01\x02\x01".to_vec();
    for text in [user, password] {
        hello.push(length(text));
        hello.extend(text.as_bytes());
    }
    hello.extend(b"\x05\x01\x00\x03");
    hello.push(length(device));
    hello.extend(device.as_bytes());
    hello.extend(port.to_be_bytes());
    console.write_all(&hello).expect("the proxy reads");
    let mut welcome = [0; 4 + 4];
    console.read_exact(&mut welcome).expect("the proxy answers");
    assert_eq!(welcome[..6], [5, 2, 1, 0, 5, 0], "signed in and connected: {welcome:?}");
    let rest = if welcome[7] == 4 { 18 } else { 6 };
    console.read_exact(&mut [0; 18][..rest]).expect("address and port");
    console
}
