//! What the reference pages and packages are made of, from the types that the program works with.

use crate::{
    cli::Cli,
    examples,
    failure::{Failure, Result, exit_of},
    say,
};
use clap::{CommandFactory, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use viaduct_api::{Code, EVENT_TYPES, Event};
use viaduct_server::access::{Action, Rights, Role, Scope};

/// What is wanted. Hidden: for those who make packages and pages.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Codes, events and rights as JSON
    Json,
    /// Write a manual page for each command into a directory
    Man {
        /// The directory; it is made if it is not there
        directory: PathBuf,
    },
}

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Json => say::data(&format!("{:#}", json())),
        Command::Man { directory } => {
            let write = || {
                std::fs::create_dir_all(&directory)?;
                clap_mangen::generate_to(examples::shown(Cli::command()), &directory)
            };
            write().map_err(|error| Failure::local(directory.display(), error))?;
        }
    }
    Ok(())
}

/// Everything that is data in the program and that people look up.
fn json() -> Value {
    json!({
        "codes": Code::ALL.iter().map(|code| code_row(*code)).collect::<Vec<_>>(),
        "events": EVENT_TYPES.iter().map(|(name, words)| json!({ "name": name, "words": words })).collect::<Vec<_>>(),
        "eventSchema": schemars::schema_for!(Event),
        "roles": Role::ALL.iter().map(|role| json!({ "name": role.name(), "words": role.words() })).collect::<Vec<_>>(),
        "scopes": SCOPES.map(Scope::name),
        "actions": Action::ALL.iter().map(|action| action_row(*action)).collect::<Vec<_>>(),
    })
}

const SCOPES: [Scope; 4] = [Scope::Proxy, Scope::Read, Scope::Operate, Scope::Admin];

fn code_row(code: Code) -> Value {
    json!({
        "code": code.as_str(),
        "title": code.title(),
        "cause": code.cause(),
        "next": code.next(),
        "exit": exit_of(code) as u8,
    })
}

fn action_row(action: Action) -> Value {
    let roles = Role::ALL.iter().filter(|role| Rights::Role(**role).allow(action));
    let scopes = SCOPES.iter().filter(|scope| Rights::Scope(**scope).allow(action));
    json!({
        "name": action.name(),
        "words": action.words(),
        "roles": roles.map(|role| role.name()).collect::<Vec<_>>(),
        "scopes": scopes.map(|scope| scope.name()).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages of docs/reference are made of this file, by `cargo xtask reference`.
    #[test]
    fn the_reference_is_made_of_what_is_in_the_program() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/reference.json");
        let found = format!("{:#}\n", json());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(golden, &found).unwrap();
        }
        let known = std::fs::read_to_string(golden).unwrap_or_default();
        assert!(found == known, "it differs from {golden}; `cargo xtask reference` writes it anew");
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let directory = tempfile::tempdir().unwrap();
        run(Command::Man { directory: directory.path().to_owned() }).unwrap();
        let page = std::fs::read_to_string(directory.path().join("viaduct-devices-add.1")).unwrap();
        assert!(page.contains("guid"), "{page}");
        let hidden = directory.path().join("viaduct-reference.1");
        assert!(!hidden.exists(), "what is hidden has no page");
    }
}
