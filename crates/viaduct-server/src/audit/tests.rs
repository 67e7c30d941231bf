//! The log over a real database.

use super::*;
use crate::{access::Scope, config};
use std::path::Path;

async fn open(place: &Path) -> (Inventory, Audit) {
    let inventory = Inventory::open(&config::Store::default(), place, 100).await.unwrap();
    let audit = Audit::open(&inventory).await.unwrap();
    (inventory, audit)
}

fn ann() -> Principal {
    Principal::new("ann", Scope::Admin)
}

async fn all(audit: &Audit) -> Vec<AuditEntry> {
    let filter = AuditFilter { ascending: true, top: 10_000, ..AuditFilter::default() };
    audit.list(&filter).await.unwrap().0
}

/// Outcomes are written behind; this is written after them.
async fn settle(audit: &Audit) {
    audit.note(&ann(), Action::ReadAudit, None, "settle", &Outcome::Done).await.unwrap();
}

#[tokio::test]
async fn an_intent_is_on_the_disk_before_its_effect_and_its_outcome_follows() {
    let place = tempfile::tempdir().unwrap();
    let (inventory, audit) = open(place.path()).await;
    let device = "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap();
    let intent = audit.intent(&ann(), Action::PowerOff, Some(device), "reset").await.unwrap();
    let rows = all(&audit).await;
    assert_eq!((rows.len(), rows[0].result.as_str()), (1, "intent"));
    assert_eq!((rows[0].actor.as_str(), rows[0].action.as_str()), ("ann", "power.off"));
    assert_eq!(rows[0].device.as_deref(), Some("4c4c4544-004b-4210-8033-b6c04f504633"));
    intent.done(Outcome::Failed("the device is away".into())).await;
    settle(&audit).await;
    let rows = all(&audit).await;
    assert_eq!((rows[1].result.as_str(), rows[1].intent), ("failed", Some(1)));
    assert_eq!(rows[1].detail, "the device is away");
    assert_eq!(rows[0].outcome.as_deref(), Some("failed"));
    let report = audit.verify().await.unwrap();
    assert_eq!((report.rows, report.fault), (3, None));
    drop(inventory);
}

#[tokio::test]
async fn what_was_under_way_at_a_crash_or_was_broken_off_is_unknown() {
    let place = tempfile::tempdir().unwrap();
    let (inventory, audit) = open(place.path()).await;
    let crashed = audit.intent(&ann(), Action::Boot, None, "bios").await.unwrap();
    drop(audit.intent(&ann(), Action::PowerOff, None, "cycle").await.unwrap());
    settle(&audit).await;
    std::mem::forget(crashed);
    drop((audit, inventory));
    let (_inventory, audit) = open(place.path()).await;
    settle(&audit).await;
    let rows = all(&audit).await;
    let of = |seq| rows.iter().find(|row| row.intent == Some(seq)).unwrap();
    assert_eq!((of(1).result.as_str(), of(2).result.as_str()), ("unknown", "unknown"));
    assert_eq!(of(1).action, "boot");
    drop(audit);
    let (_inventory, audit) = open(place.path()).await;
    settle(&audit).await;
    assert_eq!(all(&audit).await.iter().filter(|row| row.result == "unknown").count(), 2);
    assert_eq!(audit.verify().await.unwrap().fault, None);
}

#[tokio::test]
async fn many_intents_at_once_make_one_chain() {
    let place = tempfile::tempdir().unwrap();
    let (_inventory, audit) = open(place.path()).await;
    let many: Vec<_> = (0..300)
        .map(|n| {
            let audit = audit.clone();
            tokio::spawn(async move {
                let intent =
                    audit.intent(&ann(), Action::PowerOn, None, n.to_string()).await.unwrap();
                intent.done(Outcome::Done).await;
            })
        })
        .collect();
    for one in many {
        one.await.unwrap();
    }
    settle(&audit).await;
    let report = audit.verify().await.unwrap();
    assert_eq!((report.rows, report.fault), (601, None));
}

#[tokio::test]
async fn a_changed_removed_or_moved_row_is_named_also_after_more_was_written() {
    for (sql, bad) in [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 4", 4),
        ("UPDATE audit SET detail = 'x' WHERE seq = 10", 10),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq > 8", 9),
        ("DELETE FROM audit", 1),
        (
            "UPDATE audit SET seq = CASE seq WHEN 5 THEN -6 ELSE -5 END WHERE seq IN (5, 6); \
          UPDATE audit SET seq = -seq WHERE seq < 0",
            5,
        ),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", 2),
        ("UPDATE setting SET value = zeroblob(72) WHERE name = 'audit_end'", 10),
        ("DELETE FROM setting WHERE name = 'audit_end'", 10),
    ] {
        let place = tempfile::tempdir().unwrap();
        let (inventory, audit) = open(place.path()).await;
        for n in 0..10 {
            audit.note(&ann(), Action::PowerOn, None, n.to_string(), &Outcome::Done).await.unwrap();
        }
        assert_eq!(audit.verify().await.unwrap().fault, None);
        inventory.store().tamper(sql).await;
        let fault = audit.verify().await.unwrap().fault.unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(fault.seq, bad, "{sql}: {}", fault.why);
        if sql.contains("audit_end") {
            continue;
        }
        settle(&audit).await;
        assert_eq!(audit.verify().await.unwrap().fault.unwrap().seq, bad, "{sql}, and more rows");
    }
}

#[tokio::test]
async fn a_row_that_somebody_adds_behind_the_last_one_is_named_and_stops_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (inventory, audit) = open(place.path()).await;
    for n in 0..3 {
        audit.note(&ann(), Action::PowerOn, None, n.to_string(), &Outcome::Done).await.unwrap();
    }
    let columns =
        "time, tenant, actor, source, action, device, detail, result, intent, prev, hash, mac";
    let sql =
        format!("INSERT INTO audit (seq, {columns}) SELECT 4, {columns} FROM audit WHERE seq = 3");
    inventory.store().tamper(&sql).await;
    assert_eq!(audit.verify().await.unwrap().fault.unwrap().seq, 4);
    // Its number is taken, which a running server learns by trying.
    let (who, done) = (ann(), Outcome::Done);
    let again = || audit.note(&who, Action::PowerOn, None, "again".to_owned(), &done);
    assert!(again().await.is_err());
    again().await.unwrap();
    assert_eq!(all(&audit).await.len(), 6, "and one that says that it could not be written");
    assert_eq!(audit.verify().await.unwrap().fault.unwrap().seq, 4, "and after more rows");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_refused_and_outcomes_wait_for_space() {
    let place = tempfile::tempdir().unwrap();
    let (inventory, audit) = open(place.path()).await;
    let under_way = audit.intent(&ann(), Action::PowerOff, None, "before").await.unwrap();
    inventory.store().limit_pages(1).await;
    let full = loop {
        let detail = "x".repeat(500);
        match audit.intent(&ann(), Action::PowerOff, None, detail).await {
            Ok(intent) => intent.done(Outcome::Done).await,
            Err(error) => break error,
        }
    };
    assert!(full.to_string().contains("cannot be written"), "{full}");
    assert!(audit.trouble().is_some_and(|why| why.contains("disk is full")));
    under_way.done(Outcome::Done).await;
    inventory.store().limit_pages(1_000_000).await;
    settle(&audit).await;
    assert_eq!(audit.trouble(), None);
    let rows = all(&audit).await;
    assert_eq!(rows[0].outcome.as_deref(), Some("done"), "the outcome was kept");
    assert_eq!(audit.verify().await.unwrap().fault, None);
}

#[tokio::test]
async fn that_there_is_space_again_is_noticed_when_nobody_changes_anything() {
    let place = tempfile::tempdir().unwrap();
    let (inventory, audit) = open(place.path()).await;
    inventory.store().limit_pages(1).await;
    while audit.trouble().is_none() {
        let detail = "x".repeat(500);
        drop(audit.note(&ann(), Action::PowerOff, None, detail, &Outcome::Done).await);
    }
    inventory.store().limit_pages(1_000_000).await;
    while audit.trouble().is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rows = all(&audit).await;
    let said = rows.last().unwrap();
    assert_eq!((said.actor.as_str(), said.action.as_str()), ("(server)", "maintain"));
    assert!(said.detail.contains("could not be written"), "{said:?}");
    assert_eq!(audit.verify().await.unwrap().fault, None);
}
