//! What the state machine says, turned into channels, facts and events.

use super::farewell::PATIENCE;
use super::{Driver, Opening, Phase, lived, stage};
use crate::{
    admission::Decision,
    events::{Event, Stage},
    inventory::Attempt,
    registry::{TunnelEnd, Wait},
    tls::Io,
    tunnel::{
        Channel, Refused, TunnelHandle,
        gate::Gate,
        handle::{Face, Ports},
        heard::Heard,
        outlet::Outlet,
        pet,
    },
};
use apf::{ChannelEnd, ChannelId, server};
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use time::OffsetDateTime;
use tokio::sync::watch;
use uuid::Uuid;
use viaduct_api::DeviceId;

/// Bytes of text that a device chose, as shown to people.
const SHOWN_MAX: usize = 64;

impl<T: Io> Driver<T> {
    pub(super) fn take_events(&mut self) {
        // Channels that end with their tunnel are told before its end. Whoever hears of one asks what became of the tunnel,
        // so that the end is known first.
        let mut last = Vec::new();
        while let Some(event) = self.connection.poll_event() {
            match event {
                server::Event::ChannelClosed { channel, end: ChannelEnd::TunnelEnded } => {
                    last.push(channel);
                }
                event => self.on_event(event),
            }
        }
        for channel in last {
            self.channel_closed(channel, ChannelEnd::TunnelEnded);
        }
    }

    fn on_event(&mut self, event: server::Event) {
        match event {
            server::Event::Greeted { uuid, trigger, .. } => {
                self.config.knocks.identity(self.peer, DeviceId(uuid));
                if let Phase::Login { claimed, .. } = &mut self.phase {
                    *claimed = Some((DeviceId(uuid), trigger.0));
                }
            }
            server::Event::AdmissionAsked { uuid, credentials } => self.decide(uuid, credentials),
            server::Event::PortForwarded { port, .. } => self.change_ports(|ports| {
                if !ports.list.contains(&port) {
                    ports.list.push(port);
                }
            }),
            server::Event::PortCancelled { port } => {
                self.change_ports(|ports| ports.list.retain(|p| *p != port));
            }
            server::Event::Settled => {
                self.keepalive_asked = Some(tokio::time::Instant::now());
                self.settled();
            }
            server::Event::KeepAliveAgreed { interval, timeout } => {
                if let Some(asked) = self.keepalive_asked.take() {
                    self.config.meters.round_trip(asked.elapsed());
                }
                if let Phase::Admitted { face, .. } = &self.phase {
                    face.keepalive.send_replace(Some((interval, timeout)));
                }
            }
            server::Event::ChannelOpened { channel } => self.channel_opened(channel),
            server::Event::ChannelRefused { channel, reason } => {
                self.channel_refused(channel, Refused::ByDevice(reason));
            }
            server::Event::ChannelTimedOut { channel } => {
                self.channel_refused(channel, Refused::TimedOut);
            }
            server::Event::Data { channel, data } => self.deliver(channel, data),
            server::Event::Sent { channel, bytes } => {
                if let Some(outlet) = self.open.get_mut(&channel) {
                    outlet.sent(bytes);
                }
            }
            server::Event::ChannelClosed { channel, end } => self.channel_closed(channel, end),
            server::Event::Alert { destination, destination_port, data, .. } => {
                self.alert(&destination, destination_port, &data);
            }
            server::Event::DeviceChannel { channel, target, port } => {
                self.pushed(channel, format!("{}:{port}", shown(&target)));
            }
            server::Event::Fault(fault) => self.note(fault.to_string()),
            server::Event::Ended(reason) => {
                self.ended = Some(reason);
                self.last_words = Some(Box::pin(tokio::time::sleep(PATIENCE)));
                self.end_known();
            }
            // Nothing hangs on these: a keep-alive was answered, pfwd@ was accepted.
            _ => {}
        }
    }

    pub(super) fn decide(&mut self, uuid: Uuid, credentials: server::Credentials) {
        let now = self.now();
        let device = DeviceId(uuid);
        let certificate = self.tls.as_ref().and_then(|tls| tls.client_certificate.as_ref());
        let found = self.found.as_deref();
        match self.config.admission.decide(device, self.peer, &credentials, certificate, found) {
            Decision::Admit if self.asks(uuid, &credentials) => return,
            Decision::Admit => match self.enter(device) {
                Ok(()) => self.connection.admit(now),
                Err(wait) => return self.hold(uuid, credentials, wait),
            },
            Decision::Refuse(why) => self.turn_away(why.into()),
            Decision::LookUp => return self.look_up(uuid, credentials),
        }
        self.resume_input();
    }

    pub(super) fn turn_away(&mut self, why: Cow<'static, str>) {
        let now = self.now();
        self.refused = Some(why);
        self.connection.refuse(now);
    }

    /// The device is who it says: from here on it has a handle and a place in the registry.
    fn enter(&mut self, device: DeviceId) -> Result<(), Wait> {
        let trigger = match &self.phase {
            Phase::Login { claimed, .. } => claimed.map_or(0, |(_, trigger)| trigger),
            Phase::Admitted { .. } => return Ok(()),
        };
        let limits = &self.config.limits;
        let summary = self.tls.as_ref().map(|tls| tls.summary.clone());
        let face = Arc::new(Face {
            id: self.id,
            device,
            peer: self.peer,
            since: OffsetDateTime::now_utc(),
            trigger,
            tls: summary.clone(),
            ports: watch::Sender::default(),
            keepalive: watch::Sender::default(),
            heard: Heard::now(),
            channels: AtomicUsize::new(0),
            from_device: AtomicU64::new(0),
            to_device: AtomicU64::new(0),
            end: watch::Sender::default(),
            gate: Gate::new(limits.channels, limits.wsman_channels),
            open_deadline: limits.open_deadline.0,
        });
        let handle = TunnelHandle { face: Arc::clone(&face), requests: self.sender.clone() };
        let lease = self.config.registry.admit(handle)?;
        // Dropping the old phase frees the place among the pending.
        self.phase = Phase::Admitted { face, _lease: lease };
        let hello = self.tls.as_ref().and_then(|tls| tls.hello.clone());
        self.config.inventory.note_connected(device, self.peer, hello.clone());
        self.config.events.publish(Event::TunnelOpened {
            tunnel: self.id,
            device,
            peer: self.peer,
            trigger,
            tls: summary,
            hello,
        });
        Ok(())
    }

    fn change_ports(&self, change: impl FnOnce(&mut Ports)) {
        let Phase::Admitted { face, .. } = &self.phase else { return };
        face.ports.send_modify(change);
        let ports = face.ports.borrow();
        if ports.settled {
            self.config.inventory.note_ports(face.device, ports.list.clone());
        }
    }

    fn settled(&self) {
        self.change_ports(|ports| ports.settled = true);
        let Phase::Admitted { face, .. } = &self.phase else { return };
        self.config.events.publish(Event::TunnelReady {
            tunnel: face.id,
            device: face.device,
            ports: face.ports.borrow().list.clone(),
        });
    }

    fn channel_opened(&mut self, id: ChannelId) {
        let Some(Opening { port, opener, slot, reply }) = self.opening.remove(&id) else { return };
        let limits = &self.config.limits;
        let (outlet, incoming) = Outlet::new(port, opener, slot, limits.channel_queue.0);
        let window = self.window(port) as usize;
        let shared = Arc::clone(&outlet.shared);
        let stall = self.config.limits.stall_deadline.0;
        let channel = Channel::new(id, self.sender.clone(), incoming, shared, window, stall);
        if let Phase::Admitted { face, .. } = &self.phase {
            face.channels.fetch_add(1, Ordering::Relaxed);
            self.config.events.publish(Event::ChannelOpened {
                tunnel: face.id,
                device: face.device,
                port,
                console: outlet.opener.console,
                user: outlet.opener.user.clone(),
            });
        }
        self.open.insert(id, outlet);
        // A console that gave up drops the channel, and that closes it.
        drop(reply.send(Ok(channel)));
    }

    fn channel_refused(&mut self, id: ChannelId, refused: Refused) {
        if let Some(opening) = self.opening.remove(&id) {
            // The slot is free before the console asks again.
            drop(opening.slot);
            drop(opening.reply.send(Err(refused)));
        }
    }

    fn deliver(&mut self, id: ChannelId, data: Bytes) {
        if let Phase::Admitted { face, .. } = &self.phase {
            face.from_device.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        if self.push_data(id, &data) {
            return;
        }
        let bytes = data.len();
        let taken = self.open.get_mut(&id).is_some_and(|outlet| outlet.deliver(data));
        if !taken {
            // Nobody will read it: the credit goes back so that the close is not held up.
            self.connection.release(id, bytes);
        }
    }

    fn channel_closed(&mut self, id: ChannelId, end: ChannelEnd) {
        self.channel_refused(id, Refused::TimedOut);
        self.inboxes.remove(&id);
        let Some(mut outlet) = self.open.remove(&id) else { return };
        self.config.meters.blocked(outlet.shared.blocked());
        if outlet.shared.slow.load(Ordering::Relaxed) {
            self.config.meters.slow_reader(outlet.port);
        }
        outlet.finish(end.to_string());
        let Phase::Admitted { face, .. } = &self.phase else { return };
        face.channels.fetch_sub(1, Ordering::Relaxed);
        self.config.events.publish(Event::ChannelEnded {
            tunnel: face.id,
            device: face.device,
            port: outlet.port,
            user: outlet.opener.user.clone(),
            reason: end.to_string(),
            from_device: outlet.shared.from_device.load(Ordering::Relaxed),
            to_device: outlet.shared.to_device.load(Ordering::Relaxed),
        });
    }

    fn alert(&self, destination: &[u8], port: u16, data: &[u8]) {
        let Phase::Admitted { face, .. } = &self.phase else { return };
        self.config.events.publish(Event::Alert {
            device: face.device,
            destination: format!("{}:{port}", shown(destination)),
            trap: pet::decode(data).map(Arc::new),
            bytes: data.len(),
        });
    }

    pub(super) fn note(&self, text: String) {
        if let Phase::Admitted { face, .. } = &self.phase {
            self.config.events.publish(Event::TunnelOddity {
                tunnel: face.id,
                device: face.device,
                text,
            });
        }
    }

    fn end_known(&self) {
        if let Phase::Admitted { face, .. } = &self.phase {
            face.end.send_replace(Some(self.end()));
        }
    }

    /// Ends every console's channel with the reason, frees the place in the registry, tells it once.
    pub(super) fn report(&mut self, end: &TunnelEnd) {
        // Before the channels: who finds one closed asks the tunnel why.
        if let Phase::Admitted { face, .. } = &self.phase {
            face.gate.close();
            face.end.send_replace(Some(end.clone()));
        }
        for (_, opening) in self.opening.drain() {
            drop(opening);
        }
        let why = format!("the tunnel ended: {} ({})", end.reason, end.detail);
        let open: Vec<ChannelId> = self.open.keys().copied().collect();
        for id in open {
            if let Some(outlet) = self.open.get_mut(&id) {
                outlet.finish(why.clone());
            }
            self.channel_closed(id, ChannelEnd::TunnelEnded);
        }
        match &self.phase {
            Phase::Admitted { face, .. } => {
                self.config.inventory.note_ended(face.device, end);
                self.config.events.publish(Event::TunnelEnded {
                    tunnel: face.id,
                    device: face.device,
                    peer: self.peer,
                    end: end.clone(),
                    seconds: lived(self.origin),
                });
            }
            Phase::Login { claimed, .. } => self.report_attempt(*claimed, end),
        }
        // Dropping the lease takes the tunnel out of the registry, if it is still this one.
        self.phase = Phase::Login { _pending: None, claimed: None };
    }

    fn report_attempt(&self, claimed: Option<(DeviceId, u32)>, end: &TunnelEnd) {
        let reason = self.refused.clone().map_or_else(|| end.detail.clone(), Cow::into_owned);
        let reached =
            self.ended.as_ref().map_or(Stage::Version, |reason| stage(reason, claimed.is_some()));
        let stage = if self.vetoed { Stage::Verdict } else { reached };
        let device = claimed.map(|(device, _)| device);
        let hello = self.tls.as_ref().and_then(|tls| tls.hello.clone());
        let now = OffsetDateTime::now_utc();
        self.config.inventory.note_attempt(Attempt {
            address: self.peer.ip(),
            stage,
            device,
            reason: reason.clone(),
            tls_alert: None,
            hello: hello.clone(),
            first: now,
            last: now,
            count: 1,
        });
        let peer = self.peer;
        let event = Event::AttemptFailed { peer, stage, device, reason, tls_alert: None, hello };
        self.config.events.publish(event);
    }
}

/// Device-made text, bounded and without anything that a terminal or a log would obey.
fn shown(text: &[u8]) -> String {
    let text = &text[..text.len().min(SHOWN_MAX)];
    text.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '?' }).collect()
}
