//! What the states produce: events for the caller, control messages for the peer.

use super::{Config, Event};
use crate::message::{ChannelClose, Message, PeerChannelId};
use crate::{EndReason, Fault, Time, rate::Rate};
use alloc::collections::VecDeque;
use bytes::BytesMut;
use core::time::Duration;

/// Above this many bytes of unsent replies no further input is taken: a device that asks without
/// reading the answers must not fill our memory. Every reply is shorter than what asks for it.
const UNSENT_MAX: usize = 16 * 1024;

/// Capacities above these are given back once empty: idle tunnels are many.
const KEPT_BYTES: usize = 4 * 1024;
const KEPT_EVENTS: usize = 256;

/// Keep-alives answered per second; more are ignored.
const KEEPALIVES_PER_SECOND: u32 = 5;

/// Events and control messages that wait to be fetched. Control messages are encoded at once;
/// they go before all data.
#[derive(Debug)]
pub(super) struct Outbox {
    control: BytesMut,
    events: VecDeque<Event>,
    keepalives: Rate,
    faults: Rate,
}

impl Outbox {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            control: BytesMut::new(),
            events: VecDeque::new(),
            keepalives: Rate::new(KEEPALIVES_PER_SECOND, Duration::from_secs(1)),
            faults: Rate::new(config.fault_budget, Duration::from_secs(60)),
        }
    }

    pub(super) fn say(&mut self, message: &Message<'_>) {
        message.encode(&mut self.control);
    }

    /// Bytes that are no message (an HTTP page).
    pub(super) fn say_raw(&mut self, bytes: &[u8]) {
        self.control.extend_from_slice(bytes);
    }

    pub(super) fn close_channel(&mut self, peer: PeerChannelId) {
        self.say(&Message::ChannelClose(ChannelClose { recipient: peer.0 }));
    }

    pub(super) fn report(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Counts and reports a fault; too many end the tunnel.
    pub(super) fn fault(&mut self, fault: Fault, now: Time) -> Result<(), EndReason> {
        self.report(Event::Fault(fault));
        if self.faults.allow(now) { Ok(()) } else { Err(EndReason::FaultBudget) }
    }

    /// Answers a keep-alive, unless they come too often.
    pub(super) fn keepalive(&mut self, keepalive: crate::message::KeepAlive, now: Time) {
        if self.keepalives.allow(now) {
            self.say(&Message::KeepAliveReply(keepalive));
            self.report(Event::KeepAlive);
        }
    }

    pub(super) fn next_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty() && self.events.capacity() > KEPT_EVENTS {
            self.events = VecDeque::new();
        }
        event
    }

    pub(super) fn has_control(&self) -> bool {
        !self.control.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.control.len() >= UNSENT_MAX
    }

    /// Moves all control messages to `out`.
    pub(super) fn move_control(&mut self, out: &mut BytesMut) {
        out.extend_from_slice(&self.control);
        self.control.clear();
        if self.control.capacity() > KEPT_BYTES {
            self.control = BytesMut::new();
        }
    }
}

/// What a state has at hand while it handles something.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) outbox: &'a mut Outbox,
    pub(super) now: Time,
}
