//! Channels of the server's end: what the device says about them and what the caller wants.
//! Each race has its own arm; the rules are those of the APF reference, section on races.

use super::{Open, not_open, unknown};
use crate::channel::{Adjusted, Announced, Channel, Incoming, Phase};
use crate::message::{
    ChannelClose, ChannelData, ChannelId, ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure,
    ChannelType, Kind, Message, OpenFailure, PeerChannelId, WindowAdjust,
};
use crate::server::event::Event;
use crate::server::late::Due;
use crate::server::outbox::{Context, Outbox};
use crate::{ChannelEnd, EndReason, Fault, OpenError, SendError, Time};
use bytes::Bytes;

/// Device-opened channels at the same time.
const THEIRS_MAX: usize = 4;

// What the device says.
impl Open {
    pub(super) fn data(
        &mut self,
        head: ChannelData,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let ChannelData { recipient, length } = head;
        let id = ChannelId(recipient);
        let announced = self.channels.announce(id, length);
        self.incoming = match announced {
            Announced::Deliver => Incoming::deliver(id, length),
            Announced::Discard
            | Announced::Exceeded { .. }
            | Announced::NotOpen
            | Announced::Unknown => Incoming::discard(length),
        };
        match announced {
            Announced::Deliver | Announced::Discard => Ok(()),
            Announced::Exceeded { over } => {
                self.close_now(id, ChannelEnd::WindowExceeded, context.outbox);
                let fault = Fault::WindowExceeded { channel: recipient, over };
                context.outbox.fault(fault, context.now)
            }
            Announced::NotOpen => {
                context.outbox.fault(not_open(Kind::ChannelData, recipient), context.now)
            }
            Announced::Unknown => self.stray(Kind::ChannelData, recipient, context),
        }
    }

    pub(super) fn adjusted(
        &mut self,
        adjust: WindowAdjust,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let WindowAdjust { recipient, bytes } = adjust;
        let id = ChannelId(recipient);
        match self.channels.adjust(id, bytes, context.now) {
            Adjusted::Done => Ok(()),
            Adjusted::NotOpen => {
                context.outbox.fault(not_open(Kind::WindowAdjust, recipient), context.now)
            }
            Adjusted::Unknown => self.stray(Kind::WindowAdjust, recipient, context),
        }
    }

    /// Data or credit for a channel that is not in the table: fine after our CLOSE (the device may
    /// have sent it before it saw that), else a fault.
    fn stray(
        &self,
        kind: Kind,
        recipient: u32,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        match self.late.due(ChannelId(recipient)) {
            Some(Due::Close) => Ok(()),
            Some(Due::Answer) => context.outbox.fault(not_open(kind, recipient), context.now),
            None => context.outbox.fault(unknown(kind, recipient), context.now),
        }
    }

    pub(super) fn confirmed(
        &mut self,
        confirmation: ChannelOpenConfirmation,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let ChannelOpenConfirmation { recipient, sender, window } = confirmation;
        let channel = ChannelId(recipient);
        let peer = PeerChannelId(sender);
        match self.channels.get(channel).map(Channel::phase) {
            Some(Phase::Opening) => {
                self.channels.confirm(channel, peer, window, context.now);
                context.outbox.report(Event::ChannelOpened { channel });
                Ok(())
            }
            Some(Phase::Abandoned) => {
                self.channels.confirm(channel, peer, window, context.now);
                self.close_now(channel, ChannelEnd::ByUs, context.outbox);
                Ok(())
            }
            Some(Phase::Open { .. } | Phase::Requested { .. } | Phase::AwaitClose) => {
                let fault = Fault::UnexpectedConfirmation { channel: recipient };
                context.outbox.fault(fault, context.now)
            }
            None => match self.late.due(channel) {
                Some(Due::Answer) => {
                    self.late.forget(channel);
                    self.late.remember(channel, Due::Close);
                    context.outbox.close_channel(peer);
                    Ok(())
                }
                Some(Due::Close) => {
                    let fault = Fault::UnexpectedConfirmation { channel: recipient };
                    context.outbox.fault(fault, context.now)
                }
                None => {
                    // The device holds one of its few ids for it: let it go.
                    context.outbox.close_channel(peer);
                    let kind = Kind::ChannelOpenConfirmation;
                    context.outbox.fault(unknown(kind, recipient), context.now)
                }
            },
        }
    }

    pub(super) fn failed(
        &mut self,
        failure: ChannelOpenFailure,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let ChannelOpenFailure { recipient, reason } = failure;
        let channel = ChannelId(recipient);
        match self.channels.get(channel).map(Channel::phase) {
            Some(Phase::Opening | Phase::Abandoned) => {
                self.remove(channel);
                context.outbox.report(Event::ChannelRefused { channel, reason });
                Ok(())
            }
            None if self.late.due(channel) == Some(Due::Answer) => {
                self.late.forget(channel);
                Ok(())
            }
            Some(Phase::Open { .. } | Phase::Requested { .. } | Phase::AwaitClose) | None => {
                let fault = Fault::UnexpectedFailure { channel: recipient };
                context.outbox.fault(fault, context.now)
            }
        }
    }

    pub(super) fn closed(
        &mut self,
        close: ChannelClose,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let recipient = close.recipient;
        let channel = ChannelId(recipient);
        match self.channels.get(channel).map(Channel::phase) {
            Some(Phase::Open { peer }) => {
                // No half close exists: what is queued has no reader any more.
                self.remove(channel);
                context.outbox.close_channel(peer);
                context.outbox.report(Event::ChannelClosed { channel, end: ChannelEnd::ByPeer });
                Ok(())
            }
            Some(
                Phase::Opening | Phase::Abandoned | Phase::Requested { .. } | Phase::AwaitClose,
            ) => context.outbox.fault(not_open(Kind::ChannelClose, recipient), context.now),
            None => {
                // Never answered: the number may belong to a new channel of the device already.
                match self.late.due(channel) {
                    Some(Due::Close) => {
                        self.late.forget(channel);
                        Ok(())
                    }
                    Some(Due::Answer) => {
                        context.outbox.fault(not_open(Kind::ChannelClose, recipient), context.now)
                    }
                    None => {
                        context.outbox.fault(unknown(Kind::ChannelClose, recipient), context.now)
                    }
                }
            }
        }
    }

    /// Intel AMT opens channels itself for event pushes.
    pub(super) fn device_opens(&mut self, open: &ChannelOpen<'_>, context: &mut Context<'_>) {
        let accepted = self.decide(open, context.config.device_channels);
        match accepted {
            Ok((channel, window)) => {
                let peer = PeerChannelId(open.sender);
                self.theirs = self.theirs.saturating_add(1);
                self.channels.insert(Channel::requested(channel, peer, window, open.window));
                self.channels.accept(channel, peer);
                context.outbox.say(&Message::ChannelOpenConfirmation(ChannelOpenConfirmation {
                    recipient: open.sender,
                    sender: channel.0,
                    window,
                }));
            }
            Err(reason) => {
                context.outbox.say(&Message::ChannelOpenFailure(ChannelOpenFailure {
                    recipient: open.sender,
                    reason,
                }));
                if !self.refusals.allow(context.now) {
                    return;
                }
            }
        }
        context.outbox.report(Event::DeviceChannel {
            channel: accepted.ok().map(|(channel, _)| channel),
            target: Bytes::copy_from_slice(open.connected_address),
            port: open.connected_port,
        });
    }

    fn decide(
        &mut self,
        open: &ChannelOpen<'_>,
        window: Option<u32>,
    ) -> Result<(ChannelId, u32), OpenFailure> {
        match open.channel_type {
            ChannelType::Direct => {}
            ChannelType::Forwarded | ChannelType::Other(_) => {
                return Err(OpenFailure::UNKNOWN_TYPE);
            }
        }
        let window = window.ok_or(OpenFailure::PROHIBITED)?;
        if self.theirs >= THEIRS_MAX {
            return Err(OpenFailure::RESOURCE_SHORTAGE);
        }
        let channel = self.next_number().ok_or(OpenFailure::RESOURCE_SHORTAGE)?;
        Ok((channel, window))
    }
}

// What the caller wants.
impl Open {
    pub(in crate::server) fn open(
        &mut self,
        port: u16,
        window: u32,
        originator: (&str, u16),
        context: &mut Context<'_>,
    ) -> Result<ChannelId, OpenError> {
        if !self.forwards.contains(port) {
            return Err(OpenError::NotForwarded(port));
        }
        if self.ours >= context.config.max_channels {
            return Err(OpenError::TooMany(context.config.max_channels));
        }
        let channel = self.next_number().ok_or(OpenError::NumbersUsedUp)?;
        self.ours = self.ours.saturating_add(1);
        let deadline = context.now + context.config.open_timeout;
        self.channels.insert(Channel::opening(channel, window, Some(deadline)));
        context.outbox.say(&Message::ChannelOpen(ChannelOpen {
            channel_type: ChannelType::Forwarded,
            sender: channel.0,
            window,
            connected_address: b"",
            connected_port: port.into(),
            originator_address: originator.0.as_bytes(),
            originator_port: originator.1.into(),
        }));
        Ok(channel)
    }

    /// Channels that can be opened before `max_channels` is reached.
    pub(in crate::server) fn free_channels(&self, max_channels: usize) -> usize {
        max_channels.saturating_sub(self.ours)
    }

    pub(in crate::server) fn send(
        &mut self,
        channel: ChannelId,
        data: Bytes,
        now: Time,
    ) -> Result<(), SendError> {
        if self.channels.send(channel, data, Some(now)) { Ok(()) } else { Err(SendError::Closed) }
    }

    pub(in crate::server) fn queued(&self, channel: ChannelId) -> usize {
        self.channels.get(channel).map_or(0, Channel::queued)
    }

    pub(in crate::server) fn close(&mut self, channel: ChannelId, outbox: &mut Outbox) {
        if !self.channels.close_after_queue(channel) {
            self.abort(channel, outbox);
        }
    }

    pub(in crate::server) fn abort(&mut self, channel: ChannelId, outbox: &mut Outbox) {
        match self.channels.get(channel).map(Channel::phase) {
            Some(Phase::Opening) => self.channels.abandon(channel),
            Some(Phase::Open { .. }) => self.close_now(channel, ChannelEnd::ByUs, outbox),
            Some(Phase::Abandoned | Phase::Requested { .. } | Phase::AwaitClose) | None => {}
        }
    }

    pub(in crate::server) fn abandon(&mut self, channel: ChannelId) {
        if let Some(Phase::Opening) = self.channels.get(channel).map(Channel::phase) {
            self.channels.abandon(channel);
        }
    }
}

// Common to both.
impl Open {
    fn next_number(&mut self) -> Option<ChannelId> {
        let number = self.next_channel?;
        self.next_channel = number.checked_add(1);
        Some(ChannelId(number))
    }

    fn remove(&mut self, channel: ChannelId) {
        if let Some(found) = self.channels.get(channel) {
            let count = if found.opened_by_peer() { &mut self.theirs } else { &mut self.ours };
            *count = count.saturating_sub(1);
        }
        self.channels.remove(channel);
    }

    /// Sends the one CLOSE of an open channel and forgets all but its number.
    pub(super) fn close_now(&mut self, channel: ChannelId, end: ChannelEnd, outbox: &mut Outbox) {
        let Some(Phase::Open { peer }) = self.channels.get(channel).map(Channel::phase) else {
            return;
        };
        self.remove(channel);
        self.late.remember(channel, Due::Close);
        outbox.close_channel(peer);
        outbox.report(Event::ChannelClosed { channel, end });
    }

    pub(super) fn expire_channels(&mut self, context: &mut Context<'_>) {
        while let Some((channel, phase)) = self.channels.next_expired(context.now) {
            match phase {
                Phase::Opening | Phase::Abandoned => {
                    self.remove(channel);
                    self.late.remember(channel, Due::Answer);
                    context.outbox.report(Event::ChannelTimedOut { channel });
                }
                Phase::Open { .. } => self.close_now(channel, ChannelEnd::Stalled, context.outbox),
                // Neither has a deadline on this end.
                Phase::Requested { .. } | Phase::AwaitClose => {}
            }
        }
    }
}
