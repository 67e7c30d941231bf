//! The files of the data directory: whose they are, who else can read them, and whether the server can write them.

use super::{Patient, finding::Findings};
use rustix::{
    fs::{Access, access},
    io::Errno,
    process::geteuid,
};
use std::{
    fs, iter,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};
use viaduct_server::config::DataDir;

/// The data directory of a server that is installed for the machine.
const SYSTEM: &str = "/var/lib/viaduct";

/// The name of a user, or its number where the machine's own list has none.
fn user(uid: u32) -> String {
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut lines = list.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = lines.find(|fields| fields.get(2).is_some_and(|id| *id == uid.to_string()));
    found.map_or_else(|| format!("user {uid}"), |fields| fields[0].to_owned())
}

/// Whoever runs the doctor.
fn me() -> u32 {
    geteuid().as_raw()
}

/// Whose a data directory is that is another user's and cannot be looked into.
pub(super) fn closed(data: &Path) -> Option<String> {
    if access(data, Access::READ_OK | Access::EXEC_OK) != Err(Errno::ACCESS) {
        return None;
    }
    match data.metadata() {
        Ok(metadata) if metadata.uid() == me() => None,
        Ok(metadata) => Some(user(metadata.uid())),
        Err(_) => Some("another user".to_owned()),
    }
}

/// Where the server of the machine keeps its data, when whoever runs this looked somewhere else: an ordinary user, whose
/// own directory is another one.
pub(super) fn elsewhere(looked_at: &Path) -> Option<&'static Path> {
    let place = Path::new(SYSTEM);
    (place != looked_at && !looked_at.exists() && place.is_dir()).then_some(place)
}

/// Says what could not be looked at, and how it can.
pub(super) fn not_looked_at(data: &Path, owner: &str, findings: &mut Findings) {
    findings.warning(
        "files",
        format!("{} belongs to {owner} and is closed to others, as it should be", data.display()),
        "So its files, its database, the keys in it, the settings beside them and the server's socket were not looked at.",
        format!(
            "Ask again as root or as {owner}: `sudo viaduct doctor --data {}`. What the server itself can say, it tells whoever \
             is signed in: `viaduct login https://HOST:8443`, then `viaduct doctor`.",
            data.display()
        ),
    );
}

/// How a server is started on this directory without leaving files of the wrong user in it.
pub(super) fn start(data: &Path) -> String {
    match data.metadata().map(|metadata| metadata.uid()) {
        Ok(owner) if owner != me() => {
            let (name, data) = (user(owner), data.display());
            format!(
                "systemctl start viaduct, or as its user {name}: runuser -u {name} -- viaduct serve --data {data}"
            )
        }
        _ => "viaduct serve".to_owned(),
    }
}

pub(super) fn look(patient: &Patient, data: &Path, findings: &mut Findings) {
    if let Err(error) = DataDir::existing(data) {
        findings.problem(
            "files",
            error.to_string(),
            "It holds the keys of every PC; the server does not start with it.",
            format!("chmod 700 {}", data.display()),
        );
        return;
    }
    let Ok(owner) = data.metadata().map(|metadata| metadata.uid()) else { return };
    writable(data, owner, findings);
    if let Some((_, status)) = &patient.server {
        runs_as_owner(status.pid, data, owner, findings);
    }
    let (mut open, mut foreign, mut count) = (Vec::new(), Vec::new(), 0);
    let mut waiting = vec![data.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = path.symlink_metadata() else { continue };
            count += 1;
            if metadata.uid() != owner {
                foreign.push((path.clone(), metadata.uid()));
            }
            if metadata.is_dir() {
                waiting.push(path.clone());
            }
            let closed = metadata.is_symlink() || metadata.mode() & 0o077 == 0;
            if !closed && (is_secret(&path) || metadata.file_type().is_socket()) {
                open.push(path);
            }
        }
    }
    for path in &open {
        findings.problem(
            "files",
            format!("{} can be used by others", path.display()),
            "Who reads the keys can pose as this server; who reaches the socket is its administrator.",
            format!("chmod go= {}", path.display()),
        );
    }
    if let Some((path, other)) = foreign.first() {
        let (owner, data) = (user(owner), data.display());
        findings.warning(
            "files",
            format!(
                "{} file(s) in {data} do not belong to {owner} as it does, the first is {} of {}",
                foreign.len(),
                path.display(),
                user(*other)
            ),
            format!("A server that runs as {owner} may not be able to write them."),
            format!("chown -R {owner}: {data}"),
        );
    }
    if open.is_empty() {
        let whose = match owner == me() {
            true => String::new(),
            false => format!("; looked at as {}, they belong to {}", user(me()), user(owner)),
        };
        let data = data.display();
        findings.ok("files", format!("{data} and its {count} files are closed to others{whose}"));
    }
}

/// A server that runs as somebody else than whose the directory is leaves files there that the next one cannot write.
fn runs_as_owner(pid: u32, data: &Path, owner: u32, findings: &mut Findings) {
    let Ok(runs_as) = fs::metadata(format!("/proc/{pid}")).map(|process| process.uid()) else {
        return;
    };
    if runs_as == owner {
        return;
    }
    let (owner, data) = (user(owner), data.display());
    findings.warning(
        "files",
        format!("the server runs as {}, and {data} belongs to {owner}", user(runs_as)),
        format!(
            "What it writes there does not belong to {owner}, so its next start as {owner} fails."
        ),
        format!("Stop it, chown -R {owner}: {data}, and start it as {owner}."),
    );
}

/// What the server must be able to write: tried as whoever runs this, and where that is somebody else than the owner
/// (root, who may write everything), read from the modes.
fn writable(data: &Path, owner: u32, findings: &mut Findings) {
    let below = ["ca", "keys", "viaduct.db", "viaduct.lock"].map(|name| data.join(name));
    let places = iter::once(data.to_path_buf()).chain(below).filter(|path| path.exists());
    let refused = places.filter_map(|path| {
        let tried = access(&path, Access::WRITE_OK).err();
        let of_owner = || (owner != 0 && owner_may_not_write(&path)).then_some(Errno::ACCESS);
        Some((tried.or_else(of_owner)?, path))
    });
    for (error, path) in refused.take(1) {
        let next = match error {
            Errno::ROFS => "Mount its file system writable (`mount -o remount,rw`), after a look into the kernel's log: a failing disk is made read-only. Under systemd see ReadWritePaths=.".to_owned(),
            _ => format!("Let it belong to the user that runs the server: chown -R {}: {}; chmod -R u+rwX {1}", user(owner), data.display()),
        };
        findings.problem(
            "files",
            format!("{} cannot be written: {error}", path.display()),
            "The server does not start without writing there, and refuses changes that it cannot record (E4002).",
            next,
        );
    }
}

/// Whether the mode keeps the owner from writing; for a directory also from entering it.
fn owner_may_not_write(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else { return false };
    let needed = if metadata.is_dir() { 0o300 } else { 0o200 };
    metadata.mode() & needed != needed
}

/// Keys, and the database with everything in it.
fn is_secret(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".key")
        || name.contains(".db")
        || path.components().any(|part| part.as_os_str() == "keys")
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};
    use std::os::unix::fs::PermissionsExt;

    /// No server runs.
    fn nobody() -> Patient {
        Patient { config: None, server: None, here: true }
    }

    #[test]
    fn a_key_that_others_can_read_is_a_problem() {
        let owner = fs::Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().permissions(owner).tempdir().unwrap();
        let key = directory.path().join("root.key");
        fs::write(&key, "").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let mut findings = Findings::default();
        look(&nobody(), directory.path(), &mut findings);
        assert_eq!(findings.count(Level::Problem), 0, "{findings:?}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let mut findings = Findings::default();
        look(&nobody(), directory.path(), &mut findings);
        assert_eq!(findings.count(Level::Problem), 1, "{findings:?}");
    }
}
