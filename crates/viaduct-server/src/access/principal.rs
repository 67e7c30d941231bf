//! Who is asking.

use super::{LOCAL, Rights, Scope};
use crate::inventory::View;
use std::{collections::BTreeMap, net::IpAddr};
use time::OffsetDateTime;

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User name, or `token:NAME`, or `local` for the socket in the data directory.
    pub name: String,
    pub rights: Rights,
    /// Whose devices; empty unless there are several tenants.
    pub tenant: String,
    /// Only devices that carry all of these.
    pub labels: BTreeMap<String, String>,
    /// The sign-in that this goes back to.
    pub session: Option<String>,
    /// Changes with everything that the sign-in rested on: password, second factor, role, labels, or the token's value.
    pub(crate) mark: Option<String>,
    /// When the second factor was shown at that sign-in.
    pub second_factor: Option<OffsetDateTime>,
    /// Where the request came from; None for the local socket.
    pub source: Option<IpAddr>,
    /// Why they ask, in their own words, for the audit log.
    pub reason: Option<String>,
}

impl Principal {
    /// Somebody of that name with the rights of a role or scope, in the first tenant.
    pub fn new(name: impl Into<String>, rights: impl Into<Rights>) -> Self {
        Self {
            name: name.into(),
            rights: rights.into(),
            tenant: String::new(),
            labels: BTreeMap::new(),
            session: None,
            mark: None,
            second_factor: None,
            source: None,
            reason: None,
        }
    }

    /// The devices it sees; None: those of all tenants, for whoever has the data directory anyway.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        (self.name != LOCAL)
            .then(|| View { tenant: self.tenant.clone(), labels: self.labels.clone() })
    }

    /// Whether it sees this device.
    #[must_use]
    pub fn sees(&self, device: &crate::inventory::Device) -> bool {
        self.view().is_none_or(|view| view.shows(device))
    }

    /// The same, coming from that address.
    #[must_use]
    pub fn at(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// The same, for that reason.
    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Whoever can open the socket in the data directory.
    #[must_use]
    pub fn local() -> Self {
        Self::new(LOCAL, Scope::Admin)
    }
}
