//! Enumerations that are going on: a platform has room for few, and forgets idle ones.

use std::{collections::VecDeque, time::Duration};

/// Bounded table of enumerations, each with what is still to be pulled.
///
/// Context names look like AMT's: a GUID with only the first group used, counting up.
#[derive(Debug)]
pub struct Contexts<T> {
    capacity: usize,
    idle_limit: Duration,
    next: u32,
    open: Vec<Context<T>>,
}

#[derive(Debug)]
struct Context<T> {
    name: String,
    used: Duration,
    items: VecDeque<T>,
}

impl<T> Contexts<T> {
    /// A table with room for `capacity` enumerations; one that nobody pulls for `idle_limit` is
    /// forgotten.
    #[must_use]
    pub const fn new(capacity: usize, idle_limit: Duration) -> Self {
        Self { capacity, idle_limit, next: 1, open: Vec::new() }
    }

    /// Begins an enumeration of these items. `now` is the time since an origin of the caller's
    /// choice. None when there is no room.
    pub fn open(&mut self, items: impl IntoIterator<Item = T>, now: Duration) -> Option<String> {
        self.forget_idle(now);
        if self.open.len() >= self.capacity {
            return None;
        }
        let name = format!("{:08X}-0000-0000-0000-000000000000", self.next.swap_bytes());
        self.next = self.next.checked_add(1).unwrap_or(1);
        let items = items.into_iter().collect();
        self.open.push(Context { name: name.clone(), used: now, items });
        Some(name)
    }

    /// Takes the next `most` items (at least one), and whether more remain; the context ends with
    /// its last item. None when there is no such context.
    pub fn pull(&mut self, name: &str, most: usize, now: Duration) -> Option<(Vec<T>, bool)> {
        self.forget_idle(now);
        let at = self.find(name)?;
        let context = self.open.get_mut(at)?;
        context.used = now;
        let most = most.max(1).min(context.items.len());
        let taken = context.items.drain(..most).collect();
        let more = !context.items.is_empty();
        if !more {
            self.open.swap_remove(at);
        }
        Some((taken, more))
    }

    /// Ends an enumeration; whether there was such a one.
    pub fn release(&mut self, name: &str) -> bool {
        self.find(name).map(|at| self.open.swap_remove(at)).is_some()
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.open.iter().position(|c| c.name.eq_ignore_ascii_case(name.trim()))
    }

    fn forget_idle(&mut self, now: Duration) {
        let limit = self.idle_limit;
        self.open.retain(|c| now.saturating_sub(c.used) <= limit);
    }
}

#[cfg(test)]
mod tests {
    use super::{Contexts, Duration};

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn items_come_in_order_and_the_context_ends_with_the_last() {
        let mut contexts = Contexts::new(2, Duration::from_secs(60));
        let name = contexts.open([1, 2, 3], NOW).unwrap();
        assert_eq!(name, "01000000-0000-0000-0000-000000000000");
        assert_eq!(contexts.pull(&name, 2, NOW), Some((vec![1, 2], true)));
        assert_eq!(contexts.pull(&name, 999, NOW), Some((vec![3], false)));
        assert_eq!(contexts.pull(&name, 1, NOW), None);
    }

    #[test]
    fn room_is_limited_and_comes_back_by_release_and_by_idleness() {
        let mut contexts = Contexts::new(1, Duration::from_secs(60));
        let first = contexts.open([1], NOW).unwrap();
        assert_eq!(contexts.open([1], NOW), None);
        assert!(contexts.release(&first) && !contexts.release(&first));
        assert!(contexts.open([1], NOW).is_some());
        assert!(contexts.open([1], Duration::from_secs(61)).is_some());
    }

    #[test]
    fn an_empty_enumeration_can_be_pulled_once() {
        let mut contexts = Contexts::<u8>::new(1, Duration::from_secs(60));
        let name = contexts.open([], NOW).unwrap();
        assert_eq!(contexts.pull(&name, 0, NOW), Some((vec![], false)));
    }
}
