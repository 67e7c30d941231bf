//! The server at a glance.

use crate::{Bytes, CertificateInfo, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Where the server listens, as `ADDRESS:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    /// Devices.
    #[serde(default)]
    pub cira: Vec<String>,
    /// Dashboard and REST over TLS.
    #[serde(default)]
    pub web: String,
    /// REST without TLS, for use behind a proxy.
    #[serde(default)]
    pub web_plain: Option<String>,
    /// SOCKS5.
    #[serde(default)]
    pub socks: Option<String>,
    /// HTTP proxy.
    #[serde(default)]
    pub http_proxy: Option<String>,
    /// Prometheus text.
    #[serde(default)]
    pub metrics: Option<String>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Known devices.
    pub devices: usize,
    /// Of these with a live tunnel.
    pub connected: usize,
    /// Of these blocked.
    pub blocked: usize,
    /// Devices that knocked without being known.
    pub unclaimed: usize,
    /// Open channels of all tunnels.
    pub channels: usize,
    /// Payload bytes of the tunnels that are live now.
    pub bytes: Bytes,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attention {
    /// Code, for example `E2019`.
    pub code: String,
    /// What it is.
    pub detail: String,
    /// What to do.
    pub next: String,
}

/// The server at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub started: OffsetDateTime,
    /// Its clock now.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub now: OffsetDateTime,
    /// How many there are.
    pub counts: Counts,
    /// Where it listens.
    pub addresses: Addresses,
    /// Certificates, without their PEM text.
    #[serde(default)]
    pub certificates: Vec<CertificateInfo>,
    /// What a person should look at; empty when all is well.
    #[serde(default)]
    pub attention: Vec<Attention>,
}

/// Version of the server, as Open AMT's MPS says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Version of the program.
    pub service_version: String,
}

/// The configuration a server runs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveConfig {
    /// TOML text; secrets are redacted.
    pub toml: String,
}
