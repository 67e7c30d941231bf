//! The data directory: what lies in it, who may read it, and that only one server uses it.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Bits that let anybody but the owner in.
const OTHERS: u32 = 0o077;
/// More than any lock file holds; the file is ours, but reading is bounded all the same.
const LOCK_FILE_LIMIT: u64 = 4096;

/// A data directory that exists and that only its owner can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It holds keys, and others could read them.
    #[error(
        "E1007 the data directory {path} can be read by other users (mode {mode:04o}); it holds keys. \
         Run `chmod 700 {path}` and start again",
        path = .path.display()
    )]
    Readable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something else of that name is there.
    #[error("E1008 {} is not a directory; name another with --data", .0.display())]
    NotADirectory(PathBuf),
    /// The demonstration would write into somebody's data.
    #[error(
        "E1009 {} holds data that is not of a demonstration; name an empty or new directory, or none",
        .0.display()
    )]
    RealData(PathBuf),
    /// The operating system said no.
    #[error("E1008 the data directory {path} cannot be {what}: {source}", path = .path.display())]
    Io {
        /// The directory or the file in it.
        path: PathBuf,
        /// `made`, `read`, ...
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Why the lock was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another server is running on this directory.
    #[error(
        "E1002 viaduct runs already on the data directory {data}{by}{at}; stop that one first, or name \
         another directory with --data and other addresses",
        data = .data.display(),
        by = .pid.map(|p| format!(" (pid {p})")).unwrap_or_default(),
        at = if .addresses.is_empty() { String::new() } else { format!(", devices dial in at {}", .addresses.join(", ")) },
    )]
    Held {
        /// The directory.
        data: PathBuf,
        /// The other process, when it got as far as writing it down.
        pid: Option<u32>,
        /// Its CIRA addresses.
        addresses: Vec<String>,
    },
    /// The lock file cannot be opened, locked or written.
    #[error("E1008 the lock file {path} cannot be used: {source}", path = .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the directory (and missing parents) with mode 0700, or checks the one that is there.
    ///
    /// # Errors
    /// When others may read it, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let fail = |source| DataDirError::Io { path: path.into(), what: "made", source };
        if !path.try_exists().map_err(fail)? {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
        }
        Self::existing(path)
    }

    /// Checks the directory and makes nothing.
    ///
    /// # Errors
    /// When it is not there, others may read it, or the system refuses.
    pub fn existing(path: &Path) -> Result<Self, DataDirError> {
        let fail = |source| DataDirError::Io { path: path.into(), what: "read", source };
        let path = path.canonicalize().map_err(fail)?;
        let metadata = path.metadata().map_err(fail)?;
        if !metadata.is_dir() {
            return Err(DataDirError::NotADirectory(path));
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & OTHERS != 0 {
            return Err(DataDirError::Readable { path, mode });
        }
        Ok(Self(path))
    }

    /// The directory itself, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Keys of the store (0600 each): credential hashing, sealing.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        keys(&self.0)
    }

    /// Own certificate authority and the certificates it made.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca")
    }

    /// Images that PCs can boot from.
    #[must_use]
    pub fn media(&self) -> PathBuf {
        self.0.join("media")
    }

    /// The SQLite database, unless `store.url` names another.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database(&self.0)
    }

    /// The local control socket (0600): who can open it is an administrator.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.0.join("viaduct.sock")
    }

    /// The lock file; see [`DataDir::lock`].
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.0.join("viaduct.lock")
    }

    /// Whether this is the directory of a demonstration.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo_marker().exists()
    }

    /// Marks the directory as one of a demonstration.
    ///
    /// # Errors
    /// When the marker cannot be written.
    pub fn mark_demo(&self) -> Result<(), DataDirError> {
        let path = self.demo_marker();
        std::fs::write(&path, "This directory belongs to `viaduct demo`; it may be deleted.\n")
            .map_err(|source| DataDirError::Io { path, what: "marked", source })
    }

    fn demo_marker(&self) -> PathBuf {
        self.0.join("DEMO")
    }

    /// Takes the directory for this process until the lock is dropped. The file keeps the process id and the
    /// addresses that devices dial in at, so that a second server can say who is there.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it; then nothing was changed.
    pub fn lock(&self, addresses: &[SocketAddr]) -> Result<Lock, LockError> {
        let path = self.lock_file();
        let fail = |source| LockError::Io { path: path.clone(), source };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = Lock { file, path: path.clone() };
                lock.write(addresses)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => Err(self.held(&file)),
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }

    fn held(&self, file: &File) -> LockError {
        let mut text = String::new();
        // A lock file that cannot be read tells less, but the answer stays the same.
        drop(file.take(LOCK_FILE_LIMIT).read_to_string(&mut text));
        let values = |name: &'static str| {
            text.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix('='))
        };
        LockError::Held {
            data: self.0.clone(),
            pid: values("pid").find_map(|pid| pid.parse().ok()),
            addresses: values("cira").map(str::to_owned).collect(),
        }
    }
}

/// Keys of the store in a data directory.
pub(crate) fn keys(data: &Path) -> PathBuf {
    data.join("keys")
}

/// The database in a data directory.
pub(crate) fn database(data: &Path) -> PathBuf {
    data.join("viaduct.db")
}

/// The right to use a data directory. The operating system takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Writes the addresses again, once it is known which port the system gave.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, addresses: &[SocketAddr]) -> Result<(), LockError> {
        let mut text = format!("pid={}\n", std::process::id());
        for address in addresses {
            text.push_str(&format!("cira={address}\n"));
        }
        let written = (|| {
            self.file.rewind()?;
            self.file.write_all(text.as_bytes())?;
            self.file.set_len(text.len() as u64)
        })();
        written.map_err(|source| LockError::Io { path: self.path.clone(), source })
    }
}

/// Whether a demonstration may use the directory: it is not there, empty, or marked as one of a demonstration.
///
/// # Errors
/// [`DataDirError::RealData`] otherwise.
pub fn refuse_demo_on_real_data(path: &Path) -> Result<(), DataDirError> {
    let mut entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
            return Err(DataDirError::NotADirectory(path.into()));
        }
        Err(source) => {
            return Err(DataDirError::Io { path: path.into(), what: "read", source });
        }
    };
    if entries.next().is_none() || DataDir(path.into()).is_demo() {
        Ok(())
    } else {
        Err(DataDirError::RealData(path.into()))
    }
}
