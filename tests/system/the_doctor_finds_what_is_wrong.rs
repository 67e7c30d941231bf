//! `viaduct doctor` finds what is wrong with a server and its machine, and says what to do about it.

use crate::harness::{
    Directory, Platform, Server, Settings, clean, eventually, output, run, viaduct,
};
use std::{net::TcpListener, path::Path, process::Command};

/// The doctor for the data directory of a server that does not run.
fn doctor(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(viaduct());
    command.arg("doctor").arg("--data").arg(data);
    for section in ["cira", "web", "socks", "http_proxy", "metrics"] {
        command.args(["--set", &format!("{section}.listen=127.0.0.1:0")]);
    }
    command.args(["--set", "cira.names=[\"127.0.0.1\"]"]).args(more);
    clean(&mut command);
    command
}

#[track_caller]
fn finds(command: &mut Command, exit: i32, words: &[&str]) {
    let done = output(command);
    let text = String::from_utf8_lossy(&[&done.stdout[..], &done.stderr[..]].concat()).into_owned();
    assert_eq!(done.status.code(), Some(exit), "{text}");
    for word in words {
        assert!(text.contains(word), "it does not say {word}:\n{text}");
    }
}

/// A data directory that a server has used and left in order.
fn used() -> Directory {
    let server = Server::start(&Settings::default());
    server.cli(&["status"]);
    server.end(|process| assert!(process.terminate().success()))
}

#[test]
fn a_good_server_has_no_problem_running_and_at_rest() {
    let server = Server::start(&Settings::default());
    let done = server.try_cli(&["doctor"]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && text.contains("answers on 127.0.0.1"), "{text}");
    let data = server.end(|process| assert!(process.terminate().success()));
    finds(&mut doctor(data.path(), &[]), 0, &["0 problem(s)", "no damage found"]);
}

#[test]
fn a_taken_port_is_named_with_who_has_it() {
    let data = used();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let pid = std::process::id().to_string();
    let words = [&*address, "E1001", &pid, "cira.listen"];
    finds(&mut doctor(data.path(), &["--set", &format!("cira.listen={address}")]), 14, &words);
}

#[test]
fn a_certificate_that_is_broken_is_named_with_what_to_do() {
    let data = used();
    let files = Directory::new();
    let (certificate, key) = (files.join("other.pem"), files.join("other.key"));
    for (name, out) in [("right", &certificate), ("wrong", &files.join("unused.pem"))] {
        let key = if name == "right" { files.join("unused.key") } else { key.clone() };
        let words = [
            "req",
            "-x509",
            "-newkey",
            "rsa:3072",
            "-nodes",
            "-days",
            "90",
            "-subj",
            "/CN=127.0.0.1",
        ];
        let mut openssl = Command::new("openssl");
        openssl.args(words).arg("-keyout").arg(key).arg("-out").arg(out);
        assert!(output(&mut openssl).status.success());
    }
    // A certificate with the key of another one.
    let set = format!(
        "cira.certificates=[{{certificate=\"{}\",key=\"{}\"}}]",
        certificate.display(),
        key.display()
    );
    finds(
        &mut doctor(data.path(), &["--set", &set]),
        14,
        &["certificates", "does not", "viaduct cert reload"],
    );
    std::fs::write(&certificate, "no certificate at all\n").unwrap();
    finds(&mut doctor(data.path(), &["--set", &set]), 14, &["certificates", "other.pem"]);
}

#[test]
fn a_data_directory_that_others_can_read_is_a_problem() {
    let data = used();
    let path = data.path().to_str().unwrap();
    run("chmod", ["755", path]);
    finds(&mut doctor(data.path(), &[]), 14, &[&format!("chmod 700 {path}")]);
    run("chmod", ["700", path]);
    finds(&mut doctor(data.path(), &[]), 0, &["0 problem(s)"]);
}

#[test]
fn settings_that_are_wrong_and_a_server_that_is_not_there_are_told() {
    let data = used();
    let wrong = ["--set", "keepalive.interval=5y"];
    finds(&mut doctor(data.path(), &wrong), 14, &["keepalive.interval"]);
    let mut gone = Command::new(viaduct());
    clean(gone.args(["doctor", "--server", "https://127.0.0.1:1"]));
    finds(&mut gone, 14, &["127.0.0.1:1"]);
}

#[test]
fn a_clock_that_is_years_off_is_a_problem() {
    let data = used();
    let words = doctor(data.path(), &[]);
    let mut elsewhen = Command::new("faketime");
    elsewhen.args(["--exclude-monotonic", "2020-02-03 04:05:06"]);
    elsewhen.arg(words.get_program()).args(words.get_args());
    clean(&mut elsewhen);
    let said = ["2020-02-03", "Set the clock", "is this machine's clock right?"];
    finds(&mut elsewhen, 14, &said);
}

/// A file system of 8 MiB of its own, in which a used data directory is treated badly. What is mounted is gone with it.
const BAD_DISK: &str = r#"set -eu
mount -t tmpfs -o size=8m,mode=700 none "$1"
cp -a "$2/." "$1/"
listen="--set cira.listen=127.0.0.1:0 --set web.listen=127.0.0.1:0 --set socks.listen=127.0.0.1:0
    --set http_proxy.listen=127.0.0.1:0 --set metrics.listen=127.0.0.1:0"
tell() {
    "$VIADUCT" doctor --data "$1" $listen 2>&1 || echo "exit $?"
    "$VIADUCT" serve --data "$1" $listen 2>&1 || echo "exit $?"
}
dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null || true
echo "== full"; tell "$1"
rm "$1/fill"
"$VIADUCT" serve --data "$1" $listen >/dev/null 2>&1 & server=$!
until [ -s "$1/viaduct.db-wal" ]; do kill -0 $server; done
kill -KILL $server; wait $server 2>/dev/null || true
dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null || true
echo "== killed and full"; tell "$1"
rm "$1/fill"
mount -o remount,ro "$1"
echo "== read-only"; tell "$1"
mount -o remount,rw "$1"
chmod 644 "$1/ca/root.key" "$1"/keys/*
echo "== open"; "$VIADUCT" doctor --data "$1" $listen 2>&1 || echo "exit $?"
"#;

#[test]
fn a_disk_that_is_full_or_cannot_be_written_and_keys_for_all_to_read_are_told() {
    let (data, place) = (used(), Directory::new());
    // Whoever is not root is it in a namespace of their own.
    let namespace = if run("id", ["-u"]).trim() == "0" { "-m" } else { "-rm" };
    let mut command = Command::new("unshare");
    command.args([namespace, "sh", "-c", BAD_DISK, "sh"]).arg(place.path()).arg(data.path());
    let done = output(clean(&mut command).env("VIADUCT", viaduct()));
    let said = [&done.stdout[..], &done.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(done.status.success(), "{said}");
    let place = place.path().display();
    let part = |name: &str| {
        let part = said.split("== ").find(|part| part.starts_with(name));
        part.unwrap_or_else(|| panic!("no {name}: {said}")).to_owned()
    };
    let doctor = format!("next: `viaduct doctor --data {place}`");
    // A server that ended in order left the database alone, one that was killed its log and that log's index too:
    // SQLite stumbles over different things then. Whether it can be examined depends on them; that is no damage.
    for name in ["full", "killed and full"] {
        let full = part(name);
        for words in
            ["✗ disk", "E4002", "Make room on this disk", "exit 14", "the disk is full", &doctor]
        {
            assert!(full.contains(words), "{words}: {full}");
        }
        assert!(full.contains("it may be whole") || full.contains("no damage found"), "{full}");
    }
    let read_only = part("read-only");
    let why = format!("{place} cannot be written");
    for words in
        [&*why, "Read-only file system", "remount,rw", "exit 14", "E1008", &doctor, "exit 2"]
    {
        assert!(read_only.contains(words), "{words}: {read_only}");
    }
    let open = part("open");
    for key in ["ca/root.key", "keys/sealing.key", "keys/tokens.key", "keys/credentials.key"] {
        assert!(open.contains(&format!("chmod go= {place}/{key}")), "{key}: {open}");
    }
}

#[test]
fn a_pc_is_looked_at_from_its_tunnel_to_its_way_back() {
    let server = Server::start(&Settings::default());
    let mps = server.device_listeners().remove(0);
    let root = server.root_certificate();
    let guid = "4c4c4544-004b-4210-8033-b6c04f504673";
    server.add_device("till-8", guid, "till8", "Known1Password");
    let mut look = server.cli_process(&["doctor", "--device", "till-8"]);
    let away = [
        "till-8 has never",
        "Most likely",
        "next:",
        "is not kept here",
        "1 problem(s), 1 warning(s)",
    ];
    finds(&mut look, 14, &away);

    let files = Directory::new();
    let amt = files.write("amt", "Office1Password!");
    let amt = ["--amt-password-file", amt.to_str().unwrap()];
    let platform = Platform::dial_with(&mps, &root, guid, "till8", "Known1Password", &amt);
    let _platform = platform.connected();
    server.cli(&[&["devices", "password", "till-8"][..], &amt].concat());
    eventually("all its ports are known", || {
        let shown = server.cli_json(&["devices", "show", "till-8"]);
        let ports = shown["ports"].as_array().map_or(0, Vec::len);
        if ports == 7 { Ok(()) } else { Err(shown.to_string()) }
    });
    finds(
        &mut look,
        0,
        &["AMT answers with the password", "✓ way back", "0 problem(s), 0 warning(s)"],
    );
    server.cli(&["amt", "features", "till-8", "--sol", "off"]);
    finds(&mut look, 0, &["SOL is off", "viaduct amt features till-8 --sol on"]);
    let wrong = files.write("wrong", "Wrong1Password!");
    server.cli(&["devices", "password", "till-8", "--amt-password-file", wrong.to_str().unwrap()]);
    finds(&mut look, 14, &["refuses the AMT user and password", "viaduct devices password"]);
    finds(&mut server.cli_process(&["doctor", "--device", "till-9"]), 5, &["E2001"]);
}

/// Root without the rights that make every file its own: an ordinary user, as far as files go.
const ORDINARY: [&str; 2] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];

fn as_ordinary_user(command: &Command) -> Command {
    let mut ordinary = Command::new(ORDINARY[0]);
    ordinary.arg(ORDINARY[1]).arg(command.get_program()).args(command.get_args());
    clean(&mut ordinary);
    ordinary
}

#[test]
fn what_belongs_to_another_user_is_looked_at_as_its_own_or_said_not_to_be() {
    let closed = ["is closed to others", "were not looked at", "sudo viaduct doctor --data"];
    if run("id", ["-u"]).trim() != "0" {
        // Nobody gives away files but root, whose home is closed to everybody else.
        return finds(&mut doctor(Path::new("/root"), &[]), 0, &closed);
    }
    let data = used();
    let path = data.path().to_str().unwrap();
    run("chown", ["-R", "daemon:", path]);
    finds(&mut as_ordinary_user(&doctor(data.path(), &[])), 0, &closed);

    let whose = ["looked at as root, they belong to daemon", "runuser -u daemon -- viaduct serve"];
    finds(&mut doctor(data.path(), &[]), 0, &whose);
    let database = format!("{path}/viaduct.db");
    run("chmod", ["400", &database]);
    let cannot = [&*format!("{database} cannot be written"), &*format!("chown -R daemon: {path}")];
    finds(&mut doctor(data.path(), &[]), 14, &cannot);
    run("chmod", ["600", &database]);
    run("chown", ["root:", &database]);
    let foreign =
        [&*format!("do not belong to daemon as it does, the first is {database} of root")];
    finds(&mut doctor(data.path(), &[]), 0, &foreign);

    run("chown", ["daemon:", &database]);
    let server = Server::start_in(data, &Settings::default());
    let done = server.try_cli(&["doctor"]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        text.contains("the server runs as root, and") && text.contains("start it as daemon"),
        "{text}"
    );
}
