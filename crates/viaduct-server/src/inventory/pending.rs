//! Which rows changed in memory and are not on disk yet. Only keys are kept: the rows themselves are read from memory
//! when they are written, so a row that changes a thousand times is written once.

use std::{collections::HashSet, hash::Hash};

/// Keys of changed rows, bounded.
#[derive(Debug)]
pub(crate) struct Pending<K> {
    soon: HashSet<K>,
    /// Changes that may wait a minute, such as one more knock of a stranger we know already.
    later: HashSet<K>,
    /// Too many changed to keep count: the whole table is written.
    all: bool,
    limit: usize,
}

/// What to write in one go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Take<K> {
    Rows(Vec<K>),
    All,
}

impl<K: Eq + Hash> Pending<K> {
    /// For at most `limit` keys.
    pub(crate) fn new(limit: usize) -> Self {
        Self { soon: HashSet::new(), later: HashSet::new(), all: false, limit }
    }

    pub(crate) fn soon(&mut self, key: K) {
        if !self.all {
            self.later.remove(&key);
            self.soon.insert(key);
            self.bound();
        }
    }

    pub(crate) fn later(&mut self, key: K) {
        if !self.all && !self.soon.contains(&key) {
            self.later.insert(key);
            self.bound();
        }
    }

    fn bound(&mut self) {
        if self.soon.len() + self.later.len() > self.limit {
            self.all = true;
            self.soon = HashSet::new();
            self.later = HashSet::new();
        }
    }

    /// Takes the keys out; `everything` includes those that may wait.
    pub(crate) fn take(&mut self, everything: bool) -> Take<K> {
        if std::mem::take(&mut self.all) {
            return Take::All;
        }
        let mut keys: Vec<_> = self.soon.drain().collect();
        if everything {
            keys.extend(self.later.drain());
        }
        Take::Rows(keys)
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&mut self, taken: Take<K>) {
        match taken {
            Take::Rows(keys) => keys.into_iter().for_each(|key| self.soon(key)),
            Take::All => self.all = true,
        }
    }

    /// Whether something should be written now.
    pub(crate) fn is_due(&self) -> bool {
        self.all || !self.soon.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        if self.all { self.limit } else { self.soon.len() + self.later.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_wait_is_taken_only_with_everything() {
        let mut pending = Pending::new(10);
        pending.later(1);
        assert!(!pending.is_due());
        assert_eq!(pending.take(false), Take::Rows(vec![]));
        pending.soon(2);
        assert_eq!(pending.take(false), Take::Rows(vec![2]));
        assert_eq!(pending.take(true), Take::Rows(vec![1]));
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn beyond_the_limit_it_remembers_only_that_everything_changed() {
        let mut pending = Pending::new(2);
        (0..100).for_each(|key| pending.soon(key));
        assert_eq!(pending.len(), 2);
        let taken = pending.take(false);
        assert_eq!(taken, Take::All);
        assert!(!pending.is_due());
        pending.put_back(taken);
        assert!(pending.is_due());
    }
}
