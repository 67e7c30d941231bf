//! When to dial again after a loss. A stand-alone profile: the same question is what remote-access policies answer,
//! so nothing else in the platform knows how the answer is found.

use std::time::Duration;

/// A simple way to come back: soon at first, then slower, for ever unless told to give up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryProfile {
    /// Shortest first pause. Default 200 ms; shorter makes reconnect storms sharper.
    pub first_min: Duration,
    /// Longest first pause. Default 1 s; the pause is drawn between the two.
    pub first_max: Duration,
    /// Pauses double up to this. Default 30 s.
    pub longest: Duration,
    /// Stay away after this many failures in a row. Default none: never give up.
    pub gives_up: Option<u32>,
}

impl Default for RetryProfile {
    fn default() -> Self {
        Self {
            first_min: Duration::from_millis(200),
            first_max: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            gives_up: None,
        }
    }
}

/// Where in its profile a platform is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retry {
    failures: u32,
}

impl Retry {
    /// A tunnel was up: start over.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait before the next attempt; `None` when the platform gives up. `chance` is a random number.
    pub(crate) fn failed(&mut self, profile: &RetryProfile, chance: u32) -> Option<Duration> {
        self.failures += 1;
        if profile.gives_up.is_some_and(|limit| self.failures >= limit) {
            return None;
        }
        let spread = profile.first_max.saturating_sub(profile.first_min);
        let first = profile.first_min + spread.mul_f64(f64::from(chance) / f64::from(u32::MAX));
        let doubled = first.saturating_mul(1 << (self.failures - 1).min(16));
        Some(doubled.min(profile.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_random_start_up_to_the_longest() {
        let profile = RetryProfile::default();
        let mut retry = Retry::default();
        let pauses: Vec<u128> =
            (0..9).filter_map(|_| retry.failed(&profile, 0)).map(|p| p.as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
        retry.succeeded();
        assert_eq!(retry.failed(&profile, u32::MAX), Some(Duration::from_secs(1)));
        assert_eq!(retry.failed(&profile, u32::MAX), Some(Duration::from_secs(2)));
    }

    #[test]
    fn who_gives_up_stays_away_after_the_last_failure() {
        let profile = RetryProfile { gives_up: Some(2), ..RetryProfile::default() };
        let mut retry = Retry::default();
        assert!(retry.failed(&profile, 7).is_some());
        assert_eq!(retry.failed(&profile, 7), None);
    }
}
