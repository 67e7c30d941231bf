//! The Debian package: what is in it, what installing it does, and what is left when it is gone.

use crate::harness::{Directory, run, viaduct};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// An empty system to install into.
fn system() -> Directory {
    let system = Directory::new();
    for directory in ["etc", "var/lib/viaduct", "var/lib/dpkg/updates", "var/lib/dpkg/info"] {
        fs::create_dir_all(system.join(directory)).unwrap();
    }
    for file in ["var/lib/dpkg/status", "etc/passwd", "etc/group"] {
        system.write(file, "");
    }
    system
}

/// dpkg on that system, as if root did it.
fn dpkg(system: &Directory, state: &Path, words: &[&str]) -> String {
    let mut command = Command::new("fakeroot");
    command.arg("-i").arg(state).arg("-s").arg(state).arg("dpkg");
    command.arg(format!("--root={}", system.path().display()));
    command.args(["--force-depends", "--force-script-chrootless", "--log=/dev/null"]).args(words);
    let path = std::env::var("PATH").unwrap_or_default();
    let done = command.env("PATH", format!("{path}:/usr/sbin:/sbin")).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    said
}

#[test]
fn and_takes_everything_away_but_the_data() {
    let out = Directory::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = root.join("scripts/package");
    let program = format!("BIN={}", viaduct().display());
    let words = [program, format!("OUT={}", out.path().display()), "ZIP=none".into()];
    let made = run(script.to_str().unwrap(), words);
    let package = made.lines().find(|line| line.ends_with(".deb")).unwrap();
    let sums = fs::read_to_string(out.join("SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 2, "{sums}");
    run("sh", ["-c", "cd \"$1\" && sha256sum -c SHA256SUMS", "sh", out.path().to_str().unwrap()]);
    let archive = made.lines().find(|line| line.ends_with(".tar.gz")).unwrap();
    let listed = run("tar", ["-tzf", archive]);
    assert!(listed.contains("/usr/bin/viaduct\n") && listed.contains("/LICENSE\n"), "{listed}");

    let system = system();
    let state = out.join("fakeroot");
    fs::write(&state, "").unwrap();
    let said = dpkg(&system, &state, &["-i", package]);
    assert!(said.contains("installed, not started"), "{said}");
    let users = fs::read_to_string(system.join("etc/passwd")).unwrap();
    assert!(users.starts_with("viaduct:") && users.contains("nologin"), "{users}");
    let settings = system.join("etc/viaduct/viaduct.toml");
    assert_eq!(fs::metadata(&settings).unwrap().permissions().mode() & 0o777, 0o640);
    let enabled = system.join("etc/systemd/system/multi-user.target.wants/viaduct.service");
    assert!(!enabled.exists(), "whoever installs says when it starts");

    let installed = system.join("usr/bin/viaduct");
    let installed = installed.to_str().unwrap();
    assert!(run(installed, ["version"]).starts_with("viaduct "));
    let simulator = system.join("usr/bin/amt-sim");
    assert!(run(simulator.to_str().unwrap(), ["--version"]).starts_with("amt-sim "));
    run(installed, ["config", "check", "--config", settings.to_str().unwrap()]);
    let unit = fs::read_to_string(system.join("usr/lib/systemd/system/viaduct.service")).unwrap();
    assert!(
        unit.contains("\nUser=viaduct\n") && unit.contains("\nExecStart=/usr/bin/viaduct serve ")
    );
    for file in [
        "usr/share/man/man1/viaduct-enroll-lan.1.gz",
        "usr/share/bash-completion/completions/viaduct",
        "usr/share/doc/viaduct/docs/how-to/backup.md",
        "usr/share/doc/viaduct/copyright",
    ] {
        assert!(system.join(file).exists(), "{file}");
    }

    fs::write(&settings, "[cira]\nnames = [\"mps.example.com\"]\n").unwrap();
    dpkg(&system, &state, &["-i", "--force-confold", package]);
    let kept = fs::read_to_string(&settings).unwrap();
    assert!(kept.contains("mps.example.com"), "an upgrade leaves settings alone: {kept}");
    let said = dpkg(&system, &state, &["-P", "viaduct"]);
    assert!(said.contains("is kept"), "{said}");
    assert!(!settings.exists() && system.join("var/lib/viaduct").exists());
}
