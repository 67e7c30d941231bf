//! What is filled in on the dashboard becomes true: a PC boots from a web server, calls other servers, has what was written
//! into a class of its management engine; PCs of a list are known; and the library follows what others do.

use crate::harness::{Demo, Directory, Platform, Scenario, Server, Settings, eventually};
use serde_json::{Value, json};

const PASSWORD: &str = "P@ssw0rd1!";

#[test]
fn a_pc_boots_from_the_web_server_that_was_typed_and_one_that_cannot_says_why() {
    let server = Server::start(&Settings::default());
    let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
    let files = Directory::new();
    let secret = files.write("amt", PASSWORD);
    let dial = |name: &str, guid: &str, firmware: &str| {
        server.add_device(name, guid, "forms", PASSWORD);
        let secret = secret.to_str().unwrap();
        let more = ["--firmware", firmware, "--retry", "eager", "--amt-password-file", secret];
        let pc = Platform::dial_with(&mps, &root, guid, "forms", PASSWORD, &more).connected();
        server.cli(&["devices", "password", name, "--amt-password-file", secret]);
        // Its first answer tells its firmware.
        server.cli(&["power", "state", name]);
        pc
    };
    let (guid, old) =
        ("4c4c4544-004b-4210-8033-f0f0f0f0f001", "4c4c4544-004b-4210-8033-f0f0f0f0f002");
    let (pc, _old) = (dial("pc-forms", guid, "16.1"), dial("pc-old", old, "12.0"));
    let token = server.token("forms", "admin");
    server.cli(&[
        "users",
        "add",
        "ines",
        "--role",
        "owner",
        "--password-file",
        secret.to_str().unwrap(),
    ]);
    let url = "https://boot.example/x.efi";
    let own_root = std::fs::read_to_string(&root).unwrap();
    Scenario::start(
        "httpsBoot",
        json!({
            "dashboard": format!("https://{}/", server.address("web and API")),
            "user": "ines", "password": PASSWORD, "token": token,
            "device": guid, "old": old, "url": url, "root": own_root,
        }),
    )
    .done();
    eventually("the boot", || {
        let status = pc.ask(&["status"]);
        if status.contains(&format!("HTTPS boot of {url}")) { Ok(()) } else { Err(status) }
    });
}

fn task(demo: &Demo) -> Value {
    json!({
        "dashboard": demo.get("dashboard"), "user": demo.get("user"), "password": demo.get("password"),
        "token": demo.get("token"), "device": demo.devices[0].guid, "name": demo.devices[0].name,
    })
}

#[test]
fn a_change_of_remote_access_is_shown_before_it_is_done_and_asks_when_it_cuts_the_way_back() {
    Scenario::start("remoteAccess", task(&Demo::start(1))).done();
}

#[test]
fn a_class_of_amt_is_changed_by_those_who_may_after_the_name_was_typed() {
    Scenario::start("explorer", task(&Demo::start(1))).done();
}

#[test]
fn a_list_of_pcs_is_judged_by_line_before_any_is_added_and_their_credentials_are_saved_once() {
    Scenario::start("importList", task(&Demo::start(1))).done();
}

#[test]
fn the_library_shows_images_of_others_as_they_come_and_go() {
    Scenario::start("libraryFollows", task(&Demo::start(1))).done();
}

#[test]
fn a_saved_view_is_there_in_another_browser_and_those_that_a_browser_kept_are_taken_over() {
    Scenario::start("viewsEverywhere", task(&Demo::start(2))).done();
}
