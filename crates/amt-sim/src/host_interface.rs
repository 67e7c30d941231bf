//! The platform's host interface (HECI): what software of the PC's own operating system may ask it.

use crate::{
    AmtReason, CiraLog, Closure, ConnectionResult, Entry, RunningPlatform, Surroundings, Trigger,
    engine::{Ignored, Standing},
    platform::Outlook,
};
use amt::host_interface::{
    Answer, Command, ConnectionStatus, EnabledInterfaces, Name, Network, Status, Trigger as Why,
    Tunnel, answer,
    log::{CiraLog as Log, Closure as LogClosure},
};
use time::OffsetDateTime;

impl RunningPlatform {
    /// Does what a message of the host interface asks, and gives back the whole answer.
    pub async fn host_interface(&self, message: &[u8]) -> Vec<u8> {
        match Command::read_request(message) {
            Err((word, status)) => answer(word, Err(status)),
            Ok(command) => {
                let done = self.obey(command).await;
                answer(command.word(), done.as_ref().map_err(|status| *status))
            }
        }
    }

    async fn obey(&self, command: Command) -> Result<Answer, Status> {
        let allowed = self.configuration().remote_access.user_initiated;
        match command {
            Command::Open => {
                if !allowed.os {
                    return Err(Status::NOT_PERMITTED);
                }
                self.try_fire(Trigger::User).await.map(|()| Answer::Done).map_err(refusal)
            }
            Command::Close => match self.outlook().standing {
                Standing::Dialling { trigger: Trigger::User, .. }
                | Standing::Connected { trigger: Trigger::User, .. } => {
                    self.disconnect();
                    Ok(Answer::Done)
                }
                _ => Err(Status::INTERNAL),
            },
            Command::ConnectionStatus => Ok(Answer::ConnectionStatus(self.connection_status())),
            Command::EnabledInterfaces => {
                let enabled = EnabledInterfaces { bios: allowed.bios, os: allowed.os };
                Ok(Answer::EnabledInterfaces(enabled))
            }
            Command::CiraLog => {
                let log = firmware_log(&self.cira_log()).ok_or(Status::INTERNAL)?;
                Ok(Answer::CiraLog(Box::new(log)))
            }
        }
    }

    fn connection_status(&self) -> ConnectionStatus {
        let Outlook { standing, surroundings } = self.outlook();
        let (tunnel, trigger, server) = match standing {
            Standing::Away => (Tunnel::Down, Why::User, None),
            Standing::Dialling { trigger, server } => {
                (Tunnel::Connecting, why(trigger), Some(server))
            }
            Standing::Connected { trigger, server } => (Tunnel::Up, why(trigger), Some(server)),
        };
        let configuration = self.configuration();
        let server = server.and_then(|number| configuration.remote_access.server(number));
        ConnectionStatus {
            network: match surroundings {
                Surroundings::Inside => Network::Direct,
                Surroundings::CorporateOutside => Network::Vpn,
                Surroundings::Outside | Surroundings::Other(_) => Network::Outside,
            },
            tunnel,
            trigger,
            mps: server.map(|server| server.access.info.clone()).unwrap_or_default(),
        }
    }
}

/// What the requester is told of a trigger that does nothing.
fn refusal(ignored: Ignored) -> Status {
    match ignored {
        Ignored::NoPolicy => Status::DATA_MISSING,
        Ignored::UserOff => Status::NOT_PERMITTED,
        Ignored::Inside => Status::NOT_GRANTED,
        Ignored::GaveUp | Ignored::Unaware => Status::CONNECTION_FAILED,
    }
}

fn why(trigger: Trigger) -> Why {
    match trigger {
        Trigger::User => Why::User,
        Trigger::Alert => Why::Alert,
        Trigger::Periodic => Why::Periodic,
    }
}

/// The log as firmware hands it out: how it is now, and the last failures.
fn firmware_log(log: &CiraLog) -> Option<Log> {
    let mut firmware = Log::empty()?;
    let decided = |entry: &&Entry| entry.result != ConnectionResult::InProgress;
    let tunnels = || log.entries.iter().rev().filter(|entry| entry.admitted);
    let summary = &mut firmware.summary;
    summary.tunnel_open = log.tunnel_open.into();
    summary.surroundings = byte(log.connection_state.number());
    summary.last_keepalive = log.last_keepalive.map_or(0, seconds);
    summary.keepalive_interval = log.keepalive_interval;
    if let Some(last) = log.entries.iter().rev().find(decided) {
        summary.last_connection = (last.result != ConnectionResult::Success).into();
        summary.last_connection_at = seconds(last.began);
    }
    if let Some(last) = tunnels().next() {
        summary.last_tunnel_opened = seconds(last.began);
    }
    if let Some((entry, closure)) = log.entries.iter().rev().find_map(closed) {
        summary.last_tunnel = (!entry.admitted || failed(closure)).into();
        summary.last_tunnel_closed = seconds(closure.at);
    }
    if let Some((entry, closure)) =
        tunnels().filter_map(closed).find(|(_, closure)| failed(closure))
    {
        let tunnel = &mut firmware.tunnel;
        tunnel.valid = 1;
        tunnel.opened = seconds(entry.began);
        tunnel.trigger = number(entry.trigger);
        tunnel.mps = Name::new(&entry.mps_host);
        tunnel.proxy_used = entry.proxy.is_some().into();
        tunnel.proxy = Name::new(entry.proxy.as_deref().unwrap_or_default());
        tunnel.authentication = byte(entry.auth.number());
        tunnel.interface = byte(entry.interface.number());
        put(&mut tunnel.closure, closure);
    }
    // Also one that came as far as the login and was turned away.
    let ended =
        |entry: &&Entry| entry.closure.is_some() || entry.result != ConnectionResult::Success;
    let attempts = log.entries.iter().rev().filter(decided).filter(ended);
    if let Some(entry) = attempts.into_iter().find(|entry| !entry.admitted) {
        put_attempt(&mut firmware, entry);
    }
    Some(firmware)
}

fn put_attempt(firmware: &mut Log, entry: &Entry) {
    let attempt = &mut firmware.attempt;
    attempt.valid = 1;
    attempt.began = seconds(entry.began);
    attempt.trigger = number(entry.trigger);
    attempt.mps = Name::new(&entry.mps_host);
    attempt.authentication = byte(entry.auth.number());
    attempt.interface = byte(entry.interface.number());
    let [lan, _] = &mut attempt.interfaces;
    (lan.present, lan.link, lan.ip.dhcp) = (1, 1, 2);
    let [lan, _] = &mut attempt.details;
    lan.outcome = entry.result.number();
    lan.proxy_used = entry.proxy.is_some().into();
    lan.proxy = Name::new(entry.proxy.as_deref().unwrap_or_default());
    lan.tcp = entry.tcp.number();
    lan.tls = entry.tls_alert.unwrap_or_default().into();
    if let Some(closure) = &entry.closure {
        put(&mut attempt.closure, closure);
    }
}

fn put(to: &mut LogClosure, closure: &Closure) {
    to.at = seconds(closure.at);
    to.by = byte(closure.by.number());
    to.apf_reason = closure.apf_reason;
    to.amt_reason = byte(closure.amt_reason.number());
}

fn closed(entry: &Entry) -> Option<(&Entry, &Closure)> {
    entry.closure.as_ref().map(|closure| (entry, closure))
}

/// Whether a tunnel ended with an error.
fn failed(closure: &Closure) -> bool {
    match closure.amt_reason {
        AmtReason::Internal | AmtReason::KeepAlive | AmtReason::Tcp | AmtReason::InvalidApf => true,
        AmtReason::UserRequest
        | AmtReason::TunnelTimer
        | AmtReason::NotApplicable
        | AmtReason::Other(_) => false,
    }
}

/// The log's numbers have a byte each.
fn byte(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// The log's own number.
fn number(trigger: Trigger) -> u8 {
    match trigger {
        Trigger::User => 0,
        Trigger::Alert => 1,
        Trigger::Periodic => 2,
    }
}

fn seconds(at: OffsetDateTime) -> u32 {
    u32::try_from(at.unix_timestamp()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClosedBy, TcpDetail,
        cira_log::{Attempt, Failure},
        remote_access::{Access, InfoFormat, Login, Server},
    };

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap()
    }

    fn begun(log: &mut CiraLog, second: i64) {
        let access =
            Access { info: "mps.example".into(), format: InfoFormat::Fqdn, port: 4433, cn: None };
        let login = Login::Password { user: "u".into(), password: "p".into() };
        let server = Server { number: 0, access, login, root: None };
        log.began(Attempt::new(Trigger::Alert, &server), at(second));
    }

    fn ended(log: &mut CiraLog, second: i64, by: ClosedBy, amt_reason: AmtReason) {
        let closure = Closure { at: at(second), by, apf_reason: 0, amt_reason };
        log.closed(closure, None, String::new());
    }

    #[test]
    fn a_log_without_attempts_is_empty() {
        let log = firmware_log(&CiraLog::default()).unwrap();
        assert_eq!(
            (log.tunnel.valid, log.attempt.valid, log.summary.last_connection_at),
            (0, 0, 0)
        );
    }

    #[test]
    fn the_last_failures_are_those_of_the_latest_entries() {
        let mut log = CiraLog::default();
        begun(&mut log, 100);
        log.connected(None);
        log.admitted();
        ended(&mut log, 110, ClosedBy::Amt, AmtReason::KeepAlive);
        begun(&mut log, 200);
        let tls = Failure {
            result: ConnectionResult::Tls,
            tcp: TcpDetail::Ok,
            tls_alert: Some(48),
            note: String::new(),
        };
        log.failed(tls);
        let firmware = firmware_log(&log).unwrap();
        assert_eq!((firmware.tunnel.opened, firmware.tunnel.trigger), (100, 1));
        assert_eq!((firmware.tunnel.closure.at, firmware.tunnel.closure.amt_reason), (110, 3));
        let attempt = &firmware.attempt;
        assert_eq!((attempt.began, attempt.mps.as_str()), (200, "mps.example"));
        assert_eq!((attempt.details[0].outcome, attempt.details[0].tls), (4, 48));
        assert_eq!((firmware.summary.last_connection, firmware.summary.last_tunnel), (1, 1));

        // A tunnel that ended as it should hides no failure, and is none.
        begun(&mut log, 300);
        log.connected(None);
        log.admitted();
        ended(&mut log, 310, ClosedBy::Amt, AmtReason::TunnelTimer);
        let firmware = firmware_log(&log).unwrap();
        assert_eq!((firmware.tunnel.opened, firmware.attempt.began), (100, 200));
        assert_eq!((firmware.summary.last_connection, firmware.summary.last_tunnel), (0, 0));
        assert_eq!(firmware.summary.last_tunnel_opened, 300);
    }

    #[test]
    fn who_is_turned_away_at_the_login_had_no_tunnel() {
        let mut log = CiraLog::default();
        begun(&mut log, 100);
        log.connected(None);
        ended(&mut log, 101, ClosedBy::Mps, AmtReason::NotApplicable);
        let firmware = firmware_log(&log).unwrap();
        assert_eq!((firmware.tunnel.valid, firmware.attempt.began), (0, 100));
        assert_eq!((firmware.attempt.details[0].outcome, firmware.attempt.closure.by), (5, 1));
        assert_eq!((firmware.summary.last_connection, firmware.summary.last_tunnel), (0, 1));
        assert_eq!(firmware.summary.last_tunnel_opened, 0);
    }
}
