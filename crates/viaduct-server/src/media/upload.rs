//! Bytes of an upload on their way to the disk.

use super::{MediaError, Record, intact, record};
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{sync::OwnedMutexGuard, task::spawn_blocking};

/// Read at once when the hash is made.
const CHUNK: usize = 1 << 20;

/// The right to send bytes of one image.
#[derive(Debug)]
pub struct Upload {
    record: Arc<Record>,
    directory: PathBuf,
    file: Arc<File>,
    _only: OwnedMutexGuard<()>,
}

impl Upload {
    pub(super) async fn resume(
        directory: &Path,
        record: &Arc<Record>,
        given: u64,
    ) -> Result<Self, MediaError> {
        let name = record.facts.name.clone();
        let only = Arc::clone(&record.sending)
            .try_lock_owned()
            .map_err(|_| MediaError::Sending(name.clone()))?;
        let offset = record.offset();
        if offset != given || record.sha256().is_some() {
            return Err(MediaError::Offset { name, offset, given });
        }
        let path = record::image(directory, &record.facts.id);
        let file = spawn_blocking(move || {
            let mut file = OpenOptions::new().read(true).write(true).open(path)?;
            // What was written without being counted is written again.
            file.set_len(offset)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok::<_, io::Error>(file)
        });
        let file = Arc::new(file.await.map_err(io::Error::other)??);
        Ok(Self { record: Arc::clone(record), directory: directory.into(), file, _only: only })
    }

    /// How many bytes are still wanted.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.record.missing()
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// When they are more than were announced, or the disk takes no more.
    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<(), MediaError> {
        let length = bytes.len() as u64;
        if length > self.missing() {
            let why = format!("more than the {} bytes that were announced", self.record.facts.size);
            return Err(MediaError::Invalid { field: "body", why });
        }
        let file = Arc::clone(&self.file);
        let written = spawn_blocking(move || (&*file).write_all(&bytes));
        written.await.map_err(io::Error::other)??;
        self.record.set_offset(self.record.offset() + length);
        Ok(())
    }

    /// Makes the hash when all bytes are here. False when the image is not what it was to be; it is of no use then.
    ///
    /// # Errors
    /// When the disk fails, or the hash is another than was announced.
    pub async fn finish(self) -> Result<(), MediaError> {
        if self.missing() > 0 {
            return Ok(());
        }
        let file = Arc::clone(&self.file);
        let hashed = spawn_blocking(move || {
            file.sync_all()?;
            Ok::<_, io::Error>((hash(&file, &AtomicBool::new(false))?, intact::stamp(&file)?))
        });
        let (found, stamp) = hashed.await.map_err(io::Error::other)??;
        let facts = &self.record.facts;
        if let Some(wanted) = facts.wanted.clone().filter(|wanted| *wanted != found) {
            return Err(MediaError::Hash { name: facts.name.clone(), wanted, found });
        }
        self.record.complete(&self.directory, found, stamp)?;
        Ok(())
    }
}

/// Of the whole file. `stop` is looked at meanwhile: of 64 GiB it takes minutes.
pub(super) fn hash(mut file: &File, stop: &AtomicBool) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("the server stops"));
        }
        match file.read(&mut chunk)? {
            0 => break,
            read => hasher.update(chunk.get(..read).unwrap_or_default()),
        }
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
