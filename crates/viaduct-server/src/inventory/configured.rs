//! What was seen of a PC when it was made to dial in from here: which of the usual reasons keeps it away, when it has not come
//! since, depends on its firmware and on how it has its address.

use super::{Device, Inventory, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_api::DeviceId;

/// Where it is kept, beside what provisioning tools report.
const KEY: &str = "toldToCall";

/// A PC that was made to dial in from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configured {
    pub(crate) at: OffsetDateTime,
    /// The number before the first point of its firmware's version.
    pub(crate) amt: Option<u64>,
    /// Its address by cable does not come from DHCP.
    pub(crate) fixed_address: bool,
}

impl Inventory {
    /// Notes that a device has all that makes it dial in here.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub(crate) async fn note_configured(
        &self,
        id: DeviceId,
        seen: &Configured,
    ) -> Result<(), StoreError> {
        let at = seen.at.format(&Rfc3339).unwrap_or_default();
        let told = json!({ "at": at, "amt": seen.amt, "fixedAddress": seen.fixed_address });
        self.modify(id, move |record| {
            let device = Arc::make_mut(&mut record.device);
            Arc::make_mut(&mut device.profile).insert(KEY.to_owned(), told);
            Ok(())
        })
        .await
    }
}

impl Device {
    /// How it was when it was made to dial in from here; none when it has come since.
    #[must_use]
    pub(crate) fn configured(&self) -> Option<Configured> {
        let told = self.profile.get(KEY)?;
        let at = told.get("at").and_then(Value::as_str)?;
        let at = OffsetDateTime::parse(at, &Rfc3339).ok()?;
        let amt = told.get("amt").and_then(Value::as_u64);
        let fixed_address = told.get("fixedAddress").and_then(Value::as_bool).unwrap_or_default();
        let seen = Configured { at, amt, fixed_address };
        self.last_connected.is_none_or(|last| last < at).then_some(seen)
    }
}
