//! The only place that names the TLS libraries.

use serde::{Deserialize, Serialize};

/// What a client offered in its ClientHello, kept also when the handshake fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloFacts {
    /// Highest version offered, e.g. "TLS 1.2".
    pub version: String,
    /// Suites by IANA number.
    pub suites: Vec<u16>,
    pub groups: Vec<u16>,
    pub signature_algorithms: Vec<u16>,
    pub server_name: Option<String>,
}
