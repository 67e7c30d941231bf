//! What was seen of a PC when it was made to dial in from here: which of the usual reasons keeps it away, when it has not come
//! since, depends on its firmware and on how it has its address.

use super::{Device, Inventory, StoreError};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// Where it is kept.
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
        let facts = [("amt", seen.amt.into()), ("fixedAddress", seen.fixed_address.into())];
        let facts: Map<String, Value> =
            facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect();
        self.note_told(id, KEY, seen.at, facts).await
    }
}

impl Device {
    /// How it was when it was made to dial in from here; none when it has come since.
    #[must_use]
    pub(crate) fn configured(&self) -> Option<Configured> {
        let (at, facts) = self.told(KEY)?;
        let amt = facts.get("amt").and_then(Value::as_u64);
        let fixed_address = facts.get("fixedAddress").and_then(Value::as_bool).unwrap_or_default();
        Some(Configured { at, amt, fixed_address })
    }
}
