//! `viaduct cert rotate`: a new root is pushed through the tunnels, coverage is shown, and it is used only
//! when every device has it, or when somebody accepts to lose the others.

use crate::harness::{Directory, Platform, Server, Settings, lan_address};

const PASSWORD: &str = "P@ssw0rd1!";

fn enrolled(server: &Server, name: &str) -> Platform {
    let address = lan_address();
    let platform = Platform::on_the_local_network("15.0", name, &address, PASSWORD, &[]);
    let files = Directory::new();
    let file = files.write("amt-password", PASSWORD);
    let file = file.to_str().expect("a path in UTF-8");
    server.cli(&["enroll", "lan", &address, "--amt-password-file", file, "--yes", "--wait"]);
    platform
}

fn roots(server: &Server, device: &str) -> Vec<(String, bool)> {
    let state = server.cli_json(&["remote-access", "show", device]);
    let roots = state["roots"].as_array().unwrap();
    roots
        .iter()
        .map(|root| (root["sha256"].as_str().unwrap().to_owned(), root["here"] == true))
        .collect()
}

#[test]
fn a_device_has_both_roots_and_comes_back_under_the_new_one() {
    let server = Server::start(&Settings::default());
    let _pc = enrolled(&server, "pc-rotate");
    let before = server.cli(&["cert", "export"]);
    let nothing = server.try_cli(&["cert", "rotate", "--activate"]);
    assert_eq!(nothing.status.code(), Some(2), "nothing was pushed: {nothing:#?}");

    let pushed = server.cli_json(&["cert", "rotate", "--push"]);
    assert_eq!((&pushed["ready"], &pushed["counted"]), (&1.into(), &1.into()), "{pushed:#}");
    assert_eq!(roots(&server, "pc-rotate").len(), 2, "the old root stays trusted");
    assert_eq!(server.cli(&["cert", "export"]), before, "nothing uses the new one yet");

    server.cli(&["cert", "rotate", "--activate"]);
    assert_ne!(server.cli(&["cert", "export"]), before);
    server.cli(&["devices", "reconnect", "pc-rotate", "--wait"]);
    let state = server.cli_json(&["devices", "show", "pc-rotate"]);
    assert_eq!(state["connectionStatus"], true, "{state:#}");
}

#[test]
fn a_device_that_is_away_keeps_the_old_root_in_use_unless_it_may_be_lost() {
    let server = Server::start(&Settings::default());
    let _here = enrolled(&server, "pc-here");
    let away = enrolled(&server, "pc-away");
    away.process.terminate();
    server.process.any_line(|line| line.contains("tunnel ended"));
    let before = server.cli(&["cert", "export"]);
    server.cli(&["cert", "rotate", "--push"]);

    let plan = server.cli_json(&["cert", "rotate", "--plan"]);
    assert_eq!((&plan["ready"], &plan["counted"]), (&1.into(), &2.into()), "{plan:#}");
    let refused = server.try_cli(&["cert", "rotate", "--activate"]);
    assert_eq!(refused.status.code(), Some(7), "{refused:#?}");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("E2110") && words.contains("pc-away"), "{words}");
    assert_eq!(server.cli(&["cert", "export"]), before);

    server.cli(&["cert", "rotate", "--activate", "--force", "--yes"]);
    assert_ne!(server.cli(&["cert", "export"]), before);
}

#[test]
fn a_new_name_becomes_the_second_choice_of_each_policy() {
    let server = Server::start(&Settings::default());
    let _pc = enrolled(&server, "pc-named");
    let pushed = server.cli_json(&["cert", "rotate", "--push", "--name", "new.example"]);
    assert_eq!(
        (&pushed["ready"], &pushed["name"]),
        (&1.into(), &"new.example".into()),
        "{pushed:#}"
    );
    let state = server.cli_json(&["remote-access", "show", "pc-named"]);
    for policy in state["policies"].as_array().unwrap() {
        let servers = policy["servers"].as_array().unwrap();
        assert_eq!(servers.len(), 2, "{policy:#}");
        assert!(servers[1].as_str().unwrap().starts_with("new.example:"), "{policy:#}");
    }
    server.cli(&["cert", "rotate", "--abandon"]);
    let plan = server.cli_json(&["cert", "rotate", "--plan"]);
    assert!(plan["name"].is_null(), "{plan:#}");
}
