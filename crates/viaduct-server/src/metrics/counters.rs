//! What is counted of events. Labels are words of ours, never of a device, so their number is bounded.

use crate::events::Event;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry as Prometheus,
};

/// Upper ends of the classes of a command's duration, in seconds.
const SECONDS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// What a channel is for, and which way bytes went.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Flow {
    kind: &'static str,
    direction: &'static str,
}

/// What was done to a PC's power, and how it ended: `done`, or a code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Deed {
    action: &'static str,
    result: &'static str,
}

/// What a command does to a PC's power, by the name that it goes by.
fn deed(what: &str) -> Option<&'static str> {
    Some(match what {
        "power on" => "on",
        "power off" => "off",
        "power reset" => "reset",
        "power sleep" => "sleep",
        "boot" => "boot",
        "erase" => "erase",
        _ => return None,
    })
}

/// See `register` for what each means.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    opened: Counter,
    ended: Family<Reason, Counter>,
    attempts: Family<Reason, Counter>,
    channels: Family<Kind, Counter>,
    bytes: Family<Flow, Counter>,
    refusals: Family<Reason, Counter>,
    conflicts: Counter,
    alerts: Counter,
    commands: Family<Reason, Counter>,
    deeds: Family<Deed, Counter>,
    seconds: Histogram,
    pub(super) missed: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Kind {
    pub(super) kind: &'static str,
}

/// What the service port is for.
pub(super) fn kind(port: u16) -> &'static str {
    match port {
        16992 | 16993 | 623 | 664 => "wsman",
        16994 | 16995 => "redirection",
        5900 => "kvm",
        _ => "other",
    }
}

impl Counters {
    pub(super) fn register(prometheus: &mut Prometheus) -> Self {
        let all = Self {
            opened: Counter::default(),
            ended: Family::default(),
            attempts: Family::default(),
            channels: Family::default(),
            bytes: Family::default(),
            refusals: Family::default(),
            conflicts: Counter::default(),
            alerts: Counter::default(),
            commands: Family::default(),
            deeds: Family::default(),
            seconds: Histogram::new(SECONDS),
            missed: Counter::default(),
        };
        let mut add = |name: &str, help: &str, counter: &Counter| {
            prometheus.register(name, help, counter.clone());
        };
        add("tunnel_connects", "Tunnels opened", &all.opened);
        add("identity_conflicts", "Alarms of two machines with one UUID", &all.conflicts);
        add("platform_alerts", "Events that platforms reported", &all.alerts);
        add("events_missed", "Events not counted because of overload", &all.missed);
        for (name, help, family) in [
            ("tunnel_closes", "Tunnels ended, by reason", &all.ended),
            (
                "attempt_failures",
                "Connections that failed before admission, by stage",
                &all.attempts,
            ),
            ("console_refusals", "Consoles turned away, by code", &all.refusals),
            ("commands", "Callers of management commands that are done, by outcome", &all.commands),
        ] {
            prometheus.register(name, help, family.clone());
        }
        let help = "Channels opened, by what the port is for";
        prometheus.register("channels", help, all.channels.clone());
        let help =
            "Payload bytes of channels that have ended, by what the port is for and the direction";
        prometheus.register("channel_bytes", help, all.bytes.clone());
        let help = "Commands that change a PC's power, by what they do and outcome";
        prometheus.register("power_actions", help, all.deeds.clone());
        let help = "How long callers of management commands took, in seconds";
        prometheus.register("command_seconds", help, all.seconds.clone());
        all
    }

    pub(super) fn count(&self, event: &Event) {
        let one = |family: &Family<Reason, Counter>, reason| {
            family.get_or_create(&Reason { reason }).inc();
        };
        match event {
            Event::TunnelOpened { .. } => {
                self.opened.inc();
            }
            Event::TunnelEnded { end, .. } => one(&self.ended, end.reason),
            Event::AttemptFailed { stage, .. } => one(&self.attempts, stage.name()),
            Event::ChannelOpened { port, .. } => {
                self.channels.get_or_create(&Kind { kind: kind(*port) }).inc();
            }
            Event::ChannelEnded { port, from_device, to_device, .. } => {
                let kind = kind(*port);
                for (direction, bytes) in [("from_device", from_device), ("to_device", to_device)] {
                    self.bytes.get_or_create(&Flow { kind, direction }).inc_by(*bytes);
                }
            }
            Event::ConsoleRefused { code, .. } => one(&self.refusals, code),
            Event::IdentityConflict { .. } => {
                self.conflicts.inc();
            }
            Event::Alert { .. } | Event::Notified { .. } => {
                self.alerts.inc();
            }
            Event::CommandEnded { what, code, milliseconds, .. } => {
                if let Some(action) = deed(what) {
                    let result = code.unwrap_or("done");
                    self.deeds.get_or_create(&Deed { action, result }).inc();
                }
                one(&self.commands, code.unwrap_or("done"));
                let milliseconds = u32::try_from(*milliseconds).unwrap_or(u32::MAX);
                self.seconds.observe(f64::from(milliseconds) / 1000.0);
            }
            Event::AmtCertificateChanged { .. } => one(&self.refusals, "E2062"),
            Event::TunnelReady { .. }
            | Event::TakeoverDelayed { .. }
            | Event::AmtCertificatePinned { .. }
            | Event::Unclaimed { .. }
            | Event::RedirectionOpened { .. }
            | Event::RedirectionWanted { .. }
            | Event::RedirectionEnded { .. }
            | Event::TunnelOddity { .. }
            | Event::MediaBegun(_)
            | Event::MediaAdded(_)
            | Event::MediaRemoved(_)
            | Event::CertificatesReloaded { .. }
            | Event::CertificatesRefused { .. } => {}
        }
    }

    /// One member of each family.
    #[cfg(test)]
    pub(super) fn fill(&self) {
        for family in [&self.ended, &self.attempts, &self.refusals, &self.commands] {
            drop(family.get_or_create(&Reason { reason: "x" }));
        }
        drop(self.channels.get_or_create(&Kind { kind: "x" }));
        drop(self.deeds.get_or_create(&Deed { action: "x", result: "x" }));
        drop(self.bytes.get_or_create(&Flow { kind: "x", direction: "x" }));
    }
}
