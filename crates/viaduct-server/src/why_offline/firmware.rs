//! What the PC's own CIRA log adds: the other end of the same story.

use crate::tls::alert_words;
use amt::cira_log::{AmtReason, CiraLog, ConnectionResult, Surroundings, TcpDetail, UnreadableLog};
use serde_json::Value;
use viaduct_api::{Check, Code, Seen, WhyOffline};

/// Reads a log in any of its forms.
///
/// # Errors
/// When it is none.
pub(crate) fn read(log: &[u8]) -> Result<CiraLog, UnreadableLog> {
    if let Some(firmware) = CiraLog::from_bytes(log) {
        return Ok(firmware);
    }
    let text = std::str::from_utf8(log).map_err(|_| UnreadableLog)?;
    if !text.trim_start().starts_with(['{', '[']) {
        return CiraLog::from_text(text);
    }
    let value: Value = serde_json::from_str(text).map_err(|_| UnreadableLog)?;
    let mut pairs = Vec::new();
    flatten("", &value, &mut pairs);
    CiraLog::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// Names and values in order, whatever they are nested in.
fn flatten(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| flatten(name, value, pairs)),
        Value::Array(list) => list.iter().for_each(|value| flatten(name, value, pairs)),
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Number(number) => pairs.push((name.to_owned(), number.to_string())),
        Value::Bool(truth) => pairs.push((name.to_owned(), truth.to_string())),
        Value::Null => {}
    }
}

/// Adds what the PC says, and lets its word decide where it is the surer one.
pub(crate) fn add(why: &mut WhyOffline, log: &CiraLog, names: &[String]) {
    let says = |seen, text: String| Check {
        seen,
        about: "the PC says".to_owned(),
        text,
        said: Vec::new(),
    };
    why.checks.extend(surroundings(log).map(|(seen, text)| says(seen, text)));
    let known = |host: &str| names.iter().any(|name| name.eq_ignore_ascii_case(host));
    if let Some(host) = log.host.as_deref() {
        let (seen, text) = match known(host) {
            true => (Seen::Good, format!("it dials {host}, which is a name of this server")),
            false => (Seen::Bad, format!("it dials {host}, which is no name of this server")),
        };
        why.checks.push(says(seen, text));
    }
    why.checks.extend(attempt(log).map(|(seen, text)| says(seen, text)));
    why.checks.extend(closure(log).map(|text| says(Seen::Neutral, text)));
    if why.connected {
        return;
    }
    if let Some((likely, next, code)) = cause(log, &why.name, &known) {
        why.likely = likely;
        why.cause = None;
        why.next = next;
        why.code = code.map(|code| code.as_str().to_owned());
    }
}

fn surroundings(log: &CiraLog) -> Option<(Seen, String)> {
    Some(match log.surroundings? {
        Surroundings::Inside => {
            (Seen::Bad, "it believes it is at home, so it will not call".to_owned())
        }
        Surroundings::CorporateOutside => {
            (Seen::Neutral, "it is on the company's network, seen from outside".to_owned())
        }
        Surroundings::Outside => (Seen::Good, "it believes it is outside".to_owned()),
        Surroundings::Other(_) => return None,
    })
}

fn attempt(log: &CiraLog) -> Option<(Seen, String)> {
    let text = match log.attempt? {
        ConnectionResult::Success => {
            return Some((Seen::Good, "its last attempt succeeded".to_owned()));
        }
        ConnectionResult::InProgress => {
            return Some((Seen::Neutral, "an attempt is under way".to_owned()));
        }
        ConnectionResult::NotApplicable | ConnectionResult::Other(_) => return None,
        ConnectionResult::Internal => "its last attempt failed inside the firmware".to_owned(),
        ConnectionResult::Dns => {
            "its last attempt failed, because it does not find the server's name".into()
        }
        ConnectionResult::Tcp => format!(
            "its last attempt got no TCP connection{}",
            match log.tcp {
                Some(TcpDetail::Timeout) => ": no answer",
                Some(TcpDetail::Reset) => ": refused or reset",
                Some(TcpDetail::Unreachable) => ": no route",
                Some(TcpDetail::General | TcpDetail::Ok | TcpDetail::Other(_)) | None => "",
            }
        ),
        ConnectionResult::Tls => match log.tls_alert {
            Some(alert) => {
                format!("its last attempt failed in TLS, alert {alert} ({})", alert_words(alert).0)
            }
            None => "its last attempt failed in TLS".to_owned(),
        },
    };
    Some((Seen::Bad, text))
}

fn closure(log: &CiraLog) -> Option<String> {
    let who = if log.closed_by_server? { "the server" } else { "it" };
    let why = match log.closure? {
        AmtReason::UserRequest => "a user asked for it",
        AmtReason::TunnelTimer => "nothing happened for the life time of its policy",
        AmtReason::Internal => "the firmware failed",
        AmtReason::KeepAlive => "keep-alives were not answered",
        AmtReason::Tcp => "the connection broke",
        AmtReason::InvalidApf => "it did not understand an APF message",
        AmtReason::NotApplicable | AmtReason::Other(_) => return None,
    };
    Some(format!("the last tunnel that failed was ended by {who}: {why}"))
}

type Cause = (String, Vec<String>, Option<Code>);

/// What the log alone decides, the surest first.
fn cause(log: &CiraLog, name: &str, known: &dyn Fn(&str) -> bool) -> Option<Cause> {
    let some = |likely: String, next: &[&str], code| {
        Some((likely, next.iter().map(|&step| step.to_owned()).collect(), code))
    };
    if log.surroundings == Some(Surroundings::Inside) {
        return some(
            "the PC believes it is at home, so it will not call".into(),
            &[
                "where it is now, reach it over the local network: viaduct enroll lan ADDRESS writes a suffix that no network has",
                "or change its suffixes once it is here: viaduct remote-access set DEVICE --always-outside",
            ],
            None,
        );
    }
    let host = log.host.clone().unwrap_or_else(|| "the server".to_owned());
    if log.host.as_deref().is_some_and(|host| !known(host)) {
        return some(
            format!(
                "it dials {host}, and this server has no such name: it was configured for another server, or before a change of name"
            ),
            &[
                &format!("if {host} should lead here, put it in [cira] names"),
                "otherwise enroll it again: viaduct enroll lan ADDRESS",
            ],
            None,
        );
    }
    match log.attempt? {
        ConnectionResult::Dns => some(
            format!("the PC's network does not know the name {host}"),
            &[
                "check the name in the DNS of the PC's network, and the DNS server that DHCP gives AMT",
            ],
            None,
        ),
        ConnectionResult::Tcp => some(
            format!("the PC's network does not let it reach {host}"),
            &["try the server's device port from the PC's network", "check firewalls on the way"],
            None,
        ),
        ConnectionResult::Tls => {
            let alert = log.tls_alert.unwrap_or_default();
            let (meaning, advice) = alert_words(alert);
            let certificate = matches!(alert, 42..=46 | 48);
            let code = if certificate { Code::RootUnknown } else { Code::TlsMismatch };
            some(
                format!(
                    "the PC and {host} do not agree in TLS: {meaning} (alert {alert}, from the PC's own log)"
                ),
                &[advice, "viaduct cert show: compare root and common name with what the PC holds"],
                Some(code),
            )
        }
        ConnectionResult::Success if log.apf_reason == Some(14) => some(
            "the server refused its CIRA user or password".into(),
            &[&format!("put {name}'s credential into the PC again, or enroll it again")],
            Some(Code::WrongCredential),
        ),
        ConnectionResult::NotApplicable
        | ConnectionResult::Internal
        | ConnectionResult::Success
        | ConnectionResult::InProgress
        | ConnectionResult::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why() -> WhyOffline {
        WhyOffline {
            guid: "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap(),
            name: "pc".into(),
            connected: false,
            summary: String::new(),
            checks: Vec::new(),
            likely: "nothing was seen".into(),
            next: Vec::new(),
            code: None,
            said: None,
            cause: None,
        }
    }

    fn told(log: &str) -> WhyOffline {
        let mut why = why();
        add(&mut why, &read(log.as_bytes()).unwrap(), &["mps.example".into()]);
        why
    }

    #[test]
    fn a_pc_at_home_will_not_call() {
        let why = told(r#"{"connection_state":"inside","entries":[]}"#);
        assert!(why.likely.contains("at home"), "{why:?}");
        assert_eq!(why.checks.len(), 1);
    }

    #[test]
    fn the_alert_in_the_log_names_the_certificate_as_the_cause() {
        let why = told(
            "CurrentConnectionState = 2 (Outside)\nMpsHostname = mps.example\nConnectionStatus = 4\nTlsFailureCode = 48",
        );
        assert_eq!(why.code.as_deref(), Some("E2060"));
        assert!(why.likely.contains("unknown CA"), "{}", why.likely);
    }

    #[test]
    fn another_server_s_name_is_seen() {
        let why = told("MpsHostname = other.example\nConnectionStatus = 3\nTcpFailureCode = 2");
        assert!(why.likely.contains("other.example"), "{}", why.likely);
    }

    #[test]
    fn a_log_that_says_nothing_certain_leaves_the_server_s_own_view() {
        let why = told("IsTunnelOpened = 0\nCurrentConnectionState = 2");
        assert_eq!(why.likely, "nothing was seen");
        assert!(read(b"\xff\xfe").is_err() && read(b"{}").is_err());
    }
}
