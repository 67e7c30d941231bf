//! Redirections: tickets to open one, and who is on what.

use crate::{Bytes, DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use time::OffsetDateTime;

/// What is redirected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedirectionMode {
    /// Keyboard, video, mouse.
    Kvm,
    /// The serial console.
    Sol,
    /// Storage: an image as the PC's CD.
    Ider,
    /// A byte stream to the WS-Man port.
    Wsman,
}

impl RedirectionMode {
    /// As it is written in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Sol => "sol",
            Self::Ider => "ider",
            Self::Wsman => "wsman",
        }
    }
}

impl fmt::Display for RedirectionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kvm => "KVM",
            Self::Sol => "SOL",
            Self::Ider => "IDE-R",
            Self::Wsman => "WS-Man",
        })
    }
}

/// The text is no kind of redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMode;

impl FromStr for RedirectionMode {
    type Err = UnknownMode;
    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let all = [Self::Kvm, Self::Sol, Self::Ider, Self::Wsman];
        all.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(text)).ok_or(UnknownMode)
    }
}

/// What a ticket shall be for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTicket {
    /// Name or UUID of the device.
    pub device: String,
    /// What is to be redirected.
    pub mode: RedirectionMode,
    /// Whoever uses it now has to leave.
    #[serde(default)]
    pub take_over: bool,
}

/// The right to open one redirection, once, soon. Open a WebSocket at `path` with the ticket as its subprotocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The ticket itself, for `Sec-WebSocket-Protocol`.
    pub ticket: String,
    /// Path and query of the WebSocket.
    pub path: String,
    /// The device it is for.
    pub guid: DeviceId,
    /// What it is for.
    pub mode: RedirectionMode,
    /// It must be used before.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub expires: OffsetDateTime,
}

/// Who watches one's screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Watchers {
    /// Their names; nobody when it is empty, and then no more pictures are wanted.
    pub names: Vec<String>,
}

/// A live redirection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redirection {
    /// Number; never reused in the life of a server.
    pub id: u64,
    /// The device.
    pub guid: DeviceId,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What is redirected.
    pub mode: RedirectionMode,
    /// Who uses it.
    pub user: String,
    /// Where the console is; null for one on the server's own machine.
    #[serde(default)]
    pub console: Option<String>,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub since: OffsetDateTime,
    /// Payload so far.
    #[serde(default)]
    pub bytes: Bytes,
    /// Seconds since the console last said something.
    #[serde(default)]
    pub idle_seconds: u64,
}
