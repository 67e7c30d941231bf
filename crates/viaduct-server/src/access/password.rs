//! People's passwords: Argon2id (19 MiB, two passes), two at a time at most, and a short memory for those that were right,
//! so that a console that signs in for every connection does not cost 20 ms each time. People where they have signed in
//! before do not queue behind strangers who guess.

use super::{argon, throttle::Standing};
use crate::{
    config::Secret,
    inventory::{StoreError, keys::Keys},
    recent::Recent,
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Checks at the same time; each takes 19 MiB and a processor.
pub(super) const AT_ONCE: usize = 2;
/// Of these, for those who have not signed in from where they are: whoever has finds the other one free.
const STRANGERS_AT_ONCE: usize = 1;
/// Checks that wait for their turn, of people and of strangers apart; more are told to come back, or strangers could make
/// people wait for minutes.
const WAITING: usize = 64;
/// From where somebody has failed, nobody joins strangers who are as many as this already: the places are left to those
/// who come for the first time.
const SUSPECTS_WAITING: usize = 8;
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
    strangers_turn: Semaphore,
    waiting: AtomicUsize,
    strangers_waiting: AtomicUsize,
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
    fn new(counter: &'a AtomicUsize, most: usize) -> Result<Self, Busy> {
        let waiting = Self(counter);
        if counter.fetch_add(1, Ordering::Relaxed) >= most { Err(Busy) } else { Ok(waiting) }
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
            strangers_turn: Semaphore::new(STRANGERS_AT_ONCE),
            waiting: AtomicUsize::new(0),
            strangers_waiting: AtomicUsize::new(0),
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
        standing: Standing,
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
        let turn = self.turn(standing).await?;
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

    /// Waits for a turn; it lasts until it is dropped.
    async fn turn(
        &self,
        standing: Standing,
    ) -> Result<(SemaphorePermit<'_>, Option<SemaphorePermit<'_>>), Busy> {
        let (line, most) = match standing {
            Standing::Known => (&self.waiting, WAITING),
            Standing::New => (&self.strangers_waiting, WAITING),
            Standing::Suspect => (&self.strangers_waiting, SUSPECTS_WAITING),
        };
        let _waiting = Waiting::new(line, most)?;
        let strangers = match standing {
            Standing::Known => None,
            Standing::New | Standing::Suspect => {
                Some(self.strangers_turn.acquire().await.map_err(|_| Busy)?)
            }
        };
        Ok((self.turn.acquire().await.map_err(|_| Busy)?, strangers))
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

/// The PHC string to keep.
pub(super) async fn hash(password: Secret<String>) -> Result<String, StoreError> {
    let salt: [u8; 16] = crate::inventory::keys::random()?;
    let work = move || argon::hash(password.expose(), &salt);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(phc)) => Ok(phc),
        Ok(Err(e)) => Err(StoreError::Database(format!("the password cannot be hashed: {e}"))),
        Err(e) => Err(StoreError::Database(format!("the password cannot be hashed: {e}"))),
    }
}

async fn verify(password: Secret<String>, phc: String) -> bool {
    let work = move || argon::verify(password.expose(), &phc);
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
            let answer = passwords.check(&keys, "ann", &wrong, known, Standing::New, || true).await;
            assert_eq!(answer, Ok(Some(false)));
            assert_eq!(passwords.checks.load(Ordering::Relaxed), before + 1);
        }
    }

    #[tokio::test]
    async fn a_right_password_is_remembered_until_it_changes_and_a_wrong_one_never() {
        let (_place, keys, passwords, phc) = made().await;
        let right = secret("correct horse");
        for _ in 0..3 {
            let answer = passwords
                .check(&keys, "ann", &right, Some(phc.clone()), Standing::New, || true)
                .await;
            assert_eq!(answer, Ok(Some(true)));
        }
        assert_eq!(passwords.checks.load(Ordering::Relaxed), 1);
        let changed = hash(secret("another horse")).await.unwrap();
        let answer =
            passwords.check(&keys, "ann", &right, Some(changed), Standing::New, || true).await;
        assert_eq!(answer, Ok(Some(false)));
        let other = passwords.check(&keys, "bob", &right, None, Standing::New, || true).await;
        assert_eq!(other, Ok(Some(false)));
        assert_eq!(passwords.checks.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn whoever_is_throttled_while_waiting_is_not_checked() {
        let (_place, keys, passwords, phc) = made().await;
        let wrong = secret("wrong horse");
        let answer =
            passwords.check(&keys, "ann", &wrong, Some(phc), Standing::New, || false).await;
        assert_eq!(answer, Ok(None));
        assert_eq!(passwords.checks.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn the_queue_of_checks_is_bounded() {
        let (_place, keys, passwords, phc) = made().await;
        passwords.strangers_waiting.store(WAITING, Ordering::Relaxed);
        let any = secret("whatever it is");
        assert_eq!(
            passwords.check(&keys, "ann", &any, Some(phc), Standing::New, || true).await,
            Err(Busy)
        );
        let left = passwords.strangers_waiting.load(Ordering::Relaxed);
        assert_eq!(left, WAITING, "it leaves the queue again");
    }

    #[tokio::test]
    async fn whoever_has_signed_in_there_does_not_queue_behind_strangers() {
        let (_place, keys, passwords, phc) = made().await;
        let right = secret("correct horse");
        passwords.strangers_waiting.store(SUSPECTS_WAITING, Ordering::Relaxed);
        let check =
            |standing| passwords.check(&keys, "ann", &right, Some(phc.clone()), standing, || true);
        assert_eq!(check(Standing::Suspect).await, Err(Busy));
        // A stranger's turn that never ends.
        let _stranger = passwords.turn(Standing::New).await.unwrap();
        assert_eq!(check(Standing::Known).await, Ok(Some(true)));
    }
}
