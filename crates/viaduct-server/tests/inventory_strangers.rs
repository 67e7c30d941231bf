//! Devices that nobody has told us about: listed, approved, blocked.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use std::{collections::BTreeMap, net::SocketAddr, path::Path};
use viaduct_api::DeviceId;
use viaduct_server::{
    config::Store,
    events::Stage,
    inventory::{Attempt, Inventory, NewDevice, Verdict},
};

async fn open(data: &Path) -> Inventory {
    Inventory::open(&Store::default(), data, 3).await.unwrap()
}

fn id(n: u32) -> DeviceId {
    format!("4c4c4544-0042-3510-8052-{n:012x}").parse().unwrap()
}

fn peer() -> SocketAddr {
    "203.0.113.7:50000".parse().unwrap()
}

fn named(n: u32) -> NewDevice {
    NewDevice {
        id: id(n),
        name: format!("pc-{n}"),
        fqdn: None,
        labels: BTreeMap::new(),
        cira: None,
        certificate: None,
        amt: None,
    }
}

/// As the admission check does it.
fn knock(inventory: &Inventory, n: u32, user: &str, password: &str) {
    let verdict = inventory.verify(id(n), user.as_bytes(), password.as_bytes());
    assert_eq!(verdict, Verdict::Unknown);
    inventory.note_unclaimed(id(n), peer(), Some(user.into()));
}

#[tokio::test]
async fn knocks_are_counted_in_one_row_each_and_survive_a_restart() {
    let place = tempfile::tempdir().unwrap();
    {
        let inventory = open(place.path()).await;
        (0..3).for_each(|_| knock(&inventory, 1, "admin", "secret-1"));
        knock(&inventory, 2, "admin", "secret-2");
        inventory.flush().await;
    }
    let inventory = open(place.path()).await;
    let list = inventory.unclaimed();
    assert_eq!(list.iter().map(|u| (u.id, u.count)).collect::<Vec<_>>(), [(id(2), 1), (id(1), 3)]);
    assert_eq!((list[1].address, list[1].cira_user.as_deref()), (peer(), Some("admin")));
    assert!(list[1].first <= list[1].last);
    (3..=5).for_each(|n| knock(&inventory, n, "admin", "x"));
    assert_eq!(inventory.unclaimed().len(), 3, "the limit of this inventory");
}

/// T-21: a flood of unknown UUIDs is a row each in a bounded ring, and what comes again is counted in memory.
#[tokio::test]
async fn five_thousand_strangers_are_a_row_each_and_their_next_knocks_write_nothing() {
    const STRANGERS: u32 = 5_000;
    const RING: usize = 10_000;
    let place = tempfile::tempdir().unwrap();
    let open = || async { Inventory::open(&Store::default(), place.path(), RING).await.unwrap() };
    let written = || {
        let files = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
        files.sort();
        files.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    {
        let inventory = open().await;
        (0..STRANGERS).for_each(|n| knock(&inventory, n, "admin", "x"));
        inventory.flush().await;
        let before = written();
        for _ in 0..20 {
            (0..STRANGERS).for_each(|n| knock(&inventory, n, "admin", "x"));
        }
        assert!(written() == before, "100,000 further attempts, and not a byte of the database");
        inventory.flush().await;
        assert_eq!(inventory.unclaimed().len(), 5_000);
    }
    let inventory = open().await;
    let list = inventory.unclaimed();
    assert!(list.len() == 5_000 && list.iter().all(|stranger| stranger.count == 21));
    (STRANGERS..3 * STRANGERS).for_each(|n| knock(&inventory, n, "admin", "x"));
    assert_eq!(inventory.unclaimed().len(), RING, "the oldest make room");
}

#[tokio::test]
async fn an_approved_device_gets_in_with_what_it_has_always_presented() {
    let place = tempfile::tempdir().unwrap();
    {
        let inventory = open(place.path()).await;
        knock(&inventory, 1, "admin", "secret-1");
        inventory.flush().await;
    }
    let inventory = open(place.path()).await;
    knock(&inventory, 1, "admin", "secret-1");
    let (device, issued) = inventory.approve(named(1)).await.unwrap();
    assert!(issued.is_none(), "the PC has a credential already");
    assert_eq!(device.cira_user.as_deref(), Some("admin"));
    assert_eq!(inventory.verify(id(1), b"admin", b"secret-1"), Verdict::Admit);
    assert_eq!(inventory.verify(id(1), b"admin", b"secret-2"), Verdict::WrongCredential);
    assert!(inventory.unclaimed().is_empty());
}

#[tokio::test]
async fn a_stranger_who_presented_different_credentials_is_approved_with_a_new_one_only() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    knock(&inventory, 1, "admin", "secret-1");
    knock(&inventory, 1, "admin", "secret-2");
    knock(&inventory, 1, "admin", "secret-1");
    let (_, issued) = inventory.approve(named(1)).await.unwrap();
    let issued = issued.expect("a new credential");
    assert_eq!(inventory.verify(id(1), b"admin", b"secret-1"), Verdict::WrongCredential);
    let (user, password) = (issued.user.as_bytes(), issued.password.expose().as_bytes());
    assert_eq!(inventory.verify(id(1), user, password), Verdict::Admit);
}

#[tokio::test]
async fn a_stranger_without_credential_is_approved_with_a_new_one() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    assert_eq!(inventory.verify(id(1), b"", b""), Verdict::Unknown);
    inventory.note_unclaimed(id(1), peer(), None);
    let (_, issued) = inventory.approve(named(1)).await.unwrap();
    assert!(issued.is_some());
    assert_eq!(inventory.verify(id(1), b"", b""), Verdict::WrongCredential);
}

#[tokio::test]
async fn adding_does_not_take_what_a_stranger_presented() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    knock(&inventory, 1, "admin", "secret-1");
    let (_, issued) = inventory.add(named(1)).await.unwrap();
    assert!(issued.is_some());
    assert_eq!(inventory.verify(id(1), b"admin", b"secret-1"), Verdict::WrongCredential);
}

#[tokio::test]
async fn a_blocked_stranger_leaves_the_list_and_stays_out() {
    let place = tempfile::tempdir().unwrap();
    {
        let inventory = open(place.path()).await;
        knock(&inventory, 1, "admin", "secret-1");
        inventory.set_blocked(id(1), true).await.unwrap();
        assert!(inventory.unclaimed().is_empty());
        inventory.note_unclaimed(id(1), peer(), None);
        assert!(inventory.unclaimed().is_empty(), "a known device is none of them");
        inventory.flush().await;
    }
    let inventory = open(place.path()).await;
    assert_eq!(inventory.verify(id(1), b"admin", b"secret-1"), Verdict::Blocked);
    assert_eq!(inventory.get(id(1)).unwrap().name, id(1).to_string());
}

#[tokio::test]
async fn a_forgotten_stranger_comes_back_when_it_knocks_again() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await;
    knock(&inventory, 1, "admin", "secret-1");
    assert!(inventory.forget_unclaimed(id(1)));
    assert!(!inventory.forget_unclaimed(id(1)));
    inventory.flush().await;
    drop(inventory);
    let inventory = open(place.path()).await;
    assert!(inventory.unclaimed().is_empty());
    knock(&inventory, 1, "admin", "secret-1");
    assert_eq!(inventory.unclaimed()[0].count, 1);
}

#[tokio::test]
async fn an_ignored_stranger_stays_ignored_over_its_next_knocks_and_a_restart() {
    let place = tempfile::tempdir().unwrap();
    {
        let inventory = open(place.path()).await;
        assert!(!inventory.ignore_unclaimed(id(1), true), "it has not knocked");
        knock(&inventory, 1, "admin", "secret-1");
        inventory.flush().await;
        assert!(inventory.ignore_unclaimed(id(1), true));
        knock(&inventory, 1, "admin", "secret-1");
        inventory.flush().await;
    }
    let inventory = open(place.path()).await;
    knock(&inventory, 1, "admin", "secret-1");
    let seen = &inventory.unclaimed()[0];
    assert_eq!((seen.ignored, seen.count), (true, 3));
    assert!(inventory.ignore_unclaimed(id(1), false));
    assert!(!inventory.unclaimed()[0].ignored);
}

#[tokio::test]
async fn failed_attempts_survive_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let now = time::OffsetDateTime::now_utc();
    let attempt = Attempt {
        address: peer().ip(),
        stage: Stage::Login,
        device: Some(id(1)),
        reason: "it gave a wrong CIRA user or password (E2019)".into(),
        tls_alert: Some(48),
        hello: None,
        first: now,
        last: now,
        count: 1,
    };
    {
        let inventory = open(place.path()).await;
        (0..5).for_each(|_| inventory.note_attempt(attempt.clone()));
        inventory.flush().await;
    }
    let inventory = open(place.path()).await;
    let kept = Attempt { count: 5, ..attempt };
    assert_eq!(format!("{:?}", inventory.attempts()), format!("{:?}", [kept]));
}
