//! Changes through the tunnel: planned, judged for whether the device would come back, then taken step by step.

use crate::{
    command::CommandError,
    enroll::{Parts, Place, StepFault, nowhere, own_places, perform, place, servers_at},
    inventory::{Device, DeviceChange},
    tunnel::Opener,
};
use amt::remote_access::{
    Added, Edit, Inside, NewMps, Own, RemoteAccess, Step, Trigger, UserInitiated, plan_edit,
    trigger_list,
};
use time::OffsetDateTime;
use tracing::Instrument;
use viaduct_api::{
    Code, EnrollStep, Problem, RemoteAccessChange, RemoteAccessChanged, Said, StepState,
};

/// Plans a change and carries it out, unless only the plan is wanted.
///
/// # Errors
/// When it cannot be done, or would cut the only way back and that was not allowed.
pub(crate) async fn change(
    parts: &Parts,
    device: &Device,
    wish: &RemoteAccessChange,
    opener: Opener,
) -> Result<RemoteAccessChanged, Problem> {
    let (mut commands, state) = super::read(parts, device, opener).await.map_err(of_command)?;
    let own = Own { servers: own_places(parts), roots: Vec::new() };
    let login = login(parts, device, &state, wish)?;
    let edit = edit(parts, &state, wish, &login)?;
    let mut plan = plan_edit(&state, &edit, &own)
        .map_err(|error| Problem::new(plan_code(&error), format!("{}: {error}", device.name)))?;
    if login.is_new {
        plan.notes.push(
            "its CIRA credential was not made by an enrollment here, so a new one is put at every entry that leads here"
                .to_owned(),
        );
        let logins = state.mps.iter().filter(|e| own.servers.iter().any(|(a, p)| e.is_at(a, *p)));
        let logins = logins.filter_map(|entry| {
            Some(Step::SetLogin {
                server: entry.to_string(),
                login: state.login_of(&entry.name)?.name.clone(),
                user: login.user.clone(),
                password: login.password.clone(),
            })
        });
        plan.steps.splice(0..0, logins.collect::<Vec<_>>());
    }
    let mut changed = RemoteAccessChanged {
        guid: device.id,
        steps: plan.steps.iter().map(planned).collect(),
        notes: plan.notes,
        cuts: plan.cuts,
    };
    if wish.dry_run {
        return Ok(changed);
    }
    if let Some(why) = changed.cuts.as_ref().filter(|_| !wish.force) {
        return Err(Problem::new(Code::WouldStrand, format!("{}: {why}", device.name)));
    }
    let before = if login.is_new { Some(accept(parts, device, &login).await?) } else { None };
    let (mut added, about) = (Added::default(), commands.about());
    let count = plan.steps.len();
    for (index, step) in plan.steps.iter().enumerate() {
        let state = match perform(&mut commands, step, &mut added).instrument(about.clone()).await {
            Ok(()) => StepState::Done,
            // The tunnel ended where it had to; what is left cannot be sent.
            Err(StepFault::Cut) if index + 1 == count => StepState::Unknown,
            Err(fault) => {
                if let Some(before) = before.filter(|_| index == 0) {
                    parts
                        .inventory
                        .restore_cira(device.id, before)
                        .await
                        .map_err(|error| Problem::new(Code::Store, error.to_string()))?;
                }
                return Err(broken(device, step, fault, index, count));
            }
        };
        if let Some(shown) = changed.steps.get_mut(index) {
            shown.state = state;
            shown.at = Some(OffsetDateTime::now_utc());
        }
    }
    if let Some(why) = &changed.cuts {
        // Only an explanation is lost with it.
        if let Err(error) = parts.inventory.note_silenced(device.id, why).await {
            about.in_scope(|| {
                tracing::warn!(%error, "it is not kept that the PC was told not to call");
            });
        }
    }
    Ok(changed)
}

/// A step before it is done.
pub(crate) fn planned(step: &Step) -> EnrollStep {
    let said = Some(said(step));
    EnrollStep { text: step.describe(), said, state: StepState::Planned, at: None }
}

/// What a step does, for other languages.
fn said(step: &Step) -> Said {
    match step {
        Step::TrustRoot { name, .. } => Said::new("step.root").text("name", name),
        Step::AddMps { mps, .. } => Said::new("step.mps").text("server", mps.to_string()),
        Step::SetLogin { server, user, .. } => {
            Said::new("step.login").text("server", server).text("user", user)
        }
        Step::AddPolicy { policy, .. } => {
            Said::new("step.policy").text("policy", policy.to_string())
        }
        Step::ReplacePolicy { policy, .. } => {
            Said::new("step.replace").text("policy", policy.to_string())
        }
        Step::RemovePolicy { name } => Said::new("step.less").text("policy", name),
        Step::SetMpsType { link, .. } => Said::new("step.outside").text("policy", &link.policy),
        Step::UserInitiated { state } => Said::new("step.user").text("state", state.name()),
        Step::Environment { suffixes, .. } if suffixes.is_empty() => Said::new("step.home"),
        Step::Environment { suffixes, .. } => {
            Said::new("step.away").text("suffixes", suffixes.join(", "))
        }
        Step::RemoveMps { server, .. } => Said::new("step.forget").text("server", server),
        Step::RemoveRoot { name, .. } => Said::new("step.distrust").text("name", name),
    }
}

/// The credential for new entries.
struct Login {
    user: String,
    password: String,
    is_new: bool,
}

fn login(
    parts: &Parts,
    device: &Device,
    state: &RemoteAccess,
    wish: &RemoteAccessChange,
) -> Result<Login, Problem> {
    let named = wish.mps.iter().flatten().chain(&wish.add_mps);
    let mut adds = false;
    for text in named {
        let Place { host, port, .. } = place(text)?;
        adds |= !state.mps.iter().any(|e| e.is_at(&host, port.unwrap_or(e.port)));
    }
    let credential = parts.inventory.enrolment_credential(device.id, false);
    let (issued, counts) = credential.map_err(|e| Problem::new(Code::Store, e.to_string()))?;
    Ok(Login {
        user: issued.user,
        password: issued.password.expose().clone(),
        is_new: adds && !counts,
    })
}

/// Accepts the new credential from now on.
async fn accept(
    parts: &Parts,
    device: &Device,
    login: &Login,
) -> Result<crate::inventory::CiraRecord, Problem> {
    let stored = |error: crate::inventory::StoreError| Problem::new(Code::Store, error.to_string());
    let before = parts.inventory.cira_record(device.id).map_err(stored)?;
    let password = crate::config::Secret::new(login.password.clone());
    let cira = Some((login.user.clone(), password));
    let change = DeviceChange { cira, ..DeviceChange::default() };
    parts.inventory.change(device.id, change).await.map_err(stored)?;
    Ok(before)
}

fn edit(
    parts: &Parts,
    state: &RemoteAccess,
    wish: &RemoteAccessChange,
    login: &Login,
) -> Result<Edit, Problem> {
    let bad = |detail: String| Problem::new(Code::BadRequest, detail);
    let servers = |texts: &[String]| -> Result<Vec<NewMps>, Problem> {
        let mut servers = servers_at(parts, texts, state.platform.version.as_ref())?;
        for server in &mut servers {
            server.user.clone_from(&login.user);
            server.password.clone_from(&login.password);
        }
        Ok(servers)
    };
    let triggers = wish.triggers.as_deref().unwrap_or_default();
    let trigger = |name: &String| {
        let known = [Trigger::User, Trigger::Alert, Trigger::Periodic, Trigger::HomeProvisioning];
        let found = known.into_iter().find(|trigger| trigger.name() == name);
        found.ok_or_else(|| bad(format!("`{name}` is no trigger; user, alert and periodic are")))
    };
    let user_initiated = wish.user_initiated.as_deref().map(|name| {
        let all = [UserInitiated::Off, UserInitiated::Bios, UserInitiated::Os, UserInitiated::Both];
        let found = all.into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| bad(format!("`{name}` is none of off, bios, os and both")))
    });
    Ok(Edit {
        servers: wish.mps.as_deref().map(servers).transpose()?,
        add: servers(&wish.add_mps)?,
        remove: removed(state, &wish.remove_mps)?,
        policies: trigger_list(triggers).map_err(|error| bad(error.to_string()))?,
        remove_policies: wish.remove_triggers.iter().map(trigger).collect::<Result<_, _>>()?,
        inside: match &wish.inside {
            None => None,
            Some(suffixes) if suffixes.is_empty() => Some(nowhere()?),
            Some(suffixes) => Some(Inside::Under(suffixes.clone())),
        },
        user_initiated: user_initiated.transpose()?,
    })
}

/// The entries that shall go; one that is not there is named.
fn removed(state: &RemoteAccess, texts: &[String]) -> Result<Vec<(String, u16)>, Problem> {
    let mut all = Vec::new();
    for text in texts {
        let Place { host, port, .. } = place(text)?;
        let fits = state.mps.iter().filter(|entry| {
            entry.address.eq_ignore_ascii_case(&host) && port.is_none_or(|port| port == entry.port)
        });
        let found: Vec<(String, u16)> = fits.map(|e| (e.address.clone(), e.port)).collect();
        if found.is_empty() {
            let known: Vec<String> = state.mps.iter().map(ToString::to_string).collect();
            let detail = format!("it has no MPS {text}; it has {}", known.join(", "));
            return Err(Problem::new(Code::BadRequest, detail));
        }
        all.extend(found);
    }
    Ok(all)
}

fn plan_code(error: &amt::remote_access::PlanError) -> Code {
    use amt::remote_access::PlanError;
    match error {
        PlanError::TableFull { .. } => Code::MpsTableFull,
        PlanError::NotActivated => Code::NotActivated,
        PlanError::TooOld(_)
        | PlanError::Servers { .. }
        | PlanError::NoTrigger
        | PlanError::Mps(_)
        | PlanError::Environment(_) => Code::BadRequest,
    }
}

pub(super) fn of_command(error: CommandError) -> Problem {
    Problem::new(error.code(), error.to_string())
}

fn broken(device: &Device, step: &Step, fault: StepFault, index: usize, count: usize) -> Problem {
    let (code, why) = match fault {
        StepFault::Returned { code, .. } => (Code::EnrollStep, code.to_string()),
        StepFault::Command(error) => (error.code(), error.to_string()),
        StepFault::Cut => {
            (Code::OutcomeUnknown, "the tunnel ended before the answer came".to_owned())
        }
        StepFault::Impossible(why) => (Code::EnrollStep, why),
    };
    let detail = format!(
        "{} refused to {}: {why} ({index} of {count} steps are done)",
        device.name,
        step.describe()
    );
    Problem::new(code, detail)
}
