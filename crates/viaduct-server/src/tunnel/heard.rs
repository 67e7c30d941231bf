//! When the device was heard last: written with each read, looked at by whoever shows the tunnel.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// When something came last.
#[derive(Debug)]
pub(super) struct Heard {
    origin: Instant,
    /// Milliseconds after `origin`.
    last: AtomicU64,
}

impl Heard {
    pub(super) fn now() -> Self {
        Self { origin: Instant::now(), last: AtomicU64::new(0) }
    }

    pub(super) fn note(&self) {
        self.last.store(self.since_origin(), Ordering::Relaxed);
    }

    /// Whether one of the keep-alives that the device agreed to send is overdue by half of its interval. One that has not
    /// agreed may be silent.
    pub(super) fn is_overdue(&self, agreed: Option<(Duration, Duration)>) -> bool {
        let silent = self.since_origin().saturating_sub(self.last.load(Ordering::Relaxed));
        agreed.is_some_and(|(interval, _)| {
            !interval.is_zero() && u128::from(silent) > interval.as_millis() * 3 / 2
        })
    }

    fn since_origin(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_missing_keepalive_is_noticed_well_before_the_tunnel_is_dropped() {
        let (heard, agreed) = (Heard::now(), Some((Duration::from_secs(30), Duration::ZERO)));
        advance(Duration::from_secs(45)).await;
        assert!(!heard.is_overdue(agreed));
        advance(Duration::from_secs(1)).await;
        assert!(heard.is_overdue(agreed));
        assert!(!heard.is_overdue(None), "it has promised nothing");
        assert!(!heard.is_overdue(Some((Duration::ZERO, Duration::ZERO))), "nor has this one");
        heard.note();
        assert!(!heard.is_overdue(agreed));
    }
}
