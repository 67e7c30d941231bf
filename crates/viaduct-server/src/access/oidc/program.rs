//! Signing in a program by the browser beside it (RFC 8252): the browser ends at a port of the same machine with a code
//! that is good once, for a minute, and only for whoever began (PKCE).

use super::{Provider, challenge_of};
use crate::{
    access::Principal,
    inventory::{StoreError, keys},
    recent::Recent,
};
use std::{
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The program comes at once.
const FRESH: Duration = Duration::from_secs(60);
/// Codes that nobody has come for; the oldest leave first.
pub(super) const CODES_MAX: usize = 10_000;
/// Characters of a code.
const CODE: usize = 43;
/// RFC 7636 wants 43 to 128 characters of a verifier; a challenge (S256) has 43.
const CHALLENGE: usize = 43;
/// More of a state than this is none of ours.
const STATE_MAX: usize = 128;

/// A program that waits for somebody to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    port: u16,
    challenge: String,
    state: String,
}

/// What was given to a browser, for the program.
#[derive(Debug, Clone)]
pub(super) struct Given {
    who: Principal,
    challenge: String,
    at: Instant,
}

impl Program {
    /// None: a part of it is not what a program of ours sends.
    pub(crate) fn new(port: u16, challenge: &str, state: &str) -> Option<Self> {
        let plain =
            |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let fits = port >= 1024
            && challenge.len() == CHALLENGE
            && (16..=STATE_MAX).contains(&state.len())
            && plain(challenge)
            && plain(state);
        fits.then(|| Self { port, challenge: challenge.to_owned(), state: state.to_owned() })
    }

    /// Where the browser goes in the end: this machine, and no address that anybody could choose.
    pub(crate) fn place(&self, name: &str, value: &str) -> String {
        let query = super::form(&[(name, value), ("state", &self.state)]);
        format!("http://127.0.0.1:{}/?{query}", self.port)
    }
}

impl Provider {
    /// A code for the program.
    pub(crate) fn give(&self, program: &Program, who: &Principal) -> Result<String, StoreError> {
        let code = keys::random_text(CODE, super::ALPHABET)?;
        let challenge = program.challenge.clone();
        let given = Given { who: who.clone(), challenge, at: Instant::now() };
        self.codes().touch(code.clone(), || given);
        Ok(code)
    }

    /// Who a code stands for, once; none: it is not known, too old, or `verifier` is not that of who began.
    pub(crate) fn redeem(&self, code: &str, verifier: &str) -> Option<Principal> {
        let given = self.codes().remove(&code.to_owned())?;
        let fits = given.at.elapsed() < FRESH && challenge_of(verifier) == given.challenge;
        fits.then_some(given.who)
    }

    fn codes(&self) -> MutexGuard<'_, Recent<String, Given>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_this_machine_and_nowhere_else() {
        let challenge = challenge_of("verifier");
        let state = "0123456789abcdef";
        let program = Program::new(40_000, &challenge, state).unwrap();
        assert_eq!(
            program.place("error", "no role & more"),
            "http://127.0.0.1:40000/?error=no%20role%20%26%20more&state=0123456789abcdef"
        );
        for (port, challenge, state) in [
            (80, challenge.as_str(), state),
            (40_000, "short", state),
            (40_000, &challenge, "short"),
            (40_000, &challenge, "0123456789abcdef@example.com"),
        ] {
            assert_eq!(Program::new(port, challenge, state), None, "{port} {challenge} {state}");
        }
    }
}
