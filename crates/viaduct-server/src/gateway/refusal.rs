//! Every way a console is turned away, and how SOCKS5 and HTTP say it: one table.

use super::TargetError;
use crate::{access::SignInError, registry::TunnelEnd};
use serde_json::json;

/// Why a console was turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Bad grammar of the target or of the request.
    Grammar(String),
    /// Not signed in.
    NotSignedIn(Option<SignInError>),
    /// Signed in, but not allowed.
    NotAllowed(String),
    /// No such device, or several.
    Unknown(String),
    /// Known, but away.
    Away(String),
    /// The device does not forward the port.
    NotForwarded { port: u16, forwarded: Vec<u16> },
    /// The device refuses the channel.
    Refused(String),
    /// All channels of the device are in use.
    Busy,
    /// The device does not answer.
    NoAnswer,
    /// The tunnel ended meanwhile.
    Ended(TunnelEnd),
    /// The device's answer is no HTTP.
    BadAnswer(String),
}

/// How one refusal is said.
struct Row {
    code: &'static str,
    socks: u8,
    status: u16,
    title: &'static str,
    next: &'static str,
}

const fn row(
    code: &'static str,
    socks: u8,
    status: u16,
    title: &'static str,
    next: &'static str,
) -> Row {
    Row { code, socks, status, title, next }
}

impl From<TargetError> for Refusal {
    fn from(error: TargetError) -> Self {
        Self::Grammar(error.to_string())
    }
}

impl Refusal {
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn row(&self) -> Row {
        match self {
            Self::Grammar(_) => row(
                "E1400",
                0x08,
                400,
                "Not a device and port",
                "Name a device (UUID, name or FQDN) and one of its ports, such as pc-01:16992.",
            ),
            Self::NotSignedIn(_) => row(
                "E3001",
                0xff,
                407,
                "Sign in first",
                "Give user and password, or user `token` with a token of scope `proxy` (viaduct tokens create).",
            ),
            Self::NotAllowed(_) => row(
                "E3004",
                0x02,
                403,
                "Not allowed",
                "Ask an administrator for a token or role that covers it.",
            ),
            Self::Unknown(_) => row(
                "E2001",
                0x04,
                404,
                "Unknown device",
                "See `viaduct devices ls`; add it with `viaduct devices add`.",
            ),
            Self::Away(_) => row(
                "E2002",
                0x03,
                503,
                "The device is away",
                "See `viaduct devices why-offline` for what is known, and try again when it has dialled in.",
            ),
            Self::NotForwarded { .. } => row(
                "E2005",
                0x02,
                403,
                "The device does not offer this port",
                "Use a port that it forwards, or switch the feature on in the device's AMT settings.",
            ),
            Self::Refused(_) => row(
                "E2006",
                0x05,
                502,
                "The device refused the connection",
                "Check that the feature behind the port is switched on, and try again.",
            ),
            Self::Busy => row(
                "E2007",
                0x05,
                503,
                "All channels of the device are in use",
                "Close a console on this device, or try again in a moment.",
            ),
            Self::NoAnswer => row(
                "E2008",
                0x06,
                504,
                "The device does not answer",
                "Try again; if it stays silent, `viaduct devices reconnect` makes it dial in anew.",
            ),
            Self::Ended(_) => row(
                "E2002",
                0x03,
                503,
                "The device went away",
                "Try again when it has dialled in; `viaduct devices why-offline` tells what is known.",
            ),
            Self::BadAnswer(_) => row(
                "E2006",
                0x05,
                502,
                "The device's answer cannot be used",
                "Use CONNECT or SOCKS5 for what is not plain HTTP.",
            ),
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().code
    }

    /// REP of RFC 1928 §6. A sign-in is refused by RFC 1929 before a reply exists.
    #[must_use]
    pub fn socks_reply(&self) -> u8 {
        self.row().socks
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.row().status
    }

    /// What happened and why, in a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Grammar(why) | Self::BadAnswer(why) | Self::Refused(why) => why.clone(),
            Self::NotSignedIn(None) => "this proxy wants to know who asks".into(),
            Self::NotSignedIn(Some(error)) => error.to_string(),
            Self::NotAllowed(why) | Self::Unknown(why) | Self::Away(why) => why.clone(),
            Self::NotForwarded { port, forwarded } => not_forwarded(*port, forwarded),
            Self::Busy => "every channel of the device stayed in use until the deadline".into(),
            Self::NoAnswer => "the device did not answer the request for a channel in time".into(),
            Self::Ended(end) => format!("the tunnel ended: {} ({})", end.reason, end.detail),
        }
    }

    /// `application/problem+json` (RFC 9457) with our code and the next step.
    #[must_use]
    pub fn problem(&self) -> String {
        let row = self.row();
        json!({
            "type": "about:blank",
            "title": row.title,
            "status": row.status,
            "code": row.code,
            "detail": self.detail(),
            "next": row.next,
        })
        .to_string()
    }

    /// A whole HTTP response.
    #[must_use]
    pub fn http_response(&self, close: bool) -> Vec<u8> {
        let row = self.row();
        let body = self.problem();
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\nX-Viaduct-Code: {}\r\n",
            row.status,
            phrase(row.status),
            body.len(),
            row.code
        );
        if row.status == 407 {
            head.push_str("Proxy-Authenticate: Basic realm=\"viaduct\", charset=\"UTF-8\"\r\n");
        }
        if row.status == 503 {
            head.push_str("Retry-After: 10\r\n");
        }
        head.push_str(if close {
            "Connection: close\r\n\r\n"
        } else {
            "Connection: keep-alive\r\n\r\n"
        });
        head.push_str(&body);
        head.into_bytes()
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

fn not_forwarded(port: u16, forwarded: &[u16]) -> String {
    let twin = match port {
        16992 => Some(16993),
        16994 => Some(16995),
        _ => None,
    };
    if let Some(twin) = twin.filter(|twin| forwarded.contains(twin)) {
        return format!(
            "the device does not forward {port}, only {twin}, which is the same service under TLS"
        );
    }
    let list: Vec<String> = forwarded.iter().map(u16::to_string).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    format!("the device does not forward {port}; it forwards {list}")
}
