//! What brings back what a plan took away before it broke off.

use super::{
    mps::{MpsEntry, NewMps},
    plan::as_wanted,
    state::RemoteAccess,
    step::{MpsRef, Step},
};

/// The steps that give a platform again what it had `before` and has not `now`: entries that its policies lead to, as they
/// were, and a policy for each trigger that had one. What it has meanwhile at the same place or for the same trigger is
/// left alone. `login` is user and password for entries that are made anew, because theirs cannot be read.
#[must_use]
pub fn plan_put_back(
    before: &RemoteAccess,
    now: &RemoteAccess,
    (user, password): (&str, &str),
) -> Vec<Step> {
    let mut lost: Vec<&MpsEntry> = Vec::new();
    let mut policies = Vec::new();
    for policy in &before.policies {
        let Some(trigger) = policy.trigger.filter(|trigger| now.policy(*trigger).is_none()) else {
            continue;
        };
        let mut servers = Vec::new();
        for entry in before.servers_of(&policy.name).iter().filter_map(|name| before.entry(name)) {
            let there = now.mps.iter().find(|now| now.is_at(&entry.address, entry.port));
            servers.push(match there {
                Some(there) => MpsRef::Existing(there.reference.clone()),
                None => MpsRef::Added(slot(&mut lost, entry)),
            });
        }
        if !servers.is_empty() {
            policies.push(Step::AddPolicy { policy: as_wanted(policy, trigger), servers });
        }
    }
    let again = |(slot, entry): (usize, &MpsEntry)| Step::AddMps {
        slot,
        mps: NewMps {
            address: entry.address.clone(),
            port: entry.port,
            common_name: entry.common_name.clone(),
            user: user.to_owned(),
            password: password.to_owned(),
        },
    };
    lost.into_iter().enumerate().map(again).chain(policies).collect()
}

/// The place of an entry among those that are to be made anew.
fn slot<'a>(lost: &mut Vec<&'a MpsEntry>, entry: &'a MpsEntry) -> usize {
    lost.iter().position(|known| known.name == entry.name).unwrap_or_else(|| {
        lost.push(entry);
        lost.len().saturating_sub(1)
    })
}
