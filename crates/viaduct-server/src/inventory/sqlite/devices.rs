//! Rows of devices: what people decided, and beside it what was seen.

use super::{Sqlite, damaged, stamp, time_of};
use crate::inventory::{Device, StoreError, TunnelEndRecord, book::Record};
use sqlx::{Row, sqlite::SqliteRow};
use std::sync::Arc;
use viaduct_api::DeviceId;

const SELECT: &str = "
    SELECT d.*, s.last_connected, s.last_seen, s.last_disconnected, s.last_address, s.end_reason,
           s.end_detail, s.end_by_device, s.hello, s.ports
      FROM device d LEFT JOIN device_seen s ON s.id = d.id";

const INSERT: &str = "
    INSERT INTO device (name, fqdn, labels, blocked, cira_user, cira_verifier, certificate, amt_user,
                        amt_sealed, profile, id, added)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str = "
    UPDATE device SET name = ?, fqdn = ?, labels = ?, blocked = ?, cira_user = ?, cira_verifier = ?,
                      certificate = ?, amt_user = ?, amt_sealed = ?, profile = ?
     WHERE id = ?";

impl Sqlite {
    pub(in crate::inventory) async fn devices(&self) -> Result<Vec<Record>, StoreError> {
        let rows = sqlx::query(SELECT).fetch_all(&self.people).await?;
        rows.iter().map(record).collect()
    }

    pub(in crate::inventory) async fn insert_device(
        &self,
        record: &Record,
    ) -> Result<(), StoreError> {
        self.write(INSERT, record, true).await.map(drop)
    }

    /// Writes what people decide about a device; what was seen of it is written elsewhere.
    pub(in crate::inventory) async fn update_device(
        &self,
        record: &Record,
    ) -> Result<(), StoreError> {
        match self.write(UPDATE, record, false).await? {
            0 => Err(StoreError::NotFound(record.device.id)),
            _ => Ok(()),
        }
    }

    async fn write(
        &self,
        sql: &'static str,
        record: &Record,
        fresh: bool,
    ) -> Result<u64, StoreError> {
        let device = &record.device;
        let labels = json(&device.labels)?;
        let mut query = sqlx::query(sql)
            .bind(&device.name)
            .bind(&device.fqdn)
            .bind(labels)
            .bind(device.blocked)
            .bind(&device.cira_user)
            .bind(record.verifier.map(|v| v.to_vec()))
            .bind(&device.certificate)
            .bind(&device.amt_user)
            .bind(&record.sealed_amt)
            .bind(json(&*device.profile)?)
            .bind(device.id.to_string());
        if fresh {
            query = query.bind(stamp(device.added));
        }
        Ok(query.execute(&self.people).await?.rows_affected())
    }

    pub(in crate::inventory) async fn delete_device(&self, id: DeviceId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM device WHERE id = ?")
            .bind(id.to_string())
            .execute(&self.people)
            .await?;
        Ok(())
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Database(e.to_string()))
}

/// A column as a type that is written as text.
pub(super) fn parsed<T: std::str::FromStr>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|t| t.parse().map_err(|_| damaged(column, &t))).transpose()
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|t| serde_json::from_str(&t).map_err(|_| damaged(column, &t))).transpose()
}

pub(super) fn time(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<time::OffsetDateTime>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.as_deref().map(time_of).transpose()
}

pub(super) fn id(row: &SqliteRow) -> Result<DeviceId, StoreError> {
    parsed(row, "id")?.ok_or_else(|| damaged("id", ""))
}

fn verifier(row: &SqliteRow) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get("cira_verifier")?;
    bytes.map(|b| b.try_into().map_err(|_| damaged("verifier", "[redacted]"))).transpose()
}

fn record(row: &SqliteRow) -> Result<Record, StoreError> {
    let sealed_amt: Option<Vec<u8>> = row.try_get("amt_sealed")?;
    let reason: Option<String> = row.try_get("end_reason")?;
    let last_end = match reason {
        Some(reason) => Some(TunnelEndRecord {
            reason,
            detail: row.try_get::<Option<String>, _>("end_detail")?.unwrap_or_default(),
            by_device: row.try_get::<Option<bool>, _>("end_by_device")?.unwrap_or_default(),
        }),
        None => None,
    };
    let device = Device {
        id: id(row)?,
        name: row.try_get("name")?,
        fqdn: row.try_get("fqdn")?,
        labels: from_json(row, "labels")?.unwrap_or_default(),
        blocked: row.try_get("blocked")?,
        cira_user: row.try_get("cira_user")?,
        certificate: row.try_get("certificate")?,
        amt_user: row.try_get("amt_user")?,
        has_amt_password: sealed_amt.is_some(),
        profile: Arc::new(from_json(row, "profile")?.unwrap_or_default()),
        added: time(row, "added")?.ok_or_else(|| damaged("time", ""))?,
        last_connected: time(row, "last_connected")?,
        last_seen: time(row, "last_seen")?,
        last_disconnected: time(row, "last_disconnected")?,
        last_address: parsed(row, "last_address")?,
        last_end,
        hello: from_json(row, "hello")?.map(Arc::new),
        ports: from_json(row, "ports")?.unwrap_or_default(),
    };
    Ok(Record { device: Arc::new(device), verifier: verifier(row)?, sealed_amt })
}
