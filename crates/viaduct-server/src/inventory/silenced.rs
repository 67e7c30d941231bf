//! That a PC was told not to call here any more: otherwise its silence looks like a fault.

use super::{Device, Inventory, StoreError};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// Where it is kept.
const KEY: &str = "toldNotToCall";

impl Inventory {
    /// Notes that a device was changed so that nothing makes it dial in here; `why` says what was taken away.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub(crate) async fn note_silenced(&self, id: DeviceId, why: &str) -> Result<(), StoreError> {
        let facts = Map::from_iter([("why".to_owned(), why.into())]);
        self.note_told(id, KEY, OffsetDateTime::now_utc(), facts).await
    }
}

impl Device {
    /// When it was told not to call, and what was taken away; none when it has called since.
    #[must_use]
    pub(crate) fn silenced(&self) -> Option<(OffsetDateTime, &str)> {
        let (at, facts) = self.told(KEY)?;
        Some((at, facts.get("why").and_then(Value::as_str).unwrap_or_default()))
    }
}
