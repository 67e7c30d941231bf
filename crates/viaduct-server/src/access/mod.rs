//! Who may do what: users, tokens, one authorisation function.

mod action;
mod argon;
mod failures;
mod jwt;
mod oidc;
mod password;
mod people;
mod proxy;
mod role;
mod rules;
mod second;
mod setup;
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
    config::{self, Secret},
    inventory::{Inventory, Person, StoreError, TokenRow, View},
    recent::Recent,
};
use password::Passwords;
pub use people::{User, UserChange};
pub use role::{Rights, Role};
pub use second::Enrolment;
use second::Proof;
use setup::SetupSecret;
use signing::Signer;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};
use throttle::{Attempt, Throttle};
use time::OffsetDateTime;

/// The user name of a sign-in whose password is a token.
const TOKEN_USER: &str = "token";
/// The name of whoever opens the socket in the data directory.
const LOCAL: &str = "local";
/// Second factors that are being set up at the same time, and codes that are remembered as used.
const SECOND_FACTORS: usize = 10_000;
/// Longer user names do not exist, and are not kept in tables either.
const USER_MAX: usize = 64;
/// What callers are told when too many sign-ins wait for their check.
const BUSY: Duration = Duration::from_secs(1);

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User name, or `token:NAME`, or `local` for the socket in the data directory.
    pub name: String,
    pub rights: Rights,
    /// Whose devices; empty unless there are several tenants.
    pub tenant: String,
    /// Only devices that carry all of these.
    pub labels: BTreeMap<String, String>,
    /// The sign-in that this goes back to.
    pub session: Option<String>,
    /// Changes with everything that the sign-in rested on: password, second factor, role, labels, or the token's value.
    pub(crate) mark: Option<String>,
    /// When the second factor was shown at that sign-in.
    pub second_factor: Option<OffsetDateTime>,
    /// Where the request came from; None for the local socket.
    pub source: Option<IpAddr>,
    /// Why they ask, in their own words, for the audit log.
    pub reason: Option<String>,
}

impl Principal {
    /// Somebody of that name with the rights of a role or scope, in the first tenant.
    pub fn new(name: impl Into<String>, rights: impl Into<Rights>) -> Self {
        Self {
            name: name.into(),
            rights: rights.into(),
            tenant: String::new(),
            labels: BTreeMap::new(),
            session: None,
            mark: None,
            second_factor: None,
            source: None,
            reason: None,
        }
    }

    /// The devices it sees; None: those of all tenants, for whoever has the data directory anyway.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        (self.name != LOCAL)
            .then(|| View { tenant: self.tenant.clone(), labels: self.labels.clone() })
    }

    /// Whether it sees this device.
    #[must_use]
    pub fn sees(&self, device: &crate::inventory::Device) -> bool {
        self.view().is_none_or(|view| view.shows(device))
    }

    /// The same, coming from that address.
    #[must_use]
    pub fn at(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// The same, for that reason.
    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Whoever can open the socket in the data directory.
    #[must_use]
    pub fn local() -> Self {
        Self::new(LOCAL, Scope::Admin)
    }
}

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

    /// User and password; user `token` means that the password is a token. An unknown user costs the same as a wrong
    /// password, and failures slow the next tries of that account and source down.
    ///
    /// # Errors
    /// Why not; nothing in it tells whether the user exists.
    pub async fn sign_in(
        &self,
        user: &str,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<Principal, SignInError> {
        self.sign_in_person(user, password, None, from).await
    }

    /// The same with a one-time code or recovery code, for people who have a second factor.
    ///
    /// # Errors
    /// As for [`Access::sign_in`].
    pub async fn sign_in_person(
        &self,
        user: &str,
        password: &Secret<String>,
        code: Option<&str>,
        from: IpAddr,
    ) -> Result<Principal, SignInError> {
        let is_token = user == TOKEN_USER;
        // Nobody guesses 256 bits, so a right token is never held back: a program with a stale one must not lock the
        // others on its machine out.
        let by_token = is_token.then(|| self.bearer(password));
        if let Some(Ok(principal)) = by_token {
            return Ok(principal);
        }
        let account: String = user.to_ascii_lowercase().chars().take(USER_MAX).collect();
        let attempt = Attempt::new((!is_token).then_some(account.as_str()), from);
        self.throttled(&attempt).inspect_err(|_| self.0.failures.note(&account, from))?;
        let result = match by_token {
            Some(result) => result,
            None => match self.check(user, password, &attempt).await {
                Ok(known) => self.second_factor(known, code).await,
                Err(error) => Err(error),
            },
        };
        let mut throttle = self.0.throttle();
        match &result {
            Ok(_) => throttle.succeeded(&attempt),
            Err(SignInError::Wrong | SignInError::Expired) => {
                throttle.failed(&attempt, Instant::now());
                self.0.failures.note(&account, from);
            }
            Err(SignInError::Throttled(_) | SignInError::CodeNeeded) => {}
        }
        result
    }

    /// A sign-in failed that did not go through here: by a token that is none.
    pub(crate) fn failed_at(&self, from: IpAddr) {
        self.0.failures.note(TOKEN_USER, from);
    }

    /// Waits until a sign-in has failed.
    pub(crate) async fn failed_again(&self) {
        self.0.failures.wait().await;
    }

    /// What failed since this was last asked.
    pub(crate) fn take_failed(&self) -> Failed {
        self.0.failures.take()
    }

    fn throttled(&self, attempt: &Attempt) -> Result<(), SignInError> {
        match self.0.throttle().delay(attempt, Instant::now()) {
            Some(delay) => Err(SignInError::Throttled(whole_seconds(delay))),
            None => Ok(()),
        }
    }

    async fn check(
        &self,
        user: &str,
        password: &Secret<String>,
        attempt: &Attempt,
    ) -> Result<Known, SignInError> {
        let known = self.0.people().get(&user.to_ascii_lowercase()).cloned();
        // Longer ones cannot be right, and would only cost time.
        if password.expose().len() > password::MAX {
            return Err(SignInError::Wrong);
        }
        let phc = known.as_ref().map(|known| known.person.password.clone());
        let name = user.to_ascii_lowercase();
        let standing = self.0.throttle().standing(attempt, Instant::now());
        let still_allowed = || self.throttled(attempt).is_ok();
        let keys = self.0.inventory.keys();
        match self.0.passwords.check(keys, &name, password, phc, standing, still_allowed).await {
            Ok(Some(right)) => {
                known.filter(|known| right && !known.person.disabled).ok_or(SignInError::Wrong)
            }
            Ok(None) => {
                self.throttled(attempt)?;
                Err(SignInError::Throttled(BUSY))
            }
            Err(password::Busy) => Err(SignInError::Throttled(BUSY)),
        }
    }

    /// Somebody whose password is right, once the second factor is shown as well.
    async fn second_factor(
        &self,
        known: Known,
        code: Option<&str>,
    ) -> Result<Principal, SignInError> {
        let mut principal = known.principal();
        principal.mark = self.fingerprint(&principal.name);
        if known.person.totp.is_some() {
            let code = code.filter(|code| !code.is_empty()).ok_or(SignInError::CodeNeeded)?;
            let proof = self.proof(&known.person, code).ok_or(SignInError::Wrong)?;
            if let Proof::Recovery(hash) = proof {
                self.use_up(&known.person.name.to_ascii_lowercase(), hash).await?;
            }
            principal.second_factor = Some(OffsetDateTime::now_utc());
        }
        Ok(principal)
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

/// Rounded up: who waits that long is not told to wait again.
fn whole_seconds(delay: Duration) -> Duration {
    Duration::from_secs(delay.as_secs() + u64::from(delay.subsec_nanos() != 0))
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
