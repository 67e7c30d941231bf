//! What `login` remembers: server, token, and which certificate to believe. One file, readable by its owner only.

use crate::failure::{Failure, Result};
use serde::{Deserialize, Serialize};
use std::{
    env, fmt, fs,
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// A server that was signed in to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Context {
    /// URL with port.
    pub(crate) server: String,
    pub(crate) token: String,
    /// PEM text of its CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<String>,
    /// SHA-256 of its certificate, when no CA is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("server", &self.server).finish_non_exhaustive()
    }
}

/// `$XDG_CONFIG_HOME/viaduct/context.json`, or under `~/.config`; None when neither is known.
pub(crate) fn file() -> Option<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let configuration = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(absolute);
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".config"));
    configuration.or_else(home).map(|directory| directory.join("viaduct/context.json"))
}

impl Context {
    /// What was remembered, if anything.
    pub(crate) fn load() -> Result<Option<Self>> {
        file().map_or(Ok(None), |file| Self::read(&file))
    }

    fn read(file: &Path) -> Result<Option<Self>> {
        match fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
                Failure::local(file.display(), error).next("Sign in again with `viaduct login`.")
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::local(file.display(), error)),
        }
    }

    /// Remembers it in place of what was remembered before.
    pub(crate) fn save(&self) -> Result<PathBuf> {
        let file = file().ok_or_else(|| {
            Failure::usage("neither XDG_CONFIG_HOME nor HOME says where to remember the server")
        })?;
        self.write(&file).map_err(|error| Failure::local(file.display(), error))?;
        Ok(file)
    }

    fn write(&self, file: &Path) -> std::io::Result<()> {
        if let Some(directory) = file.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        // Written beside and moved over, so that it is never half there nor readable by others.
        let beside = file.with_extension("new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut new =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        new.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        new.sync_all()?;
        fs::rename(&beside, file)
    }

    /// Forgets; false when nothing was remembered.
    pub(crate) fn forget() -> Result<bool> {
        let Some(file) = file() else { return Ok(false) };
        match fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Failure::local(file.display(), error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_remembered_comes_back_and_only_its_owner_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("viaduct/context.json");
        assert_eq!(Context::read(&file).unwrap(), None);
        let context = Context {
            server: "https://mps.example.com:8443".into(),
            token: "secret".into(),
            ca: None,
            fingerprint: Some("ab".into()),
        };
        for _ in 0..2 {
            context.write(&file).unwrap();
        }
        assert_eq!(Context::read(&file).unwrap(), Some(context.clone()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        assert!(!format!("{context:?}").contains("secret"));
    }
}
