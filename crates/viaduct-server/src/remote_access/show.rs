//! A device's remote-access objects in REST's words.

use crate::{
    enroll::{Parts, own_places, own_roots},
    tls,
};
use amt::remote_access::{
    ControlMode, MpsType, Policy, RemoteAccess, Schedule, Trigger, UserInitiated,
};
use std::time::Duration;
use viaduct_api::{DeviceId, MpsEntry, RemotePolicy, RemoteRoot};

/// Everything, with a mark at what leads here.
pub(crate) fn show(parts: &Parts, id: DeviceId, state: &RemoteAccess) -> viaduct_api::RemoteAccess {
    let own = own_places(parts);
    let here = |address: &str, port: u16| {
        own.iter().any(|(a, p)| *p == port && a.eq_ignore_ascii_case(address))
    };
    // Without a root of our own nothing is marked; that is no reason to show nothing.
    let own_roots = own_roots(parts).unwrap_or_default();
    let platform = &state.platform;
    viaduct_api::RemoteAccess {
        guid: id,
        version: platform.version.as_ref().map(ToString::to_string),
        control_mode: platform.control_mode.map(|mode| {
            match mode {
                ControlMode::Admin => "admin",
                ControlMode::Client => "client",
            }
            .to_owned()
        }),
        mps: state
            .mps
            .iter()
            .map(|entry| MpsEntry {
                name: entry.name.clone(),
                address: entry.address.clone(),
                port: entry.port,
                common_name: entry.common_name.clone(),
                user: state.login_of(&entry.name).map(|login| login.user.clone()),
                here: here(&entry.address, entry.port),
            })
            .collect(),
        mps_max: state.max_mps,
        policies: state.policies.iter().map(|p| policy(state, p)).collect(),
        user_initiated: state.user_initiated.map(|state| state.name().to_owned()),
        inside: state.environment.suffixes.clone(),
        dials_in: dials_in(state),
        roots: state
            .roots
            .iter()
            .filter(|root| root.trusted)
            .map(|root| RemoteRoot {
                handle: root.handle.clone(),
                subject: root.common_name().to_owned(),
                sha256: tls::sha256(&root.der),
                here: own_roots.iter().any(|own| own.der == root.der),
            })
            .collect(),
        proxies: state
            .proxies
            .iter()
            .map(|proxy| format!("{}:{} {}", proxy.address, proxy.port, proxy.suffix))
            .collect(),
    }
}

fn policy(state: &RemoteAccess, policy: &Policy) -> RemotePolicy {
    let mut links: Vec<_> =
        state.applies_to.iter().filter(|link| link.policy == policy.name).collect();
    links.sort_by_key(|link| link.order);
    let place = |name: &str| state.entry(name).map_or_else(|| name.to_owned(), ToString::to_string);
    RemotePolicy {
        trigger: policy.trigger.map_or("unknown", Trigger::name).to_owned(),
        schedule: policy.schedule.map(|schedule| schedule.to_string()),
        life_time_seconds: policy.life_time,
        servers: links.iter().map(|link| place(&link.mps)).collect(),
        kinds: links.iter().map(|link| kind(link.mps_type).to_owned()).collect(),
    }
}

fn kind(kind: MpsType) -> &'static str {
    match kind {
        MpsType::External => "external",
        MpsType::Internal => "internal",
        MpsType::Both => "both",
    }
}

/// In a sentence: when it dials in.
fn dials_in(state: &RemoteAccess) -> String {
    if state.environment.is_always_inside() {
        return "never: the PC believes it is at home everywhere, so it will not call".to_owned();
    }
    let mut when: Vec<String> = Vec::new();
    for policy in &state.policies {
        when.push(match (policy.trigger, policy.schedule) {
            (Some(Trigger::Periodic), Some(Schedule::Every(seconds))) => {
                format!("every {:?}", Duration::from_secs(seconds.into()))
            }
            (Some(Trigger::Periodic), Some(schedule)) => format!("each day at {schedule}"),
            (Some(Trigger::User), _) if state.user_initiated == Some(UserInitiated::Off) => {
                continue;
            }
            (Some(Trigger::User), _) => "when its user asks".to_owned(),
            (Some(Trigger::Alert), _) => "on an alert".to_owned(),
            _ => continue,
        });
    }
    let place = match state.environment.never_matches() {
        true => "everywhere".to_owned(),
        false => format!("where the network is not {}", state.environment.suffixes.join(" or ")),
    };
    match when.as_slice() {
        [] => "never: it has no policy that fires".to_owned(),
        when => format!("{place}: {}", when.join(", ")),
    }
}
