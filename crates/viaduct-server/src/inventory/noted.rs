//! What a device showed while it was spoken with and what a person should know before the next time. In memory since the
//! server started, for known devices only: each conversation says it anew.

use super::{Inventory, locked};
use std::collections::HashMap;
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// What a device showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// It refuses the AMT password that is stored here.
    pub(crate) refused: bool,
    /// Whoever sits at the PC is asked before its screen is shown.
    pub(crate) consent: bool,
    /// When the certificate of its own TLS ports ends.
    pub(crate) certificate_ends: Option<OffsetDateTime>,
}

impl Inventory {
    /// The device showed something.
    pub(crate) fn note_shown(&self, id: DeviceId, change: impl FnOnce(&mut Noted)) {
        let known = self.0.read_book().record(id).is_some();
        let mut all = locked(&self.0.noted);
        let mut noted = all.get(&id).copied().unwrap_or_default();
        change(&mut noted);
        if known && noted != Noted::default() {
            all.insert(id, noted);
        } else {
            all.remove(&id);
        }
    }

    /// What one device showed.
    pub(crate) fn noted(&self, id: DeviceId) -> Noted {
        locked(&self.0.noted).get(&id).copied().unwrap_or_default()
    }

    /// What all devices showed that showed something.
    pub(crate) fn all_noted(&self) -> HashMap<DeviceId, Noted> {
        locked(&self.0.noted).clone()
    }
}
