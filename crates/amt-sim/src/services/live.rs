//! Properties that follow what happens: the values behind `${live:NAME}` in the data.

use amt::wsman::Value;

use super::{boot, clock::datetime, host::Host, seats::Seat};

/// What all of them were at one moment. The default knows none, for where only keys matter.
#[derive(Debug, Default)]
pub(super) struct Live(Vec<(&'static str, Vec<Value>)>);

impl Live {
    pub(super) fn of(host: &Host) -> Self {
        let mut all = Vec::with_capacity(24);
        of_power(host, &mut all);
        of_consent(host, &mut all);
        of_redirection(host, &mut all);
        of_logs(host, &mut all);
        Self(all)
    }

    pub(super) fn values(&self, name: &str) -> Vec<Value> {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.map(|(_, values)| values.clone()).unwrap_or_default()
    }
}

type All = Vec<(&'static str, Vec<Value>)>;

fn of_power(host: &Host, all: &mut All) {
    let power = host.power();
    let choices = host.power_choices();
    let boot = host.boot();
    all.extend([
        ("power-state", vec![u32::from(power.now()).into()]),
        ("power-choices", choices.iter().map(|c| u32::from(*c).into()).collect()),
        ("os-power-saving", vec![power.os_saving().into()]),
        ("bios-status", boot.bios_status.map(Value::from).into()),
        ("options-cleared", vec![boot.cleared.into()]),
        ("previous-sx", vec![boot.previous_sx.into()]),
        ("boot-reason", vec![u32::from(boot.last.by_amt).into()]),
        ("boot-role", vec![if boot.role { 1_u32 } else { 2 }.into()]),
    ]);
    drop(boot);
    all.push(("rpe-enabled", vec![boot::erasure_is_on(host).into()]));
}

fn of_consent(host: &Host, all: &mut All) {
    let client = host.is_in_client_control();
    let required = host.consent_policy();
    all.extend([
        ("control-mode", vec![host.shared().provisioning.control_mode().into()]),
        ("provisioning-state", vec![host.shared().provisioning.state().into()]),
        ("provisioning-mode", vec![if client { 4_u32 } else { 1 }.into()]),
        ("can-modify-opt-in", vec![u32::from(!client).into()]),
        ("opt-in-required", vec![required.into()]),
        ("opt-in-state", vec![host.consent().state().into()]),
        ("kvm-opt-in", vec![(required != 0).into()]),
    ]);
}

fn of_redirection(host: &Host, all: &mut All) {
    let enabled = host.kvm_is_on();
    let in_use = host.seats().is_taken(Seat::Screen);
    // Enabled, but nobody there: "enabled but offline".
    let state = match (enabled, in_use) {
        (false, _) => 3_u32,
        (true, true) => 2,
        (true, false) => 6,
    };
    let requested = if enabled { 2_u32 } else { 3 };
    all.extend([
        ("kvm-state", vec![state.into()]),
        ("kvm-requested", vec![requested.into()]),
        ("kvm-service", vec![requested.into()]),
    ]);
}

fn of_logs(host: &Host, all: &mut All) {
    let count = |n: usize| vec![u32::try_from(n).unwrap_or(u32::MAX).into()];
    let events = host.events();
    all.push(("event-count", count(events.len())));
    all.push(("event-log-frozen", vec![events.frozen.into()]));
    drop(events);
    let audit = host.audit();
    all.push(("audit-count", count(audit.len())));
    all.push(("audit-free", count(audit.percentage_free())));
    all.push(("audit-last", vec![datetime(audit.last.into())]));
}
