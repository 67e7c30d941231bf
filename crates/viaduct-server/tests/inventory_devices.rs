//! Devices: added, found, changed, removed, and all of it again after a restart.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, future::Future, path::Path, pin::pin, sync::Arc, task::Poll};
use viaduct_api::DeviceId;
use viaduct_server::{
    config::{Secret, Store},
    inventory::{
        Device, DeviceChange, FindError, Inventory, Issued, NewDevice, StoreError, Verdict,
    },
    registry::TunnelEnd,
};

async fn open(data: &Path) -> Inventory {
    Inventory::open(&Store::default(), data, 100).await.unwrap()
}

fn id(n: u32) -> DeviceId {
    format!("4c4c4544-0042-3510-8052-{n:012x}").parse().unwrap()
}

fn device(n: u32, name: &str, fqdn: Option<&str>) -> NewDevice {
    NewDevice {
        id: id(n),
        name: name.into(),
        fqdn: fqdn.map(Into::into),
        labels: BTreeMap::new(),
        cira: None,
        certificate: None,
        amt: None,
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.into())
}

fn verify(inventory: &Inventory, id: DeviceId, issued: &Issued) -> Verdict {
    inventory.verify(id, issued.user.as_bytes(), issued.password.expose().as_bytes())
}

#[tokio::test]
async fn a_device_is_found_by_uuid_name_fqdn_and_first_label_in_any_case() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    inventory.add(device(1, "Shop-7", Some("TILL.Shops.example"))).await.unwrap();
    for name in [
        "4c4c4544-0042-3510-8052-000000000001",
        "4C4C4544-0042-3510-8052-000000000001",
        "shop-7",
        "SHOP-7",
        "till.shops.example",
        "Till.shops.EXAMPLE.",
        "till",
    ] {
        assert_eq!(inventory.find(name).map(|d| d.id), Ok(id(1)), "{name}");
    }
    for name in ["", ".", "shop-8", "shops", "till.shops", "4c4c4544-0042-3510-8052-000000000002"] {
        assert_eq!(inventory.find(name).map(|d| d.id), Err(FindError::Unknown(name.into())));
    }
}

#[tokio::test]
async fn a_first_label_that_two_devices_share_is_ambiguous_and_names_both() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    inventory.add(device(1, "one", Some("till.north.example"))).await.unwrap();
    inventory.add(device(2, "two", Some("till.south.example"))).await.unwrap();
    let both = FindError::Ambiguous("till".into(), vec!["one".into(), "two".into()]);
    assert_eq!(inventory.find("till").map(|d| d.id), Err(both));
    assert_eq!(inventory.find("till.south.example").map(|d| d.id), Ok(id(2)));
    inventory.remove(id(1)).await.unwrap();
    assert_eq!(inventory.find("till").map(|d| d.id), Ok(id(2)));
    // A name goes before the first label of another device's FQDN.
    inventory.add(device(3, "till", None)).await.unwrap();
    assert_eq!(inventory.find("till").map(|d| d.id), Ok(id(3)));
}

#[tokio::test]
async fn two_devices_cannot_share_uuid_name_or_certificate() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    let certificate = Some("ab".repeat(32));
    let first = NewDevice { certificate, ..device(1, "one", Some("one.example")) };
    inventory.add(first.clone()).await.unwrap();
    for other in [
        device(1, "two", None),
        device(2, "ONE", None),
        device(2, "one.example", None),
        device(2, "two", Some("one")),
        NewDevice { certificate: first.certificate.clone(), ..device(2, "two", None) },
    ] {
        let error = inventory.add(other).await.unwrap_err();
        assert!(matches!(error, StoreError::Exists(_)), "{error}");
    }
    inventory.add(device(2, "two", None)).await.unwrap();
    let error = inventory.rename(id(2), "One".into()).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists(_)), "{error}");
    inventory.rename(id(2), "TWO".into()).await.expect("only the case of its own name changed");
    assert_eq!(inventory.list().len(), 2);
}

#[tokio::test]
async fn a_renamed_device_is_not_found_by_its_old_name() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    inventory.add(device(1, "old", Some("old.example"))).await.unwrap();
    inventory.rename(id(1), "new".into()).await.unwrap();
    let change = DeviceChange { fqdn: Some(None), ..DeviceChange::default() };
    inventory.change(id(1), change).await.unwrap();
    assert!(inventory.find("old").is_err() && inventory.find("old.example").is_err());
    assert_eq!(inventory.find("new").map(|d| d.id), Ok(id(1)));
    inventory.add(device(2, "old", Some("old.example"))).await.expect("the names are free again");
}

#[tokio::test]
async fn a_made_credential_fits_all_firmware_and_proves_only_its_own_device() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    let (_, issued) = inventory.add(device(1, "one", None)).await.unwrap();
    inventory.add(device(2, "two", None)).await.unwrap();
    let issued = issued.expect("it is shown once");
    let (user, password) = (&issued.user, issued.password.expose());
    assert!((8..=16).contains(&user.len()) && user.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert!(password.len() == 16 && password.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert!(!format!("{issued:?}").contains(password.as_str()));
    assert_eq!(verify(&inventory, id(1), &issued), Verdict::Admit);
    assert_eq!(verify(&inventory, id(2), &issued), Verdict::WrongCredential);

    let fresh = inventory.set_cira(id(1), None).await.unwrap().unwrap();
    assert_eq!(verify(&inventory, id(1), &issued), Verdict::WrongCredential);
    assert_eq!(verify(&inventory, id(1), &fresh), Verdict::Admit);
}

#[tokio::test]
async fn everything_about_a_device_survives_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let before = {
        let inventory = open(place.path()).await;
        let new = NewDevice {
            labels: BTreeMap::from([("room".into(), "7".into()), ("old".into(), "x".into())]),
            cira: Some(("admin".into(), Some(secret("P@ssw0rd")))),
            certificate: Some("AB:".repeat(31) + "AB"),
            amt: Some(("admin".into(), secret("Amt P@ss!"))),
            ..device(1, "one", Some("one.example"))
        };
        let (_, issued) = inventory.add(new).await.unwrap();
        assert!(issued.is_none(), "a credential that was given is not given back");
        inventory
            .set_labels(id(1), [("floor".into(), "2".into())].into(), vec!["old".into()])
            .await
            .unwrap();
        let profile =
            serde_json::json!({ "hostname": "one", "deviceInfo": { "fwVersion": "16.1" } });
        let profile = profile.as_object().cloned();
        inventory.change(id(1), DeviceChange { profile, ..DeviceChange::default() }).await.unwrap();
        inventory.note_connected(id(1), "[2001:db8::7]:50000".parse().unwrap(), None);
        inventory.note_ports(id(1), vec![16992, 16994]);
        let end = TunnelEnd {
            reason: "keep-alive expired",
            detail: "silent for 90 s".into(),
            by_device: false,
        };
        inventory.note_ended(id(1), &end);
        inventory.set_blocked(id(1), true).await.unwrap();
        inventory.flush().await;
        inventory.get(id(1)).unwrap()
    };
    assert_eq!(before.certificate, Some("ab".repeat(32)));
    assert!(before.last_disconnected.is_some() && before.blocked);

    let inventory = open(place.path()).await;
    let after = inventory.get(id(1)).unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(after.labels, [("floor".into(), "2".into()), ("room".into(), "7".into())].into());
    inventory.set_blocked(id(1), false).await.unwrap();
    assert_eq!(inventory.verify(id(1), b"admin", b"P@ssw0rd"), Verdict::Admit);
    assert_eq!(inventory.verify_certificate(id(1), &[0xab; 32]), Verdict::Admit);
    let amt = inventory.amt_credential(id(1)).unwrap();
    assert_eq!(amt, Some(("admin".into(), secret("Amt P@ss!"))));
}

#[tokio::test]
async fn a_removed_device_is_gone_for_good() {
    let place = tempfile::tempdir().unwrap();
    {
        let inventory = open(place.path()).await;
        inventory.add(device(1, "one", None)).await.unwrap();
        inventory.note_connected(id(1), "192.0.2.1:5".parse().unwrap(), None);
        inventory.remove(id(1)).await.unwrap();
        assert!(matches!(inventory.remove(id(1)).await, Err(StoreError::NotFound(_))));
        assert_eq!(inventory.verify(id(1), b"u", b"p"), Verdict::Unknown);
        inventory.note_connected(id(1), "192.0.2.1:5".parse().unwrap(), None);
        inventory.flush().await;
        assert_eq!(inventory.health().error, None);
    }
    let inventory = open(place.path()).await;
    assert!(inventory.list().is_empty());
    let (again, _) = inventory.add(device(1, "one", None)).await.unwrap();
    assert_eq!(again.last_connected, None);
}

#[tokio::test]
async fn a_change_whose_caller_goes_away_is_done_completely() {
    let place = tempfile::tempdir().unwrap();
    {
        let inventory = open(place.path()).await;
        {
            let mut adding = pin!(inventory.add(device(1, "one", None)));
            std::future::poll_fn(|context| {
                drop(adding.as_mut().poll(context));
                Poll::Ready(())
            })
            .await;
        }
        // Changes are made one after the other, so the first one is through now.
        tokio::task::yield_now().await;
        inventory.add(device(2, "two", None)).await.unwrap();
        assert!(inventory.get(id(1)).is_some());
    }
    assert_eq!(open(place.path()).await.list().len(), 2);
}

#[tokio::test]
async fn the_end_of_a_superseded_tunnel_does_not_disconnect_the_device() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    inventory.add(device(1, "one", None)).await.unwrap();
    inventory.note_connected(id(1), "192.0.2.1:5".parse().unwrap(), None);
    let end = TunnelEnd { reason: "superseded", detail: "a newer tunnel".into(), by_device: false };
    inventory.note_ended(id(1), &end);
    let device = inventory.get(id(1)).unwrap();
    assert_eq!(device.last_disconnected, None);
    assert_eq!(device.last_end.as_ref().unwrap().reason, "superseded");
}

/// Makes rows as the server would, but all in one go: ten thousand durable changes take their time.
const SEED: &str = "
    INSERT INTO device (id, name, fqdn, labels, blocked, profile, added)
    SELECT format('4c4c4544-0042-3510-8052-%012x', value), format('pc-%05d', value),
           format('host-%d.example', value), '{}', 0, '{}', '2026-01-01T00:00:00Z'
      FROM (WITH RECURSIVE count (value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM count LIMIT 10000)
            SELECT value FROM count)";

#[tokio::test]
async fn ten_thousand_devices_are_listed_by_name_found_and_written_behind() {
    const COUNT: u32 = 10_000;
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path()).await);
    let options = SqliteConnectOptions::new().filename(place.path().join("viaduct.db"));
    let mut seeding = SqliteConnection::connect_with(&options).await.unwrap();
    seeding.execute(SEED).await.unwrap();
    seeding.close().await.unwrap();
    {
        let inventory = open(place.path()).await;
        for n in 1..=COUNT {
            assert_eq!(inventory.find(&format!("host-{n}")).map(|d| d.id), Ok(id(n)));
            inventory.note_connected(id(n), "192.0.2.1:5".parse().unwrap(), None);
        }
        inventory.flush().await;
    }
    let list: Vec<Arc<Device>> = open(place.path()).await.list();
    assert_eq!(list.len(), COUNT as usize);
    assert!(list.is_sorted_by(|a, b| a.name < b.name));
    assert!(list.iter().all(|device| device.last_connected.is_some()));
}

#[tokio::test]
async fn many_devices_are_added_together_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    let many = |from: u32| {
        let new = move |n: u32| {
            (device(from + n, &format!("pc-{}", from + n), None), Default::default(), None)
        };
        (0..300).map(new).collect::<Vec<_>>()
    };
    let added = inventory.add_all(many(0)).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    let (known, issued) = added[7].as_ref().unwrap();
    assert_eq!(verify(&inventory, known.id, issued.as_ref().unwrap()), Verdict::Admit);

    let options = SqliteConnectOptions::new().filename(place.path().join("viaduct.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    inventory.add_all(many(1000)).await.unwrap_err();
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(inventory.list().len(), 300);
    drop(inventory);
    assert_eq!(open(place.path()).await.list().len(), 300);
}
