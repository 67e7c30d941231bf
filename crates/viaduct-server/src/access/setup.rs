//! The one-time secret that creates the first user.

use crate::{
    config::Secret,
    inventory::{StoreError, keys},
};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// The setup link works so long.
const VALID: Duration = Duration::from_secs(30 * 60);
const LENGTH: usize = 40;
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[derive(Debug)]
pub(super) struct SetupSecret {
    value: Secret<String>,
    made: Instant,
}

impl SetupSecret {
    pub(super) fn new() -> Result<Self, StoreError> {
        let value = Secret::new(keys::random_text(LENGTH, ALPHABET)?);
        Ok(Self { value, made: Instant::now() })
    }

    pub(super) fn value(&self, now: Instant) -> Option<Secret<String>> {
        (now.saturating_duration_since(self.made) < VALID).then(|| self.value.clone())
    }

    /// Constant time for texts of the right length.
    pub(super) fn is(&self, given: &Secret<String>, now: Instant) -> bool {
        let valid = self.value(now).is_some();
        let equal = self.value.expose().as_bytes().ct_eq(given.expose().as_bytes());
        valid & bool::from(equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_worth_nothing_after_half_an_hour() {
        let secret = SetupSecret::new().unwrap();
        let start = secret.made;
        let value = secret.value(start).unwrap();
        assert!(secret.is(&value, start));
        assert!(secret.is(&value, start + VALID - Duration::from_secs(1)));
        assert!(!secret.is(&value, start + VALID));
        assert!(secret.value(start + VALID).is_none());
        assert!(!secret.is(&Secret::new(String::new()), start));
        assert!(!secret.is(&Secret::new("x".repeat(LENGTH)), start));
    }
}
