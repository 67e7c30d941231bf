//! The program as a shell sees it: exit codes, what goes to which stream, signing in, forwarding.

mod program;

use program::{Demo, Program, Serve};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
};

const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";
const OTHER: &str = "4c4c4544-004b-4210-8033-b6c04f504634";

#[test]
fn failures_have_the_exit_codes_of_the_contract_and_print_no_data() {
    let server = Serve::start();
    let data = server.data();
    server.cli(&["devices", "add", "pc-1", "--guid", GUID]).succeeds();
    let read = server.cli(&["tokens", "create", "r", "--scope", "read"]).succeeds().last_line();
    let proxy = server.cli(&["tokens", "create", "p", "--scope", "proxy"]).succeeds().last_line();
    let url = server.url();
    let remote = |token: &str, args: &[&str]| {
        let mut program =
            Program::new(&[&["--server", url.as_str(), "--data", data], args].concat());
        program.env("VIADUCT_TOKEN", token);
        program.run()
    };
    let nowhere = tempfile::tempdir().unwrap();
    let nowhere = nowhere.path().to_str().unwrap();
    for (done, exit, code) in [
        (server.cli(&["devices", "show", "nobody"]), 5, "E2001"),
        (server.cli(&["devices", "add", "pc-2", "--guid", GUID]), 7, "E2004"),
        (server.cli(&["devices", "add", "pc-1", "--guid", OTHER]), 7, "E2004"),
        (server.cli(&["devices", "add", "a b", "--guid", OTHER]), 2, "E1400"),
        (server.cli(&["devices", "reconnect", "pc-1"]), 8, "E2002"),
        (server.cli(&["forward", "pc-1:16992"]), 8, "E2002"),
        (server.cli(&["forward", "pc-1"]), 2, "DEVICE:PORT"),
        (server.cli(&["tokens", "revoke", "nobody"]), 5, "E3007"),
        (server.cli(&["devices", "rm", "pc-1", "nobody"]), 2, "--yes"),
        (server.cli(&["--yes", "devices", "block", "pc-1", "nobody"]), 12, "E2001"),
        (remote(&read, &["devices", "rm", "pc-1"]), 6, "E3004"),
        (remote(&proxy, &["devices", "ls"]), 6, "E3004"),
        (remote("wrong", &["devices", "ls"]), 4, "E3001"),
        (remote("", &["devices", "ls"]), 4, "E3001"),
        (Program::new(&["--data", nowhere, "status"]).run(), 3, "E1110"),
        (Program::new(&["--server", "https://127.0.0.1:1", "status"]).run(), 3, "E1110"),
        (Program::new(&["--server", url.as_str(), "status"]).run(), 3, "E1111"),
        (Program::new(&["--server", "http://192.0.2.1", "status"]).run(), 2, "https"),
        (Program::new(&["devices", "frobnicate"]).run(), 2, "frobnicate"),
        (Program::new(&["serve", "--data", data]).run(), 2, "E1002"),
        (Program::new(&["config", "check", "--set", "web.colour=red"]).run(), 2, "colour"),
    ] {
        assert_eq!(done.exit, exit, "{done:?}");
        assert!(done.stderr.contains(code), "{code} is not said: {done:?}");
        assert_eq!(done.stdout, "", "{done:?}");
    }
}

#[test]
fn lists_and_objects_are_printed_in_every_form() {
    let server = Serve::start();
    let empty = server.cli(&["devices", "ls", "-o", "json"]).succeeds();
    assert_eq!(empty.stdout, "[]\n");
    let empty = server.cli(&["devices", "ls"]).succeeds();
    assert_eq!(empty.stdout, "");
    assert!(empty.stderr.contains("devices add"), "{}", empty.stderr);
    let added = server
        .cli(&["devices", "add", "pc-1", "--guid", GUID, "--label", "site=berlin"])
        .succeeds();
    let password = added.last_line();
    assert!(added.stdout.starts_with("user ") && password.starts_with("password "), "{added:?}");
    let json: Value =
        serde_json::from_str(&server.cli(&["devices", "ls", "-o", "json"]).succeeds().stdout)
            .unwrap();
    assert_eq!((&json[0]["guid"], &json[0]["name"]), (&GUID.into(), &"pc-1".into()));
    assert_eq!(json[0]["connectionStatus"], false);
    let line = server.cli(&["devices", "ls", "-o", "ndjson"]).succeeds().stdout;
    assert_eq!(line.lines().count(), 1);
    let csv = server.cli(&["devices", "ls", "-o", "csv"]).succeeds().stdout;
    assert_eq!(csv.lines().next(), Some("name,state,up,amt,from,ports,labels,guid"));
    assert_eq!(
        csv.lines().nth(1),
        Some(format!("pc-1,away,never seen,,,,site=berlin,{GUID}").as_str())
    );
    let table = server.cli(&["devices", "ls"]).succeeds().stdout;
    assert!(table.starts_with("NAME ") && table.contains("○ away"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colour off a terminal");
    let other = server.cli(&["devices", "ls", "-l", "site=paris", "-o", "json"]).succeeds();
    assert_eq!(other.stdout, "[]\n");
    let token = server.cli(&["tokens", "create", "t", "--scope", "operate"]).succeeds();
    assert_eq!(token.stdout.lines().count(), 1, "{token:?}");
    let pem = server.cli(&["cert", "export"]).succeeds().stdout;
    assert!(
        pem.starts_with("-----BEGIN CERTIFICATE-----")
            && pem.ends_with("-----END CERTIFICATE-----\n")
    );
}

#[test]
fn a_device_is_changed_step_by_step() {
    let server = Serve::start();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "Known-Passw0rd\n").unwrap();
    let file = secret.path().to_str().unwrap();
    let added = server
        .cli(&[
            "devices",
            "add",
            "pc-1",
            "--guid",
            GUID,
            "--cira-user",
            "u",
            "--cira-password-file",
            file,
        ])
        .succeeds();
    assert_eq!(added.stdout, "", "a password that was given is not printed: {added:?}");
    server.cli(&["devices", "rename", "pc-1", "till-9"]).succeeds();
    server.cli(&["devices", "label", "till-9", "site=berlin", "lab"]).succeeds();
    server.cli(&["devices", "label", "till-9", "lab-"]).succeeds();
    server.cli(&["devices", "block", "till-9"]).succeeds();
    let shown = server.cli(&["devices", "show", "TILL-9", "-o", "json"]).succeeds();
    let device: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(device["tags"], serde_json::json!(["site=berlin"]));
    assert_eq!((&device["blocked"], &device["mpsusername"]), (&true.into(), &"u".into()));
    let why = server.cli(&["devices", "why-offline", "till-9"]).succeeds();
    assert!(why.stdout.contains("E2012"), "{why:?}");
    server.cli(&["devices", "approve", "till-9"]).succeeds();
    server.cli(&["devices", "rm", "till-9"]).succeeds();
    assert_eq!(server.cli(&["devices", "ls", "-o", "json"]).succeeds().stdout, "[]\n");
}

#[test]
fn devices_are_imported_and_their_credentials_printed() {
    let server = Serve::start();
    let list = format!("name,guid,labels\npc-1,{GUID},site=berlin\npc-1,{OTHER},\n");
    let mut import = server.program(&["devices", "import", "-", "-o", "csv"]);
    let done = import.run_with(&list);
    assert_eq!(done.exit, 12, "{done:?}");
    let mut lines = done.stdout.lines();
    assert_eq!(lines.next(), Some("name,guid,cira_user,cira_password"));
    let row: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(row[..2], ["pc-1", GUID]);
    assert!(row[2..].iter().all(|credential| credential.len() >= 8), "{row:?}");
    assert_eq!(lines.next(), None);
    let bad = server.program(&["devices", "import", "-"]).run_with("name,guid\nx,nonsense\n");
    assert_eq!((bad.exit, bad.stdout.as_str()), (2, ""), "{bad:?}");
}

#[test]
fn the_audit_log_is_shown_exported_and_checked() {
    let server = Serve::start();
    server.cli(&["devices", "add", "pc-1", "--guid", GUID]).succeeds();
    let tail = server.cli(&["audit", "tail"]).succeeds();
    assert!(tail.stdout.contains("devices.change") && tail.stdout.contains(GUID), "{tail:?}");
    server.cli(&["audit", "verify"]).succeeds();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.ndjson");
    let export = server.cli(&["audit", "export", "--out", file.to_str().unwrap()]).succeeds();
    assert!(export.stderr.contains("rows written"), "{export:?}");
    server.cli(&["audit", "verify", file.to_str().unwrap()]).succeeds();
    let text = std::fs::read_to_string(&file).unwrap().replace("local", "nobody");
    std::fs::write(&file, text).unwrap();
    let broken = server.cli(&["audit", "verify", file.to_str().unwrap()]);
    assert_eq!((broken.exit, broken.stderr.contains("row 1: ")), (14, true), "{broken:?}");
}

#[test]
fn users_are_made_and_sign_in_with_their_password() {
    let server = Serve::start();
    let add = |name: &str, role: &str| {
        let args = ["users", "add", name, "--role", role, "--password-file", "-"];
        server.program(&args).run_with("correct horse\n").succeeds()
    };
    add("root", "owner");
    add("ines", "viewer");
    let list = server.cli(&["users", "ls", "-o", "json"]).succeeds().stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["role"]), (&"ines".into(), &"viewer".into()));
    assert!(server.cli(&["users", "roles"]).succeeds().stdout.contains("device-admin"));
    let home = tempfile::tempdir().unwrap();
    let (url, ca) = (server.url(), format!("{}/ca/root.pem", server.data()));
    let at_home = |args: &[&str]| {
        let mut program = Program::new(args);
        program.env("HOME", home.path());
        program
    };
    let login = ["login", &url, "--ca-file", &ca, "--user", "ines", "--password-file", "-"];
    let wrong = at_home(&login).run_with("wrong\n");
    assert_eq!((wrong.exit, wrong.stderr.contains("E3001")), (4, true), "{wrong:?}");
    at_home(&login).run_with("correct horse\n").succeeds();
    let me = at_home(&["whoami", "-o", "json"]).run().succeeds();
    let me: Value = serde_json::from_str(&me.stdout).unwrap();
    assert_eq!((&me["name"], &me["role"]), (&"ines".into(), &"viewer".into()));
    at_home(&["devices", "ls"]).run().succeeds();
    let forbidden = at_home(&["devices", "add", "pc-1", "--guid", GUID]).run();
    assert_eq!((forbidden.exit, forbidden.stderr.contains("E3004")), (6, true), "{forbidden:?}");
    let context = home.path().join(".config/viaduct/context.json");
    let kept = std::fs::read_to_string(&context).unwrap();
    at_home(&["logout"]).run().succeeds();
    std::fs::write(&context, kept).unwrap();
    let ended = at_home(&["whoami"]).run();
    assert_eq!(ended.exit, 4, "the server ended the sign-in too: {ended:?}");
    server.cli(&["users", "role", "ines", "operator"]).succeeds();
    server.cli(&["users", "disable", "ines"]).succeeds();
    let disabled = at_home(&login).run_with("correct horse\n");
    assert_eq!(disabled.exit, 4, "{disabled:?}");
    server.cli(&["users", "rm", "ines"]).succeeds();
    let last = server.cli(&["users", "rm", "root"]);
    assert!(last.exit != 0 && last.stderr.contains("last owner"), "{last:?}");
}

#[test]
fn login_remembers_server_token_and_root_for_its_owner_only() {
    let server = Serve::start();
    let token = server.cli(&["tokens", "create", "t", "--scope", "admin"]).succeeds().last_line();
    let certificates = server.cli(&["cert", "show", "-o", "json"]).succeeds().stdout;
    let certificates: Value = serde_json::from_str(&certificates).unwrap();
    let web = certificates.as_array().unwrap().iter().find(|it| it["listener"] == "web").unwrap();
    let fingerprint = web["sha256"].as_str().unwrap();
    let home = tempfile::tempdir().unwrap();
    let url = server.url();
    let at_home = |args: &[&str]| {
        let mut program = Program::new(args);
        program.env("HOME", home.path());
        program
    };
    let wrong = at_home(&["login", &url, "--fingerprint", &"0".repeat(64)]).run_with(&token);
    assert_eq!((wrong.exit, wrong.stderr.contains("E1111")), (3, true), "{wrong:?}");
    let unknown = at_home(&["login", &url]).run_with(&token);
    assert_eq!(unknown.exit, 3);
    assert!(unknown.stderr.contains(fingerprint), "{unknown:?}");
    at_home(&["login", &url, "--fingerprint", fingerprint]).run_with(&token).succeeds();
    let remembered =
        std::fs::read_to_string(home.path().join(".config/viaduct/context.json")).unwrap();
    assert!(remembered.contains("BEGIN CERTIFICATE"), "the root takes the fingerprint's place");
    let me = at_home(&["whoami"]).run().succeeds();
    assert!(me.stdout.contains("token:t") && me.stdout.contains(&url), "{me:?}");
    at_home(&["devices", "add", "pc-1", "--guid", GUID]).run().succeeds();
    at_home(&["logout"]).run().succeeds();
    assert!(!home.path().join(".config/viaduct/context.json").exists());
}

#[test]
fn the_demonstration_is_used_through_forward_and_leaves_nothing_behind() {
    let demo = Demo::start(2);
    let data = demo.data().to_owned();
    let list = demo.cli(&["devices", "ls", "--online", "-o", "json"]).succeeds();
    let devices: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(devices.as_array().unwrap().len(), 2, "{list:?}");
    for place in
        [vec!["--data", data.as_str()], vec!["--server", demo.url(), "--data", data.as_str()]]
    {
        let mut forward = Program::new(&[&place[..], &["forward", "pc-01:16992"]].concat());
        forward.env("VIADUCT_TOKEN", demo.token());
        let forward = forward.start();
        let address = forward.line();
        let mut io = TcpStream::connect(&address).unwrap();
        io.write_all(b"GET /index.htm HTTP/1.1\r\nHost: pc-01:16992\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        io.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 401", "the device asks for its own sign-in");
        assert_eq!(forward.interrupt(), 0);
    }
    let busy = demo.cli(&["forward", "pc-01:80"]);
    assert_eq!((busy.exit, busy.stderr.contains("E2005")), (9, true), "{busy:?}");
    demo.cli(&["devices", "reconnect", "--wait", "pc-02"]).succeeds();
    let env = demo.cli(&["proxy", "env", "pc-01"]).succeeds();
    assert!(env.stdout.contains("export http_proxy=http://token:"), "{env:?}");
    assert_eq!(demo.end(), 0);
    assert!(!Path::new(&data).exists(), "the temporary directory is gone");
}

#[test]
fn a_demonstration_can_be_run_again_on_its_directory_and_never_on_real_data() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("demo");
    for _ in 0..2 {
        let demo = Demo::start_in(1, &data);
        demo.cli(&["status"]).succeeds();
        assert_eq!(demo.end(), 0);
    }
    let real = Serve::start();
    let refused = Program::new(&["demo", "--data", real.data()]).run();
    assert_eq!((refused.exit, refused.stdout.as_str()), (2, ""), "{refused:?}");
}

#[test]
fn events_are_listed_and_followed() {
    let server = Serve::start();
    let data = server.data();
    let empty = server.cli(&["events"]).succeeds();
    assert_eq!(empty.stdout, "");
    let follow = ["--data", data, "events", "--follow", "--type", "certificates", "--since", "1h"];
    server.cli(&["cert", "reload"]).succeeds();
    let listed = server.cli(&["events", "-o", "json", "--type", "certificates"]).succeeds();
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let first = listed[0]["id"].as_u64().unwrap();
    let following = Program::new(&[&follow[..], &["-o", "ndjson"]].concat()).start();
    let event: Value = serde_json::from_str(&following.line()).unwrap();
    assert_eq!(
        (event["id"].as_u64(), &event["type"]),
        (Some(first), &"certificates.reloaded".into())
    );
    server.cli(&["cert", "reload"]).succeeds();
    let last = listed.as_array().unwrap().last().unwrap()["id"].as_u64().unwrap();
    // Those that were there come first, then what happens, each once and in order.
    let mut id = first;
    while id <= last {
        let event: Value = serde_json::from_str(&following.line()).unwrap();
        let next = event["id"].as_u64().unwrap();
        assert!(next > id, "{event}");
        id = next;
    }
    let people = Program::new(&follow).start();
    assert!(people.line().contains("certificates.reloaded"));
    for args in [&["events", "--type", "tunel"][..], &["events", "--follow", "-o", "json"]] {
        let done = server.cli(args);
        assert_eq!((done.exit, done.stdout.as_str()), (2, ""), "{done:?}");
    }
}

/// `/dev/full` takes nothing, as a disk without space.
#[cfg(target_os = "linux")]
#[test]
fn data_that_standard_output_did_not_take_is_no_success() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let viaduct = || std::process::Command::new(env!("CARGO_BIN_EXE_viaduct"));
    for words in [&["explain", "E2034"][..], &["--help"], &["--version"], &["power", "reset", "-h"]]
    {
        let done = viaduct().args(words).stdout(full()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("standard output: No space left on device"), "{words:?}: {said}");
    }
}
