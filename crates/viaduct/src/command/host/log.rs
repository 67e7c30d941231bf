//! Firmware's CIRA log in words, and as JSON.

use amt::{
    cira_log::{
        AmtReason, AuthMethod, ClosedBy, ConnectionResult, Interface, LogTrigger, Surroundings,
        TcpDetail, apf_reason,
    },
    host_interface::log::{CiraLog, Closure, Detail, InterfaceData},
};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_server::tls::alert_words;

const PLACES: [&str; 2] = ["LAN", "wireless LAN"];

pub(super) fn as_text(log: &CiraLog) -> String {
    let summary = &log.summary;
    let mut lines = vec![
        format!("Tunnel           {}", if summary.tunnel_open == 1 { "open" } else { "closed" }),
        format!("Network          {}", Surroundings::of(summary.surroundings.into())),
    ];
    if summary.last_keepalive != 0 {
        lines.push(format!(
            "Keep-alive       every {} s, last {}",
            summary.keepalive_interval,
            moment(summary.last_keepalive)
        ));
    }
    if summary.last_connection_at != 0 {
        let how = if summary.last_connection == 0 { "succeeded" } else { "failed" };
        lines.push(format!("Last attempt     {how}, {}", moment(summary.last_connection_at)));
    }
    if summary.last_tunnel_opened != 0 {
        lines.push(format!("Last tunnel      opened {}", moment(summary.last_tunnel_opened)));
    }
    if summary.last_tunnel_closed != 0 {
        let how = if summary.last_tunnel == 0 { "as it should" } else { "with an error" };
        let at = moment(summary.last_tunnel_closed);
        lines.push(format!("                 closed {at}, {how}"));
    }
    if summary.last_connection_at == 0 {
        lines.push("It has not dialled in yet.".to_owned());
    }
    lines.extend(tunnel_lines(log));
    lines.extend(attempt_lines(log));
    lines.join("\n")
}

fn tunnel_lines(log: &CiraLog) -> Vec<String> {
    let tunnel = &log.tunnel;
    if tunnel.valid == 0 {
        return Vec::new();
    }
    vec![
        String::new(),
        "The last tunnel that ended with an error".to_owned(),
        format!(
            "  with           {}{}",
            tunnel.mps.as_str(),
            through(tunnel.proxy_used, tunnel.proxy.as_str())
        ),
        format!("  opened         {}", moment(tunnel.opened)),
        format!("  because of     {}", LogTrigger::of(tunnel.trigger.into())),
        format!("  signed in with {}", AuthMethod::of(tunnel.authentication.into())),
        format!("  over           {}", Interface::of(tunnel.interface.into())),
        format!("  ended          {}", closure(&tunnel.closure)),
    ]
}

fn attempt_lines(log: &CiraLog) -> Vec<String> {
    let attempt = &log.attempt;
    if attempt.valid == 0 {
        return Vec::new();
    }
    let mut lines = vec![
        String::new(),
        "The last attempt that led to no tunnel".to_owned(),
        format!("  to             {}", attempt.mps.as_str()),
        format!("  began          {}", moment(attempt.began)),
        format!("  because of     {}", LogTrigger::of(attempt.trigger.into())),
        format!("  signing in with {}", AuthMethod::of(attempt.authentication.into())),
    ];
    for ((place, detail), data) in PLACES.iter().zip(&attempt.details).zip(&attempt.interfaces) {
        if data.present != 0 || detail.outcome != 0 {
            lines.push(format!("  {place:<14} {}{}", outcome(detail), network(data)));
        }
    }
    if attempt.closure.at != 0 {
        lines.push(format!("  ended          {}", closure(&attempt.closure)));
    }
    lines
}

fn outcome(detail: &Detail) -> String {
    let outcome = ConnectionResult::of(detail.outcome);
    let why = match outcome {
        ConnectionResult::Tcp => format!(": {}", TcpDetail::of(detail.tcp)),
        ConnectionResult::Tls => match u8::try_from(detail.tls) {
            Ok(alert) => {
                let (what, next) = alert_words(alert);
                format!(", alert {alert}: {what}; {next}")
            }
            Err(_) => format!(", {}", detail.tls),
        },
        _ => String::new(),
    };
    let why =
        if outcome == ConnectionResult::Success { ", but not let in".to_owned() } else { why };
    format!("{outcome}{why}{}", through(detail.proxy_used, detail.proxy.as_str()))
}

fn network(data: &InterfaceData) -> String {
    if data.present == 0 {
        return String::new();
    }
    let link = if data.link == 1 { "link up" } else { "link down" };
    match Ipv4Addr::from(data.ip.address) {
        address if address.is_unspecified() => format!(" ({link})"),
        address => format!(" ({link}, {address})"),
    }
}

fn through(used: u8, proxy: &str) -> String {
    if used == 0 { String::new() } else { format!(" through the proxy {proxy}") }
}

fn closure(closure: &Closure) -> String {
    let by = ClosedBy::of(closure.by.into());
    let mut text = format!("{}, by {by}", moment(closure.at));
    if closure.apf_reason != 0 {
        let reason = apf_reason(closure.apf_reason);
        text.push_str(&format!(", APF reason {} ({reason})", closure.apf_reason));
    }
    match AmtReason::of(closure.amt_reason.into()) {
        AmtReason::NotApplicable => text,
        reason => format!("{text}: {reason}"),
    }
}

pub(super) fn as_json(log: &CiraLog) -> Value {
    let summary = &log.summary;
    let tunnel = &log.tunnel;
    let attempt = &log.attempt;
    json!({
        "version": log.version,
        "tunnelOpen": summary.tunnel_open == 1,
        "network": Surroundings::of(summary.surroundings.into()).to_string(),
        "lastKeepAlive": time(summary.last_keepalive),
        "keepAliveInterval": summary.keepalive_interval,
        "lastConnection": {
            "succeeded": summary.last_connection == 0,
            "at": time(summary.last_connection_at),
        },
        "lastTunnel": {
            "failed": summary.last_tunnel != 0,
            "opened": time(summary.last_tunnel_opened),
            "closed": time(summary.last_tunnel_closed),
        },
        "failedTunnel": (tunnel.valid != 0).then(|| json!({
            "opened": time(tunnel.opened),
            "trigger": LogTrigger::of(tunnel.trigger.into()).to_string(),
            "mps": tunnel.mps.as_str(),
            "proxy": proxy(tunnel.proxy_used, tunnel.proxy.as_str()),
            "authentication": AuthMethod::of(tunnel.authentication.into()).to_string(),
            "interface": Interface::of(tunnel.interface.into()).to_string(),
            "lastKeepAlive": time(tunnel.last_keepalive),
            "keepAliveInterval": tunnel.keepalive_interval,
            "closure": closure_json(&tunnel.closure),
        })),
        "failedAttempt": (attempt.valid != 0).then(|| json!({
            "began": time(attempt.began),
            "trigger": LogTrigger::of(attempt.trigger.into()).to_string(),
            "mps": attempt.mps.as_str(),
            "authentication": AuthMethod::of(attempt.authentication.into()).to_string(),
            "interface": Interface::of(attempt.interface.into()).to_string(),
            "lan": place_json(&attempt.details[0], &attempt.interfaces[0]),
            "wireless": place_json(&attempt.details[1], &attempt.interfaces[1]),
            "closure": closure_json(&attempt.closure),
        })),
    })
}

fn place_json(detail: &Detail, data: &InterfaceData) -> Value {
    json!({
        "present": data.present != 0,
        "linkUp": data.link == 1,
        "address": Ipv4Addr::from(data.ip.address).to_string(),
        "domain": data.ip.domain.as_str(),
        "outcome": ConnectionResult::of(detail.outcome).to_string(),
        "tcp": TcpDetail::of(detail.tcp).to_string(),
        "tlsAlert": detail.tls,
        "proxy": proxy(detail.proxy_used, detail.proxy.as_str()),
    })
}

fn closure_json(closure: &Closure) -> Option<Value> {
    (closure.at != 0).then(|| {
        json!({
            "at": time(closure.at),
            "by": ClosedBy::of(closure.by.into()).to_string(),
            "apfReason": closure.apf_reason,
            "apfReasonWords": apf_reason(closure.apf_reason),
            "amtReason": AmtReason::of(closure.amt_reason.into()).to_string(),
        })
    })
}

fn proxy(used: u8, name: &str) -> Option<&str> {
    (used != 0).then_some(name)
}

/// Seconds since 1970 as text; none for 0.
fn time(seconds: u32) -> Option<String> {
    (seconds != 0).then(|| moment(seconds))
}

fn moment(seconds: u32) -> String {
    OffsetDateTime::from_unix_timestamp(seconds.into())
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
