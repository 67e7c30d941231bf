//! Rows of users and tokens. Passwords are Argon2id, tokens SHA-256 of 256 random bits.

use super::{
    Sqlite, damaged,
    devices::{from_json, json, time},
    stamp,
};
use crate::inventory::StoreError;
use sqlx::{Row, sqlite::SqliteRow};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// PHC string.
    pub(crate) password: String,
    /// As `access` writes it.
    pub(crate) role: String,
    pub(crate) tenant: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) disabled: bool,
    /// Who it is at the identity provider; such a person has no password here.
    pub(crate) subject: Option<String>,
    /// Sealed secret of the second factor.
    pub(crate) totp: Option<Vec<u8>>,
    /// Keyed hashes of recovery codes.
    pub(crate) recovery: Vec<String>,
    pub(crate) created: OffsetDateTime,
}

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct TokenRow {
    pub(crate) name: String,
    pub(crate) hash: [u8; 32],
    pub(crate) scope: String,
    pub(crate) tenant: String,
    pub(crate) labels: BTreeMap<String, String>,
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
                    role: row.try_get("role")?,
                    tenant: row.try_get("tenant")?,
                    labels: from_json(row, "labels")?.unwrap_or_default(),
                    disabled: row.try_get("disabled")?,
                    subject: row.try_get("subject")?,
                    totp: row.try_get("totp")?,
                    recovery: from_json(row, "recovery")?.unwrap_or_default(),
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
            "INSERT INTO person (name, password, role, tenant, labels, disabled, subject, totp, recovery, created)
             SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM person)"
        } else {
            "INSERT INTO person (name, password, role, tenant, labels, disabled, subject, totp, recovery, created)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        };
        let done = sqlx::query(sql)
            .bind(&person.name)
            .bind(&person.password)
            .bind(&person.role)
            .bind(&person.tenant)
            .bind(json(&person.labels)?)
            .bind(person.disabled)
            .bind(&person.subject)
            .bind(&person.totp)
            .bind(json(&person.recovery)?)
            .bind(stamp(person.created))
            .execute(&self.people)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn update_person(&self, person: &Person) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE person SET password = ?, role = ?, labels = ?, disabled = ?, totp = ?, recovery = ?
              WHERE name = ?",
        )
        .bind(&person.password)
        .bind(&person.role)
        .bind(json(&person.labels)?)
        .bind(person.disabled)
        .bind(&person.totp)
        .bind(json(&person.recovery)?)
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
                    tenant: row.try_get("tenant")?,
                    labels: from_json(row, "labels")?.unwrap_or_default(),
                    created: created(row)?,
                    expires: time(row, "expires")?,
                    last_used: time(row, "last_used")?,
                })
            })
            .collect()
    }

    pub(crate) async fn insert_token(&self, token: &TokenRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO token (name, hash, scope, tenant, labels, created, expires)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&token.name)
        .bind(token.hash.to_vec())
        .bind(&token.scope)
        .bind(&token.tenant)
        .bind(json(&token.labels)?)
        .bind(stamp(token.created))
        .bind(token.expires.map(stamp))
        .execute(&self.people)
        .await?;
        Ok(())
    }

    /// Signed tokens that were ended early and have not expired.
    pub(crate) async fn ended_sessions(
        &self,
        now: OffsetDateTime,
    ) -> Result<Vec<(String, OffsetDateTime)>, StoreError> {
        let rows = sqlx::query("SELECT session, expires FROM ended WHERE expires > ?")
            .bind(stamp(now))
            .fetch_all(&self.people)
            .await?;
        rows.iter()
            .map(|row| {
                let expires = time(row, "expires")?.ok_or_else(|| damaged("time", ""))?;
                Ok((row.try_get("session")?, expires))
            })
            .collect()
    }

    /// And forgets those that have expired since.
    pub(crate) async fn end_session(
        &self,
        session: &str,
        expires: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM ended WHERE expires <= ?")
            .bind(stamp(now))
            .execute(&self.people)
            .await?;
        sqlx::query("INSERT OR REPLACE INTO ended (session, expires) VALUES (?, ?)")
            .bind(session)
            .bind(stamp(expires))
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
