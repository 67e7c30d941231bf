//! The log lines of events: INFO for what began or ended, with its reason; WARN for what is odd but handled.

use super::{Event, MediaFacts, Stage};
use crate::{inventory::Inventory, tunnel::TunnelId};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tracing::{Span, debug, info, warn};
use viaduct_api::DeviceId;

impl Stage {
    /// One word for people and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Version => "version",
            Self::Login => "login",
            Self::Verdict => "verdict",
            Self::Forwarding => "forwarding",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the PCs that are here came from: one entry for each live tunnel.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<HashMap<DeviceId, (TunnelId, SocketAddr)>>);

impl Log {
    /// What a line about a device says of it besides its own words. At the level of errors, so that it is there whatever
    /// the level of the lines is.
    pub(super) fn about(&self, device: DeviceId, inventory: Option<&Inventory>) -> Span {
        let known = inventory.and_then(|inventory| inventory.get(device));
        let name = known.as_ref().map(|device| device.name.as_str());
        let address = self.here().get(&device).map(|(_, peer)| *peer);
        let was = known.as_ref().filter(|_| address.is_none()).and_then(|known| known.last_address);
        let (address, last_address) =
            (address.map(tracing::field::display), was.map(tracing::field::display));
        tracing::error_span!("pc", %device, name, address, last_address)
    }

    /// Writes an event's line. What is about a PC carries its name, and its address where the line has none of its own.
    pub(super) fn write(&self, event: &Event, inventory: Option<&Inventory>) {
        let address = self.address(event);
        let Some(device) = device_of(event) else {
            return match wanted(event, inventory) {
                Some(device) => self.about(device, inventory).in_scope(|| write(event)),
                None => write(event),
            };
        };
        let known = inventory.and_then(|inventory| inventory.get(device));
        let name = known.as_ref().map(|device| device.name.as_str());
        if name.is_none() && address.is_none() {
            return write(event);
        }
        let address = address.map(tracing::field::display);
        tracing::error_span!("pc", name, address).in_scope(|| write(event));
    }

    /// The address of the PC, for lines without one.
    fn address(&self, event: &Event) -> Option<SocketAddr> {
        let mut here = self.here();
        match event {
            Event::TunnelOpened { tunnel, device, peer, .. } => {
                here.insert(*device, (*tunnel, *peer));
                None
            }
            // The end of one that was superseded may come after the beginning of the newer one.
            Event::TunnelEnded { tunnel, device, .. } => {
                if here.get(device).is_some_and(|(live, _)| live == tunnel) {
                    here.remove(device);
                }
                None
            }
            Event::AttemptFailed { .. }
            | Event::TakeoverDelayed { .. }
            | Event::Unclaimed { .. }
            | Event::IdentityConflict { .. } => None,
            other => here.get(&device_of(other)?).map(|(_, peer)| *peer),
        }
    }

    fn here(&self) -> MutexGuard<'_, HashMap<DeviceId, (TunnelId, SocketAddr)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The PC that a console asked for in vain, when it named one that we know.
fn wanted(event: &Event, inventory: Option<&Inventory>) -> Option<DeviceId> {
    let Event::ConsoleRefused { target, .. } = event else { return None };
    let name = target.rsplit_once(':').map_or(target.as_str(), |(name, _port)| name);
    Some(inventory?.find(name).ok()?.id)
}

/// The PC that an event is about.
fn device_of(event: &Event) -> Option<DeviceId> {
    match event {
        Event::AttemptFailed { device, .. } => *device,
        Event::TunnelOpened { device, .. }
        | Event::TunnelReady { device, .. }
        | Event::TunnelEnded { device, .. }
        | Event::IdentityConflict { device, .. }
        | Event::TakeoverDelayed { device, .. }
        | Event::Unclaimed { device, .. }
        | Event::ChannelOpened { device, .. }
        | Event::ChannelEnded { device, .. }
        | Event::TunnelOddity { device, .. }
        | Event::Alert { device, .. }
        | Event::Notified { device, .. }
        | Event::CommandEnded { device, .. }
        | Event::AmtCertificatePinned { device, .. }
        | Event::AmtCertificateChanged { device, .. }
        | Event::RedirectionOpened { device, .. }
        | Event::RedirectionWanted { device, .. }
        | Event::RedirectionEnded { device, .. } => Some(*device),
        Event::ConsoleRefused { .. }
        | Event::CertificatesReloaded { .. }
        | Event::CertificatesRefused { .. }
        | Event::MediaBegun(_)
        | Event::MediaAdded(_)
        | Event::MediaRemoved(_) => None,
    }
}

fn write(event: &Event) {
    match event {
        Event::AttemptFailed { peer, stage, device, reason, tls_alert, hello } => {
            let device = device.map(tracing::field::display);
            let offered = hello.as_ref().map(|h| tracing::field::display(h.summary()));
            match tls_alert {
                Some(alert) => {
                    let (words, advice) = crate::tls::alert_words(*alert);
                    warn!(%peer, %stage, device, alert, offered, "connection failed: {words}; {advice}");
                }
                None => warn!(%peer, %stage, device, offered, "connection failed: {reason}"),
            }
        }
        Event::TunnelOpened { tunnel, device, peer, trigger, tls, .. } => {
            let tls = tls.as_deref().unwrap_or("none");
            info!(%tunnel, %device, %peer, trigger, tls, "device dialled in");
        }
        Event::TunnelReady { tunnel, device, ports } => {
            info!(%tunnel, %device, ?ports, "tunnel is ready");
        }
        Event::TunnelEnded { tunnel, device, peer, end, seconds } => {
            info!(%tunnel, %device, %peer, seconds, "tunnel ended: {} ({})", end.reason, end.detail);
        }
        Event::IdentityConflict { device, addresses: [one, other] } => {
            warn!(%device, "two machines use the identity {device} ({one} and {other}); commands could reach the wrong one (E2023)");
        }
        Event::TakeoverDelayed { device, peer, seconds } => {
            info!(%device, %peer, seconds, "this machine waits: another one that uses the same identity came just before (E2023)");
        }
        Event::Unclaimed { device, peer } => {
            warn!(%device, %peer, "an unknown device knocked (E2017); viaduct devices approve {device}, or block it");
        }
        Event::ChannelOpened { tunnel, device, port, console, user } => {
            let console = console.map(tracing::field::display);
            info!(%tunnel, %device, port, console, user, "channel opened");
        }
        Event::ChannelEnded { tunnel, device, port, user, reason, from_device, to_device } => {
            info!(%tunnel, %device, port, user, from_device, to_device, "channel ended: {reason}");
        }
        Event::TunnelOddity { tunnel, device, text } => debug!(%tunnel, %device, "{text}"),
        Event::ConsoleRefused { peer, user, target, code, detail } => {
            info!(%peer, user, target, code, "console refused: {detail}");
        }
        Event::Alert { device, destination, trap, bytes } => match trap {
            Some(trap) => info!(%device, destination, "platform event: {}", trap.summary),
            None => info!(%device, destination, bytes, "platform event of an unknown format"),
        },
        Event::Notified { tunnel, device, target, event, acknowledged } => {
            let text = super::record::of_notification(event);
            info!(%tunnel, %device, target, acknowledged, class = event.class.escape_debug().to_string(), "platform event: {text}");
        }
        Event::CommandEnded { .. }
        | Event::AmtCertificatePinned { .. }
        | Event::AmtCertificateChanged { .. }
        | Event::RedirectionOpened { .. }
        | Event::RedirectionWanted { .. }
        | Event::RedirectionEnded { .. } => write_use(event),
        Event::MediaBegun(it) => write_media(it, "is being uploaded"),
        Event::MediaAdded(it) => write_media(it, "is in the library"),
        Event::MediaRemoved(it) => write_media(it, "left the library"),
        Event::CertificatesReloaded { listener } => info!(listener, "certificates reloaded"),
        Event::CertificatesRefused { listener, reason } => {
            warn!(listener, "certificates not reloaded: {reason}");
        }
    }
}

fn write_media(MediaFacts { id, name, size, user, .. }: &MediaFacts, what: &str) {
    info!(image = id, user, size, "`{}` {what}", name.escape_debug());
}

/// What was done with devices.
fn write_use(event: &Event) {
    match event {
        Event::CommandEnded { device, user, what, requests, code, milliseconds } => match code {
            None => info!(%device, user, requests, milliseconds, "{what}: done"),
            Some(code) => info!(%device, user, requests, milliseconds, code, "{what}: failed"),
        },
        Event::AmtCertificatePinned { device, seen } => {
            info!(%device, sha256 = seen, "first visit to the device's TLS port; its certificate is remembered");
        }
        Event::AmtCertificateChanged { device, known, seen } => {
            warn!(%device, known, seen, "the device's TLS port shows another certificate than before (E2062); nothing was sent to it");
        }
        Event::RedirectionOpened { device, mode, user, console } => {
            let console = console.map(tracing::field::display);
            info!(%device, mode, user, console, "redirection opened");
        }
        Event::RedirectionEnded { device, mode, user, reason, from_device, to_device } => {
            info!(%device, mode, user, from_device, to_device, "redirection ended: {reason}");
        }
        Event::RedirectionWanted { device, mode, user, holder, wish } => {
            info!(%device, mode, user, holder, ?wish, "somebody wants a redirection that is in use");
        }
        // The caller sends only these.
        _ => {}
    }
}
