//! How the fleet was over the last hour or week, for charts.

use crate::{Bytes, Said, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// One point of the curves. What is counted was counted since the point before; the rest is how it stood then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPoint {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub time: OffsetDateTime,
    /// Live tunnels.
    pub tunnels: usize,
    /// Open channels of all tunnels.
    pub channels: usize,
    /// Redirections in use, by mode: `kvm`, `sol`, `ider`.
    pub redirections: BTreeMap<String, usize>,
    /// Tunnels opened, by why the device dialled in.
    pub connects: BTreeMap<String, u64>,
    /// Tunnels ended, by reason.
    pub ends: BTreeMap<String, u64>,
    /// Connections that failed before they were admitted, by stage.
    pub failures: BTreeMap<String, u64>,
    /// Payload bytes. Those of a tunnel's last moments before it ended are not among them.
    pub bytes: Bytes,
}

/// Points from the oldest to the newest (`GET /stats/history`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Seconds from one point to the next.
    pub interval_seconds: u64,
    /// The points. They begin when the server was started.
    pub points: Vec<HistoryPoint>,
}

/// Ways to sign in (`GET /session`); for pages that nobody has signed in to yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInWays {
    /// Whoever asks is signed in already.
    pub signed_in: bool,
    /// Somebody can sign in; otherwise the setup link is to be used.
    pub set_up: bool,
    /// An identity provider is configured: `GET /oidc/login` leads to it.
    pub provider: bool,
    /// Fewest characters of a password.
    pub password_min: usize,
}

/// A fact about the server with a verdict (`GET /stats/health`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    /// What was looked at: `listeners`, `store`, `audit`, `clock`, `disk`, `files`, `certificates`, `users`.
    pub name: String,
    /// How it is.
    pub verdict: Verdict,
    /// The fact, in words.
    pub detail: String,
    /// What to do; empty when it is well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
    /// The fact again, for other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Wants attention.
    Warn,
    /// Does not work.
    Bad,
}
