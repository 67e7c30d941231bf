//! How firmware takes a failure. Generations differ, and a server must cope with all of them.

use std::{fmt, str::FromStr, time::Duration};

/// What a platform does when nobody answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RetryProfile {
    /// As Intel writes it: the servers of the policy in order, the whole once more, then silence until a trigger
    /// fires again.
    #[default]
    Spec,
    /// It dials again by itself after each failure and each lost tunnel, soon at first and then slower, for ever.
    Eager,
    /// The servers once; after that only a user's trigger or another network wakes it.
    GivesUp,
}

/// A word that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no retry profile; there are spec, eager and gives-up")]
pub struct UnknownRetryProfile(pub String);

impl RetryProfile {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Spec, "spec"), (Self::Eager, "eager"), (Self::GivesUp, "gives-up")];

    /// How often a round tries the servers.
    pub(crate) fn passes(self) -> usize {
        match self {
            Self::Spec | Self::Eager => 2,
            Self::GivesUp => 1,
        }
    }
}

impl FromStr for RetryProfile {
    type Err = UnknownRetryProfile;
    fn from_str(word: &str) -> Result<Self, UnknownRetryProfile> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == word);
        found.map(|(profile, _)| profile).ok_or_else(|| UnknownRetryProfile(word.into()))
    }
}

impl fmt::Display for RetryProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Self::ALL.into_iter().find(|(profile, _)| profile == self);
        f.write_str(found.map_or("", |(_, name)| name))
    }
}

/// Shortest first pause of an eager platform.
const FIRST: Duration = Duration::from_millis(200);
/// What is added to it at random, so that a fleet does not come back as one.
const SPREAD: Duration = Duration::from_millis(800);
/// Pauses double up to this.
const LONGEST: Duration = Duration::from_secs(30);

/// Where in its profile a platform is.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    profile: RetryProfile,
    failures: u32,
    chance: u32,
}

impl Retry {
    pub(crate) fn new(profile: RetryProfile, seed: u32) -> Self {
        Self { profile, failures: 0, chance: seed }
    }

    pub(crate) fn profile(&self) -> RetryProfile {
        self.profile
    }

    /// A tunnel was up: start over.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long an eager platform waits before it dials again.
    pub(crate) fn pause(&mut self) -> Duration {
        // A linear congruential generator (Numerical Recipes) is random enough to spread a fleet.
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let first = FIRST + SPREAD.mul_f64(f64::from(self.chance) / f64::from(u32::MAX));
        let doubled = first.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        doubled.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_random_start_up_to_the_longest() {
        let mut retry = Retry::new(RetryProfile::Eager, 7);
        for doubled in 0..12 {
            let pause = retry.pause();
            let least = (FIRST * (1 << doubled)).min(LONGEST);
            let most = ((FIRST + SPREAD) * (1 << doubled)).min(LONGEST);
            assert!((least..=most).contains(&pause), "{doubled}: {pause:?}");
        }
        retry.succeeded();
        assert!(retry.pause() <= FIRST + SPREAD);
        let other = Retry::new(RetryProfile::Eager, 8).pause();
        assert_ne!(Retry::new(RetryProfile::Eager, 7).pause(), other);
    }

    #[test]
    fn profiles_have_names() {
        for word in ["spec", "eager", "gives-up"] {
            assert_eq!(word.parse::<RetryProfile>().unwrap().to_string(), word);
        }
        assert!("stubborn".parse::<RetryProfile>().is_err());
    }
}
