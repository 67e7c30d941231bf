//! When each device was here. Noted in memory at once, written behind with the other facts, and read from the database
//! when somebody asks: of 30 days nothing but what is not written yet lies in memory.

use super::{Inventory, StoreError, TunnelEndRecord, locked};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    time::Duration,
};
use time::OffsetDateTime;
use viaduct_api::{Availability, DeviceAvailability, DeviceId, Presence, Span};

/// Stays that ended longer ago are forgotten: the longest question is about 30 days, and its first gap has a cause.
pub(super) const KEPT: Duration = Duration::from_secs(31 * 86_400);
/// Stays of one device that are kept; one whose tunnel flaps loses the oldest.
pub(super) const KEPT_EACH: u32 = 500;
/// Rows that wait for a database that does not take them. What comes on top is not written down.
const WAITING_MAX: usize = 100_000;
/// Hours in the short answer about all devices.
const HOURS: usize = 24;
const HOUR: i64 = 3_600;

/// One time that a device was here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) device: DeviceId,
    pub(super) since: OffsetDateTime,
    /// When it was gone, and why; None while it is here.
    pub(super) end: Option<Gone>,
}

/// When and why a device was gone.
pub(super) type Gone = (OffsetDateTime, TunnelEndRecord);

/// What is written down about a device, and since when it is complete.
#[derive(Debug, Default)]
pub(super) struct Stays {
    /// The oldest first.
    pub(super) rows: Vec<Stay>,
    /// Before that nothing is known.
    pub(super) began: Option<OffsetDateTime>,
}

/// Who is here, and what is not written yet.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    here: HashMap<DeviceId, OffsetDateTime>,
    waiting: Rows,
    /// What is being written, and cannot be read from the database yet.
    writing: Rows,
}

/// Stays by device and begin.
type Rows = BTreeMap<(DeviceId, OffsetDateTime), Option<Gone>>;

impl Ledger {
    /// A tunnel was admitted. One that takes another's place changes nothing.
    pub(super) fn came(&mut self, device: DeviceId, now: OffsetDateTime) {
        if let Entry::Vacant(place) = self.here.entry(device) {
            place.insert(now);
            self.enter((device, now), None);
        }
    }

    /// The last tunnel is gone.
    pub(super) fn went(&mut self, device: DeviceId, now: OffsetDateTime, end: TunnelEndRecord) {
        if let Some(since) = self.here.remove(&device) {
            self.enter((device, since), Some((now.max(since), end)));
        }
    }

    fn enter(&mut self, key: (DeviceId, OffsetDateTime), end: Option<Gone>) {
        if self.waiting.len() < WAITING_MAX || self.waiting.contains_key(&key) {
            self.waiting.insert(key, end);
        }
    }

    pub(super) fn is_due(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What is to be written; [`Ledger::written`] or [`Ledger::put_back`] follows.
    pub(super) fn take(&mut self) -> Vec<Stay> {
        self.writing = std::mem::take(&mut self.waiting);
        let stay =
            |(&(device, since), end): (_, &Option<Gone>)| Stay { device, since, end: end.clone() };
        self.writing.iter().map(stay).collect()
    }

    /// The database has what was taken.
    pub(super) fn written(&mut self) {
        self.writing.clear();
    }

    /// What was taken could not be written; it waits again, unless it has changed meanwhile.
    pub(super) fn put_back(&mut self) {
        for (key, end) in std::mem::take(&mut self.writing) {
            if !self.waiting.contains_key(&key) {
                self.enter(key, end);
            }
        }
    }

    /// Puts what is not in the database yet over what was read from it.
    fn complete(&self, device: DeviceId, stays: &mut Vec<Stay>) {
        for rows in [&self.writing, &self.waiting] {
            overlay(rows, device, stays);
        }
    }
}

fn overlay(rows: &Rows, device: DeviceId, stays: &mut Vec<Stay>) {
    let first = (device, OffsetDateTime::UNIX_EPOCH);
    for ((_, since), end) in rows.range(first..).take_while(|((id, _), _)| *id == device) {
        put(stays, Stay { device, since: *since, end: end.clone() });
    }
}

/// In its place, or in the place of what is known of the same stay.
fn put(stays: &mut Vec<Stay>, stay: Stay) {
    match stays.binary_search_by_key(&stay.since, |stay| stay.since) {
        // An end is never taken back.
        Ok(at) if stay.end.is_none() && stays[at].end.is_some() => {}
        Ok(at) => stays[at] = stay,
        Err(at) => stays.insert(at, stay),
    }
}

impl Inventory {
    /// When the device was here during the `length` before now, and why it was not.
    ///
    /// # Errors
    /// When the device is not known, or the database cannot be read.
    pub(crate) async fn availability(
        &self,
        id: DeviceId,
        length: Duration,
    ) -> Result<Availability, StoreError> {
        let device = self.get(id).ok_or(StoreError::NotFound(id))?;
        let to = now();
        let from = to - length;
        // What is on its way to the database now is here or, if it arrives meanwhile, there.
        let mut unwritten = Vec::new();
        locked(&self.0.presence).complete(id, &mut unwritten);
        let mut stays = self.0.store.stays(id, from).await?;
        for stay in unwritten {
            put(&mut stays.rows, stay);
        }
        locked(&self.0.presence).complete(id, &mut stays.rows);
        let known = millisecond(device.added).max(stays.began.unwrap_or(to));
        let spans = spans(&stays.rows, from, to, known);
        let total = |presence| {
            let each = spans.iter().filter(|span| span.presence == presence);
            each.map(|span| (span.until - span.from).whole_seconds()).sum::<i64>().unsigned_abs()
        };
        Ok(Availability {
            guid: id,
            name: device.name.clone(),
            from,
            until: to,
            connected_seconds: total(Presence::Connected),
            away_seconds: total(Presence::Away),
            spans,
        })
    }

    /// The last 24 hours of every device that is seen by whoever this is done for, hour by hour.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn availabilities(&self) -> Result<Vec<DeviceAvailability>, StoreError> {
        let to = now();
        let from = to - Duration::from_secs(HOUR.unsigned_abs() * HOURS as u64);
        let mut all = self.0.store.all_stays(from).await?;
        let began = all.began.unwrap_or(to);
        let mut by_device: HashMap<DeviceId, Vec<Stay>> = HashMap::new();
        for stay in all.rows.drain(..) {
            by_device.entry(stay.device).or_default().push(stay);
        }
        let ledger = locked(&self.0.presence);
        let devices = self.list().into_iter().map(|device| {
            let mut stays = by_device.remove(&device.id).unwrap_or_default();
            ledger.complete(device.id, &mut stays);
            DeviceAvailability {
                guid: device.id,
                hours: hours(&spans(&stays, from, to, device.added.max(began)), from),
            }
        });
        Ok(devices.collect())
    }
}

/// To the millisecond, as it is stored.
pub(super) fn now() -> OffsetDateTime {
    millisecond(OffsetDateTime::now_utc())
}

fn millisecond(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_millisecond(time.millisecond()).unwrap_or(time)
}

/// The window without holes: where a device was here, was not, and where nobody knows.
fn spans(
    stays: &[Stay],
    from: OffsetDateTime,
    to: OffsetDateTime,
    known: OffsetDateTime,
) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut add = |presence, start: OffsetDateTime, end: OffsetDateTime, why: Option<&Gone>| {
        let (start, end) = (start.max(from), end.min(to));
        if start < end {
            let why = why.map(|(_, why)| why);
            spans.push(Span {
                presence,
                from: start,
                until: end,
                reason: why.map(|why| why.reason.clone()),
                detail: why.map(|why| why.detail.clone()),
                by_device: why.map(|why| why.by_device),
            });
        }
    };
    let known = stays.first().map_or(known, |first| known.min(first.since));
    add(Presence::Unknown, from, known, None);
    let mut at = known;
    let mut why = None;
    // One that a killed server left open at once says nothing.
    let lasted = |stay: &&Stay| stay.end.as_ref().is_none_or(|(end, _)| *end > stay.since);
    for stay in stays.iter().filter(lasted) {
        add(Presence::Away, at, stay.since, why);
        let end = stay.end.as_ref().map_or(to, |(end, _)| *end);
        add(Presence::Connected, stay.since.max(at), end, None);
        at = at.max(end);
        why = stay.end.as_ref();
    }
    add(Presence::Away, at, to, why);
    spans
}

/// One letter for each hour, the latest last: `c` here all the time, `p` for a part, `a` away, `u` not known.
fn hours(spans: &[Span], from: OffsetDateTime) -> String {
    let mut seen = [(false, false); HOURS];
    for span in spans {
        let hour = |at: OffsetDateTime| usize::try_from((at - from).whole_seconds() / HOUR);
        let last = (span.until - Duration::from_millis(1)).max(span.from);
        let (Ok(first), Ok(last)) = (hour(span.from), hour(last)) else { continue };
        for hour in seen.iter_mut().take(last + 1).skip(first) {
            hour.0 |= span.presence == Presence::Connected;
            hour.1 |= span.presence == Presence::Away;
        }
    }
    let letter = |(here, away)| match (here, away) {
        (true, false) => 'c',
        (true, true) => 'p',
        (false, true) => 'a',
        (false, false) => 'u',
    };
    seen.into_iter().map(letter).collect()
}

#[cfg(test)]
mod tests;
