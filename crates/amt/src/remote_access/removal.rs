//! Taking away what was set up here, and nothing else.

use super::{
    mps::MpsEntry,
    plan::{Plan, as_wanted, references},
    state::RemoteAccess,
    step::{MpsRef, Step},
};

/// What counts as ours on a platform.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// Address and port of our servers.
    pub servers: Vec<(String, u16)>,
    /// DER of our roots.
    pub roots: Vec<Vec<u8>>,
}

impl Own {
    fn has(&self, entry: &MpsEntry) -> bool {
        self.servers.iter().any(|(address, port)| entry.is_at(address, *port))
    }
}

/// The steps that remove remote access to our servers. What leads to others stays.
///
/// The environment goes first when nobody else needs it: a platform that believes to be outside and has
/// no policy could be reached neither from the local network nor through a tunnel.
#[must_use]
pub fn plan_removal(state: &RemoteAccess, own: &Own) -> Plan {
    let mut plan = Plan::default();
    let ours: Vec<&MpsEntry> = state.mps.iter().filter(|entry| own.has(entry)).collect();
    let is_ours = |name: &&str| ours.iter().any(|entry| entry.name == **name);
    let alone = ours.len() == state.mps.len();
    if alone && state.environment.never_matches() {
        plan.steps.push(Step::Environment {
            environment: state.environment.clone(),
            suffixes: Vec::new(),
        });
    }
    for policy in &state.policies {
        let servers = state.servers_of(&policy.name);
        let mine = servers.iter().filter(|name| is_ours(name)).count();
        let all = mine == servers.len();
        match policy.trigger {
            _ if mine == 0 => {}
            Some(trigger) if !all => {
                let kept = servers.iter().filter(|name| !is_ours(name));
                let kept = kept.filter_map(|name| state.entry(name));
                plan.steps.push(Step::ReplacePolicy {
                    old: policy.name.clone(),
                    before: as_wanted(policy, trigger),
                    servers_before: references(state, &policy.name),
                    policy: as_wanted(policy, trigger),
                    servers: kept.map(|e| MpsRef::Existing(e.reference.clone())).collect(),
                });
            }
            _ => plan.steps.push(Step::RemovePolicy { name: policy.name.clone() }),
        }
    }
    for entry in &ours {
        plan.steps.push(Step::RemoveMps { server: entry.to_string(), name: entry.name.clone() });
    }
    for root in state.roots.iter().filter(|root| root.trusted) {
        if own.roots.contains(&root.der) {
            plan.steps.push(Step::RemoveRoot {
                name: root.common_name().to_owned(),
                handle: root.handle.clone(),
            });
        }
    }
    if !plan.steps.is_empty() {
        plan.cuts = Some("the PC does not dial in here any more".to_owned());
    }
    plan
}
