//! Who may do what: users, tokens, one authorisation function.

mod action;
mod argon;
mod failures;
mod jwt;
mod oidc;
mod password;
mod people;
mod principal;
mod proxy;
mod role;
mod rules;
mod second;
mod setup;
mod sign_in;
mod signing;
mod throttle;
mod tokens;
mod views;

pub use action::Action;
pub use failures::Failed;
use failures::Failures;
pub(crate) use jwt::BROWSER;
pub use jwt::RedirectionGrant;
pub use oidc::Provider;
pub(crate) use oidc::{Program, ProviderError};
pub(crate) use password::MIN as PASSWORD_MIN;

use crate::{
    config,
    inventory::{Inventory, Person, StoreError, TokenRow},
    recent::Recent,
};
use password::Passwords;
pub use people::{User, UserChange};
pub use principal::Principal;
pub use role::{Rights, Role};
pub use second::Enrolment;
use setup::SetupSecret;
use signing::Signer;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};
use throttle::Throttle;
use time::OffsetDateTime;

/// The user name of a sign-in whose password is a token.
const TOKEN_USER: &str = "token";
/// The name of whoever opens the socket in the data directory.
const LOCAL: &str = "local";
/// Second factors that are being set up at the same time, and codes that are remembered as used.
const SECOND_FACTORS: usize = 10_000;
/// Longer user names do not exist, and are not kept in tables either.
const USER_MAX: usize = 64;

/// What a user or token may do; each includes the ones before it, but `Proxy` stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Proxy,
    Read,
    Operate,
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: &'static [Self] = &[Self::Proxy, Self::Read, Self::Operate, Self::Admin];

    /// As it is written: `proxy`, `read`, `operate`, `admin`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Proxy, Self::Read, Self::Operate, Self::Admin].into_iter().find(|s| s.name() == name)
    }
}

/// Why sign-in failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    #[error("user or password is wrong")]
    Wrong,
    #[error("the token has expired")]
    Expired,
    #[error("a one-time code is needed beside the password; programs use a token instead")]
    CodeNeeded,
    #[error("too many failed sign-ins; try again in {} s", .0.as_secs())]
    Throttled(Duration),
}

/// The answer of the one authorisation function, when it is no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{principal} lacks the right to {action}")]
pub struct Denied {
    pub principal: String,
    pub action: Action,
}

/// A token as listed; its value is shown only when it is made.
#[derive(Debug, Clone)]
pub struct Token {
    pub name: String,
    pub scope: Scope,
    pub tenant: String,
    pub labels: BTreeMap<String, String>,
    pub created: OffsetDateTime,
    pub expires: Option<OffsetDateTime>,
    pub last_used: Option<OffsetDateTime>,
}

/// Users and tokens.
#[derive(Debug, Clone)]
pub struct Access(Arc<Shared>);

/// Locks are held for moments and never over an await.
#[derive(Debug)]
struct Shared {
    failures: Failures,
    inventory: Inventory,
    /// By name in lower case.
    people: RwLock<BTreeMap<String, Known>>,
    /// By hash of their value.
    tokens: RwLock<HashMap<[u8; 32], TokenRow>>,
    throttle: Mutex<Throttle>,
    passwords: Passwords,
    signer: Signer,
    /// Sign-ins that were ended early, until they expire anyway.
    ended: Mutex<HashMap<String, OffsetDateTime>>,
    /// Second factors that are being set up, by user.
    begun: Mutex<Recent<String, [u8; 20]>>,
    /// The step of the last one-time code that was good, by user: a code is good once.
    used: Mutex<Recent<String, u64>>,
    setup: Mutex<Option<SetupSecret>>,
    /// Held while users or tokens change.
    changes: tokio::sync::Mutex<()>,
}

/// A user in memory.
#[derive(Debug, Clone)]
struct Known {
    person: Person,
    role: Role,
}

impl Known {
    fn principal(&self) -> Principal {
        Principal {
            tenant: self.person.tenant.clone(),
            labels: self.person.labels.clone(),
            ..Principal::new(self.person.name.clone(), self.role)
        }
    }
}

impl Access {
    /// Shares the inventory's database. `data` is not needed for it today.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open(inventory: &Inventory, _data: &Path) -> Result<Self, StoreError> {
        Self::open_with(inventory, &config::Jwt::default()).await
    }

    /// The same with these settings of signed tokens.
    ///
    /// # Errors
    /// As for [`Access::open`], and when a secret cannot be used.
    pub async fn open_with(inventory: &Inventory, jwt: &config::Jwt) -> Result<Self, StoreError> {
        let mut people = BTreeMap::new();
        for person in inventory.store().people().await? {
            let role = role_of(&person.role)?;
            people.insert(person.name.to_ascii_lowercase(), Known { person, role });
        }
        let mut tokens = HashMap::new();
        for token in inventory.store().tokens().await? {
            scope_of(&token.scope)?;
            tokens.insert(token.hash, token);
        }
        let ended = inventory.store().ended_sessions(OffsetDateTime::now_utc()).await?;
        let signer = Signer::new(jwt, inventory.keys().tokens())?;
        let setup = if people.is_empty() { Some(SetupSecret::new()?) } else { None };
        Ok(Self(Arc::new(Shared {
            inventory: inventory.clone(),
            people: RwLock::new(people),
            tokens: RwLock::new(tokens),
            throttle: Mutex::new(Throttle::new()),
            passwords: Passwords::new().await?,
            failures: Failures::default(),
            signer,
            ended: Mutex::new(ended.into_iter().collect()),
            begun: Mutex::new(Recent::new(SECOND_FACTORS)),
            used: Mutex::new(Recent::new(SECOND_FACTORS)),
            setup: Mutex::new(setup),
            changes: tokio::sync::Mutex::default(),
        })))
    }

    /// Whoever has that name at this moment: a user, `token:NAME`, or `local`.
    fn principal(&self, name: &str) -> Option<Principal> {
        let mut found = if name == LOCAL {
            Principal::local()
        } else if let Some(token) = name.strip_prefix(tokens::PRINCIPAL) {
            let tokens = self.0.tokens();
            let row = tokens.values().find(|row| row.name == token)?;
            let over = row.expires.is_some_and(|end| end <= OffsetDateTime::now_utc());
            if over {
                return None;
            }
            tokens::principal(row)?
        } else {
            let people = self.0.people();
            people.get(&name.to_ascii_lowercase()).filter(|k| !k.person.disabled)?.principal()
        };
        found.mark = self.fingerprint(&found.name);
        Some(found)
    }

    /// A value that changes with everything that decides what that principal may do.
    fn fingerprint(&self, name: &str) -> Option<String> {
        let keys = self.0.inventory.keys();
        let hash = if name == LOCAL {
            keys.hash("principal", &[LOCAL.as_bytes()])
        } else if let Some(token) = name.strip_prefix(tokens::PRINCIPAL) {
            let tokens = self.0.tokens();
            let row = tokens.values().find(|row| row.name == token)?;
            keys.hash("principal", &[b"token", &row.hash])
        } else {
            let people = self.0.people();
            let Known { person, role } = people.get(&name.to_ascii_lowercase())?;
            let labels = serde_json::to_vec(&person.labels).unwrap_or_default();
            let parts = [
                b"user",
                person.name.as_bytes(),
                person.password.as_bytes(),
                role.name().as_bytes(),
                person.tenant.as_bytes(),
                &labels,
                person.totp.as_deref().unwrap_or_default(),
                &[u8::from(person.disabled)],
            ];
            keys.hash("principal", &parts)
        };
        Some(hash[..12].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The one authorisation function.
    ///
    /// # Errors
    /// When the principal may not do it.
    pub fn authorise(&self, principal: &Principal, action: Action) -> Result<(), Denied> {
        rules::authorise(principal, action)
    }
}

impl Shared {
    fn people(&self) -> RwLockReadGuard<'_, BTreeMap<String, Known>> {
        self.people.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn people_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Known>> {
        self.people.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn tokens(&self) -> RwLockReadGuard<'_, HashMap<[u8; 32], TokenRow>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tokens_mut(&self) -> RwLockWriteGuard<'_, HashMap<[u8; 32], TokenRow>> {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, HashMap<String, OffsetDateTime>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self) -> MutexGuard<'_, Recent<String, [u8; 20]>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn used(&self) -> MutexGuard<'_, Recent<String, u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn setup(&self) -> MutexGuard<'_, Option<SetupSecret>> {
        self.setup.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn scope_of(name: &str) -> Result<Scope, StoreError> {
    Scope::from_name(name)
        .ok_or_else(|| StoreError::Database(format!("it holds `{name}`, which is no scope")))
}

fn role_of(name: &str) -> Result<Role, StoreError> {
    Role::from_name(name)
        .ok_or_else(|| StoreError::Database(format!("it holds `{name}`, which is no role")))
}

/// Why the first user was not created.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("the setup link is used, wrong, or older than 30 minutes")]
    LinkInvalid,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
