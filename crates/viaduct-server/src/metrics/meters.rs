//! What is measured where it happens, because no event tells it.

use super::counters::{Kind, kind};
use crate::{events::Event, redirect::TOOK_NOTHING};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry as Prometheus,
};
use std::{sync::atomic::AtomicU64, time::Duration};

/// Upper ends of the classes of a handshake and of a round trip, in seconds.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// See `register` for what each means. Clones are the same meters.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    handshake: Histogram,
    round_trip: Histogram,
    slow: Family<Kind, Counter>,
    blocked: Counter<f64, AtomicU64>,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            handshake: Histogram::new(SECONDS),
            round_trip: Histogram::new(SECONDS),
            slow: Family::default(),
            blocked: Counter::default(),
        }
    }
}

impl Meters {
    pub(super) fn register(&self, prometheus: &mut Prometheus) {
        let help = "How long the TLS handshakes of devices took, in seconds";
        prometheus.register("tls_handshake_seconds", help, self.handshake.clone());
        let help = "From asking a device for keep-alives to its answer, in seconds";
        prometheus.register("keepalive_rtt_seconds", help, self.round_trip.clone());
        let help = "Consoles that were ended because they took nothing, by what the port is for";
        prometheus.register("slow_readers", help, self.slow.clone());
        let help = "Seconds for which consoles waited because a device took no more, of channels that have ended";
        prometheus.register("backpressure_seconds", help, self.blocked.clone());
    }

    /// A device's TLS is up.
    pub(crate) fn handshake(&self, took: Duration) {
        self.handshake.observe(took.as_secs_f64());
    }

    /// A device has answered.
    pub(crate) fn round_trip(&self, took: Duration) {
        self.round_trip.observe(took.as_secs_f64());
    }

    /// A console of that service port was ended because it took nothing.
    pub(crate) fn slow_reader(&self, port: u16) {
        self.slow.get_or_create(&Kind { kind: kind(port) }).inc();
    }

    /// Redirections tell by their end that the console was too slow.
    pub(super) fn count(&self, event: &Event) {
        if let Event::RedirectionEnded { mode, reason, .. } = event
            && reason.starts_with(TOOK_NOTHING)
        {
            self.slow.get_or_create(&Kind { kind: mode }).inc();
        }
    }

    /// A channel has ended whose console had to wait for so long in all.
    pub(crate) fn blocked(&self, waited: Duration) {
        self.blocked.inc_by(waited.as_secs_f64());
    }

    /// One member of each family.
    #[cfg(test)]
    pub(super) fn fill(&self) {
        drop(self.slow.get_or_create(&Kind { kind: "x" }));
    }
}
