//! Events as records for people and programs: bounded, and harmless wherever they are shown.

use super::{Event, MediaFacts, Wish, flood::Summary};
use crate::tunnel::pet::Trap;
use amt::wsman::Notification;
use std::net::SocketAddr;
use viaduct_api::{Alert, Bytes, Event as Record};

/// Longest text of a record; what is longer came from a device or a console and says nothing more.
const TEXT: usize = 512;

/// Arguments of an alert that are kept.
const ARGUMENTS: usize = 16;

/// A pushed event in one line.
pub(super) fn of_notification(event: &Notification) -> String {
    let id = event.text("MessageID").unwrap_or(&event.class);
    let arguments: Vec<&str> = event.all("MessageArguments").take(ARGUMENTS).collect();
    let mut text = match event.words().or_else(|| event.text("Message")) {
        Some(words) => format!("{words} ({id})"),
        None => id.to_owned(),
    };
    if !arguments.is_empty() {
        text.push_str(&format!(": {}", arguments.join(", ")));
    }
    inert(&text)
}

/// Control characters and changes of direction replaced, and cut to [`TEXT`].
pub(crate) fn inert(text: &str) -> String {
    let dangerous = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().take(TEXT).map(|c| if dangerous(c) { '\u{fffd}' } else { c }).collect()
}

/// The record of an event, without number, time and the device's names.
pub(super) fn of(event: &Event) -> Record {
    match event {
        Event::AttemptFailed { .. }
        | Event::Unclaimed { .. }
        | Event::IdentityConflict { .. }
        | Event::TakeoverDelayed { .. }
        | Event::ConsoleRefused { .. } => of_refusal(event),
        Event::TunnelOpened { .. }
        | Event::TunnelReady { .. }
        | Event::TunnelEnded { .. }
        | Event::TunnelOddity { .. } => of_tunnel(event),
        Event::ChannelOpened { tunnel, device, port, console, user } => Record {
            tunnel: Some(tunnel.0),
            guid: Some(*device),
            port: Some(*port),
            address: console.map(shown),
            user: Some(inert(user)),
            ..record("channel.opened", format!("{} uses port {port}", inert(user)))
        },
        Event::ChannelEnded { tunnel, device, port, user, reason, from_device, to_device } => {
            Record {
                tunnel: Some(tunnel.0),
                guid: Some(*device),
                port: Some(*port),
                user: Some(inert(user)),
                reason: Some(inert(reason)),
                bytes: Some(Bytes { from_device: *from_device, to_device: *to_device }),
                ..record(
                    "channel.ended",
                    format!("port {port} of {}: {}", inert(user), inert(reason)),
                )
            }
        }
        Event::RedirectionOpened { .. }
        | Event::RedirectionEnded { .. }
        | Event::RedirectionWanted { .. } => of_redirection(event),
        Event::Alert { .. } | Event::Notified { .. } => of_alert(event),
        Event::CommandEnded { .. }
        | Event::AmtCertificatePinned { .. }
        | Event::AmtCertificateChanged { .. } => of_command(event),
        Event::MediaBegun(it) => of_media("media.begun", it, "is being uploaded"),
        Event::MediaAdded(it) => of_media("media.added", it, "is in the library"),
        Event::MediaRemoved(it) => of_media("media.removed", it, "left the library"),
        Event::CertificatesReloaded { listener } => Record {
            detail: Some(inert(listener)),
            ..record(
                "certificates.reloaded",
                format!("{}: new certificates are in use", inert(listener)),
            )
        },
        Event::CertificatesRefused { listener, reason } => Record {
            detail: Some(inert(reason)),
            ..record(
                "certificates.refused",
                format!("{}: certificates not reloaded: {}", inert(listener), inert(reason)),
            )
        },
    }
}

fn of_media(kind: &str, facts: &MediaFacts, what: &str) -> Record {
    Record {
        user: Some(inert(&facts.user)),
        detail: Some(inert(&facts.name)),
        media: Some(facts.id.clone()),
        tenant: Some(facts.tenant.clone()),
        ..record(kind, format!("{} {what} ({})", inert(&facts.name), inert(&facts.user)))
    }
}

fn of_redirection(event: &Event) -> Record {
    match event {
        Event::RedirectionOpened { device, mode, user, console } => Record {
            guid: Some(*device),
            user: Some(inert(user)),
            address: console.map(shown),
            reason: Some((*mode).to_owned()),
            ..record("redirection.opened", format!("{} uses {mode}", inert(user)))
        },
        Event::RedirectionEnded { device, mode, user, reason, from_device, to_device } => Record {
            guid: Some(*device),
            user: Some(inert(user)),
            reason: Some((*mode).to_owned()),
            detail: Some(inert(reason)),
            bytes: Some(Bytes { from_device: *from_device, to_device: *to_device }),
            ..record("redirection.ended", format!("{mode} of {}: {}", inert(user), inert(reason)))
        },
        Event::RedirectionWanted { device, mode, user, holder, wish } => {
            let (kind, does) = match wish {
                Wish::Ask => ("redirection.asked", "asks for"),
                Wish::Watch => ("redirection.watched", "watches"),
                Wish::Keep => ("redirection.kept", "keeps"),
            };
            let text = match wish {
                Wish::Keep => format!("{} {does} {mode}", inert(user)),
                Wish::Ask | Wish::Watch => {
                    format!("{} {does} {mode}, which {} has", inert(user), inert(holder))
                }
            };
            Record {
                guid: Some(*device),
                user: Some(inert(user)),
                reason: Some((*mode).to_owned()),
                detail: Some(inert(holder)),
                ..record(kind, text)
            }
        }
        // The caller sends only these.
        _ => Record::default(),
    }
}

fn of_alert(event: &Event) -> Record {
    match event {
        Event::Alert { device, destination, trap, bytes } => Record {
            guid: Some(*device),
            alert: Some(of_trap(destination, trap.as_deref())),
            ..record(
                "device.alert",
                trap.as_ref().map_or_else(
                    || format!("a platform event of an unknown format, {bytes} bytes"),
                    |trap| trap.summary.clone(),
                ),
            )
        },
        Event::Notified { tunnel, device, target, event, acknowledged } => Record {
            tunnel: Some(tunnel.0),
            guid: Some(*device),
            alert: Some(Alert {
                source: "ws-eventing".to_owned(),
                acknowledged: Some(*acknowledged),
                destination: Some(inert(target)),
                severity: event.severity().map(str::to_owned),
                message_id: event.text("MessageID").map(inert),
                arguments: event.all("MessageArguments").take(ARGUMENTS).map(inert).collect(),
                ..Alert::default()
            }),
            ..record("device.alert", of_notification(event))
        },
        // The caller sends only these.
        _ => Record::default(),
    }
}

fn of_refusal(event: &Event) -> Record {
    match event {
        Event::AttemptFailed { peer, stage, device, reason, tls_alert, hello } => {
            let reason = match tls_alert {
                Some(alert) => {
                    let (words, advice) = crate::tls::alert_words(*alert);
                    format!("{words}; {advice}")
                }
                None => inert(reason),
            };
            Record {
                guid: *device,
                address: Some(shown(*peer)),
                reason: Some(stage.name().to_owned()),
                tls: hello.as_ref().map(|hello| inert(&hello.summary())),
                detail: Some(reason.clone()),
                ..record("connection.failed", format!("{} failed: {reason}", stage.name()))
            }
        }
        Event::Unclaimed { device, peer } => Record {
            guid: Some(*device),
            address: Some(shown(*peer)),
            code: Some(viaduct_api::Code::UnclaimedDevice.as_str().to_owned()),
            ..record("device.unclaimed", "knocked, and nobody has added it".to_owned())
        },
        Event::IdentityConflict { device, addresses: [one, other] } => Record {
            guid: Some(*device),
            address: Some(shown(*other)),
            code: Some(viaduct_api::Code::IdentityConflict.as_str().to_owned()),
            detail: Some(format!("{} and {}", shown(*one), shown(*other))),
            ..record(
                "device.conflict",
                format!("two machines use this UUID, {} and {}", shown(*one), shown(*other)),
            )
        },
        Event::TakeoverDelayed { device, peer, seconds } => Record {
            guid: Some(*device),
            address: Some(shown(*peer)),
            seconds: Some(*seconds),
            ..record(
                "device.delayed",
                format!(
                    "must wait {seconds} s before it takes the place of the tunnel that is there"
                ),
            )
        },
        Event::ConsoleRefused { peer, user, target, code, detail } => Record {
            address: Some(shown(*peer)),
            user: user.as_deref().map(inert),
            code: Some((*code).to_owned()),
            detail: Some(inert(detail)),
            ..record("console.refused", format!("{}: {}", inert(target), inert(detail)))
        },
        // The caller sends only these.
        _ => Record::default(),
    }
}

fn of_tunnel(event: &Event) -> Record {
    match event {
        Event::TunnelOpened { tunnel, device, peer, trigger, tls, .. } => Record {
            tunnel: Some(tunnel.0),
            guid: Some(*device),
            address: Some(shown(*peer)),
            trigger: Some(*trigger),
            tls: tls.clone(),
            reason: Some(viaduct_api::trigger_words(*trigger).to_owned()),
            ..record(
                "tunnel.opened",
                format!(
                    "dialled in from {} ({})",
                    shown(*peer),
                    viaduct_api::trigger_words(*trigger)
                ),
            )
        },
        Event::TunnelReady { tunnel, device, ports } => Record {
            tunnel: Some(tunnel.0),
            guid: Some(*device),
            ports: Some(ports.clone()),
            ..record("tunnel.ready", format!("ready with the ports {}", list(ports)))
        },
        Event::TunnelEnded { tunnel, device, peer, end, seconds } => Record {
            tunnel: Some(tunnel.0),
            guid: Some(*device),
            address: Some(shown(*peer)),
            reason: Some(end.reason.to_owned()),
            detail: Some(inert(&end.detail)),
            by_device: Some(end.by_device),
            seconds: Some(*seconds),
            ..record("tunnel.ended", format!("{} ({})", end.reason, inert(&end.detail)))
        },
        Event::TunnelOddity { tunnel, device, text } => Record {
            tunnel: Some(tunnel.0),
            guid: Some(*device),
            ..record("tunnel.odd", inert(text))
        },
        // The caller sends only these.
        _ => Record::default(),
    }
}

fn of_command(event: &Event) -> Record {
    match event {
        Event::CommandEnded { device, user, what, requests, code, milliseconds } => Record {
            guid: Some(*device),
            user: Some(inert(user)),
            reason: Some((*what).to_owned()),
            code: code.map(str::to_owned),
            count: Some(u64::from(*requests)),
            ..record(
                "command.ended",
                format!(
                    "{what} for {}: {} ({requests} requests, {milliseconds} ms)",
                    inert(user),
                    code.unwrap_or("done")
                ),
            )
        },
        Event::AmtCertificatePinned { device, seen } => Record {
            guid: Some(*device),
            detail: Some(inert(seen)),
            ..record(
                "certificates.pinned",
                format!("the device's own certificate is {}", inert(seen)),
            )
        },
        Event::AmtCertificateChanged { device, known, seen } => Record {
            guid: Some(*device),
            code: Some("E2062".to_owned()),
            detail: Some(format!("{} instead of {}", inert(seen), inert(known))),
            ..record(
                "certificates.changed",
                "the device shows another certificate than before; nothing was sent to it"
                    .to_owned(),
            )
        },
        // The caller sends only these.
        _ => Record::default(),
    }
}

/// What was left out.
pub(super) fn of_summary(summary: &Summary) -> Record {
    let Summary { source, count, connected } = summary;
    let state = match connected {
        Some(true) => "; it is connected",
        Some(false) => "; it is away",
        None => "",
    };
    Record {
        guid: source.device(),
        address: source.address().map(|address| address.to_string()),
        reason: Some(source.words().to_owned()),
        count: Some(*count),
        connected: *connected,
        ..record(
            "events.coalesced",
            format!("{count} more {} within a minute{state}", source.words()),
        )
    }
}

/// A notice about the stream itself; it has the number of the record before it.
pub(crate) fn of_stream(kind: &str, id: u64, text: &str) -> Record {
    Record { id, ..record(kind, text.to_owned()) }
}

fn of_trap(destination: &str, trap: Option<&Trap>) -> Alert {
    let alert = Alert {
        source: "pet".to_owned(),
        destination: Some(inert(destination)),
        ..Alert::default()
    };
    let Some(trap) = trap else { return alert };
    let body = trap.body.as_ref();
    Alert {
        severity: body.map(|body| body.severity_word().to_owned()),
        sensor: Some(trap.sensor().to_owned()),
        sensor_type: Some(trap.sensor_type),
        event_type: Some(trap.event_type),
        offset: Some(trap.offset),
        asserted: Some(trap.asserted),
        event_source: body.map(|body| body.source_words().to_owned()),
        entity: body.and_then(|body| body.entity_words()).map(str::to_owned),
        entity_instance: body.map(|body| body.instance),
        ..alert
    }
}

fn record(kind: &str, text: String) -> Record {
    Record { kind: kind.to_owned(), text, ..Record::default() }
}

/// An address as people write it: IPv4 without the IPv6 coat that a dual-stack socket puts on it.
fn shown(address: SocketAddr) -> String {
    SocketAddr::new(address.ip().to_canonical(), address.port()).to_string()
}

fn list(ports: &[u16]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use viaduct_api::EVENT_TYPES;

    #[test]
    fn text_of_devices_and_consoles_is_bounded_and_does_nothing() {
        let event = Event::ConsoleRefused {
            peer: SocketAddr::from(([192, 0, 2, 1], 7)),
            user: Some("a\u{1b}[2Jb".into()),
            target: "x\r\ny\u{202e}".into(),
            code: "E1400",
            detail: "z".repeat(100_000),
        };
        let record = of(&event);
        assert_eq!(record.user.as_deref(), Some("a\u{fffd}[2Jb"));
        assert!(record.text.starts_with("x\u{fffd}\u{fffd}y\u{fffd}: z"), "{}", record.text);
        assert!(record.text.chars().count() < 2 * TEXT);
    }

    #[test]
    fn types_are_those_that_are_documented() {
        let image = || MediaFacts {
            id: "7".into(),
            name: "boot.iso".into(),
            size: 2048,
            tenant: String::new(),
            user: "ines".into(),
        };
        for event in [
            Event::CertificatesReloaded { listener: "web".into() },
            Event::MediaBegun(image()),
            Event::MediaAdded(image()),
            Event::MediaRemoved(image()),
        ] {
            let record = of(&event);
            assert!(EVENT_TYPES.iter().any(|(kind, _)| *kind == record.kind), "{}", record.kind);
        }
    }
}
