//! A PC whose credential is changed through its tunnel, and whose answer is lost, is let in whichever it has: the new one
//! or the one before. So is one that refused the new one. Asking again finishes it.

use crate::harness::{Directory, Platform, Server, Settings};

const PASSWORD: &str = "P@ssw0rd1!";

/// How telling it goes wrong, how the command ends, and what it says.
const WAYS: [(&str, i32, &str); 3] = [
    ("fault", 9, "refused to set the credential"),
    ("cut", 11, "whether it did that is not known"),
    ("cut-done", 11, "whether it did that is not known"),
];

#[test]
fn nor_does_one_that_was_refused() {
    let (server, files) = (Server::start(&Settings::default()), Directory::new());
    let file = |name, text| files.write(name, text).to_str().unwrap().to_owned();
    let (amt, cira) = (file("amt", PASSWORD), file("cira", "Typed-1-Pass"));
    let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
    let dial = |(index, (way, ..)): (usize, &(&str, i32, &str))| {
        let name = format!("pc-{way}");
        let guid = format!("5d1f4b60-0000-4000-8000-00000000000{index}");
        let device = ["devices", "add", &name, "--guid", &guid, "--amt-password-file", &amt];
        let cira = ["--cira-user", "typed", "--cira-password-file", &cira];
        server.cli(&[&device[..], &cira].concat());
        let more = ["--amt-password-file", &amt];
        let pc = Platform::dial_with(&mps, &root, &guid, "typed", "Typed-1-Pass", &more);
        (name, pc.connected())
    };
    let pcs: Vec<(String, Platform)> = WAYS.iter().enumerate().map(dial).collect();
    let add = |name| ["remote-access", "add-mps", name, "second.example"];
    for ((name, pc), (way, code, words)) in pcs.iter().zip(WAYS) {
        pc.ask(&["fault", &format!("spoil-actions=AMT_MPSUsernamePassword:{way}")]);
        let done = server.try_cli(&add(name));
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{way}: {told}");
        assert!(told.contains(words), "{way}: {told}");
        let goes_on = told.contains(&format!("viaduct remote-access show {name}"));
        assert_eq!(goes_on, code == 11, "{way}: {told}");
        pc.ask(&["fault", "spoil-actions=off"]);
    }
    let names: Vec<&str> = pcs.iter().map(|(name, _)| name.as_str()).collect();
    let comes_back =
        || server.cli(&[&["devices", "reconnect"][..], &names, &["--wait", "--yes"]].concat());
    comes_back();
    names.iter().for_each(|name| drop(server.cli(&add(name))));
    comes_back();
    for name in names {
        let shown = server.cli_json(&["remote-access", "show", name]);
        let mps = shown["mps"].as_array().unwrap();
        let users: Vec<_> = mps.iter().map(|mps| &mps["user"]).collect();
        assert!(users.len() == 2 && users[0] == users[1] && users[0] != "typed", "{shown:#}");
    }
}
