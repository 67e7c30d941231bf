//! How things stand at the moment of asking.

use crate::{
    audit::Audit, config::VERSION, enroll, inventory::Inventory, listen::Pending,
    registry::Registry, rotation::Rotator, tls::Certificates,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::Registry as Prometheus,
};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::AtomicU64},
};
use time::OffsetDateTime;

/// What is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) registry: Registry,
    pub(crate) inventory: Inventory,
    pub(crate) certificates: Certificates,
    pub(crate) audit: Audit,
    pub(crate) waiting: Arc<Pending>,
    pub(crate) rotation: enroll::Parts,
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

/// A figure that is no whole number.
type Ratio = Gauge<f64, AtomicU64>;

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
    whole: Gauge,
    lag: Ratio,
    overload: Gauge,
    coverage: Ratio,
    files_used: Ratio,
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
            (
                "audit_chain_ok",
                "1 while the last check of the audit log's chain, once an hour, found every row as it was written",
                &all.whole,
            ),
            (
                "overload_state",
                "0, or 1 while connections before login are so many that those without progress are ended, or 2 while none is accepted",
                &all.overload,
            ),
            ("open_files", "File descriptors in use", &all.files),
            ("open_files_limit", "File descriptors that may be in use", &all.files_most),
        ] {
            prometheus.register(name, help, gauge.clone());
        }
        for (name, help, ratio) in [
            ("audit_lag_seconds", "For how long the audit log could not be written", &all.lag),
            (
                "root_coverage_ratio",
                "Of the devices that were here lately, those that have the next root or name; 1 when none is coming",
                &all.coverage,
            ),
            ("fd_used_ratio", "File descriptors in use, of those that may be", &all.files_used),
        ] {
            prometheus.register(name, help, ratio.clone());
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
        self.unclaimed
            .set(count(sources.inventory.unclaimed().iter().filter(|it| !it.ignored).count()));
        let health = sources.inventory.health();
        self.store.set(i64::from(health.error.is_none()));
        self.facts.set(count(health.pending));
        self.audit.set(i64::from(sources.audit.trouble().is_none()));
        self.whole.set(i64::from(sources.audit.is_whole()));
        self.lag.set(sources.audit.lag().as_secs_f64());
        self.overload.set(i64::from(sources.waiting.overload()));
        // By the file that the work on it is written to.
        if let Ok(status) = Rotator::new(sources.rotation.clone()).status() {
            let coming = status.next_root.is_some() || status.name.is_some();
            let part = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
            let nobody = !coming || status.counted == 0;
            self.coverage.set(if nobody { 1.0 } else { part(status.ready) / part(status.counted) });
        }
        self.expiry(sources);
        self.descriptors();
    }

    fn descriptors(&self) {
        let bounded = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        self.files_most.set(most.map_or(i64::MAX, bounded));
        let Ok(files) = std::fs::read_dir("/proc/self/fd") else { return };
        let used = u32::try_from(files.count()).unwrap_or(u32::MAX);
        self.files.set(used.into());
        let most = most.map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        self.files_used.set(most.map_or(0.0, |most| f64::from(used) / f64::from(most.max(1))));
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
