//! Rows of devices: what people decided, and beside it what was seen.

use super::{Sqlite, begin, damaged, finish, stamp, time_of};
use crate::inventory::{Device, StoreError, TunnelEndRecord, book::Record};
use sqlx::{
    Row, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use std::sync::Arc;
use viaduct_api::DeviceId;

const SELECT: &str = "
    SELECT d.*, s.last_connected, s.last_seen, s.last_disconnected, s.last_address, s.end_reason,
           s.end_detail, s.end_by_device, s.hello, s.ports
      FROM device d LEFT JOIN device_seen s ON s.id = d.id";

const INSERT: &str = "
    INSERT INTO device (name, fqdn, labels, blocked, cira_user, cira_verifier, certificate, amt_user,
                        amt_sealed, amt_pin, profile, cira_earlier, id, added, tenant)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str = "
    UPDATE device SET name = ?, fqdn = ?, labels = ?, blocked = ?, cira_user = ?, cira_verifier = ?,
                      certificate = ?, amt_user = ?, amt_sealed = ?, amt_pin = ?, profile = ?,
                      cira_earlier = ?
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
        insertion(record)?.execute(&self.people).await?;
        Ok(())
    }

    /// All of them, or none.
    pub(in crate::inventory) async fn insert_devices(
        &self,
        records: &[Record],
    ) -> Result<(), StoreError> {
        let mut connection = begin(&self.people).await?;
        let written = insert(&mut connection, records).await;
        finish(&mut connection, written).await
    }

    /// Writes what people decide about a device; what was seen of it is written elsewhere.
    pub(in crate::inventory) async fn update_device(
        &self,
        record: &Record,
    ) -> Result<(), StoreError> {
        match bound(UPDATE, record)?.execute(&self.people).await?.rows_affected() {
            0 => Err(StoreError::NotFound(record.device.id)),
            _ => Ok(()),
        }
    }

    pub(in crate::inventory) async fn delete_device(&self, id: DeviceId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM device WHERE id = ?")
            .bind(id.to_string())
            .execute(&self.people)
            .await?;
        Ok(())
    }
}

type Statement = Query<'static, sqlx::Sqlite, SqliteArguments>;

async fn insert(connection: &mut SqliteConnection, records: &[Record]) -> Result<(), StoreError> {
    for record in records {
        insertion(record)?.execute(&mut *connection).await?;
    }
    Ok(())
}

fn insertion(record: &Record) -> Result<Statement, StoreError> {
    let device = &record.device;
    Ok(bound(INSERT, record)?.bind(stamp(device.added)).bind(device.tenant.clone()))
}

/// The columns that `INSERT` and `UPDATE` begin with.
fn bound(sql: &'static str, record: &Record) -> Result<Statement, StoreError> {
    let device = &record.device;
    Ok(sqlx::query(sql)
        .bind(device.name.clone())
        .bind(device.fqdn.clone())
        .bind(json(&device.labels)?)
        .bind(device.blocked)
        .bind(device.cira_user.clone())
        .bind(record.verifier.map(|v| v.to_vec()))
        .bind(device.certificate.clone())
        .bind(device.amt_user.clone())
        .bind(record.sealed_amt.clone())
        .bind(record.amt_pin.map(|pin| pin.to_vec()))
        .bind(json(&*device.profile)?)
        .bind(record.earlier.map(|v| v.to_vec()))
        .bind(device.id.to_string()))
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

fn bytes(row: &SqliteRow, column: &'static str) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get(column)?;
    bytes.map(|b| b.try_into().map_err(|_| damaged(column, "[redacted]"))).transpose()
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
        tenant: row.try_get("tenant")?,
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
    Ok(Record {
        device: Arc::new(device),
        verifier: bytes(row, "cira_verifier")?,
        earlier: bytes(row, "cira_earlier")?,
        sealed_amt,
        amt_pin: bytes(row, "amt_pin")?,
    })
}
