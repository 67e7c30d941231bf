//! Scripts read exit codes: each one of the contract is walked through by the real program.

use crate::harness::{Demo, Directory, Server, Settings, output, viaduct};
use serde_json::json;
use std::process::Command;

const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504699";

fn command(demo: &Demo, token: &str, args: &[&str]) -> Command {
    let mut command = Command::new(viaduct());
    let server = demo.get("dashboard").trim_end_matches('/').to_owned();
    command.args(["--server", &server, "--ca", demo.get("ca_file")]).args(args);
    command.env("VIADUCT_TOKEN", token).env("NO_COLOR", "1");
    command
}

#[track_caller]
fn assert_exit(command: &mut Command, expected: i32, words: &str) {
    let done = output(command);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let data = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(expected), "{command:?}:\n{data}{said}");
    assert!(said.contains(words), "`{words}` is not said by {command:?}:\n{said}");
    if !matches!(expected, 0 | 12) {
        assert_eq!(data, "", "a failure leaves the output empty: {command:?}");
    }
}

#[test]
fn the_table_of_exit_codes_holds() {
    let demo = Demo::start(3);
    let [one, two, three] = [0, 1, 2].map(|index: usize| demo.devices[index].name.clone());
    let (one, two, three) = (one.as_str(), two.as_str(), three.as_str());
    let token = demo.get("token").to_owned();
    let run = |args: &[&str]| command(&demo, &token, args);
    output(&mut run(&["devices", "add", "pc-away", "--guid", GUID]));
    let reader = output(&mut run(&["tokens", "create", "reader", "--scope", "read"]));
    let reader = String::from_utf8(reader.stdout).unwrap();
    let reader = reader.lines().last().unwrap();

    assert_exit(&mut run(&["power", "state", one]), 0, "");
    assert_exit(
        &mut run(&["sol", one, "--record", "/nonexistent/record"]),
        1,
        "/nonexistent/record",
    );
    assert_exit(&mut run(&["ider", "mount", one, "/nonexistent.iso"]), 2, "/nonexistent.iso");
    assert_exit(&mut run(&["power", "reset", one, two]), 2, "--yes");
    assert_exit(&mut run(&["devices", "frobnicate"]), 2, "frobnicate");
    let nowhere = ["--server", "https://127.0.0.1:1", "status"];
    assert_exit(Command::new(viaduct()).args(nowhere), 3, "E1110");
    assert_exit(&mut command(&demo, "vdt_wrong", &["devices", "ls"]), 4, "E3001");
    assert_exit(&mut run(&["power", "reset", "nobody"]), 5, "E2001");
    assert_exit(&mut command(&demo, reader, &["power", "off", one]), 6, "E3004");
    assert_exit(&mut run(&["devices", "add", one, "--guid", GUID]), 7, "E2004");
    assert_exit(&mut run(&["power", "reset", "pc-away"]), 8, "E2002");
    assert_exit(&mut run(&["wsman", "get", one, "CIM_NoSuchClass"]), 9, "E2013");

    let consent = ["amt", "features", two, "--consent", "all"];
    assert_exit(&mut run(&consent), 0, "");
    assert_exit(&mut run(&["kvm", two, "--once"]), 10, "E2032");
    // Whoever waits for less than a reset takes does not know what became of it.
    let patience = ["power", "cycle", three, "--wait", "--timeout", "0"];
    assert_exit(&mut run(&patience), 11, "E2045");
    assert_exit(&mut run(&["power", "state", one, "pc-away"]), 12, "1 of 2 done");
    let limit = ["power", "reset", one, two, three, "--yes", "--max-devices", "2"];
    assert_exit(&mut run(&limit), 13, "E1430");
}

#[test]
fn consent_becomes_less_only_when_that_alone_is_asked_for() {
    let demo = Demo::start(1);
    let (pc, token) = (demo.devices[0].name.as_str(), demo.get("token").to_owned());
    let run = |args: &[&str]| command(&demo, &token, args);
    let asks_for = |what: &str| ["amt", "features", pc, "--consent", what].map(str::to_owned);
    let consent = |what: &str| output(&mut run(&asks_for(what).each_ref().map(String::as_str)));
    assert!(consent("all").status.success());
    let together = ["amt", "features", pc, "--sol", "off", "--consent", "none"];
    assert_exit(&mut run(&together), 2, "--consent none; then switch");
    // What a page asked for by the way is kept, also when it asks again.
    let body = |kvm: bool| json!({ "userConsent": "none", "enableSOL": true, "enableIDER": true, "enableKVM": kvm });
    for kvm in [false, true, true] {
        let path = format!("/amt/features/{pc}");
        let (status, answer) = demo.rest("POST", &path, Some(&body(kvm)));
        assert_eq!((status, &answer["userConsent"]), (200, &json!("all")), "{answer}");
    }
    let done = consent("none");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains("userConsent: none"));
}

#[test]
fn a_record_that_was_changed_fails_the_verification() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-1", GUID, "u", "Known1Password");
    let files = Directory::new();
    let export = files.join("audit.jsonl");
    let path = export.to_str().unwrap();
    std::fs::write(&export, server.cli(&["audit", "export"])).unwrap();
    let verify = ["audit", "verify", path];
    assert!(server.try_cli(&verify).status.success());
    let text = std::fs::read_to_string(&export).unwrap();
    let changed = text.replacen("local", "ghost", 1);
    assert_ne!(changed, text, "somebody on this machine did it");
    std::fs::write(&export, changed).unwrap();
    let done = server.try_cli(&verify);
    assert_eq!(done.status.code(), Some(14), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stderr).contains("E4007"));
}
