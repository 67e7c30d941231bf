//! `viaduct enroll`: make activated PCs dial in.

mod lan;
mod progress;
mod script;
mod targets;

use super::Desk;
use crate::{
    failure::Result,
    say::{inert, note},
};
use std::path::PathBuf;
use viaduct_api::{EnrollState, Enrolling, Enrollment};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Configure PCs over the local network and follow them into their tunnels
    Lan(Box<lan::Options>),
    /// Print a script for a PC that this server cannot reach, to be run there with rpc-go
    Script(script::ScriptOptions),
    /// Print a script for MeshCommander (.mescript), which sets up a PC that it reaches
    Mescript(script::Options),
    /// Print what to do in front of a PC, with all values
    Mebx(script::Options),
    /// Go on with an enrollment that broke off: what is right already is left alone
    #[command(after_help = "\
Passwords that the server still knows are not asked for again.

Examples:
  viaduct enroll resume 3
  viaduct enroll resume 3 --amt-password-file pw.txt")]
    Resume {
        /// Number of the enrollment
        id: u64,
        /// File with the password of the PCs' AMT, if the server does not know it; - for standard input
        #[arg(long, value_name = "FILE")]
        amt_password_file: Option<PathBuf>,
    },
    /// Show the enrollments, or how far each PC of one is
    Status {
        /// Number of the enrollment
        id: Option<u64>,
    },
    /// Stop an enrollment: what has begun with a PC is brought to a safe end, the others are left alone
    Cancel {
        /// Number of the enrollment
        id: u64,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Lan(options) => lan::run(desk, *options).await,
        Command::Script(options) => script::run(desk, options).await,
        Command::Mescript(options) => script::mescript(desk, options).await,
        Command::Mebx(options) => script::mebx(desk, options).await,
        Command::Status { id: Some(id) } => {
            let job: Enrollment = desk.client.get(&format!("/enroll/{id}")).await?;
            // The stages of each, to read; the lists for programs have them anyway.
            for device in &job.devices {
                progress::stages(device);
            }
            table(desk, &job.devices)
        }
        Command::Resume { id, amt_password_file } => {
            lan::resume(desk, id, amt_password_file.as_deref()).await
        }
        Command::Cancel { id } => {
            let path = format!("/enroll/{id}");
            desk.client.delete(&path).await?;
            // The PCs that are being changed take a moment.
            let job = lan::end_of(desk, id).await?;
            table(desk, &job.devices)
        }
        Command::Status { id: None } => {
            let jobs: Vec<Enrollment> = desk.client.get("/enroll").await?;
            if jobs.is_empty() {
                note("no enrollment so far");
            }
            let count = |job: &Enrollment, fits: fn(&Enrolling) -> bool| {
                job.devices.iter().filter(|device| fits(device)).count().to_string()
            };
            desk.printer.list(
                &jobs,
                &[
                    ("ID", &|it| it.id.to_string()),
                    ("BY", &|it| it.by.clone()),
                    ("BEGAN", &|it| crate::age::date(it.began)),
                    ("KIND", &|it| kind(it).to_owned()),
                    ("PCS", &|it| it.devices.len().to_string()),
                    ("DONE", &|it| count(it, |device| is_good(device.state))),
                    ("FAILED", &|it| count(it, |device| device.state == EnrollState::Failed)),
                    ("STATE", &|it| state(it).to_owned()),
                ],
            )
        }
    }
}

fn kind(job: &Enrollment) -> &'static str {
    match (job.remove, job.dry_run) {
        (_, true) => "plan",
        (true, false) => "remove",
        (false, false) => "enroll",
    }
}

fn state(job: &Enrollment) -> &'static str {
    if job.ended.is_some() { "ended" } else { "under way" }
}

/// Whether a PC came where it was meant to.
fn is_good(state: EnrollState) -> bool {
    matches!(state, EnrollState::Done | EnrollState::Planned | EnrollState::Following)
}

/// One line for each PC.
fn table(desk: &Desk, devices: &[Enrolling]) -> Result<()> {
    desk.printer.list(
        devices,
        &[
            ("ADDRESS", &|it| it.address.clone()),
            ("NAME", &|it| it.name.clone().unwrap_or_default()),
            ("GUID", &|it| it.guid.map(|guid| guid.to_string()).unwrap_or_default()),
            ("AMT", &|it| it.version.clone().unwrap_or_default()),
            ("MODE", &|it| it.control_mode.clone().unwrap_or_default()),
            ("RESULT", &|it| result(it)),
        ],
    )
}

/// What became of a PC, in a few words.
fn result(device: &Enrolling) -> String {
    match (device.state, &device.problem) {
        (_, Some(problem)) => inert(&format!("{} ({})", problem.title, problem.code)),
        (EnrollState::Done, None) if device.milestones.is_empty() => "removed".to_owned(),
        (EnrollState::Done, None) => "connected".to_owned(),
        (EnrollState::Planned, None) => match device.steps.len() {
            0 => "nothing to do".to_owned(),
            1 => "1 step".to_owned(),
            n => format!("{n} steps"),
        },
        (EnrollState::Following, None) => "configured".to_owned(),
        (EnrollState::Cancelled, None) => "cancelled".to_owned(),
        (EnrollState::Waiting | EnrollState::Reading | EnrollState::Changing, None) => {
            "under way".to_owned()
        }
        (EnrollState::Failed, None) => "failed".to_owned(),
    }
}
