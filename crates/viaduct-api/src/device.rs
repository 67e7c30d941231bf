//! A device as it is listed and shown.

use crate::{Bytes, DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// A device we know. The first fourteen keys are those of Open AMT's MPS v2; the others are ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// AMT UUID.
    pub guid: DeviceId,
    /// Host name that provisioning reported.
    #[serde(default)]
    pub hostname: Option<String>,
    /// Labels as tags: `key` for a label without value, otherwise `key=value`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Server that holds the tunnel; null while the device is away.
    #[serde(default)]
    pub mps_instance: Option<String>,
    /// Whether the device has a live tunnel.
    #[serde(default)]
    pub connection_status: bool,
    /// CIRA user.
    #[serde(default)]
    pub mpsusername: Option<String>,
    /// Tenant; the empty text is the only one so far.
    #[serde(default)]
    pub tenant_id: String,
    /// Name for people that provisioning reported.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// DNS suffix that provisioning reported.
    #[serde(default)]
    pub dns_suffix: Option<String>,
    /// Firmware facts that provisioning reported; opaque, unknown keys are kept.
    #[serde(default)]
    pub device_info: Option<Map<String, Value>>,
    /// Start of the last tunnel.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub last_connected: Option<OffsetDateTime>,
    /// Last sign of life.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub last_seen: Option<OffsetDateTime>,
    /// End of the last tunnel that ended.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub last_disconnected: Option<OffsetDateTime>,

    /// Unique name; what consoles may write instead of the GUID.
    #[serde(default)]
    pub name: String,
    /// Fully qualified domain name; consoles may write it too.
    #[serde(default)]
    pub fqdn: Option<String>,
    /// Labels, key to value.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// A blocked device is turned away after it has proven who it is.
    #[serde(default)]
    pub blocked: bool,
    /// When it was added.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub added: Option<OffsetDateTime>,
    /// Address and port it dials or last dialled from.
    #[serde(default)]
    pub address: Option<String>,
    /// Service ports it forwards, or last forwarded.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// User for its AMT services.
    #[serde(default)]
    pub amt_user: Option<String>,
    /// Whether the password of that user is kept here; it is never shown.
    #[serde(default)]
    pub has_amt_password: bool,
    /// SHA-256 of the client certificate it may sign in with, in lower-case hex.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Its live tunnel; null while it is away.
    #[serde(default)]
    pub tunnel: Option<DeviceTunnel>,
    /// How its last tunnel ended.
    #[serde(default)]
    pub last_end: Option<LastEnd>,
    /// What to know before working with it, as far as the running server has seen it.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Where the two machines were that use its UUID; empty when there is but one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflict: Vec<String>,
}

/// Something to know before working with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// The person at the PC is asked before its screen or drive is used.
    Consent,
    /// It refuses the AMT password that is stored here.
    Credentials,
    /// Two machines use its UUID.
    Identity,
    /// The certificate of its own TLS ports ends within 30 days, or has ended.
    Certificate,
    /// It was here to the end of the last run of this server, and has not come back since.
    NotBack,
    /// A keep-alive of its tunnel is missing: it may be gone without a word.
    Silent,
    /// Something that a newer server knows.
    #[serde(other)]
    Other,
}

/// The live tunnel of a device, inside [`Device`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTunnel {
    /// Number of the tunnel; never reused in the life of a server.
    pub id: u64,
    /// When it was admitted.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub since: OffsetDateTime,
    /// Why the device dialled in: the number of its PROTOCOLVERSION message.
    #[serde(default)]
    pub trigger: u32,
    /// TLS version and cipher; null behind an external terminator.
    #[serde(default)]
    pub tls: Option<String>,
    /// Open channels.
    #[serde(default)]
    pub channels: usize,
    /// Payload bytes since the start.
    #[serde(default)]
    pub bytes: Bytes,
}

/// How a tunnel ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastEnd {
    /// One of the firmware's own words (its CIRA log), for example `keep-alive expired`.
    pub reason: String,
    /// A sentence with the facts.
    #[serde(default)]
    pub detail: String,
    /// Whether the device ended it.
    #[serde(default)]
    pub by_device: bool,
}

/// A list of devices with the number of all that fit, as `$count=true` asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DevicePage {
    /// The devices of this page, by GUID.
    pub data: Vec<Device>,
    /// How many fit the filters, on all pages.
    pub total_count: usize,
}

/// How many devices there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceStats {
    /// Known.
    pub total_count: usize,
    /// With a live tunnel.
    pub connected_count: usize,
    /// Without.
    pub disconnected_count: usize,
}
