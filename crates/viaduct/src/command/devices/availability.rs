//! `devices availability`: when a device was connected, and why it was not.

use super::super::Desk;
use crate::{
    age::{date, span},
    client::segment,
    failure::Result,
    say::inert,
};
use time::Duration;
use viaduct_api::{Availability, Presence, Span};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Name, domain name or GUID
    device: String,
    /// How far back
    #[arg(long, value_enum, default_value = "24h")]
    range: Range,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Range {
    #[value(name = "24h")]
    Day,
    #[value(name = "7d")]
    Week,
    #[value(name = "30d")]
    Month,
}

impl Range {
    const fn name(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }
}

pub(super) async fn availability(desk: &Desk, options: Options) -> Result<()> {
    let range = options.range.name();
    let path = format!("/devices/{}/availability?range={range}", segment(&options.device));
    let availability: Availability = desk.client.get(&path).await?;
    desk.printer.text_or(&availability, |availability| text(availability, range))
}

fn text(a: &Availability, range: &str) -> String {
    let known = a.connected_seconds + a.away_seconds;
    let first = if known == 0 {
        format!("{}: nothing is known of the last {range}", a.name)
    } else {
        // Rounded down: 100 % is said only when there was no gap.
        let tenths = u128::from(a.connected_seconds) * 1000 / u128::from(known);
        let seconds = |count: u64| span(Duration::seconds(count.try_into().unwrap_or(i64::MAX)));
        format!(
            "{}: connected {}.{} % of the last {range} ({} of {})",
            a.name,
            tenths / 10,
            tenths % 10,
            seconds(a.connected_seconds),
            seconds(known)
        )
    };
    let lines = std::iter::once(first).chain(a.spans.iter().map(line));
    lines.map(|line| inert(&line)).collect::<Vec<_>>().join("\n")
}

fn line(span_: &Span) -> String {
    let (mark, word) = match span_.presence {
        Presence::Connected => ('●', "connected"),
        Presence::Away => ('○', "away"),
        Presence::Unknown => ('·', "unknown"),
    };
    let length = span(span_.until - span_.from);
    let detail = span_.detail.as_deref().filter(|detail| !detail.is_empty());
    let why = match (&span_.reason, detail) {
        (Some(reason), Some(detail)) => format!("{reason}: {detail}"),
        (Some(reason), None) => reason.clone(),
        (None, _) => String::new(),
    };
    format!(" {mark} {word:<10}{:<22}{length:<9}{why}", date(span_.from)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    #[test]
    fn a_gap_says_why_and_nothing_from_a_device_moves_the_cursor() {
        let at = |minutes| OffsetDateTime::UNIX_EPOCH + Duration::minutes(minutes);
        let span = |presence, from, until, reason: Option<&str>| Span {
            presence,
            from: at(from),
            until: at(until),
            reason: reason.map(str::to_owned),
            detail: reason.map(|_| "bad\u{1b}[1A".to_owned()),
            by_device: None,
        };
        let all = Availability {
            guid: "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap(),
            name: "pc".into(),
            from: at(0),
            until: at(1440),
            connected_seconds: 1439 * 60,
            away_seconds: 60,
            spans: vec![
                span(Presence::Connected, 0, 1439, None),
                span(Presence::Away, 1439, 1440, Some("closed by AMT")),
            ],
        };
        let text = text(&all, "24h");
        assert!(
            text.starts_with("pc: connected 99.9 % of the last 24h (23h 59m of 1d 00h)"),
            "{text}"
        );
        assert!(
            text.contains("○ away      1970-01-01 23:59 UTC  1m       closed by AMT: bad"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
}
