//! Signed tokens in the form that Open AMT's clients and gateways know: HS256, with its claims and issuer, and a few of
//! ours beside them. A signature alone is never enough: whoever the token names must still be there, unchanged.

use super::{Access, Principal, SignInError, proxy, signing::Vouched};
use crate::{
    config::{self, Secret},
    inventory::{StoreError, durable, keys},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// A sign-in lasts so long, as at Open AMT's.
const LOGIN: Duration = Duration::from_secs(24 * 3600);
/// A browser asks again after a working day.
pub(crate) const BROWSER: Duration = Duration::from_secs(12 * 3600);
/// So long a redirection may be begun; clients fetch a new one before that.
const REDIRECTION: Duration = Duration::from_secs(5 * 60);
/// That somebody was signed out everywhere is kept so long: what was issued before, here or elsewhere, lasts no longer.
const EVERYTHING: Duration = config::LIFE_MAX;
/// The device of a token that is for no certain one.
pub(super) const EVERY_DEVICE: &str = "*";
/// Longer ones are none of ours.
pub(super) const TOKEN_MAX: usize = 4096;
/// Sign-ins that were ended early are kept until they expire; more of them are a program that signs out in a loop.
const ENDED_MAX: usize = 100_000;

/// What a token is for. One for the API never opens a redirection, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Api,
    Browser,
    Redirection,
}

impl Audience {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Api => "viaduct-api",
            Self::Browser => "viaduct-browser",
            Self::Redirection => "viaduct-redirection",
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Claims {
    #[serde(rename = "tenantId")]
    tenant: String,
    iss: String,
    #[serde(rename = "deviceId")]
    device: String,
    exp: i64,
    aud: String,
    /// Name of the principal.
    sub: String,
    /// Of the sign-in that it goes back to.
    sid: String,
    /// Changes with everything that decides what the principal may do.
    fp: String,
    /// When the second factor was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mfa: Option<i64>,
}

/// The right to open redirections of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectionGrant {
    /// Who, with the rights of this moment.
    pub principal: Principal,
    /// Which device.
    pub device: DeviceId,
}

impl Access {
    /// A token for the API, for somebody who has just signed in.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn login_token(&self, who: &Principal) -> Result<Secret<String>, StoreError> {
        self.issue(who, Audience::Api, EVERY_DEVICE, LOGIN)
    }

    /// What a browser keeps in its cookie.
    pub(crate) fn browser_token(&self, who: &Principal) -> Result<Secret<String>, StoreError> {
        self.issue(who, Audience::Browser, EVERY_DEVICE, BROWSER)
    }

    /// A token that opens redirections of this device for five minutes and does nothing else.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn redirection_token(
        &self,
        who: &Principal,
        device: DeviceId,
    ) -> Result<Secret<String>, StoreError> {
        self.issue(who, Audience::Redirection, &device.to_string(), REDIRECTION)
    }

    fn issue(
        &self,
        who: &Principal,
        audience: Audience,
        device: &str,
        life: Duration,
    ) -> Result<Secret<String>, StoreError> {
        let sid = match &who.session {
            Some(session) => session.clone(),
            None => self.new_session(&who.name)?,
        };
        let life = i64::try_from(life.as_secs()).unwrap_or_default();
        self.0.signer.sign(&Claims {
            tenant: who.tenant.clone(),
            iss: self.0.signer.issuer.clone(),
            device: device.to_owned(),
            exp: OffsetDateTime::now_utc().unix_timestamp() + life,
            aud: audience.name().to_owned(),
            sub: who.name.clone(),
            sid,
            fp: self.fingerprint(&who.name).ok_or_else(|| StoreError::Invalid {
                field: "user",
                why: format!("{} is not known any more", who.name),
            })?,
            mfa: who.second_factor.map(OffsetDateTime::unix_timestamp),
        })
    }

    /// A name for a sign-in, which ends in the second it began.
    fn new_session(&self, name: &str) -> Result<String, StoreError> {
        let random = keys::random_text(16, b"abcdefghijklmnopqrstuvwxyz0123456789")?;
        Ok(format!("{random}.{}", self.session_begins(name)))
    }

    /// The second that a new sign-in counts from: whoever was signed out a moment ago and signs in again is not taken for
    /// the one of before.
    pub(super) fn session_begins(&self, name: &str) -> i64 {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        self.ended_at(name).map_or(now, |before| now.max(before + 1))
    }

    /// The second in which everything of a user was ended.
    fn ended_at(&self, name: &str) -> Option<i64> {
        let ended = self.0.ended();
        ended.get(&everything_of(name)).map(|expires| (*expires - EVERYTHING).unix_timestamp())
    }

    /// Whether that sign-in of that user was ended, alone or with all others.
    pub(super) fn is_ended(&self, name: &str, session: &str) -> bool {
        if self.0.ended().contains_key(session) {
            return true;
        }
        let began = session.rsplit_once('.').and_then(|(_, began)| began.parse::<i64>().ok());
        self.ended_at(name).is_some_and(|at| began.is_none_or(|began| began <= at))
    }

    /// The principal of a token for the API.
    ///
    /// # Errors
    /// When it was not signed here, is for something else, has expired or was ended, or its user is gone or changed.
    pub fn signed(&self, token: &Secret<String>) -> Result<Principal, SignInError> {
        match self.0.signer.verify(token, Audience::Api) {
            Ok(claims) => self.believe(claims),
            Err(_) => self.stand_in(&self.0.signer.vouched(token, Audience::Api)?),
        }
    }

    /// The principal of a browser's cookie.
    pub(crate) fn browser(&self, token: &Secret<String>) -> Result<Principal, SignInError> {
        self.believe(self.0.signer.verify(token, Audience::Browser)?)
    }

    /// What a redirection token allows. The rights of its principal are those of this moment; asking whether they cover
    /// the redirection that is opened is up to the caller.
    ///
    /// # Errors
    /// As for [`Access::signed`].
    pub fn redirection(&self, token: &Secret<String>) -> Result<RedirectionGrant, SignInError> {
        let (device, principal) = match self.0.signer.verify::<Claims>(token, Audience::Redirection)
        {
            Ok(claims) => (claims.device.clone(), self.believe(claims)?),
            Err(_) => {
                let vouched = self.0.signer.vouched(token, Audience::Redirection)?;
                (vouched.device.clone(), self.stand_in(&vouched)?)
            }
        };
        let device = device.parse().map_err(|_| SignInError::Wrong)?;
        Ok(RedirectionGrant { principal, device })
    }

    /// Whoever the settings name for tokens that were signed elsewhere.
    fn stand_in(&self, vouched: &Vouched) -> Result<Principal, SignInError> {
        let mut principal = self.principal(&vouched.user).ok_or(SignInError::Wrong)?;
        if self.is_ended(&principal.name, &vouched.session) || principal.tenant != vouched.tenant {
            return Err(SignInError::Wrong);
        }
        principal.session = Some(vouched.session.clone());
        Ok(principal)
    }

    fn believe(&self, claims: Claims) -> Result<Principal, SignInError> {
        if self.is_ended(&claims.sub, &claims.sid) {
            return Err(SignInError::Wrong);
        }
        // Somebody whose password, role or scope changed signs in again.
        if self.fingerprint(&claims.sub).as_ref() != Some(&claims.fp) {
            return Err(SignInError::Wrong);
        }
        let mut principal = self.principal(&claims.sub).ok_or(SignInError::Wrong)?;
        if principal.tenant != claims.tenant {
            return Err(SignInError::Wrong);
        }
        principal.session = Some(claims.sid);
        principal.second_factor =
            claims.mfa.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        Ok(principal)
    }

    /// Whether somebody who signed in a while ago still has the same rights; false once the sign-in was ended, or what it
    /// rested on is another: the password, the second factor, the token's value.
    #[must_use]
    pub fn is_current(&self, who: &Principal) -> bool {
        let ended = who.session.as_ref().is_some_and(|sid| self.is_ended(&who.name, sid));
        let same = |now: Principal| {
            now.rights == who.rights
                && now.tenant == who.tenant
                && now.labels == who.labels
                && (who.mark.is_none() || now.mark == who.mark)
        };
        !ended && self.principal(&who.name).is_some_and(same)
    }

    /// The rights that a name has at this moment: a user's, or a token's as `token:NAME`.
    #[must_use]
    pub fn principal_named(&self, name: &str) -> Option<Principal> {
        self.principal(name)
    }

    /// Ends the sign-in that this principal came with; every token that goes back to it is worthless at once, also after
    /// a restart, and what goes on because of one ends. Other sign-ins of the same user, and what was opened with the
    /// password, go on. False: it came with none.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn sign_out(&self, who: &Principal) -> Result<bool, StoreError> {
        let own = who.session.clone().filter(|session| !session.starts_with(proxy::PASSWORD));
        let Some(session) = own else { return Ok(false) };
        self.end_session(session, LOGIN.max(self.0.signer.life)).await?;
        Ok(true)
    }

    /// Ends every sign-in of a user, in browsers and of programs; the password stays, and opens new ones. What goes on
    /// because of one ends with it. Also after a restart.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn sign_out_everywhere(&self, user: &str) -> Result<(), StoreError> {
        self.end_session(everything_of(user), EVERYTHING).await
    }

    async fn end_session(&self, session: String, keep: Duration) -> Result<(), StoreError> {
        let now = OffsetDateTime::now_utc();
        let expires = now + keep;
        let this = self.clone();
        durable(async move {
            this.0.inventory.store().end_session(&session, expires, now).await?;
            let mut ended = this.0.ended();
            ended.retain(|_, end| *end > now);
            if ended.len() >= ENDED_MAX {
                return Err(StoreError::Invalid {
                    field: "session",
                    why: "too many were ended today; they end by themselves".into(),
                });
            }
            ended.insert(session, expires);
            Ok(())
        })
        .await
    }
}

/// Stands for all sign-ins of a user among those that were ended; no sign-in's own name has a colon.
fn everything_of(user: &str) -> String {
    format!("all:{}", user.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::signing::Signer;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

    fn claims(audience: Audience, exp: i64) -> Claims {
        Claims {
            tenant: String::new(),
            iss: config::Jwt::default().issuer,
            device: "*".into(),
            exp,
            aud: audience.name().into(),
            sub: "ann".into(),
            sid: "s".into(),
            fp: "f".into(),
            mfa: None,
        }
    }

    fn signer(key: &[u8]) -> Signer {
        Signer::new(&config::Jwt::default(), key).unwrap()
    }

    fn verify(
        signer: &Signer,
        token: &Secret<String>,
        audience: Audience,
    ) -> Result<Claims, SignInError> {
        signer.verify(token, audience)
    }

    fn soon() -> i64 {
        OffsetDateTime::now_utc().unix_timestamp() + 100
    }

    fn raw(head: &str, body: &str, signature: &str) -> Secret<String> {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        Secret::new(format!("{}.{}.{signature}", B64.encode(head), B64.encode(body)))
    }

    #[test]
    fn only_what_was_signed_here_for_this_purpose_is_believed() {
        let signer = signer(b"0123456789abcdef0123456789abcdef");
        let good = signer.sign(&claims(Audience::Api, soon())).unwrap();
        assert_eq!(verify(&signer, &good, Audience::Api).unwrap().sub, "ann");
        for other in [Audience::Browser, Audience::Redirection] {
            assert_eq!(verify(&signer, &good, other).err(), Some(SignInError::Wrong));
        }
        let stranger = self::signer(b"fedcba9876543210fedcba9876543210");
        assert_eq!(verify(&stranger, &good, Audience::Api).err(), Some(SignInError::Wrong));
        let late = signer.sign(&claims(Audience::Api, soon() - 101)).unwrap();
        assert_eq!(verify(&signer, &late, Audience::Api).err(), Some(SignInError::Expired));
        let text = good.expose();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = Secret::new(String::from_utf8(changed).unwrap());
            if changed != good {
                let read = verify(&signer, &changed, Audience::Api);
                // The last character carries bits that mean nothing; everything else counts.
                assert!(read.is_err() || at + 1 == text.len(), "character {at}");
            }
        }
        for wrong in ["", ".", "..", "a.b.c", "vdt_x"] {
            assert!(verify(&signer, &Secret::new(wrong.into()), Audience::Api).is_err());
        }
    }

    #[test]
    fn another_algorithm_than_ours_is_refused_also_none() {
        let key = b"0123456789abcdef0123456789abcdef";
        let signer = signer(key);
        let body = serde_json::to_string(&claims(Audience::Api, soon())).unwrap();
        for alg in ["none", "None", "NONE", "nOnE"] {
            let head = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
            for signature in ["", "AAAA"] {
                let token = raw(&head, &body, signature);
                assert_eq!(verify(&signer, &token, Audience::Api).err(), Some(SignInError::Wrong));
            }
        }
        for other in [Algorithm::HS384, Algorithm::HS512] {
            let claims = claims(Audience::Api, soon());
            let key = EncodingKey::from_secret(key);
            let token = Secret::new(encode(&Header::new(other), &claims, &key).unwrap());
            assert_eq!(verify(&signer, &token, Audience::Api).err(), Some(SignInError::Wrong));
        }
        // A head that says RS256 does not make our key a public one.
        let good = signer.sign(&claims(Audience::Api, soon())).unwrap();
        let signature = good.expose().rsplit('.').next().unwrap().to_owned();
        let token = raw(r#"{"alg":"RS256","typ":"JWT"}"#, &body, &signature);
        assert_eq!(verify(&signer, &token, Audience::Api).err(), Some(SignInError::Wrong));
    }

    #[test]
    fn the_claims_are_those_that_gateways_read() {
        let signer = signer(b"0123456789abcdef0123456789abcdef");
        let token = signer.sign(&claims(Audience::Redirection, soon())).unwrap();
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        let parts: Vec<_> =
            token.expose().split('.').map(|part| B64.decode(part).unwrap()).collect();
        let head: serde_json::Value = serde_json::from_slice(&parts[0]).unwrap();
        assert_eq!(head, serde_json::json!({ "alg": "HS256", "typ": "JWT" }));
        let body: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
        for (key, value) in
            [("tenantId", ""), ("iss", &config::Jwt::default().issuer), ("deviceId", "*")]
        {
            assert_eq!(body[key], value);
        }
        assert!(body["exp"].is_i64());
    }
}
