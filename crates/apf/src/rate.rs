//! Counting how often something happens in a span of time.

use crate::Time;
use core::time::Duration;

/// At most `limit` times in each span of `span`, counted from the first time in it.
#[derive(Debug, Clone)]
pub(crate) struct Rate {
    limit: u32,
    span: Duration,
    began: Time,
    count: u32,
}

impl Rate {
    pub(crate) const fn new(limit: u32, span: Duration) -> Self {
        Self { limit, span, began: Time::ORIGIN, count: 0 }
    }

    /// Counts one more; false when that is too many.
    pub(crate) fn allow(&mut self, now: Time) -> bool {
        if self.count == 0 || now.saturating_since(self.began) >= self.span {
            self.began = now;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_refused_until_the_span_is_over() {
        let mut rate = Rate::new(2, Duration::from_secs(1));
        let start = Time::from_origin(Duration::from_secs(100));
        assert!(rate.allow(start));
        assert!(rate.allow(start + Duration::from_millis(10)));
        assert!(!rate.allow(start + Duration::from_millis(999)));
        assert!(rate.allow(start + Duration::from_secs(1)));
    }
}
