//! Counters derived from events and gauges from the registry; Prometheus text, /livez and /readyz.

use crate::{
    audit::Audit,
    events::{Bus, Event},
    inventory::Inventory,
    listen::Pending,
    registry::Registry,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry as Prometheus,
};
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use tokio::{
    net::TcpListener,
    sync::{broadcast::error::RecvError, watch},
};

/// A bounded label: reasons are words of ours, never of a device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// What the metrics listener shows.
#[derive(Debug)]
pub struct Metrics {
    prometheus: Prometheus,
    counters: Counters,
    tunnels: Gauge,
    pending: Gauge,
    registry: Registry,
    inventory: Inventory,
    waiting: Arc<Pending>,
    events: tokio::sync::broadcast::Receiver<Arc<Event>>,
}

#[derive(Debug, Clone, Default)]
struct Counters {
    opened: Counter,
    ended: Family<Reason, Counter>,
    attempts: Family<Reason, Counter>,
    channels: Counter,
    refusals: Family<Reason, Counter>,
    conflicts: Counter,
    alerts: Counter,
    commands: Family<Reason, Counter>,
    missed: Counter,
}

impl Metrics {
    pub(crate) fn new(
        events: &Bus,
        registry: Registry,
        inventory: Inventory,
        waiting: Arc<Pending>,
    ) -> Self {
        let mut prometheus = Prometheus::with_prefix("viaduct");
        let counters = Counters::default();
        let (tunnels, pending) = (Gauge::default(), Gauge::default());
        prometheus.register("tunnels", "Live tunnels", tunnels.clone());
        prometheus.register("pending_connections", "Connections before login", pending.clone());
        prometheus.register("tunnel_connects", "Tunnels opened", counters.opened.clone());
        prometheus.register("tunnel_closes", "Tunnels ended, by reason", counters.ended.clone());
        prometheus.register(
            "attempt_failures",
            "Connections that failed before admission, by stage",
            counters.attempts.clone(),
        );
        prometheus.register("channels", "Channels opened", counters.channels.clone());
        prometheus.register(
            "console_refusals",
            "Consoles turned away, by code",
            counters.refusals.clone(),
        );
        prometheus.register(
            "identity_conflicts",
            "Alarms of two machines with one UUID",
            counters.conflicts.clone(),
        );
        prometheus.register("platform_alerts", "Platform event traps", counters.alerts.clone());
        prometheus.register(
            "commands",
            "Callers of management commands that are done, by outcome",
            counters.commands.clone(),
        );
        prometheus.register(
            "events_missed",
            "Events not counted because of overload",
            counters.missed.clone(),
        );
        let events = events.subscribe();
        Self { prometheus, counters, tunnels, pending, registry, inventory, waiting, events }
    }

    /// Counts events and answers on `listener` until `shutdown`.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        audit: Audit,
        shutdown: watch::Receiver<bool>,
    ) {
        let Self {
            prometheus,
            counters,
            tunnels,
            pending,
            registry,
            inventory,
            waiting,
            mut events,
        } = self;
        let prometheus = Arc::new(prometheus);
        let page = Page { prometheus, tunnels, pending, registry, inventory, audit, waiting };
        let router = Router::new()
            .route("/metrics", get(text))
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .with_state(page);
        let count = async {
            loop {
                match events.recv().await {
                    Ok(event) => counters.count(&event),
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
    tunnels: Gauge,
    pending: Gauge,
    registry: Registry,
    inventory: Inventory,
    audit: Audit,
    waiting: Arc<Pending>,
}

/// Whether newcomers are better sent elsewhere. Tunnels and consoles that are here stay, whatever the answer.
async fn ready(State(page): State<Page>) -> (StatusCode, String) {
    let health = page.inventory.health();
    let Some(error) = health.error else {
        return match page.audit.trouble() {
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
    page.tunnels.set(i64::try_from(page.registry.len()).unwrap_or(i64::MAX));
    page.pending.set(i64::try_from(page.waiting.len()).unwrap_or(i64::MAX));
    let mut text = String::new();
    if encode(&mut text, &page.prometheus).is_err() {
        text.clear();
    }
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

impl Counters {
    fn count(&self, event: &Event) {
        let one = |family: &Family<Reason, Counter>, reason| {
            family.get_or_create(&Reason { reason }).inc();
        };
        match event {
            Event::TunnelOpened { .. } => {
                self.opened.inc();
            }
            Event::TunnelEnded { end, .. } => one(&self.ended, end.reason),
            Event::AttemptFailed { stage, .. } => one(&self.attempts, stage.name()),
            Event::ChannelOpened { .. } => {
                self.channels.inc();
            }
            Event::ConsoleRefused { code, .. } => one(&self.refusals, code),
            Event::IdentityConflict { .. } => {
                self.conflicts.inc();
            }
            Event::Alert { .. } => {
                self.alerts.inc();
            }
            Event::CommandEnded { code, .. } => one(&self.commands, code.unwrap_or("done")),
            Event::AmtCertificateChanged { .. } => one(&self.refusals, "E2062"),
            Event::TunnelReady { .. }
            | Event::TakeoverDelayed { .. }
            | Event::AmtCertificatePinned { .. }
            | Event::Unclaimed { .. }
            | Event::ChannelEnded { .. }
            | Event::RedirectionOpened { .. }
            | Event::RedirectionEnded { .. }
            | Event::TunnelOddity { .. }
            | Event::CertificatesReloaded { .. }
            | Event::CertificatesRefused { .. } => {}
        }
    }
}
