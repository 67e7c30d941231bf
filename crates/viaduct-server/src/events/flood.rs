//! Floods: so many events of one kind from one source within a minute are told one by one, the others as a number.
//!
//! A device that connects and ends every few seconds, a stranger who tries passwords, a console that opens a channel
//! for every request: none of them may push everything else out of sight. Log and metrics still get each of them.

use super::Event;
use crate::recent::Recent;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::time::Instant;
use viaduct_api::DeviceId;

/// Sources watched at the same time; whoever was silent longest is forgotten, with the number that was left out.
const SOURCES: usize = 50_000;
/// The time for which a budget is.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// What is limited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A device's tunnel coming and going.
    Tunnel(DeviceId),
    /// Channels to a device.
    Channels(DeviceId),
    /// People who want what somebody else uses of a device; a page waits for these, however busy its channels are.
    Wishes(DeviceId),
    /// Management commands on a device.
    Commands(DeviceId),
    /// Alerts of a platform.
    Alerts(DeviceId),
    /// Oddities of a device.
    Oddities(DeviceId),
    /// Attempts to sign in as a device from one address.
    Attempts(IpAddr),
    /// Consoles turned away at one address.
    Refusals(IpAddr),
}

/// What was left out of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) source: Source,
    pub(super) count: u64,
    /// For a tunnel: whether the device is connected after all that.
    pub(super) connected: Option<bool>,
}

#[derive(Debug)]
struct Watched {
    since: Instant,
    told: u32,
    left_out: u64,
    connected: Option<bool>,
}

/// Who has said how much lately.
#[derive(Debug)]
pub(super) struct Floods(Recent<Source, Watched>);

impl Source {
    /// None: the event is always told.
    fn of(event: &Event) -> Option<Self> {
        let ip = |peer: &SocketAddr| peer.ip().to_canonical();
        Some(match event {
            Event::TunnelOpened { device, .. }
            | Event::TunnelReady { device, .. }
            | Event::TunnelEnded { device, .. } => Self::Tunnel(*device),
            Event::ChannelOpened { device, .. } | Event::ChannelEnded { device, .. } => {
                Self::Channels(*device)
            }
            Event::RedirectionOpened { device, .. } | Event::RedirectionEnded { device, .. } => {
                Self::Channels(*device)
            }
            Event::RedirectionWanted { device, .. } => Self::Wishes(*device),
            Event::Alert { device, .. } | Event::Notified { device, .. } => Self::Alerts(*device),
            Event::TunnelOddity { device, .. } => Self::Oddities(*device),
            Event::AttemptFailed { peer, .. }
            | Event::TakeoverDelayed { peer, .. }
            | Event::Unclaimed { peer, .. } => Self::Attempts(ip(peer)),
            Event::ConsoleRefused { peer, .. } => Self::Refusals(ip(peer)),
            Event::CommandEnded { device, .. } => Self::Commands(*device),
            Event::IdentityConflict { .. }
            | Event::AmtCertificatePinned { .. }
            | Event::AmtCertificateChanged { .. }
            | Event::MediaBegun(_)
            | Event::MediaAdded(_)
            | Event::MediaRemoved(_)
            | Event::CertificatesReloaded { .. }
            | Event::CertificatesRefused { .. } => return None,
        })
    }

    /// Events a minute that are told one by one.
    fn budget(self) -> u32 {
        match self {
            // Two tunnels, each opened, ready and ended.
            Self::Tunnel(_) => 6,
            Self::Channels(_)
            | Self::Wishes(_)
            | Self::Commands(_)
            | Self::Alerts(_)
            | Self::Refusals(_) => 30,
            Self::Oddities(_) | Self::Attempts(_) => 10,
        }
    }

    /// What it is, for a sentence that begins with a number.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Tunnel(_) => "tunnel events",
            Self::Channels(_) => "channel events",
            Self::Wishes(_) => "questions for a redirection",
            Self::Commands(_) => "commands",
            Self::Alerts(_) => "alerts",
            Self::Oddities(_) => "oddities",
            Self::Attempts(_) => "connection attempts",
            Self::Refusals(_) => "refusals of consoles",
        }
    }

    pub(super) fn device(self) -> Option<DeviceId> {
        match self {
            Self::Tunnel(device)
            | Self::Channels(device)
            | Self::Wishes(device)
            | Self::Commands(device)
            | Self::Alerts(device)
            | Self::Oddities(device) => Some(device),
            Self::Attempts(_) | Self::Refusals(_) => None,
        }
    }

    pub(super) fn address(self) -> Option<IpAddr> {
        match self {
            Self::Attempts(address) | Self::Refusals(address) => Some(address),
            _ => None,
        }
    }
}

impl Floods {
    pub(super) fn new() -> Self {
        Self(Recent::new(SOURCES))
    }

    /// Whether the event is told; otherwise it is counted.
    pub(super) fn passes(&mut self, event: &Event, now: Instant) -> bool {
        let Some(source) = Source::of(event) else { return true };
        let fresh = || Watched { since: now, told: 0, left_out: 0, connected: None };
        let (watched, ..) = self.0.touch(source, fresh);
        match event {
            Event::TunnelOpened { .. } | Event::TunnelReady { .. } => {
                watched.connected = Some(true);
            }
            Event::TunnelEnded { .. } => watched.connected = Some(false),
            _ => {}
        }
        // While something is left out nothing else is told: the order of what was left out is lost anyway.
        if watched.left_out == 0 && now.duration_since(watched.since) >= WINDOW {
            (watched.since, watched.told) = (now, 0);
        }
        if watched.left_out == 0 && watched.told < source.budget() {
            watched.told += 1;
            return true;
        }
        watched.left_out += 1;
        false
    }

    /// What was left out of the windows that are over. A source that was silent for a whole window is forgotten; one
    /// that goes on is told once a window.
    pub(super) fn sum_up(&mut self, now: Instant) -> Vec<Summary> {
        let over: Vec<Source> = self
            .0
            .newest_first()
            .filter(|(_, watched)| now.duration_since(watched.since) >= WINDOW)
            .map(|(source, _)| *source)
            .collect();
        let mut summaries = Vec::new();
        for source in over {
            let Some(mut watched) = self.0.remove(&source) else { continue };
            if watched.left_out == 0 {
                continue;
            }
            let (count, connected) = (watched.left_out, watched.connected);
            summaries.push(Summary { source, count, connected });
            // It has used up its budget for the next window too: one line a minute is enough for a flood.
            watched = Watched { since: now, told: source.budget(), left_out: 0, connected };
            self.0.touch(source, || watched);
        }
        summaries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{registry::TunnelEnd, tunnel::TunnelId};

    fn cycle(device: DeviceId) -> [Event; 3] {
        let peer = SocketAddr::from(([192, 0, 2, 1], 7));
        let tunnel = TunnelId(1);
        let end = TunnelEnd::by_device("closed by AMT", "");
        [
            Event::TunnelOpened { tunnel, device, peer, trigger: 4, tls: None, hello: None },
            Event::TunnelReady { tunnel, device, ports: vec![16992] },
            Event::TunnelEnded { tunnel, device, peer, end, seconds: 1 },
        ]
    }

    #[test]
    fn who_asks_for_a_screen_is_told_however_busy_the_channels_of_its_pc_are() {
        let (mut floods, now) = (Floods::new(), Instant::now());
        let device = DeviceId(uuid::Uuid::from_u128(1));
        let user = || "ines".to_owned();
        let busy = Event::ChannelOpened {
            tunnel: TunnelId(1),
            device,
            port: 16992,
            console: None,
            user: user(),
        };
        while floods.passes(&busy, now) {}
        let wish = crate::events::Wish::Ask;
        let asks =
            Event::RedirectionWanted { device, mode: "kvm", user: user(), holder: user(), wish };
        assert!(floods.passes(&asks, now));
    }

    #[test]
    fn a_flapping_device_is_told_at_most_once_a_minute_after_its_first_tunnels() {
        let (mut floods, start) = (Floods::new(), Instant::now());
        let (device, other) =
            (DeviceId(uuid::Uuid::from_u128(1)), DeviceId(uuid::Uuid::from_u128(2)));
        let mut told_at = Vec::new();
        let mut counted = 0;
        for second in (0..600).step_by(5) {
            let now = start + Duration::from_secs(second);
            for event in cycle(device) {
                told_at.extend(floods.passes(&event, now).then_some(second));
            }
            for summary in floods.sum_up(now) {
                assert_eq!(
                    (summary.source, summary.connected),
                    (Source::Tunnel(device), Some(false))
                );
                told_at.push(second);
                counted += summary.count;
            }
        }
        assert_eq!(told_at[..6], [0, 0, 0, 5, 5, 5]);
        let lines = &told_at[6..];
        assert!(lines.windows(2).all(|pair| pair[1] - pair[0] >= 60), "{lines:?}");
        // Nothing is lost: each event was told or counted, but for the window that has not ended.
        let rest = 120 * 3 - 6 - counted;
        assert!(rest <= 12 * 3, "{rest}");
        assert!(floods.passes(&cycle(other)[0], start), "others are told as ever");
    }

    #[test]
    fn after_a_quiet_minute_everything_is_told_again() {
        let (mut floods, start) = (Floods::new(), Instant::now());
        let device = DeviceId(uuid::Uuid::from_u128(1));
        let pass = |floods: &mut Floods, at: u64| {
            let now = start + Duration::from_secs(at);
            cycle(device).iter().filter(|event| floods.passes(event, now)).count()
        };
        assert_eq!([pass(&mut floods, 0), pass(&mut floods, 1), pass(&mut floods, 2)], [3, 3, 0]);
        let summaries = floods.sum_up(start + WINDOW);
        assert_eq!(summaries.len(), 1);
        assert_eq!(summaries[0].count, 3);
        assert!(floods.sum_up(start + WINDOW * 2).is_empty());
        assert_eq!(pass(&mut floods, 121), 3);
    }
}
