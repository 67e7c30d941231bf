//! The devices in memory, and the names they can be found by.

use super::{Device, FindError, StoreError, keys::Verifier};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use viaduct_api::DeviceId;

/// A device with its secrets, which leave this module only as answers.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) device: Arc<Device>,
    /// None: no CIRA password is configured, which is a state of its own and never verifies.
    pub(super) verifier: Option<Verifier>,
    /// Counts as well: whether the device has the other one yet is not known (`offered`).
    pub(super) earlier: Option<Verifier>,
    pub(super) sealed_amt: Option<Vec<u8>>,
    /// SHA-256 of the certificate of its TLS ports, since the first visit.
    pub(super) amt_pin: Option<[u8; 32]>,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    records: HashMap<DeviceId, Record>,
    /// Unique within a tenant.
    names: HashMap<String, BTreeSet<DeviceId>>,
    fqdns: HashMap<String, BTreeSet<DeviceId>>,
    /// By first label of the FQDN.
    hosts: HashMap<String, BTreeSet<DeviceId>>,
    certificates: HashMap<String, DeviceId>,
}

fn first_label(fqdn: &str) -> &str {
    fqdn.split('.').next().unwrap_or(fqdn)
}

impl Book {
    pub(super) fn record(&self, id: DeviceId) -> Option<&Record> {
        self.records.get(&id)
    }

    pub(super) fn list(&self) -> Vec<Arc<Device>> {
        self.records.values().map(|record| Arc::clone(&record.device)).collect()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    pub(super) fn into_records(self) -> Vec<Record> {
        self.records.into_values().collect()
    }

    /// The device of that UUID, name, FQDN or first label, in this order, among those that are seen.
    pub(super) fn find(
        &self,
        text: &str,
        seen: impl Fn(&Device) -> bool,
    ) -> Result<Arc<Device>, FindError> {
        let among = |ids: Option<&BTreeSet<DeviceId>>| -> Vec<Arc<Device>> {
            let devices = ids.into_iter().flatten().filter_map(|id| self.record(*id));
            devices.map(|record| &record.device).filter(|d| seen(d)).cloned().collect()
        };
        let plain = text.to_ascii_lowercase();
        let mut found = among(self.names.get(&plain));
        if found.is_empty()
            && let Ok(id) = plain.parse()
        {
            found = among(Some(&BTreeSet::from([id])));
        }
        let plain = plain.strip_suffix('.').unwrap_or(&plain);
        if found.is_empty() {
            found = among(self.fqdns.get(plain));
        }
        if found.is_empty() {
            found = among(self.hosts.get(plain));
        }
        if found.len() > 1 {
            let mut names: Vec<_> = found.iter().map(|device| device.name.clone()).collect();
            names.sort();
            return Err(FindError::Ambiguous(text.to_owned(), names));
        }
        found.pop().ok_or_else(|| FindError::Unknown(text.to_owned()))
    }

    /// Whether the device could have these names beside all others of its tenant.
    pub(super) fn conflict(
        &self,
        id: DeviceId,
        tenant: &str,
        name: &str,
        fqdn: Option<&str>,
        certificate: Option<&str>,
    ) -> Result<(), StoreError> {
        let taken = |owner: Option<&DeviceId>| owner.is_some_and(|owner| *owner != id);
        let of_other = |ids: Option<&BTreeSet<DeviceId>>| {
            let others = ids.into_iter().flatten().filter(|other| **other != id);
            others
                .filter_map(|other| self.record(*other))
                .any(|record| record.device.tenant == tenant)
        };
        let name_taken = |n: &str| of_other(self.names.get(n));
        let plain = name.to_ascii_lowercase();
        if name_taken(&plain) || of_other(self.fqdns.get(&plain)) {
            return Err(StoreError::Exists(format!("the name {name}")));
        }
        // Otherwise the console that means this device would get the one with that name.
        if let Some(fqdn) = fqdn.filter(|f| name_taken(f)) {
            return Err(StoreError::Exists(format!("the name {fqdn}")));
        }
        if certificate.is_some_and(|c| taken(self.certificates.get(c))) {
            return Err(StoreError::Exists("this certificate".into()));
        }
        Ok(())
    }

    /// Adds the device, or puts it in the place of the one with that UUID.
    pub(super) fn put(&mut self, record: Record) {
        let device = Arc::clone(&record.device);
        self.remove(device.id);
        self.names.entry(device.name.to_ascii_lowercase()).or_default().insert(device.id);
        if let Some(fqdn) = &device.fqdn {
            self.fqdns.entry(fqdn.clone()).or_default().insert(device.id);
            self.hosts.entry(first_label(fqdn).to_owned()).or_default().insert(device.id);
        }
        if let Some(certificate) = &device.certificate {
            self.certificates.insert(certificate.clone(), device.id);
        }
        self.records.insert(device.id, record);
    }

    pub(super) fn remove(&mut self, id: DeviceId) {
        let Some(Record { device, .. }) = self.records.remove(&id) else { return };
        drop_from(&mut self.names, &device.name.to_ascii_lowercase(), id);
        if let Some(fqdn) = &device.fqdn {
            drop_from(&mut self.fqdns, fqdn, id);
            drop_from(&mut self.hosts, first_label(fqdn), id);
        }
        if let Some(certificate) = &device.certificate {
            self.certificates.remove(certificate);
        }
    }

    /// Changes facts about a device; names must not be touched here. False when it is not known.
    pub(super) fn update(&mut self, id: DeviceId, change: impl FnOnce(&mut Device)) -> bool {
        self.records.get_mut(&id).is_some_and(|record| {
            change(Arc::make_mut(&mut record.device));
            true
        })
    }
}

fn drop_from(index: &mut HashMap<String, BTreeSet<DeviceId>>, key: &str, id: DeviceId) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}
