//! A PC in Client Control Mode shows nothing and boots nothing until the person in front of it has read out a code.

use crate::harness::{Platform, Scenario, Server, Settings, eventually, first_steps, own};
use serde_json::Value;

/// A PC in Client Control Mode, its server, and what a page needs to use it.
fn in_client_control_mode() -> (Server, Platform, Value) {
    let server = Server::start(&Settings::default());
    let (guid, password) = ("4c4c4544-004b-4210-8033-c0c0c0c0c0c0", "P@ssw0rd1!");
    let secret = server.data.write("amt.password", password);
    let secret = secret.to_str().unwrap();
    let user = ["--cira-user", "ccm", "--cira-password-file", secret];
    let amt = ["--amt-password-file", secret];
    let add = ["devices", "add", "pc-ccm", "--guid", guid];
    server.cli(&[&add[..], &user[..], &amt[..]].concat());
    let mps = server.device_listeners().remove(0);
    let root = server.root_certificate();
    let kind = ["--firmware", "16.1", "--provisioning", "ccm"];
    let more = [&kind[..], &["--retry", "eager"], &amt[..]].concat();
    let pc = Platform::dial_with(&mps, &root, guid, "ccm", password, &more).connected();
    let mut task = own(&server);
    first_steps(&server, task.clone());
    task["device"] = guid.into();
    task["pc"] = pc.ask_words(&["status", "--json"]).into();
    (server, pc, task)
}

#[test]
fn the_screen_of_a_pc_in_client_control_mode_opens_with_the_code_that_is_read_out() {
    let (_server, _pc, mut task) = in_client_control_mode();
    // OptInDisplayTimeout of the simulated PC.
    task["shown"] = 300.into();
    Scenario::start("consent", task).done();
}

#[test]
fn a_pc_in_client_control_mode_boots_from_a_web_server_with_the_code_that_is_read_out() {
    let (_server, pc, mut task) = in_client_control_mode();
    let url = "https://boot.example/x.efi";
    task["url"] = url.into();
    Scenario::start("consentToBoot", task).done();
    eventually("the boot", || {
        let status = pc.ask(&["status"]);
        if status.contains(&format!("HTTPS boot of {url}")) { Ok(()) } else { Err(status) }
    });
}
