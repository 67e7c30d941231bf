//! Remote access as a platform is configured for it: values and rules, without clock and without I/O.
//!
//! Names, limits and numbers are those of the firmware's classes (Intel AMT SDK, "Remote Access"; LMS header
//! `AMT_RemoteAccessService.h`).

mod environment;

pub use environment::{Environment, EnvironmentError};

use serde::{Deserialize, Serialize};

/// What a platform is configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteAccess {
    /// How it tells the company's network from others.
    pub environment: Environment,
}
