//! While the disk takes nothing devices come and consoles work; when it does again, so does everything.

use crate::harness::{
    Curl, Directory, Platform, Server, Settings, clean, eventually, output, run, viaduct,
};
use std::process::Command;

const GUID: &str = "99999999-2222-4333-8444-555555555555";

/// From now on no file may be written past so many bytes.
fn limit_files(server: &Server, bytes: &str) {
    let pid = server.process.pid().to_string();
    run("prlimit", ["--pid", &pid, &format!("--fsize={bytes}:unlimited")]);
}

/// The status, when it says that the database does not take anything.
fn complaint(server: &Server) -> Option<String> {
    let status = server.cli_json(&["status"]).to_string();
    status.contains("E4003").then_some(status)
}

#[test]
fn tunnels_come_up_and_the_database_recovers_with_the_disk() {
    let server = Server::start(&Settings::default());
    server.add_device("pc-disk", GUID, "pcdisk", "Disk1Password");
    let (root, mps) = (server.root_certificate(), server.device_listeners().remove(0));
    let sign_in = format!("token:{}", server.token("disk", "proxy"));

    limit_files(&server, "1");
    let _platform = Platform::dial(&mps, &root, GUID, "pcdisk", "Disk1Password").connected();
    let proxy = server.address("HTTP proxy");
    let answer = Curl::new("http://pc-disk:16992/").proxy(&proxy, Some(&sign_in)).run();
    assert_eq!(answer.status, 401, "the device asks who we are: {answer:#?}");
    let add = ["devices", "add", "pc-late", "--guid", "99999999-2222-4333-8444-666666666666"];
    assert_eq!(server.try_cli(&add).status.code(), Some(1), "what is not on the disk is refused");
    eventually("the complaint", || complaint(&server).map(drop).ok_or_else(|| "none".into()));

    limit_files(&server, "unlimited");
    eventually("the recovery", || complaint(&server).map_or(Ok(()), Err));
    server.cli(&add);
}

/// A file system of its own, which fills under a running server whose log cannot be written any more either, and is
/// emptied again. What is mounted is gone with it.
const FILLED: &str = r#"set -eu
mount -t tmpfs -o size=8m,mode=700 none "$1"
mkdir -m 700 "$1/data"
export VIADUCT_DATA="$1/data"
"$VIADUCT" serve --set cira.listen=127.0.0.1:0 --set web.listen=127.0.0.1:0 --set socks.listen=127.0.0.1:0 \
    --set http_proxy.listen=127.0.0.1:0 --set metrics.listen=127.0.0.1:0 >/dev/null 2>/dev/full & server=$!
add() { "$VIADUCT" devices add "pc-$1" --guid "99999999-2222-4333-8444-55555555555$1" >/dev/null 2>"$2"; }
until "$VIADUCT" status >/dev/null 2>&1; do kill -0 $server; done
add 1 /dev/stderr
dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null || true
for n in 2 3; do if add $n /dev/null; then exit 1; fi; done
rm "$1/fill"
n=0
until add 4 "$2/why"; do n=$((n + 1)); [ $n -lt 100 ] || { cat "$2/why"; exit 1; }; done
kill $server; wait $server
"#;

#[test]
fn a_disk_that_was_full_of_the_log_too_is_used_again_when_it_has_room() {
    let (place, notes) = (Directory::new(), Directory::new());
    // Whoever is not root is it in a namespace of their own.
    let namespace = if run("id", ["-u"]).trim() == "0" { "-m" } else { "-rm" };
    let mut command = Command::new("unshare");
    command.args([namespace, "sh", "-c", FILLED, "sh"]).arg(place.path()).arg(notes.path());
    let done = output(clean(&mut command).env("VIADUCT", viaduct()));
    assert!(done.status.success(), "{done:?}");
}
