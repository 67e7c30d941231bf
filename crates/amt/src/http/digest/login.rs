//! The console's side of digest: answers challenges and counts the uses of a nonce.

use super::{Answer, Challenge, Ha1, Qop, ResponseInput, answer::Protection, md5_hex};
use crate::credentials::Credentials;

/// One console's standing with one platform. Keep it from request to request: while the platform
/// accepts the nonce, no further 401 is needed.
#[derive(Debug, Clone)]
pub struct DigestLogin {
    credentials: Credentials,
    challenge: Option<Challenge>,
    uses: u32,
}

impl DigestLogin {
    /// Nothing known of the platform yet.
    #[must_use]
    pub const fn new(credentials: Credentials) -> Self {
        Self { credentials, challenge: None, uses: 0 }
    }

    /// Whether a challenge is known, so that requests can be sent with an answer at once.
    #[must_use]
    pub const fn is_challenged(&self) -> bool {
        self.challenge.is_some()
    }

    /// Takes the challenge of a 401 and starts counting anew.
    pub fn handle_challenge(&mut self, challenge: Challenge) {
        self.challenge = Some(challenge);
        self.uses = 0;
    }

    /// The value of `Authorization` for one request; none while no challenge is known. `entropy`
    /// must be 16 fresh random bytes. `auth` is taken where offered, else `auth-int`.
    pub fn authorize(
        &mut self,
        method: &str,
        uri: &str,
        body: &[u8],
        entropy: [u8; 16],
    ) -> Option<String> {
        let challenge = self.challenge.as_ref()?;
        self.uses = self.uses.saturating_add(1);
        let qop = match challenge.qop.as_slice() {
            [] => None,
            offered if offered.contains(&Qop::Auth) => Some(Qop::Auth),
            _ => Some(Qop::AuthInt),
        };
        let cnonce = md5_hex(&[b"cnonce", &entropy]);
        let count = format!("{:08x}", self.uses);
        let protection = qop.map(|qop| (qop, count.as_str(), cnonce.as_str()));
        let input = ResponseInput { method, uri, nonce: &challenge.nonce, protection, body };
        let (user, password) = (self.credentials.user(), self.credentials.password());
        let answer = Answer {
            user: user.to_owned(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri: uri.to_owned(),
            response: input.response(Ha1::new(user, &challenge.realm, password)),
            protection: qop.map(|qop| Protection {
                qop,
                count: self.uses,
                cnonce: cnonce.as_str().to_owned(),
            }),
            opaque: challenge.opaque.clone(),
        };
        Some(answer.to_header())
    }
}
