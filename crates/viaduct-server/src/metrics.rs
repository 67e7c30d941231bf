//! Counters derived from events and gauges from the registry; Prometheus text, /livez and /readyz.

mod counters;
mod gauges;
mod meters;
mod sinks;

pub(crate) use gauges::Sources;
pub(crate) use meters::Meters;
pub(crate) use sinks::SinkFigures;

use crate::events::{Bus, Event};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use counters::Counters;
use gauges::Gauges;
use prometheus_client::{encoding::text::encode, registry::Registry as Prometheus};
use sinks::SinkFamilies;
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use tokio::{
    net::TcpListener,
    sync::{broadcast::error::RecvError, watch},
};

/// What the metrics listener shows.
#[derive(Debug)]
pub struct Metrics {
    prometheus: Prometheus,
    counters: Counters,
    gauges: Gauges,
    sinks: SinkFamilies,
    meters: Meters,
    events: tokio::sync::broadcast::Receiver<Arc<Event>>,
}

impl Metrics {
    pub(crate) fn new(events: &Bus) -> Self {
        let mut prometheus = Prometheus::with_prefix("viaduct");
        let gauges = Gauges::register(&mut prometheus);
        let counters = Counters::register(&mut prometheus);
        let sinks = SinkFamilies::default();
        sinks.register(&mut prometheus);
        let meters = Meters::default();
        meters.register(&mut prometheus);
        Self { prometheus, counters, gauges, sinks, meters, events: events.subscribe() }
    }

    /// Figures for the receiver of that name.
    pub(crate) fn sink(&self, name: String) -> SinkFigures {
        self.sinks.of(name)
    }

    /// For those who measure themselves.
    pub(crate) fn meters(&self) -> Meters {
        self.meters.clone()
    }

    /// Counts events and answers on `listener` until `shutdown`.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        sources: Sources,
        shutdown: watch::Receiver<bool>,
    ) {
        let Self { prometheus, counters, gauges, meters, mut events, .. } = self;
        let page = Page { prometheus: Arc::new(prometheus), gauges, sources };
        let router = Router::new()
            .route("/metrics", get(text))
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .with_state(page);
        let count = async {
            loop {
                match events.recv().await {
                    Ok(event) => {
                        counters.count(&event);
                        meters.count(&event);
                    }
                    Err(RecvError::Lagged(missed)) => {
                        counters.missed.inc_by(missed);
                    }
                    Err(RecvError::Closed) => return std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = crate::api::serve_http(router, listener, None, shutdown) => {}
            () = count => {}
        }
    }
}

#[derive(Clone)]
struct Page {
    prometheus: Arc<Prometheus>,
    gauges: Gauges,
    sources: Sources,
}

/// Whether newcomers are better sent elsewhere. Tunnels and consoles that are here stay, whatever the answer.
async fn ready(State(page): State<Page>) -> (StatusCode, String) {
    let health = page.sources.inventory.health();
    let Some(error) = health.error else {
        return match page.sources.audit.trouble() {
            None => (StatusCode::OK, "ok\n".to_owned()),
            Some(why) => {
                let text = format!(
                    "not ready: the audit log cannot be written, so changes are refused: {why}\n"
                );
                (StatusCode::SERVICE_UNAVAILABLE, text)
            }
        };
    };
    let since = health.since.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
    let text =
        format!("not ready: since {since} the database does not take what happens: {error}\n");
    (StatusCode::SERVICE_UNAVAILABLE, text)
}

async fn text(State(page): State<Page>) -> impl IntoResponse {
    page.gauges.look(&page.sources);
    let mut text = String::new();
    if encode(&mut text, &page.prometheus).is_err() {
        text.clear();
    }
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and labels are a contract with dashboards and alert rules; what is shipped of these uses no other.
    #[test]
    fn the_names_of_the_figures_are_those_that_are_written_down() {
        let metrics = Metrics::new(&Bus::new());
        // A family without members is not printed.
        metrics.sink("webhook-1".into());
        metrics.counters.fill();
        metrics.gauges.fill();
        metrics.meters.fill();
        let mut text = String::new();
        encode(&mut text, &metrics.prometheus).unwrap();
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/metrics.txt");
        // Families are kept in no order.
        let mut families: Vec<String> =
            text.split("# HELP ").skip(1).map(|family| format!("# HELP {family}")).collect();
        families.sort_unstable();
        let found = families.concat().replace("# EOF\n", "");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(std::path::Path::new(golden).parent().unwrap()).unwrap();
            std::fs::write(golden, &found).unwrap();
        }
        let known = std::fs::read_to_string(golden).unwrap();
        assert_eq!(found, known, "`cargo xtask reference` writes it anew");
        let names: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let runbook = include_str!("../../../docs/how-to/prometheus.md");
        let rules = include_str!("../../../deploy/prometheus/viaduct.rules.yml");
        let alerts: Vec<&str> =
            rules.lines().filter_map(|l| l.trim().strip_prefix("- alert: ")).collect();
        assert!(alerts.len() > 10, "{alerts:?}");
        for alert in alerts {
            let told =
                runbook.lines().any(|l| l.starts_with("| `") && l.contains(&format!("`{alert}`")));
            assert!(told, "docs/how-to/prometheus.md does not say what to do about {alert}");
        }
        let shipped = [include_str!("../../../deploy/grafana/viaduct.json"), rules];
        for text in shipped {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            for word in words.filter(|word| word.starts_with("viaduct_")) {
                let base = ["_total", "_bucket"].iter().find_map(|end| word.strip_suffix(end));
                let base = base.unwrap_or(word);
                let known = |name: &&str| name.split(' ').next() == Some(base);
                assert!(names.iter().any(known), "{word} is no figure of ours");
            }
        }
    }
}
