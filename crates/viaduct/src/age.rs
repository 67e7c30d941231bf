//! Times for people: how long ago, how long still.

use time::{Duration, OffsetDateTime};

/// A length of time in one or two units.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.whole_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, m) => format!("{m}m"),
        (0, h, m) => format!("{h}h {m:02}m"),
        (d, h, _) if d < 10 => format!("{d}d {h:02}h"),
        (d, ..) if d < 730 => format!("{d}d"),
        // To the nearest year of 365.25 days.
        (d, ..) => format!("{}y", (d * 100 + 18_262) / 36_525),
    }
}

/// How long something has been so.
pub(crate) fn since(time: OffsetDateTime) -> String {
    span(OffsetDateTime::now_utc() - time)
}

/// How long ago; empty when never.
pub(crate) fn ago(time: Option<OffsetDateTime>) -> String {
    time.map(|time| format!("{} ago", since(time))).unwrap_or_default()
}

/// A day and time in UTC.
pub(crate) fn date(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute())
}

/// Bytes with a unit.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut scale = 1_u64;
    while count / scale >= 1024 && unit + 1 < UNITS.len() {
        scale *= 1024;
        unit += 1;
    }
    let tenths = count / scale * 10 + count % scale * 10 / scale;
    match unit {
        0 => format!("{count} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes_are_short() {
        for (seconds, text) in
            [(5, "5s"), (125, "2m"), (7_384, "2h 03m"), (273_600, "3d 04h"), (1_000_000, "11d")]
                .into_iter()
                .chain([(729 * 86_400, "729d"), (3_649 * 86_400, "10y")])
        {
            assert_eq!(span(Duration::seconds(seconds)), text);
        }
        for (count, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB")]
        {
            assert_eq!(bytes(count), text);
        }
    }
}
