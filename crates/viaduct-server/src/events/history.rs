//! The last records, by number: what the event stream replays and webhooks and MQTT send.
//!
//! Numbers rise by one and begin at the microsecond of the start, so that they also rise over a restart and a
//! subscriber's cursor stays good. Entering a record and beginning to follow happen under one lock: nobody gets a
//! record twice or misses one in between.

use super::{Event, flood::Floods, record};
use crate::inventory::Inventory;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, interval},
};
use viaduct_api::Event as Record;

/// How often floods are looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(2);

/// Records with numbers.
#[derive(Debug)]
pub struct History {
    state: Mutex<State>,
    live: broadcast::Sender<Arc<Record>>,
    inventory: OnceLock<Inventory>,
    closed: watch::Sender<bool>,
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    ring: VecDeque<Arc<Record>>,
    limit: usize,
    /// The next number.
    next: u64,
    /// The newest number that is not in the ring any more.
    gone: u64,
    floods: Floods,
}

/// Where somebody wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// With what comes.
    Now,
    /// With everything that is there.
    Start,
    /// Behind this number.
    After(u64),
    /// With what happened at this time or later.
    Since(OffsetDateTime),
}

/// What there was, and what comes.
#[derive(Debug)]
pub struct Followed {
    /// Records that fit the cursor, the oldest first.
    pub backlog: VecDeque<Arc<Record>>,
    /// The cursor points to something that is not kept any more.
    pub gap: bool,
    /// What comes.
    pub live: broadcast::Receiver<Arc<Record>>,
    /// True when the server stops.
    pub closed: watch::Receiver<bool>,
}

/// Reads one record after the other, at the reader's own pace. The history is the queue of all readers: whoever is too
/// slow for it loses the oldest and is told how many.
#[derive(Debug)]
pub struct Reader {
    bus: super::Bus,
    newest: watch::Receiver<u64>,
    last: u64,
}

impl Reader {
    /// The next record, and how many were lost before it.
    pub async fn next(&mut self) -> (Arc<Record>, u64) {
        loop {
            let found = self.bus.history().state().after(self.last);
            if let Some(record) = found {
                let lost = record.id - self.last - 1;
                self.last = record.id;
                return (record, lost);
            }
            if self.newest.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Goes back, so that the record of this number is the next one.
    pub fn rewind_before(&mut self, id: u64) {
        self.last = self.last.min(id.saturating_sub(1));
    }

    /// How many records are waiting.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.newest.borrow().saturating_sub(self.last)
    }
}

impl State {
    /// The first record behind this number. Numbers rise by one, so its place is known.
    fn after(&self, id: u64) -> Option<Arc<Record>> {
        let first = self.ring.front()?.id;
        let place = usize::try_from((id + 1).saturating_sub(first)).ok()?;
        self.ring.get(place).cloned()
    }
}

impl History {
    /// Records that are kept when nobody says how many.
    pub const USUAL: usize = 10_000;
    /// Records kept for a subscriber that is slower than they come.
    const LIVE: usize = 1024;

    pub(super) fn new(limit: usize) -> Self {
        let micros = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
        let next = u64::try_from(micros).unwrap_or(1).max(1);
        let state = State {
            ring: VecDeque::new(),
            limit: limit.max(1),
            next,
            gone: next - 1,
            floods: Floods::new(),
        };
        Self {
            state: Mutex::new(state),
            live: broadcast::channel(Self::LIVE).0,
            inventory: OnceLock::new(),
            closed: watch::Sender::new(false),
            newest: watch::Sender::new(next - 1),
        }
    }

    pub(super) fn name_devices(&self, inventory: Inventory) {
        // The first inventory stays: there is only one.
        drop(self.inventory.set(inventory));
    }

    /// Where names are known from, once they are.
    pub(super) fn inventory(&self) -> Option<&Inventory> {
        self.inventory.get()
    }

    pub(super) fn enter(&self, event: &Event) {
        let mut state = self.state();
        if state.floods.passes(event, Instant::now()) {
            self.push(&mut state, record::of(event));
        }
    }

    fn push(&self, state: &mut State, mut record: Record) {
        record.id = state.next;
        record.time = Some(OffsetDateTime::now_utc());
        if let Some(device) = record.guid.and_then(|id| self.inventory.get()?.get(id)) {
            record.name = Some(device.name.clone());
            record.fqdn.clone_from(&device.fqdn);
        }
        state.next += 1;
        if state.ring.len() >= state.limit
            && let Some(oldest) = state.ring.pop_front()
        {
            state.gone = oldest.id;
        }
        let record = Arc::new(record);
        state.ring.push_back(Arc::clone(&record));
        self.newest.send_replace(record.id);
        // Under the lock, so that the order is that of the numbers. An error says that nobody listens.
        drop(self.live.send(record));
    }

    /// The records from `cursor` on, and those that come.
    #[must_use]
    pub fn follow(&self, cursor: Cursor) -> Followed {
        let state = self.state();
        let from = |fits: &dyn Fn(&Record) -> bool| {
            state.ring.iter().skip_while(|record| !fits(record)).cloned().collect()
        };
        let (backlog, gap) = match cursor {
            Cursor::Now => (VecDeque::new(), false),
            Cursor::Start => (state.ring.clone(), false),
            // A number that is still to come is of a server whose clock was ahead: nothing is known of the way.
            Cursor::After(id) if id >= state.next => (state.ring.clone(), true),
            Cursor::After(id) => (from(&|record| record.id > id), id < state.gone),
            Cursor::Since(time) => {
                (from(&|record| record.time.is_some_and(|at| at >= time)), false)
            }
        };
        let live = self.live.subscribe();
        Followed { backlog, gap, live, closed: self.closed.subscribe() }
    }

    /// Begins with what comes.
    pub(crate) fn read(bus: &super::Bus) -> Reader {
        let newest = bus.history().newest.subscribe();
        let last = *newest.borrow();
        Reader { bus: bus.clone(), newest, last }
    }

    /// Becomes true when followers shall go.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Tells followers that the server stops.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(super) async fn keep_house(&self, mut shutdown: watch::Receiver<bool>) {
        let mut ticks = interval(HOUSEKEEPING);
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|down| *down) => return,
                _ = ticks.tick() => self.sum_up(),
            }
        }
    }

    fn sum_up(&self) {
        let mut state = self.state();
        for summary in state.floods.sum_up(Instant::now()) {
            self.push(&mut state, record::of_summary(&summary));
        }
    }

    /// The state is consistent after each statement, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Bus;

    fn reloaded(bus: &Bus, listener: &str) {
        bus.publish(Event::CertificatesReloaded { listener: listener.to_owned() });
    }

    fn texts(records: &VecDeque<Arc<Record>>) -> Vec<&str> {
        records.iter().map(|record| record.detail.as_deref().unwrap_or_default()).collect()
    }

    #[test]
    fn a_cursor_replays_what_came_after_it_and_says_when_something_is_lost() {
        let bus = Bus::with_history(3);
        for name in ["a", "b", "c"] {
            reloaded(&bus, name);
        }
        let all = bus.history().follow(Cursor::Start);
        assert_eq!(texts(&all.backlog), ["a", "b", "c"]);
        let first = all.backlog[0].id;
        let after = bus.history().follow(Cursor::After(first));
        assert_eq!((texts(&after.backlog), after.gap), (vec!["b", "c"], false));
        reloaded(&bus, "d");
        let after = bus.history().follow(Cursor::After(first));
        assert_eq!((texts(&after.backlog), after.gap), (vec!["b", "c", "d"], false));
        reloaded(&bus, "e");
        let after = bus.history().follow(Cursor::After(first));
        assert_eq!((texts(&after.backlog), after.gap), (vec!["c", "d", "e"], true));
        // A cursor of an earlier run, and one of a server whose clock was ahead.
        for id in [1, u64::MAX] {
            let after = bus.history().follow(Cursor::After(id));
            assert!(after.gap && after.backlog.len() == 3, "{id}");
        }
        assert!(bus.history().follow(Cursor::Now).backlog.is_empty());
    }

    #[tokio::test]
    async fn nothing_is_lost_or_told_twice_between_replay_and_live() {
        let bus = Bus::new();
        reloaded(&bus, "before");
        let mut followed = bus.history().follow(Cursor::Start);
        reloaded(&bus, "after");
        assert_eq!(texts(&followed.backlog), ["before"]);
        let live = followed.live.recv().await.unwrap();
        assert_eq!(live.detail.as_deref(), Some("after"));
        assert_eq!(live.id, followed.backlog[0].id + 1);
        assert!(followed.live.is_empty());
    }

    #[tokio::test]
    async fn a_reader_gets_all_in_order_and_is_told_what_it_lost() {
        let bus = Bus::with_history(3);
        let mut reader = History::read(&bus);
        reloaded(&bus, "a");
        reloaded(&bus, "b");
        let (first, lost) = reader.next().await;
        assert_eq!((first.detail.as_deref(), lost, reader.backlog()), (Some("a"), 0, 1));
        reader.rewind_before(first.id);
        assert_eq!(reader.next().await.0.id, first.id);
        for name in ["c", "d", "e", "f"] {
            reloaded(&bus, name);
        }
        let (next, lost) = reader.next().await;
        assert_eq!((next.detail.as_deref(), lost), (Some("d"), 2));
    }
}
