//! How things stand at the moment of asking.

use crate::{
    audit::Audit, config::VERSION, inventory::Inventory, listen::Pending, registry::Registry,
    tls::Certificates,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::Registry as Prometheus,
};
use std::{collections::HashSet, sync::Arc};
use time::OffsetDateTime;

/// What is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) registry: Registry,
    pub(crate) inventory: Inventory,
    pub(crate) certificates: Certificates,
    pub(crate) audit: Audit,
    pub(crate) waiting: Arc<Pending>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// A listener's certificate, by the name that the configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Listener {
    listener: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// See `register` for what each means.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauges {
    tunnels: Gauge,
    channels: Gauge,
    pending: Gauge,
    devices: Family<State, Gauge>,
    unclaimed: Gauge,
    expiry: Family<Listener, Gauge>,
    store: Gauge,
    facts: Gauge,
    audit: Gauge,
    files: Gauge,
    files_most: Gauge,
}

impl Gauges {
    pub(super) fn register(prometheus: &mut Prometheus) -> Self {
        let all = Self::default();
        for (name, help, gauge) in [
            ("tunnels", "Live tunnels", &all.tunnels),
            ("channels_open", "Open channels", &all.channels),
            ("pending_connections", "Connections before login", &all.pending),
            ("unclaimed_devices", "Devices that knocked and that nobody has added", &all.unclaimed),
            ("store_up", "1 while the database takes what happens", &all.store),
            ("store_waiting", "Facts that wait for the database", &all.facts),
            ("audit_up", "1 while the audit log can be written", &all.audit),
            ("open_files", "File descriptors in use", &all.files),
            ("open_files_limit", "File descriptors that may be in use", &all.files_most),
        ] {
            prometheus.register(name, help, gauge.clone());
        }
        prometheus.register("devices", "Known devices, by state", all.devices.clone());
        let help = "Seconds until the first certificate of a listener ends";
        prometheus.register("certificate_expiry_seconds", help, all.expiry.clone());
        let build = Info::new(Build { version: VERSION });
        prometheus.register("build", "The program", build);
        all
    }

    /// One member of each family.
    #[cfg(test)]
    pub(super) fn fill(&self) {
        drop(self.devices.get_or_create(&State { state: "x" }));
        drop(self.expiry.get_or_create(&Listener { listener: "x".to_owned() }));
    }

    /// Looks at everything.
    pub(super) fn look(&self, sources: &Sources) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let tunnels = sources.registry.list();
        self.tunnels.set(count(tunnels.len()));
        self.channels.set(count(tunnels.iter().map(|tunnel| tunnel.facts().channels).sum()));
        self.pending.set(count(sources.waiting.len()));
        let live: HashSet<_> = tunnels.iter().map(crate::tunnel::TunnelHandle::device).collect();
        let devices = sources.inventory.list();
        let blocked = devices.iter().filter(|device| device.blocked).count();
        let connected = devices.iter().filter(|device| live.contains(&device.id)).count();
        let away = devices.iter().filter(|d| !d.blocked && !live.contains(&d.id)).count();
        for (state, n) in [("connected", connected), ("away", away), ("blocked", blocked)] {
            self.devices.get_or_create(&State { state }).set(count(n));
        }
        self.unclaimed.set(count(sources.inventory.unclaimed().len()));
        let health = sources.inventory.health();
        self.store.set(i64::from(health.error.is_none()));
        self.facts.set(count(health.pending));
        self.audit.set(i64::from(sources.audit.trouble().is_none()));
        self.expiry(sources);
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            self.files.set(count(files.count()));
        }
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        self.files_most.set(most.map_or(i64::MAX, |n| i64::try_from(n).unwrap_or(i64::MAX)));
    }

    fn expiry(&self, sources: &Sources) {
        let now = OffsetDateTime::now_utc();
        let mut first = std::collections::BTreeMap::<String, i64>::new();
        for certificate in sources.certificates.show() {
            let Some(end) = certificate.ends() else { continue };
            let left = (end - now).whole_seconds();
            let known = first.entry(certificate.listener).or_insert(left);
            *known = left.min(*known);
        }
        for (listener, left) in first {
            self.expiry.get_or_create(&Listener { listener }).set(left);
        }
    }
}
