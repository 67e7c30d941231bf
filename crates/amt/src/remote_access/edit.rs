//! Single changes to a platform that dials in already, and whether it would still find its way back.

use super::{
    environment,
    mps::NewMps,
    plan::{Inside, Plan, PlanError, as_wanted, check_platform, references, table_full},
    policy::{Policy, Trigger, WantedPolicy},
    removal::Own,
    state::{RemoteAccess, UserInitiated},
    step::{MpsRef, Step},
};

/// What shall change; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// The servers that every policy tries from now on.
    pub servers: Option<Vec<NewMps>>,
    /// Servers that every policy tries after those it has.
    pub add: Vec<NewMps>,
    /// Address and port of servers to remove.
    pub remove: Vec<(String, u16)>,
    /// Policies to add, or to have in place of those with the same trigger.
    pub policies: Vec<WantedPolicy>,
    /// Policies to remove.
    pub remove_policies: Vec<Trigger>,
    /// Where it is at home.
    pub inside: Option<Inside>,
    /// From where a user may ask for a tunnel.
    pub user_initiated: Option<UserInitiated>,
}

/// What a policy shall be.
struct Target<'a> {
    before: Option<&'a Policy>,
    policy: WantedPolicy,
    servers: Vec<MpsRef>,
}

/// The steps for a change. `own` says which servers lead to whoever asks: [`Plan::cuts`] says so when the platform
/// would not come back there.
///
/// # Errors
/// [`PlanError`] when it cannot be done.
pub fn plan_edit(state: &RemoteAccess, edit: &Edit, own: &Own) -> Result<Plan, PlanError> {
    check_platform(state)?;
    let mut plan = Plan::default();
    let added = add_servers(state, edit, &mut plan)?;
    let targets = targets(state, edit, &added)?;
    for target in &targets {
        plan.steps.extend(policy_step(state, target));
    }
    // What only adds comes first.
    plan.steps.sort_by_key(|step| match step {
        Step::AddMps { .. } => 0,
        Step::AddPolicy { .. } => 1,
        _ => 2,
    });
    if let Some(wanted) = edit.user_initiated.filter(|w| state.user_initiated != Some(*w)) {
        plan.steps.push(Step::UserInitiated { state: wanted });
    }
    let kept = |policy: &Policy| {
        targets
            .iter()
            .any(|t| t.before.is_some_and(|b| b.name == policy.name) && !t.servers.is_empty())
    };
    for policy in state.policies.iter().filter(|policy| !kept(policy)) {
        plan.steps.push(Step::RemovePolicy { name: policy.name.clone() });
    }
    for entry in &state.mps {
        if edit.remove.iter().any(|(address, port)| entry.is_at(address, *port)) {
            plan.steps
                .push(Step::RemoveMps { server: entry.to_string(), name: entry.name.clone() });
        }
    }
    let suffixes = inside(state, edit, &mut plan)?;
    plan.cuts = cuts(state, edit, &targets, &added, own, suffixes.as_deref());
    Ok(plan)
}

/// The servers that are named, as references; steps for those that are not there.
fn add_servers(
    state: &RemoteAccess,
    edit: &Edit,
    plan: &mut Plan,
) -> Result<Vec<(NewMps, MpsRef)>, PlanError> {
    let named = edit.servers.iter().flatten().chain(&edit.add);
    let mut all: Vec<(NewMps, MpsRef)> = Vec::new();
    for mps in named {
        mps.check()?;
        let there = state.mps.iter().find(|entry| entry.is_at(&mps.address, mps.port));
        let reference = match there {
            Some(entry) => MpsRef::Existing(entry.reference.clone()),
            None => {
                let slot = all.len();
                plan.steps.push(Step::AddMps { slot, mps: mps.clone() });
                MpsRef::Added(slot)
            }
        };
        all.push((mps.clone(), reference));
    }
    if state.mps.len().saturating_add(plan.steps.len()) > state.max_mps {
        return Err(table_full(state));
    }
    Ok(all)
}

fn targets<'a>(
    state: &'a RemoteAccess,
    edit: &Edit,
    added: &[(NewMps, MpsRef)],
) -> Result<Vec<Target<'a>>, PlanError> {
    let mut targets = Vec::new();
    let triggers = [Trigger::User, Trigger::Alert, Trigger::Periodic, Trigger::HomeProvisioning];
    for trigger in triggers {
        if edit.remove_policies.contains(&trigger) {
            continue;
        }
        let before = state.policy(trigger);
        let asked = edit.policies.iter().find(|policy| policy.trigger == trigger).copied();
        let Some(policy) = asked.or_else(|| before.map(|b| as_wanted(b, trigger))) else {
            continue;
        };
        let servers = servers(state, edit, added, before)?;
        targets.push(Target { before, policy, servers });
    }
    Ok(targets)
}

fn servers(
    state: &RemoteAccess,
    edit: &Edit,
    added: &[(NewMps, MpsRef)],
    before: Option<&Policy>,
) -> Result<Vec<MpsRef>, PlanError> {
    let chosen = edit.servers.as_ref().map_or(0, Vec::len);
    let mut servers: Vec<MpsRef> = match (&edit.servers, before) {
        (Some(_), _) => added.iter().take(chosen).map(|(_, reference)| reference.clone()).collect(),
        (None, Some(policy)) => references(state, &policy.name),
        // A policy that is new goes where the others go.
        (None, None) => {
            state.policies.first().map_or_else(Vec::new, |p| references(state, &p.name))
        }
    };
    for (_, reference) in added.iter().skip(chosen) {
        if !servers.contains(reference) {
            servers.push(reference.clone());
        }
    }
    let goes = |reference: &MpsRef| {
        state.mps.iter().any(|entry| {
            *reference == MpsRef::Existing(entry.reference.clone())
                && edit.remove.iter().any(|(address, port)| entry.is_at(address, *port))
        })
    };
    servers.retain(|reference| !goes(reference));
    if servers.len() > state.max_mps_per_policy {
        let (most, given) = (state.max_mps_per_policy, servers.len());
        return Err(PlanError::Servers { most, given });
    }
    Ok(servers)
}

fn policy_step(state: &RemoteAccess, target: &Target<'_>) -> Option<Step> {
    let Target { before, policy, servers } = target;
    if servers.is_empty() {
        return None;
    }
    let Some(old) = before else {
        return Some(Step::AddPolicy { policy: *policy, servers: servers.clone() });
    };
    let servers_before = references(state, &old.name);
    if policy.is(old) && servers_before == *servers {
        return None;
    }
    Some(Step::ReplacePolicy {
        old: old.name.clone(),
        before: as_wanted(old, policy.trigger),
        servers_before,
        policy: *policy,
        servers: servers.clone(),
    })
}

/// The step for the environment, and the suffixes that it leaves behind.
fn inside(
    state: &RemoteAccess,
    edit: &Edit,
    plan: &mut Plan,
) -> Result<Option<Vec<String>>, PlanError> {
    let environment = &state.environment;
    let suffixes = match &edit.inside {
        None => return Ok(None),
        Some(Inside::Nowhere(_)) if environment.never_matches() => return Ok(None),
        Some(Inside::Nowhere(suffix)) => vec![suffix.clone()],
        Some(Inside::Under(suffixes)) => suffixes.clone(),
    };
    environment::check(&suffixes)?;
    if suffixes == environment.suffixes {
        return Ok(None);
    }
    let step = Step::Environment { environment: environment.clone(), suffixes: suffixes.clone() };
    plan.steps.push(step);
    Ok(matches!(edit.inside, Some(Inside::Under(_))).then_some(suffixes))
}

/// Why the platform would not come back, if it would not.
fn cuts(
    state: &RemoteAccess,
    edit: &Edit,
    targets: &[Target<'_>],
    added: &[(NewMps, MpsRef)],
    own: &Own,
    suffixes: Option<&[String]>,
) -> Option<String> {
    let is_own = |address: &str, port: u16| {
        own.servers.iter().any(|(a, p)| *p == port && a.eq_ignore_ascii_case(address))
    };
    let leads_here = |reference: &MpsRef| match reference {
        MpsRef::Existing(existing) => {
            state.mps.iter().any(|e| e.reference == *existing && is_own(&e.address, e.port))
        }
        MpsRef::Added(_) => {
            added.iter().any(|(mps, r)| r == reference && is_own(&mps.address, mps.port))
        }
    };
    let after = |trigger: Option<Trigger>| {
        targets.iter().any(|target| {
            trigger.is_none_or(|t| t == target.policy.trigger)
                && target.servers.iter().any(leads_here)
        })
    };
    let before = |trigger: Option<Trigger>| {
        state.policies.iter().any(|policy| {
            (trigger.is_none() || trigger == policy.trigger)
                && references(state, &policy.name).iter().any(leads_here)
        })
    };
    if before(None) && !after(None) {
        return Some("no policy would lead to this server any more, so it would not come back once its tunnel ends".to_owned());
    }
    let timer = Some(Trigger::Periodic);
    if before(timer) && !after(timer) {
        return Some("it would not dial in by itself any more: without the periodic policy only a user or an alert brings it back".to_owned());
    }
    match suffixes {
        Some([]) => {
            Some("a PC that is at home everywhere ends its tunnel and never dials in".to_owned())
        }
        Some(suffixes) => Some(format!(
            "if the network it is in now is one of {}, it ends its tunnel and does not dial in there",
            suffixes.join(", ")
        )),
        None => off(state, edit),
    }
}

fn off(state: &RemoteAccess, edit: &Edit) -> Option<String> {
    let only_user = state.policies.iter().all(|policy| policy.trigger == Some(Trigger::User));
    let off = edit.user_initiated == Some(UserInitiated::Off);
    (only_user && off && !state.policies.is_empty())
        .then(|| "its only trigger is its user, who could not ask for a tunnel any more".to_owned())
}
