//! Two machines that use one identity: found out, and slowed down.
//!
//! Each of them dials in again as soon as the other has taken its place, so that nobody can work with either. Once
//! that is certain a take-over must wait until the last one has stood for a while. Nobody is locked out: who waits
//! comes in when the time is over, or the tunnel that is there ends.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::Duration,
};
use tokio::time::Instant;
use viaduct_api::DeviceId;

/// A live tunnel is taken over so often within `QUICK` only when two machines share a UUID.
const TAKEOVERS: usize = 3;
const QUICK: Duration = Duration::from_secs(60);
/// The same when it goes to and fro between the same two addresses: firmware may take a minute to dial in again.
const ALTERNATING: Duration = Duration::from_secs(600);
/// During a fight a tunnel stands for so long before another may take its place.
const PACE: Duration = Duration::from_secs(30);
/// A fight is over when nobody took over for so long. More than twice `PACE`, or slowing it down would end it.
const CALM: Duration = Duration::from_secs(120);
/// The alarm is repeated at most this often for a device; so long its addresses are shown.
const QUIET: Duration = Duration::from_secs(600);

/// Take-overs of all devices while the old tunnel was still alive.
#[derive(Debug, Default)]
pub(super) struct Fights(HashMap<DeviceId, Fight>);

#[derive(Debug, Default)]
struct Fight {
    takeovers: VecDeque<(Instant, [SocketAddr; 2])>,
    established: bool,
    alarmed: Option<(Instant, [SocketAddr; 2])>,
}

impl Fights {
    /// Until when a take-over must wait; None when it need not.
    pub(super) fn hold(&self, device: DeviceId, now: Instant) -> Option<Instant> {
        let fight = self.0.get(&device)?;
        let last = fight.last().filter(|_| fight.is_on(now))?;
        Some(last + PACE).filter(|until| *until > now)
    }

    /// A tunnel from the first address lost its place to one from the second. True when the alarm is to be raised.
    pub(super) fn takeover(
        &mut self,
        device: DeviceId,
        addresses: [SocketAddr; 2],
        now: Instant,
    ) -> bool {
        self.0.retain(|_, fight| fight.last().is_some_and(|at| now.duration_since(at) < QUIET));
        let fight = self.0.entry(device).or_default();
        fight.established = fight.is_on(now);
        fight.takeovers.push_back((now, addresses));
        while fight.takeovers.front().is_some_and(|(at, _)| now.duration_since(*at) > ALTERNATING) {
            fight.takeovers.pop_front();
        }
        if fight.takeovers.len() > TAKEOVERS {
            fight.takeovers.pop_front();
        }
        fight.established |= fight.looks_like_two(now);
        let quiet = fight.alarmed.is_none_or(|(at, _)| now.duration_since(at) >= QUIET);
        let alarm = fight.established && quiet;
        if alarm {
            fight.alarmed = Some((now, addresses));
        }
        alarm
    }

    /// The two addresses that fought over the identity lately.
    pub(super) fn addresses(&self, device: DeviceId, now: Instant) -> Option<[SocketAddr; 2]> {
        let (at, addresses) = self.0.get(&device)?.alarmed?;
        (now.duration_since(at) < QUIET).then_some(addresses)
    }
}

impl Fight {
    fn last(&self) -> Option<Instant> {
        self.takeovers.back().map(|(at, _)| *at)
    }

    fn is_on(&self, now: Instant) -> bool {
        self.established && self.last().is_some_and(|at| now.duration_since(at) < CALM)
    }

    /// The kept take-overs are enough, and either quick or between the same two addresses.
    fn looks_like_two(&self, now: Instant) -> bool {
        if self.takeovers.len() < TAKEOVERS {
            return false;
        }
        let Some((first, [one, other])) = self.takeovers.front() else { return false };
        let quick = now.duration_since(*first) <= QUICK;
        let pair = |[a, b]: &[SocketAddr; 2]| {
            let ips = (a.ip(), b.ip());
            ips == (one.ip(), other.ip()) || ips == (other.ip(), one.ip())
        };
        let alternating = one.ip() != other.ip() && self.takeovers.iter().all(|(_, two)| pair(two));
        quick || alternating
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const DEVICE: DeviceId = DeviceId(Uuid::from_u128(7));

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Two machines that dial in again two seconds after they lost their place, and again when they
    /// have waited. Gives back the times of the take-overs and of the alarms, in seconds.
    fn alternate(minutes: u64) -> (Vec<u64>, Vec<u64>) {
        let (start, mut fights) = (Instant::now(), Fights::default());
        let (a, b) = (address("192.0.2.1:1000"), address("198.51.100.1:2000"));
        let (mut takeovers, mut alarms) = (Vec::new(), Vec::new());
        let mut live = [a, b];
        let mut at = 0;
        while at < minutes * 60 {
            let now = start + seconds(at);
            if let Some(until) = fights.hold(DEVICE, now) {
                at = until.duration_since(start).as_secs();
                continue;
            }
            if fights.takeover(DEVICE, live, now) {
                alarms.push(at);
            }
            takeovers.push(at);
            live.reverse();
            at += 2;
        }
        (takeovers, alarms)
    }

    #[test]
    fn alternation_is_alarmed_soon_and_slowed_to_one_in_half_a_minute() {
        let (takeovers, alarms) = alternate(30);
        assert!(alarms[0] <= 30, "{alarms:?}");
        let slowed: Vec<_> = takeovers.iter().skip_while(|at| **at <= alarms[0]).collect();
        assert!(slowed.windows(2).all(|pair| pair[1] - pair[0] >= 30), "{takeovers:?}");
        assert!(alarms.windows(2).all(|pair| pair[1] - pair[0] >= 600), "{alarms:?}");
        assert!(alarms.len() >= 2, "it goes on, so it is said again: {alarms:?}");
    }

    #[test]
    fn a_device_that_changes_its_address_is_no_fight() {
        let (start, mut fights) = (Instant::now(), Fights::default());
        for n in 0..20_u64 {
            let now = start + seconds(n * 40);
            assert_eq!(fights.hold(DEVICE, now), None);
            let addresses =
                [address(&format!("192.0.2.{n}:1")), address(&format!("192.0.2.{}:1", n + 1))];
            assert!(!fights.takeover(DEVICE, addresses, now));
        }
    }

    #[test]
    fn slow_alternation_between_two_addresses_is_found_as_well() {
        let (start, mut fights) = (Instant::now(), Fights::default());
        let mut addresses = [address("192.0.2.1:1000"), address("192.0.2.2:1000")];
        let alarms: Vec<bool> = (0..4)
            .map(|n| {
                let alarm = fights.takeover(DEVICE, addresses, start + seconds(90 * n));
                addresses.reverse();
                alarm
            })
            .collect();
        assert_eq!(alarms, [false, false, true, false]);
        assert!(fights.addresses(DEVICE, start + seconds(300)).is_some());
    }

    #[test]
    fn after_a_calm_time_the_newest_wins_at_once_again() {
        let (start, mut fights) = (Instant::now(), Fights::default());
        let addresses = [address("192.0.2.1:1000"), address("192.0.2.1:1001")];
        for n in 0..3 {
            fights.takeover(DEVICE, addresses, start + seconds(n));
        }
        assert!(fights.hold(DEVICE, start + seconds(10)).is_some());
        assert_eq!(fights.hold(DEVICE, start + seconds(32)), None, "its turn has come");
        assert!(!fights.takeover(DEVICE, addresses, start + seconds(200)));
        assert_eq!(fights.hold(DEVICE, start + seconds(201)), None);
    }
}
