//! Tests: what is said of a window, and what the database keeps.

use super::*;
use crate::{config::Store, inventory::NewDevice, registry::TunnelEnd};
use std::path::Path;
use uuid::Uuid;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(7));

fn at(minutes: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
        + Duration::from_secs(60 * 60 * 24 * 365).saturating_mul(10)
        + time::Duration::minutes(minutes)
}

fn end(reason: &str) -> TunnelEndRecord {
    TunnelEndRecord { reason: reason.into(), detail: String::new(), by_device: false }
}

fn stay(since: i64, until: Option<(i64, &str)>) -> Stay {
    let end = until.map(|(minutes, reason)| (at(minutes), end(reason)));
    Stay { device: DEVICE, since: at(since), end }
}

fn told(spans: &[Span]) -> Vec<(Presence, i64, i64, &str)> {
    let minute = |time: OffsetDateTime| (time - at(0)).whole_minutes();
    let each = spans.iter();
    each.map(|s| (s.presence, minute(s.from), minute(s.until), s.reason.as_deref().unwrap_or("")))
        .collect()
}

#[test]
fn a_window_has_no_holes_and_each_gap_says_what_ended_the_stay_before_it() {
    use Presence::{Away, Connected, Unknown};
    let stays =
        [stay(-90, Some((-30, "shutdown"))), stay(20, Some((40, "closed"))), stay(50, None)];
    let window = spans(&stays, at(0), at(60), at(-100));
    let expected = [
        (Away, 0, 20, "shutdown"),
        (Connected, 20, 40, ""),
        (Away, 40, 50, "closed"),
        (Connected, 50, 60, ""),
    ];
    assert_eq!(told(&window), expected);
    assert_eq!(
        told(&spans(&[], at(0), at(60), at(10))),
        [(Unknown, 0, 10, ""), (Away, 10, 60, "")]
    );
    assert_eq!(
        told(&spans(&stays[1..2], at(0), at(30), at(25))),
        [(Unknown, 0, 20, ""), (Connected, 20, 30, "")]
    );
}

#[test]
fn a_stay_that_a_killed_server_left_open_at_once_does_not_cut_a_gap_in_two() {
    use Presence::{Away, Connected};
    let stays =
        [stay(-90, Some((-30, "shutdown"))), stay(10, Some((10, "server ended"))), stay(20, None)];
    let expected = [(Away, 0, 20, "shutdown"), (Connected, 20, 60, "")];
    assert_eq!(told(&spans(&stays, at(0), at(60), at(-100))), expected);
}

#[test]
fn an_hour_is_one_letter() {
    let stays = [stay(90, Some((150, "closed"))), stay(180, Some((240, "closed")))];
    let hours = hours(&spans(&stays, at(0), at(24 * 60), at(60)), at(0));
    assert_eq!(hours, format!("uppc{}", "a".repeat(20)));
}

#[test]
fn a_tunnel_in_the_place_of_another_is_the_same_stay_and_what_waits_is_bounded() {
    let mut ledger = Ledger::default();
    ledger.came(DEVICE, at(1));
    ledger.came(DEVICE, at(2));
    assert_eq!(ledger.take(), [stay(1, None)]);
    let mut read = Vec::new();
    ledger.complete(DEVICE, &mut read);
    assert_eq!(read, [stay(1, None)], "also while it is being written");
    ledger.written();
    ledger.went(DEVICE, at(3), end("closed"));
    ledger.went(DEVICE, at(4), end("closed"));
    let mut read = vec![stay(1, None)];
    ledger.complete(DEVICE, &mut read);
    assert_eq!(read, [stay(1, Some((3, "closed")))]);
    let taken = ledger.take();
    ledger.put_back();
    assert_eq!(ledger.take(), taken, "as if it had not been taken");
    ledger.written();
    assert_eq!(ledger.take(), []);
    for n in 0..WAITING_MAX as u128 + 10 {
        ledger.came(DeviceId(Uuid::from_u128(n)), at(5));
    }
    assert_eq!(ledger.take().len(), WAITING_MAX);
}

async fn open(data: &Path) -> Inventory {
    Inventory::open(&Store::default(), data, 10).await.unwrap()
}

async fn with_device(data: &Path) -> Inventory {
    let inventory = open(data).await;
    let new = NewDevice {
        id: DEVICE,
        name: "pc".into(),
        fqdn: None,
        labels: BTreeMap::new(),
        cira: None,
        certificate: None,
        amt: None,
    };
    inventory.add(new).await.unwrap();
    inventory
}

/// A span has at least a millisecond.
async fn later() {
    let before = now();
    while now() <= before {
        tokio::task::yield_now().await;
    }
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_stay_that_a_killed_server_left_open_ends_when_it_was_last_known_to_run() {
    let place = tempfile::tempdir().unwrap();
    let inventory = with_device(place.path()).await;
    let peer = "192.0.2.1:5".parse().unwrap();
    inventory.note_connected(DEVICE, peer, None);
    later().await;
    let unwritten = inventory.availability(DEVICE, DAY).await.unwrap();
    assert_eq!(unwritten.spans.last().unwrap().presence, Presence::Connected, "at once");
    inventory.flush().await;
    drop(inventory);

    let inventory = open(place.path()).await;
    later().await;
    let spans = inventory.availability(DEVICE, DAY).await.unwrap().spans;
    let away = spans.last().unwrap();
    assert_eq!((away.presence, away.reason.as_deref()), (Presence::Away, Some("server ended")));
    inventory.note_connected(DEVICE, peer, None);
    inventory.note_ended(DEVICE, &TunnelEnd::by_us("superseded", "a newer one"));
    later().await;
    inventory.note_ended(DEVICE, &TunnelEnd::by_device("closed by AMT", "goodbye"));
    inventory.flush().await;
    drop(inventory);

    let inventory = open(place.path()).await;
    later().await;
    let away = inventory.availability(DEVICE, DAY).await.unwrap().spans.pop().unwrap();
    let why = (away.reason.as_deref(), away.detail.as_deref(), away.by_device);
    assert_eq!(why, (Some("closed by AMT"), Some("goodbye"), Some(true)));
    let all = inventory.availabilities().await.unwrap();
    assert_eq!(all[0].hours.len(), 24);
    assert!(all[0].hours.starts_with('u') && !all[0].hours.ends_with('u'), "{all:?}");
}

#[tokio::test]
async fn of_a_flapping_device_the_newest_stays_are_kept_and_of_all_a_month() {
    let place = tempfile::tempdir().unwrap();
    let inventory = with_device(place.path()).await;
    let long_ago = now() - KEPT - DAY;
    locked(&inventory.0.presence).came(DEVICE, long_ago);
    locked(&inventory.0.presence).went(DEVICE, long_ago + DAY / 2, end("closed"));
    inventory.flush().await;
    let store = &inventory.0.store;
    assert_eq!(store.stays(DEVICE, long_ago).await.unwrap().rows, [], "too old");

    for n in 1..=KEPT_EACH + 20 {
        let mut ledger = locked(&inventory.0.presence);
        let at = now() - Duration::from_secs(3_600) + Duration::from_secs(n.into());
        ledger.came(DEVICE, at);
        ledger.went(DEVICE, at + Duration::from_millis(500), end("closed"));
    }
    inventory.flush().await;
    // The next stay makes room.
    inventory.note_connected(DEVICE, "192.0.2.1:5".parse().unwrap(), None);
    inventory.flush().await;
    let rows = store.stays(DEVICE, long_ago).await.unwrap().rows;
    assert_eq!(rows.len(), KEPT_EACH as usize);
    assert_eq!(rows.last().unwrap().end, None);
    let first = inventory.availability(DEVICE, DAY).await.unwrap().spans.remove(0);
    assert_eq!(first.presence, Presence::Unknown, "what was forgotten is not called away");
    inventory.remove(DEVICE).await.unwrap();
    assert_eq!(store.stays(DEVICE, long_ago).await.unwrap().rows, []);
}
