//! When devices were here: rows that are written behind, bounded in age and number.

use super::{Sqlite, begin, damaged, finish};
use crate::inventory::{
    StoreError, TunnelEndRecord,
    presence::{KEPT, KEPT_EACH, Stay, Stays, now},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

const STAY: &str = "
    INSERT INTO presence (device, since, until, reason, detail, by_device)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM device WHERE id = ?1)
    ON CONFLICT (device, since) DO UPDATE SET
        until = excluded.until, reason = excluded.reason, detail = excluded.detail,
        by_device = excluded.by_device";

/// One device keeps its newest.
const EACH: &str = "
    DELETE FROM presence WHERE device = ?1 AND since <=
        (SELECT since FROM presence WHERE device = ?1 ORDER BY since DESC LIMIT 1 OFFSET ?2)";

/// From the last stay that began before the window on: it says why the window begins without the device.
const OF_ONE: &str = "
    SELECT * FROM presence WHERE device = ?1 AND since >=
        COALESCE((SELECT MAX(since) FROM presence WHERE device = ?1 AND since <= ?2), 0)
    ORDER BY since";

const OF_ALL: &str =
    "SELECT * FROM presence WHERE until IS NULL OR until > ? ORDER BY device, since";

/// Nobody said goodbye: the server ended, and it was last known to run at `alive`.
const LEFT_OPEN: &str = "
    UPDATE presence
       SET until = MAX(since, (SELECT alive FROM watch)), reason = 'server ended', by_device = 0,
           detail = 'the server ended without saying goodbye; when is known to the minute'
     WHERE until IS NULL";

impl Sqlite {
    /// What an earlier run of the server left open ends when that was last known to run.
    pub(in crate::inventory) async fn close_stays(&self) -> Result<(), StoreError> {
        let mut connection = begin(&self.facts).await?;
        let now = milliseconds(now());
        let written = async {
            sqlx::query(
                "INSERT INTO watch (one, began, alive) VALUES (1, ?1, ?1) ON CONFLICT DO NOTHING",
            )
            .bind(now)
            .execute(&mut *connection)
            .await?;
            sqlx::query(LEFT_OPEN).execute(&mut *connection).await?;
            sqlx::query("UPDATE watch SET alive = ?").bind(now).execute(&mut *connection).await?;
            Ok(())
        }
        .await;
        finish(&mut connection, written).await
    }

    /// The stays of a device since `from`, and the one before.
    pub(in crate::inventory) async fn stays(
        &self,
        device: DeviceId,
        from: OffsetDateTime,
    ) -> Result<Stays, StoreError> {
        let rows = sqlx::query(OF_ONE)
            .bind(device.to_string())
            .bind(milliseconds(from))
            .fetch_all(&self.reads)
            .await?;
        let rows = rows.iter().map(stay).collect::<Result<Vec<_>, _>>()?;
        // Of a device that has all it may have, what was before them is forgotten.
        let full = rows.len() >= KEPT_EACH as usize;
        let began = if full { rows.first().map(|first| first.since) } else { self.began().await? };
        Ok(Stays { began, rows })
    }

    /// The stays of all devices that reach beyond `from`; those of one device follow each other.
    pub(in crate::inventory) async fn all_stays(
        &self,
        from: OffsetDateTime,
    ) -> Result<Stays, StoreError> {
        let rows = sqlx::query(OF_ALL).bind(milliseconds(from)).fetch_all(&self.reads).await?;
        let rows = rows.iter().map(stay).collect::<Result<_, _>>()?;
        Ok(Stays { rows, began: self.began().await? })
    }

    async fn began(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        let began: Option<i64> =
            sqlx::query_scalar("SELECT began FROM watch").fetch_optional(&self.reads).await?;
        began.map(moment).transpose()
    }
}

/// Writes what waited; with `alive`, also that the server runs, and forgets what is too old.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    stays: &[Stay],
    alive: Option<OffsetDateTime>,
) -> Result<(), StoreError> {
    for stay in stays {
        let end = stay.end.as_ref();
        sqlx::query(STAY)
            .bind(stay.device.to_string())
            .bind(milliseconds(stay.since))
            .bind(end.map(|(until, _)| milliseconds(*until)))
            .bind(end.map(|(_, why)| why.reason.clone()))
            .bind(end.map(|(_, why)| why.detail.clone()))
            .bind(end.map(|(_, why)| why.by_device))
            .execute(&mut *connection)
            .await?;
        if end.is_none() {
            sqlx::query(EACH)
                .bind(stay.device.to_string())
                .bind(KEPT_EACH)
                .execute(&mut *connection)
                .await?;
        }
    }
    if let Some(alive) = alive {
        sqlx::query("UPDATE watch SET alive = ?")
            .bind(milliseconds(alive))
            .execute(&mut *connection)
            .await?;
        sqlx::query("DELETE FROM presence WHERE until < ?")
            .bind(milliseconds(alive - KEPT))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn stay(row: &SqliteRow) -> Result<Stay, StoreError> {
    let device: String = row.try_get("device")?;
    let until: Option<i64> = row.try_get("until")?;
    let end = until.map(|until| {
        let why = TunnelEndRecord {
            reason: row.try_get::<Option<_>, _>("reason")?.unwrap_or_default(),
            detail: row.try_get::<Option<_>, _>("detail")?.unwrap_or_default(),
            by_device: row.try_get::<Option<_>, _>("by_device")?.unwrap_or_default(),
        };
        Ok::<_, StoreError>((moment(until)?, why))
    });
    Ok(Stay {
        device: device.parse().map_err(|_| damaged("UUID", &device))?,
        since: moment(row.try_get("since")?)?,
        end: end.transpose()?,
    })
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn moment(milliseconds: i64) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)
        .map_err(|_| damaged("time", &milliseconds.to_string()))
}
