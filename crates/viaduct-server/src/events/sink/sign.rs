//! Signatures of what webhooks are sent, as Standard Webhooks (version 1) has them, so that receivers find ready code in
//! every language.

use crate::config::Secret;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Secrets with this prefix are base64, others are taken as they are.
const PREFIX: &str = "whsec_";

/// The key of a receiver.
#[derive(Debug, Clone)]
pub(super) struct Key(Secret<Vec<u8>>);

impl Key {
    pub(super) fn new(secret: &Secret<String>) -> Self {
        let text = secret.expose();
        let decoded = text.strip_prefix(PREFIX).and_then(|rest| BASE64_STANDARD.decode(rest).ok());
        Self(Secret::new(decoded.unwrap_or_else(|| text.as_bytes().to_vec())))
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        // HMAC takes keys of any length, so there is always one.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_as_there() {
        let key = Key::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()));
        let signature =
            key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }
}
