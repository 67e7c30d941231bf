//! Changes through the tunnel: planned, judged for whether the device would come back, then taken step by step.

use crate::{
    command::{CommandError, DeviceCommands},
    enroll::{
        Offer, Parts, Place, StepFault, Told, nowhere, own_places, perform, place, servers_at,
    },
    inventory::{Device, Issued, StoreError},
    tunnel::Opener,
};
use amt::remote_access::{
    Added, Edit, Inside, NewMps, Own, Plan, RemoteAccess, Step, Trigger, UserInitiated, plan_edit,
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
    if login.adds {
        one_credential(&state, &own, &login, &mut plan);
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
    let offer = match login.adds && !login.counts {
        true => Some(Offer::make(parts, device.id, &login.issued).await.map_err(stored)?),
        false => None,
    };
    let about = commands.about();
    let taken = take(&mut commands, device, &plan.steps, &mut changed.steps);
    let taken = taken.instrument(about.clone()).await;
    if let Some(offer) = offer {
        let told = Told::by(&plan.steps, &changed.steps);
        offer.settle(parts, &login.issued, told).await;
    }
    taken?;
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

/// Takes the steps in order, and notes what became of each.
async fn take(
    commands: &mut DeviceCommands,
    device: &Device,
    steps: &[Step],
    shown: &mut [EnrollStep],
) -> Result<(), Problem> {
    let mut added = Added::default();
    let count = steps.len();
    for (index, (step, shown)) in steps.iter().zip(shown).enumerate() {
        let fault = perform(commands, step, &mut added).await.err();
        shown.at = Some(OffsetDateTime::now_utc());
        shown.state = match &fault {
            None => StepState::Done,
            Some(fault) if fault.is_in_doubt() => StepState::Unknown,
            Some(_) => StepState::Failed,
        };
        match fault {
            None => {}
            // The tunnel ended where it had to; what is left cannot be sent.
            Some(StepFault::Cut) if index + 1 == count => {}
            Some(fault) => return Err(broken(device, step, fault, (index, count))),
        }
    }
    Ok(())
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
    issued: Issued,
    /// The device has it already.
    counts: bool,
    /// There are new entries.
    adds: bool,
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
    let (issued, counts) = credential.map_err(stored)?;
    Ok(Login { issued, counts, adds })
}

/// Tells every entry that leads here the credential of the new ones before these are added: only one will count.
fn one_credential(state: &RemoteAccess, own: &Own, login: &Login, plan: &mut Plan) {
    let Issued { user, password } = &login.issued;
    let here = state.mps.iter().filter(|e| own.servers.iter().any(|(a, p)| e.is_at(a, *p)));
    let others = here.filter_map(|entry| {
        let known = state.login_of(&entry.name).filter(|known| known.user != *user)?;
        Some(Step::SetLogin {
            server: entry.to_string(),
            login: known.name.clone(),
            user: user.clone(),
            password: password.expose().clone(),
        })
    });
    let others: Vec<Step> = others.collect();
    if !login.counts {
        plan.notes.push(
            "its CIRA credential was not made by an enrollment here, so a new one is put at every entry that leads here"
                .to_owned(),
        );
    } else if !others.is_empty() {
        plan.notes.push(
            "an entry that leads here has another CIRA credential than the newest one, which is put there"
                .to_owned(),
        );
    }
    plan.steps.splice(0..0, others);
}

fn stored(error: StoreError) -> Problem {
    Problem::new(Code::Store, error.to_string())
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
            server.user.clone_from(&login.issued.user);
            server.password.clone_from(login.issued.password.expose());
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

/// Why the steps ended at one, of which so many were done of so many.
fn broken(
    device: &Device,
    step: &Step,
    fault: StepFault,
    (done, count): (usize, usize),
) -> Problem {
    let name = &device.name;
    let text = step.describe();
    let so_far = format!("{done} of {count} steps are done");
    let in_doubt = fault.is_in_doubt();
    let (code, why) = match fault {
        StepFault::Returned { code, .. } => (Code::EnrollStep, code.to_string()),
        StepFault::Command(CommandError::Unknown { why }) => (Code::OutcomeUnknown, why),
        StepFault::Command(error) => (error.code(), error.to_string()),
        StepFault::Cut => {
            (Code::OutcomeUnknown, "the tunnel ended before the answer came".to_owned())
        }
        StepFault::Impossible(why) => (Code::EnrollStep, why),
    };
    if !in_doubt {
        return Problem::new(code, format!("{name} refused to {text}: {why} ({so_far})"));
    }
    let detail = format!(
        "{name} was asked to {text}, but {why}: whether it did that is not known ({so_far})"
    );
    Problem::new(code, detail).with_next(format!(
        "When it is connected again, see what it has with `viaduct remote-access show {name}`, and ask for the same change \
         once more: what it has already is left alone."
    ))
}
