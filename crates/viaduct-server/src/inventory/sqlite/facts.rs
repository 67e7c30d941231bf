//! What was seen: written behind, many rows in one transaction.

use super::{
    Sqlite, begin, damaged,
    devices::{from_json, id, json, parsed, time},
    finish, presence, stamp,
};
use crate::{
    events::Stage,
    inventory::{
        Attempt, Device, StoreError, Unclaimed,
        presence::Stay,
        strangers::{AttemptKey, Presented, Stranger, TableChange},
    },
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::sync::Arc;
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// One flush.
#[derive(Debug)]
pub(in crate::inventory) struct Batch {
    pub(in crate::inventory) devices: Vec<Arc<Device>>,
    pub(in crate::inventory) unclaimed: TableChange<DeviceId, Stranger>,
    pub(in crate::inventory) attempts: TableChange<AttemptKey, Attempt>,
    /// Names of tokens and when they were used last.
    pub(in crate::inventory) tokens: Vec<(String, OffsetDateTime)>,
    /// When devices came and went.
    pub(in crate::inventory) stays: Vec<Stay>,
    /// That the server runs, every so often.
    pub(in crate::inventory) alive: Option<OffsetDateTime>,
}

// A device that was removed in the meantime gets no row: otherwise the foreign key would fail the whole batch.
const SEEN: &str = "
    INSERT INTO device_seen (id, last_connected, last_seen, last_disconnected, last_address, end_reason,
                             end_detail, end_by_device, hello, ports)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE EXISTS (SELECT 1 FROM device WHERE id = ?1)
    ON CONFLICT (id) DO UPDATE SET
        last_connected = excluded.last_connected, last_seen = excluded.last_seen,
        last_disconnected = excluded.last_disconnected, last_address = excluded.last_address,
        end_reason = excluded.end_reason, end_detail = excluded.end_detail,
        end_by_device = excluded.end_by_device, hello = excluded.hello, ports = excluded.ports";

const STRANGER: &str = "
    INSERT OR REPLACE INTO unclaimed (id, address, first, last, count, cira_user, verifier, ignored)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const ATTEMPT: &str = "
    INSERT OR REPLACE INTO attempt (address, stage, device, class, reason, tls_alert, hello, first, last, count)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

impl Batch {
    pub(in crate::inventory) fn is_empty(&self) -> bool {
        self.devices.is_empty()
            && self.tokens.is_empty()
            && self.unclaimed.is_empty()
            && self.attempts.is_empty()
            && self.stays.is_empty()
            && self.alive.is_none()
    }
}

impl Sqlite {
    /// All of the batch or nothing of it.
    pub(in crate::inventory) async fn write_facts(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut connection = begin(&self.facts).await?;
        let written = write(&mut connection, batch).await;
        finish(&mut connection, written).await
    }

    /// The oldest first.
    pub(in crate::inventory) async fn unclaimed(&self) -> Result<Vec<Stranger>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM unclaimed ORDER BY last").fetch_all(&self.facts).await?;
        rows.iter().map(stranger).collect()
    }

    /// The oldest first.
    pub(in crate::inventory) async fn attempts(&self) -> Result<Vec<Attempt>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM attempt ORDER BY last").fetch_all(&self.facts).await?;
        rows.iter().map(attempt).collect()
    }
}

async fn write(connection: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    for device in &batch.devices {
        write_seen(connection, device).await?;
    }
    write_strangers(connection, &batch.unclaimed).await?;
    write_attempts(connection, &batch.attempts).await?;
    for (name, used) in &batch.tokens {
        sqlx::query("UPDATE token SET last_used = ? WHERE name = ?")
            .bind(stamp(*used))
            .bind(name)
            .execute(&mut *connection)
            .await?;
    }
    presence::write(connection, &batch.stays, batch.alive).await
}

async fn write_seen(connection: &mut SqliteConnection, device: &Device) -> Result<(), StoreError> {
    let end = device.last_end.as_ref();
    sqlx::query(SEEN)
        .bind(device.id.to_string())
        .bind(device.last_connected.map(stamp))
        .bind(device.last_seen.map(stamp))
        .bind(device.last_disconnected.map(stamp))
        .bind(device.last_address.map(|a| a.to_string()))
        .bind(end.map(|e| e.reason.clone()))
        .bind(end.map(|e| e.detail.clone()))
        .bind(end.map(|e| e.by_device))
        .bind(device.hello.as_deref().map(json).transpose()?)
        .bind(json(&device.ports)?)
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_strangers(
    connection: &mut SqliteConnection,
    change: &TableChange<DeviceId, Stranger>,
) -> Result<(), StoreError> {
    if change.whole {
        sqlx::query("DELETE FROM unclaimed").execute(&mut *connection).await?;
    }
    for (id, row) in &change.rows {
        let query = match row {
            None => sqlx::query("DELETE FROM unclaimed WHERE id = ?").bind(id.to_string()),
            Some(Stranger { seen, presented }) => sqlx::query(STRANGER)
                .bind(id.to_string())
                .bind(seen.address.to_string())
                .bind(stamp(seen.first))
                .bind(stamp(seen.last))
                .bind(seen.count.cast_signed())
                .bind(&seen.cira_user)
                .bind(match presented {
                    Presented::Nothing => None,
                    Presented::Same(verifier) => Some(verifier.to_vec()),
                    Presented::Different => Some(Vec::new()),
                })
                .bind(seen.ignored),
        };
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn write_attempts(
    connection: &mut SqliteConnection,
    change: &TableChange<AttemptKey, Attempt>,
) -> Result<(), StoreError> {
    if change.whole {
        sqlx::query("DELETE FROM attempt").execute(&mut *connection).await?;
    }
    for (key, row) in &change.rows {
        let sql = match row {
            None => {
                "DELETE FROM attempt WHERE address = ? AND stage = ? AND device = ? AND class = ?"
            }
            Some(_) => ATTEMPT,
        };
        let mut query = sqlx::query(sql)
            .bind(key.address.to_string())
            .bind(stage_name(key.stage))
            .bind(key.device.map(|id| id.to_string()).unwrap_or_default())
            .bind(&key.class);
        if let Some(attempt) = row {
            query = query
                .bind(&attempt.reason)
                .bind(attempt.tls_alert)
                .bind(attempt.hello.as_deref().map(json).transpose()?)
                .bind(stamp(attempt.first))
                .bind(stamp(attempt.last))
                .bind(attempt.count.cast_signed());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

fn stranger(row: &SqliteRow) -> Result<Stranger, StoreError> {
    let verifier: Option<Vec<u8>> = row.try_get("verifier")?;
    let presented = match verifier.as_deref().map(<[u8; 32]>::try_from) {
        None => Presented::Nothing,
        Some(Ok(verifier)) => Presented::Same(verifier),
        Some(Err(_)) => Presented::Different,
    };
    let missing = || damaged("row", "unclaimed");
    let seen = Unclaimed {
        id: id(row)?,
        address: parsed(row, "address")?.ok_or_else(missing)?,
        first: time(row, "first")?.ok_or_else(missing)?,
        last: time(row, "last")?.ok_or_else(missing)?,
        count: row.try_get::<i64, _>("count")?.cast_unsigned(),
        cira_user: row.try_get("cira_user")?,
        ignored: row.try_get("ignored")?,
    };
    Ok(Stranger { seen, presented })
}

fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let missing = || damaged("row", "attempt");
    let device: String = row.try_get("device")?;
    let stage: String = row.try_get("stage")?;
    Ok(Attempt {
        address: parsed(row, "address")?.ok_or_else(missing)?,
        stage: stage_of(&stage).ok_or_else(|| damaged("stage", &stage))?,
        device: (!device.is_empty())
            .then(|| device.parse().map_err(|_| damaged("UUID", &device)))
            .transpose()?,
        reason: row.try_get("reason")?,
        tls_alert: row.try_get("tls_alert")?,
        hello: from_json(row, "hello")?.map(Arc::new),
        first: time(row, "first")?.ok_or_else(missing)?,
        last: time(row, "last")?.ok_or_else(missing)?,
        count: row.try_get::<i64, _>("count")?.cast_unsigned(),
    })
}

const STAGES: [(Stage, &str); 6] = [
    (Stage::Tcp, "tcp"),
    (Stage::Tls, "tls"),
    (Stage::Version, "version"),
    (Stage::Login, "login"),
    (Stage::Verdict, "verdict"),
    (Stage::Forwarding, "forwarding"),
];

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Tcp => "tcp",
        Stage::Tls => "tls",
        Stage::Version => "version",
        Stage::Login => "login",
        Stage::Verdict => "verdict",
        Stage::Forwarding => "forwarding",
    }
}

fn stage_of(name: &str) -> Option<Stage> {
    STAGES.iter().find(|(_, known)| *known == name).map(|(stage, _)| *stage)
}
