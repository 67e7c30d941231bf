//! How fast something is read of late.

use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// Speed is measured over so long.
const WINDOW: Duration = Duration::from_secs(5);

/// The speed of a growing number of bytes.
#[derive(Debug, Default)]
pub struct Speed {
    /// When how much had been read, the newest last.
    recent: VecDeque<(Instant, u64)>,
}

impl Speed {
    /// Notes that so many bytes were read until this moment.
    pub fn note(&mut self, bytes: u64) {
        let now = Instant::now();
        if self.recent.is_empty() {
            self.recent.push_back((now, 0));
        }
        // A few points a second are enough to measure by.
        let dense = self.recent.len() > 1
            && self.recent.back().is_some_and(|(at, _)| now - *at < WINDOW / 20);
        if dense {
            if let Some(last) = self.recent.back_mut() {
                last.1 = bytes;
            }
        } else {
            self.recent.push_back((now, bytes));
        }
        while self.recent.len() > 2 && now - self.recent[1].0 > WINDOW {
            self.recent.pop_front();
        }
    }

    /// Bytes a second: from the oldest point until this moment, so that a pause shows.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        let (Some((first, before)), Some((_, after))) = (self.recent.front(), self.recent.back())
        else {
            return 0.0;
        };
        (after - before) as f64 / first.elapsed().as_secs_f64().max(0.05)
    }
}
