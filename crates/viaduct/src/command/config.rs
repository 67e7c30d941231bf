//! `viaduct config`: works without a server.

use crate::{
    cli::Global,
    failure::Failure,
    say::{data, note, warn},
    serve::Settings,
};
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with the configuration, if anything
    Check(Settings),
    /// Print the effective configuration and where each value came from
    Show(Settings),
}

pub(crate) fn run(global: &Global, command: Command) -> Result<(), ExitCode> {
    match command {
        Command::Check(settings) => {
            let loaded = settings.load(global.data.clone())?;
            for warning in &loaded.warnings {
                warn(warning);
            }
            for file in &loaded.files {
                note(&format!("read {}", file.display()));
            }
            note("the configuration is valid");
        }
        Command::Show(settings) => {
            if global.output != crate::render::Format::Table {
                let failure = Failure::usage("the configuration is TOML text and nothing else");
                return Err(failure.end());
            }
            let loaded = settings.load(global.data.clone())?;
            data(loaded.config.render(&loaded.origins).trim_end());
        }
    }
    Ok(())
}
