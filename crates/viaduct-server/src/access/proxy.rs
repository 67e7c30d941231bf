//! Sign-ins that are nothing but a password, as programs send it with each request, and tokens for the proxies.
//!
//! A password belongs to no sign-in that somebody could end; what was opened with it ends when the password changes, when
//! its owner is disabled, or is signed out everywhere. A token for the proxies ends with the sign-in that it was made by.

use super::{Access, Principal, SignInError, TOKEN_USER};
use crate::{
    config::Secret,
    inventory::{StoreError, keys},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{net::IpAddr, time::Duration};
use time::OffsetDateTime;

/// What tokens for the proxies begin with.
const PREFIX: &str = "vdp_";
/// What the names of sign-ins begin with that are nothing but a password.
pub(super) const PASSWORD: &str = "password-";
/// A working day.
const LIFE: Duration = Duration::from_secs(12 * 3600);
/// Bytes of the proof at a token's end.
const PROOF: usize = 32;
/// Bytes of the time of its end in front of that.
const END: usize = 8;

/// What a token for the proxies says. Its owner's rights are not in it: they are those of the moment it is used in.
struct Claims {
    name: String,
    session: String,
    end: i64,
}

impl Access {
    /// As [`Access::sign_in`], for a console at a proxy.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn sign_in_at_proxy(
        &self,
        user: &str,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<Principal, SignInError> {
        if user == TOKEN_USER
            && let Some(principal) = self.by_proxy_token(password)?
        {
            return Ok(principal);
        }
        self.sign_in_with_request(user, password, from).await
    }

    /// As [`Access::sign_in`], for whoever sends user and password with the request itself. What goes on because of it can
    /// be told from what was begun before somebody was signed out everywhere.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn sign_in_with_request(
        &self,
        user: &str,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<Principal, SignInError> {
        let mut who = self.sign_in(user, password, from).await?;
        // A token ends by being revoked, and a signed one has its sign-in already.
        if user != TOKEN_USER {
            who.session = self.password_session(&who.name).ok();
        }
        Ok(who)
    }

    /// A token that opens the proxies as `who` for a working day and does nothing else. It ends with the sign-in that
    /// it was made by, and whenever its owner is disabled, removed or changed. Short enough for SOCKS5 (RFC 1929).
    ///
    /// # Errors
    /// When the system gives no random numbers, or the user is gone.
    pub(crate) fn proxy_token(
        &self,
        who: &Principal,
    ) -> Result<(Secret<String>, OffsetDateTime), StoreError> {
        let session = match &who.session {
            Some(session) => session.clone(),
            None => self.password_session(&who.name)?,
        };
        let end = OffsetDateTime::now_utc() + LIFE;
        let claims = Claims { name: who.name.clone(), session, end: end.unix_timestamp() };
        let proof = self.proxy_proof(&claims).ok_or_else(|| StoreError::Invalid {
            field: "user",
            why: format!("{} is not known any more", who.name),
        })?;
        let mut bytes = Vec::new();
        for text in [&claims.name, &claims.session] {
            let length = u8::try_from(text.len()).map_err(|_| StoreError::Invalid {
                field: "user",
                why: "its name is too long for a token".into(),
            })?;
            bytes.push(length);
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&claims.end.to_be_bytes());
        bytes.extend_from_slice(&proof);
        Ok((Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))), end))
    }

    /// None: it is a token of another kind.
    fn by_proxy_token(&self, token: &Secret<String>) -> Result<Option<Principal>, SignInError> {
        let Some(text) = token.expose().strip_prefix(PREFIX) else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SignInError::Wrong)?;
        let (claims, proof) = read(&bytes).ok_or(SignInError::Wrong)?;
        let expected = self.proxy_proof(&claims).ok_or(SignInError::Wrong)?;
        // What can be measured of the comparison tells nothing that could be used: both are hashed once more.
        let keys = self.0.inventory.keys();
        if keys.hash("compare", &[&expected]) != keys.hash("compare", &[proof]) {
            return Err(SignInError::Wrong);
        }
        if claims.end <= OffsetDateTime::now_utc().unix_timestamp() {
            return Err(SignInError::Expired);
        }
        if self.is_ended(&claims.name, &claims.session) {
            return Err(SignInError::Wrong);
        }
        let mut principal = self.principal(&claims.name).ok_or(SignInError::Wrong)?;
        principal.session = Some(claims.session);
        Ok(Some(principal))
    }

    /// Nobody has the key of this, and with everything that decides what the owner may do it is another one.
    fn proxy_proof(&self, claims: &Claims) -> Option<[u8; PROOF]> {
        let owner = self.fingerprint(&claims.name)?;
        let (name, session) = (claims.name.to_ascii_lowercase(), &claims.session);
        let parts =
            [name.as_bytes(), session.as_bytes(), &claims.end.to_be_bytes(), owner.as_bytes()];
        Some(self.0.inventory.keys().hash("proxy token", &parts))
    }

    /// A name for a sign-in that is nothing but a password.
    fn password_session(&self, name: &str) -> Result<String, StoreError> {
        let random = keys::random_text(16, b"abcdefghijklmnopqrstuvwxyz0123456789")?;
        Ok(format!("{PASSWORD}{random}.{}", self.session_begins(name)))
    }
}

fn read(mut bytes: &[u8]) -> Option<(Claims, &[u8])> {
    let mut text = || {
        let (length, rest) = bytes.split_first()?;
        let (text, rest) = rest.split_at_checked(usize::from(*length))?;
        bytes = rest;
        String::from_utf8(text.to_vec()).ok()
    };
    let (name, session) = (text()?, text()?);
    let (end, proof) = bytes.split_at_checked(END)?;
    let end = i64::from_be_bytes(end.try_into().ok()?);
    (proof.len() == PROOF).then_some((Claims { name, session, end }, proof))
}
