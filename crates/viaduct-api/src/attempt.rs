//! Attempts to dial in that failed.

use crate::{DeviceId, Said, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Attempts to dial in from one address that failed in the same way, counted, with what probably was the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedAttempt {
    /// Where they came from.
    pub address: String,
    /// How far they came: `tcp`, `tls`, `version`, `login`, `verdict` or `forwarding`.
    pub stage: String,
    /// The device that they said to be; null when they did not come as far as that. Nothing is proven.
    pub guid: Option<DeviceId>,
    /// Its name, when it is known.
    pub name: Option<String>,
    /// Why the last one failed.
    pub reason: String,
    /// TLS alert that ended it.
    pub tls_alert: Option<u8>,
    /// What the last one offered of TLS.
    pub offered: Option<String>,
    /// First of them.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub first: OffsetDateTime,
    /// Last of them.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub last: OffsetDateTime,
    /// How many.
    pub count: u64,
    /// What probably was the matter.
    pub likely: String,
    /// What to try, the most promising first.
    pub next: Vec<String>,
    /// Code of the cause, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The cause by its name, for other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Said>,
}
