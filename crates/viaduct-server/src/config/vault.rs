//! `[vault]`: secrets that a Vault keeps.

use super::{Secret, Span};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// `[vault]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Vault {
    /// Where it is; absent: there is none.
    pub url: Option<String>,
    /// Where its KV store of version 2 is mounted.
    pub mount: String,
    /// A token that may read there.
    pub token: Option<Secret<String>>,
    /// Or a file with it, read anew each time.
    pub token_file: Option<PathBuf>,
    /// PEM file of the CAs to trust instead of those of the system.
    pub ca: Option<PathBuf>,
    /// It must answer so soon.
    pub timeout: Span,
    /// What was read of a device is used again for so long.
    pub cache: Span,
    /// Path of the secret whose field `master_key` is the master key.
    pub master_key: Option<String>,
}

impl Default for Vault {
    fn default() -> Self {
        Self {
            url: None,
            mount: "secret".into(),
            token: None,
            token_file: None,
            ca: None,
            timeout: Span(Duration::from_secs(3)),
            cache: Span(Duration::from_secs(300)),
            master_key: None,
        }
    }
}
