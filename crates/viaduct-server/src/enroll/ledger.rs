//! How far jobs are, in files that outlive the server: a directory for each job, with what is wanted in one file and each
//! PC in one of its own. No password is ever written.
//!
//! A file is replaced whole, so that a server that is killed leaves the latest state. It is not forced to the disk: after
//! a loss of power the PC itself says what it has, and running a job again asks it first.

use crate::inventory::View;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use tokio::runtime::{Handle, RuntimeFlavor};
use viaduct_api::{Enrolling, Enrollment, NewEnrollment};

const HEAD: &str = "job.json";

/// What is kept of a job besides its PCs' state.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// As it began.
    pub(super) shown: Enrollment,
    /// What was wanted, without passwords.
    pub(super) wish: NewEnrollment,
    /// Tenant and labels that it was begun in; none: everything was seen.
    pub(super) view: Option<(String, BTreeMap<String, String>)>,
}

impl Head {
    pub(super) fn new(shown: Enrollment, wish: &NewEnrollment, view: Option<&View>) -> Self {
        let mut wish = NewEnrollment { amt_password: None, ..wish.clone() };
        for target in &mut wish.devices {
            target.amt_password = None;
        }
        let view = view.map(|view| (view.tenant.clone(), view.labels.clone()));
        Self { shown, wish, view }
    }

    pub(super) fn view(&self) -> Option<View> {
        let (tenant, labels) = self.view.clone()?;
        Some(View { tenant, labels })
    }
}

/// Where one job is kept.
#[derive(Debug, Clone)]
pub(super) struct Ledger(PathBuf);

impl Ledger {
    pub(super) fn of(directory: &Path, id: u64) -> Self {
        Self(directory.join(id.to_string()))
    }

    /// Begins it. A job that cannot be kept goes on all the same.
    pub(super) fn begin(&self, head: &Head) {
        let make = || DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        self.tell(aside(|| make().and_then(|()| self.write(HEAD, head))));
    }

    /// One PC.
    pub(super) fn keep(&self, index: usize, device: &Enrolling) {
        self.tell(aside(|| self.write(&format!("{index}.json"), device)));
    }

    /// Forgets all of it.
    pub(super) fn forget(&self) {
        self.tell(aside(|| fs::remove_dir_all(&self.0)));
    }

    fn tell(&self, done: io::Result<()>) {
        if let Err(error) = done {
            tracing::warn!(path = %self.0.display(), %error, "how far an enrollment is, is not kept");
        }
    }

    fn write(&self, name: &str, what: &impl Serialize) -> io::Result<()> {
        let path = self.0.join(name);
        let fresh = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(what)?)?;
        fs::rename(fresh, path)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.0.join(name)).ok()?).ok()
    }
}

/// Does what may have to wait for the disk: what else runs on this thread goes on elsewhere meanwhile.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// All jobs that were kept, the first one first.
pub(super) fn read(directory: &Path) -> Vec<Head> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut ids: Vec<u64> = names.filter_map(|name| name.parse().ok()).collect();
    ids.sort_unstable();
    let job = |id: u64| {
        let ledger = Ledger::of(directory, id);
        let mut head: Head = ledger.read(HEAD)?;
        for (index, device) in head.shown.devices.iter_mut().enumerate() {
            if let Some(kept) = ledger.read(&format!("{index}.json")) {
                *device = kept;
            }
        }
        Some(head)
    };
    ids.into_iter().filter_map(job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_again_without_its_passwords() {
        let directory = tempfile::tempdir().unwrap();
        let wish: NewEnrollment = serde_json::from_str(
            r#"{"devices":[{"address":"192.0.2.7","amtPassword":"hush-1"}],"amtPassword":"hush-2"}"#,
        )
        .unwrap();
        let shown: Enrollment = serde_json::from_str(
            r#"{"id":3,"began":"2026-01-01T00:00:00Z","devices":[{"address":"192.0.2.7","state":"waiting"}]}"#,
        )
        .unwrap();
        let ledger = Ledger::of(directory.path(), 3);
        ledger.begin(&Head::new(shown.clone(), &wish, None));
        let mut device = shown.devices[0].clone();
        device.name = Some("pc".into());
        ledger.keep(0, &device);
        let text = fs::read_to_string(directory.path().join("3/job.json")).unwrap();
        assert!(!text.contains("hush"), "{text}");
        let read = read(directory.path());
        assert_eq!((read.len(), read[0].shown.devices[0].name.as_deref()), (1, Some("pc")));
        ledger.forget();
        assert!(super::read(directory.path()).is_empty());
    }
}
