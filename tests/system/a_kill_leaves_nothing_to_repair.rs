//! After SIGKILL the next start finds CA, devices and tokens as they were, and devices come back.

use crate::harness::{Curl, Platform, Process, Server, Settings};

const GUID: &str = "66666666-2222-4333-8444-555555555555";

#[test]
fn the_ca_and_the_devices_survive() {
    let first = Server::start(&Settings::default());
    first.add_device("pc-kept", GUID, "pckept", "Kept1Password");
    let token = first.token("kept", "proxy");
    let root = first.cli(&["cert", "export"]);
    assert!(root.contains("BEGIN CERTIFICATE"), "{root}");

    let data = first.end(Process::kill);
    let second = Server::start_in(data, &Settings::default());

    assert_eq!(second.cli(&["cert", "export"]), root, "the CA is never made anew");
    let devices = second.cli_json(&["devices", "ls"]);
    assert_eq!(devices[0]["guid"], GUID, "{devices}");
    let (certificate, mps) = (second.root_certificate(), second.device_listeners().remove(0));
    let _platform = Platform::dial(&mps, &certificate, GUID, "pckept", "Kept1Password").connected();
    let sign_in = format!("token:{token}");
    let proxy = second.address("HTTP proxy");
    let answer = Curl::new("http://pc-kept:16992/").proxy(&proxy, Some(&sign_in)).run();
    assert_eq!(answer.status, 401, "the device asks who we are: {answer:#?}");
}

#[test]
fn a_polite_end_is_quick_and_clean() {
    let server = Server::start(&Settings::default());
    let status = server.process.terminate();
    assert!(status.success(), "{status}");
}
