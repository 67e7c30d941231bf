//! The clock's part: periodic policies, and what a platform begins with.

use super::Engine;
use crate::{Trigger, remote_access::Schedule};
use std::time::Duration;

/// The periodic policy's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Periodic {
    pub(super) since: Duration,
    pub(super) due: Duration,
}

impl Engine {
    pub(super) fn restart_periodic(&mut self, now: Duration, delay: Duration) {
        let policy = self.remote.policy(Trigger::Periodic);
        self.periodic = policy.and_then(|policy| policy.schedule).map(|schedule| match schedule {
            Schedule::Interval(_) => Periodic { since: now + delay, due: now + delay },
            Schedule::Daily { .. } => Periodic { since: now, due: schedule.next(now, now) },
        });
    }

    /// Plans the first dialling for a trigger other than the clock's.
    pub(crate) fn plan(&mut self, trigger: Trigger, at: Duration) {
        self.again = Some((at, trigger));
    }

    /// Moves the first dialling of the periodic policy to its next time, because another trigger begins.
    pub(crate) fn postpone_periodic(&mut self, now: Duration) {
        let policy = self.remote.policy(Trigger::Periodic);
        if let (Some(periodic), Some(schedule)) =
            (&mut self.periodic, policy.and_then(|policy| policy.schedule))
        {
            periodic.due = schedule.next(periodic.since, now.max(periodic.since));
        }
    }

    pub(super) fn periodic_is_due(&mut self, now: Duration) {
        let policy = self.remote.policy(Trigger::Periodic);
        let Some(schedule) = policy.and_then(|policy| policy.schedule) else {
            self.periodic = None;
            return;
        };
        if let Some(periodic) = &mut self.periodic {
            periodic.due = schedule.next(periodic.since, now);
        }
        if let Err(ignored) = self.handle_trigger(Trigger::Periodic, now) {
            tracing::trace!(%ignored, "the periodic trigger does nothing");
        }
    }
}
