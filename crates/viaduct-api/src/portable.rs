//! Devices on their way from one server to another.

use crate::NewDevice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A device with its credentials as they are kept, not in the clear (ours: `GET /exports`, and taken by
/// `POST /imports`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortableDevice {
    /// The device. What it signs in with stands here only when somebody wrote it in the clear.
    #[serde(flatten)]
    pub device: NewDevice,
    /// Whether it is turned away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// The credentials of the server that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedCredentials>,
}

/// Credentials that only a server with the same key files can use.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedCredentials {
    /// Tells whether a server has the same key files.
    pub keys: String,
    /// Keyed hash of the CIRA credential, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cira: Option<String>,
    /// The sealed AMT password, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amt_password: Option<String>,
}

impl fmt::Debug for SealedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedCredentials").field("keys", &self.keys).finish_non_exhaustive()
    }
}
