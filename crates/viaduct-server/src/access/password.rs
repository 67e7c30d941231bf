//! People's passwords: Argon2id (19 MiB, two passes), two at a time at most, and a short memory for those that were right,
//! so that a console that signs in for every connection does not cost 20 ms each time.

use crate::{
    config::Secret,
    inventory::{StoreError, keys::Keys},
    recent::Recent,
};
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Checks at the same time; each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;
/// Checks that wait for their turn; more are told to come back, or strangers could make people wait for minutes.
const WAITING: usize = 64;
/// So long a right password is remembered (as a keyed hash).
const REMEMBER: Duration = Duration::from_secs(60);
const REMEMBERED: usize = 1024;

pub(crate) const MIN: usize = 8;
/// Longest password; SOCKS5 has room for 255 bytes (RFC 1929).
pub(super) const MAX: usize = 255;

/// Too many checks wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

#[derive(Debug)]
pub(super) struct Passwords {
    turn: Semaphore,
    waiting: AtomicUsize,
    right: Mutex<Recent<[u8; 32], Instant>>,
    /// Checked against when there is no such user, so that this costs the same.
    dummy: String,
    /// Checks that were really made.
    #[cfg(test)]
    pub(super) checks: AtomicUsize,
}

/// Counts itself for as long as it lives, also when the one who waits goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(counter: &'a AtomicUsize) -> Result<Self, Busy> {
        let waiting = Self(counter);
        if counter.fetch_add(1, Ordering::Relaxed) >= WAITING { Err(Busy) } else { Ok(waiting) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    pub(super) async fn new() -> Result<Self, StoreError> {
        let random = crate::inventory::keys::random_text(32, b"0123456789abcdef")?;
        let dummy = hash(Secret::new(random)).await?;
        Ok(Self {
            turn: Semaphore::new(AT_ONCE),
            waiting: AtomicUsize::new(0),
            right: Mutex::new(Recent::new(REMEMBERED)),
            dummy,
            #[cfg(test)]
            checks: AtomicUsize::new(0),
        })
    }

    /// Whether it is the password of that PHC string; None: of nobody. `still_allowed` is asked again when the turn has
    /// come, because others may have failed meanwhile.
    pub(super) async fn check(
        &self,
        keys: &Keys,
        user: &str,
        password: &Secret<String>,
        phc: Option<String>,
        still_allowed: impl FnOnce() -> bool,
    ) -> Result<Option<bool>, Busy> {
        let exists = phc.is_some();
        let phc = phc.unwrap_or_else(|| self.dummy.clone());
        // The PHC string is part of it: a changed password makes the memory of the old one worthless.
        let parts = [user.as_bytes(), password.expose().as_bytes(), phc.as_bytes()];
        let remembered = keys.hash("sign-in", &parts);
        if self.remembers(&remembered) {
            return Ok(Some(true));
        }
        let waiting = Waiting::new(&self.waiting)?;
        let Ok(turn) = self.turn.acquire().await else { return Err(Busy) };
        drop(waiting);
        // Another connection with the same credential may have been first.
        if self.remembers(&remembered) {
            return Ok(Some(true));
        }
        if !still_allowed() {
            return Ok(None);
        }
        #[cfg(test)]
        self.checks.fetch_add(1, Ordering::Relaxed);
        let right = verify(password.clone(), phc).await && exists;
        drop(turn);
        if right {
            let now = Instant::now();
            *self.lock().touch(remembered, || now).0 = now;
        }
        Ok(Some(right))
    }

    fn remembers(&self, hash: &[u8; 32]) -> bool {
        let mut right = self.lock();
        let fresh = right.get(hash).map(|at| at.elapsed() < REMEMBER);
        if fresh == Some(false) {
            right.remove(hash);
        }
        fresh == Some(true)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Recent<[u8; 32], Instant>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn argon2() -> Argon2<'static> {
    // 19 MiB, two passes, one lane: the crate's defaults, which follow OWASP's password storage cheat sheet.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// The PHC string to keep.
pub(super) async fn hash(password: Secret<String>) -> Result<String, StoreError> {
    let salt: [u8; 16] = crate::inventory::keys::random()?;
    let work = move || {
        argon2()
            .hash_password_with_salt(password.expose().as_bytes(), &salt)
            .map(|hash: PasswordHash| hash.to_string())
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(phc)) => Ok(phc),
        Ok(Err(e)) => Err(StoreError::Database(format!("the password cannot be hashed: {e}"))),
        Err(e) => Err(StoreError::Database(format!("the password cannot be hashed: {e}"))),
    }
}

async fn verify(password: Secret<String>, phc: String) -> bool {
    let work = move || argon2().verify_password(password.expose().as_bytes(), phc.as_str()).is_ok();
    tokio::task::spawn_blocking(work).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.into())
    }

    async fn made() -> (tempfile::TempDir, Keys, Passwords, String) {
        let place = tempfile::tempdir().unwrap();
        let keys = Keys::open(place.path(), true).unwrap();
        let phc = hash(secret("correct horse")).await.unwrap();
        (place, keys, Passwords::new().await.unwrap(), phc)
    }

    #[tokio::test]
    async fn an_unknown_user_costs_one_check_as_a_wrong_password_does() {
        let (_place, keys, passwords, phc) = made().await;
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let wrong = secret("wrong horse");
        for known in [Some(phc), None] {
            let before = passwords.checks.load(Ordering::Relaxed);
            let answer = passwords.check(&keys, "ann", &wrong, known, || true).await;
            assert_eq!(answer, Ok(Some(false)));
            assert_eq!(passwords.checks.load(Ordering::Relaxed), before + 1);
        }
    }

    #[tokio::test]
    async fn a_right_password_is_remembered_until_it_changes_and_a_wrong_one_never() {
        let (_place, keys, passwords, phc) = made().await;
        let right = secret("correct horse");
        for _ in 0..3 {
            let answer = passwords.check(&keys, "ann", &right, Some(phc.clone()), || true).await;
            assert_eq!(answer, Ok(Some(true)));
        }
        assert_eq!(passwords.checks.load(Ordering::Relaxed), 1);
        let changed = hash(secret("another horse")).await.unwrap();
        let answer = passwords.check(&keys, "ann", &right, Some(changed), || true).await;
        assert_eq!(answer, Ok(Some(false)));
        let other = passwords.check(&keys, "bob", &right, None, || true).await;
        assert_eq!(other, Ok(Some(false)));
        assert_eq!(passwords.checks.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn whoever_is_throttled_while_waiting_is_not_checked() {
        let (_place, keys, passwords, phc) = made().await;
        let wrong = secret("wrong horse");
        let answer = passwords.check(&keys, "ann", &wrong, Some(phc), || false).await;
        assert_eq!(answer, Ok(None));
        assert_eq!(passwords.checks.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn the_queue_of_checks_is_bounded() {
        let (_place, keys, passwords, phc) = made().await;
        passwords.waiting.store(WAITING, Ordering::Relaxed);
        let any = secret("whatever it is");
        assert_eq!(passwords.check(&keys, "ann", &any, Some(phc), || true).await, Err(Busy));
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), WAITING, "it leaves the queue again");
    }
}
