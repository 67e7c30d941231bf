//! A map of bounded size that forgets what was touched longest ago.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// Keeps at most `limit` entries; every operation costs at most O(log n), also when strangers fill it.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    entries: HashMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    next: u64,
    limit: usize,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    /// Empty, for `limit` entries (at least one).
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), next: 0, limit: limit.max(1) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The entry as it may be changed; it gets no newer by that.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// The entry, made if necessary, as the newest one. Second: whether it was made; third: who had to leave for it.
    pub(crate) fn touch(&mut self, key: K, make: impl FnOnce() -> V) -> (&mut V, bool, Option<K>) {
        let mut evicted = None;
        let fresh = !self.entries.contains_key(&key);
        if fresh && self.entries.len() >= self.limit {
            evicted = self.order.pop_first().map(|(_, oldest)| oldest);
            if let Some(oldest) = &evicted {
                self.entries.remove(oldest);
            }
        }
        let at = self.next;
        self.next += 1;
        self.order.insert(at, key.clone());
        let entry = self.entries.entry(key).or_insert_with(|| (at, make()));
        if entry.0 != at {
            self.order.remove(&entry.0);
            entry.0 = at;
        }
        (&mut entry.1, fresh, evicted)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (at, value) = self.entries.remove(key)?;
        self.order.remove(&at);
        Some(value)
    }

    /// All entries, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (&K, &V)> {
        self.order.values().rev().filter_map(|key| Some((key, self.get(key)?)))
    }

    /// The one that would leave next.
    pub(crate) fn oldest(&self) -> Option<(&K, &V)> {
        self.order.first_key_value().and_then(|(_, key)| Some((key, self.get(key)?)))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_touched_longest_ago_leaves_first() {
        let mut recent = Recent::new(2);
        assert!(recent.touch("a", || 1).1);
        assert!(recent.touch("b", || 2).1);
        assert!(!recent.touch("a", || 9).1);
        let (_, fresh, evicted) = recent.touch("c", || 3);
        assert!(fresh && evicted == Some("b"));
        assert_eq!(recent.get(&"a"), Some(&1));
        assert_eq!(recent.newest_first().map(|(k, _)| *k).collect::<Vec<_>>(), ["c", "a"]);
        assert_eq!(recent.oldest(), Some((&"a", &1)));
        assert_eq!(recent.remove(&"a"), Some(1));
        assert_eq!((recent.len(), recent.order.len()), (1, 1));
    }
}
