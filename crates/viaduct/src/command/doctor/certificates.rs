//! Certificates: their time, their keys for each generation of AMT, their chain, their names.

use super::{Patient, files, finding::Findings};
use crate::age::span;
use time::{Duration, OffsetDateTime};
use viaduct_api::CertificateInfo;
use viaduct_server::tls::{self, inspect};

/// So long before the end it is a warning, and so long a problem.
const LEAF: (Duration, Duration) = (Duration::days(30), Duration::days(7));
const ROOT: (Duration, Duration) = (Duration::days(365), Duration::days(180));

pub(super) fn look(patient: &Patient, findings: &mut Findings) {
    let found = patient
        .config
        .as_ref()
        .filter(|config| patient.here && files::closed(&config.data).is_none())
        .map(|config| inspect(&config.data.join("ca"), &config.cira, &config.web));
    for fault in found.iter().flat_map(|found| &found.faults) {
        findings.problem(
            "certificates",
            fault.clone(),
            "The server does not start with it, or devices cannot verify it.",
            "Put a matching certificate and key in place, then `viaduct cert reload`.",
        );
    }
    if let Some(sealed) = found.as_ref().and_then(|found| found.root_sealed) {
        of_rest(sealed, findings);
    }
    let shown = match (&patient.server, &found) {
        (Some((_, status)), _) => status.certificates.clone(),
        (None, Some(found)) => found.certificates.iter().map(info).collect(),
        (None, None) => return,
    };
    if shown.is_empty() {
        findings.note("certificates", "none yet; the server makes them at its first start", "");
        return;
    }
    let before = findings.0.len();
    for certificate in &shown {
        of_time(certificate, findings);
        of_strength(certificate, findings);
    }
    let names = patient.config.as_ref().map(|config| tls::names_of(&config.cira));
    of_names(&shown, &names.unwrap_or_default(), patient.server.is_none(), findings);
    of_generations(&shown, findings);
    if findings.0.len() == before {
        let first = shown.iter().filter_map(|one| one.not_after).min();
        let left = first.map(|end| span(end - OffsetDateTime::now_utc())).unwrap_or_default();
        findings.ok("certificates", format!("{} good, the first ends in {left}", shown.len()));
    }
}

/// How the root's private key lies on the disk.
fn of_rest(sealed: bool, findings: &mut Findings) {
    match sealed {
        true => findings.ok("keys", "the root's private key is sealed with the master key"),
        false => findings.note(
            "keys",
            "the root's private key lies unsealed in the data directory: who has a copy of that, a backup for example, can be this server for every PC",
            "Give a master key (store.master_key, the systemd credential viaduct.master-key, or [vault] master_key) and restart; \
             the keys are sealed at that start.",
        ),
    }
}

fn info(found: &tls::CertificateInfo) -> CertificateInfo {
    CertificateInfo {
        listener: found.listener.clone(),
        subject: found.subject.clone(),
        names: found.names.clone(),
        not_before: found.begins(),
        not_after: found.ends(),
        key_bits: found.key_bits,
        signature: found.signature.clone(),
        sha256: found.sha256.clone(),
        pem: String::new(),
    }
}

fn of_time(certificate: &CertificateInfo, findings: &mut Findings) {
    let (now, name) = (OffsetDateTime::now_utc(), &certificate.listener);
    let root = name == "root";
    let (warn, act) = if root { ROOT } else { LEAF };
    let next = match root {
        true => "viaduct cert rotate: the new root reaches the devices before it is used.",
        false => "Put a new certificate in place, then `viaduct cert reload`.",
    };
    if let Some(begin) = certificate.not_before.filter(|begin| *begin > now) {
        let what = format!("the certificate of {name} is not good before {}", begin.date());
        let why = "Devices refuse it; is this machine's clock right?";
        findings.problem("certificates", what, why, next);
    }
    let Some(left) = certificate.not_after.map(|end| end - now) else { return };
    let why = "PCs outside refuse an expired certificate, and nobody can reach them to mend it.";
    if left.is_negative() {
        findings.problem(
            "certificates",
            format!("the certificate of {name} has expired"),
            why,
            next,
        );
    } else if left < act {
        let what = format!("the certificate of {name} ends in {}", span(left));
        findings.problem("certificates", what, why, next);
    } else if left < warn {
        let what = format!("the certificate of {name} ends in {}", span(left));
        findings.warning("certificates", what, why, next);
    }
}

fn of_strength(certificate: &CertificateInfo, findings: &mut Findings) {
    let signature = certificate.signature.to_ascii_lowercase();
    if signature.contains("sha1") || signature.contains("md5") {
        findings.problem(
            "certificates",
            format!(
                "the certificate of {} is signed with {}",
                certificate.listener, certificate.signature
            ),
            "No firmware since AMT 16 takes it, and it can be forged.",
            "Have it issued again with SHA-256 or SHA-384.",
        );
    }
}

/// Every name that PCs may have been told must be in every certificate that they may see.
fn of_names(shown: &[CertificateInfo], names: &[String], stopped: bool, findings: &mut Findings) {
    for certificate in shown.iter().filter(|one| one.listener.starts_with("cira")) {
        let first = names.first().map_or("", String::as_str);
        let renamed =
            !certificate.names.is_empty() && !certificate.names.iter().any(|n| n == first);
        if let (true, true, Some(old)) = (stopped, renamed, certificate.names.first()) {
            return findings.problem(
                "names",
                format!("the server name changes from {old} to {first} at the next start (E1103)"),
                format!("PCs that were told {old} will stop calling."),
                format!("Keep both: names = [\"{old}\", \"{first}\"] under [cira]; then `viaduct cert rotate` can move the PCs."),
            );
        }
        let missing: Vec<_> =
            names.iter().filter(|name| !certificate.names.contains(name)).cloned().collect();
        if !missing.is_empty() {
            findings.problem(
                "names",
                format!(
                    "the certificate of {} ({} bits) is not for {}",
                    certificate.listener,
                    certificate.key_bits,
                    missing.join(", ")
                ),
                "PCs that dial this name refuse the certificate.",
                "Have it issued for all of [cira] names, or take the name out there.",
            );
        }
    }
}

/// AMT 12 and older refuse keys above 2048 bits, AMT 22 those below 3072.
fn of_generations(shown: &[CertificateInfo], findings: &mut Findings) {
    let bits: Vec<u32> =
        shown.iter().filter(|one| one.listener == "cira").map(|one| one.key_bits).collect();
    let next =
        "Give [cira] certificates a pair for each size, or none at all: the own CA makes both.";
    if !bits.is_empty() && bits.iter().all(|bits| *bits > 2048) {
        let why = "AMT 12 and older take no larger key.";
        findings.warning("certificates", "no device certificate of RSA-2048", why, next);
    }
    if !bits.is_empty() && bits.iter().all(|bits| *bits < 3072) {
        let why = "AMT 22 takes no smaller key.";
        findings.warning("certificates", "no device certificate of RSA-3072", why, next);
    }
}
