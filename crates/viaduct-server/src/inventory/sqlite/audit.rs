//! Rows of the audit log. They are added, never changed.

use super::{Sqlite, begin, damaged, finish, stamp};
use crate::{
    audit::chain::{Link, Row as Chained, hex},
    inventory::StoreError,
};
use sqlx::{QueryBuilder, Row, Sqlite as Dialect, SqliteConnection, sqlite::SqliteRow};
use time::OffsetDateTime;
use viaduct_api::AuditEntry;

/// Where the mark of the last row is kept.
const END: &str = "audit_end";
/// Rows that are read at a time when the whole chain is.
const CHUNK: i64 = 4096;

/// Which rows are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of this tenant.
    pub tenant: Option<String>,
    /// Only of this actor.
    pub actor: Option<String>,
    pub action: Option<String>,
    /// GUID.
    pub device: Option<String>,
    pub result: Option<String>,
    pub since: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
    /// Only rows with a higher number.
    pub after: Option<u64>,
    /// The oldest first instead of the newest.
    pub ascending: bool,
    pub top: u32,
    pub skip: u32,
}

impl Sqlite {
    /// The mark of the last row.
    pub(crate) async fn audit_end(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT value FROM setting WHERE name = ?")
            .bind(END)
            .fetch_optional(&self.reads)
            .await?)
    }

    /// All rows and the new mark, or nothing; on the disk when it returns.
    pub(crate) async fn append_audit(
        &self,
        rows: &[Chained],
        end: &[u8],
    ) -> Result<(), StoreError> {
        let mut connection = begin(&self.people).await?;
        let written = append(&mut connection, rows, end).await;
        finish(&mut connection, written).await
    }

    /// Intents that nobody closed.
    pub(crate) async fn open_intents(&self) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT *, NULL AS outcome FROM audit a WHERE result = 'intent'
                AND NOT EXISTS (SELECT 1 FROM audit o WHERE o.intent = a.seq) ORDER BY seq",
        )
        .fetch_all(&self.reads)
        .await?;
        rows.iter().map(entry).collect()
    }

    pub(crate) async fn last_audit_row(&self) -> Result<Option<Chained>, StoreError> {
        let row = sqlx::query("SELECT *, NULL AS outcome FROM audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(chained).transpose()
    }

    /// The next rows of the chain, up to and including `last`.
    pub(crate) async fn audit_rows(
        &self,
        after: u64,
        last: u64,
    ) -> Result<Vec<Chained>, StoreError> {
        let rows = sqlx::query(
            "SELECT *, NULL AS outcome FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        )
        .bind(number(after)?)
        .bind(i64::try_from(last).unwrap_or(i64::MAX))
        .bind(CHUNK)
        .fetch_all(&self.reads)
        .await?;
        rows.iter().map(chained).collect()
    }

    /// A page, and how many rows fit in all.
    pub(crate) async fn audit_page(
        &self,
        filter: &AuditFilter,
    ) -> Result<(Vec<AuditEntry>, u64), StoreError> {
        let mut count = QueryBuilder::new("SELECT COUNT(*) FROM audit a WHERE 1");
        conditions(&mut count, filter)?;
        let total: i64 = count.build_query_scalar().fetch_one(&self.reads).await?;
        let mut page = QueryBuilder::new(
            "SELECT a.*, (SELECT o.result FROM audit o WHERE o.intent = a.seq) AS outcome
               FROM audit a WHERE 1",
        );
        conditions(&mut page, filter)?;
        page.push(if filter.ascending { " ORDER BY seq" } else { " ORDER BY seq DESC" });
        page.push(" LIMIT ").push_bind(i64::from(filter.top));
        page.push(" OFFSET ").push_bind(i64::from(filter.skip));
        let rows = page.build().fetch_all(&self.reads).await?;
        let entries = rows.iter().map(entry).collect::<Result<_, _>>()?;
        Ok((entries, u64::try_from(total).unwrap_or_default()))
    }

    #[cfg(test)]
    pub(crate) async fn tamper(&self, sql: &str) {
        use sqlx::Executor;
        self.people.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
    }
}

async fn append(
    connection: &mut SqliteConnection,
    rows: &[Chained],
    end: &[u8],
) -> Result<(), StoreError> {
    for row in rows {
        let entry = &row.entry;
        sqlx::query(
            "INSERT INTO audit (seq, time, tenant, actor, source, action, device, detail, result,
                                intent, prev, hash, mac)
                  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(number(entry.seq)?)
        .bind(&entry.time)
        .bind(&entry.tenant)
        .bind(&entry.actor)
        .bind(&entry.source)
        .bind(&entry.action)
        .bind(&entry.device)
        .bind(&entry.detail)
        .bind(&entry.result)
        .bind(entry.intent.map(number).transpose()?)
        .bind(row.prev.to_vec())
        .bind(row.hash.to_vec())
        .bind(row.mac.to_vec())
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)")
        .bind(END)
        .bind(end)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn conditions(query: &mut QueryBuilder<Dialect>, filter: &AuditFilter) -> Result<(), StoreError> {
    let texts = [
        (" AND a.tenant = ", filter.tenant.clone()),
        (" AND a.actor = ", filter.actor.clone()),
        (" AND a.action = ", filter.action.clone()),
        (" AND a.device = ", filter.device.clone()),
        (" AND a.result = ", filter.result.clone()),
        (" AND a.time >= ", filter.since.map(stamp)),
        (" AND a.time < ", filter.until.map(stamp)),
    ];
    for (sql, value) in texts {
        if let Some(value) = value {
            query.push(sql).push_bind(value);
        }
    }
    if let Some(after) = filter.after {
        query.push(" AND a.seq > ").push_bind(number(after)?);
    }
    Ok(())
}

fn number(seq: u64) -> Result<i64, StoreError> {
    i64::try_from(seq).map_err(|_| StoreError::Invalid {
        field: "after",
        why: format!("{seq} is larger than any row's number"),
    })
}

fn seq(row: &SqliteRow, column: &'static str) -> Result<Option<u64>, StoreError> {
    let value: Option<i64> = row.try_get(column)?;
    value.map(|v| u64::try_from(v).map_err(|_| damaged(column, &v.to_string()))).transpose()
}

fn link(row: &SqliteRow, column: &'static str) -> Result<Link, StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    // A link of another length fits no chain, which is what the check shall find.
    Ok(bytes.try_into().unwrap_or([0xff; 32]))
}

fn entry(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: seq(row, "seq")?.unwrap_or_default(),
        time: row.try_get("time")?,
        tenant: row.try_get("tenant")?,
        actor: row.try_get("actor")?,
        source: row.try_get("source")?,
        action: row.try_get("action")?,
        device: row.try_get("device")?,
        detail: row.try_get("detail")?,
        result: row.try_get("result")?,
        intent: seq(row, "intent")?,
        prev: hex(&link(row, "prev")?),
        hash: hex(&link(row, "hash")?),
        outcome: row.try_get("outcome")?,
    })
}

fn chained(row: &SqliteRow) -> Result<Chained, StoreError> {
    Ok(Chained {
        entry: entry(row)?,
        prev: link(row, "prev")?,
        hash: link(row, "hash")?,
        mac: link(row, "mac")?,
    })
}
