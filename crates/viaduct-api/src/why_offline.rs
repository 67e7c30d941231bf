//! Why a device is away: what was seen, the likely cause, and what to do.

use crate::{DeviceId, Said};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an observation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Known, without a verdict.
    Neutral,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// How it counts.
    pub seen: Seen,
    /// What it is about: `server`, `device`, `before`, `since then`, `from elsewhere`.
    pub about: String,
    /// The sentence.
    pub text: String,
    /// The same in sentences for other languages; empty when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
}

/// What we can say about a device that is away. Only what was seen, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhyOffline {
    /// The device.
    pub guid: DeviceId,
    /// Its name.
    pub name: String,
    /// True when it is not away at all.
    pub connected: bool,
    /// One sentence: for how long it has been away, or connected.
    pub summary: String,
    /// Observations, in the order in which a connection is made.
    pub checks: Vec<Check>,
    /// The likely cause, with words that say how sure it is. Empty when it is connected.
    pub likely: String,
    /// What to try, the most promising first.
    pub next: Vec<String>,
    /// Code of the cause, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The summary again, for other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// The likely cause by its name, for other languages; what to try follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Said>,
}
