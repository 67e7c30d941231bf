//! Sign-ins that failed, until somebody records them: counted by account and source, so that a flood stays small.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// So many pairs of account and source are told apart at a time.
const PAIRS: usize = 1000;

/// Failures since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Failures {
    counted: Mutex<Failed>,
    new: Notify,
}

/// What failed in a while.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// How often, by account and source.
    pub by: HashMap<(String, IpAddr), u64>,
    /// How often beyond those.
    pub beyond: u64,
}

impl Failures {
    pub(super) fn note(&self, account: &str, from: IpAddr) {
        let mut failed = self.lock();
        let key = (account.escape_debug().to_string(), from);
        let known = failed.by.contains_key(&key);
        if known || failed.by.len() < PAIRS {
            *failed.by.entry(key).or_default() += 1;
        } else {
            failed.beyond += 1;
        }
        drop(failed);
        self.new.notify_one();
    }

    /// Waits until there is something.
    pub(super) async fn wait(&self) {
        self.new.notified().await;
    }

    pub(super) fn take(&self) -> Failed {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Failed> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_takes_no_more_room() {
        let failures = Failures::default();
        for number in 0..5000_u32 {
            failures.note("admin", IpAddr::from([192, 0, 2, 1]));
            failures.note("admin", IpAddr::from(number.to_be_bytes()));
        }
        let failed = failures.take();
        assert_eq!(failed.by.len(), PAIRS);
        assert_eq!(failed.by[&("admin".to_owned(), IpAddr::from([192, 0, 2, 1]))], 5000);
        assert_eq!(failed.by.values().sum::<u64>() + failed.beyond, 10_000);
        assert_eq!(failures.take(), Failed::default());
    }
}
