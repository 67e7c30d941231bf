//! Secrets of devices that a Vault keeps instead of this server's store.
//!
//! The store goes first: a device whose password is kept here never waits for Vault, and an outage of Vault does not
//! touch it.

use super::{Device, Inventory, StoreError};
use crate::{
    config::Secret,
    vault::{DeviceSecrets, Vault},
};
use subtle::ConstantTimeEq;
use viaduct_api::DeviceId;

/// The user when provisioning has named none: the one that Open AMT writes.
const USER: &str = "admin";

/// What Vault has to say on a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is the credential that Vault keeps.
    Given,
    /// It is not.
    Wrong,
    /// Vault keeps none.
    None,
    /// Vault must be asked first.
    Unasked,
}

impl Inventory {
    /// From now on, what is not kept here is looked for there.
    pub(crate) fn use_vault(&self, vault: Vault) {
        // Set once, when the server starts.
        drop(self.0.vault.set(vault));
    }

    /// Where secrets are that are not kept here.
    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.0.vault.get()
    }

    /// Forgets what is remembered of a device's secrets elsewhere.
    pub(crate) fn forget_outside(&self, id: DeviceId) {
        if let Some(vault) = self.vault() {
            vault.forget(id);
        }
    }

    /// User and password of AMT itself: those kept here, or else those in Vault.
    ///
    /// # Errors
    /// As for [`Inventory::amt_credential`], and when Vault cannot be asked: that is not the same as having none.
    pub async fn amt_account(
        &self,
        id: DeviceId,
    ) -> Result<Option<(String, Secret<String>)>, StoreError> {
        let own = self.amt_credential(id)?;
        let (None, Some(vault)) = (&own, self.vault()) else { return Ok(own) };
        let user = self.get(id).and_then(|device| device.amt_user.clone());
        let secrets = vault.device(id).await?;
        let password = secrets.amt.clone();
        Ok(password.map(|password| (user.unwrap_or_else(|| USER.to_owned()), password)))
    }

    /// Whether Vault must be asked about a device that is refused anyway, so that this takes as long as for one that
    /// could come in.
    pub(crate) fn hides_in_vault(&self, id: DeviceId) -> bool {
        self.vault().is_some_and(|vault| !vault.asked_about_stranger(id))
    }

    /// Whether Vault's credential of this device is the one presented: that in `found`, or else as far as is known
    /// without asking. None: there is no Vault, or nothing it could prove.
    pub(crate) fn proof_outside(
        &self,
        device: &Device,
        user: &[u8],
        password: &[u8],
        found: Option<&DeviceSecrets>,
    ) -> Option<Proof> {
        let vault = self.vault()?;
        if user.is_empty() || password.is_empty() {
            return None;
        }
        let remembered = vault.remembered(device.id);
        let (secrets, new) = match (found, &remembered) {
            (Some(found), _) => (found, true),
            (None, Some((secrets, new))) => (&**secrets, *new),
            (None, None) => return Some(Proof::Unasked),
        };
        let Some(expected) = &secrets.mps else {
            return Some(if new { Proof::None } else { Proof::Unasked });
        };
        let name = device.cira_user.as_deref().unwrap_or(USER);
        let keys = self.keys();
        let expected = keys.verifier(device.id, name.as_bytes(), expected.expose().as_bytes());
        let presented = keys.verifier(device.id, user, password);
        Some(match bool::from(presented.ct_eq(&expected)) {
            true => Proof::Given,
            false if new => Proof::Wrong,
            false => Proof::Unasked,
        })
    }
}
