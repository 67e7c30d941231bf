//! Users and tokens as they are asked for and listed.

use crate::{Addresses, DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};
use time::OffsetDateTime;

/// What a user or token may do. `read`, `operate` and `admin` each include the one before; `proxy` reaches
/// devices through the proxies and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Unique name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Whose devices.
    #[serde(default)]
    pub tenant_id: String,
    /// Only devices with these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub created: OffsetDateTime,
    /// When it ends; null: never.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub expires: Option<OffsetDateTime>,
    /// When it was last used.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub last_used: Option<OffsetDateTime>,
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Unique name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// How long it lives (`90d`, `12h`), when it ends (RFC 3339), or `never`. Absent: 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Only devices with these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A user as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Unique name.
    pub name: String,
    /// What the user is; `GET /roles` lists them.
    pub role: String,
    /// Whose devices.
    #[serde(default)]
    pub tenant_id: String,
    /// Only devices with these labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Cannot sign in.
    #[serde(default)]
    pub disabled: bool,
    /// Has a second factor.
    #[serde(default)]
    pub second_factor: bool,
    /// Signs in at the identity provider.
    #[serde(default)]
    pub provider: bool,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub created: OffsetDateTime,
}

/// A user to make.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// Unique name.
    pub name: String,
    /// Password, at least 8 characters.
    pub password: String,
    /// What the user is.
    pub role: String,
    /// Whose devices; absent: those of whoever makes the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Only devices with these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What shall change about a user; what is absent stays.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPatch {
    /// Another password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Another role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Other labels, in place of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Whether the user cannot sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// `false` takes the second factor away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<bool>,
}

impl fmt::Debug for UserPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserPatch").field("role", &self.role).finish_non_exhaustive()
    }
}

/// A role and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleInfo {
    /// Its name.
    pub name: String,
    /// For whom it is.
    pub about: String,
    /// Names of the actions it may do, as the audit log writes them.
    pub actions: Vec<String>,
}

/// A token that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenIssued {
    /// Its value; not shown again.
    pub token: String,
    /// The rest of it.
    #[serde(flatten)]
    pub about: Token,
}

/// A token for the proxies (`POST /session/proxy`): as a sign-in there it is user `token`, password the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyToken {
    /// Its value, at most 255 bytes; not shown again.
    pub token: String,
    /// When it ends, unless the sign-in that it was made by ends before.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub expires: OffsetDateTime,
}

impl fmt::Debug for ProxyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyToken {{ token: [redacted], expires: {} }}", self.expires)
    }
}

impl fmt::Debug for TokenIssued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenIssued {{ token: [redacted], about: {:?} }}", self.about)
    }
}

/// The first user, made with the one-time setup link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhoAmI {
    /// User name, `token:NAME`, or `local`.
    pub name: String,
    /// What the caller may do.
    pub scope: Scope,
    /// Role of a person, scope of a token.
    #[serde(default)]
    pub role: String,
    /// Whose devices the caller sees.
    #[serde(default)]
    pub tenant_id: String,
    /// Only devices with these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Where the server listens.
    pub addresses: Addresses,
}

/// Whose permissions they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PermissionsOf {
    /// Of whoever asked.
    Caller,
    /// Of a user.
    User,
    /// Of a token.
    Token,
    /// Of everybody with a role.
    Role,
    /// Of every token with a scope.
    Scope,
}

/// What somebody may do (`GET /permissions`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// Whose they are.
    pub of: PermissionsOf,
    /// Name of the user, `token:NAME`, or the role or scope itself.
    pub name: String,
    /// Role of a person, scope of a token.
    pub rights: String,
    /// Whose devices.
    #[serde(default)]
    pub tenant_id: String,
    /// Only devices with these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Why nothing is possible at the moment, whatever the rights are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<String>,
    /// The device that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Whether that device is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sees_device: Option<bool>,
    /// Every action there is.
    pub actions: Vec<Permission>,
}

/// An action, and whether it is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// Its name, as a refusal gives it as `right`.
    pub action: String,
    /// What somebody does who does it.
    pub about: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Roles that have it.
    pub roles: Vec<String>,
    /// Scopes of tokens that have it.
    pub scopes: Vec<Scope>,
}
