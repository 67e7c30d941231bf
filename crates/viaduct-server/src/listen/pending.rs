//! Connections that have not signed in yet: counted, and those without progress leave first.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

/// Everybody who has not signed in yet.
#[derive(Debug)]
pub(crate) struct Pending {
    most: usize,
    most_per_source: usize,
    table: Mutex<Table>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Table {
    total: usize,
    by_source: HashMap<IpAddr, VecDeque<Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    progressed: AtomicBool,
    evict: Notify,
}

/// A place among the pending; freed on drop.
#[derive(Debug)]
pub(crate) struct PendingGuard {
    pending: Arc<Pending>,
    source: IpAddr,
    entry: Arc<Entry>,
}

/// Above `most`, those without progress are evicted; above this multiple of it, accepting stops.
const HARD: usize = 5;

impl Pending {
    pub(crate) fn new(most: usize, most_per_source: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_source, table: Mutex::default(), left: Notify::new() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are pending.
    pub(crate) fn len(&self) -> usize {
        self.table().total
    }

    /// 0; 1 when those without progress leave; 2 when nobody more is let in.
    pub(crate) fn overload(&self) -> u8 {
        let total = self.len();
        u8::from(total > self.most) + u8::from(total >= self.most.saturating_mul(HARD))
    }

    /// Waits while even those that make progress are too many.
    pub(crate) async fn has_room(&self) {
        loop {
            let left = self.left.notified();
            if self.table().total < self.most.saturating_mul(HARD) {
                return;
            }
            left.await;
        }
    }

    /// Takes a place, and tells the oldest without progress to leave when there are too many.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> PendingGuard {
        let source = source(address);
        let entry = Arc::new(Entry { progressed: AtomicBool::new(false), evict: Notify::new() });
        let mut table = self.table();
        table.total += 1;
        let queue = table.by_source.entry(source).or_default();
        queue.push_back(Arc::clone(&entry));
        if queue.len() > self.most_per_source {
            evict_oldest(queue);
        } else if table.total > self.most {
            let largest = table.by_source.values_mut().max_by_key(|queue| queue.len());
            if let Some(queue) = largest {
                evict_oldest(queue);
            }
        }
        drop(table);
        PendingGuard { pending: Arc::clone(self), source, entry }
    }
}

fn evict_oldest(queue: &VecDeque<Arc<Entry>>) {
    // The newest is the one that just came in.
    let older = queue.iter().take(queue.len().saturating_sub(1));
    let idle = |entry: &&Arc<Entry>| !entry.progressed.swap(true, Ordering::Relaxed);
    if let Some(entry) = older.into_iter().find(idle) {
        entry.evict.notify_one();
    }
}

/// One source is an IPv4 address or an IPv6 /64, which is what one attacker easily has.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl PendingGuard {
    /// It finished its handshake: from now on only its deadline ends it.
    pub(crate) fn progressed(&self) {
        self.entry.progressed.store(true, Ordering::Relaxed);
    }

    /// Resolves when it shall leave.
    pub(crate) fn evicted(&self) -> impl Future<Output = ()> + use<> {
        let entry = Arc::clone(&self.entry);
        async move { entry.evict.notified().await }
    }
}

impl Drop for PendingGuard {
    fn drop(&mut self) {
        let mut table = self.pending.table();
        table.total -= 1;
        if let Some(queue) = table.by_source.get_mut(&self.source) {
            queue.retain(|entry| !Arc::ptr_eq(entry, &self.entry));
            if queue.is_empty() {
                table.by_source.remove(&self.source);
            }
        }
        drop(table);
        self.pending.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_without_progress_of_a_crowded_source_leaves_first() {
        let pending = Pending::new(100, 2);
        let address = IpAddr::from([198, 51, 100, 7]);
        let moving = pending.enter(address);
        moving.progressed();
        let stuck = pending.enter(address);
        let _new = pending.enter(address);
        stuck.evicted().await;
        assert_eq!(pending.len(), 3);
        drop(stuck);
        assert_eq!(pending.len(), 2);
    }

    #[test]
    fn an_ipv6_source_is_its_64_bit_prefix() {
        let parse = |text: &str| source(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2::5"), parse("2001:db8:1:2:ffff::9"));
        assert_ne!(parse("2001:db8:1:2::5"), parse("2001:db8:1:3::5"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
    }
}
