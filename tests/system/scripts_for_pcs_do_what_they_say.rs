//! `viaduct enroll script`, `mescript` and `mebx`: what they print does at the PC what it promises, and holds what the
//! server holds.

use crate::harness::{
    Directory, Platform, Server, Settings, eventually, from_python, lan_address,
    pages::meshcentral, run, succeed,
};
use serde_json::{Value, json};
use std::{fs, process::Command};

const PASSWORD: &str = "P@ssw0rd1!";
const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";
const RPC: &str = include_str!("drivers/rpc.sh");
const INTERPRETER: &str = include_str!("drivers/mescript.cjs");

#[test]
fn a_mescript_makes_a_pc_dial_in_however_often_it_is_run() {
    let (server, files, address) =
        (Server::start(&Settings::default()), Directory::new(), lan_address());
    let pc = Platform::on_the_local_network("15.0", "pc-me", &address, PASSWORD, &[]);
    let ready: Value = serde_json::from_str(pc.process.all().lines().next().unwrap()).unwrap();
    let guid = ready["devices"][0]["guid"].as_str().unwrap();

    let script = files
        .write("pc-me.mescript", &server.cli(&["enroll", "mescript", "pc-me", "--guid", guid]));
    let interpret = |script: &std::path::Path, tls: bool, short: bool| {
        let task = json!({
            "package": meshcentral(), "script": script, "address": address, "tls": tls,
            "user": "admin", "password": PASSWORD, "short": short,
        });
        let told = run("node", ["-e", INTERPRETER, &task.to_string()]);
        assert!(told.contains(r#"{"same":true}"#), "its own compiler makes the same: {told}");
        assert!(told.contains("Done: it dials in") && !told.contains("Stopped"), "{told}");
        assert!(told.contains(r#"{"ended":true,"exception":null}"#), "{told}");
        assert!(!told.contains("refused"), "a page may send nothing more after it: {told}");
    };
    interpret(&script, true, false);
    let online = || {
        eventually("the PC is connected", || {
            let device = server.cli_json(&["devices", "show", "pc-me"]);
            if device["connectionStatus"] == true { Ok(()) } else { Err(device.to_string()) }
        });
    };
    online();
    let amt = files.write("amt-password", PASSWORD);
    server.cli(&["devices", "password", "pc-me", "--amt-password-file", amt.to_str().unwrap()]);
    let state = server.cli_json(&["power", "state", "pc-me"]);
    assert!(state.to_string().contains("on"), "{state}");

    let holds = |how: &str| {
        let there = server.cli_json(&["remote-access", "show", "pc-me"]);
        let count = |key: &str| there[key].as_array().unwrap().len();
        assert_eq!(
            (count("mps"), count("policies"), count("roots")),
            (1, 3, 1),
            "{how}: {there:#}"
        );
        assert_eq!(there["mps"][0]["here"], true, "{there:#}");
        assert_eq!(there["inside"].as_array().map(Vec::len), Some(1), "at home nowhere: {there:#}");
    };
    holds("after the first time");

    // Again, with a new credential, over the port without TLS, named as in the build for firmware: nothing doubles.
    let again = ["enroll", "mescript", "pc-me", "--guid", guid, "--rotate"];
    let script = files.write("again.mescript", &server.cli(&again));
    interpret(&script, false, true);
    server.cli(&["devices", "reconnect", "pc-me"]);
    online();
    holds("after the second time");
}

/// It is the password that the server compares with.
fn lets_in(server: &Server, password: &str) {
    let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
    drop(Platform::dial(&mps, &root, GUID, "admin", password).connected());
}

#[test]
fn scripts_for_rpc_go_keep_to_its_published_syntax() {
    let (server, files) = (Server::start(&Settings::default()), Directory::new());
    let rpc = files.write("rpc", RPC);
    succeed(Command::new("chmod").arg("+x").arg(&rpc));
    let pem = fs::read_to_string(server.root_certificate()).unwrap();
    let root: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for (more, address) in [
        (&[][..], "127.0.0.1"),
        (&["--rotate"], "127.0.0.1"),
        (&["--rotate", "--mps", "mps.example.com=mps.example.com"], "mps.example.com"),
        (&["--rotate", "--mps", "192.0.2.7:4434"], "192.0.2.7"),
    ] {
        let line = ["enroll", "script", "pc-sh", "--guid", GUID];
        let script = server.cli(&[&line[..], more].concat());
        let file = files.write("pc.sh", &script);
        let path = format!("{}:/usr/bin:/bin", files.path().display());
        let told = succeed(Command::new("sh").arg(&file).env("PATH", path));
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["address"], &told["certificate"]), (&address.into(), &json!(root)));
        lets_in(&server, told["password"].as_str().unwrap());

        // The line for PCs that are not activated is one that could be run, too.
        let activating = script.replace("#\"$RPC\" activate", "\"$RPC\" activate");
        let file = files.write("activate.sh", &activating);
        let told = succeed(Command::new("sh").arg(&file).env("RPC", &rpc));
        assert!(told.starts_with("activated\n{"), "{told}");
        succeed(Command::new("shellcheck").arg(&file));
    }
}

#[test]
fn the_script_for_powershell_is_one_and_holds_the_same() {
    let (server, files) = (Server::start(&Settings::default()), Directory::new());
    let line = ["enroll", "script", "pc-ps", "--guid", GUID, "--shell", "powershell"];
    let script = server.cli(&line);
    for part in
        ["$env:MPS_PASSWORD = '", "& $rpc configure cira --mpsaddress '127.0.0.1' --mpscert 'MII"]
    {
        assert!(script.contains(part), "{script}");
    }
    let activating = script.replace("#& $rpc activate", "& $rpc activate");
    assert_ne!(script, activating);
    let parse = "import sys, tree_sitter, tree_sitter_powershell as ps\n\
                 tree = tree_sitter.Parser(tree_sitter.Language(ps.language())).parse(open(sys.argv[1], 'rb').read())\n\
                 sys.exit(str(tree.root_node) if tree.root_node.has_error else 0)";
    for text in [&script, &activating] {
        let file = files.write("pc.ps1", text);
        succeed(Command::new(from_python("python")).args(["-c", parse]).arg(&file));
    }
    // The check itself notices a script that is none.
    let broken = files.write("broken.ps1", &script.replace("} finally {", "finally {{"));
    let python =
        Command::new(from_python("python")).args(["-c", parse]).arg(&broken).output().unwrap();
    assert!(!python.status.success());
}

#[test]
fn the_steps_at_the_pc_name_what_the_server_holds() {
    let server = Server::start(&Settings::default());
    let steps = server.cli(&["enroll", "mebx", "pc-mebx", "--guid", GUID]);
    let port = server.device_listeners()[0].rsplit_once(':').unwrap().1.to_owned();
    let value = |name: &str| {
        let line =
            steps.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{steps}"));
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!(
        (value("address  "), value("port  "), value("user  ")),
        ("127.0.0.1".into(), port, "admin".into())
    );
    lets_in(&server, &value("password  "));
    let again = server.try_cli(&["enroll", "mebx", "pc-mebx", "--guid", GUID]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("--rotate"), "shown once: {again:?}");
}
