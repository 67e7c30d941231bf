//! On the PC itself: software that we did not write asks a simulated PC's host interface, and `viaduct host` asks one
//! that we did not write. Each refusal has its words and its exit code.

use crate::harness::{
    Directory, Platform, Process, Server, Settings, clean, eventually, output, run, viaduct,
};
use std::{path::Path, process::Command};

const GUID: &str = "abababab-2222-4333-8444-555555555555";
const HECI: &str = include_str!("drivers/heci.py");

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// What a foreign client gets told.
fn foreign(socket: &Path, command: &str) -> String {
    run("python3", ["-c", HECI, "client", path(socket), command])
}

/// `viaduct host`: exit code, data, words.
fn host(socket: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(viaduct());
    command.arg("host").args(args).arg("--mei").arg(socket);
    let done = output(clean(&mut command));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

/// A host interface that we did not write and that always says this.
fn always(directory: &Directory, status: &str) -> (Process, std::path::PathBuf) {
    let socket = directory.join(status);
    let mut python = Command::new("python3");
    python.args(["-c", HECI, "server", path(&socket), status]);
    let process = Process::start(clean(&mut python));
    process.line(|line| line == "ready");
    (process, socket)
}

fn contains(text: &str, words: &str) -> Result<(), String> {
    if text.contains(words) { Ok(()) } else { Err(text.to_owned()) }
}

#[test]
fn a_foreign_client_and_ours_open_and_close_the_connection_of_a_simulated_pc() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-help", GUID, "pchelp", "Help1Password");
    let (root, mps) = (server.root_certificate(), server.device_listeners().remove(0));
    let directory = Directory::new();
    let socket = directory.join("heci");
    let options = ["--heci", path(&socket), "--trigger", "user", "--interval", "3600"];
    let _platform =
        Platform::dial_with(&mps, &root, GUID, "pchelp", "Help1Password", &options).connected();

    assert_eq!(
        foreign(&socket, "status"),
        "version (1, 1, 0) word 04800046 status 0x0 length 27\n\
         network 2 tunnel 2 trigger 0 mps 127.0.0.1\n"
    );
    assert!(foreign(&socket, "interfaces").ends_with("bits 3\n"));
    let log = foreign(&socket, "log");
    assert!(log.contains("length 2785") && log.contains("open 1 surroundings 2"), "{log}");
    let (exit, text, _) = host(&socket, &["status"]);
    assert!(exit == 0 && text.contains("connected") && text.contains("127.0.0.1"), "{text}");

    assert!(foreign(&socket, "close").contains("status 0x0"));
    eventually("the end", || contains(&foreign(&socket, "status"), "tunnel 0"));
    let away = || contains(&server.cli(&["devices", "ls"]), "away");
    eventually("the end on the server's side", away);
    let (exit, _, words) = host(&socket, &["disconnect"]);
    assert!(exit == 1 && words.contains("no connection"), "{exit} {words}");

    let (exit, _, words) = host(&socket, &["connect", "--wait"]);
    assert!(exit == 0 && words.contains("connected with 127.0.0.1"), "{exit} {words}");
    contains(&server.cli(&["devices", "ls"]), "connected").unwrap();
    assert_eq!(host(&socket, &["disconnect"]).0, 0);
    eventually("the end", || contains(&foreign(&socket, "status"), "tunnel 0"));
    assert!(foreign(&socket, "open").contains("word 04800044 status 0x0"));
    eventually("the tunnel", || contains(&foreign(&socket, "status"), "tunnel 2 trigger 0"));

    for (bytes, refusal) in [
        ("010100009900000400000000", "word 04800099 status 0x803"),
        ("01010000440000040100000000", "word 04800044 status 0x4"),
    ] {
        contains(&foreign(&socket, bytes), refusal).unwrap();
    }
}

#[test]
fn a_foreign_host_interface_is_read() {
    let directory = Directory::new();
    let (_server, socket) = always(&directory, "0");
    let (exit, text, _) = host(&socket, &["status", "-o", "json"]);
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (exit, &status["tunnel"], &status["mps"]),
        (0, &"connecting".into(), &"mps.foreign".into())
    );
    assert_eq!(status["userMayAskFrom"]["bios"], true);
    let (exit, text, _) = host(&socket, &["cira-log"]);
    for words in ["mps.foreign", "TLS failed", "alert 48", "192.0.2.7", "2023-11-14T22:13:20Z"] {
        assert!(exit == 0 && text.contains(words), "{words} is missing in\n{text}");
    }
    let (_, text, _) = host(&socket, &["cira-log", "-o", "json"]);
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["failedAttempt"]["lan"]["tlsAlert"], 48);
    assert_eq!(log["failedTunnel"], serde_json::Value::Null);
}

#[test]
fn each_refusal_has_its_words_and_its_exit_code() {
    let directory = Directory::new();
    for (status, exit, words) in [
        ("0x2", 8, "not ready"),
        ("0x10", 6, "does not permit"),
        ("0x200", 7, "not granted"),
        ("0x400", 9, "disabled by policy"),
        ("0x809", 5, "no MPS is configured"),
        ("0x2d", 1, "could not reach its MPS"),
    ] {
        let (_server, socket) = always(&directory, status);
        let (code, data, said) = host(&socket, &["connect"]);
        assert_eq!((code, data.as_str()), (exit, ""), "{status}: {said}");
        assert!(said.contains(words) && said.contains(status) && said.contains("next:"), "{said}");
    }
}

#[test]
fn without_a_driver_it_is_said_how_to_get_one() {
    let directory = Directory::new();
    let gone = directory.join("nothing");
    let file = directory.write("file", "");
    for (place, words) in
        [(gone.as_path(), "nothing"), (&file, "neither"), (Path::new("/dev/null"), "AMT")]
    {
        let (exit, _, said) = host(place, &["status"]);
        assert!(exit == 3 && said.contains(words) && said.contains("next:"), "{exit} {said}");
    }
}
