//! The platform's side of digest: challenges, and verdicts on answers.

use std::time::Duration;

use super::{Answer, Challenge, DigestError, Ha1, Md5Hex, NonceProblem, NonceTable, Qop};

/// Judges answers for one realm.
#[derive(Debug, Clone)]
pub struct DigestVerifier {
    realm: String,
    qop: Vec<Qop>,
    nonces: NonceTable,
}

/// A request is not let in; send [`DigestVerifier::challenge`] with this `stale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The password was right and only the nonce was not.
    pub stale: bool,
    /// Why. Not for the peer.
    pub reason: RefusalReason,
}

/// Why an answer was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// No `Authorization` field.
    #[error("no credentials were given")]
    Absent,
    /// One that cannot be read, or has no full response.
    #[error(transparent)]
    Unreadable(#[from] DigestError),
    /// Realm, target or quality of protection are not those of this request.
    #[error("the answer belongs to another request")]
    OtherRequest,
    /// Unknown user or wrong password; which one is nobody's business.
    #[error("wrong user or password")]
    Wrong,
    /// Right but for the nonce.
    #[error(transparent)]
    Nonce(#[from] NonceProblem),
}

impl DigestVerifier {
    /// A verifier that offers these qualities of protection.
    #[must_use]
    pub const fn new(realm: String, qop: Vec<Qop>, nonces: NonceTable) -> Self {
        Self { realm, qop, nonces }
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Offers these qualities of protection from now on; answers with others are refused.
    pub fn offer(&mut self, qop: Vec<Qop>) {
        self.qop = qop;
    }

    /// Forgets all nonces: whoever uses one is told that it is stale.
    pub fn forget_nonces(&mut self) {
        self.nonces.clear();
    }

    /// A fresh challenge. `entropy` must be 16 fresh random bytes.
    pub fn challenge(&mut self, stale: bool, now: Duration, entropy: [u8; 16]) -> Challenge {
        Challenge {
            realm: self.realm.clone(),
            nonce: self.nonces.issue(now, entropy),
            opaque: None,
            stale,
            qop: self.qop.clone(),
        }
    }

    /// Judges the `Authorization` of a request, and gives the user's name when it is right.
    /// `account` finds what is known of a user; an unknown one costs the same time.
    ///
    /// # Errors
    /// [`Refusal`], to be answered with 401.
    pub fn verify(
        &mut self,
        authorization: Option<&str>,
        (method, target, body): (&str, &str, &[u8]),
        now: Duration,
        account: impl FnOnce(&str) -> Option<Ha1>,
    ) -> Result<String, Refusal> {
        let refuse = |reason| Refusal { stale: false, reason };
        let header = authorization.ok_or(refuse(RefusalReason::Absent))?;
        let answer = Answer::parse(header).map_err(|e| refuse(RefusalReason::Unreadable(e)))?;
        let offered = match &answer.protection {
            Some(protection) => self.qop.contains(&protection.qop),
            None => self.qop.is_empty(),
        };
        if answer.realm != self.realm || !offered || !same_target(&answer.uri, target) {
            return Err(refuse(RefusalReason::OtherRequest));
        }
        let known = account(&answer.user);
        let ha1 = known.unwrap_or_else(|| Ha1::new("", &self.realm, ""));
        let expected: Md5Hex = answer.expected(ha1, method, body);
        if !answer.response.matches(&expected) || known.is_none() {
            return Err(refuse(RefusalReason::Wrong));
        }
        let count = answer.protection.as_ref().map(|p| p.count);
        match self.nonces.spend(&answer.nonce, count, now) {
            Ok(()) => Ok(answer.user),
            Err(problem) => Err(Refusal { stale: true, reason: RefusalReason::Nonce(problem) }),
        }
    }
}

/// The `uri` of an answer and the target of its request name the same thing, also when a proxy made
/// a path out of an absolute URI on the way (RFC 7616 §3.4.6).
fn same_target(uri: &str, target: &str) -> bool {
    path(uri) == path(target)
}

fn path(uri: &str) -> &str {
    let Some((_, rest)) = uri.split_once("://") else { return uri };
    match rest.find('/').and_then(|at| rest.get(at..)) {
        Some(path) => path,
        None => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Ha1, NonceTable, Qop, Refusal, RefusalReason};
    use crate::{
        credentials::Credentials,
        http::digest::{Challenge, DigestError, DigestLogin, DigestVerifier},
    };

    const REALM: &str = "Digest:A4070000000000000000000000000000";
    const BODY: &[u8] = b"<a/>";

    fn verifier(qop: Vec<Qop>) -> DigestVerifier {
        DigestVerifier::new(REALM.into(), qop, NonceTable::new(Duration::from_secs(60), 8))
    }

    fn judge(verifier: &mut DigestVerifier, header: &str, body: &[u8]) -> Result<String, Refusal> {
        let now = Duration::from_secs(1);
        verifier.verify(Some(header), ("POST", "/wsman", body), now, |user| {
            (user == "admin").then(|| Ha1::new("admin", REALM, "P@ssw0rd"))
        })
    }

    fn login(verifier: &mut DigestVerifier, user: &str, password: &str) -> DigestLogin {
        let challenge = verifier.challenge(false, Duration::ZERO, [7; 16]);
        let mut login = DigestLogin::new(Credentials::new(user, password));
        login.handle_challenge(Challenge::parse(&challenge.to_header()).unwrap());
        login
    }

    fn answer(login: &mut DigestLogin) -> String {
        login.authorize("POST", "/wsman", BODY, [9; 16]).unwrap()
    }

    #[test]
    fn both_roles_agree_with_auth_and_with_auth_int_and_without_either() {
        for qop in [vec![Qop::Auth], vec![Qop::AuthInt], vec![Qop::AuthInt, Qop::Auth], vec![]] {
            let mut verifier = verifier(qop);
            let mut login = login(&mut verifier, "admin", "P@ssw0rd");
            assert_eq!(judge(&mut verifier, &answer(&mut login), BODY), Ok("admin".into()));
        }
    }

    #[test]
    fn one_challenge_serves_many_requests_but_no_answer_serves_twice() {
        let mut verifier = verifier(vec![Qop::Auth]);
        let mut login = login(&mut verifier, "admin", "P@ssw0rd");
        let first = answer(&mut login);
        assert!(judge(&mut verifier, &first, BODY).is_ok());
        assert!(judge(&mut verifier, &answer(&mut login), BODY).is_ok());
        assert!(judge(&mut verifier, &first, BODY).is_err_and(|r| r.stale));
    }

    #[test]
    fn wrong_password_unknown_user_and_changed_body_look_the_same() {
        for (user, password, body) in
            [("admin", "wrong", BODY), ("nobody", "P@ssw0rd", BODY), ("admin", "P@ssw0rd", b"x")]
        {
            let mut verifier = verifier(vec![Qop::AuthInt]);
            let mut login = login(&mut verifier, user, password);
            let refusal = judge(&mut verifier, &answer(&mut login), body).unwrap_err();
            assert_eq!(refusal, Refusal { stale: false, reason: RefusalReason::Wrong });
        }
    }

    #[test]
    fn an_unknown_user_with_an_empty_password_does_not_get_in() {
        let mut verifier = verifier(vec![Qop::Auth]);
        let mut login = login(&mut verifier, "", "");
        let refusal = judge(&mut verifier, &answer(&mut login), BODY).unwrap_err();
        assert_eq!(refusal.reason, RefusalReason::Wrong);
    }

    #[test]
    fn empty_short_and_long_responses_are_refused_before_anything_is_compared() {
        let mut verifier = verifier(vec![Qop::Auth]);
        let header = answer(&mut login(&mut verifier, "admin", "P@ssw0rd"));
        let (start, rest) = header.split_once("response=\"").unwrap();
        let digits = &rest[..32];
        for response in
            [String::new(), digits[..1].into(), digits[..31].into(), format!("{digits}0")]
        {
            let header = format!("{start}response=\"{response}\"");
            let refusal = judge(&mut verifier, &header, BODY).unwrap_err();
            let reason = RefusalReason::Unreadable(DigestError::ResponseLength);
            assert_eq!(refusal, Refusal { stale: false, reason });
        }
        assert!(judge(&mut verifier, &header, BODY).is_ok(), "the unchanged one is fine");
    }

    #[test]
    fn an_answer_for_another_target_or_with_less_protection_is_refused() {
        let mut verifier = verifier(vec![Qop::Auth]);
        let mut login = login(&mut verifier, "admin", "P@ssw0rd");
        let other = login.authorize("POST", "/other", BODY, [9; 16]).unwrap();
        let reason = judge(&mut verifier, &other, BODY).unwrap_err().reason;
        assert_eq!(reason, RefusalReason::OtherRequest);
        let mut weaker = verifier.challenge(false, Duration::ZERO, [8; 16]);
        weaker.qop.clear();
        login.handle_challenge(weaker);
        let reason = judge(&mut verifier, &answer(&mut login), BODY).unwrap_err().reason;
        assert_eq!(reason, RefusalReason::OtherRequest);
    }

    #[test]
    fn an_absolute_uri_that_a_proxy_shortened_is_the_same_target() {
        let mut verifier = verifier(vec![Qop::Auth]);
        let mut login = login(&mut verifier, "admin", "P@ssw0rd");
        let header = login.authorize("POST", "http://pc:16992/wsman", BODY, [9; 16]).unwrap();
        assert!(judge(&mut verifier, &header, BODY).is_ok());
    }

    #[test]
    fn names_with_quotes_and_backslashes_survive() {
        let mut verifier = verifier(vec![Qop::Auth]);
        let mut login = login(&mut verifier, "a\"d\\m,in", "p");
        let header = answer(&mut login);
        let user = "a\"d\\m,in";
        let request = ("POST", "/wsman", BODY);
        let result = verifier.verify(Some(&header), request, Duration::ZERO, |name| {
            (name == user).then(|| Ha1::new(user, REALM, "p"))
        });
        assert_eq!(result, Ok(user.into()));
    }
}
