//! The sentences of the refusals: what happened and why (`detail`), and what to do (`next`).

use super::{Refusal, RequestError, SignInFault};
use crate::gateway::TargetError;
use std::time::Duration;

/// Longest text of somebody else that is repeated in a message, in characters.
const SHOWN: usize = 200;

/// Text made by a console or a device, bounded and without anything that a terminal, log or page could act on.
pub(in crate::gateway) fn inert(text: &str) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == SHOWN {
            out.push('…');
            break;
        }
        if c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

impl Refusal {
    /// The facts of this case.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one sentence for each case")]
    pub fn detail(&self) -> String {
        match self {
            Self::Target(error) => error.to_string(),
            Self::Command(command) => {
                let name = match command {
                    2 => "BIND".to_owned(),
                    3 => "UDP ASSOCIATE".to_owned(),
                    other => format!("command {other}"),
                };
                format!("The console sent {name}; through a tunnel only CONNECT is possible.")
            }
            Self::AddressType(1) => "The console asked for an IPv4 address.".to_owned(),
            Self::AddressType(4) => "The console asked for an IPv6 address.".to_owned(),
            Self::AddressType(other) => {
                format!(
                    "The console sent address type {other}; a device is asked for by name (type 3)."
                )
            }
            Self::NotSocks(first) => {
                format!("The first byte is 0x{first:02x}; SOCKS5 begins with 0x05.")
            }
            Self::Request(error) => error.detail().to_owned(),
            Self::HeadTooLarge => {
                "The head of the request is larger than 16 KiB or has more than 64 fields."
                    .to_owned()
            }
            Self::BodyTooLarge => "The body of the request is larger than 1 MiB.".to_owned(),
            Self::Slow => "The console did not say in time what it wants.".to_owned(),
            Self::NotSignedIn(fault) => fault.detail(),
            Self::NotAllowed { who } => {
                format!(
                    "{} is signed in, but has no right to reach devices through the proxies.",
                    inert(who)
                )
            }
            Self::PortPolicy { port, allowed } => {
                format!(
                    "Port {port} is not open to consoles on any device; allowed are {}.",
                    list(allowed)
                )
            }
            Self::Unknown { name } => format!("No device is called {}.", inert(name)),
            Self::Ambiguous { name, could_be } => {
                let mut names: Vec<_> = could_be.iter().take(8).map(|name| inert(name)).collect();
                if could_be.len() > names.len() {
                    names.push(format!("{} more", could_be.len() - names.len()));
                }
                format!("{} could be {}.", inert(name), names.join(", "))
            }
            Self::Away { name, blocked: true, .. } => {
                format!("{} is blocked, so it is not let in and cannot be reached.", inert(name))
            }
            Self::Away { name, seen: Some(ago), .. } => {
                format!("{} has no tunnel now; it was last seen {} ago.", inert(name), rough(*ago))
            }
            Self::Away { name, .. } => format!("{} has never dialled in.", inert(name)),
            Self::NotForwarded { name, port, forwarded } => not_forwarded(name, *port, forwarded),
            Self::Refused { name, port, reason } => {
                format!(
                    "{} refused a connection to its port {port}: {}.",
                    inert(name),
                    open_failure(*reason)
                )
            }
            Self::BadAnswer { name, why } => format!("{}: {}.", inert(name), inert(why)),
            Self::Busy { name } => {
                format!(
                    "{} serves only a few connections at once, and none became free.",
                    inert(name)
                )
            }
            Self::NoAnswer { name, sent: false } => {
                format!("{} is here, but did not open the connection.", inert(name))
            }
            Self::NoAnswer { name, sent: true } => format!(
                "{} took the request and did not answer; whether it acted on it is unknown.",
                inert(name)
            ),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> String {
        match self {
            Self::Target(TargetError::NoPort | TargetError::Port) => {
                "Ask for device:port, for example pc-01:16992.".to_owned()
            }
            Self::Target(_) | Self::AddressType(_) => {
                "Ask for a device by its UUID, name or FQDN, and let the proxy see the name \
                 (curl: --socks5-hostname). `viaduct devices ls` lists the names."
                    .to_owned()
            }
            Self::Command(_) => "Use the CONNECT command.".to_owned(),
            Self::NotSocks(_) => {
                "Tell the console that this is a SOCKS5 proxy; the HTTP proxy has a port of its own."
                    .to_owned()
            }
            Self::Request(error) => error.next().to_owned(),
            Self::HeadTooLarge | Self::BodyTooLarge => "Send less.".to_owned(),
            Self::Slow => "Send the request again, without pauses.".to_owned(),
            Self::NotSignedIn(SignInFault::Throttled(_)) => "Wait, then try again.".to_owned(),
            Self::NotSignedIn(_) => {
                "Give the proxy a user and password, or the user `token` and an API token as password \
                 (`viaduct tokens create NAME --scope proxy`)."
                    .to_owned()
            }
            Self::NotAllowed { .. } => {
                "Use a token with the scope proxy: `viaduct tokens create NAME --scope proxy`.".to_owned()
            }
            Self::PortPolicy { .. } => {
                "Use one of these; the list is `ports` in [limits] of viaduct.toml.".to_owned()
            }
            Self::Unknown { .. } => {
                "`viaduct devices ls` lists the devices; the name may be a UUID, a name, an FQDN or its first label."
                    .to_owned()
            }
            Self::Ambiguous { .. } => "Use the FQDN or the UUID.".to_owned(),
            Self::Away { name, blocked: true, .. } => {
                format!("`viaduct devices approve {}` lets it in again.", inert(name))
            }
            Self::Away { name, .. } => {
                format!("`viaduct devices why-offline {}` says what was seen of it.", inert(name))
            }
            Self::NotForwarded { name, .. } => {
                format!("`viaduct devices show {}` lists its ports.", inert(name))
            }
            Self::Refused { .. } => {
                "Is the service switched on in its AMT settings? Otherwise try again in a moment."
                    .to_owned()
            }
            Self::BadAnswer { .. } | Self::NoAnswer { sent: true, .. } => {
                "Look at the state of the device before you send it again.".to_owned()
            }
            Self::Busy { .. } => "Close a connection, or try again in a moment.".to_owned(),
            Self::NoAnswer { name, .. } => format!(
                "Try again; if it stays silent: `viaduct devices reconnect {}`.",
                inert(name)
            ),
        }
    }
}

impl SignInFault {
    fn detail(self) -> String {
        match self {
            Self::Missing => "The proxy asks for a user and password.".to_owned(),
            Self::Wrong => "User or password is wrong.".to_owned(),
            Self::Expired => "The token has expired.".to_owned(),
            Self::Throttled(wait) => {
                format!("Too many failed sign-ins; the next try is possible in {}.", rough(wait))
            }
        }
    }
}

impl RequestError {
    fn detail(self) -> &'static str {
        match self {
            Self::Malformed => "The head of the request is not HTTP/1.0 or HTTP/1.1.",
            Self::BareLineFeed => "A line of the request ends with LF instead of CR LF.",
            Self::LengthAndEncoding => "The request has both Content-Length and Transfer-Encoding.",
            Self::SeveralLengths => "The request has more than one Content-Length.",
            Self::BadLength => "Content-Length is not a plain number.",
            Self::BadEncoding => {
                "Transfer-Encoding is something other than `chunked`, or stands in an HTTP/1.0 request."
            }
            Self::BadChunk => "The chunked body has bad grammar.",
            Self::BadHost => "An HTTP/1.1 request needs exactly one valid Host.",
            Self::SeveralCredentials => "The request has more than one Proxy-Authorization.",
            Self::PartialDigest => {
                "Authorization is a digest whose response is missing or no whole digest; old firmware would take it for the right one."
            }
            Self::BadExpectation => "Expect is something other than `100-continue`.",
            Self::ConnectBody => "CONNECT has a body.",
            Self::NotProxied => {
                "This is an HTTP proxy, not a web page: the request names a path, but no device."
            }
            Self::HttpsUri => "The request has an https:// URI, which a proxy cannot read.",
            Self::OtherScheme => "The request's target is neither an http:// URI nor device:port.",
            Self::BadPath => "The path has characters that no path has.",
        }
    }

    fn next(self) -> &'static str {
        match self {
            Self::NotProxied => {
                "Set this address as HTTP proxy, for example: curl -x http://user:password@HOST:PORT \
                 http://pc-01:16992/. The dashboard has an address of its own."
            }
            Self::HttpsUri => {
                "Use CONNECT device:16993 and speak TLS inside, as clients do for https."
            }
            Self::Malformed
            | Self::BareLineFeed
            | Self::LengthAndEncoding
            | Self::SeveralLengths
            | Self::BadLength
            | Self::BadEncoding
            | Self::BadChunk
            | Self::BadHost
            | Self::SeveralCredentials
            | Self::PartialDigest
            | Self::BadExpectation
            | Self::ConnectBody
            | Self::OtherScheme
            | Self::BadPath => "Correct the client; the connection is closed to be safe.",
        }
    }
}

/// The service that does the same with or without TLS.
fn sibling(port: u16) -> Option<u16> {
    match port {
        16992 => Some(16993),
        16993 => Some(16992),
        16994 => Some(16995),
        16995 => Some(16994),
        623 => Some(664),
        664 => Some(623),
        _ => None,
    }
}

fn not_forwarded(name: &str, port: u16, forwarded: &[u16]) -> String {
    let name = inert(name);
    match sibling(port).filter(|other| forwarded.contains(other)) {
        Some(other @ (16993 | 16995 | 664)) => format!(
            "{name} does not forward port {port}, only {other}, which is the same service over TLS; use {other}."
        ),
        Some(other) => format!(
            "{name} does not forward port {port}, only {other}, which is the same service without TLS; use {other}."
        ),
        None if forwarded.is_empty() => {
            format!("{name} does not forward port {port}; it has not forwarded any port yet.")
        }
        None => format!("{name} does not forward port {port}; it forwards {}.", list(forwarded)),
    }
}

/// Reasons of CHANNEL_OPEN_FAILURE (RFC 4254 section 5.1, which APF follows).
fn open_failure(reason: u32) -> String {
    match reason {
        1 => "administratively prohibited (reason 1)".to_owned(),
        2 => "nothing answers on that port (reason 2)".to_owned(),
        3 => "it does not know this kind of channel (reason 3)".to_owned(),
        4 => "it has no free channel (reason 4)".to_owned(),
        other => format!("reason {other}"),
    }
}

fn list(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

/// A duration as people say it.
fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_16992_and_could_have_16993_is_told_so() {
        let refusal = |port, forwarded: &[u16]| {
            Refusal::NotForwarded { name: "pc-01".into(), port, forwarded: forwarded.to_vec() }
                .detail()
        };
        assert!(refusal(16992, &[16993, 16995]).contains("only 16993"));
        assert!(refusal(16994, &[16993, 16995]).contains("only 16995"));
        assert!(refusal(16993, &[16992]).contains("only 16992"));
        assert!(refusal(5900, &[16992, 16994]).contains("it forwards 16992, 16994"));
        assert!(refusal(5900, &[]).contains("not forwarded any port yet"));
    }

    #[test]
    fn text_of_others_is_bounded_and_cannot_act_on_a_terminal() {
        let text = inert("a\u{1b}]52;c;x\u{7}\r\nSet-Cookie: b\u{202e}c");
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text}");
        assert!(inert(&"x".repeat(5000)).chars().count() <= SHOWN + 1);
    }

    #[test]
    fn an_ambiguous_name_says_which_devices_it_could_be() {
        let could_be = vec!["pc.a.example".to_owned(), "pc.b.example".to_owned()];
        let detail = Refusal::Ambiguous { name: "pc".into(), could_be }.detail();
        assert_eq!(detail, "pc could be pc.a.example, pc.b.example.");
    }
}
