//! A program on a terminal of its own, driven step by step.

use super::{PATIENCE, output, serve::clean};
use serde_json::{Value, json};
use std::process::Command;

const DRIVER: &str = include_str!("../drivers/terminal_steps.py");

/// How the program and its terminal were at the end.
#[derive(Debug)]
pub(crate) struct Ended {
    /// All that the terminal showed.
    pub(crate) seen: String,
    /// The exit code; a negative number is the signal that ended it, and none says that it runs on.
    pub(crate) exit: Option<i64>,
    /// The terminal's settings are those from before.
    pub(crate) restored: bool,
}

/// Runs it; `steps` are those of `drivers/terminal_steps.py`, each of which must take place.
#[track_caller]
pub(crate) fn steps(command: &Command, steps: &Value) -> Ended {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let task = json!({ "command": words, "seconds": PATIENCE.as_secs(), "steps": steps });
    let mut python = Command::new("python3");
    python.args(["-c", DRIVER, &task.to_string()]);
    clean(&mut python).env("TERM", "xterm");
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            python.env(key, value);
        }
    }
    let done = output(&mut python);
    let (out, errors) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let last: Value = serde_json::from_str(out.trim()).unwrap_or_else(|_| panic!("{out}{errors}"));
    let seen = last["seen"].as_str().unwrap().to_owned();
    assert!(last["failed"].is_null(), "{} did not take place; seen:\n{seen}", last["failed"]);
    Ended { seen, exit: last["exit"].as_i64(), restored: last["restored"] == true }
}
