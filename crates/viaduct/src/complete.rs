//! Completions. The shell asks this program itself, so that the names of devices are those that the server has.

use crate::{
    age::bytes,
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
use viaduct_api::{Device, MediaImage};

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
            "image" | "images" | "from_library" => arg.add(ArgValueCompleter::new(images)),
            "target" => arg.add(ArgValueCompleter::new(|begun: &OsStr| names(begun, ":"))),
            _ => arg,
        };
        command.mut_args(names).mut_subcommands(with_names)
    }
    with_names(Cli::command())
}

/// What the server says; nothing when it does not at once: a shell has no place for errors.
fn asked<T>(question: impl Future<Output = Result<Vec<T>>>) -> Vec<T> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, question).await });
    found.ok().and_then(Result::ok).unwrap_or_default()
}

/// A name that a shell would take apart is no help.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn images(begun: &OsStr) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str() else { return Vec::new() };
    let all = asked(async { client()?.get::<Vec<MediaImage>>("/media").await });
    let fits = |image: &MediaImage| image.name.starts_with(begun) && is_plain(&image.name);
    let candidate = |image: MediaImage| {
        CompletionCandidate::new(image.name).help(Some(bytes(image.size).into()))
    };
    all.into_iter().filter(fits).take(MOST).map(candidate).collect()
}

fn names(begun: &OsStr, behind: &str) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str() else { return Vec::new() };
    let mut devices = asked(ask(begun));
    let candidate = |device: Device| {
        let state = if device.connection_status { "connected" } else { "away" };
        CompletionCandidate::new(format!("{}{behind}", device.name)).help(Some(state.into()))
    };
    devices.sort_by(|a, b| a.name.cmp(&b.name));
    devices.into_iter().filter(|device| is_plain(&device.name)).map(candidate).collect()
}

async fn ask(begun: &str) -> Result<Vec<Device>> {
    let devices = client()?.devices_soon(PATIENCE).await.unwrap_or_default();
    let fits = |device: &Device| device.name.starts_with(begun);
    Ok(devices.into_iter().filter(fits).take(MOST).collect())
}

/// The server that the unfinished line is for.
fn client() -> Result<Client> {
    Client::find(&global(env::args().skip_while(|word| word != "--").skip(1)))
}

/// The options by which a server is found, out of a command line that is not yet complete.
fn global(words: impl Iterator<Item = String>) -> Global {
    let mut global = Global {
        server: None,
        data: None,
        ca: None,
        output: Format::Table,
        reason: None,
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
