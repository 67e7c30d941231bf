//! The nonces that a platform has given out, how old they are and how often they were used.

use std::{collections::VecDeque, time::Duration};

use super::md5_hex;

/// Nonces given out; the oldest is forgotten when there is no room for another.
#[derive(Debug, Clone)]
pub struct NonceTable {
    lifetime: Duration,
    capacity: usize,
    nonces: VecDeque<Nonce>,
}

#[derive(Debug, Clone)]
struct Nonce {
    text: String,
    issued: Duration,
    highest: u32,
}

/// Why a nonce cannot be used, though the rest of the answer may be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NonceProblem {
    /// Never given out, or forgotten.
    #[error("unknown nonce")]
    Unknown,
    /// Given out too long ago.
    #[error("the nonce has expired")]
    Expired,
    /// The count did not increase: somebody repeats a request.
    #[error("the nonce count did not increase")]
    Repeated,
}

impl NonceTable {
    /// A table whose nonces live for `lifetime` and which holds at most `capacity` of them.
    #[must_use]
    pub fn new(lifetime: Duration, capacity: usize) -> Self {
        Self { lifetime, capacity: capacity.max(1), nonces: VecDeque::new() }
    }

    /// Gives out a nonce. `entropy` must be 16 fresh random bytes; `now` is the time since an origin
    /// of the caller's choice.
    pub fn issue(&mut self, now: Duration, entropy: [u8; 16]) -> String {
        let expired = |n: &Nonce| now.saturating_sub(n.issued) > self.lifetime;
        while self.nonces.front().is_some_and(expired) || self.nonces.len() >= self.capacity {
            self.nonces.pop_front();
        }
        let text = md5_hex(&[b"nonce", &entropy]).as_str().to_owned();
        self.nonces.push_back(Nonce { text: text.clone(), issued: now, highest: 0 });
        text
    }

    /// Uses a nonce for the `count`-th time. Without a count (RFC 2069) it can be used once.
    ///
    /// # Errors
    /// [`NonceProblem`].
    pub fn spend(
        &mut self,
        nonce: &str,
        count: Option<u32>,
        now: Duration,
    ) -> Result<(), NonceProblem> {
        let entry =
            self.nonces.iter_mut().find(|n| n.text == nonce).ok_or(NonceProblem::Unknown)?;
        if now.saturating_sub(entry.issued) > self.lifetime {
            return Err(NonceProblem::Expired);
        }
        let count = count.unwrap_or(u32::MAX);
        if count <= entry.highest {
            return Err(NonceProblem::Repeated);
        }
        entry.highest = count;
        Ok(())
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.nonces.clear();
    }

    /// How many nonces are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nonces.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nonces.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, NonceProblem, NonceTable};

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn counts_must_increase_but_may_skip() {
        let mut table = NonceTable::new(MINUTE, 4);
        let nonce = table.issue(Duration::ZERO, [1; 16]);
        assert_eq!(table.spend(&nonce, Some(1), MINUTE), Ok(()));
        assert_eq!(table.spend(&nonce, Some(5), MINUTE), Ok(()));
        assert_eq!(table.spend(&nonce, Some(5), MINUTE), Err(NonceProblem::Repeated));
        assert_eq!(table.spend(&nonce, Some(2), MINUTE), Err(NonceProblem::Repeated));
        assert_eq!(table.spend(&nonce, Some(6), MINUTE), Ok(()));
    }

    #[test]
    fn a_count_of_zero_is_no_use_at_all() {
        let mut table = NonceTable::new(MINUTE, 4);
        let nonce = table.issue(Duration::ZERO, [1; 16]);
        assert_eq!(table.spend(&nonce, Some(0), MINUTE), Err(NonceProblem::Repeated));
    }

    #[test]
    fn nonces_expire_and_unknown_ones_are_refused() {
        let mut table = NonceTable::new(MINUTE, 4);
        let nonce = table.issue(Duration::ZERO, [1; 16]);
        let late = MINUTE + Duration::from_millis(1);
        assert_eq!(table.spend(&nonce, Some(1), late), Err(NonceProblem::Expired));
        assert_eq!(table.spend("", Some(1), MINUTE), Err(NonceProblem::Unknown));
    }

    #[test]
    fn the_table_never_grows_beyond_its_capacity() {
        let mut table = NonceTable::new(MINUTE, 3);
        let first = table.issue(Duration::ZERO, [0; 16]);
        for byte in 1..100 {
            table.issue(Duration::ZERO, [byte; 16]);
        }
        assert_eq!(table.len(), 3);
        assert_eq!(table.spend(&first, Some(1), Duration::ZERO), Err(NonceProblem::Unknown));
    }
}
