//! Two sites with a data directory each share their devices by export and import. When the first is killed, a platform
//! that has both in its policy comes in at the second, and consoles find it there.

use crate::harness::{
    Curl, Directory, Platform, Process, Server, Settings, eventually, output, viaduct,
};
use std::{fs, os::unix::fs::DirBuilderExt, process::Command};

const GUID: &str = "77777777-2222-4333-8444-555555555555";

/// A data directory with the key files of another server, as an administrator copies them.
fn with_keys_of(server: &Server) -> Directory {
    let data = Directory::new();
    let keys = data.join("keys");
    fs::DirBuilder::new().mode(0o700).create(&keys).unwrap();
    for file in fs::read_dir(server.data.join("keys")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), keys.join(file.file_name().to_str().unwrap())).unwrap();
    }
    data
}

#[test]
fn within_its_retry_round() {
    let first = Server::start(&Settings::default());
    first.add_device("pc-two-sites", GUID, "pctwosites", "Two1Sites2Pass3");
    let second = Server::start_in(with_keys_of(&first), &Settings::default());
    let list = first.data.join("devices.json");
    let file = list.to_str().unwrap();
    first.cli(&["devices", "export", file]);
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains(GUID) && !text.contains("Two1Sites2Pass3"), "{text}");
    second.cli(&["devices", "import", file]);

    let roots = [&first, &second].map(|server| server.cli(&["cert", "export"])).concat();
    let roots = first.data.write("roots.pem", &roots);
    let mps = [&first, &second].map(|server| server.device_listeners().remove(0));
    let more = ["--second-mps", &mps[1], "--interval", "2"];
    let platform =
        Platform::dial_with(&mps[0], &roots, GUID, "pctwosites", "Two1Sites2Pass3", &more);
    let platform = platform.connected();
    assert_eq!(first.cli_json(&["devices", "ls"])[0]["connectionStatus"], true);
    assert_eq!(second.cli_json(&["devices", "ls"])[0]["connectionStatus"], false);

    let token = second.token("consoles", "proxy");
    let _data = first.end(Process::kill);
    eventually("the platform is at the second server", || {
        let devices = second.cli_json(&["devices", "ls"]);
        let there = devices[0]["connectionStatus"] == true;
        there.then_some(()).ok_or_else(|| devices.to_string())
    });
    let sign_in = format!("token:{token}");
    let proxy = second.address("HTTP proxy");
    let answer = Curl::new("http://pc-two-sites:16992/").proxy(&proxy, Some(&sign_in)).run();
    assert_eq!(answer.status, 401, "the device asks who we are: {answer:#?}");
    let log = platform.log();
    assert!(log.contains("no TCP connection") && log.contains("tunnel:     open"), "{log}");
}

#[test]
fn a_server_with_other_keys_says_why_it_cannot_use_them() {
    let first = Server::start(&Settings::default());
    first.add_device("pc-two-sites", GUID, "pctwosites", "Two1Sites2Pass3");
    let list = first.data.join("devices.json");
    first.cli(&["devices", "export", list.to_str().unwrap()]);
    let second = Server::start(&Settings::default());
    let mut import = Command::new(viaduct());
    import.args(["devices", "import"]).arg(&list).arg("--data").arg(second.data.path());
    let refused = output(&mut import);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("key files"), "{said}");
    assert_eq!(second.cli_json(&["devices", "ls"]).as_array().map(Vec::len), Some(0));
}
