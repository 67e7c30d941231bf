//! What webhooks are sent: the record, and about tunnels the fields of the notification that Intel's MPS sent.

use super::Home;
use crate::inventory::Inventory;
use viaduct_api::{DeviceId, Event as Record, MpsNotice, WebhookNotice};

/// Ports of AMT's own services, in the order in which consoles try them.
const SERVICES: [u16; 2] = [16992, 16993];

/// Makes them.
#[derive(Debug)]
pub(super) struct Notices {
    pub(super) inventory: Inventory,
    pub(super) home: Home,
}

impl Notices {
    pub(super) fn of(&self, record: &Record) -> WebhookNotice {
        let state = match (record.kind.as_str(), record.connected) {
            ("tunnel.ready", _) | (_, Some(true)) => Some(0),
            ("tunnel.ended", _) | (_, Some(false)) => Some(1),
            _ => None,
        };
        let mps = state
            .zip(record.guid)
            .map(|(state, device)| self.mps(device, state, record.ports.as_deref(), false));
        WebhookNotice { event: record.clone(), mps }
    }

    /// The question whether a device's new tunnel is wanted.
    pub(super) fn question(
        &self,
        device: DeviceId,
        address: String,
        trigger: u32,
    ) -> WebhookNotice {
        let known = self.inventory.get(device);
        let words = viaduct_api::trigger_words(trigger);
        let event = Record {
            kind: "tunnel.asked".to_owned(),
            time: Some(time::OffsetDateTime::now_utc()),
            text: format!("dials in from {address} ({words})"),
            guid: Some(device),
            name: known.as_ref().map(|device| device.name.clone()),
            fqdn: known.and_then(|device| device.fqdn.clone()),
            address: Some(address),
            trigger: Some(trigger),
            reason: Some(words.to_owned()),
            ..Record::default()
        };
        WebhookNotice { event, mps: Some(self.mps(device, 0, None, true)) }
    }

    fn mps(&self, id: DeviceId, state: u8, ports: Option<&[u16]>, want_reply: bool) -> MpsNotice {
        let known = self.inventory.get(id);
        // Without ports of its own the record means those that the device had.
        let remembered = known.as_ref().map(|device| device.ports.clone()).unwrap_or_default();
        let ports = ports.unwrap_or(&remembered);
        let mut device_port: Vec<u16> =
            SERVICES.into_iter().filter(|port| ports.contains(port)).collect();
        if device_port.is_empty() {
            device_port = ports.iter().take(2).copied().collect();
        }
        let name = known.map(|device| device.fqdn.clone().unwrap_or_else(|| device.name.clone()));
        MpsNotice {
            state,
            device_fqdn: name.unwrap_or_else(|| id.to_string()),
            device_uuid: id,
            device_port,
            mps_address: self.home.address.clone(),
            mps_http_address: self.home.address.clone(),
            mps_http_port: self.home.http_proxy.unwrap_or(0),
            mps_socks_port: self.home.socks.unwrap_or(0),
            want_reply,
        }
    }
}
