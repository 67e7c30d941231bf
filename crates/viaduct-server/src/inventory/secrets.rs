//! Secrets of provisioning, by path: what Open AMT's services keep in a Vault can be kept here. Sealed with the keys of
//! the data directory, each bound to its path.

use super::{Inventory, StoreError, durable};
use crate::config::Secret;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;
use viaduct_api::DeviceId;

/// A secret with its number.
#[derive(Debug)]
pub struct StoredSecret {
    /// JSON text.
    pub data: Secret<String>,
    /// Counts its writes.
    pub version: u64,
    /// The last one.
    pub created: OffsetDateTime,
}

/// Where the secrets of devices are.
const DEVICES: &str = "devices/";
/// The password of port 5900 among them.
pub(crate) const RFB: &str = "RFB_PASSWORD";
/// Two writers at the same time are rare, and one of them is always done.
const CAS_TRIES: usize = 8;

/// Longest path.
const PATH: usize = 256;

fn field(path: &str) -> String {
    format!("secret:{path}")
}

/// They belong to no device as a whole; those of a device have its UUID in their path.
const NOBODY: DeviceId = DeviceId(Uuid::nil());

impl Inventory {
    /// The secret of this path.
    ///
    /// # Errors
    /// When it cannot be read or unsealed.
    pub async fn secret(&self, path: &str) -> Result<Option<StoredSecret>, StoreError> {
        let Some(row) = self.store().secret(path).await? else { return Ok(None) };
        let data = self.keys().open_sealed(NOBODY, &field(path), &row.sealed)?;
        Ok(Some(StoredSecret { data, version: row.version, created: row.created }))
    }

    /// Writes it and gives its number; None when `expected` is not the number that it has.
    ///
    /// # Errors
    /// When the path cannot be one, or the database does not take it.
    pub async fn put_secret(
        &self,
        path: String,
        data: Secret<String>,
        expected: Option<u64>,
    ) -> Result<Option<u64>, StoreError> {
        let fine = !path.is_empty()
            && path.len() <= PATH
            && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !fine {
            let why = "it is empty, longer than 256 bytes, or has an empty part".to_owned();
            return Err(StoreError::Invalid { field: "path", why });
        }
        let sealed = self.keys().seal(NOBODY, &field(&path), &data)?;
        let this = self.clone();
        durable(async move {
            let now = OffsetDateTime::now_utc();
            this.store().put_secret(&path, &sealed, now, expected).await
        })
        .await
    }

    /// Keeps a password beside the other secrets of a device, where provisioning looks for it; None takes it away.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn keep_beside(
        &self,
        id: DeviceId,
        key: &'static str,
        password: Option<Secret<String>>,
    ) -> Result<(), StoreError> {
        let path = format!("{DEVICES}{id}");
        for _ in 0..CAS_TRIES {
            let known = self.secret(&path).await?;
            let version = known.as_ref().map_or(0, |secret| secret.version);
            let mut data: Map<String, Value> = known
                .and_then(|secret| serde_json::from_str(secret.data.expose()).ok())
                .unwrap_or_default();
            match &password {
                Some(password) => {
                    drop(data.insert(key.to_owned(), password.expose().clone().into()));
                }
                None if data.remove(key).is_none() => return Ok(()),
                None => {}
            }
            let text = Secret::new(Value::Object(data).to_string());
            if self.put_secret(path.clone(), text, Some(version)).await?.is_some() {
                return Ok(());
            }
        }
        Err(StoreError::Database("others change the secrets of this device all the time".into()))
    }

    /// The password of a device's port 5900: the one kept here, or else in Vault.
    ///
    /// # Errors
    /// When it cannot be read or unsealed, or Vault cannot be asked.
    pub async fn rfb_password(&self, id: DeviceId) -> Result<Option<Secret<String>>, StoreError> {
        let own = self.secret(&format!("{DEVICES}{id}")).await?;
        let own = own.and_then(|secret| {
            let data: Value = serde_json::from_str(secret.data.expose()).ok()?;
            let text = data.get(RFB)?.as_str().filter(|text| !text.is_empty())?;
            Some(Secret::new(text.to_owned()))
        });
        match (own, self.vault()) {
            (None, Some(vault)) => Ok(vault.device(id).await?.rfb.clone()),
            (own, _) => Ok(own),
        }
    }

    /// Takes it away; there need not be one.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn delete_secret(&self, path: String) -> Result<(), StoreError> {
        let this = self.clone();
        durable(async move { this.store().delete_secret(&path).await }).await
    }

    /// What is right below this path: names, those of further paths with a slash at their end.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn secret_names(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
        let mut names: Vec<String> = Vec::new();
        for path in self.store().secret_paths(&prefix).await? {
            let rest = &path[prefix.len()..];
            let name = match rest.split_once('/') {
                Some((directory, _)) => format!("{directory}/"),
                None => rest.to_owned(),
            };
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}
