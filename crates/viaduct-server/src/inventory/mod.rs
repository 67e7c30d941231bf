//! Devices we know: names, labels, credentials, what was last seen of them.

mod adding;
mod book;
mod change;
mod configured;
mod credential;
mod derived;
mod device;
mod facts;
mod firmware;
#[cfg(test)]
mod full_disk;
mod kept_consent;
pub(crate) mod keys;
mod knock;
mod names;
mod noted;
mod offered;
mod outside;
mod pending;
mod portable;
mod presence;
mod secrets;
mod silenced;
mod sqlite;
mod strangers;
mod told;
mod verify;
mod view;

pub(crate) use change::durable;
pub(crate) use configured::Configured;
pub(crate) use derived::CiraRecord;
pub use device::{Device, DeviceChange, Issued, NewDevice, TunnelEndRecord};
pub use facts::StoreHealth;
pub use knock::{Attempt, Unclaimed};
pub(crate) use names::check_labels;
pub use names::cira_warnings;
pub(crate) use noted::Noted;
pub(crate) use outside::Proof;
pub use portable::{Kept, Portable, Sealed};
pub(crate) use secrets::RFB;
pub use sqlite::{AuditFilter, examine};
pub(crate) use sqlite::{Person, TokenRow};
pub use verify::Verdict;
pub use view::{TENANT_MAX, View};

use crate::{
    config::{self, Secret},
    vault::Vault,
};
use book::Book;
use keys::{Keys, Verifier};
use pending::Pending;
use sqlite::Sqlite;
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    },
};
use strangers::Strangers;
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// Changed devices that are remembered one by one between two writes; with more, all are written.
const CHANGED_MAX: usize = 100_000;

/// Why no device was found by a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    #[error("no device is called `{0}`")]
    Unknown(String),
    #[error("`{0}` could be {names}", names = .1.join(", "))]
    Ambiguous(String, Vec<String>),
}

/// Why the store did not take a change.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0} is taken already")]
    Exists(String),
    #[error("no device {0}")]
    NotFound(DeviceId),
    #[error("invalid {field}: {why}")]
    Invalid { field: &'static str, why: String },
    #[error("the database did not take it: {0}")]
    Database(String),
    /// What Vault keeps could not be read; nothing is concluded from that.
    #[error("Vault gave no secret: {0}")]
    Vault(#[from] crate::vault::VaultError),
    #[error("the keys that seal what is secret cannot be used: {0}")]
    Keys(String),
}

/// The inventory. Reads come from memory; changes by people are durable before they return; facts about
/// tunnels are written behind, coalesced, and never wait.
#[derive(Debug, Clone)]
pub struct Inventory(Arc<Shared>);

/// What all handles share. Locks are held for moments, never over an await, and never two of them but in the order
/// `strangers`, `used_tokens`, `presence`, `book`.
#[derive(Debug)]
struct Shared {
    book: RwLock<Book>,
    strangers: Mutex<Strangers>,
    changed_devices: Mutex<Pending<DeviceId>>,
    used_tokens: Mutex<HashMap<String, OffsetDateTime>>,
    presence: Mutex<presence::Ledger>,
    noted: Mutex<HashMap<DeviceId, Noted>>,
    trouble: Mutex<facts::Trouble>,
    /// Held while people change something: what was judged must still be so when it is written.
    changes: tokio::sync::Mutex<()>,
    flushing: tokio::sync::Mutex<()>,
    keys: Keys,
    /// Where secrets are that are not kept here.
    vault: OnceLock<Vault>,
    /// Compared with when there is nothing to compare with. Random, so that nothing matches it.
    dummy: Verifier,
    store: Sqlite,
}

impl Shared {
    fn read_book(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_book(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock whose holder panicked is as good as any: all changes under it are complete or harmless.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inventory {
    /// Opens the store, makes it when it is not there, and reads all of it. Must be called inside a tokio runtime: a
    /// task writes facts behind until the last handle is dropped.
    ///
    /// # Errors
    /// When the database or a key file cannot be used, or they do not belong together.
    pub async fn open(
        store: &config::Store,
        data: &Path,
        unclaimed: usize,
    ) -> Result<Self, StoreError> {
        let settings = store;
        let store = Sqlite::open(settings, data).await?;
        let fingerprint = store.fingerprint().await?;
        let keys = Keys::open_with(data, settings, fingerprint.is_none())?;
        match fingerprint {
            None => store.set_fingerprint(&keys.fingerprint()).await?,
            Some(written) if written == keys.fingerprint() => {}
            Some(_) => {
                return Err(StoreError::Database(format!(
                    "it was written with other keys than those in {}; restore both from the same backup",
                    config::data_dir::keys(data).display()
                )));
            }
        }
        store.close_stays().await?;
        let mut book = Book::default();
        store.devices().await?.into_iter().for_each(|record| book.put(record));
        let mut strangers = Strangers::new(unclaimed);
        let mut unknown = store.unclaimed().await?;
        unknown.retain(|stranger| book.record(stranger.seen.id).is_none());
        strangers.restore(unknown, store.attempts().await?);
        strangers.expire();
        let inventory = Self(Arc::new(Shared {
            book: RwLock::new(book),
            strangers: Mutex::new(strangers),
            changed_devices: Mutex::new(Pending::new(CHANGED_MAX)),
            used_tokens: Mutex::default(),
            presence: Mutex::default(),
            noted: Mutex::default(),
            trouble: Mutex::default(),
            changes: tokio::sync::Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
            keys,
            vault: OnceLock::new(),
            dummy: keys::random()?,
            store,
        }));
        inventory.write_behind();
        Ok(inventory)
    }

    /// By UUID (any case), name, FQDN, or first label of the FQDN when unique. Never DNS.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<Arc<Device>, FindError> {
        self.0.read_book().find(name, view::seen)
    }

    /// The same among the devices that this principal sees.
    ///
    /// # Errors
    /// As for [`Inventory::find`].
    pub fn find_for(
        &self,
        who: &crate::access::Principal,
        name: &str,
    ) -> Result<Arc<Device>, FindError> {
        self.0.read_book().find(name, |device| who.sees(device))
    }

    /// The device of that UUID, when it is seen by whoever this is done for.
    #[must_use]
    pub fn get(&self, id: DeviceId) -> Option<Arc<Device>> {
        let book = self.0.read_book();
        book.record(id).map(|record| &record.device).filter(|d| view::seen(d)).cloned()
    }

    /// Whether anybody has a device with this GUID, seen or not.
    pub(crate) fn has_any(&self, id: DeviceId) -> bool {
        self.0.read_book().record(id).is_some()
    }

    /// All devices that are seen by whoever this is done for, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Device>> {
        let mut devices = self.0.read_book().list();
        devices.retain(|device| view::seen(device));
        devices.sort_by_cached_key(|device| device.name.to_ascii_lowercase());
        devices
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.0.store.fingerprint().await.map(drop)
    }

    /// User and password of AMT itself, when they are known.
    ///
    /// # Errors
    /// When the device is not known, or the password cannot be unsealed.
    pub fn amt_credential(
        &self,
        id: DeviceId,
    ) -> Result<Option<(String, Secret<String>)>, StoreError> {
        let record = self.0.read_book().record(id).cloned().ok_or(StoreError::NotFound(id))?;
        let (Some(user), Some(sealed)) = (&record.device.amt_user, &record.sealed_amt) else {
            return Ok(None);
        };
        let password = self.0.keys.open_sealed(id, credential::AMT_FIELD, sealed)?;
        Ok(Some((user.clone(), password)))
    }

    /// SHA-256 of the certificate that the device's TLS ports have shown since the first visit.
    #[must_use]
    pub fn amt_pin(&self, id: DeviceId) -> Option<[u8; 32]> {
        self.0.read_book().record(id).and_then(|record| record.amt_pin)
    }

    /// Devices that knocked and are not known, the latest first. They belong to nobody yet, so that only who sees all of
    /// the first tenant sees them.
    #[must_use]
    pub fn unclaimed(&self) -> Vec<Unclaimed> {
        if !view::sees_strangers() {
            return Vec::new();
        }
        locked(&self.0.strangers).unclaimed()
    }

    /// Takes a device off the list of unclaimed ones; false when it was not on it. It comes back when it knocks again.
    #[must_use]
    pub fn forget_unclaimed(&self, id: DeviceId) -> bool {
        view::sees_strangers() && locked(&self.0.strangers).forget(id)
    }

    /// Whether anybody wants to hear of an unclaimed device; it stays as it is said over its next knocks. False when it
    /// is not on the list.
    #[must_use]
    pub fn ignore_unclaimed(&self, id: DeviceId, ignored: bool) -> bool {
        view::sees_strangers() && locked(&self.0.strangers).ignore(id, ignored)
    }

    /// Whether somebody said that they do not want to hear of a device that knocks.
    pub(crate) fn is_ignored(&self, id: DeviceId) -> bool {
        locked(&self.0.strangers).stranger(id).is_some_and(|stranger| stranger.seen.ignored)
    }

    /// Failed attempts of the last seven days, the latest first.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        let mut attempts = locked(&self.0.strangers).attempts();
        attempts.retain(|attempt| match attempt.device {
            Some(id) if self.0.read_book().record(id).is_some() => self.get(id).is_some(),
            _ => view::sees_strangers(),
        });
        attempts
    }

    /// The database, for users and tokens.
    pub(crate) fn store(&self) -> &Sqlite {
        &self.0.store
    }

    /// The keys of this installation.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }
}
