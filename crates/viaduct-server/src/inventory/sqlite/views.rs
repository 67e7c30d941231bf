//! Rows of the views that people have saved; they go with the person.

use super::{Sqlite, damaged, devices::time, stamp};
use crate::inventory::StoreError;
use sqlx::Row;
use time::OffsetDateTime;
use viaduct_api::SavedView;

const PUT: &str = "
    INSERT INTO saved_view (person, name, query, changed)
    SELECT ?1, ?2, ?3, ?4
     WHERE (SELECT COUNT(*) FROM saved_view WHERE person = ?1 AND name <> ?2) < ?5
    ON CONFLICT (person, name) DO UPDATE SET query = excluded.query, changed = excluded.changed";

impl Sqlite {
    /// Those of one person, by name.
    pub(crate) async fn views(&self, person: &str) -> Result<Vec<SavedView>, StoreError> {
        let rows = sqlx::query("SELECT * FROM saved_view WHERE person = ? ORDER BY name")
            .bind(person)
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SavedView {
                    name: row.try_get("name")?,
                    query: row.try_get("query")?,
                    changed: time(row, "changed")?.ok_or_else(|| damaged("time", ""))?,
                })
            })
            .collect()
    }

    /// Saves one, in place of the one of that name. False: the person has `most` others already.
    pub(crate) async fn put_view(
        &self,
        person: &str,
        (name, query): (&str, &str),
        now: OffsetDateTime,
        most: u32,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(PUT)
            .bind(person)
            .bind(name)
            .bind(query)
            .bind(stamp(now))
            .bind(most)
            .execute(&self.people)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn delete_view(&self, person: &str, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM saved_view WHERE person = ? AND name = ?")
            .bind(person)
            .bind(name)
            .execute(&self.people)
            .await?;
        Ok(())
    }
}
