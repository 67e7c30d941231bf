//! What becomes of events: channels are opened to services or to the echo, and bytes go to and fro.

use super::{Driver, pushes::Answer, service::Service};
use apf::{ChannelId, OpenFailure, device::Event};
use bytes::Bytes;
use std::task::{Context, Poll};

/// Bytes of one service queued for the wire, at most; more stay in the service's pipe.
const QUEUED: usize = 16 << 10;
/// The port that echoes when asked to.
const ECHO_PORT: u16 = 5900;

/// An open channel.
pub(super) struct Open {
    /// What the server granted at the opening.
    pub(super) window: u32,
    pub(super) end: End,
}

/// What is behind a channel.
pub(super) enum End {
    Service(Service),
    /// Bytes go back as they came; they are released when they have left.
    Echo,
    /// An event on its way out; the answer ends it.
    Push(Box<Answer>),
    /// Nothing: misbehaviour, or a channel that the platform opened.
    Nothing,
}

impl Driver<'_> {
    pub(super) fn take_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            self.take(event);
        }
    }

    /// Traffic, as a policy's life time counts it: channels and their data.
    fn note_activity(&mut self, event: &Event) {
        let is_traffic = matches!(
            event,
            Event::ChannelRequested { .. } | Event::Data { .. } | Event::Sent { .. }
        );
        if is_traffic {
            let now = self.life.now();
            self.life.engine.handle_activity(now);
        }
    }

    fn take(&mut self, event: Event) {
        self.note_activity(&event);
        match event {
            Event::Admitted => {
                self.admitted = true;
                self.life.admitted();
            }
            Event::Settled => self.settled(),
            Event::PortRefused { port } => {
                tracing::warn!(port, "the server refused to forward a port");
            }
            Event::KeepAliveAsked { interval, .. } => {
                self.life.machine.keepalive_interval(interval);
            }
            Event::KeepAliveAnswered => self.life.machine.keepalive_answered(),
            Event::ChannelRequested { channel, port, window } => {
                self.requested(channel, port, window);
            }
            Event::Data { channel, data } => self.data(channel, data),
            Event::Sent { channel, bytes } => {
                if let Some(Open { end: End::Echo, .. }) = self.channels.get(&channel) {
                    self.connection.release(channel, bytes);
                }
            }
            Event::ChannelClosed { channel, .. } => self.closed(channel),
            Event::DirectOpened { channel } => self.push_opened(channel),
            Event::DirectRefused { channel, reason } => self.push_refused(channel, reason),
            Event::Ended(reason) => self.ended = Some(reason),
            _ => {}
        }
    }

    fn requested(&mut self, channel: ChannelId, port: u16, window: u32) {
        if self.life.faults.ghost_keepalive {
            return;
        }
        if let Some(reason) = self.refusal() {
            self.connection.reject(channel, reason);
            return;
        }
        if let Some(end) = self.misbehaving_end(channel, window) {
            self.channels.insert(channel, Open { window, end });
            return;
        }
        let machine = &self.life.machine;
        let end = if port == ECHO_PORT && machine.setup.echo {
            End::Echo
        } else {
            let host = machine.host();
            if !host.serves(port) {
                self.connection.reject(channel, OpenFailure::CONNECT_FAILED);
                return;
            }
            End::Service(Service::start(host, port))
        };
        self.connection.accept(channel);
        self.channels.insert(channel, Open { window, end });
    }

    fn data(&mut self, channel: ChannelId, data: Bytes) {
        if self.life.faults.ghost_keepalive {
            return;
        }
        match self.channels.get_mut(&channel).map(|open| &mut open.end) {
            Some(End::Service(service)) => service.take(&data),
            Some(End::Echo) => {
                let bytes = data.len();
                if self.connection.send(channel, data).is_err() {
                    self.connection.release(channel, bytes);
                }
            }
            Some(End::Push(_)) => self.push_answered(channel, &data),
            Some(End::Nothing) | None => self.connection.release(channel, data.len()),
        }
    }

    fn closed(&mut self, channel: ChannelId) {
        match self.channels.remove(&channel).map(|open| open.end) {
            Some(End::Service(service)) => service.finish(),
            Some(End::Push(_)) => self.push_ended(),
            Some(End::Echo | End::Nothing) | None => {}
        }
    }

    /// Moves bytes between the channels and their services, as far as the windows and the pipes go.
    pub(super) fn poll_services(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        for (channel, open) in &mut self.channels {
            let End::Service(service) = &mut open.end else { continue };
            if let Poll::Ready(bytes) = service.poll_deliver(cx) {
                self.connection.release(*channel, bytes);
                progress = true;
            }
            if self.connection.queued(*channel) >= QUEUED {
                continue;
            }
            match service.poll_answer(cx) {
                Poll::Ready(Some(answer)) => {
                    if self.connection.send(*channel, answer).is_err() {
                        tracing::trace!(?channel, "an answer came after the channel's end");
                    }
                    progress = true;
                }
                Poll::Ready(None) => {
                    self.connection.close(*channel);
                    progress = true;
                }
                Poll::Pending => {}
            }
        }
        progress
    }
}
