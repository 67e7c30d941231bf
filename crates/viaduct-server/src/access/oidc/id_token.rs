//! What an ID token must be before a word of it is believed (OpenID Connect Core §3.1.3.7).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Signatures of a public key. Never HMAC: its key would be one that everybody can read.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Clocks differ.
const LEEWAY: u64 = 60;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it is signed with a key that the provider does not show")]
    UnknownKey,
    #[error("{0}")]
    Wrong(String),
}

/// Who it is about, and everything else that it says.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    #[serde(default)]
    nonce: String,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    pub(super) fn text(&self, claim: &str) -> Option<String> {
        let text = self.others.get(claim)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// One text, or a list of them.
    pub(super) fn texts(&self, claim: &str) -> Vec<String> {
        match self.others.get(claim) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(many)) => {
                many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it was made for `audience` and for nobody else: one that others may have too names the one it is for.
    fn is_for(&self, audience: &str) -> bool {
        let meant = self.texts("aud");
        let named = self.others.get("azp");
        meant.iter().any(|one| one == audience)
            && named.map_or(meant.len() == 1, |one| one.as_str() == Some(audience))
    }
}

pub(super) fn claims(
    token: &str,
    keys: &JwkSet,
    issuer: &str,
    audience: &str,
    nonce: &str,
) -> Result<Claims, Fault> {
    let wrong = |why: String| Fault::Wrong(why);
    let head = decode_header(token).map_err(|error| wrong(error.to_string()))?;
    if !ALGORITHMS.contains(&head.alg) {
        return Err(wrong(format!("it is signed with {:?}", head.alg)));
    }
    let fits = |key: &&Jwk| head.kid.is_none() || key.common.key_id == head.kid;
    let key = keys.keys.iter().find(fits).ok_or(Fault::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|error| wrong(error.to_string()))?;
    let mut validation = Validation::new(head.alg);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let claims = decode::<Claims>(token, &key, &validation)
        .map_err(|error| wrong(error.to_string()))?
        .claims;
    if !claims.is_for(audience) {
        return Err(wrong(
            "it was made for another program as well, or for another one".to_owned(),
        ));
    }
    if nonce.is_empty() || claims.nonce != nonce {
        return Err(wrong("it is the answer to another sign-in".to_owned()));
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_for_several_programs_names_the_one_it_is_for() {
        for (about, fits) in [
            (json!({ "aud": "us" }), true),
            (json!({ "aud": ["us"] }), true),
            (json!({ "aud": "us", "azp": "us" }), true),
            (json!({ "aud": ["us", "them"], "azp": "us" }), true),
            (json!({ "aud": ["us", "them"] }), false),
            (json!({ "aud": ["us", "them"], "azp": "them" }), false),
            (json!({ "aud": "us", "azp": "them" }), false),
            (json!({ "aud": "us", "azp": 7 }), false),
            (json!({ "aud": "them", "azp": "us" }), false),
            (json!({ "azp": "us" }), false),
        ] {
            let mut claims = about.clone();
            claims["sub"] = "ann".into();
            let claims: Claims = serde_json::from_value(claims).unwrap();
            assert_eq!(claims.is_for("us"), fits, "{about}");
        }
    }
}
