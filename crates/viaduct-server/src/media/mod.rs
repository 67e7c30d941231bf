//! The library of images that PCs can boot from: files in the data directory, each with what is known of it beside it.
//!
//! An upload goes on where it stopped, also after a restart of the server: what is on the disk is what counts. An image
//! belongs to the tenant of whoever brought it, and others do not see it.

mod intact;
mod record;
mod upload;

pub use record::Record;
pub use upload::Upload;

use crate::{access::Principal, config::Limits};
use record::{load, remove};
use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use time::{Duration, OffsetDateTime};
use tokio::{sync::watch, task::spawn_blocking};
use viaduct_api::{MediaLimits, NewImage};

/// So much of the disk stays free: database and audit log share it.
const RESERVE: u64 = 256 << 20;
/// An upload that nobody goes on with is forgotten at the next start.
const ABANDONED: Duration = Duration::days(7);
/// Longest name.
const NAME_MAX: usize = 200;

/// Why something cannot be done with an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    #[error("no image has the number or name `{0}`")]
    Unknown(String),
    #[error("{field}: {why}")]
    Invalid { field: &'static str, why: String },
    #[error("`{0}` is in the library")]
    Exists(String),
    #[error(
        "`{name}` is {size} bytes large; an image may have at most {most} ([limits] image_size)"
    )]
    TooLarge { name: String, size: u64, most: u64 },
    #[error("{needed} bytes are missing, the disk has {free} left, and {RESERVE} stay free")]
    NoRoom { needed: u64, free: u64 },
    #[error("the library has {most} images, which is all it holds ([limits] images)")]
    Full { most: usize },
    #[error("`{name}` stands at {offset}, not at {given}")]
    Offset { name: String, offset: u64, given: u64 },
    #[error("somebody is sending `{0}` at this moment")]
    Sending(String),
    #[error("of `{name}`, {offset} of {size} bytes are here")]
    Incomplete { name: String, offset: u64, size: u64 },
    #[error("`{name}` was to have the SHA-256 {wanted} and has {found}")]
    Hash { name: String, wanted: String, found: String },
    #[error("`{name}` was changed on the disk of the server after its upload: {how}")]
    Changed { name: String, how: String },
    #[error("the library cannot be read or written: {0}")]
    Disk(String),
}

impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull {
            return Self::NoRoom { needed: 0, free: 0 };
        }
        Self::Disk(error.to_string())
    }
}

/// The library.
#[derive(Debug, Clone)]
pub struct Media(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    /// Most images of all tenants; each costs memory for its record, and a list must stay readable.
    images: usize,
    /// Bytes of the largest image.
    image_size: u64,
    records: Mutex<BTreeMap<String, Arc<Record>>>,
    /// The server stops, and waits for nothing that takes minutes.
    stopping: AtomicBool,
}

impl Media {
    /// The library in that directory, which is made when it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(directory: PathBuf, limits: &Limits) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let mut records = BTreeMap::new();
        for record in load(&directory)? {
            let old = OffsetDateTime::now_utc() - record.facts.created > ABANDONED;
            if old && record.sha256().is_none() {
                remove(&directory, &record.facts.id)?;
            } else {
                records.insert(record.facts.id.clone(), Arc::new(record));
            }
        }
        let images = limits.images;
        let image_size = u64::try_from(limits.image_size.0).unwrap_or(u64::MAX);
        let records = Mutex::new(records);
        let stopping = AtomicBool::new(false);
        Ok(Self(Arc::new(Inner { directory, images, image_size, records, stopping })))
    }

    /// All that somebody sees, by name.
    #[must_use]
    pub fn list(&self, who: &Principal) -> Vec<Arc<Record>> {
        let mut seen: Vec<_> = self
            .records()
            .values()
            .filter(|record| record.facts.tenant == who.tenant)
            .cloned()
            .collect();
        seen.sort_by(|a, b| a.facts.name.cmp(&b.facts.name));
        seen
    }

    /// The one of that number or name.
    ///
    /// # Errors
    /// When there is none that this person sees.
    pub fn find(&self, who: &Principal, text: &str) -> Result<Arc<Record>, MediaError> {
        let all = self.list(who);
        let by = |fits: &dyn Fn(&Record) -> bool| all.iter().find(|record| fits(record)).cloned();
        by(&|record| record.facts.id == text)
            .or_else(|| by(&|record| record.facts.name == text))
            .ok_or_else(|| MediaError::Unknown(text.into()))
    }

    /// Begins an upload; the same wish again finds the one that has begun.
    ///
    /// # Errors
    /// When the wish is not good, the name is taken, or there is no room.
    pub fn begin(&self, who: &Principal, wish: NewImage) -> Result<Arc<Record>, MediaError> {
        self.check(&wish)?;
        let mut records = self.records();
        let same = |record: &&Arc<Record>| {
            record.facts.tenant == who.tenant && record.facts.name == wish.name
        };
        if let Some(old) = records.values().find(same) {
            let resumed = old.sha256().is_none()
                && old.facts.size == wish.size
                && old.facts.wanted == wish.sha256.as_ref().map(|text| text.to_ascii_lowercase());
            return if resumed { Ok(Arc::clone(old)) } else { Err(MediaError::Exists(wish.name)) };
        }
        if records.len() >= self.0.images {
            return Err(MediaError::Full { most: self.0.images });
        }
        let promised = promised(&records);
        self.room(wish.size.saturating_add(promised))?;
        let record = Arc::new(Record::create(&self.0.directory, who, wish)?);
        records.insert(record.facts.id.clone(), Arc::clone(&record));
        Ok(record)
    }

    /// The right to send bytes from `offset` on; one at a time has it.
    ///
    /// # Errors
    /// When the upload does not stand there, or somebody else is sending.
    pub async fn resume(&self, record: &Arc<Record>, offset: u64) -> Result<Upload, MediaError> {
        self.room(record.missing())?;
        Upload::resume(&self.0.directory, record, offset).await
    }

    /// Forgets an image. Whether a PC has it is for the caller to know.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub fn remove(&self, record: &Record) -> Result<(), MediaError> {
        remove(&self.0.directory, &record.facts.id)?;
        self.records().remove(&record.facts.id);
        Ok(())
    }

    /// The file of a complete image, and where it is.
    ///
    /// # Errors
    /// When it is not complete, cannot be opened, or is not what was uploaded.
    pub async fn file(&self, record: &Arc<Record>) -> Result<(File, PathBuf), MediaError> {
        let (name, size) = (record.facts.name.clone(), record.facts.size);
        let Some(sha256) = record.sha256() else {
            return Err(MediaError::Incomplete { name, offset: record.offset(), size });
        };
        // Who comes while it is read as a whole waits for that, and does not read it once more.
        let _one = record.reading.lock().await;
        let path = record::image(&self.0.directory, &record.facts.id);
        let (inner, record) = (Arc::clone(&self.0), Arc::clone(record));
        let opened = spawn_blocking(move || {
            intact::open(&inner.directory, &record, &sha256, &inner.stopping)
        })
        .await;
        Ok((opened.map_err(io::Error::other)??, path))
    }

    /// Reads the images as a whole whose files were touched since their hash was made, as all were before an upgrade from
    /// a server that did not look for that: one after the other, so that no PC has to wait for it later.
    pub async fn look_through(self, mut down: watch::Receiver<bool>) {
        tokio::select! {
            () = self.look_at_all() => {}
            _ = down.wait_for(|down| *down) => {}
        }
        // Also for whoever mounts one now.
        drop(down.wait_for(|down| *down).await);
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    async fn look_at_all(&self) {
        let all: Vec<_> = self.records().values().cloned().collect();
        for record in all {
            self.look_at(&record).await;
        }
    }

    async fn look_at(&self, record: &Arc<Record>) {
        let path = record::image(&self.0.directory, &record.facts.id);
        let touched = spawn_blocking({
            let record = Arc::clone(record);
            move || record.sha256().is_some() && intact::is_touched(&path, &record)
        });
        if !touched.await.unwrap_or_default() {
            return;
        }
        let (image, bytes) = (&record.facts.name, record.facts.size);
        tracing::info!(
            image,
            bytes,
            "an image is read as a whole, because its file was touched since its hash was made; a mount of it waits for that"
        );
        match self.file(record).await {
            Ok(_) => tracing::info!(image, "the image is as it was uploaded"),
            Err(error) => tracing::warn!(image, %error, "the image cannot be mounted"),
        }
    }

    /// What can still be brought.
    ///
    /// # Errors
    /// When the disk does not say how full it is.
    pub fn limits(&self) -> Result<MediaLimits, MediaError> {
        let records = self.records();
        let (images, promised) = (records.len(), promised(&records));
        drop(records);
        let room = self.free()?.saturating_sub(RESERVE).saturating_sub(promised);
        Ok(MediaLimits {
            image_bytes: self.0.image_size,
            images_max: self.0.images,
            images,
            room,
            name_max: NAME_MAX,
        })
    }

    fn free(&self) -> Result<u64, MediaError> {
        let facts = rustix::fs::statvfs(&self.0.directory).map_err(io::Error::from)?;
        Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
    }

    fn room(&self, needed: u64) -> Result<(), MediaError> {
        let free = self.free()?;
        if needed.saturating_add(RESERVE) > free {
            return Err(MediaError::NoRoom { needed, free });
        }
        Ok(())
    }

    fn check(&self, wish: &NewImage) -> Result<(), MediaError> {
        let invalid = |field, why: &str| Err(MediaError::Invalid { field, why: why.into() });
        if wish.name.trim().is_empty() || wish.name.len() > NAME_MAX {
            return invalid("name", "1 to 200 bytes");
        }
        if wish.name.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
            return invalid("name", "no slashes and no control characters");
        }
        if wish.size < amt::redirect::ider::BLOCK.into() {
            return invalid("size", "an image has at least one block of 2,048 bytes");
        }
        let most = self.0.image_size;
        if wish.size > most {
            return Err(MediaError::TooLarge { name: wish.name.clone(), size: wish.size, most });
        }
        let hash = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !wish.sha256.as_ref().is_none_or(hash) {
            return invalid("sha256", "64 hexadecimal digits");
        }
        Ok(())
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Record>>> {
        self.0.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that uploads which have begun still want.
fn promised(records: &BTreeMap<String, Arc<Record>>) -> u64 {
    records.values().map(|record| record.missing()).sum()
}

#[cfg(test)]
mod tests;
