//! Why is this device away? Composed from what was seen, and saying no more than that.

mod cause;
mod firmware;
mod words;

pub(crate) use firmware::{add as add_log, read as read_log};

use crate::{
    events::Stage,
    inventory::{Attempt, Device, Inventory},
    registry::Registry,
};
pub(crate) use cause::{Cause, of_attempt};
use std::net::{IpAddr, SocketAddr};
use time::OffsetDateTime;
use viaduct_api::{Check, Said, Seen, WhyOffline};
use words::{ago, listed, span, times};

/// Where what is known comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) inventory: &'a Inventory,
    /// Where devices can dial in.
    pub(crate) listeners: &'a [SocketAddr],
    /// When the server was started.
    pub(crate) started: OffsetDateTime,
}

/// Says why a device is away. `expected` is an address from which it probably comes, though it was never seen there.
pub(crate) fn explain(
    sources: Sources<'_>,
    device: &Device,
    expected: Option<IpAddr>,
) -> WhyOffline {
    let tunnel = sources.registry.lookup(device.id);
    let attempts = sources.inventory.attempts();
    let case = Case {
        device,
        expected,
        connected: tunnel.as_ref().map(|tunnel| tunnel.facts().since),
        attempts: &attempts,
        listeners: sources.listeners.iter().map(ToString::to_string).collect(),
        others: sources.registry.len() - usize::from(tunnel.is_some()),
        newest: sources.registry.list().iter().map(|tunnel| tunnel.facts().since).max(),
        conflict: sources.registry.conflict(device.id),
        now: OffsetDateTime::now_utc(),
        started: sources.started,
    };
    case.explain()
}

/// Everything that the explanation rests on.
struct Case<'a> {
    device: &'a Device,
    /// Where it probably comes from, though it was never seen there.
    expected: Option<IpAddr>,
    /// Start of the live tunnel, if there is one.
    connected: Option<OffsetDateTime>,
    attempts: &'a [Attempt],
    /// Where devices can dial in.
    listeners: Vec<String>,
    /// Other devices that are connected now.
    others: usize,
    /// When the last of the live tunnels was admitted.
    newest: Option<OffsetDateTime>,
    /// Where the two machines are that were seen to use this identity.
    conflict: Option<[SocketAddr; 2]>,
    now: OffsetDateTime,
    /// When the server was started; before that nothing was seen.
    started: OffsetDateTime,
}

/// Failed attempts since the device went away, sorted by how surely they are of this device.
#[derive(Default)]
struct Attempts<'a> {
    /// They named this device.
    named: Vec<&'a Attempt>,
    /// They named none, from the address it used last.
    same_address: Vec<&'a Attempt>,
    /// They named none, from another address.
    elsewhere: Vec<&'a Attempt>,
}

impl<'a> Case<'a> {
    fn explain(&self) -> WhyOffline {
        let name = self.device.name.clone();
        if let Some(since) = self.connected {
            return WhyOffline {
                guid: self.device.id,
                summary: format!("{name} is not away: connected for {}", span(self.now - since)),
                said: Some(
                    Said::new("connected")
                        .text("name", &name)
                        .number("span", (self.now - since).whole_seconds()),
                ),
                name,
                connected: true,
                checks: self.before().into_iter().chain(self.two_machines()).collect(),
                likely: String::new(),
                next: Vec::new(),
                code: None,
                cause: None,
            };
        }
        let attempts = self.attempts_since();
        let Cause { likely, next, code, said } = cause::find(self, &attempts);
        let mut checks = vec![self.server()];
        checks.extend(self.blocked());
        checks.extend(self.before());
        checks.extend(self.two_machines());
        checks.extend(self.since_then(&attempts));
        WhyOffline {
            guid: self.device.id,
            summary: self.summary(),
            said: Some(self.summary_said()),
            name,
            connected: false,
            checks,
            likely,
            next,
            code: code.map(|code| code.as_str().to_owned()),
            cause: Some(said),
        }
    }

    /// Since when it has been away, as far as we know.
    /// The ports on which devices are awaited, as they are named to people.
    fn ports(&self) -> String {
        let mut ports: Vec<&str> =
            self.listeners.iter().filter_map(|at| Some(at.rsplit_once(':')?.1)).collect();
        ports.dedup();
        ports.join(" / ")
    }

    fn away_since(&self) -> OffsetDateTime {
        self.device.last_disconnected.or(self.device.last_seen).unwrap_or(self.device.added)
    }

    fn last_ip(&self) -> Option<IpAddr> {
        self.device.last_address.map(|address| address.ip().to_canonical()).or(self.expected)
    }

    fn attempts_since(&self) -> Attempts<'a> {
        let mut sorted = Attempts::default();
        let away = self.away_since();
        for attempt in self.attempts.iter().filter(|attempt| attempt.last >= away) {
            match attempt.device {
                Some(device) if device == self.device.id => sorted.named.push(attempt),
                Some(_) => {}
                None if Some(attempt.address.to_canonical()) == self.last_ip() => {
                    sorted.same_address.push(attempt);
                }
                None => sorted.elsewhere.push(attempt),
            }
        }
        for list in [&mut sorted.named, &mut sorted.same_address, &mut sorted.elsewhere] {
            list.sort_by_key(|attempt| std::cmp::Reverse(attempt.last));
        }
        sorted
    }

    fn summary(&self) -> String {
        let name = &self.device.name;
        match self.device.last_disconnected.or(self.device.last_seen) {
            Some(since) => format!("{name} has been away for {}", span(self.now - since)),
            None => format!(
                "{name} has never been connected; it was added {}",
                ago(self.now - self.device.added)
            ),
        }
    }

    fn summary_said(&self) -> Said {
        let (key, since) = match self.device.last_disconnected.or(self.device.last_seen) {
            Some(since) => ("away", since),
            None => ("never", self.device.added),
        };
        Said::new(key)
            .text("name", &self.device.name)
            .number("span", (self.now - since).whole_seconds())
    }

    fn server(&self) -> Check {
        let said = match (self.others, self.newest) {
            (0, _) | (_, None) => Said::new("server.alone"),
            (others, Some(newest)) => {
                Said::new(if others == 1 { "server.one" } else { "server.many" })
                    .number("others", others)
                    .number("span", (self.now - newest).whole_seconds())
            }
        };
        let said = said.text("addresses", self.listeners.join(", "));
        let listening = format!("listening for devices on {}", listed(&self.listeners));
        let (seen, others) = match (self.others, self.newest) {
            (0, _) | (_, None) => (
                Seen::Neutral,
                "; no other device is connected, so it is not proven that the port can be reached"
                    .to_owned(),
            ),
            (others, Some(newest)) => (
                Seen::Good,
                format!(
                    "; {others} other {} connected, the last one dialled in {}",
                    if others == 1 { "device is" } else { "devices are" },
                    ago(self.now - newest)
                ),
            ),
        };
        check(seen, "server", format!("{listening}{others}"), vec![said])
    }

    fn blocked(&self) -> Option<Check> {
        self.device
            .blocked
            .then(|| "it is blocked here, so it is turned away".to_owned())
            .map(|text| check(Seen::Bad, "device", text, vec![Said::new("blocked")]))
    }

    /// That another machine uses its identity, and from where.
    fn two_machines(&self) -> Option<Check> {
        let [one, other] = self.conflict?;
        let said = Said::new("two").text("one", one.to_string()).text("other", other.to_string());
        let text = format!(
            "two machines use this identity and push each other out: one at {one}, one at {other}"
        );
        Some(check(Seen::Bad, "device", text, vec![said]))
    }

    /// How the last tunnel went.
    fn before(&self) -> Option<Check> {
        let device = self.device;
        let (Some(began), Some(end)) = (device.last_connected, &device.last_end) else {
            return device
                .last_end
                .is_none()
                .then(|| "no tunnel of it has ended yet".to_owned())
                .map(|text| check(Seen::Neutral, "before", text, vec![Said::new("before.none")]));
        };
        let length = device.last_disconnected.filter(|ended| *ended >= began).map(|e| e - began);
        let lasted = length.map(|length| format!("lasted {}, ", span(length))).unwrap_or_default();
        let mut said: Vec<Said> = length
            .map(|length| Said::new("before.lasted").number("span", length.whole_seconds()))
            .into_iter()
            .collect();
        said.push(
            Said::new(if end.by_device { "before.device" } else { "before.server" })
                .text("reason", &end.reason)
                .text("detail", end.detail.trim_end_matches('.')),
        );
        said.extend(
            device.last_address.map(|a| {
                Said::new("before.from").text("address", a.ip().to_canonical().to_string())
            }),
        );
        let by = if end.by_device { "by the device or its network" } else { "by this server" };
        let from = device.last_address.map(|a| format!(" It came from {}.", a.ip().to_canonical()));
        Some(check(
            Seen::Neutral,
            "before",
            format!(
                "the last tunnel {lasted}ended {by}: {} ({}).{}",
                end.reason,
                end.detail.trim_end_matches('.'),
                from.unwrap_or_default()
            ),
            said,
        ))
    }

    fn since_then(&self, attempts: &Attempts<'_>) -> Vec<Check> {
        let mut checks: Vec<Check> = attempts
            .named
            .iter()
            .chain(&attempts.same_address)
            .take(5)
            .map(|attempt| {
                check(
                    Seen::Bad,
                    "since then",
                    self.sentence(attempt),
                    vec![self.attempt_said(attempt)],
                )
            })
            .collect();
        if checks.is_empty() {
            let what = match self.last_ip() {
                Some(ip) => format!(
                    "no attempt from {ip}, the address it used last, and none that named this device,"
                ),
                None => "no attempt that named this device".to_owned(),
            };
            let since = if self.started > self.away_since() {
                format!(" since this server was started {}", ago(self.now - self.started))
            } else {
                String::new()
            };
            let mut said = vec![match self.last_ip() {
                Some(ip) => Said::new("nothing.from").text("address", ip.to_string()),
                None => Said::new("nothing"),
            }];
            if self.started > self.away_since() {
                let length = (self.now - self.started).whole_seconds();
                said.push(Said::new("nothing.since").number("span", length));
            }
            checks.push(check(Seen::Bad, "since then", format!("{what} was seen{since}"), said));
        }
        checks.extend(attempts.elsewhere.iter().take(3).map(|attempt| {
            let text = format!("{}; it did not say which device it is", self.sentence(attempt));
            let said = vec![self.attempt_said(attempt), Said::new("elsewhere")];
            check(Seen::Neutral, "elsewhere", text, said)
        }));
        checks
    }

    /// One counted attempt, for other languages.
    fn attempt_said(&self, attempt: &Attempt) -> Said {
        let said = Said::new(match attempt.stage {
            Stage::Tcp => "attempt.tcp",
            Stage::Tls => "attempt.tls",
            Stage::Version => "attempt.version",
            Stage::Login => "attempt.login",
            Stage::Verdict => "attempt.verdict",
            Stage::Forwarding => "attempt.forwarding",
        })
        .text("address", attempt.address.to_canonical().to_string())
        .number("count", attempt.count)
        .number("span", (self.now - attempt.last).whole_seconds())
        .text("reason", &attempt.reason);
        attempt.tls_alert.into_iter().fold(said, |said, alert| said.number("alert", alert))
    }

    /// One counted attempt in a sentence.
    fn sentence(&self, attempt: &Attempt) -> String {
        let came = match attempt.stage {
            Stage::Tcp => "reached the port but said nothing that is TLS",
            Stage::Tls => "reached the port but TLS failed",
            Stage::Version => "came through TLS but did not say who it is",
            Stage::Login => "came as far as the login and was turned away",
            Stage::Verdict => "signed in and was not wanted by a webhook that is asked",
            Stage::Forwarding => "signed in but offered no ports in time",
        };
        let alert = attempt.tls_alert.map(words::alert).unwrap_or_default();
        let hello = attempt
            .hello
            .as_ref()
            .filter(|_| attempt.stage == Stage::Tls && !attempt.reason.contains("it offered"))
            .map(|hello| format!("; it offered {}", hello.summary()))
            .unwrap_or_default();
        format!(
            "{} {} {} (last {}): {}{alert}{hello}",
            attempt.address.to_canonical(),
            came,
            times(attempt.count),
            ago(self.now - attempt.last),
            words::without_code(&attempt.reason),
        )
    }
}

fn check(seen: Seen, about: &str, text: String, said: Vec<Said>) -> Check {
    Check { seen, about: about.to_owned(), text, said }
}

#[cfg(test)]
mod tests;
