//! The CIRA log: what the platform remembers of its attempts, in the firmware's own words.
//!
//! Fields and words are those of the firmware's GET_CIRA_LOG answer ([`amt::cira_log`]), so that both ends of a tunnel
//! can be compared.

use crate::{
    Trigger,
    remote_access::{Login, Server},
};
pub use amt::cira_log::{
    AmtReason, AuthMethod, ClosedBy, ConnectionResult, Interface, Surroundings, TcpDetail,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use time::OffsetDateTime;

mod words;

/// Attempts kept; the oldest goes first.
const KEPT: usize = 16;

/// What the platform remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl Default for CiraLog {
    fn default() -> Self {
        Self {
            tunnel_open: false,
            connection_state: Surroundings::Outside,
            last_keepalive: None,
            keepalive_interval: 0,
            entries: VecDeque::new(),
        }
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
        for words in
            ["connected", "closed by the server", "by application", "mps.example", "periodic"]
        {
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
