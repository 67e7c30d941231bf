//! Signing in at an identity provider (OpenID Connect: code flow with PKCE). Groups there become roles here; who is in
//! none of the groups that are named does not get in.

mod fetch;
mod id_token;
mod program;

use super::{Access, Known, Person, Principal, Role};
use crate::{
    config::{self, Secret},
    inventory::{StoreError, durable, keys},
    recent::Recent,
    tls::OutgoingTls,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fetch::Fetch;
use id_token::Claims;
use jsonwebtoken::jwk::JwkSet;
pub(crate) use program::Program;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use time::OffsetDateTime;

/// Somebody at the provider's page has so long.
const BEGUN: Duration = Duration::from_secs(10 * 60);
/// Sign-ins under way; the oldest leave first.
const BEGUN_MAX: usize = 10_000;
/// What the provider says of itself is asked again so often, keys also when one is missing.
const FRESH: Duration = Duration::from_secs(3600);
/// How the address ends that the provider sends browsers to; where it ends otherwise, we do not know ourselves by it.
const CALLBACK: &str = "/oidc/callback";
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// RFC 7636 wants 43 to 128 characters.
const VERIFIER: usize = 64;

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// Somebody else's link, an old one, or a second try of the same.
    #[error("this sign-in was not begun here, or too long ago")]
    NotBegun,
    #[error("the identity provider did not answer: {0}")]
    Unreachable(String),
    #[error("the identity provider's answer cannot be believed: {0}")]
    Unbelievable(String),
    #[error("{name} is in none of the groups that have a role here")]
    NoRole { name: String },
    #[error("{0} cannot sign in here")]
    Disabled(String),
    #[error("{0} is the name of a user with a password here")]
    NameTaken(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The identity provider of the settings.
#[derive(Debug)]
pub struct Provider {
    settings: config::Oidc,
    issuer: String,
    secret: Option<Secret<String>>,
    fetch: Fetch,
    known: tokio::sync::Mutex<Option<Metadata>>,
    begun: Mutex<Recent<String, Begun>>,
    /// For programs whose people have signed in.
    codes: Mutex<Recent<String, program::Given>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Endpoints {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Debug, Clone)]
struct Metadata {
    endpoints: Endpoints,
    keys: JwkSet,
    at: Instant,
}

#[derive(Debug, Clone)]
struct Begun {
    nonce: String,
    verifier: String,
    /// Who waits for the outcome, when it is not the browser itself.
    program: Option<Program>,
    at: Instant,
}

/// Where to send the browser, and what it must bring back.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) url: String,
    pub(crate) state: String,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    /// None: the settings name no provider.
    ///
    /// # Errors
    /// When a file that they name cannot be used.
    pub(crate) fn new(settings: &config::Oidc) -> Result<Option<Self>, StoreError> {
        let Some(issuer) = settings.issuer.clone() else { return Ok(None) };
        let unusable = |field, why: String| StoreError::Invalid { field, why };
        let secret = match (&settings.client_secret, &settings.client_secret_file) {
            (Some(secret), _) => Some(secret.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    let why = format!("{}: {error}", file.display());
                    unusable("oidc.client_secret_file", why)
                })?;
                Some(Secret::new(text.trim().to_owned()))
            }
            (None, None) => None,
        };
        let tls = OutgoingTls::new(settings.ca.as_deref())
            .map_err(|error| unusable("oidc.ca", error.to_string()))?;
        Ok(Some(Self {
            issuer,
            secret,
            fetch: Fetch::new(tls),
            settings: settings.clone(),
            known: tokio::sync::Mutex::default(),
            begun: Mutex::new(Recent::new(BEGUN_MAX)),
            codes: Mutex::new(Recent::new(program::CODES_MAX)),
        }))
    }

    /// Where a browser begins that has come by this host, when that is not the one that the provider sends it back to:
    /// there the cookie of the sign-in would be missing.
    pub(crate) fn login_elsewhere(&self, host: &str) -> Option<String> {
        let begin = self.settings.redirect.strip_suffix(CALLBACK)?;
        let (scheme, rest) = begin.split_once("://")?;
        let port = if scheme == "https" { ":443" } else { ":80" };
        let bare = |host: &str| {
            let host = host.to_ascii_lowercase();
            host.strip_suffix(port).map(str::to_owned).unwrap_or(host)
        };
        let ours = rest.split('/').next().unwrap_or_default();
        (!host.is_empty() && bare(ours) != bare(host)).then(|| format!("{begin}/oidc/login?sent=1"))
    }

    /// Begins a sign-in, of the browser or of a program beside it.
    pub(crate) async fn begin(&self, program: Option<Program>) -> Result<Start, ProviderError> {
        let metadata = self.metadata(false).await?;
        let random = |length| keys::random_text(length, ALPHABET);
        let (state, nonce, verifier) = (random(32)?, random(32)?, random(VERIFIER)?);
        let challenge = challenge_of(&verifier);
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect),
            ("scope", &self.settings.scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let endpoint = metadata.endpoints.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let begun = Begun { nonce, verifier, program, at: Instant::now() };
        self.begun().touch(state.clone(), || begun);
        Ok(Start { url: format!("{endpoint}{joint}{query}"), state })
    }

    /// The program that waits for this sign-in.
    pub(crate) fn waiting(&self, state: &str) -> Option<Program> {
        self.begun().get(&state.to_owned())?.program.clone()
    }

    /// Ends it with the code that the provider gave the browser. Each state is good once.
    async fn finish(&self, state: &str, code: &str) -> Result<Claims, ProviderError> {
        let begun = self.begun().remove(&state.to_owned());
        let begun =
            begun.filter(|begun| begun.at.elapsed() < BEGUN).ok_or(ProviderError::NotBegun)?;
        let metadata = self.metadata(false).await?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect),
            ("client_id", &self.settings.client_id),
            ("code_verifier", &begun.verifier),
        ];
        if let Some(secret) = &self.secret {
            fields.push(("client_secret", secret.expose()));
        }
        let answer = self.fetch.post(&metadata.endpoints.token_endpoint, form(&fields)).await?;
        let tokens: Tokens = read(&answer, "the token answer")?;
        let audience = &self.settings.client_id;
        let check = |keys: &JwkSet| {
            id_token::claims(&tokens.id_token, keys, &self.issuer, audience, &begun.nonce)
        };
        let claims = match check(&metadata.keys) {
            // Providers change their keys.
            Err(id_token::Fault::UnknownKey) => check(&self.metadata(true).await?.keys),
            other => other,
        };
        claims.map_err(|fault| ProviderError::Unbelievable(fault.to_string()))
    }

    async fn metadata(&self, anew: bool) -> Result<Metadata, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some(metadata) = known.as_ref().filter(|m| !anew && m.at.elapsed() < FRESH) {
            return Ok(metadata.clone());
        }
        let place =
            format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let endpoints: Endpoints = read(&self.fetch.get(&place).await?, "its configuration")?;
        if endpoints.issuer != self.issuer {
            let why = format!("it calls itself {}, not {}", endpoints.issuer, self.issuer);
            return Err(ProviderError::Unbelievable(why));
        }
        let keys: JwkSet = read(&self.fetch.get(&endpoints.jwks_uri).await?, "its keys")?;
        let metadata = Metadata { endpoints, keys, at: Instant::now() };
        *known = Some(metadata.clone());
        Ok(metadata)
    }

    /// Name and role of somebody, by the claims.
    fn judge(&self, claims: &Claims) -> Result<(String, Role, String), ProviderError> {
        let name = claims.text(&self.settings.user_claim).or_else(|| claims.text("email"));
        let name = name.unwrap_or_else(|| claims.sub.clone());
        let groups = claims.texts(&self.settings.groups_claim);
        let granted = self.settings.roles.iter().find(|rule| groups.contains(&rule.group));
        let Some(rule) = granted else { return Err(ProviderError::NoRole { name }) };
        let role =
            Role::from_name(&rule.role).ok_or(ProviderError::NoRole { name: name.clone() })?;
        Ok((name, role, rule.tenant.clone()))
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Recent<String, Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Access {
    /// Signs in whoever the provider vouches for. A new one becomes a user; role and tenant are those of the groups of
    /// this moment.
    pub(crate) async fn sign_in_at(
        &self,
        provider: &Provider,
        state: &str,
        code: &str,
    ) -> Result<Principal, ProviderError> {
        let claims = provider.finish(state, code).await?;
        let (name, role, tenant) = provider.judge(&claims)?;
        let subject = format!("{} {}", provider.issuer, claims.sub);
        let this = self.clone();
        let known =
            durable(async move { this.vouched(subject, name, role, tenant).await }).await??;
        let mut principal = known.principal();
        // Whether there was a second factor is the provider's matter.
        principal.second_factor = Some(OffsetDateTime::now_utc());
        Ok(principal)
    }

    async fn vouched(
        &self,
        subject: String,
        name: String,
        role: Role,
        tenant: String,
    ) -> Result<Result<Known, ProviderError>, StoreError> {
        let _one_at_a_time = self.0.changes.lock().await;
        let found =
            self.0.people().values().find(|k| k.person.subject.as_ref() == Some(&subject)).cloned();
        if let Some(mut known) = found {
            if known.person.disabled {
                return Ok(Err(ProviderError::Disabled(known.person.name)));
            }
            if known.role != role {
                known.role = role;
                role.name().clone_into(&mut known.person.role);
                self.0.inventory.store().update_person(&known.person).await?;
                self.remember(known.person.clone(), role);
            }
            return Ok(Ok(known));
        }
        super::people::check_name(&name)?;
        if self.0.people().contains_key(&name.to_ascii_lowercase()) {
            return Ok(Err(ProviderError::NameTaken(name)));
        }
        let person = Person {
            name,
            // No password hashes to this.
            password: "-".to_owned(),
            role: role.name().to_owned(),
            tenant,
            labels: BTreeMap::new(),
            disabled: false,
            subject: Some(subject),
            totp: None,
            recovery: Vec::new(),
            created: OffsetDateTime::now_utc(),
        };
        self.0.inventory.store().insert_person(&person, false).await?;
        self.remember(person.clone(), role);
        Ok(Ok(Known { person, role }))
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, ProviderError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ProviderError::Unbelievable(format!("{what} cannot be read: {error}")))
}

/// What is shown first of a verifier (RFC 7636, S256).
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// `application/x-www-form-urlencoded`, everything escaped that is no letter or digit.
fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        text.bytes()
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
    pairs.join("&")
}
