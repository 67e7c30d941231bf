//! Who waits for a certain device: told each phase of its next connection, from the first packet on.
//!
//! The listener and the tunnel's driver say what they see. While nobody waits, that costs one load of an atomic.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use time::OffsetDateTime;
use tokio::sync::watch;
use viaduct_api::DeviceId;

/// Connections without identity that are remembered while somebody waits; among more, none is missed that is awaited by
/// its address.
const CONNECTIONS: usize = 4096;

/// The board where connections are announced.
#[derive(Debug, Clone, Default)]
pub(crate) struct Knocks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: AtomicUsize,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    next: u64,
    waiters: HashMap<u64, Waiter>,
    connections: HashMap<SocketAddr, Phases>,
}

#[derive(Debug)]
struct Waiter {
    device: DeviceId,
    address: Option<IpAddr>,
    seen: watch::Sender<Seen>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Phases {
    tcp: Option<OffsetDateTime>,
    tls: Option<OffsetDateTime>,
}

/// What was seen of a device since it is awaited. Before it says who it is, its address must do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// A connection was accepted.
    pub(crate) tcp: Option<OffsetDateTime>,
    /// Its TLS handshake succeeded.
    pub(crate) tls: Option<OffsetDateTime>,
    /// It said who it is.
    pub(crate) identity: Option<OffsetDateTime>,
    /// Where it came from.
    pub(crate) peer: Option<SocketAddr>,
}

/// Waits for a device, until dropped.
#[derive(Debug)]
pub(crate) struct Awaited {
    knocks: Knocks,
    number: u64,
    seen: watch::Receiver<Seen>,
}

impl Awaited {
    /// What was seen so far.
    pub(crate) fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Waits until something new is seen.
    pub(crate) async fn changed(&mut self) {
        // The board outlives this: the error cannot come.
        drop(self.seen.changed().await);
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let mut board = self.knocks.board();
        board.waiters.remove(&self.number);
        if board.waiters.is_empty() {
            board.connections = HashMap::new();
        }
        self.knocks.0.waiting.store(board.waiters.len(), Ordering::Relaxed);
    }
}

impl Knocks {
    /// Begins to wait for a device that probably comes from this address.
    pub(crate) fn expect(&self, device: DeviceId, address: Option<IpAddr>) -> Awaited {
        let (sender, seen) = watch::channel(Seen::default());
        let mut board = self.board();
        let number = board.next;
        board.next += 1;
        board.waiters.insert(number, Waiter { device, address, seen: sender });
        self.0.waiting.store(board.waiters.len(), Ordering::Relaxed);
        drop(board);
        Awaited { knocks: self.clone(), number, seen }
    }

    /// A connection was accepted.
    pub(crate) fn tcp(&self, peer: SocketAddr) {
        self.note(peer, |phases, now| phases.tcp = Some(now));
    }

    /// Its TLS handshake succeeded.
    pub(crate) fn tls(&self, peer: SocketAddr) {
        self.note(peer, |phases, now| phases.tls = Some(now));
    }

    fn note(&self, peer: SocketAddr, set: impl Fn(&mut Phases, OffsetDateTime)) {
        if self.0.waiting.load(Ordering::Relaxed) == 0 {
            return;
        }
        let now = OffsetDateTime::now_utc();
        let mut board = self.board();
        if board.connections.len() >= CONNECTIONS {
            board.connections.clear();
        }
        let phases = board.connections.entry(peer).or_default();
        set(phases, now);
        let phases = *phases;
        let from_there = |waiter: &&Waiter| waiter.address == Some(peer.ip());
        for waiter in board.waiters.values().filter(from_there) {
            waiter.seen.send_if_modified(|seen| {
                // What is proven by an identity is not overwritten by an address.
                let open = seen.identity.is_none();
                if open {
                    (seen.tcp, seen.tls, seen.peer) =
                        (seen.tcp.or(phases.tcp), seen.tls.or(phases.tls), Some(peer));
                }
                open
            });
        }
    }

    /// A connection said which device it is; nothing is proven.
    pub(crate) fn identity(&self, peer: SocketAddr, device: DeviceId) {
        if self.0.waiting.load(Ordering::Relaxed) == 0 {
            return;
        }
        let now = OffsetDateTime::now_utc();
        let board = self.board();
        let phases = board.connections.get(&peer).copied().unwrap_or_default();
        for waiter in board.waiters.values().filter(|waiter| waiter.device == device) {
            waiter.seen.send_modify(|seen| {
                *seen = Seen {
                    tcp: phases.tcp.or(seen.tcp),
                    tls: phases.tls.or(seen.tls),
                    identity: Some(now),
                    peer: Some(peer),
                };
            });
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 7], port))
    }

    fn device() -> DeviceId {
        "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap()
    }

    #[test]
    fn each_phase_is_seen_as_it_happens_when_the_address_is_known() {
        let knocks = Knocks::default();
        let awaited = knocks.expect(device(), Some(peer(1).ip()));
        knocks.tcp(peer(1));
        assert!(awaited.seen().tcp.is_some() && awaited.seen().tls.is_none());
        knocks.tls(peer(1));
        assert!(awaited.seen().tls.is_some() && awaited.seen().identity.is_none());
        knocks.identity(peer(1), device());
        assert!(awaited.seen().identity.is_some());
    }

    #[test]
    fn behind_another_address_the_phases_are_known_with_the_identity() {
        let knocks = Knocks::default();
        let awaited = knocks.expect(device(), None);
        knocks.tcp(peer(1));
        knocks.tls(peer(1));
        assert_eq!(awaited.seen(), Seen::default());
        knocks.identity(peer(1), device());
        let seen = awaited.seen();
        assert!(seen.tcp.is_some() && seen.tls.is_some() && seen.peer == Some(peer(1)));
    }

    #[test]
    fn others_and_times_without_waiting_leave_no_trace() {
        let knocks = Knocks::default();
        knocks.tcp(peer(1));
        assert!(knocks.board().connections.is_empty());
        let awaited = knocks.expect(device(), None);
        knocks.tcp(peer(1));
        knocks.identity(peer(1), "00000000-0000-4000-8000-000000000001".parse().unwrap());
        assert_eq!(awaited.seen(), Seen::default());
        for port in 0..5000 {
            knocks.tcp(peer(port));
        }
        assert!(knocks.board().connections.len() <= CONNECTIONS);
        drop(awaited);
        assert!(knocks.board().connections.is_empty());
    }
}
