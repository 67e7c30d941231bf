//! Who may do what: users, tokens, one authorisation function.

use crate::{config::Secret, inventory::StoreError};
use std::{path::Path, sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User name, or `token:NAME`, or `local` for the socket in the data directory.
    pub name: String,
    pub scope: Scope,
}

/// What a user or token may do; each includes the ones before it, but `Proxy` stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Proxy,
    Read,
    Operate,
    Admin,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Reach a device through a proxy.
    UseProxy,
    ReadDevices,
    ChangeDevices,
    DisconnectTunnel,
    ReadCertificates,
    ReloadCertificates,
    ManageTokens,
    ManageUsers,
    ReadConfig,
}

/// Why sign-in failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    #[error("user or password is wrong")]
    Wrong,
    #[error("the token has expired")]
    Expired,
    #[error("too many failed sign-ins; try again in {} s", .0.as_secs())]
    Throttled(Duration),
}

/// The answer of the one authorisation function, when it is no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{principal} may not {action:?}")]
pub struct Denied {
    pub principal: String,
    pub action: Action,
}

/// A token as listed; its value is shown only when it is made.
#[derive(Debug, Clone)]
pub struct Token {
    pub name: String,
    pub scope: Scope,
    pub created: OffsetDateTime,
    pub expires: Option<OffsetDateTime>,
    pub last_used: Option<OffsetDateTime>,
}

/// Users and tokens.
#[derive(Debug, Clone)]
pub struct Access(Arc<()>);

#[allow(
    clippy::todo,
    unused_variables,
    missing_docs,
    clippy::unused_async,
    reason = "interface first"
)]
impl Access {
    /// Shares the inventory's database.
    pub async fn open(
        inventory: &crate::inventory::Inventory,
        data: &Path,
    ) -> Result<Self, StoreError> {
        todo!()
    }
    /// User and password; user `token` means that the password is a token.
    pub async fn sign_in(
        &self,
        user: &str,
        password: &Secret<String>,
        from: std::net::IpAddr,
    ) -> Result<Principal, SignInError> {
        todo!()
    }
    pub fn bearer(&self, token: &Secret<String>) -> Result<Principal, SignInError> {
        todo!()
    }
    pub fn authorise(&self, principal: &Principal, action: Action) -> Result<(), Denied> {
        todo!()
    }
    pub fn has_users(&self) -> bool {
        todo!()
    }
    /// One-time secret of the setup link, valid 30 min; None once a user exists.
    pub fn setup_secret(&self) -> Option<Secret<String>> {
        todo!()
    }
    pub async fn set_up(
        &self,
        secret: &Secret<String>,
        user: &str,
        password: Secret<String>,
    ) -> Result<(), SetUpError> {
        todo!()
    }
    pub async fn add_user(
        &self,
        user: &str,
        password: Secret<String>,
        scope: Scope,
    ) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn create_token(
        &self,
        name: &str,
        scope: Scope,
        expires: Option<OffsetDateTime>,
    ) -> Result<Secret<String>, StoreError> {
        todo!()
    }
    pub async fn revoke_token(&self, name: &str) -> Result<(), StoreError> {
        todo!()
    }
    pub fn tokens(&self) -> Vec<Token> {
        todo!()
    }
}

/// Why the first user was not created.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("the setup link is used, wrong, or older than 30 minutes")]
    LinkInvalid,
    #[error(transparent)]
    Store(#[from] StoreError),
}
