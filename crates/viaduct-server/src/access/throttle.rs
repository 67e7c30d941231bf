//! Failed sign-ins slow the next ones down, by account and by source. Nobody is locked out for good, all tables are
//! bounded, and accounts that do not exist are treated as those that do.

use crate::recent::Recent;
use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// Failures of one account from one source that cost nothing yet.
const FREE: u32 = 5;
/// So long after the last one, failures are forgotten.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// The first delay; it doubles with every further failure.
const FIRST_DELAY: Duration = Duration::from_secs(5);
const LONGEST_DELAY: Duration = Duration::from_secs(5 * 60);
/// Failures of one source in an hour, whatever the account.
const PER_SOURCE: u32 = 50;
/// Failures of one account in an hour, whatever the source. Sources it has signed in from are not held back by it, so
/// that strangers cannot lock it.
const PER_ACCOUNT: u32 = 30;
/// Beyond that, one try of strangers in this time.
const ACCOUNT_DELAY: Duration = Duration::from_secs(120);
const HOUR: Duration = Duration::from_secs(3600);
/// Rows of each table; the one touched longest ago leaves.
const ROWS: usize = 10_000;

/// An account and where it is signed in from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    /// None: tokens, of which there is nothing to guess, so that only the source counts.
    account: Option<String>,
    source: IpAddr,
}

impl Attempt {
    /// `account` must be bounded by the caller. An IPv6 source is its /64, because a host has all of it.
    pub(super) fn new(account: Option<&str>, from: IpAddr) -> Self {
        let source = match from.to_canonical() {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) >> 64 << 64).into(),
        };
        Self { account: account.map(str::to_owned), source }
    }
}

/// What is known about where somebody tries to sign in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// This account has signed in from there before.
    Known,
    /// Nothing.
    New,
    /// Somebody has failed from there within the hour, with whatever account.
    Suspect,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    /// Start of the window that is counted in.
    since: Instant,
    last: Instant,
}

impl Failures {
    fn new(now: Instant) -> Self {
        Self { count: 0, since: now, last: now }
    }
}

#[derive(Debug)]
pub(super) struct Throttle {
    pairs: Recent<Attempt, Failures>,
    sources: Recent<IpAddr, Failures>,
    accounts: Recent<String, Failures>,
    /// Where each account has signed in from with success.
    good: Recent<Attempt, ()>,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self {
            pairs: Recent::new(ROWS),
            sources: Recent::new(ROWS),
            accounts: Recent::new(ROWS),
            good: Recent::new(ROWS),
        }
    }

    /// How long to wait before the next try; None: go on.
    pub(super) fn delay(&self, attempt: &Attempt, now: Instant) -> Option<Duration> {
        let waits = [
            self.pairs.get(attempt).and_then(|f| pair_delay(f, now)),
            self.sources.get(&attempt.source).and_then(|f| hour_delay(f, PER_SOURCE, now)),
            self.account_delay(attempt, now),
        ];
        waits.into_iter().flatten().max()
    }

    fn account_delay(&self, attempt: &Attempt, now: Instant) -> Option<Duration> {
        let failures = self.accounts.get(attempt.account.as_ref()?)?;
        if self.good.get(attempt).is_some() {
            return None;
        }
        hour_delay(failures, PER_ACCOUNT, now)?;
        rest(ACCOUNT_DELAY, failures.last, now)
    }

    /// Who goes first when there are more than can be checked at once.
    pub(super) fn standing(&self, attempt: &Attempt, now: Instant) -> Standing {
        if self.good.get(attempt).is_some() {
            return Standing::Known;
        }
        let recent = |f: &Failures| now.saturating_duration_since(f.last) < HOUR;
        match self.sources.get(&attempt.source).is_some_and(recent) {
            true => Standing::Suspect,
            false => Standing::New,
        }
    }

    pub(super) fn failed(&mut self, attempt: &Attempt, now: Instant) {
        let pair = self.pairs.touch(attempt.clone(), || Failures::new(now)).0;
        if now.saturating_duration_since(pair.last) > WINDOW {
            *pair = Failures::new(now);
        }
        pair.count = pair.count.saturating_add(1);
        pair.last = now;
        // Consoles on the server's own machine share one address; a broken one must not lock the others out.
        if !attempt.source.is_loopback() {
            count_hour(self.sources.touch(attempt.source, || Failures::new(now)).0, now);
        }
        if let Some(account) = &attempt.account {
            count_hour(self.accounts.touch(account.clone(), || Failures::new(now)).0, now);
        }
    }

    pub(super) fn succeeded(&mut self, attempt: &Attempt) {
        self.pairs.remove(attempt);
        if attempt.account.is_some() {
            self.good.touch(attempt.clone(), || ());
        }
    }
}

fn rest(wait: Duration, since: Instant, now: Instant) -> Option<Duration> {
    wait.checked_sub(now.saturating_duration_since(since)).filter(|rest| !rest.is_zero())
}

fn pair_delay(failures: &Failures, now: Instant) -> Option<Duration> {
    let over = failures.count.checked_sub(FREE)?;
    let delay = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(over)).min(LONGEST_DELAY);
    rest(delay, failures.last, now)
}

fn hour_delay(failures: &Failures, allowed: u32, now: Instant) -> Option<Duration> {
    (failures.count >= allowed).then(|| rest(HOUR, failures.since, now))?
}

fn count_hour(failures: &mut Failures, now: Instant) {
    if now.saturating_duration_since(failures.since) >= HOUR {
        *failures = Failures::new(now);
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(source: &str) -> Attempt {
        Attempt::new(Some("ann"), source.parse().unwrap())
    }

    fn fail(throttle: &mut Throttle, attempt: &Attempt, times: u32, now: Instant) {
        (0..times).for_each(|_| throttle.failed(attempt, now));
    }

    #[test]
    fn five_failures_are_free_and_then_the_delay_doubles_up_to_five_minutes() {
        let (mut throttle, start, ann) = (Throttle::new(), Instant::now(), from("192.0.2.1"));
        fail(&mut throttle, &ann, 4, start);
        assert_eq!(throttle.delay(&ann, start), None);
        let mut now = start;
        for seconds in [5, 10, 20, 40, 80, 160, 300, 300] {
            throttle.failed(&ann, now);
            assert_eq!(throttle.delay(&ann, now), Some(Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
            assert_eq!(throttle.delay(&ann, now), None, "nobody is locked out for good");
        }
    }

    #[test]
    fn success_and_time_forgive() {
        let (mut throttle, now, ann) = (Throttle::new(), Instant::now(), from("192.0.2.1"));
        fail(&mut throttle, &ann, 7, now);
        throttle.succeeded(&ann);
        assert_eq!(throttle.delay(&ann, now), None);
        fail(&mut throttle, &ann, 7, now);
        let later = now + WINDOW + Duration::from_secs(1);
        throttle.failed(&ann, later);
        assert_eq!(throttle.delay(&ann, later), None);
    }

    #[test]
    fn one_source_has_fifty_failures_an_hour_whatever_the_account() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        let source: IpAddr = "2001:db8:0:7::1".parse().unwrap();
        for n in 0..PER_SOURCE {
            throttle.failed(&Attempt::new(Some(&format!("user{n}")), source), now);
        }
        let neighbour = "2001:db8:0:7:ffff::9".parse().unwrap();
        assert_eq!(throttle.delay(&Attempt::new(Some("new"), neighbour), now), Some(HOUR));
        assert_eq!(throttle.delay(&Attempt::new(None, neighbour), now), Some(HOUR));
        let other = "2001:db8:0:8::1".parse().unwrap();
        assert_eq!(throttle.delay(&Attempt::new(Some("new"), other), now), None);
        assert_eq!(throttle.delay(&Attempt::new(Some("new"), neighbour), now + HOUR), None);
    }

    #[test]
    fn many_sources_cannot_guess_fast_and_cannot_lock_the_owner_out() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        let home = from("198.51.100.1");
        throttle.succeeded(&home);
        for n in 0..PER_ACCOUNT {
            throttle.failed(&from(&format!("10.0.{}.{}", n / 256, n % 256)), now);
        }
        let fresh = from("203.0.113.9");
        assert_eq!(throttle.delay(&fresh, now), Some(ACCOUNT_DELAY));
        assert_eq!(throttle.delay(&home, now), None);
        assert_eq!(throttle.delay(&fresh, now + ACCOUNT_DELAY), None);
    }

    #[test]
    fn a_source_is_suspect_for_an_hour_after_a_failure_except_to_whom_it_is_known() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        let (ann, source) = (from("192.0.2.1"), "192.0.2.1".parse().unwrap());
        let bob = Attempt::new(Some("bob"), source);
        assert_eq!(throttle.standing(&ann, now), Standing::New);
        throttle.succeeded(&ann);
        throttle.failed(&bob, now);
        assert_eq!(throttle.standing(&ann, now), Standing::Known);
        assert_eq!(throttle.standing(&bob, now), Standing::Suspect);
        assert_eq!(throttle.standing(&Attempt::new(None, source), now), Standing::Suspect);
        assert_eq!(throttle.standing(&bob, now + HOUR), Standing::New);
        assert_eq!(throttle.standing(&from("192.0.2.2"), now), Standing::New);
    }

    #[test]
    fn tables_are_bounded() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        for n in 0..u32::try_from(ROWS).unwrap() + 100 {
            let source = std::net::Ipv4Addr::from(0x0a00_0000 + n);
            throttle.failed(&Attempt::new(Some(&n.to_string()), source.into()), now);
        }
        assert_eq!(throttle.pairs.len(), ROWS);
        assert_eq!(throttle.sources.len(), ROWS);
        assert_eq!(throttle.accounts.len(), ROWS);
    }

    /// Credential stuffing: thousands of accounts and sources, for half an hour of 200 tries a second.
    #[test]
    fn stuffing_makes_few_checks_for_each_account_and_keeps_no_owner_out() {
        use std::collections::HashMap;
        let (mut throttle, start) = (Throttle::new(), Instant::now());
        let home = |account: u32| {
            let source = std::net::Ipv4Addr::from(0xc633_6400 | (account % 250));
            Attempt::new(Some(&format!("user{account}")), source.into())
        };
        for account in 0..10 {
            throttle.succeeded(&home(account));
        }
        let mut checks: HashMap<u32, u32> = HashMap::new();
        for n in 0..200_u32 * 60 * 30 {
            let now = start + Duration::from_millis(u64::from(n) * 5);
            // The favourites of the attackers get every other try.
            let account =
                if n % 2 == 0 { n % 10 } else { 10 + n.wrapping_mul(2_654_435_761) % 9990 };
            let source = std::net::Ipv4Addr::from(0x0a00_0000 + n.wrapping_mul(40_503) % 1000);
            let attempt = Attempt::new(Some(&format!("user{account}")), source.into());
            if throttle.delay(&attempt, now).is_none() {
                throttle.failed(&attempt, now);
                *checks.entry(account).or_default() += 1;
            }
        }
        let most = checks.values().max().copied().unwrap();
        assert!(most <= 60, "{most} checks of one account in half an hour");
        let end = start + Duration::from_secs(30 * 60);
        for account in 0..10 {
            assert_eq!(throttle.delay(&home(account), end), None, "its owner signs in from home");
        }
    }
}
