//! Why a console is turned away, and what it is told: the one table of SOCKS5 replies, HTTP statuses and codes.

mod text;

pub(super) use text::inert;

use super::TargetError;
use serde_json::json;
use std::time::Duration;
use viaduct_api::Code;

/// Why a console gets no channel, or no answer through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The target is not `device:port`.
    Target(TargetError),
    /// A SOCKS5 command other than CONNECT.
    Command(u8),
    /// A SOCKS5 address type other than a name.
    AddressType(u8),
    /// Not SOCKS5 at all; holds the first byte.
    NotSocks(u8),
    /// An HTTP request whose shape we do not take.
    Request(RequestError),
    /// The head of an HTTP request is larger than 16 KiB or has too many fields.
    HeadTooLarge,
    /// The body of an HTTP request is larger than 1 MiB.
    BodyTooLarge,
    /// The console did not say in time what it wants.
    Slow,
    /// Sign-in is required, and there was none or a bad one.
    NotSignedIn(SignInFault),
    /// Signed in, without the right to use the proxies.
    NotAllowed { who: String },
    /// Policy forbids the port on every device.
    PortPolicy { port: u16, allowed: Vec<u16> },
    /// No device has this name.
    Unknown { name: String },
    /// Several devices have this first label.
    Ambiguous { name: String, could_be: Vec<String> },
    /// Known, without a tunnel now. `seen`: how long ago it was here.
    Away { name: String, seen: Option<Duration>, blocked: bool },
    /// Here, but it forwards other ports.
    NotForwarded { name: String, port: u16, forwarded: Vec<u16> },
    /// The device answered CHANNEL_OPEN_FAILURE.
    Refused { name: String, port: u16, reason: u32 },
    /// The device ended the channel instead of answering, or its answer is no HTTP.
    BadAnswer { name: String, why: String },
    /// All channels of the device stayed in use.
    Busy { name: String },
    /// The device did not answer in time; `sent`: the request had been sent by then.
    NoAnswer { name: String, sent: bool },
}

/// What is wrong with a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInFault {
    /// The console gave no credentials, or none that we can read.
    Missing,
    /// User or password is wrong.
    Wrong,
    /// The token has expired.
    Expired,
    /// Too many failures; try again after this time.
    Throttled(Duration),
}

/// What is wrong with the shape of an HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestError {
    /// The head is not HTTP/1.0 or HTTP/1.1.
    Malformed,
    /// A line ends with LF alone.
    BareLineFeed,
    /// Content-Length and Transfer-Encoding together.
    LengthAndEncoding,
    /// More than one Content-Length.
    SeveralLengths,
    /// A Content-Length that is no plain number.
    BadLength,
    /// A Transfer-Encoding other than `chunked`, or one in HTTP/1.0.
    BadEncoding,
    /// A chunked body with bad grammar.
    BadChunk,
    /// HTTP/1.1 without exactly one valid Host, or with two.
    BadHost,
    /// More than one Proxy-Authorization.
    SeveralCredentials,
    /// A digest for the device without a whole response.
    PartialDigest,
    /// An Expect other than `100-continue`.
    BadExpectation,
    /// CONNECT with a body.
    ConnectBody,
    /// A path without scheme and host: the console takes the proxy for a web server.
    NotProxied,
    /// `https://`: this needs CONNECT.
    HttpsUri,
    /// Any other scheme.
    OtherScheme,
    /// A path with characters that no path has.
    BadPath,
}

/// What a SOCKS5 console is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocksReply {
    /// Status of RFC 1929.
    SignIn(u8),
    /// Reply field of RFC 1928.
    Request(u8),
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Row(SocksReply, u16, Code, &'static str);

impl Refusal {
    /// The table: SOCKS5 reply, HTTP status, code, title.
    fn row(&self) -> Row {
        use SocksReply::{Request, SignIn};
        match self {
            Self::Target(_) | Self::AddressType(_) => {
                Row(Request(0x08), 400, Code::BadRequest, "This is not the name of a device")
            }
            Self::Command(_) => {
                Row(Request(0x07), 400, Code::BadRequest, "This command is not offered")
            }
            Self::NotSocks(_) => Row(Request(0x07), 400, Code::BadRequest, "This is not SOCKS5"),
            Self::Request(_) => {
                Row(Request(0x07), 400, Code::BadRequest, "The request is not valid")
            }
            Self::Slow => {
                Row(Request(0x01), 408, Code::SlowRequest, "The request took too long to arrive")
            }
            Self::BodyTooLarge => {
                Row(Request(0x01), 413, Code::TooLarge, "The request is too large")
            }
            Self::HeadTooLarge => {
                Row(Request(0x01), 431, Code::TooLarge, "The request head is too large")
            }
            Self::NotSignedIn(_) => {
                Row(SignIn(0x01), 407, Code::NotSignedIn, "You are not signed in")
            }
            Self::NotAllowed { .. } => {
                Row(Request(0x02), 403, Code::NotAllowed, "You may not do this")
            }
            Self::PortPolicy { .. } => {
                Row(Request(0x02), 403, Code::PortNotForwarded, "The port is not open to consoles")
            }
            Self::Unknown { .. } => {
                Row(Request(0x04), 404, Code::UnknownDevice, "There is no such device")
            }
            Self::Ambiguous { .. } => {
                Row(Request(0x04), 404, Code::UnknownDevice, "The name fits several devices")
            }
            Self::Away { .. } => {
                Row(Request(0x03), 503, Code::DeviceAway, "The device is known but away")
            }
            Self::NotForwarded { .. } => {
                Row(Request(0x02), 403, Code::PortNotForwarded, "The port is not forwarded")
            }
            Self::Refused { .. } => {
                Row(Request(0x05), 502, Code::ChannelRefused, "The device refused the connection")
            }
            Self::BadAnswer { .. } => {
                Row(Request(0x05), 502, Code::ChannelRefused, "The device gave no usable answer")
            }
            Self::Busy { .. } => Row(
                Request(0x05),
                503,
                Code::DeviceBusy,
                "All connections of the device are in use",
            ),
            Self::NoAnswer { .. } => {
                Row(Request(0x06), 504, Code::DeviceSilent, "The device did not answer in time")
            }
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().2.as_str()
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.row().1
    }

    /// What happened, in general.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.row().3
    }

    /// What SOCKS5 has for it.
    pub(super) fn socks(&self) -> SocksReply {
        self.row().0
    }

    /// Seconds for `Retry-After`, where waiting helps.
    fn retry_after(&self) -> Option<u64> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "waiting helps in these cases only")]
        match self {
            // The same as the API says: a device that only lost its tunnel dials in again soon.
            Self::Away { .. } => Some(10),
            Self::Busy { .. } => Some(2),
            Self::NotSignedIn(SignInFault::Throttled(wait)) => Some(wait.as_secs().max(1)),
            _ => None,
        }
    }

    /// The whole HTTP/1.x answer (RFC 9457 body). `persistent` is what the console is told about the connection,
    /// `with_body` is false in answer to HEAD.
    pub(super) fn to_http(&self, minor: u8, persistent: bool, with_body: bool) -> Vec<u8> {
        let Row(_, status, code, title) = self.row();
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": status,
            "code": code.as_str(),
            "detail": self.detail(),
            "next": self.next(),
        });
        let body = format!("{body:#}\n");
        let connection = if persistent { "keep-alive" } else { "close" };
        let mut out = format!(
            "HTTP/1.{minor} {status} {reason}\r\nContent-Type: application/problem+json\r\n\
             Content-Length: {length}\r\nCache-Control: no-store\r\nX-Viaduct-Code: {code}\r\n\
             Connection: {connection}\r\n",
            reason = reason_phrase(status),
            length = body.len(),
        );
        if status == 407 {
            out.push_str("Proxy-Authenticate: Basic realm=\"viaduct\", charset=\"UTF-8\"\r\n");
        }
        if let Some(seconds) = self.retry_after() {
            out.push_str(&format!("Retry-After: {seconds}\r\n"));
        }
        out.push_str("\r\n");
        if with_body {
            out.push_str(&body);
        }
        out.into_bytes()
    }
}

/// The standard phrase (RFC 9110 section 15) of the statuses in the table.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<(Refusal, SocksReply, u16, &'static str)> {
        use SocksReply::{Request, SignIn};
        let name = || "pc-01".to_owned();
        vec![
            (Refusal::NotSignedIn(SignInFault::Missing), SignIn(1), 407, "E3001"),
            (Refusal::NotAllowed { who: name() }, Request(2), 403, "E3004"),
            (Refusal::PortPolicy { port: 25, allowed: vec![16992] }, Request(2), 403, "E2005"),
            (Refusal::Unknown { name: name() }, Request(4), 404, "E2001"),
            (Refusal::Ambiguous { name: name(), could_be: vec![name()] }, Request(4), 404, "E2001"),
            (Refusal::Away { name: name(), seen: None, blocked: false }, Request(3), 503, "E2002"),
            (
                Refusal::NotForwarded { name: name(), port: 16992, forwarded: vec![16993] },
                Request(2),
                403,
                "E2005",
            ),
            (Refusal::Refused { name: name(), port: 16992, reason: 2 }, Request(5), 502, "E2006"),
            (Refusal::Busy { name: name() }, Request(5), 503, "E2007"),
            (Refusal::NoAnswer { name: name(), sent: false }, Request(6), 504, "E2008"),
            (Refusal::Command(2), Request(7), 400, "E1400"),
            (Refusal::AddressType(1), Request(8), 400, "E1400"),
            (Refusal::Target(TargetError::Address), Request(8), 400, "E1400"),
            (Refusal::Request(RequestError::BareLineFeed), Request(7), 400, "E1400"),
            (Refusal::BadAnswer { name: name(), why: name() }, Request(5), 502, "E2006"),
        ]
    }

    #[test]
    fn every_refusal_has_its_reply_status_and_code() {
        for (refusal, socks, status, code) in samples() {
            assert_eq!(
                (refusal.socks(), refusal.status(), refusal.code()),
                (socks, status, code),
                "{refusal:?}"
            );
        }
    }

    #[test]
    fn an_http_refusal_is_a_complete_answer_with_a_problem_body() {
        for (refusal, _, status, code) in samples() {
            let text = String::from_utf8(refusal.to_http(1, true, true)).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert!(head.contains(&format!("\r\nX-Viaduct-Code: {code}\r\n")), "{head}");
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
            assert_eq!(head.contains("\r\nRetry-After: "), status == 503, "{head}");
            let challenge = "\r\nProxy-Authenticate: Basic realm=\"viaduct\"";
            assert_eq!(head.contains(challenge), status == 407, "{head}");
            let problem: serde_json::Value = serde_json::from_str(body).unwrap();
            for field in ["type", "title", "code", "detail", "next"] {
                assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
            }
            assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)));
        }
    }

    #[test]
    fn the_answer_to_head_has_no_body() {
        let text = Refusal::Unknown { name: "x".into() }.to_http(0, false, false);
        let text = String::from_utf8(text).unwrap();
        assert!(text.ends_with("\r\n\r\n") && text.contains("Connection: close"), "{text}");
        assert!(text.starts_with("HTTP/1.0 404 Not Found\r\n"), "{text}");
    }
}
