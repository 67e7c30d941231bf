//! `--device`: is a PC as it must be to come back and to be of use?

use super::finding::{Findings, Level};
use crate::{
    client::{Client, segment},
    failure::{Failure, Result},
};
use serde_json::Value;
use viaduct_api::{Device, Notice, RemoteAccess, WhyOffline};

/// So many seconds a clock may be off before certificates and logs suffer.
const CLOCK_OFF: i64 = 300;
/// What consoles use of a PC: ports of which one must be open, and what they are for.
const USES: [([u16; 2], &str); 2] =
    [([16992, 16993], "commands"), ([16994, 16995], "the serial console and drives")];

/// Exit code 5 when there is no such PC.
pub(super) async fn look(client: &Client, name: &str, findings: &mut Findings) -> Result<()> {
    let device: Device = client.get(&format!("/devices/{}", segment(name))).await?;
    let path = segment(&device.guid.to_string());
    let why: WhyOffline = client.get(&format!("/devices/{path}/why-offline")).await?;
    connection(&why, findings);
    kept(&device, findings);
    if !why.connected {
        let next = format!("viaduct doctor --device {}", device.name);
        let unseen = "its engine, its clock and its ways back are looked at when it is connected";
        findings.note("device", unseen, &next);
        return Ok(());
    }
    ports(&device, findings);
    match client.get::<Value>(&format!("/amt/time/{path}")).await {
        Ok(time) => clock(&time, findings),
        // Whatever else is asked fails the same way.
        Err(failure) => {
            asked(&failure, findings);
            return Ok(());
        }
    }
    match client.get::<Value>(&format!("/amt/features/{path}")).await {
        Ok(features) => uses(&device.name, &features, findings),
        Err(failure) => asked(&failure, findings),
    }
    match client.get::<RemoteAccess>(&format!("/remote-access/{path}")).await {
        Ok(found) => way_back(&device.name, &found, findings),
        Err(failure) => asked(&failure, findings),
    }
    Ok(())
}

fn asked(failure: &Failure, findings: &mut Findings) {
    findings.problem("engine", failure.detail(), failure.title(), failure.next_step());
}

fn connection(why: &WhyOffline, findings: &mut Findings) {
    if why.connected {
        return findings.ok("tunnel", why.summary.clone());
    }
    let code = why.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    let likely = format!("Most likely {}{code}.", why.likely.trim_end_matches('.'));
    findings.problem("tunnel", why.summary.clone(), likely, why.next.join(" Then: "));
}

/// What the server keeps of it.
fn kept(device: &Device, findings: &mut Findings) {
    if device.has_amt_password {
        findings.ok("password", "its AMT password is kept here");
    } else {
        findings.warning(
            "password",
            "its AMT password is not kept here",
            "Commands, screen and serial console need it; only consoles that bring their own can work with it.",
            format!("viaduct devices password {} --amt-password-file FILE", device.name),
        );
    }
    let name = &device.name;
    for notice in &device.notices {
        match notice {
            Notice::Credentials => findings.problem(
                "password",
                "it refuses the AMT password that is kept here (E2010)",
                "Somebody changed it on the PC; nothing is tried again with the old one, so that it locks nobody out.",
                format!("viaduct devices password {name} --amt-password-file FILE"),
            ),
            Notice::Identity => findings.problem(
                "identity",
                match &device.conflict[..] {
                    [] => "two machines use its UUID (E2023)".to_owned(),
                    all => format!("two machines use its UUID, at {} (E2023)", all.join(" and ")),
                },
                "Commands could reach the wrong one.",
                "Change the UUID of one of them in its BIOS.",
            ),
            Notice::Certificate => findings.warning(
                "certificates",
                "the certificate of its own TLS ports ends within 30 days, or has ended",
                "Consoles that check it will refuse to talk to it.",
                format!("Give it a new one; viaduct amt certificates {name} lists those it has."),
            ),
            // These show where the tunnel and the features are looked at.
            Notice::Silent => findings.warning(
                "tunnel",
                "a keep-alive of its tunnel is missing",
                "It may be gone without a word; what is sent to it may get no answer.",
                format!("Wait until it is dropped or heard again, or: viaduct devices reconnect {name}"),
            ),
            Notice::Consent | Notice::NotBack | Notice::Other => {}
        }
    }
}

fn ports(device: &Device, findings: &mut Findings) {
    let before = findings.0.len();
    for (wanted, what) in USES {
        if !wanted.iter().any(|port| device.ports.contains(port)) {
            findings.problem(
                "ports",
                format!("neither port {} nor {} is open through its tunnel", wanted[0], wanted[1]),
                format!("So {what} cannot reach it."),
                "Another program or policy may keep AMT's port closed; `viaduct devices reconnect` makes it tell its ports anew.",
            );
        }
    }
    if findings.0.len() == before {
        let all: Vec<String> = device.ports.iter().map(u16::to_string).collect();
        findings.ok("ports", format!("{} are open through its tunnel", all.join(", ")));
    }
}

fn clock(time: &Value, findings: &mut Findings) {
    let off = time["offsetSeconds"].as_i64().unwrap_or_default();
    if off.abs() > CLOCK_OFF {
        findings.warning(
            "clock",
            format!("the clock of its engine is {off} s off"),
            "It judges certificates by it, and its logs carry its time.",
            "It takes the time of whoever configures it; enrolling it again (`viaduct enroll lan`) sets it.",
        );
    } else {
        findings.ok("engine", "AMT answers with the password that is kept, and its clock is right");
    }
}

/// What is switched on.
fn uses(name: &str, features: &Value, findings: &mut Findings) {
    let before = findings.0.len();
    let is_off = |key: &str| features[key] == false;
    let switches = [
        ("KVM", "kvm", "screen", is_off("KVM") && features["kvmAvailable"] != false),
        ("SOL", "sol", "serial console", is_off("SOL")),
        ("IDER", "ider", "drives", is_off("IDER")),
    ];
    for (key, option, what, off) in switches {
        if off {
            let next = format!("viaduct amt features {name} --{option} on");
            findings.note("features", format!("{key} is off: no {what}"), &next);
        }
    }
    if features["userConsent"].as_str().is_some_and(|consent| consent != "none") {
        let what = "its user is asked for a code before others see or change the screen";
        findings.note("features", what, &format!("viaduct consent request {name}"));
    }
    if findings.0.len() == before {
        findings.ok("features", "screen, serial console and drives are switched on");
    }
}

/// Whether it would find the way here again.
fn way_back(name: &str, found: &RemoteAccess, findings: &mut Findings) {
    let before = findings.0[..].iter().filter(|one| one.level == Level::Problem).count();
    let why = "Once its tunnel ends, nothing brings it back.";
    if !found.mps.iter().any(|mps| mps.here) {
        let what = "none of the servers that it knows is this one";
        let next = format!("viaduct remote-access add-mps {name} HOST:PORT");
        findings.problem("way back", what, why, next);
    }
    if !found.roots.iter().any(|root| root.here) {
        let next = "viaduct enroll lan ADDRESS, on its network";
        findings.problem("way back", "it does not trust the root of this server", why, next);
    }
    if found.policies.is_empty() {
        let next = format!("viaduct remote-access policy {name} user,periodic=1h");
        findings.problem("way back", "it has no policy that makes it dial in", why, next);
    }
    let after = findings.0[..].iter().filter(|one| one.level == Level::Problem).count();
    if after == before {
        findings.ok("way back", format!("it dials in {}", found.dials_in));
    }
}
