//! Who has what is coming, in a file beside the roots: it must survive the server, and belongs to them.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

const FILE: &str = "rotation.json";

/// What is coming besides the next root, and who has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// The name under which this server will be reached.
    pub(super) name: Option<String>,
    pub(super) devices: BTreeMap<DeviceId, Entry>,
}

/// What became of the push to one device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// What was pushed: something else makes it void.
    pub(super) of: String,
    pub(super) ready: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    /// Why it is not ready.
    pub(super) detail: String,
}

impl Ledger {
    /// Reads the file beside `root`; one that is not there or cannot be read says that nobody has anything.
    pub(super) fn read(root: &Path) -> Self {
        let path = root.with_file_name(FILE);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "unreadable; every device counts as not ready");
                Self::default()
            }),
            Err(_) => Self::default(),
        }
    }

    /// Writes it whole.
    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        let path = root.with_file_name(FILE);
        let fresh = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(fresh, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_garbage_makes_nobody_ready() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root.pem");
        assert!(Ledger::read(&root).devices.is_empty());
        let mut ledger = Ledger { name: Some("new.example".into()), ..Ledger::default() };
        let entry = Entry {
            of: "x/".into(),
            ready: true,
            at: OffsetDateTime::UNIX_EPOCH,
            detail: String::new(),
        };
        ledger.devices.insert("4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap(), entry);
        ledger.write(&root).unwrap();
        let read = Ledger::read(&root);
        assert_eq!((read.name.as_deref(), read.devices.len()), (Some("new.example"), 1));
        fs::write(root.with_file_name(FILE), b"{").unwrap();
        assert!(Ledger::read(&root).devices.is_empty());
    }
}
