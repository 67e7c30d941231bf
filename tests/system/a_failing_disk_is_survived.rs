//! While the disk takes nothing devices come and consoles work; when it does again, so does everything.

use crate::harness::{Curl, Platform, Server, Settings, eventually, run};

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
