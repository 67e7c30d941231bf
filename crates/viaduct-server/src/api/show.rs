//! Domain objects as REST shows them.

use super::{Api, labels};
use crate::{access, inventory, tunnel::TunnelHandle};
use serde_json::Value;
use viaduct_api::{
    Addresses, Bytes, Device, DeviceTunnel, KeepAlive, LastEnd, Notice, Scope, Tunnel, Unclaimed,
    trigger_words,
};

/// Name of this server in `mpsInstance`, until several nodes exist.
const INSTANCE: &str = "viaduct";

/// A device with its tunnel, if it has one now.
pub(super) fn device(
    device: &inventory::Device,
    tunnel: Option<&TunnelHandle>,
    notices: Vec<Notice>,
) -> Device {
    let text = |key: &str| device.profile.get(key).and_then(Value::as_str).map(str::to_owned);
    let facts = tunnel.map(|tunnel| (tunnel, tunnel.facts()));
    Device {
        guid: device.id,
        hostname: text("hostname"),
        tags: labels::tags(&device.labels),
        mps_instance: tunnel.map(|_| INSTANCE.to_owned()),
        connection_status: tunnel.is_some(),
        mpsusername: device.cira_user.clone(),
        tenant_id: device.tenant.clone(),
        friendly_name: text("friendlyName"),
        dns_suffix: text("dnsSuffix"),
        device_info: device.profile.get("deviceInfo").and_then(Value::as_object).cloned(),
        last_connected: device.last_connected,
        last_seen: device.last_seen,
        last_disconnected: device.last_disconnected,
        name: device.name.clone(),
        fqdn: device.fqdn.clone(),
        labels: device.labels.clone(),
        blocked: device.blocked,
        added: Some(device.added),
        address: tunnel.map(TunnelHandle::peer).or(device.last_address).map(|a| a.to_string()),
        ports: facts.as_ref().map_or_else(|| device.ports.clone(), |(_, f)| f.ports.clone()),
        amt_user: device.amt_user.clone(),
        has_amt_password: device.has_amt_password,
        certificate: device.certificate.clone(),
        tunnel: facts.map(|(tunnel, facts)| DeviceTunnel {
            id: tunnel.id().0,
            since: facts.since,
            trigger: facts.trigger,
            tls: facts.tls,
            channels: facts.channels,
            bytes: Bytes { from_device: facts.from_device, to_device: facts.to_device },
        }),
        notices,
        conflict: Vec::new(),
        last_end: device.last_end.as_ref().map(|end| LastEnd {
            reason: end.reason.clone(),
            detail: end.detail.clone(),
            by_device: end.by_device,
        }),
    }
}

/// A tunnel with the name of its device.
pub(super) fn tunnel(api: &Api, tunnel: &TunnelHandle) -> Tunnel {
    let facts = tunnel.facts();
    Tunnel {
        id: tunnel.id().0,
        guid: tunnel.device(),
        name: api.inventory.get(tunnel.device()).map(|device| device.name.clone()),
        address: tunnel.peer().to_string(),
        since: facts.since,
        trigger: facts.trigger,
        trigger_reason: trigger_words(facts.trigger).to_owned(),
        tls: facts.tls,
        ports: facts.ports,
        keepalive: facts.keepalive.map(|(interval, wait)| KeepAlive {
            interval_seconds: interval.as_secs(),
            wait_seconds: wait.as_secs(),
        }),
        channels: facts.channels,
        bytes: Bytes { from_device: facts.from_device, to_device: facts.to_device },
    }
}

/// A device that knocked.
pub(super) fn unclaimed(unclaimed: inventory::Unclaimed) -> Unclaimed {
    Unclaimed {
        guid: unclaimed.id,
        address: unclaimed.address.to_string(),
        first: unclaimed.first,
        last: unclaimed.last,
        count: unclaimed.count,
        mpsusername: unclaimed.cira_user,
        ignored: unclaimed.ignored,
    }
}

/// Where the server listens.
pub(super) fn addresses(addresses: &crate::Addresses) -> Addresses {
    let text = |address: &Option<std::net::SocketAddr>| address.map(|a| a.to_string());
    Addresses {
        cira: addresses.cira.iter().map(ToString::to_string).collect(),
        web: text(&addresses.web).unwrap_or_default(),
        web_plain: text(&addresses.web_plain),
        socks: text(&addresses.socks),
        http_proxy: text(&addresses.http_proxy),
        metrics: text(&addresses.metrics),
    }
}

/// A scope in REST's words.
pub(super) fn scope(scope: access::Scope) -> Scope {
    match scope {
        access::Scope::Proxy => Scope::Proxy,
        access::Scope::Read => Scope::Read,
        access::Scope::Operate => Scope::Operate,
        access::Scope::Admin => Scope::Admin,
    }
}

/// And back.
pub(super) fn scope_of(scope: Scope) -> access::Scope {
    match scope {
        Scope::Proxy => access::Scope::Proxy,
        Scope::Read => access::Scope::Read,
        Scope::Operate => access::Scope::Operate,
        Scope::Admin => access::Scope::Admin,
    }
}
