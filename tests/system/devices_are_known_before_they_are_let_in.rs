//! Unknown devices are listed and kept out; a wrong password, a wrong root certificate and a block
//! each keep a device out and are named on the operator's side.

use crate::harness::{Certificate, Platform, Server, Settings, eventually};

const GUID: &str = "55555555-2222-4333-8444-555555555555";

/// That an operator's command says all of these.
fn says(server: &Server, args: &[&str], words: &[&str]) -> Result<(), String> {
    let done = server.try_cli(args);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let all = words.iter().all(|word| said.to_lowercase().contains(&word.to_lowercase()));
    if all { Ok(()) } else { Err(format!("{said}{}", String::from_utf8_lossy(&done.stderr))) }
}

fn connected(server: &Server) -> bool {
    let devices = server.cli_json(&["devices", "ls"]);
    let devices = devices.as_array().expect("an array of devices");
    devices.iter().any(|device| device["guid"] == GUID && device["connectionStatus"] == true)
}

#[test]
fn an_unknown_device_is_listed_and_can_be_approved() {
    let server = Server::start(&Settings::default());
    let root = server.root_certificate();
    let mps = server.device_listeners().remove(0);
    let _platform = Platform::dial(&mps, &root, GUID, "stranger", "Stranger1Password");
    eventually("the knock", || {
        says(&server, &["devices", "ls", "--unclaimed", "-o", "json"], &[GUID, "127.0.0.1"])
    });
    assert!(!connected(&server));
    server.cli(&["devices", "ignore", GUID]);
    let heard = server.cli_json(&["devices", "ls", "--unclaimed"]);
    assert!(!heard.to_string().contains(GUID), "{heard}");
    let ignored = server.cli_json(&["devices", "ls", "--ignored"]);
    assert!(ignored.to_string().contains(GUID), "{ignored}");
    server.cli(&["devices", "approve", GUID]);
    let devices = server.cli_json(&["devices", "ls"]);
    assert!(devices.to_string().contains(GUID), "{devices}");
}

#[test]
fn a_wrong_password_is_named() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-wrong", GUID, "pcwrong", "Right1Password");
    let root = server.root_certificate();
    let mps = server.device_listeners().remove(0);
    let _platform = Platform::dial(&mps, &root, GUID, "pcwrong", "Wrong1Password");
    eventually("why it is offline", || {
        says(&server, &["devices", "why-offline", "pc-wrong"], &["password", "127.0.0.1"])
    });
    assert!(!connected(&server));
}

#[test]
fn a_device_that_does_not_trust_our_root_is_explained_by_its_alert() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-distrusts", GUID, "pcdistrusts", "Distrusts1Passwd");
    let stranger = Certificate::new("127.0.0.1");
    let mps = server.device_listeners().remove(0);
    let root = &stranger.certificate;
    let _platform = Platform::dial(&mps, root, GUID, "pcdistrusts", "Distrusts1Passwd");
    eventually("the alert", || {
        says(&server, &["devices", "why-offline", "pc-distrusts"], &["root", "127.0.0.1"])
    });
    let ledger = server.cli_json(&["devices", "attempts", "127.0.0.1"]);
    assert_eq!((&ledger[0]["stage"], &ledger[0]["tlsAlert"]), (&"tls".into(), &48.into()));
    assert_eq!(ledger[0]["code"], "E2060", "{ledger}");
    let elsewhere = server.cli_json(&["devices", "attempts", "203.0.113.7"]);
    assert_eq!(elsewhere, serde_json::json!([]));
    assert!(!connected(&server));
}

#[test]
fn a_blocked_device_loses_its_tunnel_and_stays_out() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-blocked", GUID, "pcblocked", "Blocked1Password");
    let root = server.root_certificate();
    let mps = server.device_listeners().remove(0);
    let _platform = Platform::dial(&mps, &root, GUID, "pcblocked", "Blocked1Password").connected();
    assert!(connected(&server));
    server.cli(&["devices", "block", "pc-blocked"]);
    eventually("the end of the tunnel", || {
        if connected(&server) { Err("still connected".into()) } else { Ok(()) }
    });
}
