//! Who is on what: one redirection of each kind on a device, and how to end it.

use super::{End, Guests};
use crate::{access::Principal, tunnel::TunnelHandle};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use time::OffsetDateTime;
use tokio::sync::watch;
use viaduct_api::{DeviceId, RedirectionMode};

/// Who has a part of a device, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub user: String,
    pub since: OffsetDateTime,
}

/// A live redirection, as both its task and the list see it.
#[derive(Debug)]
pub struct Entry {
    pub id: u64,
    pub device: DeviceId,
    pub mode: RedirectionMode,
    pub principal: Principal,
    pub console: Option<SocketAddr>,
    pub since: OffsetDateTime,
    pub from_device: AtomicU64,
    pub to_device: AtomicU64,
    /// When the console last said something, Unix seconds.
    pub last_input: AtomicI64,
    /// Who watches it.
    pub guests: Guests,
    tunnel: OnceLock<TunnelHandle>,
    kill: watch::Sender<Option<End>>,
    gone: watch::Sender<bool>,
}

impl Entry {
    /// Bytes from and to the device.
    #[must_use]
    pub fn transferred(&self) -> (u64, u64) {
        (self.from_device.load(Ordering::Relaxed), self.to_device.load(Ordering::Relaxed))
    }

    /// Notes that the console said something.
    pub(super) fn heard(&self) {
        self.last_input.store(OffsetDateTime::now_utc().unix_timestamp(), Ordering::Relaxed);
    }

    /// How long the console has said nothing.
    #[must_use]
    pub fn idle_seconds(&self) -> u64 {
        let last = self.last_input.load(Ordering::Relaxed);
        u64::try_from(OffsetDateTime::now_utc().unix_timestamp() - last).unwrap_or_default()
    }

    /// Its bytes go through this tunnel from now on.
    pub(super) fn goes_through(&self, tunnel: &TunnelHandle) {
        // One redirection has one tunnel.
        self.tunnel.get_or_init(|| tunnel.clone());
    }

    /// Whether its own tunnel ended; the device may have dialled in anew by then.
    pub(super) fn is_tunnel_over(&self) -> bool {
        self.tunnel.get().is_some_and(|tunnel| tunnel.end().is_some())
    }

    /// Why there are no more bytes: the device closed the channel, or the tunnel ended.
    pub(super) fn end_of_bytes(&self) -> End {
        match self.is_tunnel_over() {
            true => End::Away("the tunnel of the device ended".into()),
            false => End::ByDevice(format!("the device ended {}", self.mode)),
        }
    }

    /// Ends it; the first reason counts.
    pub(super) fn end(&self, end: End) {
        self.kill.send_if_modified(|old| {
            let first = old.is_none();
            if first {
                *old = Some(end);
            }
            first
        });
    }

    /// Waits until its place is free.
    pub(super) async fn left(&self) {
        let mut gone = self.gone.subscribe();
        // The sender lives as long as the entry, so the wait ends only with the answer.
        drop(gone.wait_for(|gone| *gone).await);
    }

    /// Waits until somebody ends it.
    pub(super) async fn ended(&self) -> End {
        let mut kill = self.kill.subscribe();
        match kill.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(End::ConsoleLeft),
            Err(_) => End::ConsoleLeft,
        }
    }
}

type Table = HashMap<(DeviceId, RedirectionMode), Arc<Entry>>;

/// All live redirections. WS-Man pipes are listed too, but any number of them may be open.
#[derive(Debug, Default)]
pub(super) struct Live {
    exclusive: Mutex<Table>,
    pipes: Mutex<HashMap<u64, Arc<Entry>>>,
    last: AtomicU64,
}

/// A place in the table; dropping it frees only this one.
#[derive(Debug)]
pub(super) struct Seat {
    live: Arc<Live>,
    pub(super) entry: Arc<Entry>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Entry { id, device, mode, .. } = &*self.entry;
        let mut table = lock(&self.live.exclusive);
        if table.get(&(*device, *mode)).is_some_and(|entry| entry.id == *id) {
            table.remove(&(*device, *mode));
        }
        drop(table);
        lock(&self.live.pipes).remove(id);
        self.entry.gone.send_replace(true);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    /// Takes the place. Whoever has it is told to leave when `take_over`, and is the error otherwise.
    pub(super) fn take(
        self: &Arc<Self>,
        principal: &Principal,
        device: DeviceId,
        mode: RedirectionMode,
        console: Option<SocketAddr>,
        take_over: bool,
    ) -> Result<(Seat, Option<Arc<Entry>>), Holder> {
        let since = OffsetDateTime::now_utc();
        let entry = Arc::new(Entry {
            id: self.last.fetch_add(1, Ordering::Relaxed) + 1,
            device,
            mode,
            principal: principal.clone(),
            console,
            since,
            from_device: AtomicU64::new(0),
            to_device: AtomicU64::new(0),
            last_input: AtomicI64::new(since.unix_timestamp()),
            guests: Guests::default(),
            tunnel: OnceLock::new(),
            kill: watch::Sender::new(None),
            gone: watch::Sender::new(false),
        });
        let seat = || Seat { live: Arc::clone(self), entry: Arc::clone(&entry) };
        if mode == RedirectionMode::Wsman {
            lock(&self.pipes).insert(entry.id, Arc::clone(&entry));
            return Ok((seat(), None));
        }
        let mut table = lock(&self.exclusive);
        let old = table.get(&(device, mode)).cloned();
        if let Some(old) = &old {
            if !take_over {
                return Err(Holder { user: old.principal.name.clone(), since: old.since });
            }
            old.end(End::TakenOver(principal.name.clone()));
        }
        table.insert((device, mode), Arc::clone(&entry));
        drop(table);
        Ok((seat(), old))
    }

    /// Who has it now.
    pub(super) fn holder(&self, device: DeviceId, mode: RedirectionMode) -> Option<Arc<Entry>> {
        lock(&self.exclusive).get(&(device, mode)).cloned()
    }

    /// All of them, the oldest first.
    pub(super) fn list(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<_> = lock(&self.exclusive).values().cloned().collect();
        all.extend(lock(&self.pipes).values().cloned());
        all.sort_by_key(|entry| entry.id);
        all
    }
}
