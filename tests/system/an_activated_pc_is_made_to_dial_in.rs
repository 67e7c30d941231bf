//! `viaduct enroll lan`: a PC on the local network is configured and followed into its tunnel, whatever
//! its generation; what cannot be done ends in words of its own.

use crate::harness::{Directory, Platform, Server, Settings, lan_address as address};
use serde_json::Value;
use std::process::Output;

const PASSWORD: &str = "P@ssw0rd1!";
/// Firmware before 12.0 needs it.
const LEGACY: &str = "[[cira.extra]]\nlisten = \"127.0.0.1:0\"\nprofile = \"legacy\"\n";

struct Site {
    server: Server,
    files: Directory,
}

impl Site {
    fn new() -> Self {
        let server = Server::start(&Settings { toml: LEGACY.into() });
        Self { server, files: Directory::new() }
    }

    fn enroll(&self, address: &str, password: &str, more: &[&str]) -> Output {
        let file = self.files.write("amt-password", password);
        let file = file.to_str().expect("a path in UTF-8");
        let line = ["enroll", "lan", address, "--amt-password-file", file, "-o", "json"];
        self.server.try_cli(&[&line[..], more].concat())
    }

    fn enrolled(&self, address: &str, more: &[&str]) -> Value {
        let done = self.enroll(address, PASSWORD, more);
        assert_eq!(done.status.code(), Some(0), "{done:#?}");
        one(&done)
    }

    /// It must end with this exit code and this code of ours.
    #[track_caller]
    fn refused(
        &self,
        address: &str,
        password: &str,
        more: &[&str],
        exit: i32,
        code: &str,
    ) -> Value {
        let done = self.enroll(address, password, &[&["--yes"][..], more].concat());
        assert_eq!(done.status.code(), Some(exit), "{done:#?}");
        let device = one(&done);
        assert_eq!(device["problem"]["code"], code, "{device:#}");
        for key in ["title", "detail", "next"] {
            assert!(!device["problem"][key].as_str().unwrap().is_empty(), "{device:#}");
        }
        device
    }

    fn connected(&self) -> usize {
        let devices = self.server.cli_json(&["devices", "ls"]);
        let all = devices.as_array().unwrap();
        all.iter().filter(|device| device["connectionStatus"] == true).count()
    }
}

fn one(done: &Output) -> Value {
    let mut list: Vec<Value> = serde_json::from_slice(&done.stdout).unwrap();
    list.remove(0)
}

fn steps(device: &Value) -> usize {
    device["steps"].as_array().unwrap().len()
}

#[test]
fn every_generation_ends_in_a_live_tunnel_and_each_phase_is_timed() {
    let site = Site::new();
    let mut platforms = Vec::new();
    for (count, firmware) in ["11.8", "12.0", "15.0", "16.1", "18.0"].into_iter().enumerate() {
        let (address, name) = (address(), format!("pc-{}", firmware.replace('.', "-")));
        platforms.push(Platform::on_the_local_network(firmware, &name, &address, PASSWORD, &[]));
        let device = site.enrolled(&address, &["--yes", "--wait"]);
        assert_eq!(device["state"], "done", "{device:#}");
        assert_eq!(device["name"], *name);
        assert!(device["version"].as_str().unwrap().starts_with(firmware), "{device:#}");
        let milestones = device["milestones"].as_array().unwrap();
        assert_eq!(milestones.len(), 6);
        assert!(milestones.iter().all(|seen| seen["at"].is_string()), "{device:#}");
        assert_eq!(site.connected(), count + 1);
    }
}

#[test]
fn running_it_again_changes_nothing_and_remove_leaves_nothing() {
    let (site, address) = (Site::new(), address());
    let _platform = Platform::on_the_local_network("15.0", "pc-again", &address, PASSWORD, &[]);
    let planned = site.enrolled(&address, &["--dry-run"]);
    assert_eq!((&planned["state"], steps(&planned)), (&"planned".into(), 7), "{planned:#}");
    assert_eq!(site.connected(), 0, "a plan changes nothing");

    let first = site.enrolled(&address, &["--yes"]);
    assert_eq!(steps(&first), 7);
    let second = site.enrolled(&address, &["--yes"]);
    assert_eq!((&second["state"], steps(&second)), (&"done".into(), 0), "{second:#}");

    let removed = site.enrolled(&address, &["--yes", "--remove"]);
    assert!(steps(&removed) >= 5, "{removed:#}");
    let nothing = site.enrolled(&address, &["--dry-run", "--remove"]);
    assert_eq!(steps(&nothing), 0, "{nothing:#}");
    let back = site.enrolled(&address, &["--yes"]);
    assert_eq!(back["state"], "done", "{back:#}");
}

#[test]
fn what_is_in_the_way_has_a_message_of_its_own() {
    let site = Site::new();
    site.refused(&address(), PASSWORD, &[], 1, "E2100");

    let there = address();
    let _pc = Platform::on_the_local_network("15.0", "pc-there", &there, PASSWORD, &[]);
    site.refused(&there, "Wr0ng!word", &[], 9, "E2010");
    let other = ["--fingerprint", &"0".repeat(64)];
    site.refused(&there, PASSWORD, &other, 1, "E2102");

    let before = address();
    let more = ["--provisioning", "pre"];
    let _pre = Platform::on_the_local_network("12.0", "pc-pre", &before, PASSWORD, &more);
    site.refused(&before, PASSWORD, &[], 9, "E2103");

    let clear = address();
    let more = ["--null-ciphers"];
    let _clear = Platform::on_the_local_network("12.0", "pc-null", &clear, PASSWORD, &more);
    site.refused(&clear, PASSWORD, &[], 9, "E2105");
    let devices = site.server.cli_json(&["devices", "ls"]);
    assert_eq!(devices.as_array().unwrap().len(), 0, "what failed is not left behind: {devices:#}");
}

#[test]
fn a_pc_in_client_control_mode_works_and_is_told_about_consent() {
    let (site, address) = (Site::new(), address());
    let more = ["--provisioning", "ccm"];
    let _pc = Platform::on_the_local_network("16.1", "pc-ccm", &address, PASSWORD, &more);
    let device = site.enrolled(&address, &["--yes"]);
    assert_eq!((&device["state"], &device["controlMode"]), (&"done".into(), &"client".into()));
    let notes = device["notes"].to_string();
    assert!(notes.contains("consent"), "{notes}");
}

#[test]
fn a_full_table_names_its_entries_and_is_left_as_it_is() {
    let (site, address) = (Site::new(), address());
    let _pc = Platform::on_the_local_network("12.0", "pc-full", &address, PASSWORD, &[]);
    for other in ["a.example", "b.example", "c.example", "d.example"] {
        // The certificates of these sites are not this server's: their name is said.
        let mps = format!("{other}={other}");
        site.enrolled(&address, &["--yes", "--no-wait", "--mps", &mps]);
    }
    let device = site.refused(&address, PASSWORD, &[], 9, "E2104");
    let detail = device["problem"]["detail"].as_str().unwrap();
    assert!(detail.contains("a.example:4433") && detail.contains("d.example:4433"), "{detail}");
    assert_eq!(steps(&device), 0);
}

#[test]
fn old_firmware_without_a_legacy_listener_is_told_before_anything_is_changed() {
    let site = Site { server: Server::start(&Settings::default()), files: Directory::new() };
    let address = address();
    let _pc = Platform::on_the_local_network("11.8", "pc-old", &address, PASSWORD, &[]);
    let device = site.refused(&address, PASSWORD, &[], 1, "E2061");
    assert!(device["problem"]["next"].as_str().unwrap().contains("legacy"), "{device:#}");
    assert_eq!(steps(&device), 0);
}

#[test]
fn a_connected_pc_is_changed_through_its_tunnel_but_never_stranded_by_accident() {
    let (site, address) = (Site::new(), address());
    let _pc = Platform::on_the_local_network("16.1", "pc-far", &address, PASSWORD, &[]);
    site.enrolled(&address, &["--yes"]);
    let show = || site.server.cli_json(&["remote-access", "show", "pc-far"]);
    let before = show();
    assert_eq!(before["mps"][0]["here"], true, "{before:#}");
    assert_eq!(before["policies"].as_array().unwrap().len(), 3);

    site.server.cli(&["remote-access", "add-mps", "pc-far", "second.example"]);
    site.server.cli(&["remote-access", "policy", "pc-far", "periodic=03:30"]);
    let after = show();
    let policies = after["policies"].as_array().unwrap();
    let periodic = policies.iter().find(|policy| policy["trigger"] == "periodic").unwrap();
    assert_eq!(periodic["schedule"], "03:30");
    assert_eq!(periodic["servers"][1], "second.example:4433", "{after:#}");

    for cut in [
        &["remote-access", "rm-mps", "pc-far", "127.0.0.1"][..],
        &["remote-access", "policy", "pc-far", "--rm", "periodic"],
        &["remote-access", "set", "pc-far", "--inside", "corp.example"],
    ] {
        let done = site.server.try_cli(cut);
        assert_eq!(done.status.code(), Some(7), "{done:#?}");
        let words = String::from_utf8_lossy(&done.stderr);
        assert!(words.contains("E2108"), "{words}");
    }
    assert_eq!(show(), after, "what was refused was not done");
    site.server.cli(&["remote-access", "rm-mps", "pc-far", "second.example"]);
    assert_eq!(show()["mps"].as_array().unwrap().len(), 1);
}
