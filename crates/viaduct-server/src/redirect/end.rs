//! Why a redirection ended, or did not begin: one value, from which a page gets a close code and a sentence.

use super::Holder;
use viaduct_api::{Code, RedirectionMode};

/// Most bytes of a close frame's reason (RFC 6455, 5.5).
const REASON_MAX: usize = 123;
/// A close that needs no explanation.
const NORMAL: u16 = 1000;
/// The server is stopping.
const GOING_AWAY: u16 = 1001;

/// The end of a redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The console left.
    ConsoleLeft,
    /// The console said nothing, or nothing that makes sense.
    Nonsense(String),
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
    /// A fault of ours.
    Internal(String),
}

impl End {
    /// The stable code; none when there is nothing wrong.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        Some(match self {
            Self::ConsoleLeft => return None,
            Self::Nonsense(_) => Code::RedirectionNonsense,
            Self::Slow(_) => Code::SlowConsole,
            Self::Unknown => Code::UnknownDevice,
            Self::Away(_) => Code::DeviceAway,
            Self::NotForwarded { .. } => Code::PortNotForwarded,
            Self::Refused(_) => Code::ChannelRefused,
            Self::ChannelsBusy => Code::DeviceBusy,
            Self::Silent => Code::DeviceSilent,
            Self::Tls { changed: true, .. } => Code::AmtCertificateChanged,
            Self::Tls { changed: false, .. } => Code::TlsInside,
            Self::NoPassword => Code::AmtPasswordMissing,
            Self::WrongPassword | Self::RefusedLately => Code::AmtPasswordRefused,
            Self::InUse(..) | Self::BusyElsewhere(_) => Code::RedirectionInUse,
            Self::Off(_) => Code::RedirectionOff,
            Self::Consent(_) => Code::ConsentNeeded,
            Self::ByDevice(_) => Code::RedirectionEnded,
            Self::Idle { .. } => Code::RedirectionIdle,
            Self::TakenOver(_) => Code::RedirectionTakenOver,
            Self::Closed(_) => Code::RedirectionClosed,
            Self::Revoked => Code::NotAllowed,
            Self::ShuttingDown => Code::ShuttingDown,
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
            | Self::Internal(why) => why.clone(),
            Self::Unknown => "no such device".into(),
            Self::NotForwarded { port, forwarded } => {
                let ports: Vec<String> = forwarded.iter().map(u16::to_string).collect();
                format!("the device does not forward {port}, only {}", ports.join(", "))
            }
            Self::ChannelsBusy => "all connections of the device are in use".into(),
            Self::Silent => "the device did not answer in time".into(),
            Self::Tls { detail, .. } => detail.clone(),
            Self::NoPassword => "no AMT password of this device is stored; set it first".into(),
            Self::WrongPassword => "the device refuses the stored AMT password; correct it".into(),
            Self::RefusedLately => {
                "the device refused the stored AMT password; not tried for a minute lest AMT locks it".into()
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

    /// The code of the close frame: 4 and the last three digits of an E2 code, 43 and the last two of an E3 one.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        let Some(code) = self.code() else { return NORMAL };
        let number: u16 = code.as_str().trim_start_matches('E').parse().unwrap_or_default();
        match number {
            2000..=2299 => 2000 + number,
            3000..=3099 => 1300 + number,
            4005 => GOING_AWAY,
            _ => 1011,
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

    #[test]
    fn close_codes_are_those_of_the_table_and_reasons_fit_their_frame() {
        let holder = Holder { user: "ß".repeat(200), since: OffsetDateTime::UNIX_EPOCH };
        for (end, code) in [
            (End::ConsoleLeft, 1000),
            (End::ShuttingDown, 1001),
            (End::Away(String::new()), 4002),
            (End::WrongPassword, 4010),
            (End::RefusedLately, 4010),
            (End::NoPassword, 4011),
            (End::InUse(RedirectionMode::Kvm, holder), 4030),
            (End::Off(RedirectionMode::Sol), 4031),
            (End::Consent(RedirectionMode::Kvm), 4032),
            (End::Revoked, 4304),
            (End::Internal(String::new()), 1011),
        ] {
            assert_eq!(end.close_code(), code, "{end:?}");
            assert!(end.reason().len() <= REASON_MAX);
        }
        assert!(End::NoPassword.reason().starts_with("E2011 no AMT password"));
    }
}
