//! The log that firmware keeps of its own attempts to dial in, as tools on the PC print it.
//!
//! Three forms are read: what `rpc diagnostics cira` of rpc-go writes (`Key = 5 (words)`), JSON with the same names in
//! any spelling, and JSON of `amt-sim log`. Numbers are the firmware's (rpc-go, `internal/commands/diagnostics/cira.go`).

use std::fmt;

/// Longest text that is looked at.
const TEXT_MAX: usize = 256 * 1024;
/// Longest name kept of what the log holds.
const NAME_MAX: usize = 128;

/// Where the platform takes itself to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// 0: inside; it does not dial in.
    Inside,
    /// 1: on the company's network, seen from outside.
    Corporate,
    /// 2: outside.
    Outside,
}

/// How far the last failed attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// 1: the firmware itself failed.
    Internal,
    /// 2: the server's name is not found.
    Dns,
    /// 3: no TCP connection.
    Tcp,
    /// 4: no TLS.
    Tls,
    /// 5: it worked.
    Success,
    /// 6: it is going on.
    InProgress,
}

/// What TCP said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpFailure {
    /// 1: something else.
    General,
    /// 2: no answer.
    TimedOut,
    /// 3: refused or reset.
    Reset,
    /// 4: no way there.
    Unreachable,
}

/// Why a tunnel ended, by the platform's own reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closure {
    /// 0: a user asked for it.
    UserRequest,
    /// 1: nothing happened for the policy's life time.
    TunnelTimer,
    /// 2: the firmware failed.
    Internal,
    /// 3: keep-alives were not answered.
    KeepAlive,
    /// 4: the connection broke.
    Socket,
    /// 5: an APF message that it did not understand.
    InvalidCommand,
}

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
    pub attempt: Option<Attempt>,
    /// What TCP said.
    pub tcp: Option<TcpFailure>,
    /// The TLS alert, when TLS failed.
    pub tls_alert: Option<u8>,
    /// Whether the server ended the last tunnel that failed.
    pub closed_by_server: Option<bool>,
    /// The reason code in the DISCONNECT of APF; 0 when there was none.
    pub apf_reason: Option<u8>,
    /// The platform's own reason.
    pub closure: Option<Closure>,
}

/// The text is no CIRA log that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableLog;

impl fmt::Display for UnreadableLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this is no CIRA log that can be read; give the file that `rpc diagnostics cira` writes, or what `viaduct host cira-log -o json` prints",
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

fn surroundings(value: &str, number: Option<i64>) -> Option<Surroundings> {
    match (number, word(value).as_str()) {
        (Some(0), _) | (None, "inside" | "insidethecompanynetwork") => Some(Surroundings::Inside),
        (Some(1), _) | (None, "corporateoutside" | "corporate" | "companynetworkoutside") => {
            Some(Surroundings::Corporate)
        }
        (Some(2), _) | (None, "outside" | "outsidethecompanynetwork") => {
            Some(Surroundings::Outside)
        }
        _ => None,
    }
}

fn attempt(value: &str, number: Option<i64>) -> Option<Attempt> {
    match (number, word(value).as_str()) {
        (Some(1), _) | (None, "internal" | "internalerror") => Some(Attempt::Internal),
        (Some(2), _) | (None, "dns" | "dnserror" | "theserversnamewasnotfound") => {
            Some(Attempt::Dns)
        }
        (Some(3), _) | (None, "tcp" | "tcperror" | "notcpconnection") => Some(Attempt::Tcp),
        (Some(4), _) | (None, "tls" | "tlserror" | "tlsfailed") => Some(Attempt::Tls),
        (Some(5), _) | (None, "success" | "connected") => Some(Attempt::Success),
        (Some(6), _) | (None, "inprogress") => Some(Attempt::InProgress),
        _ => None,
    }
}

fn tcp(value: &str, number: Option<i64>) -> Option<TcpFailure> {
    match (number, word(value).as_str()) {
        (Some(1), _) | (None, "general" | "generalerror") => Some(TcpFailure::General),
        (Some(2), _) | (None, "timeout" | "timedout") => Some(TcpFailure::TimedOut),
        (Some(3), _) | (None, "reset") => Some(TcpFailure::Reset),
        (Some(4), _) | (None, "unreachable") => Some(TcpFailure::Unreachable),
        _ => None,
    }
}

fn closure(value: &str, number: Option<i64>) -> Option<Closure> {
    match (number, word(value).as_str()) {
        (Some(0), _) | (None, "userrequest") => Some(Closure::UserRequest),
        (Some(1), _) | (None, "tunneltimer" | "tunneltimerexpired") => Some(Closure::TunnelTimer),
        (Some(2), _) | (None, "internal" | "internalerror") => Some(Closure::Internal),
        (Some(3), _) | (None, "keepalive" | "keepaliveexpired") => Some(Closure::KeepAlive),
        (Some(4), _) | (None, "tcp" | "tcpsocket" | "tcpsocketerror") => Some(Closure::Socket),
        (Some(5), _) | (None, "invalidapf" | "invalidapfcommand") => Some(Closure::InvalidCommand),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, CiraLog, Closure, Surroundings, TcpFailure, UnreadableLog};

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
                attempt: Some(Attempt::Tls),
                tcp: None,
                tls_alert: Some(48),
                closed_by_server: Some(false),
                apf_reason: Some(0),
                closure: Some(Closure::KeepAlive),
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
        assert_eq!((log.attempt, log.tcp), (Some(Attempt::Tcp), Some(TcpFailure::TimedOut)));
    }

    #[test]
    fn the_words_of_viaduct_host_cira_log_are_read() {
        use crate::host_interface::log::{
            AmtReason, ClosedBy, Outcome, Surroundings as Place, Tcp,
        };
        let words = [
            ("network", Place::Outside.to_string()),
            ("mps", "mps.example.com".to_owned()),
            ("outcome", Outcome::Tcp.to_string()),
            ("tcp", Tcp::Reset.to_string()),
            ("by", ClosedBy::Mps.to_string()),
            ("amtReason", AmtReason::KeepAlive.to_string()),
            // The interface that was not used.
            ("outcome", Outcome::NotApplicable.to_string()),
            ("tcp", Tcp::Ok.to_string()),
        ];
        let log =
            CiraLog::from_pairs(words.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
        assert_eq!(log.surroundings, Some(Surroundings::Outside));
        assert_eq!(log.host.as_deref(), Some("mps.example.com"));
        assert_eq!((log.attempt, log.tcp), (Some(Attempt::Tcp), Some(TcpFailure::Reset)));
        assert_eq!((log.closed_by_server, log.closure), (Some(true), Some(Closure::KeepAlive)));
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
