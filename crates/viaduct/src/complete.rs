//! Completions. The shell asks this program itself, so that the names of devices are those that the server has.

use crate::{
    cli::{Cli, Global},
    client::Client,
    failure::{Failure, Result},
    render::Format,
};
use clap::CommandFactory;
use clap_complete::{
    CompleteEnv, Shell,
    engine::{ArgValueCompleter, CompletionCandidate},
    env::Shells,
};
use std::{env, ffi::OsStr, time::Duration};
use viaduct_api::{Device, DevicePage};

/// The variable by which a shell asks; `completions` writes it into the script.
const VARIABLE: &str = "VIADUCT_COMPLETE";
/// Nobody waits longer for a completion.
const PATIENCE: Duration = Duration::from_millis(800);
/// More names than these help nobody.
const MOST: usize = 500;

/// Answers and ends the program when a shell asks for completions.
pub(crate) fn answer_the_shell() {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// What the shell runs at its start.
pub(crate) fn script(shell: Shell) -> Result<String> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let completer = shells
        .completer(&name)
        .ok_or_else(|| Failure::usage(format!("no completions are known for {name}")))?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "viaduct", "viaduct", "viaduct", &mut script)?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// The command line, with what completes the names of devices.
fn command() -> clap::Command {
    fn with_names(command: clap::Command) -> clap::Command {
        let names = |arg: clap::Arg| match arg.get_id().as_str() {
            "device" | "devices" => {
                arg.add(ArgValueCompleter::new(|begun: &OsStr| names(begun, "")))
            }
            "target" => arg.add(ArgValueCompleter::new(|begun: &OsStr| names(begun, ":"))),
            _ => arg,
        };
        command.mut_args(names).mut_subcommands(with_names)
    }
    with_names(Cli::command())
}

fn names(begun: &OsStr, behind: &str) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str() else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(begun)).await });
    // A shell has no place for errors.
    let mut devices = found.ok().and_then(Result::ok).unwrap_or_default();
    let candidate = |device: Device| {
        let state = if device.connection_status { "connected" } else { "away" };
        CompletionCandidate::new(format!("{}{behind}", device.name)).help(Some(state.into()))
    };
    // A name that a shell would take apart is no help.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    devices.sort_by(|a, b| a.name.cmp(&b.name));
    devices.into_iter().filter(|device| device.name.chars().all(plain)).map(candidate).collect()
}

async fn ask(begun: &str) -> Result<Vec<Device>> {
    let client = Client::find(&global(env::args().skip_while(|word| word != "--").skip(1)))?;
    let page: DevicePage = client.get("/devices?$top=100000&$count=true").await?;
    let fits = |device: &Device| device.name.starts_with(begun);
    Ok(page.data.into_iter().filter(fits).take(MOST).collect())
}

/// The options by which a server is found, out of a command line that is not yet complete.
fn global(words: impl Iterator<Item = String>) -> Global {
    let mut global = Global {
        server: None,
        data: None,
        ca: None,
        output: Format::Table,
        dry_run: false,
        yes: false,
        no_color: true,
    };
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.clone(), words.peek().cloned()),
        };
        match name.as_str() {
            "--server" => global.server = value,
            "--data" => global.data = value.map(Into::into),
            "--ca" | "--ca-file" => global.ca = value.map(Into::into),
            _ => {}
        }
    }
    global
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_server_is_found_on_an_unfinished_line() {
        let line = ["viaduct", "--data", "/d", "devices", "--server=https://x", "show", "pc"];
        let global = global(line.into_iter().map(str::to_owned));
        assert_eq!(global.data.as_deref(), Some(Path::new("/d")));
        assert_eq!(global.server.as_deref(), Some("https://x"));
    }

    #[test]
    fn each_shell_gets_a_script_that_asks_this_program() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            assert!(script(shell).unwrap().contains(VARIABLE), "{shell}");
        }
    }
}
