//! What a PC was told, with the time, kept beside what provisioning tools report of it. It counts until the PC has come.

use super::{Device, Inventory, StoreError};
use serde_json::{Map, Value};
use std::sync::Arc;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_api::DeviceId;

/// Where the time is.
const AT: &str = "at";

impl Inventory {
    pub(super) async fn note_told(
        &self,
        id: DeviceId,
        key: &'static str,
        at: OffsetDateTime,
        mut facts: Map<String, Value>,
    ) -> Result<(), StoreError> {
        facts.insert(AT.to_owned(), at.format(&Rfc3339).unwrap_or_default().into());
        self.modify(id, move |record| {
            let device = Arc::make_mut(&mut record.device);
            Arc::make_mut(&mut device.profile).insert(key.to_owned(), facts.into());
            Ok(())
        })
        .await
    }
}

impl Device {
    /// When it was told, and the facts; none when it has come since.
    pub(super) fn told(&self, key: &str) -> Option<(OffsetDateTime, &Value)> {
        let facts = self.profile.get(key)?;
        let at = OffsetDateTime::parse(facts.get(AT)?.as_str()?, &Rfc3339).ok()?;
        self.last_connected.is_none_or(|last| last < at).then_some((at, facts))
    }
}
