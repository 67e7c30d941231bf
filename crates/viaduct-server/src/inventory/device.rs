//! What we know of a device, and what may be said to change it.

use crate::{config::Secret, tls::HelloFacts};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// A device we know.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: DeviceId,
    /// Whose it is; empty unless there are several tenants.
    pub tenant: String,
    /// Unique within the tenant.
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
    /// What provisioning tools report about the platform; kept for them as it is.
    pub profile: Arc<serde_json::Map<String, serde_json::Value>>,
    pub added: OffsetDateTime,
    pub last_connected: Option<OffsetDateTime>,
    pub last_seen: Option<OffsetDateTime>,
    pub last_disconnected: Option<OffsetDateTime>,
    pub last_address: Option<SocketAddr>,
    pub last_end: Option<TunnelEndRecord>,
    pub hello: Option<Arc<HelloFacts>>,
    pub ports: Vec<u16>,
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
    /// None: a random user and password are made. A user without a password: one is made for that user.
    pub cira: Option<(String, Option<Secret<String>>)>,
    pub certificate: Option<String>,
    pub amt: Option<(String, Secret<String>)>,
}

/// What shall change about a device; None leaves it as it is, Some(None) takes it away.
#[derive(Debug, Clone, Default)]
pub struct DeviceChange {
    pub fqdn: Option<Option<String>>,
    /// CIRA user and password.
    pub cira: Option<(String, Secret<String>)>,
    /// SHA-256 of the DER of a client certificate, hex.
    pub certificate: Option<Option<String>>,
    /// User and password of AMT itself.
    pub amt: Option<(String, Secret<String>)>,
    /// Instead of the profile it has.
    pub profile: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A CIRA credential in the clear, shown once.
#[derive(Debug)]
pub struct Issued {
    pub user: String,
    pub password: Secret<String>,
}

impl Device {
    /// What was seen, from a newer copy.
    pub(super) fn take_facts_of(&mut self, other: &Self) {
        self.last_connected = other.last_connected;
        self.last_seen = other.last_seen;
        self.last_disconnected = other.last_disconnected;
        self.last_address = other.last_address;
        self.last_end.clone_from(&other.last_end);
        self.hello.clone_from(&other.hello);
        self.ports.clone_from(&other.ports);
    }
}

impl Device {
    /// It was here to the end of the last run of this server, which was `started` anew since, and has not come back: no
    /// earlier end of its tunnel was noted, or the end was ours.
    #[must_use]
    pub(crate) fn is_not_back(&self, started: OffsetDateTime) -> bool {
        let Some(connected) = self.last_connected.filter(|at| *at < started) else { return false };
        let ours = self.last_end.as_ref().is_some_and(|end| end.reason == "shutdown");
        self.last_disconnected.is_none_or(|gone| gone < connected || ours)
    }
}
