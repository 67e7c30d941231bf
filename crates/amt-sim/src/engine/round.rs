//! One round: the servers of a policy, tried in order, and the whole once more.

use crate::{RetryProfile, Trigger};
use std::time::Duration;

/// Before the servers are tried once more.
const BREATH: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) trigger: Trigger,
    servers: Vec<u32>,
    passes: usize,
    /// Attempts that are over.
    done: usize,
    /// The one that is under way.
    under_way: bool,
    /// Not before.
    due: Option<Duration>,
}

impl Round {
    pub(super) fn new(trigger: Trigger, servers: Vec<u32>, profile: RetryProfile) -> Self {
        let passes = profile.passes();
        Self { trigger, servers, passes, done: 0, under_way: false, due: None }
    }

    pub(super) fn is_over(&self) -> bool {
        self.done >= self.servers.len() * self.passes
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// When the next attempt begins, while none is under way.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due.filter(|_| !self.under_way)
    }

    /// The server of the attempt that is under way.
    pub(super) fn current(&self) -> Option<u32> {
        let at = self.done.checked_rem(self.servers.len())?;
        self.servers.get(at).copied().filter(|_| self.under_way)
    }

    /// Begins the next attempt, if its time has come.
    pub(super) fn dial(&mut self, now: Duration) -> Option<u32> {
        if self.is_over() || self.due.is_some_and(|due| due > now) {
            return None;
        }
        self.under_way = true;
        self.due = None;
        self.current()
    }

    /// The attempt failed. Whether there is another one.
    pub(super) fn failed(&mut self, now: Duration) -> bool {
        self.under_way = false;
        self.done += 1;
        let again = self.done.is_multiple_of(self.servers.len().max(1));
        self.due = Some(if again { now + BREATH } else { now });
        !self.is_over()
    }
}
