//! Rows of users and tokens. Passwords are Argon2id, tokens SHA-256 of 256 random bits.

use super::{Sqlite, damaged, devices::time, stamp};
use crate::inventory::StoreError;
use sqlx::{Row, sqlite::SqliteRow};
use time::OffsetDateTime;

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// PHC string.
    pub(crate) password: String,
    /// As `access` writes it.
    pub(crate) scope: String,
    pub(crate) created: OffsetDateTime,
}

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct TokenRow {
    pub(crate) name: String,
    pub(crate) hash: [u8; 32],
    pub(crate) scope: String,
    pub(crate) created: OffsetDateTime,
    pub(crate) expires: Option<OffsetDateTime>,
    pub(crate) last_used: Option<OffsetDateTime>,
}

impl Sqlite {
    pub(crate) async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let rows = sqlx::query("SELECT * FROM person").fetch_all(&self.people).await?;
        rows.iter()
            .map(|row| {
                Ok(Person {
                    name: row.try_get("name")?,
                    password: row.try_get("password")?,
                    scope: row.try_get("scope")?,
                    created: created(row)?,
                })
            })
            .collect()
    }

    /// `only_first`: nothing is written, and false is the answer, when there is a user already.
    pub(crate) async fn insert_person(
        &self,
        person: &Person,
        only_first: bool,
    ) -> Result<bool, StoreError> {
        let sql = if only_first {
            "INSERT INTO person (name, password, scope, created)
             SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM person)"
        } else {
            "INSERT INTO person (name, password, scope, created) VALUES (?, ?, ?, ?)"
        };
        let done = sqlx::query(sql)
            .bind(&person.name)
            .bind(&person.password)
            .bind(&person.scope)
            .bind(stamp(person.created))
            .execute(&self.people)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn update_person(&self, person: &Person) -> Result<(), StoreError> {
        sqlx::query("UPDATE person SET password = ?, scope = ? WHERE name = ?")
            .bind(&person.password)
            .bind(&person.scope)
            .bind(&person.name)
            .execute(&self.people)
            .await?;
        Ok(())
    }

    pub(crate) async fn delete_person(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM person WHERE name = ?").bind(name).execute(&self.people).await?;
        Ok(())
    }

    pub(crate) async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM token").fetch_all(&self.people).await?;
        rows.iter()
            .map(|row| {
                let hash: Vec<u8> = row.try_get("hash")?;
                Ok(TokenRow {
                    name: row.try_get("name")?,
                    hash: hash.try_into().map_err(|_| damaged("hash", "[redacted]"))?,
                    scope: row.try_get("scope")?,
                    created: created(row)?,
                    expires: time(row, "expires")?,
                    last_used: time(row, "last_used")?,
                })
            })
            .collect()
    }

    pub(crate) async fn insert_token(&self, token: &TokenRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO token (name, hash, scope, created, expires) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&token.name)
        .bind(token.hash.to_vec())
        .bind(&token.scope)
        .bind(stamp(token.created))
        .bind(token.expires.map(stamp))
        .execute(&self.people)
        .await?;
        Ok(())
    }

    pub(crate) async fn delete_token(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM token WHERE name = ?").bind(name).execute(&self.people).await?;
        Ok(())
    }
}

fn created(row: &SqliteRow) -> Result<OffsetDateTime, StoreError> {
    time(row, "created")?.ok_or_else(|| damaged("time", ""))
}
