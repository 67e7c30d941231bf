//! `viaduct cert rotate`: a new root or name, brought to the devices before it is used.

use super::Desk;
use crate::{
    failure::{Failure, Result},
    render::Format,
    say::{self, ask, inert, note},
};
use std::time::Duration;
use tokio::time::sleep;
use viaduct_api::{
    DeviceRotation, RotationActivate, RotationActivated, RotationPush, RotationState,
    RotationStatus,
};

const PATH: &str = "/certificates/rotation";
const LOOK: Duration = Duration::from_millis(300);

#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, clap::Args)]
#[command(group(
    clap::ArgGroup::new("what").required(true).args(["plan", "push", "activate", "abandon"])
))]
pub(crate) struct Options {
    /// Show what is coming and which devices have it; change nothing
    #[arg(long)]
    plan: bool,
    /// Make a new root if nothing is coming yet, and bring what is coming to every connected device
    #[arg(long)]
    push: bool,
    /// Use what was pushed from now on
    #[arg(long)]
    activate: bool,
    /// Give up what is coming
    #[arg(long)]
    abandon: bool,
    /// With --push: a new name of this server instead of a new root
    #[arg(long, value_name = "HOST", requires = "push")]
    name: Option<String>,
    /// With --activate: also when devices would not find this server any more
    #[arg(long, requires = "activate")]
    force: bool,
}

pub(super) async fn run(desk: &Desk, options: Options) -> Result<()> {
    if options.push {
        return push(desk, options.name).await;
    }
    if options.activate {
        return activate(desk, options.force).await;
    }
    if options.abandon {
        desk.client.delete(PATH).await?;
        note("given up; devices that trust the new root already are not harmed by that");
        return Ok(());
    }
    let status: RotationStatus = desk.client.get(PATH).await?;
    show(desk, &status)
}

async fn push(desk: &Desk, name: Option<String>) -> Result<()> {
    let mut status: RotationStatus = desk.client.post(PATH, &RotationPush { name }).await?;
    while let Some((done, all)) = status.pushing {
        say::bar(done, all);
        sleep(LOOK).await;
        status = desk.client.get(PATH).await?;
    }
    say::bar_off();
    show(desk, &status)
}

async fn activate(desk: &Desk, force: bool) -> Result<()> {
    let status: RotationStatus = desk.client.get(PATH).await?;
    let missing = status.counted.saturating_sub(status.ready);
    if force && missing > 0 && !desk.yes {
        let question = format!(
            "{missing} devices would not find this server any more. Type {missing} to go on: "
        );
        match ask(&question) {
            Some(answer) if answer == missing.to_string() => {}
            Some(_) => return Err(Failure::declined()),
            None => {
                return Err(Failure::usage("--force needs --yes where nobody can be asked"));
            }
        }
    }
    let path = format!("{PATH}/activate");
    let done: RotationActivated = desk.client.post(&path, &RotationActivate { force }).await?;
    if desk.printer.format != Format::Table {
        return desk.printer.text_or(&done, |_| String::new());
    }
    for line in &done.done {
        note(&inert(line));
    }
    Ok(())
}

fn show(desk: &Desk, status: &RotationStatus) -> Result<()> {
    if desk.printer.format != Format::Table {
        return desk.printer.text_or(status, |_| String::new());
    }
    match (&status.next_root, &status.name) {
        (None, None) => {
            note(
                "nothing is coming: --push makes a new root, --push --name HOST brings a new name",
            );
            return Ok(());
        }
        (Some(root), _) => note(&format!("new root {root}")),
        (None, Some(name)) => note(&inert(&format!("new name {name}"))),
    }
    let shown: Vec<DeviceRotation> =
        status.devices.iter().filter(|it| it.state != RotationState::Ready).cloned().collect();
    desk.printer.list(
        &shown,
        &[
            ("NAME", &|it| it.name.clone()),
            ("HERE", &|it| if it.connected { "yes" } else { "no" }.to_owned()),
            ("COUNTS", &|it| if it.counts { "yes" } else { "not seen for 90 days" }.to_owned()),
            ("WHY NOT READY", &|it| match it.state {
                RotationState::Waiting => "not reached yet".to_owned(),
                RotationState::Failed | RotationState::Ready => it.detail.clone(),
            }),
        ],
    )?;
    note(&format!(
        "{} of {} devices seen in the last 90 days are ready",
        status.ready, status.counted
    ));
    match status.counted.saturating_sub(status.ready) {
        0 => note("next: viaduct cert rotate --activate"),
        missing => note(&format!(
            "using it now would strand {missing}; push again when they are here, or: viaduct cert rotate --activate --force"
        )),
    }
    Ok(())
}
