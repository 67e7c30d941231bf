//! A request by which consent would have become less by the way: sent again it is no more meant than the first time, also
//! after a restart of the server.

use super::{Device, Inventory, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;
use viaduct_api::DeviceId;

/// Where it is kept, beside what provisioning tools report.
const KEY: &str = "consentKept";

impl Inventory {
    /// Keeps what the newest such request wanted switched on (SOL, IDE-R, KVM); none forgets it.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub(crate) async fn keep_consent(
        &self,
        id: DeviceId,
        wanted: Option<[bool; 3]>,
    ) -> Result<(), StoreError> {
        if self.get(id).is_some_and(|device| device.kept_consent() == wanted) {
            return Ok(());
        }
        self.modify(id, move |record| {
            let profile = Arc::make_mut(&mut Arc::make_mut(&mut record.device).profile);
            match wanted {
                Some(wanted) => drop(profile.insert(KEY.to_owned(), json!(wanted))),
                None => drop(profile.remove(KEY)),
            }
            Ok(())
        })
        .await
    }
}

impl Device {
    /// What the newest request wanted switched on (SOL, IDE-R, KVM) whose consent was not lowered.
    #[must_use]
    pub(crate) fn kept_consent(&self) -> Option<[bool; 3]> {
        let kept: Vec<bool> =
            self.profile.get(KEY)?.as_array()?.iter().filter_map(Value::as_bool).collect();
        kept.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Inventory, NewDevice};
    use crate::config::Store;
    use std::collections::BTreeMap;
    use uuid::Uuid;
    use viaduct_api::DeviceId;

    #[tokio::test]
    async fn that_consent_was_kept_is_known_after_a_restart_until_it_is_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let open = async || Inventory::open(&Store::default(), place.path(), 10).await.unwrap();
        let id = DeviceId(Uuid::from_u128(1));
        let mut inventory = open().await;
        let (name, labels) = ("pc-1".to_owned(), BTreeMap::new());
        let device =
            NewDevice { id, name, fqdn: None, labels, cira: None, certificate: None, amt: None };
        inventory.add(device).await.unwrap();
        let wanted = Some([true, false, true]);
        for kept in [wanted, None] {
            inventory.keep_consent(id, kept).await.unwrap();
            drop(inventory);
            inventory = open().await;
            assert_eq!(inventory.get(id).unwrap().kept_consent(), kept);
        }
    }
}
