//! What is known of an image, in memory and in a file beside it.

use super::MediaError;
use crate::access::Principal;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use time::OffsetDateTime;
use viaduct_api::{MediaImage, NewImage};

/// More than any record has.
const RECORD_MAX: u64 = 16 << 10;

/// What does not change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    pub id: String,
    pub name: String,
    pub size: u64,
    pub tenant: String,
    pub user: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// The hash that it must have.
    pub wanted: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    facts: Facts,
    /// None while it is not complete.
    sha256: Option<String>,
    /// How the file was when it had that hash; none from servers before there was this.
    #[serde(default)]
    stamp: Option<String>,
}

/// An image of the library.
#[derive(Debug)]
pub struct Record {
    pub facts: Facts,
    offset: AtomicU64,
    sha256: Mutex<Option<String>>,
    stamp: Mutex<Option<String>>,
    /// Held by whoever is sending.
    pub(super) sending: std::sync::Arc<tokio::sync::Mutex<()>>,
    /// Held by whoever opens it, which may mean to read it as a whole.
    pub(super) reading: tokio::sync::Mutex<()>,
}

pub(super) fn image(directory: &Path, id: &str) -> PathBuf {
    directory.join(format!("{id}.iso"))
}

fn facts_file(directory: &Path, id: &str) -> PathBuf {
    directory.join(format!("{id}.json"))
}

/// All that a directory holds. What cannot be read is left alone and told.
pub(super) fn load(directory: &Path) -> io::Result<Vec<Record>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        match read(directory, &path) {
            Ok(record) => all.push(record),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an image of the library is left out");
            }
        }
    }
    Ok(all)
}

fn read(directory: &Path, path: &Path) -> io::Result<Record> {
    if path.metadata()?.len() > RECORD_MAX {
        return Err(io::Error::other("it is too large for what it should be"));
    }
    let stored: Stored = serde_json::from_slice(&fs::read(path)?)?;
    // The name of the file is ours, so its number is not believed blindly.
    if path != facts_file(directory, &stored.facts.id) {
        return Err(io::Error::other("it speaks of another image"));
    }
    let length = image(directory, &stored.facts.id).metadata()?.len().min(stored.facts.size);
    Ok(Record::new(stored.facts, length, stored.sha256, stored.stamp))
}

/// Removes both files; one that is not there is removed already.
pub(super) fn remove(directory: &Path, id: &str) -> io::Result<()> {
    for path in [facts_file(directory, id), image(directory, id)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl Record {
    fn new(facts: Facts, offset: u64, sha256: Option<String>, stamp: Option<String>) -> Self {
        let (offset, sha256, stamp) =
            (AtomicU64::new(offset), Mutex::new(sha256), Mutex::new(stamp));
        Self {
            facts,
            offset,
            sha256,
            stamp,
            sending: std::sync::Arc::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn create(
        directory: &Path,
        who: &Principal,
        wish: NewImage,
    ) -> Result<Self, MediaError> {
        let facts = Facts {
            id: uuid::Uuid::new_v4().simple().to_string(),
            name: wish.name,
            size: wish.size,
            tenant: who.tenant.clone(),
            user: who.name.clone(),
            created: OffsetDateTime::now_utc(),
            wanted: wish.sha256.map(|text| text.to_ascii_lowercase()),
        };
        let record = Self::new(facts, 0, None, None);
        new_file(&image(directory, &record.facts.id))?;
        record.store(directory)?;
        Ok(record)
    }

    /// Writes it beside the old one first, so that a crash leaves one or the other.
    fn store(&self, directory: &Path) -> io::Result<()> {
        let stored =
            Stored { facts: self.facts.clone(), sha256: self.sha256(), stamp: self.stamp() };
        let path = facts_file(directory, &self.facts.id);
        let fresh = path.with_extension("new");
        let mut file = new_file(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(&stored)?)?;
        file.sync_all()?;
        fs::rename(fresh, path)
    }

    /// Notes its hash and how the file was then; with that it is complete.
    pub(super) fn complete(
        &self,
        directory: &Path,
        sha256: String,
        stamp: String,
    ) -> io::Result<()> {
        *self.sha256.lock().unwrap_or_else(PoisonError::into_inner) = Some(sha256);
        *self.stamp.lock().unwrap_or_else(PoisonError::into_inner) = Some(stamp);
        self.store(directory)
    }

    /// Bytes that are here.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset.load(Ordering::Relaxed)
    }

    pub(super) fn set_offset(&self, offset: u64) {
        self.offset.store(offset, Ordering::Relaxed);
    }

    pub(super) fn missing(&self) -> u64 {
        self.facts.size.saturating_sub(self.offset())
    }

    /// Its hash, once it is complete.
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        self.sha256.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stamp(&self) -> Option<String> {
        self.stamp.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As it is shown.
    #[must_use]
    pub fn show(&self, mounts: u64) -> MediaImage {
        let sha256 = self.sha256();
        MediaImage {
            id: self.facts.id.clone(),
            name: self.facts.name.clone(),
            size: self.facts.size,
            offset: self.offset(),
            complete: sha256.is_some(),
            sha256,
            user: self.facts.user.clone(),
            created: self.facts.created,
            mounts,
        }
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
