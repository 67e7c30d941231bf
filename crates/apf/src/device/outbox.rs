//! What the device's states produce: events for the caller, control messages for the server.

use super::{Config, Event};
use crate::message::{ChannelClose, KeepAlive, Message, PeerChannelId};
use crate::{EndReason, Fault, Time, rate::Rate};
use alloc::collections::VecDeque;
use bytes::BytesMut;
use core::time::Duration;

/// Faults per minute before the connection is dropped.
const FAULTS_PER_MINUTE: u32 = 32;

/// Events and control messages that wait to be fetched. Control messages are encoded at once;
/// they go before all data.
#[derive(Debug)]
pub(super) struct Outbox {
    control: BytesMut,
    events: VecDeque<Event>,
    faults: Rate,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            control: BytesMut::new(),
            events: VecDeque::new(),
            faults: Rate::new(FAULTS_PER_MINUTE, Duration::from_secs(60)),
        }
    }

    pub(super) fn say(&mut self, message: &Message<'_>) {
        message.encode(&mut self.control);
    }

    pub(super) fn say_raw(&mut self, bytes: &[u8]) {
        self.control.extend_from_slice(bytes);
    }

    pub(super) fn close_channel(&mut self, peer: PeerChannelId) {
        self.say(&Message::ChannelClose(ChannelClose { recipient: peer.0 }));
    }

    pub(super) fn keepalive(&mut self, keepalive: KeepAlive) {
        self.say(&Message::KeepAliveReply(keepalive));
    }

    pub(super) fn report(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Counts and reports a fault; too many end the connection.
    pub(super) fn fault(&mut self, fault: Fault, now: Time) -> Result<(), EndReason> {
        self.report(Event::Fault(fault));
        if self.faults.allow(now) { Ok(()) } else { Err(EndReason::FaultBudget) }
    }

    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn has_control(&self) -> bool {
        !self.control.is_empty()
    }

    /// Moves all control messages to `out`.
    pub(super) fn move_control(&mut self, out: &mut BytesMut) {
        out.extend_from_slice(&self.control);
        self.control.clear();
    }
}

/// What a state has at hand while it handles something.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) outbox: &'a mut Outbox,
    pub(super) now: Time,
}
