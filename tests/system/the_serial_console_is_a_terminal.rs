//! `viaduct sol` passes every key to the PC, gives the terminal back as it was however it ends, says why it ended, and
//! lets the PC write to the terminal without letting it use it.

use crate::harness::{
    Demo, Directory, Platform, Server, Settings, demo, output,
    terminal::{Ended, steps},
    viaduct,
};
use serde_json::{Value, json};
use std::process::Command;

const GUID: &str = "44444444-2222-4333-8444-5555555555ac";

fn sol(demo: &Demo, args: &[&str]) -> Command {
    let mut command = Command::new(viaduct());
    let server = demo.get("dashboard").trim_end_matches('/').to_owned();
    command.args(["sol", "--server", &server, "--ca", demo.get("ca_file")]).args(args);
    command.env("VIADUCT_TOKEN", demo.get("token")).env("NO_COLOR", "1");
    command
}

/// The console is open and the terminal passes every key on; then the rest.
fn open_and(demo: &Demo, args: &[&str], rest: &[Value]) -> Ended {
    let all = [&[json!({ "expect": "shell> " }), json!({ "raw": true })], rest].concat();
    steps(&sol(demo, args), &all.into())
}

#[track_caller]
fn ends(ended: &Ended, exit: i64, words: &str) {
    assert_eq!(ended.exit, Some(exit), "{ended:?}");
    assert!(ended.restored && ended.seen.contains(words), "{ended:?}");
}

#[test]
fn escapes_help_and_end_and_what_was_seen_is_recorded() {
    let (demo, directory) = (demo(), Directory::new());
    let record = directory.path().join("record");
    let rest = [
        json!({ "type": "~~tilde\r" }),
        json!({ "expect": "~tilde: no such command" }),
        json!({ "type": "~?" }),
        json!({ "expect": "~.  ends the console" }),
        json!({ "size": [31, 101] }),
        json!({ "type": "~r" }),
        json!({ "expect": "\nstty rows 31 cols 101\r\n" }),
        json!({ "expect": "shell> " }),
        // Ctrl-C is the PC's, not ours.
        json!({ "type": "half\u{3}" }),
        json!({ "expect": "^C" }),
        json!({ "type": "\r~." }),
    ];
    let path = record.to_string_lossy();
    let ended = open_and(demo, &[&demo.devices[0].name, "--record", &path], &rest);
    ends(&ended, 0, "");
    let recorded = std::fs::read_to_string(record).unwrap();
    assert!(recorded.contains("~tilde: no such command"), "{recorded}");
    assert!(!recorded.contains("ends the console"), "what the PC showed, and not ours: {recorded}");
}

#[test]
fn colours_reach_the_terminal_and_clipboard_title_and_questions_do_not() {
    let (demo, directory) = (demo(), Directory::new());
    let record = directory.path().join("record");
    let hostile = r"printf \e]52;c;aGVsbG8=\a\e]0;owned\a\e[c\e[6n\e[31mred\e[0m";
    let rest = [
        json!({ "type": format!("{hostile}\r") }),
        json!({ "expect": "\u{1b}[31mred\u{1b}[0m" }),
        json!({ "expect": "shell> " }),
        json!({ "type": "\r~." }),
    ];
    let path = record.to_string_lossy();
    let ended = open_and(demo, &[&demo.devices[1].name, "--record", &path], &rest);
    ends(&ended, 0, "");
    for text in [ended.seen, std::fs::read_to_string(record).unwrap()] {
        // As typed it is text; as the PC then writes it, it would be an order to the terminal.
        assert!(text.contains(r"\e]52;c;"), "{text}");
        for order in ["\u{1b}]", "\u{1b}[c", "\u{1b}[6n", "\u{7}"] {
            assert!(!text.contains(order), "{order:?} in {text:?}");
        }
    }
}

#[test]
fn signals_and_the_end_of_the_redirection_give_the_terminal_back() {
    let demo = Demo::start(1);
    let name = &demo.devices[0].name;
    for signal in ["TERM", "HUP", "INT"] {
        let ended = open_and(&demo, &[name], &[json!({ "signal": signal })]);
        ends(&ended, 130, "The command was ended");
    }
    let ended = open_and(&demo, &[name], &[json!({ "type": "exit\r" })]);
    ends(&ended, 9, "E2033");
    let api = format!("{}/devices/disconnect/{name}", demo.get("api"));
    let token = format!("Authorization: Bearer {}", demo.get("token"));
    let cut = ["curl", "-fsk", "-X", "DELETE", "-H", &token, &api];
    let ended = open_and(&demo, &[name], &[json!({ "run": cut })]);
    ends(&ended, 8, "why-offline");
}

#[test]
fn a_server_that_is_gone_ends_it_with_the_code_of_an_unreachable_one() {
    for signal in ["-KILL", "-TERM"] {
        // Not the demonstration, whose PCs end together with it.
        let server = Server::start(&Settings::default());
        server.add_device("pc-1", GUID, "pcone", "Known1Password");
        let files = Directory::new();
        let secret = files.write("amt", "Own-Amt-Passw0rd!").to_string_lossy().into_owned();
        let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
        let more = ["--amt-password-file", &secret];
        let pc = Platform::dial_with(&mps, &root, GUID, "pcone", "Known1Password", &more);
        let _pc = pc.connected();
        server.cli(&["devices", "password", "pc-1", "--amt-password-file", &secret]);
        let pid = server.process.pid().to_string();
        let kill = json!([
            { "expect": "shell> " },
            { "raw": true },
            { "run": ["kill", signal, pid] },
        ]);
        let ended = steps(&server.cli_process(&["sol", "pc-1"]), &kill);
        ends(&ended, 3, "  next: ");
    }
}

#[test]
fn what_comes_from_a_pipe_is_typed_and_answered_before_it_ends() {
    let demo = demo();
    let mut piped = Command::new("sh");
    let sol = sol(demo, &[&demo.devices[2].name]);
    piped.args(["-c", "printf 'echo fr%s\\r' om-a-pipe | \"$0\" \"$@\""]).arg(sol.get_program());
    piped.args(sol.get_args()).env("VIADUCT_TOKEN", demo.get("token"));
    let done = output(&mut piped);
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && text.contains("\r\nfrom-a-pipe\r\n"), "{done:?}");
}
