//! Why a redirection ended, or did not begin: one value, from which a page gets a close code and a sentence.

use super::{Holder, TicketFault};
use viaduct_api::{Code, RedirectionMode};

/// Most bytes of a close frame's reason (RFC 6455, 5.5).
const REASON_MAX: usize = 123;
/// A close that needs no explanation.
const NORMAL: u16 = 1000;
/// The server is stopping.
const GOING_AWAY: u16 = 1001;

/// The server has a fault.
const FAULT: u16 = 1011;

/// The end of a redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The console left.
    ConsoleLeft,
    /// The console said nothing, or nothing that makes sense.
    Nonsense(String),
    /// What the console sent is no WebSocket: the close code that RFC 6455 has for that, and what it was.
    Broken(u16, String),
    /// The console took nothing for so many seconds, or did not answer.
    Slow(String),
    /// No device of that name.
    Unknown,
    /// No tunnel now.
    Away(String),
    /// The device does not forward the port.
    NotForwarded { port: u16, forwarded: Vec<u16> },
    /// The device refuses the channel.
    Refused(String),
    /// All channels are in use.
    ChannelsBusy,
    /// The device did not answer.
    Silent,
    /// TLS inside the tunnel failed.
    Tls { changed: bool, detail: String },
    /// No AMT password is stored.
    NoPassword,
    /// The device refuses the stored one.
    WrongPassword,
    /// No password of its port 5900 is stored.
    NoRfbPassword,
    /// It refuses the stored password of its port 5900.
    WrongRfbPassword,
    /// It refused it a moment ago, so it was not tried.
    RefusedLately,
    /// Somebody of ours is using it.
    InUse(RedirectionMode, Holder),
    /// Somebody whom we do not know is.
    BusyElsewhere(RedirectionMode),
    /// Switched off, or not there.
    Off(RedirectionMode),
    /// The person at the PC must agree first.
    Consent(RedirectionMode),
    /// The device ended it.
    ByDevice(String),
    /// The device ended it for want of input.
    Idle { minutes: u64 },
    /// Somebody else took over.
    TakenOver(String),
    /// Somebody ended it.
    Closed(String),
    /// The right to use it was taken away.
    Revoked,
    /// The server stops.
    ShuttingDown,
    /// The ticket gives no right to it.
    Ticket(TicketFault),
    /// The request makes no sense.
    BadRequest(String),
    /// The server lacks something that it needs for it.
    Server(Code, String),
    /// A fault of ours.
    Internal(String),
}

impl End {
    /// The stable code; none when there is nothing wrong.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        Some(match self {
            Self::ConsoleLeft => return None,
            Self::Nonsense(_) | Self::Broken(..) => Code::RedirectionNonsense,
            Self::Slow(_) => Code::SlowConsole,
            Self::Unknown => Code::UnknownDevice,
            Self::Away(_) => Code::DeviceAway,
            Self::NotForwarded { .. } => Code::PortNotForwarded,
            Self::Refused(_) => Code::ChannelRefused,
            Self::ChannelsBusy => Code::DeviceBusy,
            Self::Silent => Code::DeviceSilent,
            Self::Tls { changed: true, .. } => Code::AmtCertificateChanged,
            Self::Tls { changed: false, .. } => Code::TlsInside,
            Self::NoPassword | Self::NoRfbPassword => Code::AmtPasswordMissing,
            Self::WrongPassword | Self::RefusedLately | Self::WrongRfbPassword => {
                Code::AmtPasswordRefused
            }
            Self::InUse(..) | Self::BusyElsewhere(_) => Code::RedirectionInUse,
            Self::Off(_) => Code::RedirectionOff,
            Self::Consent(_) => Code::ConsentNeeded,
            Self::ByDevice(_) => Code::RedirectionEnded,
            Self::Idle { .. } => Code::RedirectionIdle,
            Self::TakenOver(_) => Code::RedirectionTakenOver,
            Self::Closed(_) => Code::RedirectionClosed,
            Self::Revoked => Code::NotAllowed,
            Self::ShuttingDown => Code::ShuttingDown,
            Self::Ticket(fault) => match fault {
                TicketFault::Missing | TicketFault::Unknown | TicketFault::NotForRelay => {
                    Code::NotSignedIn
                }
                TicketFault::Expired => Code::Expired,
                TicketFault::Used => Code::TicketUsed,
                TicketFault::OtherDevice | TicketFault::OtherMode | TicketFault::OtherUser => {
                    Code::TicketElsewhere
                }
                TicketFault::Revoked => Code::NotAllowed,
            },
            Self::BadRequest(_) => Code::BadRequest,
            Self::Server(code, _) => *code,
            Self::Internal(_) => Code::Internal,
        })
    }

    /// What happened in this case.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::ConsoleLeft => "the console left".into(),
            Self::Nonsense(why)
            | Self::Slow(why)
            | Self::Away(why)
            | Self::Refused(why)
            | Self::ByDevice(why)
            | Self::BadRequest(why)
            | Self::Server(_, why)
            | Self::Broken(_, why)
            | Self::Internal(why) => why.clone(),
            Self::Ticket(fault) => fault.to_string(),
            Self::Unknown => "no such device".into(),
            Self::NotForwarded { port, forwarded } => {
                let ports: Vec<String> = forwarded.iter().map(u16::to_string).collect();
                format!("the device does not forward {port}, only {}", ports.join(", "))
            }
            Self::ChannelsBusy => "all connections of the device are in use".into(),
            Self::Silent => "the device did not answer in time".into(),
            Self::Tls { detail, .. } => detail.clone(),
            Self::NoPassword => "no AMT password of this device is stored; set it first".into(),
            Self::NoRfbPassword => {
                "no RFB password of this device is stored, which its port 5900 asks for; set it first".into()
            }
            Self::WrongRfbPassword => "port 5900 refuses the stored RFB password; correct it".into(),
            Self::WrongPassword => "the device refuses the stored AMT password; correct it".into(),
            Self::RefusedLately => {
                "the device refused the stored AMT password; it rests, lest AMT sees an attack; correct it".into()
            }
            Self::InUse(mode, Holder { user, since }) => {
                let (hour, minute, _) = since.time().as_hms();
                format!(
                    "{mode} is used by {user} since {hour:02}:{minute:02} UTC; you may take over"
                )
            }
            Self::BusyElsewhere(mode) => {
                format!("{mode} is in use by a console that does not go through this server")
            }
            Self::Off(mode) => format!("{mode} is switched off on this PC; switch it on first"),
            Self::Consent(mode) => {
                format!("{mode} needs the consent of the person at the PC; ask for the code first")
            }
            Self::Idle { minutes } => {
                format!("the device ended it after {minutes} min without keyboard or mouse")
            }
            Self::TakenOver(user) => format!("{user} took over"),
            Self::Closed(user) => format!("{user} ended it"),
            Self::Revoked => "the right to use it was taken away".into(),
            Self::ShuttingDown => "the server is stopping".into(),
        }
    }

    /// The code of the close frame: that of RFC 6455 for what is no WebSocket, otherwise 4 and the last three digits of an E2 code; 43, 44 or 45 and the last two of an E3,
    /// E1 or E4 one.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        let Some(code) = self.code() else { return NORMAL };
        if let Self::Broken(close, _) = self {
            return *close;
        }
        let number: u16 = code.as_str().trim_start_matches('E').parse().unwrap_or_default();
        match number {
            2000..=2299 => 2000 + number,
            3000..=3099 => 1300 + number,
            1400..=1499 => 3000 + number,
            4001 => FAULT,
            4005 => GOING_AWAY,
            4000..=4099 => 500 + number,
            _ => FAULT,
        }
    }

    /// The reason of the close frame: code and sentence, as long as a close frame can hold.
    #[must_use]
    pub fn reason(&self) -> String {
        let Some(code) = self.code() else { return String::new() };
        let mut text = format!("{code} {}", self.detail());
        let mut end = REASON_MAX.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    /// One of each, in the order of their close codes.
    fn all() -> Vec<(End, u16)> {
        let text = || "…".repeat(100);
        let holder = Holder { user: "ß".repeat(200), since: OffsetDateTime::UNIX_EPOCH };
        let mode = RedirectionMode::Kvm;
        vec![
            (End::ConsoleLeft, 1000),
            (End::ShuttingDown, 1001),
            (End::Broken(1002, text()), 1002),
            (End::Broken(1007, text()), 1007),
            (End::Broken(1009, text()), 1009),
            (End::Internal(text()), 1011),
            (End::Unknown, 4001),
            (End::Away(text()), 4002),
            (End::NotForwarded { port: 5900, forwarded: vec![16992; 40] }, 4005),
            (End::Refused(text()), 4006),
            (End::ChannelsBusy, 4007),
            (End::Silent, 4008),
            (End::WrongPassword, 4010),
            (End::WrongRfbPassword, 4010),
            (End::NoRfbPassword, 4011),
            (End::RefusedLately, 4010),
            (End::NoPassword, 4011),
            (End::InUse(mode, holder), 4030),
            (End::BusyElsewhere(mode), 4030),
            (End::Off(mode), 4031),
            (End::Consent(mode), 4032),
            (End::ByDevice(text()), 4033),
            (End::TakenOver(text()), 4035),
            (End::Closed(text()), 4036),
            (End::Slow(text()), 4037),
            (End::Nonsense(text()), 4038),
            (End::Idle { minutes: 3 }, 4041),
            (End::Tls { changed: true, detail: text() }, 4062),
            (End::Tls { changed: false, detail: text() }, 4063),
            (End::Ticket(TicketFault::Missing), 4301),
            (End::Ticket(TicketFault::Unknown), 4301),
            (End::Ticket(TicketFault::NotForRelay), 4301),
            (End::Ticket(TicketFault::Expired), 4302),
            (End::Ticket(TicketFault::Revoked), 4304),
            (End::Revoked, 4304),
            (End::Ticket(TicketFault::Used), 4311),
            (End::Ticket(TicketFault::OtherDevice), 4312),
            (End::Ticket(TicketFault::OtherMode), 4312),
            (End::Ticket(TicketFault::OtherUser), 4312),
            (End::BadRequest(text()), 4400),
            (End::Server(Code::AuditUnavailable, text()), 4502),
            (End::Server(Code::Store, text()), 4503),
            (End::Server(Code::VaultUnavailable, text()), 4508),
        ]
    }

    #[test]
    fn close_codes_are_those_of_the_table_and_reasons_fit_their_frame() {
        for (end, code) in all() {
            assert_eq!(end.close_code(), code, "{end:?}");
            let reason = end.reason();
            assert!(reason.len() <= REASON_MAX, "{reason}");
            let begin = end.code().map(|code| format!("{code} ")).unwrap_or_default();
            assert!(reason.starts_with(&begin), "{reason}");
        }
        assert!(End::NoPassword.reason().starts_with("E2011 no AMT password"));
    }

    #[test]
    fn people_find_each_end_in_the_documentation_and_the_dashboard_has_words_for_it() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        let docs = read("docs/relay.md");
        let languages = ["en", "de"].map(|name| read(&format!("web/src/i18n/{name}/problems.ts")));
        for (end, code) in all() {
            assert!(docs.contains(&format!("| {code} |")), "no line for {code} in docs/relay.md");
            let Some(name) = end.code() else { continue };
            for words in &languages {
                assert!(words.contains(&format!("  {name}: [")), "no words for {name}");
            }
        }
    }
}
