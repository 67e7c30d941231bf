//! The queue of one device: who may speak with it, with which account, and whose turn it is to change what it boots.

use super::{CommandError, exchange::Account};
use crate::tunnel::TunnelId;
use amt::credentials::Credentials;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// More callers than this do not wait: they are told that the device is busy.
const WAITING_MAX: usize = 64;
/// How long a password rests after the first refusal and after the second: one answer may be a mistake of firmware that
/// restarts. After one more it is not tried again until somebody stores a password, the same or another: AMT counts wrong
/// ones and raises an alarm, and pages that are left open must not look like an attack.
const RESTS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(3600)];

/// What is shared by all commands to one device.
#[derive(Debug)]
pub(super) struct Queue {
    /// Fair: in the order of asking.
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    known: Mutex<Known>,
    absent: Mutex<Absent>,
    boot: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Known {
    account: Option<Arc<Account>>,
    refused: Option<Refused>,
}

/// Classes that the platform has said it has not, in this tunnel: with other firmware it comes by another one.
#[derive(Debug, Default)]
struct Absent {
    tunnel: Option<TunnelId>,
    classes: BTreeSet<&'static str>,
}

/// When the account was refused last, and how often since it was taken or stored.
#[derive(Debug, Clone, Copy)]
struct Refused {
    at: Instant,
    times: usize,
}

impl Refused {
    /// Whether the account may not be tried now.
    fn rests(self) -> bool {
        RESTS.get(self.times - 1).is_none_or(|rest| self.at.elapsed() < *rest)
    }
}

/// A place in the queue; free again when dropped.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// The turn to change what a device boots; ends when dropped.
#[derive(Debug)]
pub struct BootTurn(#[expect(dead_code, reason = "held, not read")] OwnedMutexGuard<()>);

/// Counts a caller as waiting.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.max(1))),
            waiting: AtomicUsize::new(0),
            known: Mutex::default(),
            absent: Mutex::default(),
            boot: Arc::default(),
        }
    }

    /// Waits for a place; none when too many wait, or none gets free in time.
    pub(super) async fn enter(&self, patience: Duration) -> Option<Place> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= WAITING_MAX {
            return None;
        }
        timeout(patience, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok().map(Place)
    }

    pub(super) async fn boot_turn(&self, patience: Duration) -> Option<BootTurn> {
        timeout(patience, Arc::clone(&self.boot).lock_owned()).await.ok().map(BootTurn)
    }

    /// The account with what is known of its digest; a changed password starts anew.
    pub(super) fn account(&self, credentials: Credentials) -> Result<Arc<Account>, CommandError> {
        let mut known = self.known();
        if let Some(account) = known.account.as_ref().filter(|account| account.is(&credentials)) {
            if known.refused.is_some_and(Refused::rests) {
                return Err(CommandError::CredentialRefused);
            }
            return Ok(Arc::clone(account));
        }
        let account = Arc::new(Account::new(credentials));
        *known = Known { account: Some(Arc::clone(&account)), refused: None };
        Ok(account)
    }

    /// The device refused this account.
    pub(super) fn refused(&self, account: &Arc<Account>) {
        let mut known = self.known();
        if known.account.as_ref().is_some_and(|current| Arc::ptr_eq(current, account)) {
            let times = known.refused.map_or(1, |refused| refused.times + 1);
            known.refused = Some(Refused { at: Instant::now(), times });
        }
    }

    /// The device took this account.
    pub(super) fn accepted(&self, account: &Arc<Account>) {
        let mut known = self.known();
        if known.account.as_ref().is_some_and(|current| Arc::ptr_eq(current, account)) {
            known.refused = None;
        }
    }

    /// Whether the platform has said in this tunnel that it has not this class.
    pub(super) fn lacks(&self, tunnel: TunnelId, class: &str) -> bool {
        let absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        absent.tunnel == Some(tunnel) && absent.classes.contains(class)
    }

    /// It has just said so.
    pub(super) fn note_absent(&self, tunnel: TunnelId, class: &'static str) {
        let mut absent = self.absent.lock().unwrap_or_else(PoisonError::into_inner);
        if absent.tunnel != Some(tunnel) {
            *absent = Absent { tunnel: Some(tunnel), classes: BTreeSet::new() };
        }
        absent.classes.insert(class);
    }

    #[cfg(test)]
    fn is_refused(&self) -> bool {
        self.known().refused.is_some()
    }

    pub(super) fn forget_refusal(&self) {
        self.known().refused = None;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test(start_paused = true)]
    async fn callers_beyond_the_places_wait_and_are_sent_away_in_the_end() {
        let queue = Queue::new(1);
        let first = queue.enter(PATIENCE).await.expect("a free place");
        assert!(queue.enter(PATIENCE).await.is_none());
        drop(first);
        assert!(queue.enter(PATIENCE).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_limit_wait() {
        let queue = Arc::new(Queue::new(1));
        let _first = queue.enter(PATIENCE).await.expect("a free place");
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let queue = Arc::clone(&queue);
                tokio::spawn(async move { queue.enter(PATIENCE).await.is_none() })
            })
            .collect();
        while queue.waiting.load(Ordering::Relaxed) < WAITING_MAX {
            tokio::task::yield_now().await;
        }
        let before = Instant::now();
        assert!(queue.enter(PATIENCE).await.is_none());
        assert_eq!(before.elapsed(), Duration::ZERO, "it is sent away at once");
        for caller in waiting {
            assert!(caller.await.unwrap());
        }
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_password_rests_and_a_new_one_does_not() {
        let queue = Queue::new(1);
        let old = || Credentials::new("admin", "old");
        let account = queue.account(old()).unwrap();
        queue.refused(&account);
        assert_eq!(queue.account(old()).unwrap_err(), CommandError::CredentialRefused);
        assert!(queue.account(Credentials::new("admin", "new")).is_ok());
        let account = queue.account(old()).unwrap();
        queue.refused(&account);
        tokio::time::advance(RESTS[0]).await;
        assert!(queue.account(old()).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_password_that_is_refused_for_the_third_time_is_not_tried_until_one_is_stored() {
        let queue = Queue::new(1);
        let wrong = || Credentials::new("admin", "wrong");
        for rest in RESTS {
            let account = queue.account(wrong()).unwrap();
            queue.refused(&account);
            tokio::time::advance(rest - Duration::from_secs(1)).await;
            assert!(queue.account(wrong()).is_err(), "{rest:?}");
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(queue.is_refused(), "it stays so until it is taken");
        }
        let account = queue.account(wrong()).unwrap();
        queue.refused(&account);
        tokio::time::advance(1000 * RESTS[1]).await;
        assert!(queue.account(wrong()).is_err());
        queue.forget_refusal();
        assert!(queue.account(wrong()).is_ok(), "whoever stores it wants it tried");
    }

    #[tokio::test(start_paused = true)]
    async fn an_accepted_password_was_never_refused() {
        let queue = Queue::new(1);
        let account = queue.account(Credentials::new("admin", "right")).unwrap();
        for _ in 0..5 {
            queue.refused(&account);
            queue.accepted(&account);
            assert!(!queue.is_refused());
        }
        queue.refused(&account);
        tokio::time::advance(RESTS[0]).await;
        assert!(queue.account(Credentials::new("admin", "right")).is_ok());
    }
}
