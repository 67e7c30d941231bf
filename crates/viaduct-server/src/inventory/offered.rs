//! A new CIRA credential for a device that has one already: until it is known which of them the device has, both count.
//!
//! A device whose answer was lost may have either, and one that is refused gives up. So the credential before stays
//! beside the new one until the device has surely the new one, or has signed in with it. That somebody signs in with the
//! one before ends nothing: whoever knows that one could shut out the device itself, which has the new one by then.

use super::{CiraRecord, Inventory, Issued, StoreError, book::Record, keys::Verifier};
use std::sync::Arc;
use viaduct_api::DeviceId;

impl Inventory {
    /// Lets a device sign in with this credential from now on, and with the one before as well. Gives what was there, to
    /// be put back if the device is surely not told.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub(crate) async fn offer_cira(
        &self,
        id: DeviceId,
        issued: &Issued,
    ) -> Result<CiraRecord, StoreError> {
        let before = self.cira_record(id)?;
        let given = (issued.user.clone(), Some(issued.password.clone()));
        let (user, verifier, _) = self.credential((id, None), Some(&given))?;
        self.modify(id, move |record| {
            record.earlier = record.verifier.replace(verifier);
            Arc::make_mut(&mut record.device).cira_user = Some(user);
            Ok(())
        })
        .await?;
        Ok(before)
    }

    /// A device surely has this credential: if it is the one that counts, no other does any more.
    ///
    /// # Errors
    /// When the database does not take it; the one before counts still then.
    pub(crate) async fn took_cira(&self, id: DeviceId, issued: &Issued) -> Result<(), StoreError> {
        let (user, password) = (issued.user.as_bytes(), issued.password.expose().as_bytes());
        self.has_taken(id, self.0.keys.verifier(id, user, password)).await
    }

    /// A device signed in with the credential that counts, while the one before counts as well.
    pub(super) fn signed_in_with_the_new(&self, id: DeviceId, verifier: Verifier) {
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(error) = this.has_taken(id, verifier).await {
                tracing::warn!(device = %id, %error, "the CIRA credential before the new one counts until the device signs in again");
            }
        });
    }

    async fn has_taken(&self, id: DeviceId, verifier: Verifier) -> Result<(), StoreError> {
        let open =
            move |record: &Record| record.earlier.is_some() && record.verifier == Some(verifier);
        if !self.0.read_book().record(id).is_some_and(open) {
            return Ok(());
        }
        self.modify(id, move |record| {
            // Another may have been offered in between.
            if open(record) {
                record.earlier = None;
            }
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};
    use crate::config::Store;
    use std::{collections::BTreeMap, path::Path, time::Duration};
    use uuid::Uuid;

    const ID: DeviceId = DeviceId(Uuid::from_u128(1));

    async fn open(place: &Path) -> Inventory {
        Inventory::open(&Store::default(), place, 10).await.unwrap()
    }

    async fn with_a_device(place: &Path) -> (Inventory, Issued) {
        let inventory = open(place).await;
        let (name, labels) = ("pc-1".to_owned(), BTreeMap::new());
        let device = NewDevice {
            id: ID,
            name,
            fqdn: None,
            labels,
            cira: None,
            certificate: None,
            amt: None,
        };
        let (_, issued) = inventory.add(device).await.unwrap();
        (inventory, issued.unwrap())
    }

    fn judged(inventory: &Inventory, issued: &Issued) -> Verdict {
        inventory.verify(ID, issued.user.as_bytes(), issued.password.expose().as_bytes())
    }

    async fn offered(inventory: &Inventory) -> (Issued, CiraRecord) {
        let (new, counts) = inventory.enrolment_credential(ID, true).unwrap();
        assert!(!counts);
        let before = inventory.offer_cira(ID, &new).await.unwrap();
        (new, before)
    }

    #[tokio::test]
    async fn both_count_also_after_a_restart_until_the_device_signs_in_with_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let (inventory, old) = with_a_device(place.path()).await;
        let (new, _) = offered(&inventory).await;
        assert_eq!(judged(&inventory, &old), Verdict::Admit);
        drop(inventory);
        let inventory = open(place.path()).await;
        // Also signing in with the one before ends nothing.
        assert_eq!(judged(&inventory, &old), Verdict::Admit);
        assert_eq!(judged(&inventory, &new), Verdict::Admit);
        let dropped = async {
            while judged(&inventory, &old) == Verdict::Admit {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), dropped).await.expect("only the new counts");
        assert_eq!(judged(&inventory, &old), Verdict::WrongCredential);
        drop(inventory);
        let inventory = open(place.path()).await;
        assert_eq!(judged(&inventory, &old), Verdict::WrongCredential);
        assert_eq!(judged(&inventory, &new), Verdict::Admit);
    }

    #[tokio::test]
    async fn what_a_device_was_surely_told_or_not_told_leaves_one() {
        let place = tempfile::tempdir().unwrap();
        let (inventory, old) = with_a_device(place.path()).await;
        let (new, before) = offered(&inventory).await;
        inventory.restore_cira(ID, before).await.unwrap();
        assert_eq!(judged(&inventory, &new), Verdict::WrongCredential);
        assert_eq!(judged(&inventory, &old), Verdict::Admit);
        let (new, _) = offered(&inventory).await;
        inventory.took_cira(ID, &new).await.unwrap();
        assert_eq!(judged(&inventory, &old), Verdict::WrongCredential);
        assert_eq!(judged(&inventory, &new), Verdict::Admit);
        // What is taken away is taken away, whichever of two it was.
        let (other, _) = offered(&inventory).await;
        inventory.forget_cira_password(ID).await.unwrap();
        assert_eq!(judged(&inventory, &new), Verdict::NoCredential);
        assert_eq!(judged(&inventory, &other), Verdict::NoCredential);
    }

    #[tokio::test]
    async fn as_long_as_two_count_no_third_is_made_and_what_somebody_sets_counts_alone() {
        let place = tempfile::tempdir().unwrap();
        let (inventory, old) = with_a_device(place.path()).await;
        let (new, _) = offered(&inventory).await;
        let (again, counts) = inventory.enrolment_credential(ID, true).unwrap();
        assert_eq!((again.user, counts), (new.user.clone(), true));
        let set = inventory.set_cira(ID, None).await.unwrap().unwrap();
        assert_eq!(judged(&inventory, &set), Verdict::Admit);
        for gone in [&old, &new] {
            assert_eq!(judged(&inventory, gone), Verdict::WrongCredential);
        }
        offered(&inventory).await;
        let typed = Issued { user: "typed".into(), password: Secret::new("Typed-123".into()) };
        let cira = Some((typed.user.clone(), typed.password.clone()));
        inventory.change(ID, DeviceChange { cira, ..DeviceChange::default() }).await.unwrap();
        assert_eq!(judged(&inventory, &typed), Verdict::Admit);
        assert_eq!(judged(&inventory, &set), Verdict::WrongCredential);
    }
}
