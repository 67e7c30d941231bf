//! How much of each there may be.

use serde::Deserialize;

/// Limits of one platform (AMT_RemoteAccessCapabilities, and what it does not tell).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Management Presence Servers.
    pub servers: usize,
    /// Servers of one policy.
    pub servers_per_policy: usize,
    /// Policies.
    pub policies: usize,
    /// HTTP proxies.
    pub proxies: usize,
    /// Characters of a user name and of a password for a server.
    pub credential: usize,
    /// Whether policies can have servers inside the company's network (`MpsType`, `InternalMpServer`); since AMT 11.6.
    pub internal_servers: bool,
    /// Whether the firmware may not encrypt, as some countries demand: no server can be configured.
    pub null_ciphers: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            servers: 4,
            servers_per_policy: 2,
            policies: 3,
            proxies: 15,
            credential: 64,
            internal_servers: true,
            null_ciphers: false,
        }
    }
}
