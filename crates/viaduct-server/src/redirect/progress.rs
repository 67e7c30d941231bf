//! How far the mounts are, and how the last ones ended.

use super::{End, Entry, live::lock};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::time::Instant;
use viaduct_api::{Mount, MountState};

/// Mounts that are over and still shown: people come back to see why.
const ENDED: usize = 100;
/// Speed is measured over so long.
const WINDOW: Duration = Duration::from_secs(5);
/// Blocks of a CD.
const BLOCK: u64 = amt::redirect::ider::BLOCK as u64;

/// A mount, as both its task and the list see it.
#[derive(Debug)]
pub struct Mounted {
    pub entry: Arc<Entry>,
    pub media: String,
    pub media_name: String,
    size: u64,
    reads: Mutex<Reads>,
}

#[derive(Debug, Default)]
struct Reads {
    bytes: u64,
    last_block: Option<u64>,
    /// When how much had been read, the newest last.
    recent: VecDeque<(Instant, u64)>,
    over: Option<(OffsetDateTime, End)>,
}

impl Mounted {
    pub(super) fn new(entry: Arc<Entry>, media: String, media_name: String, size: u64) -> Self {
        Self { entry, media, media_name, size, reads: Mutex::default() }
    }

    /// Notes that the PC has read some.
    pub(super) fn read(&self, offset: u64, length: u32) {
        let mut reads = lock(&self.reads);
        let now = Instant::now();
        if reads.recent.is_empty() {
            reads.recent.push_back((now, 0));
        }
        reads.bytes += u64::from(length);
        reads.last_block = Some((offset + u64::from(length)).div_ceil(BLOCK).saturating_sub(1));
        let bytes = reads.bytes;
        // A few points a second are enough to measure by.
        let dense = reads.recent.len() > 1
            && reads.recent.back().is_some_and(|(at, _)| now - *at < WINDOW / 20);
        if dense {
            if let Some(last) = reads.recent.back_mut() {
                last.1 = bytes;
            }
        } else {
            reads.recent.push_back((now, bytes));
        }
        while reads.recent.len() > 2 && now - reads.recent[1].0 > WINDOW {
            reads.recent.pop_front();
        }
    }

    pub(super) fn over(&self, end: End) {
        lock(&self.reads).over.get_or_insert((OffsetDateTime::now_utc(), end));
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        lock(&self.reads).over.is_some()
    }

    /// As it is shown; the device's name is for the caller to know.
    #[must_use]
    pub fn show(&self, name: Option<String>) -> Mount {
        let reads = lock(&self.reads);
        let state = match (&reads.over, reads.bytes) {
            (Some(_), _) => MountState::Ended,
            (None, 0) => MountState::Offered,
            (None, _) => MountState::Reading,
        };
        let speed = if reads.over.is_some() { 0.0 } else { speed(&reads.recent) };
        let left = self.size.saturating_sub(reads.bytes) as f64;
        let over = reads.over.as_ref();
        Mount {
            id: self.entry.id,
            guid: self.entry.device,
            name,
            media: self.media.clone(),
            media_name: self.media_name.clone(),
            user: self.entry.principal.name.clone(),
            since: self.entry.since,
            state,
            size: self.size,
            bytes_read: reads.bytes,
            blocks: self.size / BLOCK,
            last_block: reads.last_block,
            blocks_per_second: (speed / BLOCK as f64).round() as u64,
            seconds_left: (speed > 0.0).then(|| (left / speed).ceil() as u64),
            ended: over.map(|(at, _)| *at),
            code: over.and_then(|(_, end)| end.code()).map(|code| code.to_string()),
            reason: over.map(|(_, end)| end.detail()),
        }
    }
}

/// Bytes a second of late: from the oldest point until this moment, so that a pause shows.
fn speed(recent: &VecDeque<(Instant, u64)>) -> f64 {
    let (Some((first, before)), Some((_, after))) = (recent.front(), recent.back()) else {
        return 0.0;
    };
    (after - before) as f64 / first.elapsed().as_secs_f64().max(0.05)
}

/// All mounts of this server's life that are live or ended lately.
#[derive(Debug, Default)]
pub(super) struct Mounts(Mutex<BTreeMap<u64, Arc<Mounted>>>);

impl Mounts {
    pub(super) fn enter(&self, mounted: &Arc<Mounted>) {
        let mut all = lock(&self.0);
        all.insert(mounted.entry.id, Arc::clone(mounted));
        let over: Vec<u64> =
            all.iter().filter(|(_, one)| one.is_over()).map(|(id, _)| *id).collect();
        for id in over.iter().take(over.len().saturating_sub(ENDED)) {
            all.remove(id);
        }
    }

    /// The newest first.
    pub(super) fn list(&self) -> Vec<Arc<Mounted>> {
        lock(&self.0).values().rev().cloned().collect()
    }
}
