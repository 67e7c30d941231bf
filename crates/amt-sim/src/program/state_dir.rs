//! Where a running platform keeps its control socket and its CIRA log.

use amt_sim::{CiraLog, Configuration, services::HostState};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
        net::UnixStream as BlockingStream,
    },
    path::{Path, PathBuf},
};
use tokio::net::UnixListener;
use uuid::Uuid;

/// The log of one platform, as it is stored and shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NamedLog {
    pub(super) name: String,
    pub(super) guid: Uuid,
    pub(super) log: CiraLog,
}

/// What survives of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Survivor {
    /// What it was given when it started; a platform that is given something else starts anew.
    pub(super) given: Configuration,
    /// What it is configured with.
    pub(super) configuration: Configuration,
    /// Its own password, as it was given.
    pub(super) amt_password: String,
    /// What its management engine keeps: settings, users, logs, power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) engine: Option<HostState>,
}

#[derive(Debug, Clone)]
pub(super) struct StateDir(PathBuf);

impl StateDir {
    /// The given directory, or the default one. Nothing is made yet.
    pub(super) fn locate(given: Option<PathBuf>) -> Result<Self> {
        if let Some(given) = given {
            return Ok(Self(given));
        }
        let base = match (env::var_os("XDG_RUNTIME_DIR"), env::var_os("HOME")) {
            (Some(runtime), _) => PathBuf::from(runtime),
            (None, Some(home)) => PathBuf::from(home).join(".local").join("state"),
            (None, None) => {
                bail!("neither XDG_RUNTIME_DIR nor HOME says where state belongs; add --state DIR")
            }
        };
        Ok(Self(base.join("amt-sim")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// Listens on the control socket. `None`: another process does.
    pub(super) fn listen(&self) -> Result<Option<UnixListener>> {
        let make = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        make.with_context(|| format!("{} cannot be made", self.0.display()))?;
        let path = self.socket();
        if BlockingStream::connect(&path).is_ok() {
            return Ok(None);
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)
            .with_context(|| format!("no control socket at {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(Some(listener))
    }

    fn log_directory(&self) -> PathBuf {
        self.0.join("cira-log")
    }

    /// Replaces the stored log of one platform.
    pub(super) fn store(&self, log: &NamedLog) -> Result<()> {
        replace(&self.log_directory(), log.guid, log)
    }

    fn platform_directory(&self) -> PathBuf {
        self.0.join("platform")
    }

    /// Replaces what survives of one platform.
    pub(super) fn keep(&self, guid: Uuid, survivor: &Survivor) -> Result<()> {
        replace(&self.platform_directory(), guid, survivor)
    }

    /// What survived of one platform; none when nothing did.
    pub(super) fn survivor(&self, guid: Uuid) -> Result<Option<Survivor>> {
        let file = self.platform_directory().join(format!("{guid}.json"));
        match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| {
                format!("{} is damaged; remove it to start the platform anew", file.display())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    pub(super) fn load(&self, guid: Uuid) -> Option<NamedLog> {
        let file = self.log_directory().join(format!("{guid}.json"));
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// All stored logs by name; none when there is no such directory.
    pub(super) fn load_all(&self) -> Result<Vec<NamedLog>> {
        let files = match fs::read_dir(self.log_directory()) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut logs = Vec::new();
        for file in files {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let log = serde_json::from_slice(&fs::read(&path)?);
                logs.push(log.with_context(|| format!("{} is damaged", path.display()))?);
            }
        }
        logs.sort_by(|one: &NamedLog, other| one.name.cmp(&other.name));
        Ok(logs)
    }
}

/// Replaces the file of one platform, never half: after a crash the old or the new content is there.
fn replace(directory: &Path, guid: Uuid, content: &impl Serialize) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let file = directory.join(format!("{guid}.json"));
    let fresh = file.with_extension("new");
    let write = || -> io::Result<()> {
        let mut out =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        out.write_all(&serde_json::to_vec(content)?)?;
        out.sync_all()?;
        fs::rename(&fresh, &file)
    };
    write().with_context(|| format!("{} cannot be written", file.display()))
}
