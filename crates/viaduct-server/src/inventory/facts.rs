//! What happens to devices: noted in memory at once, written behind. A slow, locked or full disk costs a log line, never
//! a tunnel.

use super::{
    Attempt, Inventory, Shared, TunnelEndRecord, locked, presence,
    sqlite::Batch,
    strangers::{TakenStrangers, bounded, bounded_hello},
};
use crate::{registry::TunnelEnd, tls::HelloFacts};
use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use time::OffsetDateTime;
use tokio::time::MissedTickBehavior;
use viaduct_api::DeviceId;

/// Facts wait so long for company before they are written.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Every so many flushes, also what may wait longer is written: counters of strangers.
const EVERYTHING_EVERY: u32 = 60;
/// A lasting failure is logged so often.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// More ports than firmware forwards.
const PORTS_MAX: usize = 32;

/// How the store is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreHealth {
    /// Why the last write of facts failed; None when all is well.
    pub error: Option<String>,
    /// Since when it fails.
    pub since: Option<OffsetDateTime>,
    /// Rows that wait to be written.
    pub pending: usize,
}

#[derive(Debug, Default)]
pub(super) struct Trouble {
    error: Option<String>,
    since: Option<OffsetDateTime>,
    complained: Option<Instant>,
}

impl Inventory {
    /// An unknown device knocked. Known ones are ignored.
    pub fn note_unclaimed(&self, id: DeviceId, peer: SocketAddr, user: Option<String>) {
        if self.get(id).is_none() {
            locked(&self.0.strangers).knock(id, peer, user);
        }
    }

    /// An attempt to connect failed.
    pub fn note_attempt(&self, attempt: Attempt) {
        locked(&self.0.strangers).attempt(attempt);
    }

    /// A tunnel of the device was admitted.
    pub fn note_connected(&self, id: DeviceId, peer: SocketAddr, hello: Option<Arc<HelloFacts>>) {
        let hello = hello.map(bounded_hello);
        let known = self.note(id, |device, now| {
            device.last_connected = Some(now);
            device.last_seen = Some(now);
            device.last_address = Some(peer);
            if hello.is_some() {
                device.hello = hello;
            }
        });
        if known {
            locked(&self.0.presence).came(id, presence::now());
        }
    }

    /// The device forwards these ports.
    pub fn note_ports(&self, id: DeviceId, mut ports: Vec<u16>) {
        ports.truncate(PORTS_MAX);
        self.note(id, |device, now| {
            device.ports = ports;
            device.last_seen = Some(now);
        });
    }

    /// A tunnel of the device ended. One that a newer tunnel took over leaves the device connected.
    pub fn note_ended(&self, id: DeviceId, end: &TunnelEnd) {
        let record = TunnelEndRecord {
            reason: end.reason.to_owned(),
            detail: bounded(end.detail.clone()),
            by_device: end.by_device,
        };
        if end.reason != "superseded" {
            locked(&self.0.presence).went(id, presence::now(), record.clone());
        }
        self.note(id, |device, now| {
            if end.by_device {
                device.last_seen = Some(now);
            }
            if end.reason != "superseded" {
                device.last_disconnected = Some(now);
            }
            device.last_end = Some(record);
        });
    }

    /// Whether it is known.
    fn note(&self, id: DeviceId, change: impl FnOnce(&mut super::Device, OffsetDateTime)) -> bool {
        let now = OffsetDateTime::now_utc();
        let known = self.0.write_book().update(id, |device| change(device, now));
        if known {
            locked(&self.0.changed_devices).soon(id);
        }
        known
    }

    /// A token was used; written behind.
    pub(crate) fn note_token_used(&self, name: &str, at: OffsetDateTime) {
        locked(&self.0.used_tokens).insert(name.to_owned(), at);
    }

    /// Writes what is pending. When the database does not take it, a log line says so.
    pub async fn flush(&self) {
        self.0.flush(true).await;
    }

    /// Writes what is pending and lets go of the database, for shutdown: who copies `viaduct.db` then has everything.
    pub async fn close(&self) {
        self.flush().await;
        self.0.store.close().await;
    }

    /// How the store is doing, for readiness checks.
    #[must_use]
    pub fn health(&self) -> StoreHealth {
        let pending = locked(&self.0.changed_devices).len() + locked(&self.0.strangers).pending();
        let trouble = locked(&self.0.trouble);
        StoreHealth { error: trouble.error.clone(), since: trouble.since, pending }
    }

    /// Writes behind until the last inventory handle is gone.
    pub(super) fn write_behind(&self) {
        let shared = Arc::downgrade(&self.0);
        tokio::spawn(write_behind(shared));
    }
}

async fn write_behind(shared: Weak<Shared>) {
    let mut tick = tokio::time::interval(FLUSH_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ticks = 0_u32;
    loop {
        tick.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        ticks = ticks.wrapping_add(1);
        let everything = ticks.is_multiple_of(EVERYTHING_EVERY);
        if everything {
            locked(&shared.strangers).expire();
        }
        if everything || shared.is_due() {
            shared.flush(everything).await;
        }
    }
}

/// What one flush took out of the lists of changes.
struct Taken {
    devices: super::pending::Take<DeviceId>,
    strangers: TakenStrangers,
}

impl Shared {
    fn is_due(&self) -> bool {
        locked(&self.changed_devices).is_due()
            || locked(&self.strangers).is_due()
            || !locked(&self.used_tokens).is_empty()
            || locked(&self.presence).is_due()
    }

    async fn flush(&self, everything: bool) {
        let _one_at_a_time = self.flushing.lock().await;
        let (taken, batch) = self.batch(everything);
        if batch.is_empty() {
            return;
        }
        match self.store.write_facts(&batch).await {
            Ok(()) => {
                locked(&self.presence).written();
                self.recovered();
            }
            Err(error) => {
                locked(&self.changed_devices).put_back(taken.devices);
                locked(&self.strangers).put_back(taken.strangers);
                locked(&self.presence).put_back();
                let mut used = locked(&self.used_tokens);
                for (name, at) in batch.tokens {
                    // One that was used again in the meantime has the newer time already.
                    used.entry(name).or_insert(at);
                }
                drop(used);
                self.complain(&error);
            }
        }
    }

    /// The rows to write, as they are in memory now.
    fn batch(&self, everything: bool) -> (Taken, Batch) {
        let devices = locked(&self.changed_devices).take(everything);
        let mut strangers = locked(&self.strangers);
        let strangers_taken = strangers.take(everything);
        let (unclaimed, attempts) = strangers.rows(&strangers_taken);
        drop(strangers);
        let tokens = std::mem::take(&mut *locked(&self.used_tokens)).into_iter().collect();
        let stays = locked(&self.presence).take();
        let book = self.read_book();
        let rows = match &devices {
            super::pending::Take::All => book.list(),
            super::pending::Take::Rows(ids) => ids
                .iter()
                .filter_map(|id| book.record(*id))
                .map(|record| Arc::clone(&record.device))
                .collect(),
        };
        drop(book);
        // Whoever comes after a power failure takes this for the end of what is open then.
        let alive = (everything || !stays.is_empty()).then(presence::now);
        let batch = Batch { devices: rows, unclaimed, attempts, tokens, stays, alive };
        (Taken { devices, strangers: strangers_taken }, batch)
    }

    fn complain(&self, error: &super::StoreError) {
        let mut trouble = locked(&self.trouble);
        trouble.since.get_or_insert_with(OffsetDateTime::now_utc);
        trouble.error = Some(error.to_string());
        if trouble.complained.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY) {
            trouble.complained = Some(Instant::now());
            tracing::warn!(
                %error,
                "E4001 what was seen of devices cannot be written; tunnels go on, and it is tried again \
                 every second"
            );
        }
    }

    fn recovered(&self) {
        let trouble = std::mem::take(&mut *locked(&self.trouble));
        if let Some(since) = trouble.since {
            tracing::info!(%since, "the database takes what was seen of devices again");
        }
    }
}
