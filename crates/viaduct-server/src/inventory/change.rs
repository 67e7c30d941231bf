//! People's changes: judged against all devices, written, and only then visible. One at a time.

use super::{
    Device, DeviceChange, Inventory, Issued, StoreError,
    book::Record,
    locked, names,
    view::{self, View},
};
use crate::config::Secret;
use futures_util::{FutureExt, future::BoxFuture};
use std::{collections::BTreeMap, sync::Arc};
use viaduct_api::DeviceId;

impl Inventory {
    /// Forgets a device with all that was seen of it.
    ///
    /// # Errors
    /// When it is not known, or the database does not take it.
    pub async fn remove(&self, id: DeviceId) -> Result<(), StoreError> {
        let this = self.clone();
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            this.get(id).ok_or(StoreError::NotFound(id))?;
            this.0.store.delete_device(id).await?;
            this.0.write_book().remove(id);
            this.note_shown(id, |_| {});
            Ok(())
        })
        .await
    }

    /// Gives a device another name.
    ///
    /// # Errors
    /// When the name is not possible or taken, or the database does not take it.
    pub async fn rename(&self, id: DeviceId, name: String) -> Result<(), StoreError> {
        names::name(&name, id)?;
        self.modify(id, move |record| {
            Arc::make_mut(&mut record.device).name = name;
            Ok(())
        })
        .await
    }

    /// Changes several things at once, or nothing.
    ///
    /// # Errors
    /// When one of them is not possible, or the database does not take it.
    pub async fn change(&self, id: DeviceId, change: DeviceChange) -> Result<(), StoreError> {
        let DeviceChange { fqdn, cira, certificate, amt, profile } = change;
        let fqdn = fqdn.map(|f| f.map(names::fqdn).transpose()).transpose()?;
        let certificate = certificate.map(|c| c.map(names::certificate).transpose()).transpose()?;
        let cira = cira
            .map(|(user, password)| self.credential((id, None), Some(&(user, Some(password)))))
            .transpose()?;
        let amt = amt.map(|a| self.sealed(id, Some(&a))).transpose()?;
        profile.as_ref().map(names::profile).transpose()?;
        self.modify(id, move |record| {
            let device = Arc::make_mut(&mut record.device);
            if let Some(fqdn) = fqdn {
                device.fqdn = fqdn;
            }
            if let Some(certificate) = certificate {
                device.certificate = certificate;
            }
            if let Some((user, verifier, _)) = cira {
                device.cira_user = Some(user);
                record.verifier = Some(verifier);
                record.earlier = None;
            }
            if let Some((user, sealed)) = amt {
                device.has_amt_password = sealed.is_some();
                device.amt_user = user;
                record.sealed_amt = sealed;
            }
            if let Some(profile) = profile {
                device.profile = Arc::new(profile);
            }
            Ok(())
        })
        .await
    }

    /// Remembers the certificate (SHA-256 of its DER) of a device's TLS ports, or forgets it.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub async fn pin_amt(&self, id: DeviceId, pin: Option<[u8; 32]>) -> Result<(), StoreError> {
        self.modify(id, move |record| {
            record.amt_pin = pin;
            Ok(())
        })
        .await
    }

    /// Removes labels, then sets others.
    ///
    /// # Errors
    /// When there are too many or one is not possible, or the database does not take it.
    pub async fn set_labels(
        &self,
        id: DeviceId,
        set: BTreeMap<String, String>,
        remove: Vec<String>,
    ) -> Result<(), StoreError> {
        self.modify(id, move |record| {
            let device = Arc::make_mut(&mut record.device);
            device.labels.retain(|key, _| !remove.contains(key));
            device.labels.extend(set);
            names::check_labels(&device.labels)
        })
        .await
    }

    /// Locks a device out, or lets it in again. Ending its tunnel is the caller's part. An unclaimed device that is
    /// blocked enters the inventory, named by its UUID and without credential.
    ///
    /// # Errors
    /// When it is not known, or the database does not take it.
    pub async fn set_blocked(&self, id: DeviceId, blocked: bool) -> Result<(), StoreError> {
        let unclaimed = self.get(id).is_none() && locked(&self.0.strangers).stranger(id).is_some();
        if unclaimed && blocked {
            let this = self.clone();
            return durable(async move { this.block_stranger(id).await }).await;
        }
        self.modify(id, move |record| {
            Arc::make_mut(&mut record.device).blocked = blocked;
            Ok(())
        })
        .await
    }

    /// Sets the CIRA credential; None: one is made and given back, this once. The tunnel that is up stays.
    ///
    /// # Errors
    /// When it is not possible, or the database does not take it.
    pub async fn set_cira(
        &self,
        id: DeviceId,
        credential: Option<(String, Secret<String>)>,
    ) -> Result<Option<Issued>, StoreError> {
        let given = credential.map(|(user, password)| (user, Some(password)));
        let (user, verifier, issued) = self.credential((id, None), given.as_ref())?;
        self.modify(id, move |record| {
            record.verifier = Some(verifier);
            record.earlier = None;
            Arc::make_mut(&mut record.device).cira_user = Some(user);
            Ok(())
        })
        .await?;
        Ok(issued)
    }

    /// Changes what people decide about a device: in memory only after the database has it.
    pub(super) async fn modify(
        &self,
        id: DeviceId,
        change: impl FnOnce(&mut Record) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let this = self.clone();
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let mut record =
                this.0.read_book().record(id).cloned().ok_or(StoreError::NotFound(id))?;
            // Who does not see it does not change it either, however it was found.
            if !view::seen(&record.device) {
                return Err(StoreError::NotFound(id));
            }
            change(&mut record)?;
            let Device { tenant, name, fqdn, certificate, .. } = &*record.device;
            let (fqdn, certificate) = (fqdn.as_deref(), certificate.as_deref());
            this.0.read_book().conflict(id, tenant, name, fqdn, certificate)?;
            this.0.store.update_device(&record).await?;
            let mut book = this.0.write_book();
            // Facts may have been noted while the database wrote.
            if let Some(current) = book.record(id) {
                let seen = Arc::clone(&current.device);
                Arc::make_mut(&mut record.device).take_facts_of(&seen);
            }
            book.put(record);
            Ok(())
        })
        .await
    }
}

/// Runs to its end even when the one who asked goes away: otherwise the database could have what memory has not. What is
/// seen stays what whoever asked sees.
pub(crate) fn durable<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, StoreError>> {
    // Boxed: a task of a type of its own for each change is much to compile.
    let work = work.boxed();
    let spawned = async {
        match View::current() {
            Some(view) => tokio::spawn(view.around(work)),
            None => tokio::spawn(work),
        }
        .await
        .unwrap_or_else(|e| Err(StoreError::Database(format!("the change was broken off: {e}"))))
    };
    spawned.boxed()
}
