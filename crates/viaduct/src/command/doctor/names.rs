//! Names that PCs are told: do they resolve, and does the device port answer there?

use super::{Patient, finding::Findings};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// A connection takes at most so long.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(patient: &Patient, findings: &mut Findings) {
    let Some(config) = &patient.config else { return };
    let names: Vec<&String> = config.cira.names.iter().collect();
    if names.is_empty() {
        return findings.warning(
            "names",
            "no name is set that PCs use to reach this server",
            "Until then they are told this machine's host name, which is seldom one that works outside.",
            "Set names = [\"mps.example.com\"] under [cira] before the first PC is added.",
        );
    }
    let port = match &patient.server {
        Some((_, status)) => {
            let first = status.addresses.cira.first().and_then(|a| a.parse::<SocketAddr>().ok());
            first.map_or(config.cira.listen.port(), |address| address.port())
        }
        None => config.cira.listen.port(),
    };
    for name in names {
        one(name, port, patient.server.is_some(), findings).await;
    }
}

async fn one(name: &str, port: u16, running: bool, findings: &mut Findings) {
    if let Ok(address) = name.parse::<IpAddr>() {
        if !address.is_loopback() {
            findings.warning(
                "names",
                format!("PCs are told the bare address {name}"),
                "It cannot change later without touching each PC.",
                "Use a DNS name; names = [\"NAME\", \"ADDRESS\"] keeps both for a while.",
            );
        }
        return;
    }
    let found = timeout(PATIENCE, lookup_host((name, port))).await;
    let addresses: Vec<SocketAddr> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return unresolved(name, &error.to_string(), findings),
        Err(_) => return unresolved(name, "no answer in time", findings),
    };
    let kind = |v6: bool| addresses.iter().filter(move |address| address.is_ipv6() == v6);
    let kinds: Vec<&str> = [(false, "A"), (true, "AAAA")]
        .into_iter()
        .filter(|(v6, _)| kind(*v6).next().is_some())
        .map(|(_, word)| word)
        .collect();
    findings.ok("names", format!("{name} resolves ({})", kinds.join(", ")));
    if !running {
        return;
    }
    for (v6, word) in [(false, "IPv4"), (true, "IPv6")] {
        let Some(address) = kind(v6).next() else { continue };
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => findings.ok("names", format!("{name}:{port} answers on {word} from here")),
            _ => findings.warning(
                "names",
                format!("{name}:{port} does not answer on {word} from here ({address})"),
                format!("PCs that take the {word} address get no further."),
                "Open the port in the firewall or forward it; where that cannot be, remove the DNS record. Seen from inside, a router may not lead back: try from outside as well.",
            ),
        }
    }
}

fn unresolved(name: &str, why: &str, findings: &mut Findings) {
    findings.problem(
        "names",
        format!("{name} does not resolve here: {why}"),
        "PCs are told this name, and look for it in DNS.",
        "Make an A or AAAA record for it, also in the DNS that the PCs use outside.",
    );
}
