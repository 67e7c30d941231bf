//! Who is let in: nobody without the credential that was configured for that UUID.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use std::{collections::BTreeMap, path::Path};
use viaduct_api::DeviceId;
use viaduct_server::{
    config::{Secret, Store},
    inventory::{Inventory, NewDevice, StoreError, Verdict},
};

async fn open(data: &Path) -> Inventory {
    Inventory::open(&Store::default(), data, 100).await.unwrap()
}

fn id(n: u32) -> DeviceId {
    format!("4c4c4544-0042-3510-8052-{n:012x}").parse().unwrap()
}

fn device(n: u32) -> NewDevice {
    NewDevice {
        id: id(n),
        name: format!("pc-{n}"),
        fqdn: None,
        labels: BTreeMap::new(),
        cira: Some(("admin".into(), Some(Secret::new("P@ssw0rd".into())))),
        certificate: None,
        amt: None,
    }
}

#[tokio::test]
async fn only_the_right_user_and_password_of_that_uuid_are_admitted() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    inventory.add(device(1)).await.unwrap();
    assert_eq!(inventory.verify(id(1), b"admin", b"P@ssw0rd"), Verdict::Admit);
    for (user, password) in [
        (&b"admin"[..], &b"P@ssw0rd "[..]),
        (b"admin", b"p@ssw0rd"),
        (b"Admin", b"P@ssw0rd"),
        (b"adminP", b"@ssw0rd"),
        (b"admin", b"P@ssw0r"),
        (b"admin\0", b"P@ssw0rd"),
        (b"", b"P@ssw0rd"),
        (b"admin", b""),
        (b"", b""),
        (&[0xff; 255], &[0xff; 255]),
    ] {
        assert_eq!(inventory.verify(id(1), user, password), Verdict::WrongCredential);
        assert_eq!(inventory.verify(id(2), user, password), Verdict::Unknown);
    }
    assert_eq!(inventory.verify(id(2), b"admin", b"P@ssw0rd"), Verdict::Unknown);
}

/// A missing secret is not an empty one.
#[tokio::test]
async fn a_device_without_credential_is_refused_whatever_it_says_also_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let certificate = Some("ab".repeat(32));
    let with_certificate = NewDevice { cira: None, certificate, ..device(1) };
    let inventory = open(place.path()).await;
    let (_, issued) = inventory.add(with_certificate).await.unwrap();
    assert!(issued.is_none(), "a device with a certificate needs no password");
    inventory.note_unclaimed(id(2), "192.0.2.1:5".parse().unwrap(), None);
    inventory.set_blocked(id(2), true).await.unwrap();
    inventory.set_blocked(id(2), false).await.unwrap();
    drop(inventory);
    let inventory = open(place.path()).await;
    for n in [1, 2] {
        for (user, password) in [(&b""[..], &b""[..]), (b"admin", b""), (b"", b"x"), (b"a", b"b")] {
            assert_eq!(inventory.verify(id(n), user, password), Verdict::NoCredential, "{n}");
        }
    }
    assert_eq!(inventory.verify_certificate(id(2), &[0; 32]), Verdict::NoCredential);
}

#[tokio::test]
async fn an_empty_credential_cannot_be_configured() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    for (user, password) in [("", "P@ssw0rd"), ("admin", ""), ("", "")] {
        let cira = Some((user.into(), Some(Secret::new(password.into()))));
        let error = inventory.add(NewDevice { cira, ..device(1) }).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    let nobody: DeviceId = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    let error = inventory.add(NewDevice { id: nobody, ..device(1) }).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field: "guid", .. }), "{error}");
    assert!(inventory.list().is_empty());
}

#[tokio::test]
async fn a_certificate_admits_the_device_it_is_mapped_to_and_no_other() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    let certificate = Some("ab".repeat(32));
    inventory.add(NewDevice { certificate, ..device(1) }).await.unwrap();
    inventory.add(device(2)).await.unwrap();
    assert_eq!(inventory.verify_certificate(id(1), &[0xab; 32]), Verdict::Admit);
    assert_eq!(inventory.verify_certificate(id(1), &[0xac; 32]), Verdict::WrongCredential);
    assert_eq!(inventory.verify_certificate(id(2), &[0xab; 32]), Verdict::NoCredential);
    assert_eq!(inventory.verify_certificate(id(3), &[0xab; 32]), Verdict::Unknown);
}

#[tokio::test]
async fn a_blocked_device_is_refused_with_the_right_credential() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    inventory.add(device(1)).await.unwrap();
    inventory.set_blocked(id(1), true).await.unwrap();
    assert_eq!(inventory.verify(id(1), b"admin", b"P@ssw0rd"), Verdict::Blocked);
    inventory.set_blocked(id(1), false).await.unwrap();
    assert_eq!(inventory.verify(id(1), b"admin", b"P@ssw0rd"), Verdict::Admit);
}
