//! A new root or a new name of the server: pushed first, used later.

use super::{
    mps::NewMps,
    plan::{Plan, PlanError, as_wanted, check_platform, references, table_full},
    policy::Policy,
    state::RemoteAccess,
    step::{MpsRef, Step},
};

/// What is coming.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Name and DER of the new root, when there is one.
    pub root: Option<(String, Vec<u8>)>,
    /// Address and port of the server as the platform knows it, and the server under its new name; the
    /// credential stays the same.
    pub rename: Option<((String, u16), NewMps)>,
}

/// How far a platform is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// It holds and uses all that is coming.
    Ready,
    /// It lacks something.
    Lacking,
}

/// Whether a platform will find the server after the change.
#[must_use]
pub fn coverage(state: &RemoteAccess, rotation: &Rotation) -> Coverage {
    let root = rotation.root.as_ref().is_none_or(|(_, der)| state.trusts(der));
    let name = rotation.rename.as_ref().is_none_or(|((old, port), new)| {
        let used = using(state, old, *port);
        let entry = state.mps.iter().find(|e| e.is_at(&new.address, new.port));
        entry.is_some_and(|entry| {
            used.iter().all(|p| state.servers_of(&p.name).contains(&entry.name.as_str()))
        })
    });
    if root && name { Coverage::Ready } else { Coverage::Lacking }
}

/// The steps that prepare a platform: the new root beside the old one, the new name as second choice of
/// the policies that lead to the old one. The way by which it comes today stays the first.
///
/// # Errors
/// [`PlanError`] when there is no room.
pub fn plan_rotation(state: &RemoteAccess, rotation: &Rotation) -> Result<Plan, PlanError> {
    check_platform(state)?;
    let mut plan = Plan::default();
    if let Some((name, der)) = rotation.root.as_ref().filter(|(_, der)| !state.trusts(der)) {
        plan.steps.push(Step::TrustRoot { name: name.clone(), der: der.clone() });
    }
    let Some(((old, port), new)) = &rotation.rename else { return Ok(plan) };
    new.check()?;
    let there = state.mps.iter().find(|entry| entry.is_at(&new.address, new.port));
    let server = match there {
        Some(entry) => MpsRef::Existing(entry.reference.clone()),
        None if state.mps.len() >= state.max_mps => return Err(table_full(state)),
        None => {
            plan.steps.push(Step::AddMps { slot: 0, mps: new.clone() });
            MpsRef::Added(0)
        }
    };
    for policy in using(state, old, *port) {
        let before = references(state, &policy.name);
        let (Some(trigger), false) = (policy.trigger, before.contains(&server)) else { continue };
        if before.len() >= state.max_mps_per_policy {
            plan.notes.push(format!(
                "its {} policy names {} servers already, so the new name finds no place in it",
                trigger,
                before.len()
            ));
            continue;
        }
        let servers = before.iter().cloned().chain([server.clone()]).collect();
        let same = as_wanted(policy, trigger);
        plan.steps.push(Step::ReplacePolicy {
            old: policy.name.clone(),
            before: same,
            servers_before: before,
            policy: same,
            servers,
        });
    }
    Ok(plan)
}

/// The policies that try a server.
fn using<'a>(state: &'a RemoteAccess, address: &str, port: u16) -> Vec<&'a Policy> {
    let entry = state.mps.iter().find(|entry| entry.is_at(address, port));
    let tries = |policy: &&Policy| {
        entry.is_some_and(|e| state.servers_of(&policy.name).contains(&e.name.as_str()))
    };
    state.policies.iter().filter(tries).collect()
}
