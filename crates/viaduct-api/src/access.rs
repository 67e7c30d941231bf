//! Users and tokens as they are asked for and listed.

use crate::Addresses;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use time::OffsetDateTime;

/// What a user or token may do. `read`, `operate` and `admin` each include the one before; `proxy` reaches
/// devices through the proxies and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Reach devices through the proxies.
    Proxy,
    /// See devices, tunnels and certificates.
    Read,
    /// Also change and use devices.
    Operate,
    /// Also tokens, certificates and settings.
    Admin,
}

impl Scope {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Proxy, Self::Read, Self::Operate, Self::Admin]
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| {
                format!("`{text}` is not a scope; expected proxy, read, operate or admin")
            })
    }
}

/// A token as listed. Its value is shown only when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Unique name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// When it ends; null: never.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// When it was last used.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_used: Option<OffsetDateTime>,
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Unique name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// How long it lives (`90d`, `12h`), when it ends (RFC 3339), or `never`. Absent: 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A token that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenIssued {
    /// Its value; not shown again.
    pub token: String,
    /// The rest of it.
    #[serde(flatten)]
    pub about: Token,
}

impl fmt::Debug for TokenIssued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenIssued {{ token: [redacted], about: {:?} }}", self.about)
    }
}

/// The first user, made with the one-time setup link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUp {
    /// The secret of the link.
    pub secret: String,
    /// Name of the user.
    pub user: String,
    /// Password of the user.
    pub password: String,
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetUp").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Who the server takes the caller for, and where its proxies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoAmI {
    /// User name, `token:NAME`, or `local`.
    pub name: String,
    /// What the caller may do.
    pub scope: Scope,
    /// Where the server listens.
    pub addresses: Addresses,
}
