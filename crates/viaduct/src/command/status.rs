//! `viaduct status` and `viaduct whoami`: the server at a glance, on one screen.

use super::Desk;
use crate::{
    age::{bytes, date, since, span},
    failure::Result,
    say::inert,
};
use time::OffsetDateTime;
use viaduct_api::{Status, WhoAmI};

/// Lines about what wants attention, so that all fits one screen.
const ATTENTION_MAX: usize = 6;

pub(crate) async fn status(desk: &Desk) -> Result<()> {
    let status: Status = desk.client.get("/status").await?;
    desk.printer.text_or(&status, screen)
}

pub(crate) async fn whoami(desk: &Desk) -> Result<()> {
    let me: WhoAmI = desk.client.get("/whoami").await?;
    let place = desk.client.place.to_string();
    desk.printer
        .text_or(&me, |me| format!("{} at {} (scope {})", inert(&me.name), inert(&place), me.scope))
}

fn screen(status: &Status) -> String {
    let counts = &status.counts;
    let mut lines = vec![
        format!(
            "viaduct {}  up {}  pid {}",
            inert(&status.version),
            since(status.started),
            status.pid
        ),
        format!(
            "Devices      {} connected / {} known{}{}",
            counts.connected,
            counts.devices,
            some(counts.blocked, "blocked"),
            some(counts.unclaimed, "unclaimed"),
        ),
        format!(
            "Channels     {} open   {} from devices, {} to devices",
            counts.channels,
            bytes(counts.bytes.from_device),
            bytes(counts.bytes.to_device),
        ),
    ];
    for (head, text) in ["Listening", ""].iter().zip(listeners(status)) {
        lines.push(format!("{head:<13}{text}"));
    }
    lines.push(format!("Certificates {}", certificates(status)));
    if status.attention.is_empty() {
        lines.push("Attention    nothing".to_owned());
    }
    for (index, item) in status.attention.iter().take(ATTENTION_MAX).enumerate() {
        let head = if index == 0 { "Attention" } else { "" };
        lines.push(format!("{head:<13}{} ({})", inert(&item.detail), inert(&item.code)));
        lines.push(format!("{:<15}→ {}", "", inert(&item.next)));
    }
    if status.attention.len() > ATTENTION_MAX {
        let more = status.attention.len() - ATTENTION_MAX;
        lines.push(format!("{:<13}and {more} more; see -o json", ""));
    }
    lines.join("\n")
}

fn some(count: usize, what: &str) -> String {
    if count == 0 { String::new() } else { format!("   {count} {what}") }
}

/// Devices on the first line, consoles on the second.
fn listeners(status: &Status) -> [String; 2] {
    let addresses = &status.addresses;
    let others = [
        ("web", Some(&addresses.web)),
        ("plain web", addresses.web_plain.as_ref()),
        ("SOCKS5", addresses.socks.as_ref()),
        ("HTTP proxy", addresses.http_proxy.as_ref()),
        ("metrics", addresses.metrics.as_ref()),
    ];
    let others: Vec<String> = others
        .into_iter()
        .filter_map(|(name, address)| Some((name, address.filter(|a| !a.is_empty())?)))
        .map(|(name, address)| format!("{name} {address}"))
        .collect();
    [format!("devices {}", inert(&addresses.cira.join("   "))), inert(&others.join("   "))]
}

/// The one that ends first stands for all.
fn certificates(status: &Status) -> String {
    let first = status
        .certificates
        .iter()
        .filter_map(|certificate| Some((certificate.not_after?, certificate)))
        .min_by_key(|(end, _)| *end);
    match first {
        None => "none".to_owned(),
        Some((end, certificate)) => format!(
            "{} in use; the first to end is {} of {}, in {} ({})",
            status.certificates.len(),
            inert(&certificate.subject),
            inert(&certificate.listener),
            span(end - OffsetDateTime::now_utc()),
            date(end),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use viaduct_api::{Addresses, Attention, Counts};

    #[test]
    fn status_fits_one_screen_however_much_wants_attention() {
        let item = |n: usize| Attention {
            code: "E2019".into(),
            detail: format!("device {n}\u{1b}[2J is turned away"),
            next: "do something".into(),
        };
        let status = Status {
            version: "1.0".into(),
            pid: 7,
            started: OffsetDateTime::now_utc(),
            now: OffsetDateTime::now_utc(),
            counts: Counts { devices: 2, connected: 1, ..Counts::default() },
            addresses: Addresses { web: "[::]:8443".into(), ..Addresses::default() },
            certificates: Vec::new(),
            attention: (0..50).map(item).collect(),
        };
        let text = screen(&status);
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.contains("and 44 more") && text.contains("1 connected / 2 known"));
        assert!(!text.contains('\u{1b}'));
    }
}
