//! Viaduct, the one program.

mod client;
#[cfg(feature = "demo")]
mod demo;
mod devices;
mod manage;
mod output;
mod say;
mod serve;

use clap::{CommandFactory, Parser, Subcommand};
use client::{Client, Failure, Target};
use output::Format;
use std::{path::PathBuf, process::ExitCode};

/// Management Presence Server for Intel AMT: PCs dial in, consoles reach them
#[derive(Debug, Parser)]
#[command(name = "viaduct", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    target: Target,
    /// Data directory of the server on this machine; its commands need no sign-in
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How results are printed
    #[arg(short, long, global = true, value_enum, default_value_t)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Settings),
    /// Run the server on loopback with simulated PCs
    #[cfg(feature = "demo")]
    Demo(demo::Options),
    /// The server at a glance
    Status,
    /// Known devices
    Devices {
        #[command(subcommand)]
        verb: devices::Verb,
    },
    /// API and proxy tokens
    Tokens {
        #[command(subcommand)]
        verb: manage::TokenVerb,
    },
    /// Certificates of the server
    Cert {
        #[command(subcommand)]
        verb: manage::CertVerb,
    },
    /// A local TCP port for consoles that know no proxy
    Forward {
        /// DEVICE:PORT
        target: String,
        /// Port or ADDRESS:PORT to listen on; 0 takes a free one
        #[arg(default_value = "0")]
        listen: String,
    },
    /// How to use the proxies
    Proxy {
        #[command(subcommand)]
        verb: ProxyVerb,
    },
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
    /// Print the version
    Version,
}

#[derive(Debug, Clone, Subcommand)]
enum ProxyVerb {
    /// Shell exports and a ready curl line
    Env { device: Option<String> },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say what is wrong with the configuration, if anything
    Check(serve::Settings),
    /// Print the effective configuration and where each value came from
    Show(serve::Settings),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(settings) => run(serve::serve(settings, cli.data)),
        #[cfg(feature = "demo")]
        Command::Demo(options) => run(demo::demo(options, cli.data)),
        Command::Config(command) => config(command, cli.data),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "viaduct", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
        Command::Version => {
            say::data(concat!("viaduct ", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
        remote => run(async {
            match operate(remote, cli.target, cli.data, cli.output).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => {
                    report(&failure);
                    failure.exit()
                }
            }
        }),
    }
}

async fn operate(
    command: Command,
    target: Target,
    data: Option<PathBuf>,
    format: Format,
) -> Result<(), Failure> {
    let client = Client::new(target, data)?;
    match command {
        Command::Status => manage::status(&client, format).await,
        Command::Devices { verb } => devices::run(&client, format, verb).await,
        Command::Tokens { verb } => manage::tokens(&client, format, verb).await,
        Command::Cert { verb } => manage::cert(&client, format, verb).await,
        Command::Forward { target, listen } => manage::forward(client, &target, &listen).await,
        Command::Proxy { verb: ProxyVerb::Env { device } } => {
            manage::proxy_env(&client, device).await
        }
        // These were handled before a server was looked for.
        _ => Ok(()),
    }
}

/// What happened, why, and what to do next.
fn report(failure: &Failure) {
    let problem = &failure.0;
    say::warn(&output::inert(&format!("{} ({})", problem.title, problem.code)));
    if !problem.detail.is_empty() {
        for line in problem.detail.lines() {
            say::note(&format!("  why   {}", output::inert(line)));
        }
    }
    if !problem.next.is_empty() {
        say::note(&format!("  next  {}", output::inert(&problem.next)));
    }
}

fn config(command: ConfigCommand, data: Option<PathBuf>) -> ExitCode {
    match command {
        ConfigCommand::Check(settings) => match settings.load(data) {
            Ok(loaded) => {
                loaded.warnings.iter().for_each(|warning| say::warn(warning));
                say::note("the configuration is valid");
                ExitCode::SUCCESS
            }
            Err(code) => code,
        },
        ConfigCommand::Show(settings) => match settings.load(data) {
            Ok(loaded) => {
                say::data(loaded.config.render(&loaded.origins).trim_end());
                ExitCode::SUCCESS
            }
            Err(code) => code,
        },
    }
}

fn run(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            say::warn(&format!("cannot start the runtime: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
