//! What people keep for themselves.

use crate::schema::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A view of the list of devices that somebody has saved (ours: `GET /me/views`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedView {
    /// Its name, unique among those of one person.
    pub name: String,
    /// Query of the list's address: filters, order, columns.
    pub query: String,
    /// When it was saved last.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub changed: OffsetDateTime,
}

/// What is saved under a name (`PUT /me/views/{name}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// Query of the list's address, without the question mark.
    pub query: String,
}
