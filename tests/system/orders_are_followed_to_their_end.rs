//! `viaduct power … --wait` tells what happens to a PC until it is as it was wanted; `viaduct boot` goes through the whole
//! sequence, and says what to do when the person at the PC has to agree first; `viaduct bench` measures the way there.

use crate::harness::{Directory, Platform, Server, Settings, eventually};
use serde_json::Value;
use std::process::Output;

const GUID: &str = "44444444-2222-4333-8444-5555555555aa";

/// A server with one PC, `pc-1`, that dials in again by itself.
struct Site {
    server: Server,
    pc: Platform,
}

impl Site {
    fn start(more: &[&str]) -> Self {
        let server = Server::start(&Settings::default());
        server.add_device("pc-1", GUID, "pcone", "Known1Password");
        let root = server.root_certificate();
        let mps = server.device_listeners().remove(0);
        let files = Directory::new();
        let secret = files.write("amt", "Own-Amt-Passw0rd!");
        let secret = secret.to_str().unwrap();
        let more = [more, &["--retry", "eager", "--amt-password-file", secret]].concat();
        let pc = Platform::dial_with(&mps, &root, GUID, "pcone", "Known1Password", &more);
        let pc = pc.connected();
        server.cli(&["devices", "password", "pc-1", "--amt-password-file", secret]);
        Self { server, pc }
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.server.try_cli(args);
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (status.code().unwrap(), text(&stdout), text(&stderr))
    }

    #[track_caller]
    fn says(&self, args: &[&str], exit: i32, words: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        let all = out + &err;
        assert_eq!(code, exit, "{args:?}: {all}");
        for word in words {
            assert!(all.contains(word), "{args:?} does not say {word}: {all}");
        }
        all
    }

    fn booted(&self) -> String {
        self.pc.ask(&["status"])
    }
}

#[test]
fn a_power_cycle_that_costs_the_tunnel_is_told_until_the_pc_is_back() {
    let site = Site::start(&["--fault", "poweroff-drop=true"]);
    let story = site.says(&["power", "cycle", "pc-1", "--wait"], 0, &["on after"]);
    let at = |what: &str| story.find(what).unwrap_or_else(|| panic!("{what} is missing: {story}"));
    let order = ["accepted by AMT", "tunnel lost", "online again"].map(at);
    assert!(order.is_sorted(), "{story}");
    assert!(story[order[2]..].contains("power=on"), "{story}");
}

#[test]
fn the_first_answer_of_a_pc_tells_its_firmware() {
    let site = Site::start(&["--firmware", "15.0"]);
    let firmware = |site: &Site| {
        let devices = site.server.cli_json(&["devices", "ls"]);
        devices[0]["deviceInfo"]["fwVersion"].as_str().map(str::to_owned)
    };
    assert_eq!(firmware(&site), None, "nobody has asked it");
    site.says(&["power", "state", "pc-1"], 0, &["on"]);
    let version = firmware(&site).expect("known after the first answer");
    assert!(version.starts_with("15."), "{version}");
    site.says(&["devices", "ls"], 0, &["AMT", &version]);
    site.says(&["devices", "show", "pc-1"], 0, &["Firmware", &version]);
}

#[test]
fn a_boot_source_is_set_for_one_boot_and_the_pc_started() {
    let site = Site::start(&["--firmware", "16.1"]);
    for (args, source) in [
        (&["boot", "bios", "pc-1", "--wait"][..], "BIOS setup"),
        (&["boot", "pxe", "pc-1", "--wait"], "network (PXE)"),
        (
            &["boot", "https", "pc-1", "--url", "https://boot.example/x.efi", "--wait"],
            "HTTPS boot of https://boot.example/x.efi",
        ),
    ] {
        site.says(args, 0, &["on after"]);
        eventually(source, || {
            let status = site.booted();
            if status.contains(source) { Ok(()) } else { Err(status) }
        });
    }
}

#[test]
fn one_click_recovery_boots_with_secure_boot_and_on_request_without() {
    let site = Site::start(&["--firmware", "16.1"]);
    let boots = |args: &[&str], source: &str| {
        site.says(&[&["boot"], args, &["--wait"]].concat(), 0, &["on after"]);
        eventually(source, || {
            let status = site.booted();
            let line = status.lines().find(|line| line.contains("booted from: "));
            if line.is_some_and(|line| line.ends_with(source)) { Ok(()) } else { Err(status) }
        });
    };
    let https = ["https", "pc-1", "--url", "https://boot.example/x.efi"];
    boots(&[&https[..], &["--no-secure-boot"]].concat(), "x.efi, without Secure Boot");
    boots(&https, "x.efi");
    let sources = site.says(&["boot", "sources", "pc-1"], 0, &["UEFI HTTPS Boot", "WinRe"]);
    boots(&["winre", "pc-1"], "winre.wim");
    let image = sources.lines().find(|line| line.contains("PBA")).expect(&sources);
    let image = image.split_whitespace().last().unwrap();
    boots(&["local", "pc-1", "--path", image, "--no-secure-boot"], ".efi, without Secure Boot");
    let nowhere = ["boot", "local", "pc-1", "--path", "nowhere", "--yes"];
    site.says(&nowhere, 9, &["E2013", "viaduct boot sources"]);
}

#[test]
fn a_boot_that_needs_consent_says_how_to_get_it_and_then_goes_through() {
    let site = Site::start(&["--firmware", "16.1"]);
    site.says(&["amt", "features", "pc-1", "--consent", "all"], 0, &[]);
    let needed = ["E2032", "viaduct consent request pc-1"];
    let (code, out, _) = site.run(&["boot", "bios", "pc-1"]);
    assert_eq!((code, out.as_str()), (10, ""));
    site.says(&["boot", "bios", "pc-1"], 10, &needed);
    site.says(&["consent", "request", "pc-1"], 0, &["viaduct consent submit pc-1 CODE"]);
    let status = site.booted();
    let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    let code = status
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(digits)
        .unwrap_or_else(|| panic!("no code: {status}"));
    site.says(&["consent", "submit", "pc-1", code], 0, &[]);
    site.says(&["boot", "bios", "pc-1", "--wait"], 0, &["on after"]);
    eventually("the BIOS", || {
        let status = site.booted();
        if status.contains("BIOS setup") { Ok(()) } else { Err(status) }
    });
}

#[test]
fn a_bench_measures_the_server_and_the_way_to_a_pc() {
    let site = Site::start(&[]);
    let rows = site.server.cli_json(&["bench", "pc-1", "-n", "5"]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 3, "{rows:?}");
    for row in rows {
        let number = |key: &str| row[key].as_f64().unwrap_or_else(|| panic!("{key}: {row}"));
        assert_eq!((&row["requests"], &row["failed"]), (&Value::from(5), &Value::from(0)));
        assert!(number("perSecond") > 0.0 && number("p50") > 0.0, "{row}");
        assert!(number("p50") <= number("p99") && number("p99") <= number("slowest"), "{row}");
    }
    site.says(&["bench", "nobody"], 5, &["nobody"]);
    site.says(&["bench", "-n", "0"], 2, &["0"]);
}

#[test]
fn a_pc_that_was_told_not_to_call_is_away_for_that_reason() {
    let site = Site::start(&[]);
    let place = site.server.device_listeners().remove(0);
    let remove = ["remote-access", "rm-mps", "pc-1", &place, "--yes"];
    let (code, out, err) = site.run(&remove);
    assert!(code == 0, "{out}{err}");
    site.server.cli(&["devices", "reconnect", "pc-1"]);
    eventually("it stays away", || {
        let (_, out, _) = site.run(&["devices", "why-offline", "pc-1"]);
        if out.contains("was taken away here") { Ok(()) } else { Err(out) }
    });
}
