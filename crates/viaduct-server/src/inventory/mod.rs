//! Devices we know: names, labels, credentials, what was last seen of them.

use crate::config::Secret;
use crate::{config, events::Stage, registry::TunnelEnd, tls::HelloFacts};
use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// A device we know.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: DeviceId,
    pub name: String,
    pub fqdn: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub blocked: bool,
    /// CIRA user; the password is kept as a keyed hash only.
    pub cira_user: Option<String>,
    /// SHA-256 of a client certificate (DER) that this device may sign in with, lower-case hex.
    pub certificate: Option<String>,
    pub amt_user: Option<String>,
    pub has_amt_password: bool,
    pub added: OffsetDateTime,
    pub last_connected: Option<OffsetDateTime>,
    pub last_seen: Option<OffsetDateTime>,
    pub last_disconnected: Option<OffsetDateTime>,
    pub last_address: Option<SocketAddr>,
    pub last_end: Option<TunnelEndRecord>,
    pub hello: Option<Arc<HelloFacts>>,
    pub ports: Vec<u16>,
    /// What provisioning reported (`hostname`, `friendlyName`, `dnsSuffix`, `deviceInfo`); opaque here.
    pub profile: Arc<serde_json::Map<String, serde_json::Value>>,
}

/// A change of what we know of a device; None changes nothing.
#[derive(Debug, Clone, Default)]
pub struct DeviceChange {
    pub fqdn: Option<Option<String>>,
    pub profile: Option<serde_json::Map<String, serde_json::Value>>,
    pub cira: Option<(String, Secret<String>)>,
    pub certificate: Option<Option<String>>,
    pub amt: Option<(String, Secret<String>)>,
}

/// The last end of a device's tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelEndRecord {
    pub reason: String,
    pub detail: String,
    pub by_device: bool,
}

/// What is needed to add a device.
#[derive(Debug, Clone)]
pub struct NewDevice {
    pub id: DeviceId,
    pub name: String,
    pub fqdn: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// None: a random user and password are made.
    pub cira: Option<(String, Secret<String>)>,
    pub certificate: Option<String>,
    pub amt: Option<(String, Secret<String>)>,
}

/// A CIRA credential in the clear, shown once.
#[derive(Debug)]
pub struct Issued {
    pub user: String,
    pub password: Secret<String>,
}

/// An unknown device that knocked.
#[derive(Debug, Clone)]
pub struct Unclaimed {
    pub id: DeviceId,
    pub address: SocketAddr,
    pub first: OffsetDateTime,
    pub last: OffsetDateTime,
    pub count: u64,
    pub cira_user: Option<String>,
}

/// Failed attempts from one source address at one stage, counted.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub address: std::net::IpAddr,
    pub stage: Stage,
    pub device: Option<DeviceId>,
    pub reason: String,
    pub tls_alert: Option<u8>,
    pub hello: Option<Arc<HelloFacts>>,
    pub first: OffsetDateTime,
    pub last: OffsetDateTime,
    pub count: u64,
}

/// Why no device was found by a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    #[error("no device is called `{0}`")]
    Unknown(String),
    #[error("`{0}` could be {names}", names = .1.join(", "))]
    Ambiguous(String, Vec<String>),
}

/// What the admission check found; carries nothing that a refused device could learn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Admit,
    /// Not in the inventory (goes to `unclaimed`).
    Unknown,
    Blocked,
    /// Known, but user or password are wrong.
    WrongCredential,
    /// Known, but nothing is configured that it could prove.
    NoCredential,
}

/// Why the store did not take a change.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("a device with {0} exists already")]
    Exists(String),
    #[error("no device {0}")]
    NotFound(DeviceId),
    #[error("invalid {field}: {why}")]
    Invalid { field: &'static str, why: String },
    #[error("the database did not take it: {0}")]
    Database(String),
}

/// The inventory. Reads come from memory; changes by people are durable before they return; facts about
/// tunnels are written behind, coalesced, and never wait.
#[derive(Debug, Clone)]
pub struct Inventory(Arc<()>);

#[allow(
    clippy::todo,
    unused_variables,
    missing_docs,
    clippy::unused_async,
    reason = "interface first"
)]
impl Inventory {
    pub async fn open(
        store: &config::Store,
        data: &Path,
        unclaimed: usize,
    ) -> Result<Self, StoreError> {
        todo!()
    }
    /// By UUID (any case), name, FQDN, or first label of the FQDN when unique. Never DNS.
    pub fn find(&self, name: &str) -> Result<Arc<Device>, FindError> {
        todo!()
    }
    pub fn get(&self, id: DeviceId) -> Option<Arc<Device>> {
        todo!()
    }
    pub fn list(&self) -> Vec<Arc<Device>> {
        todo!()
    }
    /// Constant-time check of (UUID, user, password); same work for every outcome.
    pub fn verify(&self, id: DeviceId, user: &[u8], password: &[u8]) -> Verdict {
        todo!()
    }
    /// Check of a verified client certificate (SHA-256 of its DER).
    pub fn verify_certificate(&self, id: DeviceId, sha256: &[u8; 32]) -> Verdict {
        todo!()
    }
    pub async fn add(
        &self,
        device: NewDevice,
    ) -> Result<(Arc<Device>, Option<Issued>), StoreError> {
        todo!()
    }
    pub async fn remove(&self, id: DeviceId) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn rename(&self, id: DeviceId, name: String) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn set_labels(
        &self,
        id: DeviceId,
        set: BTreeMap<String, String>,
        remove: Vec<String>,
    ) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn change(&self, id: DeviceId, change: DeviceChange) -> Result<(), StoreError> {
        todo!()
    }
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }
    /// True when it had knocked.
    pub fn forget_unclaimed(&self, id: DeviceId) -> bool {
        todo!()
    }
    pub async fn set_blocked(&self, id: DeviceId, blocked: bool) -> Result<(), StoreError> {
        todo!()
    }
    pub fn amt_credential(
        &self,
        id: DeviceId,
    ) -> Result<Option<(String, Secret<String>)>, StoreError> {
        todo!()
    }
    pub fn unclaimed(&self) -> Vec<Unclaimed> {
        todo!()
    }
    pub fn attempts(&self) -> Vec<Attempt> {
        todo!()
    }
    // Facts, from the event path; never wait, never fail.
    pub fn note_unclaimed(&self, id: DeviceId, peer: SocketAddr, user: Option<String>) {
        todo!()
    }
    pub fn note_attempt(&self, attempt: Attempt) {
        todo!()
    }
    pub fn note_connected(&self, id: DeviceId, peer: SocketAddr, hello: Option<Arc<HelloFacts>>) {
        todo!()
    }
    pub fn note_ports(&self, id: DeviceId, ports: Vec<u16>) {
        todo!()
    }
    pub fn note_ended(&self, id: DeviceId, end: &TunnelEnd) {
        todo!()
    }
    /// Writes what is pending; for shutdown.
    pub async fn flush(&self) {
        todo!()
    }
}
