//! Viaduct, the one program.

mod age;
mod cli;
mod client;
mod command;
mod complete;
#[cfg(feature = "demo")]
mod demo;
mod examples;
mod failure;
mod near;
mod reference;
mod render;
mod say;
mod serve;

use clap::{CommandFactory, FromArgMatches};
use cli::{Cli, Command};
use command::Desk;
use failure::{Failure, Result};
use serde_json::json;
use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};
use viaduct_server::config::VERSION;

fn main() -> ExitCode {
    complete::answer_the_shell();
    let words = command::explain::spelled(std::env::args_os());
    let Cli { global, command } = match read(words) {
        Ok(cli) => cli,
        Err(error) => return shown(&error),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::local("the runtime", error).end(),
    };
    if global.dry_run
        && let Some(name) = command.without_rehearsal()
    {
        return Failure::usage(format!(
            "{name} cannot be rehearsed: --dry-run is for what a server would change"
        ))
        .end();
    }
    runtime.block_on(async {
        match command {
            Command::Serve(settings) => serve::serve(settings, global.data).await,
            #[cfg(feature = "demo")]
            Command::Demo(options) => demo::demo(options, global.data).await,
            Command::Config(command) => match command::config::run(&global, command) {
                Ok(()) => ExitCode::SUCCESS,
                Err(code) => code,
            },
            command => match (operate(&global, command).await, say::lost()) {
                (Ok(()), None) => ExitCode::SUCCESS,
                (Ok(()), Some(error)) => Failure::local("standard output", error).end(),
                (Err(failure), _) => near::hinted(&global, failure).await.end(),
            },
        }
    })
}

/// The command line, read with the help that people see.
fn read(words: impl IntoIterator<Item = OsString>) -> std::result::Result<Cli, clap::Error> {
    let mut command = examples::shown(Cli::command());
    let matches = command.try_get_matches_from_mut(words)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Help, the version, or what is wrong with the command line. Help that was not taken is no success.
fn shown(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(1);
    match error.print().and_then(|()| io::stdout().flush()) {
        Err(lost) if code == 0 && lost.kind() != io::ErrorKind::BrokenPipe => {
            Failure::local("standard output", lost).end()
        }
        _ => code.into(),
    }
}

/// The operator's commands.
async fn operate(global: &cli::Global, command: Command) -> Result<()> {
    let desk = || Desk::open(global);
    if global.output == render::Format::Xml && !matches!(command, Command::Wsman(_)) {
        return Err(Failure::usage("-o xml is for `viaduct wsman`"));
    }
    match command {
        Command::Status => command::status::status(&desk()?).await,
        Command::Doctor(options) => command::doctor::run(global, options).await,
        Command::Whoami => command::status::whoami(&desk()?).await,
        Command::Devices(command) => command::devices::run(&desk()?, command).await,
        Command::Enroll(command) => command::enroll::run(&desk()?, command).await,
        Command::RemoteAccess(command) => command::remote_access::run(&desk()?, command).await,
        Command::Sol(options) => command::redirect::sol(&desk()?, options).await,
        Command::Kvm(options) => command::redirect::kvm(&desk()?, options).await,
        Command::Ider(command) => command::redirect::ider(&desk()?, command).await,
        Command::Media(command) => command::media::run(&desk()?, command).await,
        Command::Redirections(command) => command::redirect::run(&desk()?, command).await,
        Command::Events(options) => command::events::run(&desk()?, options).await,
        Command::Power(command) => command::power::run(&desk()?, command).await,
        Command::Boot(command) => command::power::boot(&desk()?, command).await,
        Command::Consent(command) => command::consent::run(&desk()?, command).await,
        Command::Amt(command) => command::amt::run(&desk()?, command).await,
        Command::Wsman(command) => command::wsman::run(&desk()?, command).await,
        Command::Forward(options) => command::forward::run(&desk()?, options).await,
        Command::Host(options) => command::host::run(global, options).await,
        Command::Proxy(command) => command::proxy::run(&desk()?, command).await,
        Command::Tokens(command) => command::tokens::run(&desk()?, command).await,
        Command::Users(command) => command::users::run(&desk()?, command).await,
        Command::Audit(command::audit::Command::Verify { file: Some(file) }) => {
            command::audit::verify_export(&command::printer(global), &file)
        }
        Command::Audit(command) => command::audit::run(&desk()?, command).await,
        Command::Explain(options) => command::explain::run(command::printer(global), &options),
        Command::Bench(options) => command::bench::run(&desk()?, options).await,
        Command::Cert(command) => command::cert::run(&desk()?, command).await,
        Command::Login(options) => command::login::login(global, options).await,
        Command::Logout => command::login::logout().await,
        Command::Version => command::printer(global)
            .text_or(&json!({ "version": VERSION }), |_| format!("viaduct {VERSION}")),
        Command::Reference(command) => reference::run(command),
        Command::Completions { shell } => {
            say::data(complete::script(shell)?.trim_end());
            Ok(())
        }
        // Handled by the caller, which needs no server for them.
        Command::Serve(_) | Command::Config(_) => Ok(()),
        #[cfg(feature = "demo")]
        Command::Demo(_) => Ok(()),
    }
}
