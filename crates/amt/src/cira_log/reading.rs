//! Logs in the forms in which people have them.

use super::{AmtReason, ClosedBy, ConnectionResult, Surroundings, TcpDetail, bytes};
use crate::host_interface::log::CiraLog as Firmware;
use std::fmt;

/// Longest text that is looked at.
const TEXT_MAX: usize = 256 * 1024;
/// Longest name kept of what the log holds.
const NAME_MAX: usize = 128;

/// What a log says, as far as it says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CiraLog {
    /// Whether a tunnel is up.
    pub tunnel_open: Option<bool>,
    /// Where the platform takes itself to be.
    pub surroundings: Option<Surroundings>,
    /// The server of the last failed attempt.
    pub host: Option<String>,
    /// How far that came.
    pub attempt: Option<ConnectionResult>,
    /// What TCP said.
    pub tcp: Option<TcpDetail>,
    /// The TLS alert, when TLS failed.
    pub tls_alert: Option<u8>,
    /// Whether the server ended the last tunnel that failed.
    pub closed_by_server: Option<bool>,
    /// The reason code in the DISCONNECT of APF; 0 when there was none.
    pub apf_reason: Option<u8>,
    /// The platform's own reason.
    pub closure: Option<AmtReason>,
}

/// The text is no CIRA log that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableLog;

impl fmt::Display for UnreadableLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this is no CIRA log that can be read; give the file that `rpc diagnostics cira` writes, what `viaduct host cira-log -o json` prints, or the answer to GET_CIRA_LOG, as bytes or as hexadecimal digits",
        )
    }
}

impl std::error::Error for UnreadableLog {}

impl CiraLog {
    /// Reads a log from pairs of a name and a value, in the order of the log.
    ///
    /// # Errors
    /// When not one of the names is known.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, UnreadableLog> {
        let mut log = Self::default();
        let mut known = 0_usize;
        for (name, value) in pairs {
            let name: String = name
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            if log.take(&name, value.trim()) {
                known = known.saturating_add(1);
            }
        }
        if known == 0 { Err(UnreadableLog) } else { Ok(log) }
    }

    /// Reads what rpc-go writes: a line for each value, indented by what it belongs to.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_text(text: &str) -> Result<Self, UnreadableLog> {
        if text.len() > TEXT_MAX {
            return Err(UnreadableLog);
        }
        Self::from_pairs(text.lines().filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            // Some names carry an explanation in brackets.
            Some((name.split('(').next().unwrap_or(name), value))
        }))
    }

    /// Reads firmware's own answer to GET_CIRA_LOG, whole or without what stands before the log: its bytes, or a dump
    /// of them in hexadecimal digits. Nothing when it is no such answer.
    #[must_use]
    pub fn from_bytes(log: &[u8]) -> Option<Self> {
        if log.len() > TEXT_MAX {
            return None;
        }
        let firmware = bytes::read(log).or_else(|| bytes::read(&bytes::of_hex(log)?))?;
        Some(Self::from(&firmware))
    }

    fn take(&mut self, name: &str, value: &str) -> bool {
        let number = number(value);
        match name {
            "istunnelopened" | "tunnelopen" => self.tunnel_open = truth(value, number),
            "currentconnectionstate" | "connectionstate" | "network" => {
                self.surroundings = surroundings(value, number).or(self.surroundings);
            }
            "mpshostname" | "mpshost" | "mps" if !value.is_empty() => {
                self.host = Some(value.chars().take(NAME_MAX).collect());
            }
            "mpshostname" | "mpshost" | "mps" => {}
            // Not the interface that was not used.
            "connectionstatus" | "result" | "outcome" => {
                self.attempt = attempt(value, number).or(self.attempt);
            }
            "tcpfailurecode" | "tcp" => self.tcp = tcp(value, number).or(self.tcp),
            "tlsfailurecode" | "tlsalert" => {
                let alert = number.and_then(|n| u8::try_from(n).ok()).filter(|n| *n != 0);
                self.tls_alert = alert.or(self.tls_alert);
            }
            "closedby" | "closedbymps" | "by" => {
                self.closed_by_server = match number {
                    Some(n) => Some(n == 1),
                    None => Some(matches!(word(value).as_str(), "mps" | "theserver")),
                };
            }
            "apfdisconnectreason" | "apfreason" => {
                self.apf_reason = number.and_then(|n| u8::try_from(n).ok());
            }
            "closurereason" | "amtreason" => {
                self.closure = closure(value, number).or(self.closure);
            }
            _ => return false,
        }
        true
    }
}

impl From<&Firmware> for CiraLog {
    fn from(log: &Firmware) -> Self {
        let (tunnel, attempt) = (&log.tunnel, &log.attempt);
        let text = |number: u8| number.to_string();
        let host = if attempt.valid != 0 { attempt.mps.as_str() } else { tunnel.mps.as_str() };
        let mut read = Self {
            tunnel_open: Some(log.summary.tunnel_open == 1),
            host: (!host.is_empty()).then(|| host.chars().take(NAME_MAX).collect()),
            ..Self::default()
        };
        read.take("network", &text(log.summary.surroundings));
        if attempt.valid != 0 {
            for detail in &attempt.details {
                read.take("result", &detail.outcome.to_string());
                read.take("tcp", &detail.tcp.to_string());
                read.take("tlsalert", &detail.tls.to_string());
            }
        }
        let tunnel = (tunnel.valid != 0).then_some(&tunnel.closure);
        let attempt = (attempt.valid != 0 && attempt.closure.at != 0).then_some(&attempt.closure);
        for closure in tunnel.into_iter().chain(attempt) {
            read.closed_by_server = Some(ClosedBy::of(closure.by.into()) == ClosedBy::Mps);
            read.apf_reason = Some(closure.apf_reason);
            read.take("amtreason", &text(closure.amt_reason));
        }
        read
    }
}

/// The number that a value begins with.
fn number(value: &str) -> Option<i64> {
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

fn truth(value: &str, number: Option<i64>) -> Option<bool> {
    number.map(|n| n != 0).or_else(|| value.parse().ok())
}

/// Words of the logs without their separators, so that every spelling is the same.
fn word(value: &str) -> String {
    let letters = value.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The variant that a value names by number, by its name, or in its words.
fn named<T>(all: &[T], value: &str, number: Option<i64>, of: impl Fn(&T) -> u32) -> Option<T>
where
    T: Copy + fmt::Debug + fmt::Display,
{
    let meant = word(value);
    let is_meant = |one: &&T| match number {
        Some(number) => i64::from(of(one)) == number,
        None => meant == word(&format!("{one:?}")) || meant == word(&one.to_string()),
    };
    all.iter().find(is_meant).copied()
}

fn surroundings(value: &str, number: Option<i64>) -> Option<Surroundings> {
    named(Surroundings::ALL, value, number, |one| one.number())
}

/// Nothing of an interface that was not tried.
fn attempt(value: &str, number: Option<i64>) -> Option<ConnectionResult> {
    let found = named(ConnectionResult::ALL, value, number, |one| one.number());
    found.filter(|result| *result != ConnectionResult::NotApplicable)
}

fn tcp(value: &str, number: Option<i64>) -> Option<TcpDetail> {
    let found = named(TcpDetail::ALL, value, number, |one| one.number());
    found.filter(|detail| *detail != TcpDetail::Ok)
}

fn closure(value: &str, number: Option<i64>) -> Option<AmtReason> {
    let found = named(AmtReason::ALL, value, number, |one| one.number());
    found.filter(|reason| *reason != AmtReason::NotApplicable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Status = 0 (AMT_STATUS_SUCCESS)
Version = 1
CiraStatusSummary:
\tIsTunnelOpened = 0 (Closed)
\tCurrentConnectionState = 2 (Outside Enterprise)
\tLastKeepAlive(The time in which the last keepalive message was sent) = 0(1970-01-01 00:00:00 UTC)
LastFailedTunnelLogEntry:
\tMpsHostname = mps.example.com
\tTunnelClosureInfo:
\t\tClosedBy = 0 (AMT)
\t\tAPF_DISCONNECT_REASON = 0 (APF_DISCONNECT_INVALID_REASON_CODE)
\t\tClosureReason = 3 (AMT_CLOSE_REASON_KEEP_ALIVE_EXPIRED)
FailedConnectionLogEntry:
\tMpsHostname = mps.example.com
\tConnectionDetails:
\t\tLan Item:
\t\t\tConnectionStatus = 4 (CIRA_LOG_CONNECTION_STATUS_ERROR_TLS)
\t\t\tTcpFailureCode = 0 (CIRA_LOGGER_TCP_ERR_SUCCESS)
\t\t\tTlsFailureCode = 48 (unknown_ca)
\t\tWireless Item:
\t\t\tConnectionStatus = 0 (CIRA_LOG_CONNECTION_STATUS_NA)
\t\t\tTlsFailureCode = 0 (close_notify)
";

    #[test]
    fn what_rpc_go_writes_is_read() {
        let log = CiraLog::from_text(TEXT).unwrap();
        assert_eq!(
            log,
            CiraLog {
                tunnel_open: Some(false),
                surroundings: Some(Surroundings::Outside),
                host: Some("mps.example.com".into()),
                attempt: Some(ConnectionResult::Tls),
                tcp: None,
                tls_alert: Some(48),
                closed_by_server: Some(false),
                apf_reason: Some(0),
                closure: Some(AmtReason::KeepAlive),
            }
        );
    }

    #[test]
    fn words_count_like_numbers_and_the_last_attempt_wins() {
        let pairs = [
            ("tunnel_open", "false"),
            ("connection_state", "inside"),
            ("result", "success"),
            ("result", "tcp"),
            ("tcp", "timeout"),
        ];
        let log = CiraLog::from_pairs(pairs).unwrap();
        assert_eq!(log.surroundings, Some(Surroundings::Inside));
        assert_eq!((log.attempt, log.tcp), (Some(ConnectionResult::Tcp), Some(TcpDetail::Timeout)));
    }

    #[test]
    fn the_words_of_viaduct_host_cira_log_are_read() {
        let words = [
            ("network", Surroundings::Outside.to_string()),
            ("mps", "mps.example.com".to_owned()),
            ("outcome", ConnectionResult::Tcp.to_string()),
            ("tcp", TcpDetail::Reset.to_string()),
            ("by", ClosedBy::Mps.to_string()),
            ("amtReason", AmtReason::KeepAlive.to_string()),
            // The interface that was not used.
            ("outcome", ConnectionResult::NotApplicable.to_string()),
            ("tcp", TcpDetail::Ok.to_string()),
        ];
        let log =
            CiraLog::from_pairs(words.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
        assert_eq!(log.surroundings, Some(Surroundings::Outside));
        assert_eq!(log.host.as_deref(), Some("mps.example.com"));
        assert_eq!((log.attempt, log.tcp), (Some(ConnectionResult::Tcp), Some(TcpDetail::Reset)));
        assert_eq!((log.closed_by_server, log.closure), (Some(true), Some(AmtReason::KeepAlive)));
    }

    #[test]
    fn anything_else_is_refused_and_nothing_panics() {
        assert_eq!(CiraLog::from_text("GET / HTTP/1.1"), Err(UnreadableLog));
        assert_eq!(CiraLog::from_text("a = b"), Err(UnreadableLog));
        assert_eq!(CiraLog::from_text(&"=".repeat(300 * 1024)), Err(UnreadableLog));
        let odd = "TlsFailureCode = 99999999999999999999\nClosedBy = \nConnectionStatus = 7";
        assert_eq!(CiraLog::from_text(odd).unwrap().tls_alert, None);
    }
}
