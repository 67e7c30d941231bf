//! Which devices somebody sees. A device outside the view does not exist: not in lists, not by name, not by GUID, and
//! whoever asks gets the very answer that a device gets that never was.
//!
//! The API sets the view around each handler, so that a handler cannot forget it; whoever works outside of that (the
//! proxies, streams of events) asks [`View::shows`].

use super::Device;
use std::collections::BTreeMap;

/// Longest name of a tenant.
pub const TENANT_MAX: usize = 36;

tokio::task_local! {
    static CURRENT: View;
}

/// The devices of one tenant, or those of them that carry all of these labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    pub tenant: String,
    pub labels: BTreeMap<String, String>,
}

impl View {
    /// Whether the device is in it.
    #[must_use]
    pub fn shows(&self, device: &Device) -> bool {
        device.tenant == self.tenant
            && self.labels.iter().all(|l| device.labels.get(l.0) == Some(l.1))
    }

    /// Whether it is all of the first tenant, to which everything belongs that belongs to nobody yet.
    pub(crate) fn is_whole(&self) -> bool {
        self.tenant.is_empty() && self.labels.is_empty()
    }

    /// Does the work with this view; what the work spawns is outside of it.
    pub(crate) async fn around<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The view that this is done in; None sees everything.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

/// Whether a device is seen by whoever this is done for.
pub(super) fn seen(device: &Device) -> bool {
    CURRENT.try_with(|view| view.shows(device)).unwrap_or(true)
}

/// Whether what belongs to no tenant yet is seen.
pub(super) fn sees_strangers() -> bool {
    CURRENT.try_with(View::is_whole).unwrap_or(true)
}
