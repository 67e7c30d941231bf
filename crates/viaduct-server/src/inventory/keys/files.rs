//! Key files: as they are, or sealed with a master key that lies elsewhere (another file, a credential of systemd, the
//! environment), so that a copy of the data directory alone opens nothing.
//!
//! Sealed: `VDK1`, four bytes that name the master key, nonce, AES-256-GCM-SIV of the 32 bytes bound to the file's name.
//! Changing the master key seals the files anew at the next start; what they hold stays, so nothing else is touched.

use super::{KeyBytes, NONCE, StoreError, random};
use crate::config::{self, Secret};
use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"VDK1";
const ID: usize = 4;
/// Shorter ones could be guessed by whoever has a copy of the data directory.
const MASTER_MIN: usize = 32;

/// A master key.
struct Master {
    id: [u8; ID],
    cipher: Aes256GcmSiv,
}

/// The master key in use, and the one before it.
pub(super) struct Masters {
    current: Option<Master>,
    previous: Option<Master>,
}

impl Master {
    fn new(text: &[u8]) -> Result<Self, StoreError> {
        let text = text.trim_ascii();
        if text.len() < MASTER_MIN {
            return Err(StoreError::Invalid {
                field: "master key",
                why: format!(
                    "it has {} characters and needs {MASTER_MIN}; make one with `openssl rand -base64 32`",
                    text.len()
                ),
            });
        }
        let key = Zeroizing::new(<[u8; 32]>::from(
            Sha256::new().chain_update(b"viaduct master key").chain_update(text).finalize(),
        ));
        let mut id = [0; ID];
        id.copy_from_slice(&Sha256::digest(key.as_slice())[..ID]);
        let cipher = Aes256GcmSiv::new_from_slice(key.as_slice())
            .map_err(|_| StoreError::Keys("the master key has the wrong length".into()))?;
        Ok(Self { id, cipher })
    }

    fn read(path: &Path) -> Result<Self, StoreError> {
        let text = Zeroizing::new(fs::read(path).map_err(|e| unusable(path, &e))?);
        private(path)?;
        Self::new(&text)
    }

    fn seal(&self, path: &Path, key: &KeyBytes) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: key.as_slice(), aad: &name(path) };
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| StoreError::Keys("a key could not be sealed".into()))?;
        Ok([MAGIC.as_slice(), &self.id, &nonce, &sealed].concat())
    }

    fn open(&self, path: &Path, nonce: [u8; NONCE], sealed: &[u8]) -> Result<KeyBytes, StoreError> {
        let payload = Payload { msg: sealed, aad: &name(path) };
        let plain = self.cipher.decrypt(&Nonce::from(nonce), payload).map(Zeroizing::new);
        let plain = plain.map_err(|_| damaged(path, "it was changed"))?;
        whole(path, &plain)
    }
}

impl Masters {
    /// From the settings.
    pub(super) fn of(store: &config::Store) -> Result<Self, StoreError> {
        let current = match (&store.master_key, &store.master_key_text) {
            (Some(path), _) => Some(Master::read(path)?),
            (None, Some(text)) => Some(Master::new(Secret::expose(text).as_bytes())?),
            (None, None) => None,
        };
        let previous = store.previous_master_key.as_deref().map(Master::read).transpose()?;
        Ok(Self { current, previous })
    }

    /// Whether there is a master key to seal with.
    pub(super) fn seal(&self) -> bool {
        self.current.is_some()
    }

    /// The key in that file; a missing one is made when that is allowed. What is not sealed with the current master key
    /// is sealed with it.
    pub(super) fn read_or_make(&self, path: &Path, may_make: bool) -> Result<KeyBytes, StoreError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound && may_make => {
                let key: KeyBytes = Zeroizing::new(random()?);
                self.write(path, &key)?;
                return Ok(key);
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Keys(format!(
                    "the key file {} is missing, and the database was written with it; restore it from a backup",
                    path.display()
                )));
            }
            Err(e) => return Err(unusable(path, &e)),
        };
        private(path)?;
        let Some(sealed) = bytes.strip_prefix(MAGIC) else {
            let key = whole(path, &bytes)?;
            if self.current.is_some() {
                self.write(path, &key)?;
                tracing::info!(file = %path.display(), "the key file is sealed with the master key from now on");
            }
            return Ok(key);
        };
        self.unseal(path, sealed)
    }

    fn unseal(&self, path: &Path, sealed: &[u8]) -> Result<KeyBytes, StoreError> {
        let short = || damaged(path, "it is too short");
        let (id, rest) = sealed.split_first_chunk::<ID>().ok_or_else(short)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(short)?;
        let is = |master: &&Master| master.id == *id;
        if let Some(master) = self.current.as_ref().filter(is) {
            return master.open(path, *nonce, text);
        }
        let Some(previous) = self.previous.as_ref().filter(is) else {
            let why = match self.current {
                None => {
                    "and none is given; set store.master_key, or give it as systemd credential `viaduct.master-key`"
                }
                Some(_) => {
                    "which is not the one that is given; while it changes, name the old one in store.previous_master_key"
                }
            };
            return Err(StoreError::Keys(format!(
                "the key file {} is sealed with a master key, {why}",
                path.display()
            )));
        };
        let key = previous.open(path, *nonce, text)?;
        if self.current.is_none() {
            return Err(StoreError::Invalid {
                field: "store.master_key",
                why: "a previous master key is given, and no new one".into(),
            });
        }
        self.write(path, &key)?;
        tracing::info!(file = %path.display(), "the key file is sealed with the new master key from now on");
        Ok(key)
    }

    /// Written beside its place and then renamed, so that a crash leaves no half key.
    fn write(&self, path: &Path, key: &KeyBytes) -> Result<(), StoreError> {
        let bytes = match &self.current {
            Some(master) => Zeroizing::new(master.seal(path, key)?),
            None => Zeroizing::new(key.to_vec()),
        };
        let fresh: PathBuf = path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&fresh)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, path)?;
            path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
        };
        write().map_err(|e| unusable(path, &e))
    }
}

fn name(path: &Path) -> Vec<u8> {
    path.file_name().unwrap_or_default().as_encoded_bytes().to_vec()
}

pub(super) fn unusable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Keys(format!("{} cannot be used: {error}", path.display()))
}

fn damaged(path: &Path, why: &str) -> StoreError {
    StoreError::Keys(format!(
        "the key file {} is damaged ({why}); restore it from a backup",
        path.display()
    ))
}

fn whole(path: &Path, bytes: &[u8]) -> Result<KeyBytes, StoreError> {
    let key: [u8; 32] = bytes
        .try_into()
        .map_err(|_| damaged(path, &format!("{} bytes instead of 32", bytes.len())))?;
    Ok(Zeroizing::new(key))
}

fn private(path: &Path) -> Result<(), StoreError> {
    let mode = fs::metadata(path).map_err(|e| unusable(path, &e))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(StoreError::Keys(format!(
        "E1007 the key file {path} can be read by other users (mode {mode:04o}). Run `chmod 600 {path}` and start again",
        path = path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::{super::Keys, *};
    use viaduct_api::DeviceId;

    const ONE: &str = "first master key, long enough to be one";
    const TWO: &str = "second master key, long enough to be one";

    fn settings(place: &Path, current: Option<&str>, previous: Option<&str>) -> config::Store {
        let file = |name: &str, text: &str| {
            let path = place.join(name);
            fs::write(&path, format!("{text}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        config::Store {
            master_key: current.map(|text| file("current", text)),
            previous_master_key: previous.map(|text| file("previous", text)),
            ..config::Store::default()
        }
    }

    fn raw(data: &Path) -> Vec<Vec<u8>> {
        ["credentials.key", "sealing.key", "tokens.key"]
            .map(|name| fs::read(data.join("keys").join(name)).unwrap())
            .to_vec()
    }

    #[test]
    fn key_files_are_sealed_and_sealed_anew_and_open_with_nothing_else() {
        let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let open = |current, previous| {
            Keys::open_with(data.path(), &settings(other.path(), current, previous), true)
        };
        let device = DeviceId(uuid::Uuid::from_u128(7));
        let secret = Secret::new("P@ssw0rd".to_owned());
        let keys = open(None, None).unwrap();
        let sealed = keys.seal(device, "amt_password", &secret).unwrap();
        let plain = raw(data.path());
        let same = |keys: Keys| {
            assert_eq!(keys.open_sealed(device, "amt_password", &sealed).unwrap(), secret);
        };
        same(open(Some(ONE), None).unwrap());
        for (file, key) in raw(data.path()).iter().zip(&plain) {
            assert!(file.starts_with(MAGIC) && !file.windows(32).any(|w| w == key.as_slice()));
        }
        same(open(Some(ONE), None).unwrap());
        let missing = open(None, None).unwrap_err().to_string();
        assert!(missing.contains("store.master_key"), "{missing}");
        let wrong = open(Some(TWO), None).unwrap_err().to_string();
        assert!(wrong.contains("store.previous_master_key"), "{wrong}");
        same(open(Some(TWO), Some(ONE)).unwrap());
        same(open(Some(TWO), None).unwrap());
        assert!(open(Some(ONE), None).is_err(), "the old one opens nothing any more");
        assert!(open(Some("short"), None).unwrap_err().to_string().contains("openssl rand"));
    }

    #[test]
    fn a_changed_or_swapped_key_file_is_refused() {
        let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = settings(other.path(), Some(ONE), None);
        Keys::open_with(data.path(), &store, true).unwrap();
        let path = data.path().join("keys").join("sealing.key");
        let good = fs::read(&path).unwrap();
        for at in [4, 8, 20, 50, good.len() - 1] {
            let mut changed = good.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert!(Keys::open_with(data.path(), &store, true).is_err(), "byte {at}");
        }
        fs::copy(data.path().join("keys").join("credentials.key"), &path).unwrap();
        assert!(Keys::open_with(data.path(), &store, true).is_err(), "another file's key");
    }
}
