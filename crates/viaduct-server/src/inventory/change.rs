//! People's changes: judged against all devices, written, and only then visible. One at a time.

use super::{
    Device, DeviceChange, Inventory, Issued, Kept, NewDevice, StoreError,
    book::{Book, Record},
    keys::{self, Verifier},
    locked, names,
    strangers::Presented,
    view::{self, View},
};
use crate::config::Secret;
use std::{collections::BTreeMap, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// All firmware takes 16 letters and digits; that many random ones have 95 bits.
const PASSWORD_LENGTH: usize = 16;
const USER_LENGTH: usize = 12;
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The field of sealed AMT passwords.
pub(super) const AMT_FIELD: &str = "amt_password";

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
            sealed_amt,
            amt_pin: None,
        };
        Ok((record, issued))
    }

    async fn block_stranger(&self, id: DeviceId) -> Result<(), StoreError> {
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
        let record = Record { device, verifier: None, sealed_amt: None, amt_pin: None };
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

    /// User, verifier, and the credential itself when it had to be made; for a device that is known, or will be under
    /// that name.
    fn credential(
        &self,
        (id, new_name): (DeviceId, Option<&str>),
        given: Option<&(String, Option<Secret<String>>)>,
    ) -> Result<(String, Verifier, Option<Issued>), StoreError> {
        let (user, password, made) = match given {
            // A user alone: provisioning that keeps the password elsewhere, or somebody who leaves it to us.
            Some((user, None)) => (user.clone(), Secret::new(made_password()?), true),
            Some((user, Some(password))) => (user.clone(), password.clone(), false),
            None => (keys::random_text(USER_LENGTH, LOWER)?, Secret::new(made_password()?), true),
        };
        names::cira(&user, &password)?;
        if !made {
            let known = self.get(id);
            let name = new_name.or(known.as_ref().map(|device| &*device.name));
            for warning in names::cira_warnings(&user, &password) {
                tracing::warn!(device = %id, name, "{warning}");
            }
        }
        let verifier = self.0.keys.verifier(id, user.as_bytes(), password.expose().as_bytes());
        Ok((user.clone(), verifier, made.then_some(Issued { user, password })))
    }

    fn sealed(
        &self,
        id: DeviceId,
        credential: Option<&(String, Secret<String>)>,
    ) -> Result<(Option<String>, Option<Vec<u8>>), StoreError> {
        let Some((user, password)) = credential else { return Ok((None, None)) };
        names::amt(user, password)?;
        Ok((Some(user.clone()), Some(self.0.keys.seal(id, AMT_FIELD, password)?)))
    }
}

/// Letters and digits, at least one capital, one small letter and one digit, as firmware wants of strong passwords.
fn made_password() -> Result<String, StoreError> {
    loop {
        let text = keys::random_text(PASSWORD_LENGTH, ALPHANUMERIC)?;
        let has = |class: fn(&u8) -> bool| text.bytes().any(|b| class(&b));
        if has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit) {
            return Ok(text);
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

/// Runs to its end even when the one who asked goes away: otherwise the database could have what memory has not. What is
/// seen stays what whoever asked sees.
pub(crate) async fn durable<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let spawned = match View::current() {
        Some(view) => tokio::spawn(async move { view.around(work).await }),
        None => tokio::spawn(work),
    };
    spawned
        .await
        .unwrap_or_else(|e| Err(StoreError::Database(format!("the change was broken off: {e}"))))
}
