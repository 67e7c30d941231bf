//! The certificates that the server shows.

use crate::schema::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A certificate in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateInfo {
    /// Where it is shown: `root`, `cira`, `cira.extra 0.0.0.0:4434`, `web`.
    pub listener: String,
    /// Subject.
    pub subject: String,
    /// DNS names and addresses it is good for.
    #[serde(default)]
    pub names: Vec<String>,
    /// Valid from; null when the certificate does not say it readably.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub not_before: Option<OffsetDateTime>,
    /// Valid until; null when the certificate does not say it readably.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub not_after: Option<OffsetDateTime>,
    /// Bits of the key.
    #[serde(default)]
    pub key_bits: u32,
    /// Signature algorithm.
    #[serde(default)]
    pub signature: String,
    /// SHA-256 of the DER, in lower-case hex.
    #[serde(default)]
    pub sha256: String,
    /// The certificate itself.
    #[serde(default)]
    pub pem: String,
}

/// Answer to a reload of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reloaded {
    /// The listeners that show what the files say now.
    pub reloaded: Vec<String>,
}
