//! Whoever knows nothing but the README sees the screen of a PC: what the demonstration prints is opened, and what the
//! README says is clicked. `scripts/newcomer` does the same from a fresh clone, with a clock.

use crate::harness::{Process, Scenario, viaduct};
use serde_json::json;
use std::{path::Path, process::Command};

/// The words in italics of the sentence that leads to the picture.
fn clicks() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("and choose ").expect("README says what to choose");
    let (sentence, _) = rest.split_once(':').unwrap();
    sentence.split('*').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn opening_what_is_printed_and_clicking_what_is_written() {
    let clicks = clicks();
    assert!(clicks.len() >= 3, "{clicks:?}");
    let mut command = Command::new(viaduct());
    command.args(["demo", "--devices", "3"]);
    let demo = Process::start(&command);
    demo.line(|line| line.starts_with("Paste one by one"));
    let printed = demo.all();
    let after = |word: &str| {
        let (_, rest) = printed.split_once(word).unwrap_or_else(|| panic!("no {word}: {printed}"));
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let task = json!({
        "dashboard": after("  Open "), "user": after(" user "), "password": after(" password "), "clicks": clicks,
    });
    println!("{}", Scenario::start("newcomer", task).done());
}
