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

    /// Takes the challenge of a 401 and starts counting anew; where the nonce is the one that is known, the count goes on.
    pub fn handle_challenge(&mut self, challenge: Challenge) {
        if !self.knows(&challenge) {
            self.uses = 0;
        }
        self.challenge = Some(challenge);
    }

    fn knows(&self, challenge: &Challenge) -> bool {
        let same = |known: &Challenge| {
            (&known.nonce, &known.realm) == (&challenge.nonce, &challenge.realm)
        };
        self.challenge.as_ref().is_some_and(same)
    }

    /// A copy for one request that may run beside others. The turn is counted here, so the next copy uses a higher count;
    /// bring what the request learnt back with [`settle`](Self::settle).
    #[must_use]
    pub fn lend(&mut self) -> Self {
        let copy = self.clone();
        if self.challenge.is_some() {
            self.uses = self.uses.saturating_add(1);
        }
        copy
    }

    /// Takes over what a lent copy learnt: another challenge, or more uses of the one that is known.
    pub fn settle(&mut self, lent: Self) {
        let Some(challenge) = lent.challenge else { return };
        if lent.credentials != self.credentials {
            return;
        }
        self.uses = match self.knows(&challenge) {
            true => self.uses.max(lent.uses),
            false => lent.uses,
        };
        self.challenge = Some(challenge);
    }

    /// The account that is used.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
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

#[cfg(test)]
mod tests {
    use super::{Challenge, Credentials, DigestLogin};

    fn challenge(nonce: &str) -> Challenge {
        let header = format!("Digest realm=\"Digest:A4\",nonce=\"{nonce}\",qop=\"auth\"");
        Challenge::parse(&header).unwrap()
    }

    fn count(login: &mut DigestLogin) -> String {
        let header = login.authorize("POST", "/wsman", b"", [1; 16]).unwrap();
        let at = header.find("nc=").unwrap();
        header[at + 3..at + 11].to_owned()
    }

    #[test]
    fn requests_beside_each_other_never_use_a_count_twice() {
        let mut login = DigestLogin::new(Credentials::new("admin", "P@ssw0rd"));
        login.handle_challenge(challenge("n"));
        let (mut one, mut two) = (login.lend(), login.lend());
        assert_eq!((count(&mut one), count(&mut two)), ("00000001".into(), "00000002".into()));
        login.settle(two);
        login.settle(one);
        assert_eq!(count(&mut login.lend()), "00000003");
    }

    #[test]
    fn a_nonce_that_is_given_again_is_counted_on() {
        let mut login = DigestLogin::new(Credentials::new("admin", "P@ssw0rd"));
        login.handle_challenge(challenge("n"));
        let (mut one, mut two) = (login.lend(), login.lend());
        assert_eq!((count(&mut two), count(&mut one)), ("00000002".into(), "00000001".into()));
        // The second one came first, so the device refuses the first with the nonce that it has.
        one.handle_challenge(challenge("n"));
        login.settle(one);
        assert_eq!(count(&mut login.lend()), "00000003");
        login.settle(two);
        assert_eq!(count(&mut login.lend()), "00000004");
    }

    #[test]
    fn a_new_challenge_is_brought_back_and_one_of_another_account_is_not() {
        let mut login = DigestLogin::new(Credentials::new("admin", "P@ssw0rd"));
        let mut lent = login.lend();
        lent.handle_challenge(challenge("m"));
        assert_eq!(count(&mut lent), "00000001");
        login.settle(lent);
        assert_eq!(count(&mut login.lend()), "00000002");
        let mut other = DigestLogin::new(Credentials::new("admin", "changed"));
        other.settle(login);
        assert!(!other.is_challenged());
    }
}
