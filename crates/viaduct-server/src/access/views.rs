//! Views of the list of devices: what a person has saved to come back to, from whatever browser.

use super::Access;
use crate::inventory::{StoreError, durable};
use time::OffsetDateTime;
use viaduct_api::SavedView;

/// Views of one person: more than anybody finds again.
const MOST: u32 = 50;
/// Longest name, in characters.
const NAME_MAX: usize = 60;
/// Longest query, in bytes; browsers' addresses are seldom longer.
const QUERY_MAX: usize = 2048;

impl Access {
    /// Those of a user, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn views(&self, user: &str) -> Result<Vec<SavedView>, StoreError> {
        self.0.inventory.store().views(user).await
    }

    /// Saves a view of a user, in place of the one of that name.
    ///
    /// # Errors
    /// When name or query are not possible, there are too many, or the database does not take it.
    pub async fn keep_view(&self, user: &str, name: &str, query: &str) -> Result<(), StoreError> {
        let invalid = |field, why: String| Err(StoreError::Invalid { field, why });
        let length = name.chars().count();
        if name.trim() != name || !(1..=NAME_MAX).contains(&length) {
            let why = format!("1 to {NAME_MAX} characters, without blanks at its ends");
            return invalid("name", why);
        }
        if name.chars().chain(query.chars()).any(char::is_control) {
            return invalid("name", "no control characters, nor in the query".to_owned());
        }
        if query.len() > QUERY_MAX {
            return invalid("query", format!("at most {QUERY_MAX} bytes"));
        }
        let (this, user, name, query) =
            (self.clone(), user.to_owned(), name.to_owned(), query.to_owned());
        let now = OffsetDateTime::now_utc();
        let kept = durable(async move {
            this.0.inventory.store().put_view(&user, (&name, &query), now, MOST).await
        });
        match kept.await? {
            true => Ok(()),
            false => invalid("name", format!("there are {MOST} views already, which is all")),
        }
    }

    /// Forgets a view of a user, if there is one.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn forget_view(&self, user: &str, name: &str) -> Result<(), StoreError> {
        let (this, user, name) = (self.clone(), user.to_owned(), name.to_owned());
        durable(async move { this.0.inventory.store().delete_view(&user, &name).await }).await
    }
}
