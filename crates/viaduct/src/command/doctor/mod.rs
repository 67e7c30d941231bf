//! `viaduct doctor`: is everything as a server and its PCs need it? With a running server and without one.

mod certificates;
mod device;
mod files;
mod finding;
mod hardening;
mod machine;
mod names;
mod ports;
mod server;

use crate::{
    cli::Global,
    client::{Client, Place},
    command::printer,
    failure::{Exit, Failure, Result},
    say::note,
    serve::Settings,
};
use finding::{Findings, Level};
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use viaduct_api::{Code, Status};
use viaduct_server::{Config, config::LoadArgs};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Also judge how well the server is guarded
    #[arg(long)]
    hardening: bool,
    /// Look at this PC instead of at the server: its tunnel, its engine, and whether it would find its way back
    #[arg(long, value_name = "DEVICE", conflicts_with_all = ["hardening", "config", "set"])]
    device: Option<String>,
    /// Also write a file for whoever helps: the server's state and events without names, addresses and secrets
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// What there is to look at.
#[derive(Debug)]
struct Patient {
    /// The settings: those of the running server where it can be asked, else those it would start with.
    config: Option<Config>,
    /// The running server, and how it is.
    server: Option<(Client, Status)>,
    /// Whether it runs, or would run, on this machine.
    here: bool,
}

/// Exit code 14 when something is a problem.
pub(crate) async fn run(global: &Global, options: Options) -> Result<()> {
    let mut findings = Findings::default();
    if let Some(device) = &options.device {
        device::look(&Client::find(global)?, device, &mut findings).await?;
        return conclude(global, &mut findings);
    }
    let patient = meet(global, &options.settings, &mut findings).await?;
    if patient.here {
        machine::look(&patient, &mut findings).await;
    }
    if let Some((client, status)) = &patient.server {
        server::look(client, status, &mut findings);
    }
    certificates::look(&patient, &mut findings);
    names::look(&patient, &mut findings).await;
    ports::look(&patient, &mut findings).await;
    if options.hardening {
        hardening::look(&patient, &mut findings).await;
    }
    if let Some(file) = &options.bundle {
        bundle(&patient, file).await?;
    }
    conclude(global, &mut findings)
}

fn conclude(global: &Global, findings: &mut Findings) -> Result<()> {
    findings.print(printer(global))?;
    let (problems, warnings) = (findings.count(Level::Problem), findings.count(Level::Warning));
    note(&format!("{problems} problem(s), {warnings} warning(s)"));
    if problems == 0 { Ok(()) } else { Err(Failure::said(Exit::Broken)) }
}

/// Writes what the server puts together for whoever helps; a file that is there is not overwritten.
async fn bundle(patient: &Patient, file: &Path) -> Result<()> {
    let Some((client, _)) = &patient.server else {
        let detail = "a support bundle is made by the running server, and none answers";
        return Err(Failure::new(Code::Unreachable, detail));
    };
    let bundle: serde_json::Value = client.get("/support-bundle").await?;
    let text = serde_json::to_string_pretty(&bundle).unwrap_or_default();
    let written =
        std::fs::File::create_new(file).and_then(|mut out| out.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::usage(format!("{} cannot be written ({error}); name a new file", file.display()))
    })?;
    note(&format!(
        "{} holds no names, addresses and secrets; look it over before you pass it on",
        file.display()
    ));
    Ok(())
}

/// Finds the server and its settings. That a server which was named does not answer is a finding; that none runs on
/// this machine is one of less weight.
async fn meet(global: &Global, settings: &Settings, findings: &mut Findings) -> Result<Patient> {
    // With a file of settings it is about this machine, whatever `login` remembers.
    let offline = settings.names_settings();
    let client = Client::find(global);
    let data = settings.args(global.data.clone()).data_directory().unwrap_or_default();
    let named = matches!(&client, Ok(Client { place: Place::Remote(_), .. }));
    let server = match client {
        Ok(client) if !(offline && named) => match client.get::<Status>("/status").await {
            Ok(status) => Some((client, status)),
            Err(failure) if named || failure.code() != Some(Code::Unreachable) => {
                findings.problem("server", failure.detail(), failure.title(), failure.next_step());
                None
            }
            Err(_) => {
                nobody_runs(&data, findings);
                None
            }
        },
        Ok(_) => None,
        Err(failure) if failure.code() == Some(Code::Unreachable) => {
            nobody_runs(&data, findings);
            None
        }
        Err(failure) => return Err(failure),
    };
    let here = match &server {
        Some((Client { place: Place::Remote(remote), .. }, _)) => remote.is_here(),
        Some(_) => true,
        None => offline || !named,
    };
    let mut config = None;
    if let Some((client, _)) = &server {
        config = server::settings(client, global.data.clone()).await;
    }
    // Beside a closed directory the settings cannot be known.
    if config.is_none() && here && files::closed(&data).is_none() {
        config = load(settings.args(global.data.clone()), findings);
    }
    Ok(Patient { config, server, here })
}

/// Says so, or that it cannot be seen.
fn nobody_runs(data: &Path, findings: &mut Findings) {
    let data = files::elsewhere(data).unwrap_or(data);
    match files::closed(data) {
        Some(owner) => files::not_looked_at(data, &owner, findings),
        None => {
            findings.note("server", "no server runs on this data directory", &files::start(data));
        }
    }
}

fn load(args: LoadArgs, findings: &mut Findings) -> Option<Config> {
    match Config::load(args) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                findings.warning("settings", warning.clone(), "", "viaduct config show");
            }
            let files: Vec<_> =
                loaded.files.iter().map(|file| file.display().to_string()).collect();
            let from = if files.is_empty() { "defaults".to_owned() } else { files.join(", ") };
            findings.ok("settings", format!("valid, from {from}"));
            Some(loaded.config)
        }
        Err(errors) => {
            for error in errors {
                findings.problem(
                    "settings",
                    error.to_string(),
                    "The server does not start with it.",
                    "Correct it; `viaduct config check` says when all is well.",
                );
            }
            None
        }
    }
}
