//! When devices were connected, and why they were not.

use crate::{DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// How it was with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It had a tunnel.
    Connected,
    /// It had none.
    Away,
    /// It was not written down: the device was not known yet, or it is too long ago.
    Unknown,
}

/// A time during which it was the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// How it was.
    pub presence: Presence,
    /// From when.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub from: OffsetDateTime,
    /// Until when.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub until: OffsetDateTime,
    /// What ended the tunnel before, when it was away and there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether the device ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_device: Option<bool>,
}

/// When a device was connected (`GET /devices/{device}/availability`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// The device.
    pub guid: DeviceId,
    /// Its name.
    pub name: String,
    /// Begin of the answer.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub from: OffsetDateTime,
    /// End of the answer: when it was asked.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub until: OffsetDateTime,
    /// Seconds that it was connected.
    pub connected_seconds: u64,
    /// Seconds that it was away. What is not known is in neither.
    pub away_seconds: u64,
    /// From `from` to `until` without holes.
    pub spans: Vec<Span>,
}

/// The last 24 hours of a device in short (`GET /stats/availability`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceAvailability {
    /// The device.
    pub guid: DeviceId,
    /// 24 letters, one for each hour, the latest last: `c` connected all the time, `p` for a part of it, `a` away, `u` not known.
    pub hours: String,
}
