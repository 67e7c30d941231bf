//! From what is there and what is wanted to ordered steps.

use super::{
    environment::{self, EnvironmentError},
    mps::{MpsEntry, MpsError, NewMps},
    platform::{ControlMode, Provisioning, Version},
    policy::{MpsType, Policy, Trigger, WantedPolicy},
    state::{RemoteAccess, UserInitiated},
    step::{MpsRef, Step},
};

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Name and DER of the roots to trust.
    pub roots: Vec<(String, Vec<u8>)>,
    /// One or two servers, the preferred one first.
    pub servers: Vec<NewMps>,
    /// The policies; triggers that are not named stay as they are.
    pub policies: Vec<WantedPolicy>,
    /// Where it is at home.
    pub inside: Inside,
}

/// Where a platform shall be at home, and so not dial in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// Nowhere. The suffix is written unless one that matches nothing is there already.
    Nowhere(String),
    /// Under these suffixes.
    Under(Vec<String>),
}

/// Ordered steps, and what to know before they are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order. Nothing when all is as wanted.
    pub steps: Vec<Step>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Why the platform has no way back for a while or for good, when that is so.
    pub cuts: Option<String>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Activation is not complete.
    #[error(
        "the PC is not activated (its AMT is not provisioned), so it has nothing to configure yet"
    )]
    NotActivated,
    /// Too old.
    #[error("AMT {0} has no remote access that can be configured this way")]
    TooOld(Version),
    /// No, or too many servers.
    #[error("a policy takes 1 to {most} MPS, {given} are given")]
    Servers {
        /// What it takes.
        most: usize,
        /// What was given.
        given: usize,
    },
    /// The table is full.
    #[error(
        "the PC's table of MPS is full ({} of {max}): {}",
        .entries.len(),
        .entries.join(", ")
    )]
    TableFull {
        /// How many it takes.
        max: usize,
        /// Which are there.
        entries: Vec<String>,
    },
    /// Nothing to trigger it.
    #[error("no trigger is given, and the PC has none, so it would never dial in")]
    NoTrigger,
    /// A server that firmware refuses.
    #[error(transparent)]
    Mps(#[from] MpsError),
    /// Suffixes that firmware refuses.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Compares what is there with what is wanted.
///
/// The order of the steps keeps a way back at each moment: first what only adds (root, servers), then
/// policies, those that are missing before those that must be replaced, and last the environment, with
/// which the platform may leave the local network at once.
///
/// # Errors
/// [`PlanError`] when it cannot be done; nothing was changed then.
pub fn plan(state: &RemoteAccess, wish: &Wish) -> Result<Plan, PlanError> {
    check(state, wish)?;
    let mut plan = Plan::default();
    for (name, der) in &wish.roots {
        if !state.trusts(der) {
            plan.steps.push(Step::TrustRoot { name: name.clone(), der: der.clone() });
        }
    }
    let mut servers = Vec::new();
    let mut stale = Vec::new();
    for (slot, wanted) in wish.servers.iter().enumerate() {
        match state.mps.iter().find(|entry| entry.is_at(&wanted.address, wanted.port)) {
            Some(entry) if expects(entry, wanted) => {
                servers.push(MpsRef::Existing(entry.reference.clone()));
                plan.steps.extend(login_step(state, entry, wanted));
            }
            Some(entry) => {
                stale.push(entry);
                servers.push(MpsRef::Added(slot));
            }
            None => servers.push(MpsRef::Added(slot)),
        }
    }
    let held = replace_stale(state, &stale, &mut plan);
    add_servers(wish, &servers, &mut plan);
    policies(state, wish, &servers, &held, &mut plan);
    restore(state, &held, wish, &servers, &stale, &mut plan);
    user_initiated(state, wish, &mut plan);
    inside(state, wish, &mut plan);
    remarks(state, &mut plan);
    Ok(plan)
}

fn check(state: &RemoteAccess, wish: &Wish) -> Result<(), PlanError> {
    check_platform(state)?;
    let given = wish.servers.len();
    if given == 0 || given > state.max_mps_per_policy {
        return Err(PlanError::Servers { most: state.max_mps_per_policy, given });
    }
    for server in &wish.servers {
        server.check()?;
    }
    if let Inside::Under(suffixes) = &wish.inside {
        environment::check(suffixes)?;
    }
    if wish.policies.is_empty() && state.policies.is_empty() {
        return Err(PlanError::NoTrigger);
    }
    let known = |mps: &&NewMps| state.mps.iter().any(|entry| entry.is_at(&mps.address, mps.port));
    let fresh = wish.servers.iter().filter(|mps| !known(mps)).count();
    if state.mps.len().saturating_add(fresh) > state.max_mps {
        return Err(table_full(state));
    }
    Ok(())
}

pub(super) fn check_platform(state: &RemoteAccess) -> Result<(), PlanError> {
    if matches!(state.platform.provisioning, Some(Provisioning::Before | Provisioning::During)) {
        return Err(PlanError::NotActivated);
    }
    match &state.platform.version {
        Some(version) if !version.has_remote_access() => Err(PlanError::TooOld(version.clone())),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn table_full(state: &RemoteAccess) -> PlanError {
    PlanError::TableFull {
        max: state.max_mps,
        entries: state.mps.iter().map(ToString::to_string).collect(),
    }
}

/// Whether an entry expects the certificate that the wanted server has.
fn expects(entry: &MpsEntry, wanted: &NewMps) -> bool {
    let name = |n: &Option<String>| n.clone().unwrap_or_default().to_ascii_lowercase();
    wanted.common_name.is_none() || name(&entry.common_name) == name(&wanted.common_name)
}

fn login_step(state: &RemoteAccess, entry: &MpsEntry, wanted: &NewMps) -> Option<Step> {
    let login = state.login_of(&entry.name)?;
    (login.user != wanted.user).then(|| Step::SetLogin {
        server: entry.to_string(),
        login: login.name.clone(),
        user: wanted.user.clone(),
        password: wanted.password.clone(),
    })
}

/// Takes entries away that lead to the right place with a wrong common name: the same place cannot be
/// added twice, and what a policy uses cannot be removed. Gives the policies that went with them.
fn replace_stale<'a>(
    state: &'a RemoteAccess,
    stale: &[&MpsEntry],
    plan: &mut Plan,
) -> Vec<&'a Policy> {
    let uses = |policy: &&Policy| {
        state.servers_of(&policy.name).iter().any(|s| stale.iter().any(|e| e.name == *s))
    };
    let held: Vec<&Policy> = state.policies.iter().filter(uses).collect();
    plan.steps.extend(held.iter().map(|policy| Step::RemovePolicy { name: policy.name.clone() }));
    for entry in stale {
        plan.notes.push(format!(
            "the entry for {entry} expects a certificate named {}, which the server does not show; it is made anew",
            entry.common_name.as_deref().unwrap_or("nothing")
        ));
        plan.steps.push(Step::RemoveMps { server: entry.to_string(), name: entry.name.clone() });
    }
    if !held.is_empty() {
        plan.cuts = Some(
            "between removing the old entry and adding the new one it has no policy; when that breaks off, it does not dial in by itself".to_owned(),
        );
    }
    held
}

fn add_servers(wish: &Wish, servers: &[MpsRef], plan: &mut Plan) {
    for (slot, mps) in wish.servers.iter().enumerate() {
        if servers.get(slot) == Some(&MpsRef::Added(slot)) {
            plan.steps.push(Step::AddMps { slot, mps: mps.clone() });
        }
    }
}

fn policies(
    state: &RemoteAccess,
    wish: &Wish,
    servers: &[MpsRef],
    held: &[&Policy],
    plan: &mut Plan,
) {
    let mut replaced = Vec::new();
    for wanted in &wish.policies {
        let there = state.policy(wanted.trigger);
        let gone = |policy: &&Policy| held.iter().any(|h| h.name == policy.name);
        let Some(policy) = there.filter(|policy| !gone(policy)) else {
            let servers = servers.to_vec();
            plan.steps.push(Step::AddPolicy { policy: *wanted, servers });
            continue;
        };
        let before = references(state, &policy.name);
        if wanted.is(policy) && before == servers {
            replaced.extend(external(state, policy));
            continue;
        }
        let lost = others(state, &policy.name, wish);
        if !lost.is_empty() {
            plan.notes.push(format!(
                "its {} policy led to {} and leads here instead; a platform keeps one policy for each trigger",
                wanted.trigger,
                lost.join(", ")
            ));
        }
        replaced.push(Step::ReplacePolicy {
            old: policy.name.clone(),
            before: as_wanted(policy, wanted.trigger),
            servers_before: before,
            policy: *wanted,
            servers: servers.to_vec(),
        });
    }
    plan.steps.extend(replaced);
}

/// The servers of a policy that is there, in its order.
pub(super) fn references(state: &RemoteAccess, policy: &str) -> Vec<MpsRef> {
    let entries = state.servers_of(policy).into_iter().filter_map(|name| state.entry(name));
    entries.map(|entry| MpsRef::Existing(entry.reference.clone())).collect()
}

/// A policy that is there, as it would be wanted.
pub(super) fn as_wanted(policy: &Policy, trigger: Trigger) -> WantedPolicy {
    WantedPolicy { trigger, schedule: policy.schedule, life_time: policy.life_time }
}

fn others(state: &RemoteAccess, policy: &str, wish: &Wish) -> Vec<String> {
    let entries = state.servers_of(policy).into_iter().filter_map(|name| state.entry(name));
    let foreign = |entry: &&MpsEntry| {
        !wish.servers.iter().any(|wanted| entry.is_at(&wanted.address, wanted.port))
    };
    entries.filter(foreign).map(ToString::to_string).collect()
}

/// Entries of a policy that count only inside would never be tried outside.
fn external(state: &RemoteAccess, policy: &Policy) -> Vec<Step> {
    let links = state.applies_to.iter();
    links
        .filter(|link| link.policy == policy.name && link.mps_type == MpsType::Internal)
        .map(|link| Step::SetMpsType { link: link.clone(), mps_type: MpsType::Both })
        .collect()
}

/// Policies that had to go with an entry and are not wanted otherwise come back as they were.
fn restore(
    state: &RemoteAccess,
    held: &[&Policy],
    wish: &Wish,
    servers: &[MpsRef],
    stale: &[&MpsEntry],
    plan: &mut Plan,
) {
    for policy in held {
        let Some(trigger) = policy.trigger else { continue };
        if wish.policies.iter().any(|wanted| wanted.trigger == trigger) {
            continue;
        }
        let kept = state.servers_of(&policy.name).into_iter().filter_map(|name| {
            let entry = state.entry(name)?;
            let slot = wish.servers.iter().position(|w| entry.is_at(&w.address, w.port));
            match slot {
                Some(slot) if stale.iter().any(|s| s.name == name) => servers.get(slot).cloned(),
                _ => Some(MpsRef::Existing(entry.reference.clone())),
            }
        });
        let servers = kept.collect();
        plan.steps.push(Step::AddPolicy { policy: as_wanted(policy, trigger), servers });
    }
}

fn user_initiated(state: &RemoteAccess, wish: &Wish, plan: &mut Plan) {
    let wanted = wish.policies.iter().any(|policy| policy.trigger == Trigger::User);
    if wanted && state.user_initiated != Some(UserInitiated::Both) {
        plan.steps.push(Step::UserInitiated { state: UserInitiated::Both });
    }
}

fn inside(state: &RemoteAccess, wish: &Wish, plan: &mut Plan) {
    let environment = &state.environment;
    let suffixes = match &wish.inside {
        Inside::Nowhere(_) if environment.never_matches() => return,
        Inside::Nowhere(suffix) => vec![suffix.clone()],
        Inside::Under(suffixes) if *suffixes == environment.suffixes => return,
        Inside::Under(suffixes) => suffixes.clone(),
    };
    if !environment.suffixes.is_empty() && !environment.never_matches() {
        plan.notes.push(format!(
            "it is at home under {} so far; there it would not dial in, so this is replaced",
            environment.suffixes.join(", ")
        ));
    }
    if !environment.prefixes.is_empty() {
        plan.notes.push(format!(
            "it also counts the IPv6 prefixes {} as home; these are left as they are",
            environment.prefixes.join(", ")
        ));
    }
    if suffixes.is_empty() {
        plan.cuts = Some("a PC that is at home everywhere never dials in".to_owned());
    }
    plan.steps.push(Step::Environment { environment: environment.clone(), suffixes });
}

fn remarks(state: &RemoteAccess, plan: &mut Plan) {
    if state.platform.control_mode == Some(ControlMode::Client) {
        plan.notes.push(
            "it is in Client Control Mode: remote access works, but screen, serial console and storage redirection need the user's consent each time".to_owned(),
        );
    }
}
