//! Following a PC from its first packet to its first answer through the tunnel.

use super::{Parts, job::Slot};
use crate::{events::Event, knocks::Awaited, tunnel::Opener, why_offline};
use amt::remote_access::{Schedule, WantedPolicy};
use std::{net::IpAddr, time::Duration};
use time::OffsetDateTime;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, interval},
};
use viaduct_api::{Code, DeviceId, EnrollState, Milestone, Problem};

/// Without anything new for so long, the likely reason is given.
const STUCK: Duration = Duration::from_secs(60);
/// So long a PC gets for the way in, besides two periods of its timer.
const PATIENCE: Duration = Duration::from_secs(180);
/// A timer with a longer period is not waited for.
const PERIOD_MAX: u32 = 300;
/// How often what nobody announces is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The phases, in order, with the words for each.
const PHASES: [(&str, &str); 6] = [
    ("tcp", "TCP connection seen"),
    ("tls", "TLS handshake done"),
    ("identity", "it has said who it is"),
    ("credential", "credential accepted"),
    ("ports", "ports offered"),
    ("wsman", "first WS-Man answer through the tunnel"),
];

/// A PC that is waited for.
pub(super) struct Watch<'a> {
    pub(super) parts: &'a Parts,
    pub(super) slot: &'a Slot,
    pub(super) id: DeviceId,
    pub(super) address: Option<IpAddr>,
    pub(super) policies: &'a [WantedPolicy],
    /// Whether anything was changed on it.
    pub(super) changed: bool,
}

/// When each phase was seen.
#[derive(Default)]
struct Times([Option<OffsetDateTime>; 6]);

impl Times {
    fn note(&mut self, phase: usize, at: Option<OffsetDateTime>) {
        if let Some(place) = self.0.get_mut(phase) {
            *place = place.or(at);
        }
    }

    fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }
}

impl Watch<'_> {
    /// Waits for the first answer through the tunnel.
    pub(super) async fn follow(&self, mut awaited: Awaited) -> Result<(), Problem> {
        self.slot.state(EnrollState::Following);
        if self.changed && self.parts.registry.lookup(self.id).is_some() {
            self.slot.note(
                "it is connected already; new settings count from its next connection (viaduct devices reconnect)",
            );
        }
        let mut times = Times::default();
        let mut events = self.parts.events.subscribe();
        let mut look = interval(LOOK);
        let deadline = Instant::now() + self.patience();
        let mut newest = Instant::now();
        loop {
            let before = times.count();
            self.look(&awaited, &mut times);
            if times.0[4].is_some() && times.0[5].is_none() {
                self.ask(&mut times).await?;
            }
            self.show(&times);
            if times.0[5].is_some() {
                self.slot.update(|device| {
                    device.hint = None;
                    device.state = EnrollState::Done;
                });
                return Ok(());
            }
            let now = Instant::now();
            if times.count() > before {
                newest = now;
                self.slot.update(|device| device.hint = None);
            }
            if now >= deadline {
                return Err(self.stuck(&times));
            }
            if now.duration_since(newest) >= STUCK {
                let hint = self.hint(&times);
                self.slot.update(|device| device.hint = Some(hint));
            }
            tokio::select! {
                () = awaited.changed() => {}
                event = events.recv() => match event {
                    Ok(event) if self.concerns(&event) => {}
                    // Others' events are many; the next look is soon enough.
                    Ok(_) | Err(RecvError::Lagged(_)) => { look.tick().await; }
                    Err(RecvError::Closed) => {
                        return Err(Problem::new(Code::ShuttingDown, "the server is stopping"));
                    }
                },
                _ = look.tick() => {}
            }
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::TunnelOpened { device, .. } | Event::TunnelReady { device, .. } => {
                *device == self.id
            }
            _ => false,
        }
    }

    fn look(&self, awaited: &Awaited, times: &mut Times) {
        let seen = awaited.seen();
        times.note(0, seen.tcp);
        times.note(1, seen.tls);
        times.note(2, seen.identity);
        let Some(tunnel) = self.parts.registry.lookup(self.id) else { return };
        let since = Some(tunnel.facts().since);
        // A tunnel that was there before went through all of it then; one without TLS of ours has an outer end.
        for phase in 0..4 {
            times.note(phase, since);
        }
        if tunnel.is_settled() {
            times.note(4, Some(OffsetDateTime::now_utc()));
        }
    }

    /// The first question through the tunnel. What passes by itself is tried again.
    async fn ask(&self, times: &mut Times) -> Result<(), Problem> {
        let opener = Opener { user: self.slot.by(), console: None };
        let answer = match self.parts.commands.device(self.id, opener, "enroll").await {
            Ok(mut device) => device.get("AMT_GeneralSettings").await.map(drop),
            Err(error) => Err(error),
        };
        match answer {
            Ok(()) => {
                times.note(5, Some(OffsetDateTime::now_utc()));
                Ok(())
            }
            Err(error) if error.code() == Code::AmtPasswordRefused => Err(Problem::new(
                error.code(),
                format!(
                    "it is connected, but refuses through its tunnel what it took on the local network: {error}"
                ),
            )),
            Err(error) => {
                self.slot.update(|device| device.hint = Some(error.to_string()));
                Ok(())
            }
        }
    }

    fn show(&self, times: &Times) {
        let milestones = PHASES.iter().zip(times.0).map(|((name, text), at)| Milestone {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
            at,
        });
        let milestones = milestones.collect();
        self.slot.update(|device| device.milestones = milestones);
    }

    /// The period of a timer that makes it dial in soon.
    fn period(&self) -> Option<u32> {
        let period = self.policies.iter().find_map(|policy| match policy.schedule {
            Some(Schedule::Every(seconds)) => Some(seconds),
            Some(Schedule::Daily { .. }) | None => None,
        });
        period.filter(|seconds| *seconds <= PERIOD_MAX)
    }

    fn patience(&self) -> Duration {
        match self.period() {
            Some(seconds) => PATIENCE + Duration::from_secs(2 * u64::from(seconds)),
            None => {
                self.slot.note(
                    "none of its triggers makes it dial in within minutes; somebody at the PC may have to ask for the tunnel",
                );
                PATIENCE
            }
        }
    }

    fn hint(&self, times: &Times) -> String {
        if times.count() == 0 && self.period().is_none() {
            return "none of its triggers has fired yet. Try: let somebody at the PC ask for help (its BIOS, or `viaduct host connect` \
                    there), or enroll it again with a timer, --trigger user,periodic=25s"
                .to_owned();
        }
        let Some(device) = self.parts.inventory.get(self.id) else {
            return "it was removed here in the meantime, so it would be turned away".to_owned();
        };
        let sources = why_offline::Sources {
            registry: &self.parts.registry,
            inventory: &self.parts.inventory,
            listeners: &self.parts.addresses.cira,
            started: self.parts.started,
        };
        let why = why_offline::explain(sources, &device, self.address);
        match why.next.first() {
            Some(next) => format!("{}. Try: {next}", why.likely),
            None => why.likely,
        }
    }

    fn stuck(&self, times: &Times) -> Problem {
        let hint = self.hint(times);
        let name = self.parts.inventory.get(self.id).map(|device| device.name.clone());
        let name = name.unwrap_or_else(|| self.id.to_string());
        Problem::new(Code::EnrollStuck, format!("{name} has not come: {hint}"))
    }
}
