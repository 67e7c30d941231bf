//! The database file: who may read it, what is in it, and what happens when it is locked, foreign or damaged.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};
use viaduct_api::DeviceId;
use viaduct_server::{
    access::{Access, Scope},
    config::{Secret, Store},
    inventory::{Inventory, NewDevice, StoreError},
};

async fn open(data: &Path) -> Result<Inventory, StoreError> {
    Inventory::open(&Store::default(), data, 100).await
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
        cira: Some(("admin".into(), Some(Secret::new("cira-P@ssw0rd-1".into())))),
        certificate: None,
        amt: Some(("admin".into(), Secret::new("amt-P@ssw0rd-2".into()))),
    }
}

async fn second_connection(data: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data.join("viaduct.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[tokio::test]
async fn a_locked_database_refuses_peoples_changes_and_keeps_facts_until_it_is_free() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await.unwrap();
    inventory.add(device(1)).await.unwrap();
    inventory.flush().await;
    let mut other = second_connection(place.path()).await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();

    let peer = "203.0.113.7:50000".parse().unwrap();
    inventory.note_connected(id(1), peer, None);
    inventory.note_unclaimed(id(9), peer, None);
    inventory.flush().await;
    let health = inventory.health();
    assert!(health.error.as_ref().is_some_and(|e| e.contains("locked")), "{health:?}");
    assert!(health.pending >= 2, "{health:?}");
    assert_eq!(inventory.get(id(1)).unwrap().last_address, Some(peer), "memory has it");

    let error = inventory.rename(id(1), "other".into()).await.unwrap_err();
    assert!(error.to_string().contains("locked"), "{error}");
    assert!(inventory.find("other").is_err(), "what is not durable is not visible");
    assert!(inventory.find("pc-1").is_ok());

    other.execute("ROLLBACK").await.unwrap();
    inventory.flush().await;
    assert_eq!(inventory.health().error, None);
    inventory.rename(id(1), "other".into()).await.unwrap();
    drop(inventory);
    let again = open(place.path()).await.unwrap();
    assert_eq!(again.find("other").unwrap().last_address, Some(peer));
    assert_eq!(again.unclaimed().len(), 1);
}

#[tokio::test]
async fn nobody_else_can_read_the_files_and_no_secret_is_in_them_in_the_clear() {
    let place = tempfile::tempdir().unwrap();
    let inventory = open(place.path()).await.unwrap();
    inventory.add(device(1)).await.unwrap();
    let access = Access::open(&inventory, place.path()).await.unwrap();
    access.add_user("ann", Secret::new("user-P@ssw0rd-3".into()), Scope::Admin).await.unwrap();
    let token = access.create_token("ci", Scope::Read, None).await.unwrap();
    inventory.note_unclaimed(id(9), "203.0.113.7:50000".parse().unwrap(), None);
    inventory.flush().await;
    let secrets = ["cira-P@ssw0rd-1", "amt-P@ssw0rd-2", "user-P@ssw0rd-3", token.expose()];
    let mut files = 0;
    for entry in fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        files += 1;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{path:?}");
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} is in {path:?}");
        }
    }
    assert!(files >= 2, "the database and its log");
}

#[tokio::test]
async fn a_database_whose_keys_are_lost_is_refused_and_no_new_keys_are_made() {
    let place = tempfile::tempdir().unwrap();
    open(place.path()).await.unwrap().add(device(1)).await.unwrap();
    let key = place.path().join("keys/credentials.key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let error = open(place.path()).await.unwrap_err();
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
    assert!(!key.exists());
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let error = open(place.path()).await.unwrap_err();
    assert!(error.to_string().contains("other keys"), "{error}");
    fs::write(&key, kept).unwrap();
    open(place.path()).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_politely() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path()).await.unwrap());
    let mut other = second_connection(place.path()).await;
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'future', 1, x'00', 0)";
    other.execute(AssertSqlSafe(newer)).await.unwrap();
    other.close().await.unwrap();
    let error = open(place.path()).await.unwrap_err();
    assert!(error.to_string().contains("newer viaduct (schema 99"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("viaduct.db");
    let text = "this is not a database, it is somebody's letter\n".repeat(100);
    fs::write(&path, &text).unwrap();
    let error = open(place.path()).await.unwrap_err();
    assert!(error.to_string().contains("viaduct.db"), "{error}");
    assert!(error.to_string().contains("not a database"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn the_database_can_be_kept_elsewhere() {
    let place = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("here.db");
    let store = Store { url: Some(format!("sqlite://{}", path.display())), ..Store::default() };
    Inventory::open(&store, place.path(), 10).await.unwrap().add(device(1)).await.unwrap();
    assert!(path.exists() && !place.path().join("viaduct.db").exists());
    let named = Store { url: Some("sqlite://DATA/named.db".into()), ..Store::default() };
    drop(Inventory::open(&named, elsewhere.path(), 10).await.unwrap());
    assert!(elsewhere.path().join("named.db").exists());
    let foreign = Store { url: Some("postgres://u:p@h/d".into()), ..Store::default() };
    let error = Inventory::open(&foreign, place.path(), 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field: "store.url", .. }), "{error}");
}

#[tokio::test]
async fn a_database_in_a_missing_directory_says_where_it_should_be() {
    let place = tempfile::tempdir().unwrap();
    let store = Store { url: Some("sqlite://missing/here.db".into()), ..Store::default() };
    let error = Inventory::open(&store, place.path(), 10).await.unwrap_err();
    assert!(error.to_string().contains("missing/here.db"), "{error}");
}
