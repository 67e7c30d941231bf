//! Remote access as a device keeps it, read and changed through its tunnel.

use crate::{DeviceId, EnrollStep};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A management presence server that a device knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MpsEntry {
    /// The firmware's name for it.
    pub name: String,
    /// Address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Common name that it expects.
    #[serde(default)]
    pub common_name: Option<String>,
    /// User it signs in with.
    #[serde(default)]
    pub user: Option<String>,
    /// Whether it leads to this server.
    #[serde(default)]
    pub here: bool,
}

/// A policy of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemotePolicy {
    /// `user`, `alert`, `periodic`, `provisioning`.
    pub trigger: String,
    /// `25s`, or a time of day; null for others than periodic.
    #[serde(default)]
    pub schedule: Option<String>,
    /// Idle seconds after which it drops the tunnel; 0 is never.
    pub life_time_seconds: u32,
    /// The servers that are tried, in order, as `HOST:PORT`.
    pub servers: Vec<String>,
    /// For each of them `external`, `internal` or `both`.
    #[serde(default)]
    pub kinds: Vec<String>,
}

/// A certificate that a device trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteRoot {
    /// The firmware's name for it.
    pub handle: String,
    /// Subject.
    pub subject: String,
    /// SHA-256 of the DER, in hex.
    pub sha256: String,
    /// Whether it is this server's root.
    #[serde(default)]
    pub here: bool,
}

/// Everything about remote access of one device (`GET /remote-access/{guid}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteAccess {
    /// The device.
    pub guid: DeviceId,
    /// Firmware.
    #[serde(default)]
    pub version: Option<String>,
    /// `admin` or `client`.
    #[serde(default)]
    pub control_mode: Option<String>,
    /// Servers it knows.
    pub mps: Vec<MpsEntry>,
    /// How many it has room for.
    pub mps_max: usize,
    /// Its policies.
    pub policies: Vec<RemotePolicy>,
    /// From where a user may ask for a tunnel: `off`, `bios`, `os`, `both`.
    #[serde(default)]
    pub user_initiated: Option<String>,
    /// DNS suffixes under which it is at home and does not dial in.
    pub inside: Vec<String>,
    /// In words: when it dials in.
    pub dials_in: String,
    /// Roots it trusts.
    pub roots: Vec<RemoteRoot>,
    /// HTTP proxies it may go through, as `HOST:PORT suffix`.
    #[serde(default)]
    pub proxies: Vec<String>,
}

/// A change (`PATCH /remote-access/{guid}`). What is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteAccessChange {
    /// The servers that its policies try from now on, `HOST[:PORT][=COMMON-NAME]`, at most two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mps: Option<Vec<String>>,
    /// Servers to add behind those that its policies try.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_mps: Vec<String>,
    /// Servers to remove, `HOST[:PORT]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_mps: Vec<String>,
    /// Policies to set: `user`, `alert`, `periodic=25s`, `periodic=03:30`, each with `/LIFETIME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggers: Option<String>,
    /// Policies to remove, by trigger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_triggers: Vec<String>,
    /// DNS suffixes under which it is at home; an empty list makes it dial in everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Vec<String>>,
    /// From where a user may ask for a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_initiated: Option<String>,
    /// Say what would be done, and do nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Do it even if the device may not find its way back.
    #[serde(default)]
    pub force: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteAccessChanged {
    /// The device.
    pub guid: DeviceId,
    /// The steps with what became of them.
    pub steps: Vec<EnrollStep>,
    /// What to know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Why the device may not find its way back, when that is so.
    #[serde(default)]
    pub cuts: Option<String>,
}
