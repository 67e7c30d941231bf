//! That a PC was told not to call here any more: otherwise its silence looks like a fault.

use super::{Device, Inventory, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_api::DeviceId;

/// Where it is kept, beside what provisioning tools report.
const KEY: &str = "toldNotToCall";

impl Inventory {
    /// Notes that a device was changed so that nothing makes it dial in here; `why` says what was taken away.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub(crate) async fn note_silenced(&self, id: DeviceId, why: &str) -> Result<(), StoreError> {
        let at = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let told = json!({ "at": at, "why": why });
        self.modify(id, move |record| {
            let device = Arc::make_mut(&mut record.device);
            Arc::make_mut(&mut device.profile).insert(KEY.to_owned(), told);
            Ok(())
        })
        .await
    }
}

impl Device {
    /// When it was told not to call, and what was taken away; none when it has called since.
    #[must_use]
    pub(crate) fn silenced(&self) -> Option<(OffsetDateTime, &str)> {
        let told = self.profile.get(KEY)?;
        let at = told.get("at").and_then(Value::as_str)?;
        let at = OffsetDateTime::parse(at, &Rfc3339).ok()?;
        let why = told.get("why").and_then(Value::as_str).unwrap_or_default();
        self.last_connected.is_none_or(|last| last < at).then_some((at, why))
    }
}
