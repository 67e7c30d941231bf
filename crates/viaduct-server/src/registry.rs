//! Live tunnels by device. The only shared map.
//!
//! The newest authenticated tunnel of a device wins at once; the old one is told why. A lease ends only
//! the tunnel it was given for, so the late end of an old tunnel changes nothing.

use crate::{
    events::{Bus, Event},
    tunnel::{TunnelHandle, TunnelId},
};
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use viaduct_api::DeviceId;

/// Why a tunnel ended: the firmware's own vocabulary (the CIRA log that AMT keeps) and words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelEnd {
    /// `keep-alive expired`, `TCP socket error`, `invalid APF command`, `user request`, `internal error`,
    /// `closed by AMT`, `superseded`, `shutdown`.
    pub reason: &'static str,
    /// A sentence with the facts.
    pub detail: String,
    /// True when the device ended it.
    pub by_device: bool,
}

impl TunnelEnd {
    /// An end that we caused.
    pub fn by_us(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), by_device: false }
    }

    /// An end that the device or its network caused.
    pub fn by_device(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), by_device: true }
    }
}

/// A live tunnel is superseded so often within `FIGHT_WINDOW` only when two machines share a UUID.
const FIGHT_TAKEOVERS: usize = 3;
const FIGHT_WINDOW: Duration = Duration::from_secs(60);
/// The alarm is repeated at most this often for a device.
const FIGHT_QUIET: Duration = Duration::from_secs(600);

/// Who is here now.
#[derive(Debug, Clone)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    live: Mutex<HashMap<DeviceId, TunnelHandle>>,
    fights: Mutex<HashMap<DeviceId, Fight>>,
    events: Bus,
}

/// Takeovers of one device while its old tunnel was still alive.
#[derive(Debug, Default)]
struct Fight {
    takeovers: VecDeque<Instant>,
    alarmed: Option<(Instant, [SocketAddr; 2])>,
}

/// A device's place in the registry; dropping it ends only the tunnel it was given for.
#[derive(Debug)]
pub struct Lease {
    registry: Arc<Inner>,
    device: DeviceId,
    tunnel: TunnelId,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut live = lock(&self.registry.live);
        if live.get(&self.device).is_some_and(|handle| handle.id() == self.tunnel) {
            live.remove(&self.device);
        }
    }
}

/// The maps are consistent after each statement, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// An empty registry that raises its alarms on `events`.
    #[must_use]
    pub fn new(events: Bus) -> Self {
        Self(Arc::new(Inner { live: Mutex::default(), fights: Mutex::default(), events }))
    }

    /// Enters an authenticated tunnel. A tunnel of the same device that is still there is superseded.
    #[must_use = "dropping the lease removes the tunnel"]
    pub fn admit(&self, handle: TunnelHandle) -> Lease {
        let (device, tunnel) = (handle.device(), handle.id());
        let peer = handle.peer();
        let old = lock(&self.0.live).insert(device, handle);
        if let Some(old) = old {
            let detail = format!("a newer tunnel of this device came from {peer}");
            old.disconnect(TunnelEnd::by_us("superseded", detail));
            self.note_takeover(device, [old.peer(), peer]);
        }
        Lease { registry: Arc::clone(&self.0), device, tunnel }
    }

    /// The live tunnel of a device.
    #[must_use]
    pub fn lookup(&self, device: DeviceId) -> Option<TunnelHandle> {
        lock(&self.0.live).get(&device).cloned()
    }

    /// A live tunnel by its number.
    #[must_use]
    pub fn get(&self, tunnel: TunnelId) -> Option<TunnelHandle> {
        lock(&self.0.live).values().find(|handle| handle.id() == tunnel).cloned()
    }

    /// All live tunnels, in no order.
    #[must_use]
    pub fn list(&self) -> Vec<TunnelHandle> {
        lock(&self.0.live).values().cloned().collect()
    }

    /// How many tunnels are live.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0.live).len()
    }

    /// Whether no tunnel is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The two addresses that fought over a device's identity lately.
    #[must_use]
    pub fn conflict(&self, device: DeviceId) -> Option<[SocketAddr; 2]> {
        let fights = lock(&self.0.fights);
        let (at, addresses) = fights.get(&device)?.alarmed?;
        (at.elapsed() < FIGHT_QUIET).then_some(addresses)
    }

    fn note_takeover(&self, device: DeviceId, addresses: [SocketAddr; 2]) {
        let now = Instant::now();
        let mut fights = lock(&self.0.fights);
        fights.retain(|_, fight| {
            let recent = |at: &Instant| now.duration_since(*at) < FIGHT_QUIET;
            fight.takeovers.back().is_some_and(recent)
        });
        let fight = fights.entry(device).or_default();
        fight.takeovers.push_back(now);
        while fight.takeovers.front().is_some_and(|at| now.duration_since(*at) > FIGHT_WINDOW) {
            fight.takeovers.pop_front();
        }
        let quiet = fight.alarmed.is_none_or(|(at, _)| now.duration_since(at) >= FIGHT_QUIET);
        if fight.takeovers.len() >= FIGHT_TAKEOVERS && quiet {
            fight.alarmed = Some((now, addresses));
            self.0.events.publish(Event::IdentityConflict { device, addresses });
        }
    }
}
