//! `--hardening`: is the server guarded as what it is, the master of every PC?

use super::{Patient, finding::Findings};
use crate::client::Client;
use std::{fs, net::SocketAddr};
use viaduct_api::{Token, User};
use viaduct_server::{Config, config::Profile};

pub(super) async fn look(patient: &Patient, findings: &mut Findings) {
    if let Some(config) = &patient.config {
        listeners(config, findings);
        if config.events.webhooks.is_empty() && config.events.mqtt.is_none() {
            findings.warning(
                "hardening",
                "nothing outside this machine is told what happens",
                "Who takes over the machine can delete its only record, though not change it unseen.",
                "Send events to a webhook or a broker ([events]), or export regularly: viaduct audit export.",
            );
        }
    }
    if let Some((client, status)) = &patient.server {
        if patient.here {
            process(status.pid, findings);
        }
        people(client, findings).await;
    }
    if patient.here {
        swap(findings);
    }
}

fn listeners(config: &Config, findings: &mut Findings) {
    let before = findings.0.len();
    for (key, address, why) in [
        (
            "socks.listen",
            config.socks.enabled.then_some(config.socks.listen),
            "It carries sign-ins without encryption.",
        ),
        (
            "http_proxy.listen",
            config.http_proxy.enabled.then_some(config.http_proxy.listen),
            "It carries sign-ins without encryption.",
        ),
        (
            "metrics.listen",
            config.metrics.enabled.then_some(config.metrics.listen),
            "It asks for no sign-in.",
        ),
        ("web.plain_listen", config.web.plain_listen, "It carries tokens without encryption."),
    ] {
        if let Some(address) = address.filter(|address| !address.ip().is_loopback()) {
            findings.warning(
                "hardening",
                format!("{key} is reachable from other machines ({address})"),
                why,
                format!("Let it listen on 127.0.0.1, or let a firewall allow only those who need port {}.", address.port()),
            );
        }
    }
    let legacy =
        config.cira.extra.iter().filter(|extra| extra.tls && extra.profile == Profile::Legacy);
    let main = (config.cira.profile == Profile::Legacy).then_some(config.cira.listen);
    for address in legacy.map(|extra| extra.listen).chain(main) {
        findings.warning(
            "hardening",
            format!("{address} accepts TLS 1.0 and 1.1"),
            "Only firmware before AMT 11.8 needs it, and it can be attacked on the way.",
            "Take the listener out when the last old PC is gone.",
        );
    }
    if findings.0.len() == before {
        findings.ok(
            "hardening",
            "only devices and the web are reachable from other machines, without old TLS",
        );
    }
    let same = |a: SocketAddr, b: SocketAddr| a.ip() == b.ip() && !a.ip().is_loopback();
    if same(config.cira.listen, config.web.listen) {
        findings.note(
            "hardening",
            "dashboard and device port share a network",
            "Give web.listen an address of the administrators' network.",
        );
    }
    findings.note(
        "hardening",
        format!(
            "a firewall needs to let in port {} for PCs and port {} for administrators, and nothing else",
            config.cira.listen.port(),
            config.web.listen.port()
        ),
        "",
    );
}

/// The server's own process: its user, and whether it may leave its memory on the disk.
fn process(pid: u32, findings: &mut Findings) {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return };
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1));
    match uid {
        Some("0") => findings.warning(
            "hardening",
            "the server runs as root",
            "A fault in it would be one of the whole machine.",
            "Run it under deploy/viaduct.service, which gives it a user of its own.",
        ),
        Some(uid) => {
            findings.ok("hardening", format!("the server runs as user {uid}, not as root"));
        }
        None => {}
    }
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    if core.is_some_and(|line| line.split_whitespace().nth(4) != Some("0")) {
        findings.warning(
            "hardening",
            "the server may write core dumps",
            "They hold keys and passwords.",
            "LimitCORE=0 in the systemd unit, or `ulimit -c 0` before the start.",
        );
    }
}

fn swap(findings: &mut Findings) {
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let on_disk = swaps.lines().skip(1).filter(|line| !line.starts_with("/dev/zram")).count();
    if on_disk > 0 {
        findings.warning(
            "hardening",
            "this machine swaps to disk",
            "Keys and passwords may end up there.",
            "Encrypt the swap (crypttab: swap with a random key), or switch it off.",
        );
    } else {
        findings.ok("hardening", "no swap on disk");
    }
}

async fn people(client: &Client, findings: &mut Findings) {
    let users: Vec<User> = client.get("/users").await.unwrap_or_default();
    let powerful = |user: &&User| matches!(user.role.as_str(), "owner" | "admin") && !user.disabled;
    let weak: Vec<&str> = users
        .iter()
        .filter(powerful)
        .filter(|user| !user.second_factor)
        .map(|user| user.name.as_str())
        .collect();
    if users.is_empty() {
        findings.note(
            "hardening",
            "no user exists yet, and no default one does",
            "Open the setup link that `viaduct serve` printed.",
        );
    } else if weak.is_empty() {
        findings.ok("hardening", "every administrator has a second factor");
    } else {
        findings.warning(
            "hardening",
            format!("administrators without a second factor: {}", weak.join(", ")),
            "One password is all that stands before every PC.",
            "Each of them sets one up on the dashboard, under their name.",
        );
    }
    let tokens: Vec<Token> = client.get("/tokens").await.unwrap_or_default();
    let endless: Vec<&str> = tokens
        .iter()
        .filter(|token| token.expires.is_none())
        .map(|token| token.name.as_str())
        .collect();
    if !endless.is_empty() {
        findings.warning(
            "hardening",
            format!("tokens that never expire: {}", endless.join(", ")),
            "A token that leaks is good for ever.",
            "Make them with --expires 90d, and revoke these: viaduct tokens revoke NAME.",
        );
    }
}
