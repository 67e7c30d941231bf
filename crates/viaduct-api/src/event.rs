//! What happened, as the event stream, webhooks and the command line show it.

use crate::{DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// All types with what they mean. Names are stable; a family is everything before the dot.
pub const EVENT_TYPES: &[(&str, &str)] = &[
    ("connection.failed", "a device's connection attempt ended before it was admitted"),
    (
        "tunnel.asked",
        "only to a webhook with a veto: a device has signed in and waits for the verdict",
    ),
    ("tunnel.opened", "a device has signed in"),
    ("tunnel.ready", "its service ports are known; consoles can reach it"),
    ("tunnel.ended", "the tunnel is gone, with the reason"),
    ("tunnel.odd", "a device did something odd that its tunnel survived"),
    ("device.conflict", "two machines use one UUID"),
    ("device.delayed", "one of two machines with one UUID must wait for its turn"),
    ("device.unclaimed", "a device knocked that nobody has added"),
    ("device.alert", "the platform reported something (PET trap or WS-Eventing)"),
    ("channel.opened", "a console reached a port of a device"),
    ("channel.ended", "that ended, with the reason and the bytes in both directions"),
    ("console.refused", "a console was turned away"),
    ("redirection.opened", "somebody uses the screen, the serial console or a drive of a device"),
    ("redirection.asked", "somebody asks for what somebody else uses"),
    ("redirection.kept", "somebody keeps what somebody else asked for"),
    ("redirection.watched", "somebody watches the screen that somebody else uses"),
    ("redirection.ended", "that ended, with the reason and the bytes in both directions"),
    ("command.ended", "a management command on a device is done, or has failed with a code"),
    ("media.begun", "somebody has begun to upload an image; it cannot be mounted yet"),
    ("media.added", "an image has come into the library whole, and can be mounted"),
    ("media.removed", "an image, or what was there of it, has left the library"),
    (
        "certificates.pinned",
        "a device's own certificate was seen for the first time and is remembered",
    ),
    ("certificates.changed", "a device shows another certificate than before"),
    ("certificates.reloaded", "new certificates are in use"),
    ("certificates.refused", "new certificates were not taken, the old ones stay in use"),
    (
        "events.coalesced",
        "so many events of a kind were left out of the stream, to keep it readable",
    ),
    (
        "events.missed",
        "the stream has a gap before this point: what lay there is not kept any more",
    ),
    ("stream.ended", "the server ends this stream, with the reason; reconnect with the last id"),
];

/// One event. Only the keys that fit its type are there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Number; it rises, also over a restart, and is the cursor of the stream.
    pub id: u64,
    /// What happened, one of [`EVENT_TYPES`]. Text, because a newer server may know more.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub time: Option<OffsetDateTime>,
    /// One line for people.
    #[serde(default)]
    pub text: String,
    /// Device, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<DeviceId>,
    /// The device's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The device's domain name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<String>,
    /// Number of the tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<u64>,
    /// Address and port of the device or console at the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A few fixed words: the stage of a failed connection, the reason of an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A sentence with the facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable code, for example `E3004`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether the device (or its network) ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_device: Option<bool>,
    /// Why the device dialled in: the number of its PROTOCOLVERSION message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<u32>,
    /// TLS version and cipher, or what was offered when the handshake failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Service ports that the device forwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<u16>>,
    /// Service port of a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Who used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How long it lived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Payload bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<crate::Bytes>,
    /// For a summary about a tunnel: whether the device is connected after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Number of an image of the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Whose it is when it is about no device: only people of this tenant are told. Not sent.
    #[serde(skip)]
    pub tenant: Option<String>,
    /// How many events this one stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What the platform reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
}

/// What a webhook is sent: the event, and about tunnels what a console needs to use the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookNotice {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// For `tunnel.asked`, `tunnel.ready`, `tunnel.ended` and summaries about a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mps: Option<MpsNotice>,
}

/// Where a device can be reached, with the fields that Intel's MPS put into its notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MpsNotice {
    /// 0 connected (or about to be), 1 disconnected.
    pub state: u8,
    /// Name to use for the device: its FQDN, or its name when it has none.
    pub device_fqdn: String,
    /// Its UUID.
    pub device_uuid: DeviceId,
    /// At most two ports to talk to its AMT services on.
    pub device_port: Vec<u16>,
    /// This server, as devices know it.
    pub mps_address: String,
    /// Host and port for HTTP requests.
    pub mps_http_address: String,
    /// Port of the HTTP proxy; 0 when there is none.
    pub mps_http_port: u16,
    /// Port of the SOCKS5 proxy, for redirection; 0 when there is none.
    pub mps_socks_port: u16,
    /// Whether the tunnel waits for the answer's `keepConnection`.
    pub want_reply: bool,
}

/// What a platform reported, decoded as far as it can be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// `pet` (an SNMP trap inside the tunnel) or `ws-eventing`.
    pub source: String,
    /// Where the platform wanted it sent; it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// `monitor`, `information`, `ok`, `non-critical`, `critical`, `non-recoverable` or `unspecified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What was sensed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    /// IPMI sensor type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor_type: Option<u8>,
    /// IPMI event type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<u8>,
    /// Event offset, without the bit that says that the condition ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u8>,
    /// False when the condition ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted: Option<bool>,
    /// Who generated it, in words: firmware, a remote console, the BIOS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source: Option<String>,
    /// The part of the platform it is about, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Which of several such parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_instance: Option<u8>,
    /// Message number of the alert, such as `iAMT0036`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Whether the platform asked for an acknowledgement of its event and got it (`ws-eventing` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
}

/// Whether it is one of [`EVENT_TYPES`], or a family of them.
#[must_use]
pub fn is_event_type(wanted: &str) -> bool {
    EVENT_TYPES.iter().any(|(kind, _)| is(kind, wanted))
}

fn is(kind: &str, wanted: &str) -> bool {
    kind == wanted || kind.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

impl Event {
    /// Whether the event is of this type or family.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        is(&self.kind, wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_covers_its_types_and_nothing_that_only_begins_alike() {
        let event = Event { kind: "tunnel.ended".into(), ..Event::default() };
        assert!(event.is("tunnel") && event.is("tunnel.ended"));
        assert!(!event.is("tun") && !event.is("tunnel.ended.x") && !event.is("channel"));
    }

    #[test]
    fn only_the_keys_that_fit_are_there() {
        let event = Event { id: 7, kind: "tunnel.odd".into(), ..Event::default() };
        let json = serde_json::to_value(&event).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["id", "text", "time", "type"]);
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }
}
