//! Live tunnels, and devices that knocked without being known.

use crate::{DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Payload bytes of a tunnel or channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bytes {
    /// Device to console.
    pub from_device: u64,
    /// Console to device.
    pub to_device: u64,
}

/// Keep-alive figures that the device was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeepAlive {
    /// Seconds between two keep-alives of the device.
    pub interval_seconds: u64,
    /// Seconds of silence after which the tunnel is dropped.
    pub wait_seconds: u64,
}

/// A live tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tunnel {
    /// Number; never reused in the life of a server.
    pub id: u64,
    /// Device at its far end.
    pub guid: DeviceId,
    /// The device's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Address and port it dialled from.
    pub address: String,
    /// When it was admitted.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub since: OffsetDateTime,
    /// Why the device dialled in: the number of its PROTOCOLVERSION message.
    #[serde(default)]
    pub trigger: u32,
    /// The same in words.
    #[serde(default)]
    pub trigger_reason: String,
    /// TLS version and cipher; null behind an external terminator.
    #[serde(default)]
    pub tls: Option<String>,
    /// Service ports it forwards.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Keep-alive figures; null until the device was asked.
    #[serde(default)]
    pub keepalive: Option<KeepAlive>,
    /// Open channels.
    #[serde(default)]
    pub channels: usize,
    /// Payload bytes since the start.
    #[serde(default)]
    pub bytes: Bytes,
}

/// Words for the trigger number of PROTOCOLVERSION (APF, LMS header `APF_TRIGGER_REASON`).
#[must_use]
pub fn trigger_words(trigger: u32) -> &'static str {
    match trigger {
        1 => "the user asked for it",
        2 => "an alert",
        3 => "provisioning",
        4 => "the periodic timer",
        _ => "not said",
    }
}

/// A device that knocked without being known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unclaimed {
    /// The UUID it claims; nothing is proven.
    pub guid: DeviceId,
    /// Address and port of the last attempt.
    pub address: String,
    /// First attempt.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub first: OffsetDateTime,
    /// Last attempt.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub last: OffsetDateTime,
    /// Attempts.
    pub count: u64,
    /// CIRA user it offered.
    #[serde(default)]
    pub mpsusername: Option<String>,
    /// Somebody said that they do not want to hear of it.
    #[serde(default)]
    pub ignored: bool,
}
