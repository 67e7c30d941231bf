//! Whether the file of an image is still as it was when a PC got it.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::task::spawn_blocking;

/// A file that must not change. Copies watch the same one.
#[derive(Debug, Clone)]
pub struct Watched(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    path: PathBuf,
    then: Metadata,
}

impl Watched {
    pub(super) fn new(file: File, path: &Path) -> io::Result<Self> {
        let then = file.metadata()?;
        Ok(Self(Arc::new(Inner { file, path: path.into(), then })))
    }

    pub(super) fn file(&self) -> &File {
        &self.0.file
    }

    /// How it has changed, if it has. It asks the disk.
    ///
    /// One that was only removed, or cannot be asked about, is as it was for whoever has it open.
    pub(super) fn look(&self) -> Option<String> {
        let Inner { file, path, then } = &*self.0;
        let now = file.metadata().ok()?;
        if now.len() != then.len() {
            return Some(format!("it had {} bytes and has {}", then.len(), now.len()));
        }
        let modified = |facts: &Metadata| (facts.mtime(), facts.mtime_nsec());
        if modified(&now) != modified(then) {
            return Some("it was written to".into());
        }
        let there = fs::metadata(path).ok()?;
        let place = |facts: &Metadata| (facts.dev(), facts.ino());
        (place(&there) != place(then)).then(|| "another file is in its place".into())
    }

    /// The same without holding up others.
    pub async fn changed(&self) -> Option<String> {
        let watched = self.clone();
        spawn_blocking(move || watched.look()).await.ok().flatten()
    }
}
