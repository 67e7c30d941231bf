//! How far the mounts are, and how the last ones ended.

use super::{Disc, End, Entry, Speed, live::lock};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use time::OffsetDateTime;
use viaduct_api::{Mount, MountState};

/// Mounts that are over and still shown: people come back to see why.
const ENDED: usize = 100;
/// Blocks of a CD.
const BLOCK: u64 = amt::redirect::ider::BLOCK as u64;

/// A mount, as both its task and the list see it.
#[derive(Debug)]
pub struct Mounted {
    pub entry: Arc<Entry>,
    pub media: String,
    pub media_name: String,
    size: u64,
    disc: Disc,
    reads: Mutex<Reads>,
}

#[derive(Debug, Default)]
struct Reads {
    bytes: u64,
    last_block: Option<u64>,
    speed: Speed,
    /// To the PC and back.
    way: Option<Duration>,
    /// When the PC first read a boot program of the image.
    started: Option<OffsetDateTime>,
    over: Option<(OffsetDateTime, End)>,
}

impl Mounted {
    pub(super) fn new(entry: Arc<Entry>, media: (String, String), size: u64, disc: Disc) -> Self {
        let (media, media_name) = media;
        Self { entry, media, media_name, size, disc, reads: Mutex::default() }
    }

    /// Notes that the PC has read some.
    pub(super) fn read(&self, offset: u64, length: u32) {
        let mut reads = lock(&self.reads);
        reads.bytes += u64::from(length);
        reads.last_block = Some((offset + u64::from(length)).div_ceil(BLOCK).saturating_sub(1));
        if reads.started.is_none() && self.disc.starts(offset, length) {
            reads.started = Some(OffsetDateTime::now_utc());
        }
        let bytes = reads.bytes;
        reads.speed.note(bytes);
    }

    /// Notes how long the way to the PC and back is.
    pub(super) fn way(&self, way: Option<Duration>) {
        lock(&self.reads).way = way;
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
        let speed = if reads.over.is_some() { 0.0 } else { reads.speed.per_second() };
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
            round_trip_microseconds: reads
                .way
                .map(|way| u64::try_from(way.as_micros()).unwrap_or(u64::MAX)),
            blocks_per_second: (speed / BLOCK as f64).round() as u64,
            seconds_left: (speed > 0.0).then(|| (left / speed).ceil() as u64),
            bootable: self.disc.is_bootable(),
            started: reads.started,
            ended: over.map(|(at, _)| *at),
            code: over.and_then(|(_, end)| end.code()).map(|code| code.to_string()),
            reason: over.map(|(_, end)| end.detail()),
        }
    }
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
