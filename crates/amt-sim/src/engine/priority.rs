//! Which trigger goes before which, and those that wait.

use crate::Trigger;

/// The higher one goes first.
pub(super) fn rank(trigger: Trigger) -> u8 {
    match trigger {
        Trigger::User => 3,
        Trigger::Alert => 2,
        Trigger::Periodic => 1,
    }
}

/// Triggers to be served when there is time.
#[derive(Debug, Default)]
pub(super) struct Pending([bool; 3]);

impl Pending {
    pub(super) fn add(&mut self, trigger: Trigger) {
        self.0[slot(trigger)] = true;
    }

    /// Takes it out; whether it was in.
    pub(super) fn take(&mut self, trigger: Trigger) -> bool {
        std::mem::take(&mut self.0[slot(trigger)])
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The one of highest priority.
    pub(super) fn first(&self) -> Option<Trigger> {
        BY_PRIORITY.into_iter().find(|trigger| self.0[slot(*trigger)])
    }
}

/// The highest first.
pub(super) const BY_PRIORITY: [Trigger; 3] = [Trigger::User, Trigger::Alert, Trigger::Periodic];

fn slot(trigger: Trigger) -> usize {
    match trigger {
        Trigger::User => 0,
        Trigger::Alert => 1,
        Trigger::Periodic => 2,
    }
}
