//! Rows of secrets, sealed before they come here.

use super::{Sqlite, begin, damaged, finish, stamp};
use crate::inventory::StoreError;
use sqlx::{Row, SqliteConnection};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A sealed secret with its number.
#[derive(Debug)]
pub(crate) struct SecretRow {
    pub(crate) sealed: Vec<u8>,
    pub(crate) version: u64,
    pub(crate) created: OffsetDateTime,
}

impl Sqlite {
    pub(crate) async fn secret(&self, path: &str) -> Result<Option<SecretRow>, StoreError> {
        let row = sqlx::query("SELECT sealed, version, created FROM secret WHERE path = ?")
            .bind(path)
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let created: String = row.try_get("created")?;
        let created =
            OffsetDateTime::parse(&created, &Rfc3339).map_err(|_| damaged("time", &created))?;
        let version = row.try_get::<i64, _>("version")?.cast_unsigned();
        Ok(Some(SecretRow { sealed: row.try_get("sealed")?, version, created }))
    }

    /// Writes a secret over an earlier one and gives its number. With `expected` only if that is the number it has (0:
    /// there is none); otherwise None and nothing is written.
    pub(crate) async fn put_secret(
        &self,
        path: &str,
        sealed: &[u8],
        created: OffsetDateTime,
        expected: Option<u64>,
    ) -> Result<Option<u64>, StoreError> {
        let mut connection = begin(&self.people).await?;
        let secret = NewSecret { path, sealed, created };
        let (written, version) = match replace(&mut connection, &secret, expected).await {
            Ok(version) => (Ok(()), version),
            Err(error) => (Err(error), None),
        };
        finish(&mut connection, written).await?;
        Ok(version)
    }

    pub(crate) async fn delete_secret(&self, path: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM secret WHERE path = ?").bind(path).execute(&self.people).await?;
        Ok(())
    }

    /// Paths that begin so, in their order.
    pub(crate) async fn secret_paths(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let paths = sqlx::query_scalar(
            "SELECT path FROM secret WHERE substr(path, 1, length(?1)) = ?1 ORDER BY path",
        )
        .bind(prefix)
        .fetch_all(&self.reads)
        .await?;
        Ok(paths)
    }
}

struct NewSecret<'a> {
    path: &'a str,
    sealed: &'a [u8],
    created: OffsetDateTime,
}

/// The number it gets; none when another than the expected one is there, and then nothing is written.
async fn replace(
    connection: &mut SqliteConnection,
    secret: &NewSecret<'_>,
    expected: Option<u64>,
) -> Result<Option<u64>, StoreError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT version FROM secret WHERE path = ?")
        .bind(secret.path)
        .fetch_optional(&mut *connection)
        .await?;
    let known = known.unwrap_or(0).cast_unsigned();
    if expected.is_some_and(|expected| expected != known) {
        return Ok(None);
    }
    let version = known + 1;
    sqlx::query(
        "INSERT OR REPLACE INTO secret (path, sealed, version, created) VALUES (?, ?, ?, ?)",
    )
    .bind(secret.path)
    .bind(secret.sealed)
    .bind(version.cast_signed())
    .bind(stamp(secret.created))
    .execute(connection)
    .await?;
    Ok(Some(version))
}
