//! API tokens: 256 random bits, of which only a hash is kept.

use super::{Access, Principal, Scope, SignInError, Token};
use crate::{
    config::Secret,
    inventory::{self, StoreError, TokenRow, durable, keys},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// Makes tokens recognisable for people and for scanners that look for leaked ones.
const PREFIX: &str = "vdt_";
/// What the name of a token's principal begins with; no user's name has a colon.
pub(super) const PRINCIPAL: &str = "token:";
const NAME_MAX: usize = 64;
/// More tokens than that are a programme that forgets to revoke.
const TOKENS_MAX: usize = 10_000;

impl Access {
    /// The principal of a token.
    ///
    /// # Errors
    /// When there is no such token, or it has expired.
    pub fn bearer(&self, token: &Secret<String>) -> Result<Principal, SignInError> {
        if !token.expose().starts_with(PREFIX) {
            return self.signed(token);
        }
        // Compared by hash: what can be measured of the look-up tells nothing about the token.
        let hash = hash(token);
        let now = OffsetDateTime::now_utc();
        let mut tokens = self.0.tokens_mut();
        let row = tokens.get_mut(&hash).ok_or(SignInError::Wrong)?;
        if row.expires.is_some_and(|end| end <= now) {
            return Err(SignInError::Expired);
        }
        row.last_used = Some(now);
        let mut principal = principal(row).ok_or(SignInError::Wrong)?;
        let name = row.name.clone();
        drop(tokens);
        principal.mark = self.fingerprint(&principal.name);
        self.0.inventory.note_token_used(&name, now);
        Ok(principal)
    }

    /// Makes a token; its value is given back this once.
    ///
    /// # Errors
    /// When the name is taken or not possible, the end is in the past, or the database does not take it.
    pub async fn create_token(
        &self,
        name: &str,
        scope: Scope,
        expires: Option<OffsetDateTime>,
    ) -> Result<Secret<String>, StoreError> {
        self.create_token_in("", name, scope, BTreeMap::new(), expires).await
    }

    /// Makes a token of a tenant that sees only devices with these labels.
    ///
    /// # Errors
    /// As for [`Access::create_token`].
    pub async fn create_token_in(
        &self,
        tenant: &str,
        name: &str,
        scope: Scope,
        labels: BTreeMap<String, String>,
        expires: Option<OffsetDateTime>,
    ) -> Result<Secret<String>, StoreError> {
        check_name(name)?;
        inventory::check_labels(&labels)?;
        let created = OffsetDateTime::now_utc();
        if expires.is_some_and(|end| end <= created) {
            return Err(StoreError::Invalid {
                field: "expires",
                why: "it lies in the past".into(),
            });
        }
        let value = Secret::new(format!("{PREFIX}{}", random_value()?));
        let row = TokenRow {
            name: name.to_owned(),
            hash: hash(&value),
            scope: scope.name().to_owned(),
            tenant: tenant.to_owned(),
            labels,
            created,
            expires,
            last_used: None,
        };
        let this = self.clone();
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            this.may_add(&row.name)?;
            this.0.inventory.store().insert_token(&row).await?;
            this.0.tokens_mut().insert(row.hash, row);
            Ok(())
        })
        .await?;
        Ok(value)
    }

    fn may_add(&self, name: &str) -> Result<(), StoreError> {
        let tokens = self.0.tokens();
        if tokens.values().any(|token| token.name == name) {
            return Err(StoreError::Exists(format!("the token name {name}")));
        }
        if tokens.len() >= TOKENS_MAX {
            return Err(StoreError::Invalid {
                field: "token",
                why: format!("there are {TOKENS_MAX} already; revoke some"),
            });
        }
        Ok(())
    }

    /// Makes a token worthless, at once.
    ///
    /// # Errors
    /// When there is none of that name, or the database does not take it; then it is still good.
    pub async fn revoke_token(&self, name: &str) -> Result<(), StoreError> {
        let (this, name) = (self.clone(), name.to_owned());
        durable(async move {
            let _one_at_a_time = this.0.changes.lock().await;
            let hash = this.0.tokens().values().find(|t| t.name == name).map(|t| t.hash);
            let hash = hash.ok_or_else(|| StoreError::Invalid {
                field: "token",
                why: format!("there is no token {name}"),
            })?;
            this.0.inventory.store().delete_token(&name).await?;
            this.0.tokens_mut().remove(&hash);
            Ok(())
        })
        .await
    }

    /// All tokens, by name; those that have expired as well.
    #[must_use]
    pub fn tokens(&self) -> Vec<Token> {
        let mut tokens: Vec<_> = self
            .0
            .tokens()
            .values()
            .filter_map(|row| {
                Some(Token {
                    name: row.name.clone(),
                    scope: Scope::from_name(&row.scope)?,
                    tenant: row.tenant.clone(),
                    labels: row.labels.clone(),
                    created: row.created,
                    expires: row.expires,
                    last_used: row.last_used,
                })
            })
            .collect();
        tokens.sort_by(|a, b| a.name.cmp(&b.name));
        tokens
    }
}

/// None: its scope is none that this version knows.
pub(super) fn principal(row: &TokenRow) -> Option<Principal> {
    let scope = Scope::from_name(&row.scope)?;
    Some(Principal {
        tenant: row.tenant.clone(),
        labels: row.labels.clone(),
        ..Principal::new(format!("{PRINCIPAL}{}", row.name), scope)
    })
}

fn random_value() -> Result<String, StoreError> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    Ok(URL_SAFE_NO_PAD.encode(keys::random::<32>()?))
}

fn hash(token: &Secret<String>) -> [u8; 32] {
    Sha256::digest(token.expose().as_bytes()).into()
}

fn check_name(name: &str) -> Result<(), StoreError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(allowed) {
        return Err(StoreError::Invalid {
            field: "token",
            why: format!(
                "letters, digits, `.`, `_`, `@` and `-` are possible, 1 to {NAME_MAX} of them"
            ),
        });
    }
    Ok(())
}
