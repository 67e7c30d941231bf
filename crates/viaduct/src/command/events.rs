//! `viaduct events`: what happened, and what happens.

use super::Desk;
use crate::{
    client::{Messages, segment},
    failure::{Exit, Failure, Result},
    render::Format,
    say::{data, inert, note},
};
use std::time::Duration;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use tokio::time::{sleep, timeout};
use viaduct_api::Event;

/// The server says something every 15 s; a line that is silent for so long is dead.
const SILENCE: Duration = Duration::from_secs(45);
/// After a lost connection the first new attempt is made so soon, and each further one after twice the time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Go on with what comes, until interrupted; comes back by itself after a lost connection
    #[arg(short, long)]
    follow: bool,
    /// Only these types or families, such as `tunnel` or `tunnel.ended`
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Only of this device
    #[arg(long)]
    device: Option<String>,
    /// From here on: how long ago (`10m`, `2h`), a time, or the number of an event
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// At most so many of those that were
    #[arg(short = 'n', long, default_value_t = 100, conflicts_with = "follow")]
    limit: usize,
}

pub(crate) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let mut query = vec![format!("limit={}", options.limit)];
    query.extend(options.types.iter().map(|wanted| format!("type={}", segment(wanted))));
    query.extend(options.device.iter().map(|device| format!("device={}", segment(device))));
    if let Some(since) = &options.since {
        query.push(format!("since={}", segment(&moment(since, OffsetDateTime::now_utc())?)));
    }
    let path = format!("/events?{}", query.join("&"));
    if options.follow { follow(desk, &path).await } else { list(desk, &path).await }
}

async fn list(desk: &Desk, path: &str) -> Result<()> {
    let events: Vec<Event> = desk.client.get_json(path).await?;
    if events.is_empty() && desk.printer.format == Format::Table {
        note("nothing of that kind happened since the server was started; --follow waits for it");
    }
    if desk.printer.format == Format::Table {
        events.iter().for_each(|event| data(&line(event)));
        return Ok(());
    }
    desk.printer.list(
        &events,
        &[
            ("ID", &|event| event.id.to_string()),
            ("TIME", &|event| clock(event)),
            ("TYPE", &|event| event.kind.clone()),
            ("DEVICE", &|event| whom(event)),
            ("ADDRESS", &|event| event.address.clone().unwrap_or_default()),
            ("TEXT", &|event| event.text.clone()),
        ],
    )
}

async fn follow(desk: &Desk, path: &str) -> Result<()> {
    if matches!(desk.printer.format, Format::Json | Format::Csv) {
        return Err(Failure::usage("a stream has no end; use -o ndjson with --follow"));
    }
    let mut last = None;
    let mut messages = desk.client.messages(path, last).await?;
    let mut pause = FIRST_PAUSE;
    loop {
        let why = print(desk, &mut messages, &mut last, &mut pause).await;
        note(&format!("{why}; coming back in {} s", pause.as_secs()));
        messages = loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match desk.client.messages(path, last).await {
                Ok(messages) => break messages,
                // Whoever is turned away will be turned away again; a server that is away comes back.
                Err(failure) if failure.exit != Exit::Unreachable => return Err(failure),
                Err(_) => {}
            }
        };
    }
}

/// Prints what comes until the connection ends, and says why it did.
async fn print(
    desk: &Desk,
    messages: &mut Messages,
    last: &mut Option<u64>,
    pause: &mut Duration,
) -> String {
    loop {
        let message = match timeout(SILENCE, messages.next()).await {
            Err(_) => return format!("the server said nothing for {} s", SILENCE.as_secs()),
            Ok(Err(failure)) => return failure.detail().to_owned(),
            Ok(Ok(None)) => return "the server ended the stream".to_owned(),
            Ok(Ok(Some(message))) => message,
        };
        *pause = FIRST_PAUSE;
        let Ok(event) = serde_json::from_str::<Event>(&message) else { continue };
        *last = Some(event.id);
        if event.kind == "stream.ended" {
            return event.text;
        }
        match desk.printer.format {
            Format::Table => data(&line(&event)),
            _ => data(&message),
        }
    }
}

/// Time, type, device and what happened, for people.
fn line(event: &Event) -> String {
    format!(
        "{}  {:<20} {:<16} {}",
        clock(event),
        event.kind,
        inert(&whom(event)),
        inert(&event.text)
    )
}

fn whom(event: &Event) -> String {
    let guid = || event.guid.map(|guid| guid.to_string());
    event.name.clone().or_else(guid).or_else(|| event.address.clone()).unwrap_or_default()
}

fn clock(event: &Event) -> String {
    let Some(time) = event.time.map(|time| time.to_offset(UtcOffset::UTC)) else {
        return " ".repeat(19);
    };
    let (hour, minute, second) = time.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}", time.date())
}

/// A length of time before now, as a time; everything else is the server's to read.
fn moment(text: &str, now: OffsetDateTime) -> Result<String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[number.len()..];
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Ok(text.to_owned()),
    };
    let wrong =
        || Failure::usage(format!("`{text}` is no length of time; write 90s, 10m, 2h or 1d"));
    let count: i64 =
        number.parse().ok().filter(|n| (0..=1_000_000).contains(n)).ok_or_else(wrong)?;
    let time = now - time::Duration::seconds(count * seconds);
    time.replace_nanosecond(0).ok().and_then(|time| time.format(&Rfc3339).ok()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_becomes_a_time_and_the_rest_is_left_to_the_server() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        assert_eq!(moment("10m", now).unwrap(), "2023-11-14T22:03:20Z");
        assert_eq!(moment("1234", now).unwrap(), "1234");
        assert_eq!(moment("2026-01-31T12:00:00Z", now).unwrap(), "2026-01-31T12:00:00Z");
        assert!(moment("1.5h", now).is_err() && moment("-1h", now).is_err());
    }
}
