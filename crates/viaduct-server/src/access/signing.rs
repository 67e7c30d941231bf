//! What tokens are signed with: a key of this server's own, or a secret that it shares with a gateway. With the latter,
//! others can sign tokens too; those name nobody, so the settings say whose rights they have.

use super::{
    SignInError,
    jwt::{Audience, EVERY_DEVICE, TOKEN_MAX},
};
use crate::{
    config::{self, Secret},
    inventory::StoreError,
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fmt, time::Duration};
use time::OffsetDateTime;

/// The clock of whoever signs a token may be ahead of ours by so many seconds.
const CLOCKS: i64 = 60;
/// Those for one redirection are for a moment: Open AMT gives them five minutes.
const REDIRECTION: Duration = Duration::from_secs(3600);

/// The key, the issuer, and whose rights strangers have.
pub(super) struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    pub(super) issuer: String,
    user: Option<String>,
    /// How long tokens of strangers last at most.
    pub(super) life: Duration,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([redacted])")
    }
}

/// What a token says that was signed elsewhere: Open AMT's claims and nothing of ours.
#[derive(Deserialize)]
struct Foreign {
    #[serde(rename = "tenantId", default)]
    tenant: String,
    #[serde(rename = "deviceId")]
    device: String,
    /// Ours have one, so that those for a redirection are not taken for others.
    aud: Option<Value>,
    exp: i64,
    /// When it was made, and from when on it is good: Open AMT's say neither.
    iat: Option<i64>,
    nbf: Option<i64>,
}

impl Foreign {
    /// The second in which it was made; where it does not say, the earliest that is possible.
    fn made(&self, life: i64) -> i64 {
        self.iat.or(self.nbf).unwrap_or(self.exp.saturating_sub(life))
    }
}

/// A stranger's token, believed.
pub(super) struct Vouched {
    pub(super) user: String,
    pub(super) tenant: String,
    pub(super) device: String,
    /// Names the sign-in, as our own tokens do.
    pub(super) session: String,
}

impl Signer {
    /// `own` is signed with unless the settings name a secret.
    ///
    /// # Errors
    /// When its file cannot be read or it is too short.
    pub(super) fn new(settings: &config::Jwt, own: &[u8]) -> Result<Self, StoreError> {
        let unusable = |why: String| StoreError::Invalid { field: "jwt.secret_file", why };
        let shared = match (&settings.secret, &settings.secret_file) {
            (Some(secret), _) => Some(secret.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file)
                    .map_err(|error| unusable(format!("{}: {error}", file.display())))?;
                let line = text.lines().next().unwrap_or_default().trim();
                if line.len() < config::SECRET_MIN {
                    return Err(unusable(format!(
                        "{} holds {} bytes in its first line; {} or more are needed, as `openssl rand -base64 32` gives them",
                        file.display(),
                        line.len(),
                        config::SECRET_MIN
                    )));
                }
                Some(Secret::new(line.to_owned()))
            }
            (None, None) => None,
        };
        let key = shared.as_ref().map_or(own, |secret| secret.expose().as_bytes());
        Ok(Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            issuer: settings.issuer.clone(),
            user: settings.user.clone().filter(|_| shared.is_some()),
            life: settings.life.0,
        })
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<Secret<String>, StoreError> {
        encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map(Secret::new)
            .map_err(|error| StoreError::Database(format!("a token cannot be signed: {error}")))
    }

    /// The claims of a token that was signed here for this purpose and has not expired.
    pub(super) fn verify<C: DeserializeOwned + Clone>(
        &self,
        token: &Secret<String>,
        audience: Audience,
    ) -> Result<C, SignInError> {
        let mut validation = self.validation(&["exp", "iss", "aud", "sub"]);
        validation.set_audience(&[audience.name()]);
        self.decode(token, &validation)
    }

    /// What a token stands for that somebody else has signed with the shared secret. For the API it must be for every
    /// device, as those of a sign-in are; for a redirection it must be for one.
    pub(super) fn vouched(
        &self,
        token: &Secret<String>,
        audience: Audience,
    ) -> Result<Vouched, SignInError> {
        let user = self.user.clone().ok_or(SignInError::Wrong)?;
        let mut validation = self.validation(&["exp", "iss"]);
        validation.validate_aud = false;
        let foreign: Foreign = self.decode(token, &validation)?;
        let every = foreign.device == EVERY_DEVICE;
        let fits = match audience {
            Audience::Api => every,
            Audience::Redirection => !every,
            Audience::Browser => false,
        };
        if !fits || foreign.aud.is_some() {
            return Err(SignInError::Wrong);
        }
        let life = if every { self.life } else { self.life.min(REDIRECTION) };
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let made = foreign.made(seconds);
        // One that does not say when it was made has at most its whole life before it.
        let now = OffsetDateTime::now_utc().unix_timestamp();
        if foreign.exp.saturating_sub(made.min(now)) > seconds.saturating_add(CLOCKS) {
            let most = config::Span(life);
            tracing::info!(%most, "a token that was signed elsewhere lasts too long (jwt.life) and is refused");
            return Err(SignInError::Wrong);
        }
        let hash = Sha256::digest(token.expose().as_bytes());
        let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let Foreign { tenant, device, .. } = foreign;
        Ok(Vouched { user, tenant, device, session: format!("{name}.{made}") })
    }

    fn validation(&self, required: &[&str]) -> Validation {
        // This one algorithm, whatever the token's head says.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(required);
        validation
    }

    fn decode<C: DeserializeOwned>(
        &self,
        token: &Secret<String>,
        validation: &Validation,
    ) -> Result<C, SignInError> {
        if token.expose().len() > TOKEN_MAX {
            return Err(SignInError::Wrong);
        }
        match decode::<C>(token.expose(), &self.decoding, validation) {
            Ok(token) => Ok(token.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                Err(SignInError::Expired)
            }
            Err(_) => Err(SignInError::Wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn signer(user: Option<&str>) -> Signer {
        let settings = config::Jwt {
            secret: Some(Secret::new(SECRET.into())),
            user: user.map(str::to_owned),
            ..config::Jwt::default()
        };
        Signer::new(&settings, b"own").unwrap()
    }

    fn token(change: &Value) -> Secret<String> {
        let exp = OffsetDateTime::now_utc().unix_timestamp() + 100;
        let issuer = config::Jwt::default().issuer;
        let mut claims = json!({ "tenantId": "", "iss": issuer, "deviceId": "*", "exp": exp });
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
        }
        signer(None).sign(&claims).unwrap()
    }

    fn judged(user: Option<&str>, change: &Value, audience: Audience) -> Result<(), SignInError> {
        signer(user).vouched(&token(change), audience).map(drop)
    }

    #[test]
    fn a_strangers_token_is_believed_only_where_the_settings_say_for_whom() {
        let (ann, plain) = (Some("ann"), json!({}));
        assert_eq!(judged(ann, &plain, Audience::Api), Ok(()));
        assert_eq!(judged(None, &plain, Audience::Api), Err(SignInError::Wrong));
        assert_eq!(judged(ann, &plain, Audience::Browser), Err(SignInError::Wrong));
        // One for a redirection is for a device, and for nothing else.
        assert_eq!(judged(ann, &plain, Audience::Redirection), Err(SignInError::Wrong));
        let device = json!({ "deviceId": "4c4c4544-004b-4210-8033-b6c04f504633" });
        assert_eq!(judged(ann, &device, Audience::Redirection), Ok(()));
        assert_eq!(judged(ann, &device, Audience::Api), Err(SignInError::Wrong));
        // Ours say what they are for.
        let ours = json!({ "aud": "viaduct-redirection" });
        assert_eq!(judged(ann, &ours, Audience::Api), Err(SignInError::Wrong));
        assert_eq!(judged(ann, &json!({ "exp": 1 }), Audience::Api), Err(SignInError::Expired));
        assert_eq!(judged(ann, &json!({ "iss": "x" }), Audience::Api), Err(SignInError::Wrong));
        let own = Signer::new(&config::Jwt::default(), b"own").unwrap();
        assert!(own.vouched(&token(&plain), Audience::Api).is_err(), "another key");
    }

    fn session(change: &Value) -> Result<String, SignInError> {
        signer(Some("ann")).vouched(&token(change), Audience::Api).map(|vouched| vouched.session)
    }

    fn made(change: &Value) -> i64 {
        let session = session(change).unwrap();
        session.rsplit_once('.').unwrap().1.parse().unwrap()
    }

    #[test]
    fn a_strangers_token_counts_from_where_it_says_or_from_a_whole_life_before_its_end() {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let day = 24 * 3600;
        assert_eq!(made(&json!({ "exp": now + 100 })), now + 100 - day);
        assert_eq!(made(&json!({ "exp": now + 100, "nbf": now - 7 })), now - 7);
        assert_eq!(made(&json!({ "exp": now + 100, "nbf": now - 7, "iat": now - 9 })), now - 9);
        // Whoever could make it count from later than it was made would outlive being signed out everywhere.
        for too_long in [
            json!({ "exp": now + day + 3600 }),
            json!({ "exp": now + 7 * day, "iat": now }),
            json!({ "exp": now + 100, "iat": now - day }),
            json!({ "exp": now + 2 * day, "nbf": now + day }),
        ] {
            assert_eq!(session(&too_long), Err(SignInError::Wrong), "{too_long}");
        }
        assert!(session(&json!({ "exp": now + day + 5 })).is_ok(), "clocks differ");
    }
}
