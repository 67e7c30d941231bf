//! Devices for another server that has the same key files: credentials leave as they are kept, hashed and sealed.

use super::{
    Device, Inventory, StoreError,
    book::Record,
    credential::AMT_FIELD,
    keys::{Keys, Verifier},
    verify::hex,
    view,
};
use std::sync::Arc;
use viaduct_api::DeviceId;

/// A device as another server is to take it.
#[derive(Debug, Clone)]
pub struct Portable {
    pub device: Arc<Device>,
    pub sealed: Sealed,
}

/// Credentials as they are kept.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Tells which key files they were made with.
    pub keys: String,
    /// Keyed hash of the CIRA credential.
    pub cira: Option<Vec<u8>>,
    /// The sealed AMT password.
    pub amt_password: Option<Vec<u8>>,
}

/// Credentials of another server, found to be usable here.
#[derive(Debug, Clone)]
pub struct Kept {
    verifier: Option<Verifier>,
    sealed_amt: Option<Vec<u8>>,
    cira_user: Option<String>,
    amt_user: Option<String>,
    blocked: bool,
}

impl Keys {
    fn name(&self) -> String {
        hex(&self.fingerprint()[..16])
    }
}

impl Inventory {
    /// All devices that are seen, by name.
    #[must_use]
    pub fn export(&self) -> Vec<Portable> {
        let book = self.0.read_book();
        let mut devices: Vec<Portable> = book
            .records()
            .filter(|record| view::seen(&record.device))
            .map(|record| Portable {
                device: Arc::clone(&record.device),
                sealed: Sealed {
                    keys: self.0.keys.name(),
                    cira: record.verifier.map(|verifier| verifier.to_vec()),
                    amt_password: record.sealed_amt.clone(),
                },
            })
            .collect();
        devices.sort_by(|one, other| one.device.name.cmp(&other.device.name));
        devices
    }

    /// Looks whether what another server kept can be used here.
    ///
    /// # Errors
    /// When it was made with other key files, or is damaged.
    pub fn kept(
        &self,
        id: DeviceId,
        sealed: Sealed,
        users: (Option<String>, Option<String>),
        blocked: bool,
    ) -> Result<Kept, StoreError> {
        let invalid = |why: String| StoreError::Invalid { field: "sealed", why };
        if sealed.keys != self.0.keys.name() {
            return Err(invalid(
                "these credentials were made with the key files of another server; copy DATA/keys of that server to \
                 this one before its first start, or give the credentials in the clear"
                    .into(),
            ));
        }
        let wrong_length =
            |_| invalid("the hash of the CIRA credential has the wrong length".into());
        let verifier = sealed.cira.map(Verifier::try_from).transpose().map_err(wrong_length)?;
        if let Some(password) = &sealed.amt_password {
            self.0.keys.open_sealed(id, AMT_FIELD, password).map_err(|e| invalid(e.to_string()))?;
        }
        let (cira_user, amt_user) = users;
        Ok(Kept { verifier, sealed_amt: sealed.amt_password, cira_user, amt_user, blocked })
    }
}

impl Kept {
    /// Puts these credentials in place of those that a new record has.
    pub(super) fn apply(self, record: &mut Record) {
        let device = Arc::make_mut(&mut record.device);
        device.blocked = self.blocked;
        device.has_amt_password = self.sealed_amt.is_some();
        device.cira_user = self.verifier.and(self.cira_user);
        device.amt_user = self.amt_user;
        record.verifier = self.verifier;
        record.sealed_amt = self.sealed_amt;
    }
}
