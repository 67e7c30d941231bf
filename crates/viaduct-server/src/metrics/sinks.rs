//! The figures of the receivers of events; their tasks count.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry as Prometheus,
};

/// A receiver, by the name that its place in the configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SinkName {
    sink: String,
}

/// The figures of one receiver.
#[derive(Debug, Clone)]
pub(crate) struct SinkFigures {
    pub(crate) sent: Counter,
    pub(crate) refused: Counter,
    pub(crate) failed: Counter,
    pub(crate) lost: Counter,
    pub(crate) waiting: Gauge,
}

/// The figures of all.
#[derive(Debug, Clone, Default)]
pub(super) struct SinkFamilies {
    sent: Family<SinkName, Counter>,
    refused: Family<SinkName, Counter>,
    failed: Family<SinkName, Counter>,
    lost: Family<SinkName, Counter>,
    waiting: Family<SinkName, Gauge>,
}

impl SinkFamilies {
    pub(super) fn register(&self, prometheus: &mut Prometheus) {
        for (name, help, family) in [
            ("sink_events", "Events that a receiver took", &self.sent),
            ("sink_refusals", "Events that a receiver did not want", &self.refused),
            ("sink_failures", "Attempts to reach a receiver that failed", &self.failed),
            ("sink_lost", "Events lost because a receiver was away for too long", &self.lost),
        ] {
            prometheus.register(name, help, family.clone());
        }
        let help = "Events that wait for a receiver";
        prometheus.register("sink_waiting", help, self.waiting.clone());
    }

    /// Figures for the receiver of that name.
    pub(super) fn of(&self, sink: String) -> SinkFigures {
        let name = SinkName { sink };
        let counter = |family: &Family<SinkName, Counter>| family.get_or_create(&name).clone();
        SinkFigures {
            sent: counter(&self.sent),
            refused: counter(&self.refused),
            failed: counter(&self.failed),
            lost: counter(&self.lost),
            waiting: self.waiting.get_or_create(&name).clone(),
        }
    }
}
