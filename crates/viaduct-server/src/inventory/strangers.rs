//! Devices that knocked without being known, and failed attempts, both counted and bounded: whoever floods us
//! pushes out other strangers, not memory.

use super::{
    Attempt, Unclaimed,
    keys::Verifier,
    pending::{Pending, Take},
};
use crate::{events::Stage, recent::Recent, tls::HelloFacts};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use time::{Duration, OffsetDateTime};
use viaduct_api::DeviceId;

/// Rows of the ledger of failed attempts.
pub(super) const ATTEMPTS_MAX: usize = 4096;
/// So long a failed attempt is remembered.
pub(super) const ATTEMPTS_AGE: Duration = Duration::days(7);
/// Credentials between check and entry in the list; more than tunnels that can be in that moment at once.
const PRESENTED_MAX: usize = 4096;
/// Longest text kept of what a device or a library said.
const TEXT_MAX: usize = 256;
/// Longest list kept of a ClientHello; real ones have fewer than 100 suites.
const LIST_MAX: usize = 128;

/// What a stranger has presented so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    Nothing,
    /// Always the same credential: approval can accept it.
    Same(Verifier),
    /// Different ones: somebody guesses, or two machines use one UUID.
    Different,
}

impl Presented {
    fn and(self, verifier: Option<Verifier>) -> Self {
        match (self, verifier) {
            (Self::Nothing, Some(new)) => Self::Same(new),
            (Self::Same(old), Some(new)) if old != new => Self::Different,
            (state, _) => state,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Stranger {
    pub(super) seen: Unclaimed,
    pub(super) presented: Presented,
}

/// Attempts that count as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct AttemptKey {
    pub(super) address: IpAddr,
    pub(super) stage: Stage,
    pub(super) device: Option<DeviceId>,
    /// The reason up to its first colon or digit: what follows varies (numbers, names) without being another reason.
    pub(super) class: String,
}

impl AttemptKey {
    fn of(attempt: &Attempt) -> Self {
        let end = attempt
            .reason
            .find(|c: char| c == ':' || c.is_ascii_digit())
            .filter(|at| *at > 0)
            .unwrap_or(attempt.reason.len());
        Self {
            address: attempt.address.to_canonical(),
            stage: attempt.stage,
            device: attempt.device,
            class: attempt.reason[..end].trim_end().to_owned(),
        }
    }
}

/// What a flush writes of one table: whole, or these rows (None: delete).
#[derive(Debug)]
pub(super) struct TableChange<K, V> {
    pub(super) whole: bool,
    pub(super) rows: Vec<(K, Option<V>)>,
}

impl<K, V> TableChange<K, V> {
    pub(super) fn is_empty(&self) -> bool {
        !self.whole && self.rows.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct Strangers {
    unclaimed: Recent<DeviceId, Stranger>,
    attempts: Recent<AttemptKey, Attempt>,
    presented: Recent<DeviceId, Verifier>,
    changed_unclaimed: Pending<DeviceId>,
    changed_attempts: Pending<AttemptKey>,
}

/// Keys that a flush took, to be put back when it fails.
#[derive(Debug)]
pub(super) struct TakenStrangers {
    unclaimed: Take<DeviceId>,
    attempts: Take<AttemptKey>,
}

impl Strangers {
    /// `limit` unclaimed devices at most.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            unclaimed: Recent::new(limit),
            attempts: Recent::new(ATTEMPTS_MAX),
            presented: Recent::new(PRESENTED_MAX),
            changed_unclaimed: Pending::new(limit.max(1) * 2),
            changed_attempts: Pending::new(ATTEMPTS_MAX * 2),
        }
    }

    /// Rows from the database, the oldest first.
    pub(super) fn restore(&mut self, unclaimed: Vec<Stranger>, attempts: Vec<Attempt>) {
        for stranger in unclaimed {
            let id = stranger.seen.id;
            let (.., evicted) = self.unclaimed.touch(id, || stranger);
            evicted.into_iter().for_each(|id| self.changed_unclaimed.soon(id));
        }
        for attempt in attempts {
            let (.., evicted) = self.attempts.touch(AttemptKey::of(&attempt), || attempt);
            evicted.into_iter().for_each(|key| self.changed_attempts.soon(key));
        }
    }

    /// Keeps what was presented until [`Strangers::knock`] follows. Called for every check, whatever its outcome.
    pub(super) fn present(&mut self, id: DeviceId, verifier: Verifier) {
        *self.presented.touch(id, || verifier).0 = verifier;
    }

    pub(super) fn knock(&mut self, id: DeviceId, address: SocketAddr, user: Option<String>) {
        let now = OffsetDateTime::now_utc();
        let verifier = self.presented.remove(&id);
        let (stranger, fresh, evicted) = self.unclaimed.touch(id, || Stranger {
            seen: Unclaimed {
                id,
                address,
                first: now,
                last: now,
                count: 0,
                cira_user: None,
                ignored: false,
            },
            presented: Presented::Nothing,
        });
        let before = stranger.presented;
        stranger.presented = before.and(verifier);
        let seen = &mut stranger.seen;
        (seen.address, seen.last) = (address, now);
        seen.count = seen.count.saturating_add(1);
        if let Some(user) = user {
            seen.cira_user = Some(bounded(user));
        }
        if fresh || stranger.presented != before {
            self.changed_unclaimed.soon(id);
        } else {
            self.changed_unclaimed.later(id);
        }
        evicted.into_iter().for_each(|id| self.changed_unclaimed.soon(id));
    }

    pub(super) fn stranger(&self, id: DeviceId) -> Option<&Stranger> {
        self.unclaimed.get(&id)
    }

    /// Remembers whether anybody wants to hear of it; false when it is not on the list.
    pub(super) fn ignore(&mut self, id: DeviceId, ignored: bool) -> bool {
        let Some(stranger) = self.unclaimed.get_mut(&id) else { return false };
        stranger.seen.ignored = ignored;
        self.changed_unclaimed.soon(id);
        true
    }

    /// Takes a device off the list, because it is known now.
    pub(super) fn forget(&mut self, id: DeviceId) -> bool {
        let was_there = self.unclaimed.remove(&id).is_some();
        if was_there {
            self.changed_unclaimed.soon(id);
        }
        was_there
    }

    pub(super) fn unclaimed(&self) -> Vec<Unclaimed> {
        self.unclaimed.newest_first().map(|(_, stranger)| stranger.seen.clone()).collect()
    }

    pub(super) fn attempt(&mut self, mut attempt: Attempt) {
        attempt.reason = bounded(attempt.reason);
        attempt.hello = attempt.hello.map(bounded_hello);
        attempt.address = attempt.address.to_canonical();
        let key = AttemptKey::of(&attempt);
        let (kept, fresh, evicted) =
            self.attempts.touch(key.clone(), || Attempt { count: 0, ..attempt.clone() });
        kept.count = kept.count.saturating_add(attempt.count);
        kept.first = kept.first.min(attempt.first);
        kept.last = kept.last.max(attempt.last);
        kept.reason = attempt.reason;
        kept.tls_alert = attempt.tls_alert.or(kept.tls_alert);
        kept.hello = attempt.hello.or_else(|| kept.hello.take());
        if fresh {
            self.changed_attempts.soon(key);
        } else {
            self.changed_attempts.later(key);
        }
        evicted.into_iter().for_each(|key| self.changed_attempts.soon(key));
    }

    pub(super) fn attempts(&self) -> Vec<Attempt> {
        let oldest = OffsetDateTime::now_utc() - ATTEMPTS_AGE;
        self.attempts
            .newest_first()
            .filter(|(_, attempt)| attempt.last >= oldest)
            .map(|(_, attempt)| attempt.clone())
            .collect()
    }

    /// Removes attempts that are too old.
    pub(super) fn expire(&mut self) {
        let limit = OffsetDateTime::now_utc() - ATTEMPTS_AGE;
        while let Some((key, _)) = self.attempts.oldest().filter(|(_, a)| a.last < limit) {
            let key = key.clone();
            self.attempts.remove(&key);
            self.changed_attempts.soon(key);
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.changed_unclaimed.is_due() || self.changed_attempts.is_due()
    }

    pub(super) fn pending(&self) -> usize {
        self.changed_unclaimed.len() + self.changed_attempts.len()
    }

    pub(super) fn take(&mut self, everything: bool) -> TakenStrangers {
        TakenStrangers {
            unclaimed: self.changed_unclaimed.take(everything),
            attempts: self.changed_attempts.take(everything),
        }
    }

    pub(super) fn put_back(&mut self, taken: TakenStrangers) {
        self.changed_unclaimed.put_back(taken.unclaimed);
        self.changed_attempts.put_back(taken.attempts);
    }

    /// The rows behind the taken keys, as they are now.
    pub(super) fn rows(
        &self,
        taken: &TakenStrangers,
    ) -> (TableChange<DeviceId, Stranger>, TableChange<AttemptKey, Attempt>) {
        (rows(&self.unclaimed, &taken.unclaimed), rows(&self.attempts, &taken.attempts))
    }
}

fn rows<K: Clone + Eq + std::hash::Hash, V: Clone>(
    table: &Recent<K, V>,
    taken: &Take<K>,
) -> TableChange<K, V> {
    match taken {
        Take::All => TableChange {
            whole: true,
            rows: table.newest_first().map(|(k, v)| (k.clone(), Some(v.clone()))).collect(),
        },
        Take::Rows(keys) => TableChange {
            whole: false,
            rows: keys.iter().map(|k| (k.clone(), table.get(k).cloned())).collect(),
        },
    }
}

/// At most so much text, and nothing in it that a terminal would obey.
pub(super) fn bounded(text: String) -> String {
    if text.len() <= TEXT_MAX && !text.chars().any(char::is_control) {
        return text;
    }
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(TEXT_MAX).collect()
}

/// A ClientHello can name thousands of suites; so many need not be kept for each device.
pub(super) fn bounded_hello(hello: Arc<HelloFacts>) -> Arc<HelloFacts> {
    let long_name = |h: &HelloFacts| h.server_name.as_ref().is_some_and(|n| n.len() > TEXT_MAX);
    let lists = [&hello.suites, &hello.groups, &hello.signature_algorithms];
    if lists.iter().all(|list| list.len() <= LIST_MAX) && !long_name(&hello) {
        return hello;
    }
    let mut hello = HelloFacts::clone(&hello);
    hello.suites.truncate(LIST_MAX);
    hello.groups.truncate(LIST_MAX);
    hello.signature_algorithms.truncate(LIST_MAX);
    hello.server_name = hello.server_name.map(bounded);
    Arc::new(hello)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> DeviceId {
        DeviceId(Uuid::from_u128(n))
    }

    fn peer() -> SocketAddr {
        "203.0.113.7:50000".parse().unwrap()
    }

    fn attempt(address: &str, reason: &str) -> Attempt {
        let now = OffsetDateTime::now_utc();
        Attempt {
            address: address.parse().unwrap(),
            stage: Stage::Tls,
            device: None,
            reason: reason.into(),
            tls_alert: None,
            hello: None,
            first: now,
            last: now,
            count: 1,
        }
    }

    #[test]
    fn only_the_first_knock_is_written_soon() {
        let mut strangers = Strangers::new(10);
        strangers.knock(id(1), peer(), None);
        let taken = strangers.take(false);
        assert_eq!(strangers.rows(&taken).0.rows.len(), 1);
        (0..1000).for_each(|_| strangers.knock(id(1), peer(), None));
        assert!(!strangers.is_due());
        let taken = strangers.take(true);
        let (rows, _) = strangers.rows(&taken);
        assert_eq!(rows.rows[0].1.as_ref().unwrap().seen.count, 1001);
    }

    #[test]
    fn a_flood_of_strangers_pushes_out_strangers_and_their_rows() {
        let mut strangers = Strangers::new(3);
        (1..=5).for_each(|n| strangers.knock(id(n), peer(), None));
        let kept: Vec<_> = strangers.unclaimed().iter().map(|u| u.id).collect();
        assert_eq!(kept, [id(5), id(4), id(3)]);
        let taken = strangers.take(false);
        let (change, _) = strangers.rows(&taken);
        let gone: Vec<_> = change.rows.iter().filter(|(_, row)| row.is_none()).collect();
        assert_eq!(gone.len(), 2);
        (0..1000).for_each(|n| strangers.knock(id(n), peer(), None));
        assert!(strangers.pending() <= 6, "what is not written yet is bounded");
        let taken = strangers.take(false);
        let (change, _) = strangers.rows(&taken);
        assert!(change.whole && change.rows.len() == 3);
    }

    #[test]
    fn attempts_that_differ_only_in_figures_count_as_one() {
        let mut strangers = Strangers::new(3);
        strangers.attempt(attempt("203.0.113.7", "no TLS handshake within 15 s"));
        strangers.attempt(attempt("::ffff:203.0.113.7", "no TLS handshake within 20 s"));
        strangers.attempt(attempt("203.0.113.7", "the device sent nonsense: 0x16"));
        strangers.attempt(attempt("203.0.113.8", "the device sent nonsense: 0x17"));
        let attempts = strangers.attempts();
        assert_eq!(attempts.len(), 3);
        assert_eq!(
            (attempts[2].count, attempts[2].reason.as_str()),
            (2, "no TLS handshake within 20 s")
        );
    }

    #[test]
    fn the_ledger_is_bounded_and_forgets_after_a_week() {
        let mut strangers = Strangers::new(3);
        let mut old = attempt("203.0.113.7", "old");
        old.first -= Duration::days(8);
        old.last -= Duration::days(8);
        strangers.attempt(old);
        assert!(strangers.attempts().is_empty());
        strangers.expire();
        assert_eq!(strangers.attempts.len(), 0);
        for n in 0..5000_u32 {
            let address = std::net::Ipv4Addr::from(n).to_string();
            strangers.attempt(attempt(&address, "x"));
        }
        assert_eq!(strangers.attempts().len(), ATTEMPTS_MAX);
    }

    #[test]
    fn what_devices_say_is_kept_short_and_without_control_characters() {
        let mut strangers = Strangers::new(3);
        strangers.knock(id(1), peer(), Some("\x1b[31m".to_owned() + &"x".repeat(1000)));
        let user = strangers.unclaimed()[0].cira_user.clone().unwrap();
        assert!(user.chars().count() == 256 && !user.contains('\x1b'), "{user}");
        let hello = HelloFacts {
            version: "TLS 1.2".into(),
            suites: vec![1; 4000],
            groups: vec![1; 4000],
            signature_algorithms: Vec::new(),
            server_name: Some("a".repeat(5000)),
        };
        let mut with_hello = attempt("203.0.113.7", "x");
        with_hello.hello = Some(Arc::new(hello));
        strangers.attempt(with_hello);
        let kept = strangers.attempts()[0].hello.clone().unwrap();
        assert_eq!((kept.suites.len(), kept.groups.len()), (LIST_MAX, LIST_MAX));
        assert_eq!(kept.server_name.as_ref().unwrap().len(), TEXT_MAX);
    }
}
