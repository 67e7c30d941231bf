//! Live tunnels by device. The only shared map.
//!
//! The newest authenticated tunnel of a device wins at once; the old one is told why. A lease ends only
//! the tunnel it was given for, so the late end of an old tunnel changes nothing.

mod fights;

use crate::{
    events::{Bus, Event},
    tunnel::{TunnelHandle, TunnelId},
};
use fights::Fights;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// Who is here now.
#[derive(Debug, Clone)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    live: Mutex<HashMap<DeviceId, TunnelHandle>>,
    fights: Mutex<Fights>,
    events: Bus,
}

/// Two machines fight over an identity: whoever comes now must wait for a while, or for the end of the live tunnel.
#[derive(Debug)]
pub struct Wait {
    pub device: DeviceId,
    pub until: Instant,
    pub live: TunnelHandle,
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

/// A tunnel that has ended keeps its place until its end is written down, which may wait for the disk. Nobody is sent into
/// it, and whoever comes takes its place from nobody.
fn is_live(tunnel: &TunnelHandle) -> bool {
    tunnel.end().is_none()
}

impl Registry {
    /// An empty registry that raises its alarms on `events`.
    #[must_use]
    pub fn new(events: Bus) -> Self {
        Self(Arc::new(Inner { live: Mutex::default(), fights: Mutex::default(), events }))
    }

    /// Enters an authenticated tunnel. A tunnel of the same device that is still there is superseded.
    ///
    /// # Errors
    /// Not now: two machines take this place from each other all the time.
    pub fn admit(&self, handle: TunnelHandle) -> Result<Lease, Wait> {
        let (device, tunnel, peer) = (handle.device(), handle.id(), handle.peer());
        let now = Instant::now();
        let mut live = lock(&self.0.live);
        if let Some(old) = live.get(&device)
            && is_live(old)
            && let Some(until) = lock(&self.0.fights).hold(device, now)
        {
            return Err(Wait { device, until, live: old.clone() });
        }
        let old = live.insert(device, handle).filter(is_live);
        drop(live);
        if let Some(old) = old {
            let detail = format!("a newer tunnel of this device came from {peer}");
            old.disconnect(TunnelEnd::by_us("superseded", detail));
            let addresses = [old.peer(), peer];
            if lock(&self.0.fights).takeover(device, addresses, now) {
                self.0.events.publish(Event::IdentityConflict { device, addresses });
            }
        }
        Ok(Lease { registry: Arc::clone(&self.0), device, tunnel })
    }

    /// The live tunnel of a device.
    #[must_use]
    pub fn lookup(&self, device: DeviceId) -> Option<TunnelHandle> {
        lock(&self.0.live).get(&device).filter(|tunnel| is_live(tunnel)).cloned()
    }

    /// A live tunnel by its number.
    #[must_use]
    pub fn get(&self, tunnel: TunnelId) -> Option<TunnelHandle> {
        lock(&self.0.live).values().find(|handle| handle.id() == tunnel && is_live(handle)).cloned()
    }

    /// All live tunnels, in no order.
    #[must_use]
    pub fn list(&self) -> Vec<TunnelHandle> {
        lock(&self.0.live).values().filter(|tunnel| is_live(tunnel)).cloned().collect()
    }

    /// How many tunnels are live.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0.live).values().filter(|tunnel| is_live(tunnel)).count()
    }

    /// How many tunnels are live, or ended a moment ago. Quicker than [`Self::len`], which looks at each.
    pub(crate) fn places(&self) -> usize {
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
        lock(&self.0.fights).addresses(device, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tunnel_that_has_ended_is_not_among_the_live_ones_though_its_place_is_not_free_yet() {
        let registry = Registry::new(Bus::default());
        let device = "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap();
        let first = TunnelHandle::without_owner(device);
        let _place = registry.admit(first.clone()).unwrap();
        assert_eq!(registry.lookup(device).map(|live| live.id()), Some(first.id()));
        assert_eq!(registry.len(), 1);
        first.end_as(TunnelEnd::by_device("closed by AMT", "the device closed the connection"));
        assert!(registry.lookup(device).is_none() && registry.get(first.id()).is_none());
        assert!(registry.list().is_empty() && registry.is_empty());

        // Its PC dials in again: that is no fight over an identity, however often it happens.
        let mut places = Vec::new();
        for _ in 0..20 {
            let next = TunnelHandle::without_owner(device);
            places.push(registry.admit(next.clone()).unwrap());
            assert_eq!(registry.lookup(device).map(|live| live.id()), Some(next.id()));
            next.end_as(TunnelEnd::by_device("closed by AMT", "the device closed the connection"));
        }
        assert!(registry.conflict(device).is_none());
    }
}
