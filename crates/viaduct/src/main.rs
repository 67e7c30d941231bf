//! Viaduct, the one program.

#[cfg(feature = "demo")]
mod demo;
mod say;
mod serve;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Management Presence Server for Intel AMT: PCs dial in, consoles reach them
#[derive(Debug, Parser)]
#[command(name = "viaduct", version, propagate_version = true)]
struct Cli {
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
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say what is wrong with the configuration, if anything
    Check(serve::Settings),
    /// Print the effective configuration and where each value came from
    Show(serve::Settings),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(settings) => run(serve::serve(settings)),
        #[cfg(feature = "demo")]
        Command::Demo(options) => run(demo::demo(options)),
        Command::Config(ConfigCommand::Check(settings)) => match settings.load() {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    say::warn(warning);
                }
                say::note("the configuration is valid");
                ExitCode::SUCCESS
            }
            Err(code) => code,
        },
        Command::Config(ConfigCommand::Show(settings)) => match settings.load() {
            Ok(loaded) => {
                say::data(loaded.config.render(&loaded.origins).trim_end());
                ExitCode::SUCCESS
            }
            Err(code) => code,
        },
        Command::Version => {
            say::data(concat!("viaduct ", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
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
