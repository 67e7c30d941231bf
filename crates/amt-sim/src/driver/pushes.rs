//! Events that are pushed (WS-Eventing): each through a channel that the platform opens to the subscriber's address.

use super::{
    Driver,
    channels::{End, Open},
};
use crate::{
    notice::{Listener, indication},
    pet::Pet,
};
use amt::{
    http::{Limits, MessageReader, ResponseHead},
    wsman::{Delivery, Notification},
};
use apf::{ChannelId, OpenFailure};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// Channels for events at the same time: the others are for consoles.
const AT_ONCE: usize = 2;
/// Events that wait for a channel; what comes then is not pushed.
const WAITING: usize = 64;

/// One event for one subscriber.
#[derive(Debug)]
pub(super) struct Push {
    listener: Listener,
    event: Notification,
    number: u64,
}

/// An answer that is on its way.
#[derive(Debug)]
pub(super) struct Answer {
    push: Push,
    reader: MessageReader<ResponseHead>,
}

/// What is to be pushed through this tunnel.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    waiting: VecDeque<Push>,
    opening: BTreeMap<ChannelId, Push>,
    answering: usize,
    sent: u64,
}

impl Driver<'_> {
    /// Everybody whose filter lets the event through gets it.
    pub(super) fn push_to_listeners(&mut self, event: &Pet) {
        for listener in self.life.machine.listeners() {
            if listener.wants(event) {
                let event = indication(event, &listener.filter);
                self.push(listener, event);
            }
        }
    }

    /// An event of no importance to this address (the fault `direct`).
    pub(super) fn push_to(&mut self, target: &str) {
        let listener = Listener {
            destination: format!("http://{target}/"),
            filter: "Intel(r) AMT:AllEvents".to_owned(),
            acknowledges: false,
        };
        let event = indication(&Pet::tunnel(0, true), &listener.filter);
        self.push(listener, event);
    }

    fn push(&mut self, listener: Listener, event: Notification) {
        if self.pushes.waiting.len() >= WAITING {
            tracing::info!(listener.destination, "an event is not pushed: too many wait");
            return;
        }
        self.pushes.sent += 1;
        let number = self.pushes.sent;
        self.pushes.waiting.push_back(Push { listener, event, number });
        self.open_for_pushes();
    }

    fn open_for_pushes(&mut self) {
        while self.pushes.opening.len() + self.pushes.answering < AT_ONCE {
            let Some(push) = self.pushes.waiting.pop_front() else { return };
            let destination = &push.listener.destination;
            let Some((host, port)) = push.listener.address() else { continue };
            match self.connection.open_direct(host, port) {
                Ok(channel) => drop(self.pushes.opening.insert(channel, push)),
                Err(error) => tracing::info!(%error, destination, "no channel for an event"),
            }
        }
    }

    pub(super) fn push_opened(&mut self, channel: ChannelId) {
        let Some(push) = self.pushes.opening.remove(&channel) else { return };
        let Push { listener, event, number } = &push;
        let url = &listener.destination;
        let body = match listener.acknowledges {
            true => event.to_xml_for_acknowledgement(url, *number),
            false => event.to_xml(url, *number),
        };
        let rest = url.strip_prefix("http://").unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if self.connection.send(channel, (head + &body).into()).is_err() {
            tracing::info!(url, "the channel for an event was closed before it was sent");
            self.open_for_pushes();
            return;
        }
        self.pushes.answering += 1;
        let answer = Answer { push, reader: MessageReader::new(Limits::default()) };
        self.channels.insert(channel, Open { window: 0, end: End::Push(Box::new(answer)) });
    }

    pub(super) fn push_refused(&mut self, channel: ChannelId, reason: OpenFailure) {
        if let Some(push) = self.pushes.opening.remove(&channel) {
            let url = push.listener.destination;
            tracing::info!(reason = reason.0, url, "the server refused a channel for an event");
        }
        self.open_for_pushes();
    }

    /// A piece of the subscriber's answer; the whole of it ends the channel.
    pub(super) fn push_answered(&mut self, channel: ChannelId, data: &Bytes) {
        let bytes = data.len();
        let Some(Open { end: End::Push(answer), .. }) = self.channels.get_mut(&channel) else {
            return;
        };
        let over = answer.take(data);
        self.connection.release(channel, bytes);
        if over {
            self.connection.close(channel);
        }
    }

    pub(super) fn push_ended(&mut self) {
        self.pushes.answering = self.pushes.answering.saturating_sub(1);
        self.open_for_pushes();
    }
}

impl Answer {
    /// True once there is nothing more to wait for.
    fn take(&mut self, data: &[u8]) -> bool {
        let Push { listener, number, .. } = &self.push;
        let url = &listener.destination;
        match self.reader.handle_bytes(data) {
            Ok((_, None)) => return false,
            Ok((_, Some(answer))) if !(200..300).contains(&answer.head.status) => {
                tracing::info!(url, status = answer.head.status, "the subscriber refused an event");
            }
            Ok((_, Some(answer))) => {
                let acknowledged = Delivery::is_acknowledged(&answer.body, *number);
                if listener.acknowledges && !acknowledged {
                    tracing::info!(url, "the subscriber took an event and did not acknowledge it");
                } else {
                    tracing::debug!(url, acknowledged, "an event was pushed");
                }
            }
            Err(error) => tracing::info!(url, %error, "the subscriber's answer is no HTTP"),
        }
        true
    }
}
