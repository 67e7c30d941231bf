//! A new root or name that is brought to the devices before it is used.

use crate::{DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// How far one device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationState {
    /// It has what is coming.
    Ready,
    /// It was not reached yet.
    Waiting,
    /// It was reached, and it did not work.
    Failed,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRotation {
    /// The device.
    pub guid: DeviceId,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: RotationState,
    /// Why it is not ready.
    #[serde(default)]
    pub detail: String,
    /// When that was known.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub at: Option<OffsetDateTime>,
    /// Whether it is here now.
    #[serde(default)]
    pub connected: bool,
    /// Whether it was seen in the last 90 days, so that it counts.
    #[serde(default)]
    pub counts: bool,
}

/// How far it is (`GET /certificates/rotation`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RotationStatus {
    /// SHA-256 of the next root; null when none waits.
    pub next_root: Option<String>,
    /// The new name; null when none is coming.
    pub name: Option<String>,
    /// Devices that count and are ready.
    pub ready: usize,
    /// Devices that count: seen in the last 90 days.
    pub counted: usize,
    /// Devices done and devices in all of the push that is under way.
    pub pushing: Option<(usize, usize)>,
    /// All devices.
    pub devices: Vec<DeviceRotation>,
}

/// What to push (`POST /certificates/rotation`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotationPush {
    /// A new name of the server. Absent: what is coming already, or a new root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `POST /certificates/rotation/activate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotationActivate {
    /// Also when devices are lost by it.
    #[serde(default)]
    pub force: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RotationActivated {
    /// A line for each thing.
    pub done: Vec<String>,
}
