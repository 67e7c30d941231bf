//! `viaduct remote-access`: when and where a connected device dials in.

use super::Desk;
use crate::{
    client::segment,
    failure::{Failure, Result},
    render::Format,
    say::{ask, inert, note},
};
use viaduct_api::{Code, RemoteAccess, RemoteAccessChange, RemoteAccessChanged, StepState};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show servers, policies, environment detection and roots of a device
    Show {
        /// Name, domain name or GUID
        device: String,
    },
    /// Set several things at once
    Set {
        /// Name, domain name or GUID
        device: String,
        /// The servers that its policies try, `HOST[:PORT][=COMMON-NAME]`, at most two, the preferred one first
        #[arg(long, value_name = "MPS")]
        mps: Vec<String>,
        /// Policies: user, alert, periodic=25s, periodic=03:30; each with an idle limit such as user/300s
        #[arg(long, value_name = "LIST")]
        trigger: Option<String>,
        /// DNS suffix under which it is at home and does not dial in (repeatable)
        #[arg(long, value_name = "SUFFIX", conflicts_with = "always_outside")]
        inside: Vec<String>,
        /// It is at home nowhere, so it always dials in
        #[arg(long)]
        always_outside: bool,
        /// From where its user may ask for a tunnel: off, bios, os or both
        #[arg(long, value_name = "FROM")]
        user_initiated: Option<String>,
    },
    /// Let its policies try one more server, after those they have
    AddMps {
        /// Name, domain name or GUID
        device: String,
        /// `HOST[:PORT][=COMMON-NAME]`
        mps: String,
    },
    /// Remove a server from its policies and its table
    RmMps {
        /// Name, domain name or GUID
        device: String,
        /// `HOST[:PORT]`
        mps: String,
    },
    /// Add, change or remove policies
    Policy {
        /// Name, domain name or GUID
        device: String,
        /// Policies to have, such as `periodic=10m,user/300s`
        #[arg(required_unless_present = "rm")]
        policies: Option<String>,
        /// Trigger whose policy is removed (repeatable)
        #[arg(long, value_name = "TRIGGER")]
        rm: Vec<String>,
    },
    /// Say from where its user may ask for a tunnel
    Trigger {
        /// Name, domain name or GUID
        device: String,
        /// off, bios, os or both
        from: String,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    let mut wish = RemoteAccessChange::default();
    let device = match command {
        Command::Show { device } => return show(desk, &device).await,
        Command::Set { device, mps, trigger, inside, always_outside, user_initiated } => {
            wish.mps = (!mps.is_empty()).then_some(mps);
            wish.triggers = trigger;
            wish.inside = (always_outside || !inside.is_empty()).then_some(inside);
            wish.user_initiated = user_initiated;
            device
        }
        Command::AddMps { device, mps } => {
            wish.add_mps.push(mps);
            device
        }
        Command::RmMps { device, mps } => {
            wish.remove_mps.push(mps);
            device
        }
        Command::Policy { device, policies, rm } => {
            wish.triggers = policies;
            wish.remove_triggers = rm;
            device
        }
        Command::Trigger { device, from } => {
            wish.user_initiated = Some(from);
            device
        }
    };
    if wish == RemoteAccessChange::default() {
        return Err(Failure::usage("nothing is to be changed; see --help"));
    }
    change(desk, &device, wish).await
}

async fn change(desk: &Desk, device: &str, mut wish: RemoteAccessChange) -> Result<()> {
    let path = format!("/remote-access/{}", segment(device));
    wish.force = desk.yes;
    if desk.dry_run || !desk.yes {
        let plan = RemoteAccessChange { dry_run: true, ..wish.clone() };
        let plan: RemoteAccessChanged = desk.client.patch(&path, &plan).await?;
        if desk.dry_run {
            return told(desk, device, &plan);
        }
        if let Some(why) = &plan.cuts {
            wish.force = agreed(device, why)?;
        }
    }
    let done: RemoteAccessChanged = desk.client.patch(&path, &wish).await?;
    told(desk, device, &done)
}

/// Asks whether a change that cuts the way back is really meant.
fn agreed(device: &str, why: &str) -> Result<bool> {
    note(&inert(&format!("{device}: {why}")));
    match ask("Do it all the same? Type the device's name: ") {
        Some(answer) if answer == device => Ok(true),
        Some(_) => Err(Failure::declined()),
        None => Err(Failure::new(Code::WouldStrand, format!("{device}: {why}"))),
    }
}

fn told(desk: &Desk, device: &str, changed: &RemoteAccessChanged) -> Result<()> {
    if desk.printer.format != Format::Table {
        return desk.printer.text_or(changed, |_| String::new());
    }
    for text in &changed.notes {
        note(&inert(&format!("note: {text}")));
    }
    if let Some(why) = &changed.cuts {
        note(&inert(&format!("note: {why}")));
    }
    if changed.steps.is_empty() {
        note("nothing to do: all is as wanted");
    }
    for step in &changed.steps {
        let mark = match step.state {
            StepState::Planned => "would",
            StepState::Done => "✓",
            StepState::Failed => "✗",
            StepState::Unknown => "?",
        };
        note(&inert(&format!("{mark} {}", step.text)));
    }
    if changed.steps.iter().any(|step| step.state == StepState::Unknown) {
        note(&inert(&unanswered(device)));
    }
    Ok(())
}

/// What is known of a change that got no answer, and how to go on.
fn unanswered(device: &str) -> String {
    format!(
        "the tunnel ended before {device} answered to what has the ?, so whether it did that is not known; once it is here \
         again, `viaduct remote-access show {device}` says what it has, and the same command once more does what is missing"
    )
}

async fn show(desk: &Desk, device: &str) -> Result<()> {
    let state: RemoteAccess =
        desk.client.get(&format!("/remote-access/{}", segment(device))).await?;
    desk.printer.text_or(&state, text)
}

fn text(state: &RemoteAccess) -> String {
    let mut lines = vec![format!("Dials in         {}", state.dials_in)];
    let version = state.version.as_deref().unwrap_or("unknown");
    let mode = state.control_mode.as_deref().unwrap_or("unknown");
    lines.push(format!("AMT              {version}, {mode} control mode"));
    for (index, mps) in state.mps.iter().enumerate() {
        let head = if index == 0 { "MPS" } else { "" };
        let here = if mps.here { "  (this server)" } else { "" };
        let user = mps.user.as_deref().map(|u| format!("  user {u}")).unwrap_or_default();
        let name = mps.common_name.as_deref().map(|n| format!("  expects {n}")).unwrap_or_default();
        lines.push(format!("{head:<17}{}:{}{name}{user}{here}", mps.address, mps.port));
    }
    lines.push(format!(
        "                 {} of {} places are taken",
        state.mps.len(),
        state.mps_max
    ));
    for (index, policy) in state.policies.iter().enumerate() {
        let head = if index == 0 { "Policies" } else { "" };
        let schedule = policy.schedule.as_ref().map(|s| format!("={s}")).unwrap_or_default();
        let life = match policy.life_time_seconds {
            0 => "stays connected".to_owned(),
            seconds => format!("ends after {seconds} idle s"),
        };
        let servers: Vec<String> = policy
            .servers
            .iter()
            .zip(&policy.kinds)
            .map(|(server, kind)| match kind.as_str() {
                "external" => server.clone(),
                kind => format!("{server} [{kind}]"),
            })
            .collect();
        lines.push(format!(
            "{head:<17}{}{schedule}  {life}  → {}",
            policy.trigger,
            servers.join(", then ")
        ));
    }
    let user = state.user_initiated.as_deref().unwrap_or("unknown");
    lines.push(format!("User may ask     {user}"));
    let inside = match state.inside.as_slice() {
        [] => "everywhere".to_owned(),
        suffixes => format!("under {}", suffixes.join(", ")),
    };
    lines.push(format!("At home          {inside}"));
    for (index, root) in state.roots.iter().enumerate() {
        let head = if index == 0 { "Trusted roots" } else { "" };
        let here = if root.here { "  (this server's)" } else { "" };
        let short: String = root.sha256.chars().take(16).collect();
        lines.push(format!("{head:<17}{}  {short}…{here}", root.subject));
    }
    for proxy in &state.proxies {
        lines.push(format!("HTTP proxy       {proxy}"));
    }
    lines.iter().map(|line| inert(line)).collect::<Vec<_>>().join("\n")
}
