//! The management engine's own clock, which consoles set and which need not be right.

use std::sync::atomic::{AtomicI64, Ordering};

use amt::wsman::{Properties, Value};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{
    alarms,
    host::Host,
    methods::{number, returned},
};

/// Runs on from the machine's clock, by an offset.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    at_start: i64,
    offset: AtomicI64,
    /// How far it is wrong on command.
    skew: AtomicI64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            at_start: OffsetDateTime::now_utc().unix_timestamp(),
            offset: AtomicI64::new(0),
            skew: AtomicI64::new(0),
        }
    }

    /// Seconds since 1970, as the platform believes.
    pub(super) fn now(&self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_secs()).unwrap_or(0);
        self.at_start.saturating_add(elapsed).saturating_add(self.offset())
    }

    /// The same as four bytes hold it.
    pub(super) fn stamp(&self) -> u32 {
        u32::try_from(self.now().max(0)).unwrap_or(u32::MAX)
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Goes wrong by so many seconds, in place of an earlier error.
    pub(super) fn skew(&self, seconds: i64) {
        let before = self.skew.swap(seconds, Ordering::Relaxed);
        let offset = self.offset().saturating_sub(before).saturating_add(seconds);
        self.set_offset(offset);
    }

    pub(super) fn set_offset(&self, offset: i64) {
        self.offset.store(offset, Ordering::Relaxed);
    }
}

/// `2024-01-03T00:44:35Z`, as CIM writes it.
pub(super) fn datetime(seconds: i64) -> Value {
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let format = time::format_description::well_known::Rfc3339;
    Value::DateTime(time.format(&format).unwrap_or_default())
}

/// The opposite; none for what is no point in time.
pub(super) fn seconds(datetime: &str) -> Option<i64> {
    let text = datetime.trim();
    let format = time::format_description::well_known::Rfc3339;
    let zoned = OffsetDateTime::parse(text, &format);
    zoned
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &format))
        .ok()
        .map(|t| t.unix_timestamp())
}

/// `GetLowAccuracyTimeSynch`: the time, to begin with.
pub(super) fn get(host: &Host) -> Properties {
    let mut output = vec![("Ta0".to_owned(), host.clock().stamp().into())];
    output.extend(returned(0));
    output
}

/// `SetHighAccuracyTimeSynch`: `Ta0` is what the first call answered, `Tm1` when the console got it,
/// `Tm2` when it called again. The way there and back takes equally long, so half of both differences
/// is how far this clock is off.
pub(super) fn set(host: &Host, arguments: &Properties) -> Result<u32, amt::wsman::Fault> {
    let argument = |name| number(arguments, name).map(i64::from);
    let (first, got, again) = (argument("Ta0")?, argument("Tm1")?, argument("Tm2")?);
    let now = host.clock().now();
    let off = ((got - first) + (again - now)).div_euclid(2);
    host.clock().set_offset(host.clock().offset().saturating_add(off));
    alarms::changed(host);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_goes_on_by_itself_and_keeps_its_offset() {
        let clock = Clock::new();
        let before = clock.now();
        tokio::time::advance(std::time::Duration::from_secs(3600)).await;
        assert_eq!(clock.now() - before, 3600);
        clock.set_offset(-1_000_000_000);
        assert_eq!(clock.now() - before, 3600 - 1_000_000_000);
    }

    #[test]
    fn points_in_time_are_read_as_they_are_written() {
        assert_eq!(datetime(1_704_242_675), Value::DateTime("2024-01-03T00:44:35Z".into()));
        assert_eq!(seconds("2024-01-03T00:44:35Z"), Some(1_704_242_675));
        assert_eq!(seconds("2024-01-03T01:44:35+01:00"), Some(1_704_242_675));
        assert_eq!(seconds("2024-01-03T00:44:35"), Some(1_704_242_675));
        assert_eq!(seconds("tomorrow"), None);
    }
}
