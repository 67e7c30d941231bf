//! Listeners: do they answer, and who has their ports? And those that are told of events: can they be reached?

use super::{Patient, finding::Findings};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use viaduct_server::{Config, config::port_owner::port_owner};

/// A connection takes at most so long.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(patient: &Patient, findings: &mut Findings) {
    if !patient.here {
        return;
    }
    match (&patient.server, &patient.config) {
        (Some((_, status)), _) => {
            let addresses = &status.addresses;
            let mut listeners: Vec<(&str, &str)> =
                addresses.cira.iter().map(|address| ("devices", address.as_str())).collect();
            listeners.push(("web", &addresses.web));
            for (name, address) in [
                ("plain web", &addresses.web_plain),
                ("SOCKS5", &addresses.socks),
                ("HTTP proxy", &addresses.http_proxy),
                ("metrics", &addresses.metrics),
            ] {
                listeners.extend(address.as_deref().map(|address| (name, address)));
            }
            for (name, address) in listeners {
                answers(name, address, status.pid, findings).await;
            }
        }
        (None, Some(config)) => free(config, findings),
        (None, None) => {}
    }
    if let Some(config) = &patient.config {
        receivers(config, findings).await;
    }
}

async fn answers(name: &str, address: &str, pid: u32, findings: &mut Findings) {
    let Ok(address) = address.parse::<SocketAddr>() else { return };
    let owner = port_owner(address);
    if let Some(other) = owner.filter(|owner| owner.pid.is_some_and(|p| p != pid)) {
        findings.problem(
            "ports",
            format!(
                "port {} ({name}) belongs to {other}, not to the server (pid {pid})",
                address.port()
            ),
            "Whoever connects reaches the other program.",
            "Stop that program, or give the listener another port.",
        );
        return;
    }
    match timeout(PATIENCE, TcpStream::connect(reachable(address))).await {
        Ok(Ok(_)) => findings.ok("ports", format!("{name} answers on {address}")),
        _ => findings.problem(
            "ports",
            format!("{name} does not answer on {address}"),
            "The server says that it listens there.",
            "Look at a firewall of this machine, and at the server's log.",
        ),
    }
}

/// All addresses are reached through loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Nothing runs: are the ports free for it?
fn free(config: &Config, findings: &mut Findings) {
    let mut listeners =
        vec![("cira.listen", config.cira.listen), ("web.listen", config.web.listen)];
    listeners.extend(config.cira.extra.iter().map(|extra| ("cira.extra.listen", extra.listen)));
    listeners.extend(config.socks.enabled.then_some(("socks.listen", config.socks.listen)));
    listeners.extend(
        config.http_proxy.enabled.then_some(("http_proxy.listen", config.http_proxy.listen)),
    );
    listeners.extend(config.metrics.enabled.then_some(("metrics.listen", config.metrics.listen)));
    for (key, address) in listeners {
        match port_owner(address) {
            None => findings.ok("ports", format!("{key} {address} is free")),
            Some(owner) => findings.problem(
                "ports",
                format!("{key} {address} is used by {owner} (E1001)"),
                "The server does not start, or PCs reach the other program.",
                format!("Stop that program, or start with --set {key}=ADDRESS:PORT."),
            ),
        }
    }
}

async fn receivers(config: &Config, findings: &mut Findings) {
    let hooks = config.events.webhooks.iter().map(|hook| hook.url.as_str());
    for url in hooks.chain(config.events.mqtt.iter().map(|mqtt| mqtt.url.as_str())) {
        let Some(place) = authority(url) else { continue };
        match timeout(PATIENCE, TcpStream::connect(&place)).await {
            Ok(Ok(_)) => findings.ok("events", format!("{place} answers")),
            Ok(Err(error)) => unreached(&place, &error.to_string(), findings),
            Err(_) => unreached(&place, "no answer in time", findings),
        }
    }
}

fn unreached(place: &str, why: &str, findings: &mut Findings) {
    findings.warning(
        "events",
        format!("{place}, which is told of events, cannot be reached: {why}"),
        "Events wait for it as long as the history remembers them.",
        "Start the receiver, or correct [events] in viaduct.toml.",
    );
}

/// `HOST:PORT` of a URL; user, path and query are left out.
fn authority(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let port = match scheme {
        "https" => 443,
        "http" => 80,
        "mqtts" => 8883,
        _ => 1883,
    };
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { place.to_owned() } else { format!("{place}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_url_has_a_port_and_no_secret() {
        for (url, place) in [
            ("https://hooks.example.com/x?y=z", "hooks.example.com:443"),
            ("mqtt://user:secret@broker:1884", "broker:1884"),
            ("mqtts://[::1]", "[::1]:8883"),
        ] {
            assert_eq!(authority(url).as_deref(), Some(place));
        }
    }
}
