//! What somebody needs who helps from outside.

use crate::{Counts, Event, HealthCheck, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// `GET /support-bundle`: how the server is and what happened, without secrets. Names of devices, people and servers,
/// addresses and UUIDs are replaced by words such as `pc-3` and `address-1`, the same one each time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupportBundle {
    /// What this is, for whoever finds the file.
    pub about: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub made: OffsetDateTime,
    /// Version of the server.
    pub version: String,
    /// Since when it has run.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub started: OffsetDateTime,
    /// The fleet in numbers.
    pub counts: Counts,
    /// Facts about the server, each with a verdict.
    pub health: Vec<HealthCheck>,
    /// The configuration; texts that were set are left out.
    pub config: String,
    /// Keys and ends of the certificates.
    pub certificates: Vec<Value>,
    /// What the devices are, without what names them.
    pub devices: Vec<Value>,
    /// Connections that failed before a device was known.
    pub attempts: Vec<Value>,
    /// What happened of late, the oldest first.
    pub events: Vec<Event>,
}
