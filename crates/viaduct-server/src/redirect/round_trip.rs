//! How long the way to a PC and back is, seen inside a redirection.

use std::time::Duration;
use tokio::time::Instant;

/// The shortest time from a message to the one that came after it. Some are answered at once, so that it comes to be the
/// length of the way; it is never shorter than that.
#[derive(Debug, Default)]
pub struct RoundTrip {
    sent: Option<Instant>,
    least: Option<Duration>,
}

impl RoundTrip {
    /// Something was sent.
    pub fn sent(&mut self) {
        self.sent = Some(Instant::now());
    }

    /// Something came.
    pub fn came(&mut self) {
        if let Some(sent) = self.sent.take() {
            let took = sent.elapsed();
            self.least = Some(self.least.map_or(took, |least| least.min(took)));
        }
    }

    /// None before the first answer.
    #[must_use]
    pub fn least(&self) -> Option<Duration> {
        self.least
    }
}
