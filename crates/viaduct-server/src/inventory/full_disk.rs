//! Tests: a disk without space.

use super::*;
use crate::config::Store;
use std::{collections::BTreeMap, net::SocketAddr};
use uuid::Uuid;

fn new_device(n: u128) -> NewDevice {
    NewDevice {
        id: DeviceId(Uuid::from_u128(n + 1)),
        name: format!("pc-{n}"),
        fqdn: None,
        labels: BTreeMap::from([("note".to_owned(), "x".repeat(200))]),
        cira: None,
        certificate: None,
        amt: None,
    }
}

#[tokio::test]
async fn a_full_disk_refuses_peoples_changes_and_keeps_facts_until_there_is_space() {
    let place = tempfile::tempdir().unwrap();
    let inventory = Inventory::open(&Store::default(), place.path(), 10_000).await.unwrap();
    let (device, _) = inventory.add(new_device(0)).await.unwrap();
    inventory.0.store.limit_pages(1).await;

    // The pages that exist have room for a few more rows.
    let mut added = 1;
    let error = loop {
        match inventory.add(new_device(added)).await {
            Ok(_) => added += 1,
            Err(error) => break error,
        }
        assert!(added < 10_000, "the disk never became full");
    };
    assert!(error.to_string().contains("disk is full"), "{error}");
    assert_eq!(inventory.list().len(), usize::try_from(added).unwrap());
    inventory.add(new_device(added)).await.unwrap_err();

    let peer: SocketAddr = "203.0.113.7:50000".parse().unwrap();
    inventory.note_connected(device.id, peer, None);
    for n in 0..2_000 {
        inventory.note_unclaimed(DeviceId(Uuid::from_u128(1 << 64 | n)), peer, None);
    }
    // Again and again, as it is every second while the disk is full.
    for _ in 0..3 {
        inventory.flush().await;
    }
    let health = inventory.health();
    assert!(health.error.as_ref().is_some_and(|e| e.contains("disk is full")), "{health:?}");
    assert!(health.since.is_some() && health.pending >= 2_001, "{health:?}");
    assert_eq!(inventory.get(device.id).unwrap().last_address, Some(peer));

    inventory.0.store.limit_pages(1_000_000).await;
    inventory.flush().await;
    assert_eq!(inventory.health(), StoreHealth::default());
    inventory.add(new_device(added)).await.unwrap();
    drop(inventory);
    let again = Inventory::open(&Store::default(), place.path(), 10_000).await.unwrap();
    assert_eq!(again.get(device.id).unwrap().last_address, Some(peer));
    assert_eq!(again.unclaimed().len(), 2_000);
    assert_eq!(again.list().len(), usize::try_from(added + 1).unwrap());
}
