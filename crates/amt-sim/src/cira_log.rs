//! The CIRA log: what the platform remembers of its attempts, in the firmware's own words.
//!
//! Fields and numbers are those of the firmware's GET_CIRA_LOG answer (rpc-go, `pkg/pthi/types.go` and
//! `internal/commands/diagnostics/cira.go`), so that both ends of a tunnel can be compared.

use crate::{
    Trigger,
    remote_access::{Login, Server},
};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, fmt};
use time::OffsetDateTime;

mod words;

/// Attempts kept; the oldest goes first.
const KEPT: usize = 16;

/// What the platform remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiraLog {
    /// Whether a tunnel is up.
    pub tunnel_open: bool,
    /// Where the platform takes itself to be.
    pub connection_state: Surroundings,
    /// When the server last answered a keep-alive.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_keepalive: Option<OffsetDateTime>,
    /// Keep-alive interval in seconds; zero while no tunnel was up.
    pub keepalive_interval: u32,
    /// Attempts, oldest first.
    pub entries: VecDeque<Entry>,
}

/// One attempt, and how the tunnel that came of it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub began: OffsetDateTime,
    /// Why.
    pub trigger: Trigger,
    /// The server, as it was configured.
    pub mps_host: String,
    /// The HTTP proxy on the way, `HOST:PORT`, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// How the platform shows who it is.
    pub auth: AuthMethod,
    /// Through which interface.
    pub interface: Interface,
    /// How far it came.
    pub result: ConnectionResult,
    /// What TCP said.
    pub tcp: TcpDetail,
    /// The TLS alert sent or received, if any.
    pub tls_alert: Option<u8>,
    /// Whether the server let it in.
    #[serde(default)]
    pub admitted: bool,
    /// How the tunnel ended; none while it is up, or when there was none.
    pub closure: Option<Closure>,
    /// The same for people.
    pub note: String,
}

/// The end of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who.
    pub by: ClosedBy,
    /// Reason in the DISCONNECT message; 0 when there was none.
    pub apf_reason: u8,
    /// The platform's own reason.
    pub amt_reason: AmtReason,
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $number:literal, $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// The firmware's number.
            #[must_use]
            pub fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word,)* })
            }
        }
    };
}

numbered! {
    /// Where a platform takes itself to be; it dials in only from outside.
    #[derive(Default)]
    Surroundings {
        /// On the company's network.
        Inside = 0, "inside the company network";
        /// On the company's network, but reached from outside.
        CorporateOutside = 1, "company network, outside";
        /// Anywhere else.
        #[default]
        Outside = 2, "outside the company network";
    }
}

numbered! {
    /// How the platform shows who it is (WS-Man AuthMethod).
    AuthMethod {
        /// A client certificate.
        MutualTls = 1, "client certificate";
        /// User name and password.
        Password = 2, "user name and password";
    }
}

numbered! {
    /// The network interface of a platform.
    Interface {
        /// Ethernet.
        Wired = 0, "wired";
        /// Wireless LAN.
        Wireless = 1, "wireless";
        /// None.
        Absent = 2, "none";
    }
}

numbered! {
    /// How far an attempt came.
    ConnectionResult {
        /// Not known.
        NotApplicable = 0, "not known";
        /// The platform's own trouble.
        Internal = 1, "internal error";
        /// The server's name was not found.
        Dns = 2, "DNS failed";
        /// No TCP connection.
        Tcp = 3, "TCP failed";
        /// No TLS.
        Tls = 4, "TLS failed";
        /// Connected.
        Success = 5, "connected";
        /// Not decided yet.
        InProgress = 6, "in progress";
    }
}

numbered! {
    /// What TCP said.
    TcpDetail {
        /// Nothing wrong.
        Ok = 0, "ok";
        /// Something else.
        General = 1, "general error";
        /// No answer.
        Timeout = 2, "timed out";
        /// Refused or reset.
        Reset = 3, "reset";
        /// No way there.
        Unreachable = 4, "unreachable";
    }
}

numbered! {
    /// Who ended a tunnel.
    ClosedBy {
        /// The platform.
        Amt = 0, "AMT";
        /// The server.
        Mps = 1, "MPS";
    }
}

numbered! {
    /// Why a platform ended a tunnel.
    AmtReason {
        /// Asked to.
        UserRequest = 0, "user request";
        /// Nothing happened for the policy's life time.
        TunnelTimer = 1, "tunnel timer expired";
        /// Own trouble.
        Internal = 2, "internal error";
        /// The server did not answer keep-alives.
        KeepAlive = 3, "keep-alive expired";
        /// The connection failed.
        Tcp = 4, "TCP socket error";
        /// The server sent what is no APF.
        InvalidApf = 5, "invalid APF command";
        /// It was not the platform.
        NotApplicable = 0xff, "not applicable";
    }
}

/// What an attempt starts with.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) trigger: Trigger,
    pub(crate) mps_host: String,
    pub(crate) auth: AuthMethod,
}

impl Attempt {
    pub(crate) fn new(trigger: Trigger, server: &Server) -> Self {
        let auth = match server.login {
            Login::Certificate(_) => AuthMethod::MutualTls,
            Login::Password { .. } => AuthMethod::Password,
        };
        Self { trigger, mps_host: server.access.info.clone(), auth }
    }
}

/// How an attempt ended before there was a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) result: ConnectionResult,
    pub(crate) tcp: TcpDetail,
    pub(crate) tls_alert: Option<u8>,
    pub(crate) note: String,
}

impl Failure {
    /// The platform's own trouble.
    pub(crate) fn internal(note: String) -> Self {
        Self { result: ConnectionResult::Internal, tcp: TcpDetail::Ok, tls_alert: None, note }
    }
}

impl CiraLog {
    pub(crate) fn remember(&mut self, earlier: Self) {
        for entry in earlier.entries.into_iter().rev() {
            if self.entries.len() < KEPT {
                self.entries.push_front(entry);
            }
        }
        self.last_keepalive = self.last_keepalive.or(earlier.last_keepalive);
    }

    pub(crate) fn began(&mut self, attempt: Attempt, now: OffsetDateTime) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            began: now,
            trigger: attempt.trigger,
            mps_host: attempt.mps_host,
            proxy: None,
            auth: attempt.auth,
            interface: Interface::Wired,
            result: ConnectionResult::InProgress,
            tcp: TcpDetail::Ok,
            tls_alert: None,
            admitted: false,
            closure: None,
            note: String::new(),
        });
    }

    pub(crate) fn failed(&mut self, failure: Failure) {
        if let Some(entry) = self.entries.back_mut() {
            entry.result = failure.result;
            entry.tcp = failure.tcp;
            entry.tls_alert = failure.tls_alert;
            entry.note = failure.note;
        }
    }

    pub(crate) fn connected(&mut self, proxy: Option<String>) {
        self.tunnel_open = true;
        if let Some(entry) = self.entries.back_mut() {
            entry.proxy = proxy;
            entry.result = ConnectionResult::Success;
        }
    }

    pub(crate) fn admitted(&mut self) {
        if let Some(entry) = self.entries.back_mut() {
            entry.admitted = true;
        }
    }

    pub(crate) fn closed(&mut self, closure: Closure, tls_alert: Option<u8>, note: String) {
        self.tunnel_open = false;
        if let Some(entry) = self.entries.back_mut() {
            entry.tls_alert = tls_alert;
            entry.closure = Some(closure);
            entry.note = note;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt {
            trigger: Trigger::Periodic,
            mps_host: "mps.example".into(),
            auth: AuthMethod::Password,
        }
    }

    #[test]
    fn an_attempt_is_followed_to_its_end() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let mut log = CiraLog::default();
        log.began(attempt(), now);
        assert_eq!(log.entries[0].result, ConnectionResult::InProgress);
        log.connected(None);
        assert!(log.tunnel_open && log.entries[0].result == ConnectionResult::Success);
        let closure = Closure {
            at: now,
            by: ClosedBy::Mps,
            apf_reason: 11,
            amt_reason: AmtReason::NotApplicable,
        };
        log.closed(closure.clone(), None, "the server said goodbye".into());
        assert!(!log.tunnel_open);
        assert_eq!(log.entries[0].closure, Some(closure));
        let text = log.to_string();
        for words in ["connected", "closed by MPS", "by application", "mps.example", "periodic"] {
            assert!(text.contains(words), "{words} is missing in\n{text}");
        }
    }

    #[test]
    fn an_earlier_run_is_remembered_before_this_one() {
        let at = |second| OffsetDateTime::from_unix_timestamp(second).unwrap();
        let mut earlier = CiraLog::default();
        (0..KEPT as i64).for_each(|second| earlier.began(attempt(), at(second)));
        let mut log = CiraLog::default();
        log.began(attempt(), at(100));
        log.remember(earlier);
        let began: Vec<i64> = log.entries.iter().map(|e| e.began.unix_timestamp()).collect();
        assert_eq!(began, (1..16).chain([100]).collect::<Vec<_>>());
    }

    #[test]
    fn the_oldest_attempt_goes_first_and_json_keeps_everything() {
        let mut log = CiraLog::default();
        for second in 0..20 {
            log.began(attempt(), OffsetDateTime::from_unix_timestamp(second).unwrap());
            log.failed(Failure {
                result: ConnectionResult::Tls,
                tcp: TcpDetail::Ok,
                tls_alert: Some(48),
                note: "unknown root".into(),
            });
        }
        assert_eq!(log.entries.len(), KEPT);
        assert_eq!(log.entries[0].began.unix_timestamp(), 4);
        assert!(log.to_string().contains("TLS failed, alert 48 unknown_ca"));
        let json = serde_json::to_string(&log).unwrap();
        assert_eq!(serde_json::from_str::<CiraLog>(&json).unwrap(), log);
    }
}
