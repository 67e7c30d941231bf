//! The embedded database. One connection for people's changes, which are on the disk before they are acknowledged,
//! and one for facts about tunnels, which may be lost in a power failure. While the server runs, only the audit log,
//! saved views and when devices were here are read from it, over connections of its own that hold nobody up.

mod audit;
mod devices;
mod facts;
mod people;
mod presence;
mod secrets;
mod views;

pub use audit::AuditFilter;
pub(super) use facts::Batch;
pub(crate) use people::{Person, TokenRow};

use super::StoreError;
use crate::config::{self, data_dir};
use sqlx::{
    Connection, Executor, SqlSafeStr, Sqlite as Sqlite3, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// People wait so long for a lock that another program holds (a backup, a shell).
const PEOPLE_WAIT: Duration = Duration::from_secs(3);
/// Facts try again a second later anyway.
const FACTS_WAIT: Duration = Duration::from_millis(500);

/// `SQLITE_IOERR_SHMSIZE`: the index of the write-ahead log (`viaduct.db-shm`) could not be made larger. Unlike for
/// other files, SQLite has no code of its own for a full disk there (SQLite, "Result and Error Codes").
const NO_ROOM_FOR_THE_INDEX: u32 = 4874;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "start", include_str!("../../../migrations/sqlite/0001_start.sql")),
    (2, "audit", include_str!("../../../migrations/sqlite/0002_audit.sql")),
    (3, "access", include_str!("../../../migrations/sqlite/0003_access.sql")),
    (11, "amt pin", include_str!("../../../migrations/sqlite/0011_amt_pin.sql")),
    (21, "secrets", include_str!("../../../migrations/sqlite/0021_secrets.sql")),
    (31, "presence", include_str!("../../../migrations/sqlite/0031_presence.sql")),
    (41, "views", include_str!("../../../migrations/sqlite/0041_views.sql")),
    (51, "cira earlier", include_str!("../../../migrations/sqlite/0051_cira_earlier.sql")),
    (61, "ignored", include_str!("../../../migrations/sqlite/0061_ignored.sql")),
];

/// The database in a file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    people: SqlitePool,
    facts: SqlitePool,
    reads: SqlitePool,
}

impl Sqlite {
    /// Opens the file, makes it (0600) and its tables when necessary.
    pub(super) async fn open(store: &config::Store, data: &Path) -> Result<Self, StoreError> {
        let path = path(store, data)?;
        create_private(&path)
            .map_err(|e| StoreError::Database(format!("{} cannot be made: {e}", path.display())))?;
        let opened = |e: sqlx::Error| {
            StoreError::Database(format!("{} cannot be opened: {}", path.display(), words(&e)))
        };
        let people = connect(&path, SqliteSynchronous::Full, PEOPLE_WAIT).await.map_err(opened)?;
        migrate(&people).await?;
        let facts = connect(&path, SqliteSynchronous::Normal, FACTS_WAIT).await.map_err(opened)?;
        let reads = connect(&path, SqliteSynchronous::Normal, PEOPLE_WAIT).await.map_err(opened)?;
        Ok(Self { people, facts, reads })
    }

    /// The fingerprint of the keys that this database was written with.
    pub(super) async fn fingerprint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT value FROM setting WHERE name = 'keys'")
            .fetch_optional(&self.people)
            .await?)
    }

    pub(super) async fn set_fingerprint(&self, fingerprint: &[u8]) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO setting (name, value) VALUES ('keys', ?)")
            .bind(fingerprint)
            .execute(&self.people)
            .await?;
        Ok(())
    }

    /// Lets go of the file: what is in its log moves into the database itself, which is then whole in one file.
    pub(super) async fn close(&self) {
        for pool in [&self.reads, &self.facts, &self.people] {
            pool.close().await;
        }
    }

    /// Lets the database grow no further, as on a full disk.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) {
        for pool in [&self.people, &self.facts] {
            let pragma = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            pool.execute(pragma).await.unwrap();
        }
    }
}

/// Begins what is to be written together. sqlx's own transactions lose count when SQLite ends one by itself, as it
/// does on a full disk: from then on nothing would ever be committed and the file stay locked.
async fn begin(pool: &SqlitePool) -> Result<PoolConnection<Sqlite3>, StoreError> {
    let mut connection = pool.acquire().await?;
    if let Err(error) = connection.execute("BEGIN IMMEDIATE").await {
        return finish(&mut connection, Err(error.into())).await.map(|()| connection);
    }
    Ok(connection)
}

/// Commits what was begun when all of it went well, and otherwise undoes it.
async fn finish(
    connection: &mut SqliteConnection,
    written: Result<(), StoreError>,
) -> Result<(), StoreError> {
    let done = match written {
        Ok(()) => connection.execute("COMMIT").await.map(drop).map_err(StoreError::from),
        Err(error) => Err(error),
    };
    if done.is_err()
        && let Err(error) = connection.execute("ROLLBACK").await
    {
        tracing::debug!(%error, "SQLite has undone it already");
    }
    done
}

/// `sqlite://PATH`; relative paths and a leading `DATA/` mean the data directory.
fn path(store: &config::Store, data: &Path) -> Result<PathBuf, StoreError> {
    let Some(url) = &store.url else { return Ok(data_dir::database(data)) };
    let Some(path) = url.strip_prefix("sqlite://") else {
        return Err(StoreError::Invalid {
            field: "store.url",
            why: "only sqlite://PATH is supported".into(),
        });
    };
    Ok(data.join(path.strip_prefix("DATA/").unwrap_or(path)))
}

/// SQLite gives its side files the mode of the database.
fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

async fn connect(
    path: &Path,
    synchronous: SqliteSynchronous,
    wait: Duration,
) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(wait);
    SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await
}

/// Looks through the whole database for damage, without changing it; also while a server runs on it. Empty: none was
/// found, or there is no database yet.
///
/// # Errors
/// When it cannot be read at all.
pub async fn examine(store: &config::Store, data: &Path) -> Result<Vec<String>, StoreError> {
    let path = path(store, data)?;
    if !path.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |error: sqlx::Error| {
        StoreError::Database(format!("{} cannot be read: {}", path.display(), words(&error)))
    };
    let options =
        SqliteConnectOptions::new().filename(&path).read_only(true).busy_timeout(PEOPLE_WAIT);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(unreadable)?;
    let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)")
        .fetch_all(&mut connection)
        .await
        .map_err(unreadable)?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        let (name, sql) = ((*name).into(), (*sql).into_sql_str());
        Migration::new(*version, name, MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    let mut connection = pool.acquire().await?;
    migrator.run_direct(None, &mut *connection, false).await.map_err(|error| {
        StoreError::Database(match error {
            MigrateError::VersionMissing(version) => format!(
                "it was written by a newer viaduct (schema {version}, this one knows {}); use that \
                 version or a newer one",
                MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default()
            ),
            MigrateError::VersionMismatch(version) => {
                format!("its schema {version} is not the one of any release")
            }
            other => format!("its tables cannot be made or changed: {other}"),
        })
    })
}

/// What the database said, in words that help.
pub(super) fn words(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|e| e.code());
    let number = code.as_deref().and_then(|code| code.parse::<u32>().ok());
    if number == Some(NO_ROOM_FOR_THE_INDEX) {
        return "the disk is full".into();
    }
    // The low byte is the primary result code (SQLite, "Result and Error Codes").
    match number.map(|code| code & 0xff) {
        Some(5 | 6) => "it is locked by another program".into(),
        Some(8) => "it is read-only".into(),
        Some(10) => format!("the disk reports an error ({error})"),
        Some(11 | 26) => format!("the file is damaged or not a database ({error})"),
        Some(13) => "the disk is full".into(),
        _ => error.to_string(),
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(words(&error))
    }
}

/// A time as it is stored.
fn stamp(time: OffsetDateTime) -> String {
    let utc = time.to_offset(UtcOffset::UTC);
    #[expect(clippy::expect_used, reason = "RFC 3339 has no year after 9999, and no clock says so")]
    utc.format(&Rfc3339).expect("a year below 10000")
}

fn time_of(text: &str) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| damaged("time", text))
}

fn damaged(what: &str, text: &str) -> StoreError {
    StoreError::Database(format!("it holds `{text}`, which is no {what}"))
}
