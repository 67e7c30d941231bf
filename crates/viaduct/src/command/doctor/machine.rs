//! The machine: disk, file descriptors, database, clock, TLS policy.

use super::{Patient, files, finding::Findings};
use crate::age::bytes;
use rustix::fs::statvfs;
use std::{
    fs,
    path::{Path, PathBuf},
};
use time::{OffsetDateTime, macros::datetime};
use viaduct_server::{Config, config::Profile, inventory, tls};

/// Less room than this is a problem, and less than the other a warning.
const ROOM: (u64, u64) = (64 << 20, 512 << 20);
/// SQLite wants so much to open a database.
const ROOM_TO_LOOK: u64 = 1 << 20;
/// Percentage of free index nodes below which files can soon no longer be made.
const INODES: u64 = 2;
/// The file descriptors that are not for devices.
const RESERVE: u64 = 512;
/// No clock of a working machine is before this.
const LONG_AGO: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
/// Marks of programs that keep the clock right.
const CLOCK_KEEPERS: [&str; 4] =
    ["/run/systemd/timesync/synchronized", "/run/chrony", "/run/ntpd.pid", "/run/openntpd"];

pub(super) async fn look(patient: &Patient, findings: &mut Findings) {
    clock(findings);
    let Some(config) = &patient.config else { return };
    let data = &config.data;
    if let Some(owner) = files::closed(data) {
        files::not_looked_at(data, &owner, findings);
    } else if data.exists() {
        files::look(patient, data, findings);
        database(config, findings).await;
    } else {
        findings.note(
            "files",
            format!("{} does not exist yet; the server makes it", data.display()),
            "",
        );
    }
    disk(data, findings);
    descriptors(patient, config, findings);
    policy(config, findings).await;
}

fn clock(findings: &mut Findings) {
    let now = OffsetDateTime::now_utc();
    if now < LONG_AGO {
        findings.problem(
            "clock",
            format!("this machine believes it is {}", now.date()),
            "Certificates and one-time codes depend on the time.",
            "Set the clock, and let it follow a time server (systemd-timesyncd or chrony).",
        );
    } else if CLOCK_KEEPERS.iter().any(|path| Path::new(path).exists()) {
        findings.ok("clock", "kept by a time server");
    } else {
        findings.note(
            "clock",
            "whether a time server keeps the clock cannot be seen from here",
            "On this machine: timedatectl. In a container the host keeps it.",
        );
    }
}

async fn database(config: &Config, findings: &mut Findings) {
    let why = "Devices, users and the audit log are in it.";
    let next = "Stop the server, keep a copy of the file, and restore the last backup; `sqlite3 FILE .recover` saves what can be read.";
    match inventory::examine(&config.store, &config.data).await {
        Ok(lines) if lines.is_empty() => findings.ok("database", "no damage found"),
        Ok(lines) => {
            let first = lines.first().map_or("", String::as_str);
            let what = format!("the database is damaged in {} place(s): {first}", lines.len());
            findings.problem("database", what, why, next);
        }
        // Without room SQLite cannot even look, and calls that an error of the disk.
        Err(error) if room(&config.data).is_some_and(|free| free < ROOM_TO_LOOK) => findings
            .problem(
                "database",
                format!("it cannot be examined on a full disk: {error}"),
                why,
                "Make room on this disk first, then ask again; it may be whole.",
            ),
        Err(error) => findings.problem("database", error.to_string(), why, next),
    }
}

/// Bytes that are free where the data is.
fn room(data: &Path) -> Option<u64> {
    statvfs(data).ok().map(|disk| disk.f_bavail * disk.f_frsize)
}

fn disk(data: &Path, findings: &mut Findings) {
    // Before the first start only a directory above it exists.
    let Some(place) = data.ancestors().find(|path| path.exists()) else { return };
    let Ok(disk) = statvfs(place) else { return };
    let free = disk.f_bavail * disk.f_frsize;
    let percent = disk.f_bavail * 100 / disk.f_blocks.max(1);
    let inodes = disk.f_favail * 100 / disk.f_files.max(1);
    let why = "When the audit log cannot be written, power, boot and erase are refused (E4002).";
    let next = "Make room on this disk, or move the data directory to a larger one.";
    let what = format!("{} free ({percent} %)", bytes(free));
    if free < ROOM.0 {
        findings.problem("disk", what, why, next);
    } else if free < ROOM.1 {
        findings.warning("disk", what, why, next);
    } else if disk.f_files > 0 && inodes < INODES {
        findings.warning("disk", format!("{inodes} % of the index nodes are free"), why, next);
    } else {
        findings.ok("disk", what);
    }
}

fn descriptors(patient: &Patient, config: &Config, findings: &mut Findings) {
    let process =
        patient.server.as_ref().map(|(_, status)| PathBuf::from(format!("/proc/{}", status.pid)));
    let limits = process.clone().unwrap_or_else(|| PathBuf::from("/proc/self")).join("limits");
    let Ok(text) = fs::read_to_string(limits) else { return };
    let Some(line) = text.lines().find(|line| line.starts_with("Max open files")) else { return };
    // The server raises its own limit to the hard one.
    let Some(Ok(most)) = line.split_whitespace().nth(4).map(str::parse::<u64>) else {
        return findings.ok("descriptors", "unlimited");
    };
    let wanted = u64::try_from(config.limits.tunnels).unwrap_or(u64::MAX).saturating_add(RESERVE);
    let used = process.and_then(|p| fs::read_dir(p.join("fd")).ok()).map(Iterator::count);
    let used = used.map_or_else(String::new, |used| format!(", {used} in use"));
    if most < wanted {
        findings.warning(
            "descriptors",
            format!(
                "{most} at most{used}, but limits.tunnels = {} needs {wanted}",
                config.limits.tunnels
            ),
            "Devices above that wait until others leave.",
            "Raise LimitNOFILE= in the systemd unit or `ulimit -n`, or lower limits.tunnels.",
        );
    } else {
        findings.ok("descriptors", format!("{most} at most{used}"));
    }
}

/// A system-wide policy of OpenSSL can forbid what the settings promise.
async fn policy(config: &Config, findings: &mut Findings) {
    let mut profiles = vec![("cira".to_owned(), config.cira.profile)];
    for (index, extra) in config.cira.extra.iter().enumerate().filter(|(_, extra)| extra.tls) {
        profiles.push((format!("cira.extra[{index}]"), extra.profile));
    }
    for (name, profile) in profiles {
        let word = match profile {
            Profile::Modern => "modern",
            Profile::Default => "default",
            Profile::Legacy => "legacy",
        };
        match tls::self_test(profile).await {
            Ok(()) => findings.ok("tls", format!("{name}: OpenSSL does what profile \"{word}\" promises")),
            Err(why) => findings.problem(
                "tls",
                format!("{name}: OpenSSL refuses the lowest TLS of profile \"{word}\": {why}"),
                "Older PCs fail without a word.",
                "Look at the system's policy (/etc/ssl/openssl.cnf, OPENSSL_CONF, update-crypto-policies): MinProtocol, CipherString, SECLEVEL.",
            ),
        }
    }
}
