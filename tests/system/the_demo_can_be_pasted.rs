//! What `viaduct demo` prints can be pasted line by line, and works.

use crate::harness::{Process, demo, on_terminal, output, viaduct};
use std::process::Command;

#[test]
fn the_line_of_json_has_everything_a_script_needs() {
    let demo = demo();
    assert_eq!(demo.ready["ready"], true);
    assert_eq!(demo.ready["pid"], demo.process.pid());
    for listener in ["cira", "socks5", "http_proxy"] {
        assert!(demo.get(listener).starts_with("127.0.0.1:"), "{listener}: loopback only");
    }
    assert!(demo.get("dashboard").starts_with("https://127.0.0.1:"));
    assert!(demo.get("api").ends_with("/api/v1"));
    assert!(demo.get("metrics").ends_with("/metrics"));
    let root = std::fs::read_to_string(demo.get("ca_file")).unwrap();
    assert!(root.contains("BEGIN CERTIFICATE"));
    let names: Vec<&str> = demo.devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["pc-01", "pc-02", "pc-03", "pc-04"]);
    assert_eq!(demo.devices[0].fqdn, "pc-01.demo.example");
}

#[test]
fn every_printed_line_works() {
    let mut command = Command::new(viaduct());
    command.args(["demo", "--devices", "3"]);
    let process = Process::start(&command);
    process.line(|line| line.ends_with(" devices ls"));
    let all = process.all();
    let (_, lines) = all.split_once("Paste one by one").unwrap();
    let lines: Vec<&str> =
        lines.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(lines.len() >= 6, "one for each way:\n{all}");
    for line in lines {
        if line.contains("amtterm") {
            let shell = ["sh", "-c", line].map(str::to_owned);
            on_terminal(&shell, &[("serial console of a simulated PC", "")])
                .unwrap_or_else(|said| panic!("{said}"));
            continue;
        }
        let done = output(Command::new("sh").args(["-c", line]));
        let said = String::from_utf8_lossy(&done.stdout);
        let errors = String::from_utf8_lossy(&done.stderr);
        let silent = said.is_empty() && !line.starts_with("printf");
        assert!(done.status.success() && !silent, "{line}\n{said}\n{errors}");
        if line.contains("index.htm") {
            assert!(said.contains("<html"), "{line}\n{said}");
        }
    }
}
