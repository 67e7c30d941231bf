//! The CIRA log for people.

use super::{CiraLog, Closure, ConnectionResult, Entry, TcpDetail};
use crate::tls::alert_name;
use amt::cira_log::apf_reason;
use std::fmt;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Seconds are enough for people.
fn moment(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

impl fmt::Display for CiraLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tunnel:     {}", if self.tunnel_open { "open" } else { "closed" })?;
        writeln!(f, "network:    {}", self.connection_state)?;
        match self.last_keepalive {
            Some(at) => writeln!(
                f,
                "keep-alive: every {} s, last answered {}",
                self.keepalive_interval,
                moment(at)
            )?,
            None => {
                writeln!(f, "keep-alive: every {} s, not answered yet", self.keepalive_interval)?;
            }
        }
        if self.entries.is_empty() {
            writeln!(f, "it has not dialled in yet")?;
        }
        self.entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}  {} trigger, {}, {} ({}): {}",
            moment(self.began),
            self.trigger,
            self.mps_host,
            self.interface,
            self.auth,
            self.result
        )?;
        if let Some(proxy) = &self.proxy {
            write!(f, " through the proxy {proxy}")?;
        }
        if self.result == ConnectionResult::Tcp && self.tcp != TcpDetail::Ok {
            write!(f, ", {}", self.tcp)?;
        }
        if let Some(alert) = self.tls_alert {
            write!(f, ", alert {alert} {}", alert_name(alert))?;
        }
        if let Some(closure) = &self.closure {
            write!(f, "; {closure}")?;
        }
        if !self.note.is_empty() {
            write!(f, ". {}", self.note)?;
        }
        Ok(())
    }
}

impl fmt::Display for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "closed by {} {}", self.by, moment(self.at))?;
        if self.apf_reason != 0 {
            write!(f, ", APF reason {} {}", self.apf_reason, apf_reason(self.apf_reason))?;
        }
        if self.amt_reason != super::AmtReason::NotApplicable {
            write!(f, ", {}", self.amt_reason)?;
        }
        Ok(())
    }
}
