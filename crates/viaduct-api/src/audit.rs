//! The audit log: who did what, and whether the record is whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A row of the audit log. Times and addresses are text, because the hash covers them as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Number, from 1, without gaps.
    pub seq: u64,
    /// When (RFC 3339, UTC).
    pub time: String,
    /// Whose.
    #[serde(default)]
    pub tenant: String,
    /// User name, `token:NAME`, or `local`.
    pub actor: String,
    /// Address the actor came from; null for the local socket.
    #[serde(default)]
    pub source: Option<String>,
    /// What, for example `power.off`.
    pub action: String,
    /// GUID of the device it was done to.
    #[serde(default)]
    pub device: Option<String>,
    /// The facts of this case.
    #[serde(default)]
    pub detail: String,
    /// `intent`: about to be done. `done`, `failed` or `unknown`: how the intent ended, or, without intent, what was
    /// recorded at once.
    pub result: String,
    /// The intent that this is the outcome of.
    #[serde(default)]
    pub intent: Option<u64>,
    /// Hash of the row before it, hex.
    #[serde(default)]
    pub prev: String,
    /// Hash of this row, hex: SHA-256 of the canonical form of everything above.
    #[serde(default)]
    pub hash: String,
    /// Of an intent: how it ended, null while it is under way. Not part of the hash.
    #[serde(default)]
    pub outcome: Option<String>,
}

/// What the hash covers, in this order.
#[derive(Serialize)]
struct Canonical<'a> {
    seq: u64,
    time: &'a str,
    tenant: &'a str,
    actor: &'a str,
    source: Option<&'a str>,
    action: &'a str,
    device: Option<&'a str>,
    detail: &'a str,
    result: &'a str,
    intent: Option<u64>,
    prev: &'a str,
}

impl AuditEntry {
    /// The bytes that the row's hash is made of: JSON without white space, keys in the order of the fields, up to
    /// `prev`.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let canonical = Canonical {
            seq: self.seq,
            time: &self.time,
            tenant: &self.tenant,
            actor: &self.actor,
            source: self.source.as_deref(),
            action: &self.action,
            device: self.device.as_deref(),
            detail: &self.detail,
            result: &self.result,
            intent: self.intent,
            prev: &self.prev,
        };
        // Text and numbers can always be written as JSON.
        serde_json::to_vec(&canonical).unwrap_or_default()
    }
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The rows.
    pub data: Vec<AuditEntry>,
    /// How many rows fit the filters.
    pub total_count: u64,
}

/// The first row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditFault {
    /// Its number.
    pub seq: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Whether the audit log is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditReport {
    /// Rows that are good, from the first one on.
    pub rows: u64,
    /// The first row that is not; null when all are good.
    pub fault: Option<AuditFault>,
}
