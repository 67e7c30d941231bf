//! `[events]`: who is told what happens.

use super::{Secret, Span};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// `[events]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Events that are remembered: for those who come back with a cursor, and for receivers that are away.
    pub history: usize,
    /// Whether devices may open channels to report events (WS-Eventing).
    pub device_channels: bool,
    /// URLs that are told.
    pub webhooks: Vec<Webhook>,
    /// A broker that is told.
    pub mqtt: Option<Mqtt>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            history: crate::events::History::USUAL,
            device_channels: false,
            webhooks: Vec::new(),
            mqtt: None,
        }
    }
}

/// `[[events.webhooks]]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// `https://…`, or `http://…` with `allow_private`.
    pub url: String,
    /// Signs what is sent (Standard Webhooks, HMAC-SHA256).
    #[serde(default)]
    pub secret: Option<Secret<String>>,
    /// The same from a file.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Types or families of events; none: all.
    #[serde(default)]
    pub types: Vec<String>,
    /// Whether the receiver may be on this machine or in a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the CAs to trust instead of those of the system.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Whether a new tunnel waits for the receiver's verdict.
    #[serde(default)]
    pub veto: bool,
    /// How long it waits.
    #[serde(default = "veto_deadline")]
    pub veto_deadline: Span,
    /// What happens to the tunnel when there is no verdict in time.
    #[serde(default)]
    pub no_verdict: NoVerdict,
}

fn veto_deadline() -> Span {
    Span(Duration::from_secs(5))
}

/// What happens to a tunnel on which nobody gave a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoVerdict {
    /// It comes in.
    #[default]
    Allow,
    /// It does not.
    Refuse,
}

/// `[events.mqtt]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    /// `mqtt://HOST[:1883]`, or `mqtts://HOST[:8883]` with TLS.
    pub url: String,
    /// Name to sign in with.
    #[serde(default)]
    pub user: Option<String>,
    /// Password to sign in with.
    #[serde(default)]
    pub password: Option<Secret<String>>,
    /// The same from a file.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Where events are published.
    #[serde(default = "topic")]
    pub topic: String,
    /// Name of this client; absent: made from the host name and the process id.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Types or families of events.
    #[serde(default = "mqtt_types")]
    pub types: Vec<String>,
    /// PEM file of the CAs to trust instead of those of the system.
    #[serde(default)]
    pub ca: Option<PathBuf>,
}

fn topic() -> String {
    "mps/events".to_owned()
}

fn mqtt_types() -> Vec<String> {
    ["tunnel.opened", "tunnel.ended", "connection", "device", "command"].map(str::to_owned).to_vec()
}
