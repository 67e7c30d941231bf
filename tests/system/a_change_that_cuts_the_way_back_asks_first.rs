//! On a terminal, whatever cannot be taken back is asked about: what enrolling would do to a PC, and a change
//! that would cut the only way back. Another word than the expected one changes nothing.

use crate::harness::{Directory, Platform, Server, Settings, lan_address, on_terminal};

const PASSWORD: &str = "P@ssw0rd1!";

fn told(server: &Server, line: &[&str], talk: &[(&str, &str)]) -> String {
    on_terminal(&server.cli_words(line), talk).unwrap()
}

#[test]
fn enrolling_and_cutting_are_asked_about_on_a_terminal() {
    let (server, address) = (Server::start(&Settings::default()), lan_address());
    let _pc = Platform::on_the_local_network("15.0", "pc-asked", &address, PASSWORD, &[]);
    let files = Directory::new();
    let file = files.write("amt-password", PASSWORD);
    let enroll = ["enroll", "lan", &address, "--amt-password-file", file.to_str().unwrap()];
    let question = "Do it? [y/N]";
    let plan = told(&server, &enroll, &[(question, "n\n"), ("Nothing was changed", "")]);
    assert!(plan.contains("would add the MPS"), "{plan}");
    assert_eq!(server.cli_json(&["devices", "ls"]).as_array().unwrap().len(), 0);
    told(&server, &enroll, &[(question, "y\n"), ("pc-asked is online", ""), ("connected", "")]);

    let policies = || server.cli_json(&["remote-access", "show", "pc-asked"])["policies"].clone();
    let before = policies();
    let cut = ["remote-access", "policy", "pc-asked", "--rm", "periodic"];
    let name = "Type the device's name:";
    told(&server, &cut, &[(name, "yes\n"), ("Nothing was changed", "")]);
    assert_eq!(policies(), before);
    told(&server, &cut, &[(name, "pc-asked\n"), ("✓ remove the policy Periodic", "")]);
    assert_eq!(policies().as_array().unwrap().len(), 2);
}
