//! What is filled in on the dashboard becomes true: a PC boots from a web server, calls other servers, has what was written
//! into a class of its management engine; PCs of a list are known; and the library follows what others do.

use crate::harness::{
    Demo, Directory, Platform, Scenario, Server, Settings, clean, eventually, output, succeed,
    viaduct,
};
use serde_json::{Value, json};
use std::process::Command;

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
    let demo = &Demo::start(1);
    let page = Scenario::start("explorer", task(demo));
    let line: Value = serde_json::from_str(&page.says(r#"{"offer":"#)).unwrap();
    page.done();
    // The command that the page offers for an instance whose keys are instances.
    let (guid, class) = (&*demo.devices[0].guid, "AMT_RemoteAccessPolicyAppliesToMPS");
    let all = demo.viaduct(&["wsman", "enum", guid, class, "-o", "json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    let mut shell = Command::new("sh");
    let offer = line["offer"].as_str().unwrap();
    clean(shell.args(["-c", &format!("PATH='{}':$PATH {offer} -o json", directory())]));
    let server = demo.get("dashboard").trim_end_matches('/');
    shell.env("VIADUCT_SERVER", server).env("VIADUCT_TOKEN", demo.get("token"));
    let read: Value =
        serde_json::from_str(&succeed(shell.env("VIADUCT_CA", demo.get("ca_file")))).unwrap();
    assert_eq!(read, all[0]);
}

/// Where the program is.
fn directory() -> String {
    viaduct().parent().unwrap().to_str().unwrap().to_owned()
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
    let (demo, files) = (&Demo::start(2), Directory::new());
    Scenario::start("viewsEverywhere", task(demo)).done();
    let shell = |args: &[&str]| {
        let mut command = Command::new(viaduct());
        clean(command.args(args)).args(["--ca", demo.get("ca_file")]);
        output(command.env("XDG_CONFIG_HOME", files.path()))
    };
    let password = files.write("password", demo.get("password"));
    let (server, user) = (demo.get("dashboard").trim_end_matches('/'), demo.get("user"));
    let password = ["--password-file", password.to_str().unwrap()];
    let login = shell(&[&["login", server, "--user", user], &password[..]].concat());
    assert!(login.status.success(), "{}", String::from_utf8_lossy(&login.stderr));
    let views = |args: &[&str]| {
        let done = shell(&[&["devices", "views"], args].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let address = format!("{server}/devices?q=till&sort=name");
    views(&["save", "from a shell", &address]);
    let table = views(&["ls"]);
    assert!(table.contains("of old / ü") && table.contains("q=pc-02"), "{table}");
    views(&["rm", "of old / ü"]);
    let left: Value = serde_json::from_str(&views(&["ls", "-o", "json"])).unwrap();
    assert_eq!(
        (&left[0]["name"], &left[0]["query"]),
        (&"from a shell".into(), &"q=till&sort=name".into())
    );
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    let misspelt = shell(&["devices", "views", "rm", "from a shel"]);
    assert_eq!(misspelt.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&misspelt.stderr).contains("E3013"));

    // What the page of the own account offers for the password.
    let new = files.write("new", "another good password");
    let change = ["--old-password-file", password[1], "--password-file", new.to_str().unwrap()];
    let passwd = |name: &str| shell(&[&["users", "passwd", name], &change[..]].concat());
    assert_eq!(passwd("somebody").status.code(), Some(2), "of somebody else");
    let done = passwd(user);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let again = |file: &str| shell(&["login", server, "--user", user, "--password-file", file]);
    assert_eq!(again(password[1]).status.code(), Some(4), "the old one");
    assert!(again(new.to_str().unwrap()).status.success(), "the new one");
}
