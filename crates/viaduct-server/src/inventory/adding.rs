//! New devices: judged against those that are there, alone or many at once.

use super::{
    Device, Inventory, Issued, Kept, NewDevice, StoreError,
    book::{Book, Record},
    change::durable,
    keys::Verifier,
    locked, names,
    strangers::Presented,
    view::View,
};
use std::{collections::BTreeMap, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// A device that was added, and the credential that was made for it.
type Added = (Arc<Device>, Option<Issued>);

/// What provisioning tools report.
type Profile = serde_json::Map<String, serde_json::Value>;

/// Where a new device's CIRA credential comes from.
enum Proof {
    /// It is made, or was typed.
    Configured,
    /// It is the one that the device has always presented while it was unknown, if there is one.
    Presented,
}

impl Inventory {
    /// Adds a device. Without credential and certificate a credential is made and given back, this once.
    ///
    /// # Errors
    /// When a field is not possible, the device or name exists, or the database does not take it.
    pub async fn add(&self, device: NewDevice) -> Result<Added, StoreError> {
        let this = self.clone();
        durable(async move { this.add_now(device, Proof::Configured).await }).await
    }

    /// Adds those of many devices that can be added, in one transaction; each with what provisioning reported of it, and
    /// with the credentials that another server kept, if it comes from one.
    ///
    /// # Errors
    /// When the database does not take them; then none was added.
    pub async fn add_all(
        &self,
        devices: Vec<(NewDevice, Profile, Option<Kept>)>,
    ) -> Result<Vec<Result<Added, StoreError>>, StoreError> {
        let this = self.clone();
        durable(async move { this.add_all_now(devices, true).await }).await
    }

    /// What [`Inventory::add_all`] would do with these devices, of which nothing is kept.
    ///
    /// # Errors
    /// None as long as nothing is written.
    pub async fn could_add_all(
        &self,
        devices: Vec<(NewDevice, Profile, Option<Kept>)>,
    ) -> Result<Vec<Result<Added, StoreError>>, StoreError> {
        self.add_all_now(devices, false).await
    }

    /// Lets a device in that is on the list of unclaimed ones. When it has always presented the same credential, that
    /// one is accepted from now on (a keyed hash of it was kept); otherwise it is as [`Inventory::add`], and the device
    /// must be told the new credential.
    ///
    /// # Errors
    /// As for [`Inventory::add`].
    pub async fn approve(&self, device: NewDevice) -> Result<Added, StoreError> {
        let this = self.clone();
        durable(async move { this.add_now(device, Proof::Presented).await }).await
    }

    async fn add_now(&self, device: NewDevice, proof: Proof) -> Result<Added, StoreError> {
        let device = names::checked(device)?;
        let _one_at_a_time = self.0.changes.lock().await;
        let (record, issued) = self.prepared(device, &proof)?;
        Ok((self.insert(record).await?, issued))
    }

    async fn add_all_now(
        &self,
        devices: Vec<(NewDevice, Profile, Option<Kept>)>,
        write: bool,
    ) -> Result<Vec<Result<Added, StoreError>>, StoreError> {
        let _one_at_a_time = self.0.changes.lock().await;
        // Judged against those that are there, and against those that come with them.
        let mut beside = Book::default();
        let mut outcomes = Vec::with_capacity(devices.len());
        for (device, profile, kept) in devices {
            let outcome = self.prepared_beside(device, profile, kept, &beside);
            outcomes.push(outcome.map(|(record, issued)| {
                let device = Arc::clone(&record.device);
                beside.put(record);
                (device, issued)
            }));
        }
        if !write {
            return Ok(outcomes);
        }
        let records = beside.into_records();
        self.0.store.insert_devices(&records).await?;
        for record in records {
            let id = record.device.id;
            self.0.write_book().put(record);
            locked(&self.0.strangers).forget(id);
        }
        Ok(outcomes)
    }

    fn prepared_beside(
        &self,
        device: NewDevice,
        profile: Profile,
        kept: Option<Kept>,
        beside: &Book,
    ) -> Result<(Record, Option<Issued>), StoreError> {
        let device = names::checked(device)?;
        names::profile(&profile)?;
        if beside.record(device.id).is_some() {
            return Err(StoreError::Exists(format!("the UUID {}", device.id)));
        }
        let (fqdn, certificate) = (device.fqdn.as_deref(), device.certificate.as_deref());
        beside.conflict(device.id, &tenant(), &device.name, fqdn, certificate)?;
        let (mut record, mut issued) = self.prepared(device, &Proof::Configured)?;
        Arc::make_mut(&mut record.device).profile = Arc::new(profile);
        if let Some(kept) = kept {
            kept.apply(&mut record);
            issued = None;
        }
        Ok((record, issued))
    }

    /// What a checked device will be, when it can stand beside those that are there. The caller holds the lock of
    /// changes.
    fn prepared(
        &self,
        device: NewDevice,
        proof: &Proof,
    ) -> Result<(Record, Option<Issued>), StoreError> {
        // A UUID is one machine, whosever it is.
        if self.0.read_book().record(device.id).is_some() {
            return Err(StoreError::Exists(format!("the UUID {}", device.id)));
        }
        within_labels(&device)?;
        let (fqdn, certificate) = (device.fqdn.as_deref(), device.certificate.as_deref());
        self.0.read_book().conflict(device.id, &tenant(), &device.name, fqdn, certificate)?;
        let mut issued = None;
        let (cira_user, verifier) = match (self.presented(&device, proof), &device.certificate) {
            (Some((user, verifier)), _) => (user, Some(verifier)),
            (None, Some(_)) if device.cira.is_none() => (None, None),
            (None, _) => {
                let who = (device.id, Some(&*device.name));
                let (user, verifier, made) = self.credential(who, device.cira.as_ref())?;
                issued = made;
                (Some(user), Some(verifier))
            }
        };
        let (amt_user, sealed_amt) = self.sealed(device.id, device.amt.as_ref())?;
        let record = Record {
            device: Arc::new(fresh(device, cira_user, amt_user, sealed_amt.is_some())),
            verifier,
            earlier: None,
            sealed_amt,
            amt_pin: None,
        };
        Ok((record, issued))
    }

    pub(super) async fn block_stranger(&self, id: DeviceId) -> Result<(), StoreError> {
        let _one_at_a_time = self.0.changes.lock().await;
        let new = NewDevice {
            id,
            name: id.to_string(),
            fqdn: None,
            labels: BTreeMap::new(),
            cira: None,
            certificate: None,
            amt: None,
        };
        self.0.read_book().conflict(id, &tenant(), &new.name, None, None)?;
        let mut device = fresh(new, None, None, false);
        device.blocked = true;
        let device = Arc::new(device);
        let record =
            Record { device, verifier: None, earlier: None, sealed_amt: None, amt_pin: None };
        self.insert(record).await.map(drop)
    }

    /// Durable first, then visible. The caller holds the lock of changes.
    async fn insert(&self, record: Record) -> Result<Arc<Device>, StoreError> {
        self.0.store.insert_device(&record).await?;
        let device = Arc::clone(&record.device);
        self.0.write_book().put(record);
        locked(&self.0.strangers).forget(device.id);
        Ok(device)
    }

    /// What the device has always presented, when that shall count and nothing else was said.
    fn presented(&self, device: &NewDevice, proof: &Proof) -> Option<(Option<String>, Verifier)> {
        if matches!(proof, Proof::Configured)
            || device.cira.is_some()
            || device.certificate.is_some()
        {
            return None;
        }
        let strangers = locked(&self.0.strangers);
        let stranger = strangers.stranger(device.id)?;
        match stranger.presented {
            Presented::Same(verifier) => Some((stranger.seen.cira_user.clone(), verifier)),
            Presented::Nothing | Presented::Different => None,
        }
    }
}

/// A device of which nothing was seen yet.
fn fresh(
    device: NewDevice,
    cira_user: Option<String>,
    amt_user: Option<String>,
    has_amt_password: bool,
) -> Device {
    Device {
        id: device.id,
        tenant: tenant(),
        name: device.name,
        fqdn: device.fqdn,
        labels: device.labels,
        blocked: false,
        cira_user,
        certificate: device.certificate,
        amt_user,
        has_amt_password,
        profile: Arc::default(),
        added: OffsetDateTime::now_utc(),
        last_connected: None,
        last_seen: None,
        last_disconnected: None,
        last_address: None,
        last_end: None,
        hello: None,
        ports: Vec::new(),
    }
}

/// Whose a new device is: of whoever this is done for.
fn tenant() -> String {
    View::current().map(|view| view.tenant).unwrap_or_default()
}

/// Who sees only some labels must not add what they would not see.
fn within_labels(device: &NewDevice) -> Result<(), StoreError> {
    let Some(view) = View::current() else { return Ok(()) };
    match view.labels.iter().find(|label| device.labels.get(label.0) != Some(label.1)) {
        None => Ok(()),
        Some((key, value)) => Err(StoreError::Invalid {
            field: "labels",
            why: format!("you may add devices with the label {key}={value} only"),
        }),
    }
}
