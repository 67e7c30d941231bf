//! The tunnel that is up: what it serves, and for how long.

use super::priority::rank;
use crate::Trigger;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(super) struct Tunnel {
    pub(super) trigger: Trigger,
    pub(super) server: u32,
    /// `None`: for ever.
    pub(super) life: Option<Duration>,
    pub(super) active: Duration,
}

impl Tunnel {
    /// When nothing has happened in it for its life time; never for one that lives for ever.
    pub(super) fn ends(&self) -> Option<Duration> {
        self.life.map(|life| self.active + life)
    }

    /// Serves another trigger: the higher one names the tunnel, the longer life time counts.
    pub(super) fn serve(&mut self, trigger: Trigger, life: Option<Duration>) {
        if rank(trigger) > rank(self.trigger) {
            self.trigger = trigger;
        }
        self.life = match (self.life, life) {
            (Some(has), Some(wants)) => Some(has.max(wants)),
            (None, _) | (_, None) => None,
        };
    }
}
