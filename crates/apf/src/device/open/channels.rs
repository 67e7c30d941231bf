//! Channels of the device's end. Numbers are the lowest free ones, and a number is free again as
//! soon as both ends have said CLOSE, as in firmware.

use super::Open;
use crate::channel::{Adjusted, Announced, Channel, Incoming, Phase};
use crate::device::event::Event;
use crate::device::outbox::{Context, Outbox};
use crate::message::{
    ChannelClose, ChannelData, ChannelId, ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure,
    ChannelType, Kind, Message, OpenFailure, PeerChannelId, WindowAdjust,
};
use crate::{ChannelEnd, EndReason, Fault, OpenError, SendError};
use bytes::Bytes;

// What the server says.
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
        let fault = match announced {
            Announced::Deliver | Announced::Discard => return Ok(()),
            Announced::Exceeded { over } => {
                self.close_now(id, ChannelEnd::WindowExceeded, context.outbox);
                Fault::WindowExceeded { channel: recipient, over }
            }
            Announced::NotOpen => not_open(Kind::ChannelData, recipient),
            Announced::Unknown => unknown(Kind::ChannelData, recipient),
        };
        context.outbox.fault(fault, context.now)
    }

    pub(super) fn adjusted(
        &mut self,
        adjust: WindowAdjust,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let WindowAdjust { recipient, bytes } = adjust;
        let id = ChannelId(recipient);
        let fault = match self.channels.adjust(id, bytes, context.now) {
            Adjusted::Done => return Ok(()),
            Adjusted::NotOpen => not_open(Kind::WindowAdjust, recipient),
            Adjusted::Unknown => unknown(Kind::WindowAdjust, recipient),
        };
        context.outbox.fault(fault, context.now)
    }

    /// A number of ours that is not in use.
    fn free_number(&self, context: &Context<'_>) -> Option<ChannelId> {
        let number = self.channels.lowest_free();
        (number < context.config.max_channels).then_some(ChannelId(number))
    }

    pub(super) fn server_opens(&mut self, open: &ChannelOpen<'_>, context: &mut Context<'_>) {
        match self.wanted(open, context) {
            Ok((channel, port)) => {
                let (peer, window) = (PeerChannelId(open.sender), context.config.window);
                self.channels.insert(Channel::requested(channel, peer, window, open.window));
                let window = open.window;
                context.outbox.report(Event::ChannelRequested { channel, port, window });
            }
            Err(reason) => context.outbox.say(&Message::ChannelOpenFailure(ChannelOpenFailure {
                recipient: open.sender,
                reason,
            })),
        }
    }

    fn wanted(
        &self,
        open: &ChannelOpen<'_>,
        context: &Context<'_>,
    ) -> Result<(ChannelId, u16), OpenFailure> {
        match open.channel_type {
            ChannelType::Forwarded => {}
            ChannelType::Direct | ChannelType::Other(_) => return Err(OpenFailure::UNKNOWN_TYPE),
        }
        let port = u16::try_from(open.connected_port)
            .ok()
            .filter(|port| self.ports.contains(port))
            .ok_or(OpenFailure::PROHIBITED)?;
        let channel = self.free_number(context).ok_or(OpenFailure::RESOURCE_SHORTAGE)?;
        Ok((channel, port))
    }

    pub(super) fn confirmed(
        &mut self,
        confirmation: ChannelOpenConfirmation,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let ChannelOpenConfirmation { recipient, sender, window } = confirmation;
        let channel = ChannelId(recipient);
        let peer = PeerChannelId(sender);
        let fault = match self.channels.get(channel).map(Channel::phase) {
            Some(Phase::Opening) => {
                self.channels.confirm(channel, peer, window, context.now);
                context.outbox.report(Event::DirectOpened { channel });
                return Ok(());
            }
            Some(Phase::Abandoned) => {
                self.channels.confirm(channel, peer, window, context.now);
                self.close_now(channel, ChannelEnd::ByUs, context.outbox);
                return Ok(());
            }
            Some(Phase::Open { .. } | Phase::Requested { .. } | Phase::AwaitClose) => {
                Fault::UnexpectedConfirmation { channel: recipient }
            }
            None => {
                context.outbox.close_channel(peer);
                unknown(Kind::ChannelOpenConfirmation, recipient)
            }
        };
        context.outbox.fault(fault, context.now)
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
                self.channels.remove(channel);
                context.outbox.report(Event::DirectRefused { channel, reason });
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
                self.channels.remove(channel);
                context.outbox.close_channel(peer);
                context.outbox.report(Event::ChannelClosed { channel, end: ChannelEnd::ByPeer });
                Ok(())
            }
            Some(Phase::AwaitClose) => {
                self.channels.remove(channel);
                Ok(())
            }
            Some(Phase::Opening | Phase::Abandoned | Phase::Requested { .. }) => {
                context.outbox.fault(not_open(Kind::ChannelClose, recipient), context.now)
            }
            None => context.outbox.fault(unknown(Kind::ChannelClose, recipient), context.now),
        }
    }
}

// What the caller wants.
impl Open {
    pub(in crate::device) fn accept(&mut self, channel: ChannelId, context: &mut Context<'_>) {
        if let Some(Phase::Requested { peer }) = self.channels.get(channel).map(Channel::phase) {
            self.channels.accept(channel, peer);
            context.outbox.say(&Message::ChannelOpenConfirmation(ChannelOpenConfirmation {
                recipient: peer.0,
                sender: channel.0,
                window: context.config.window,
            }));
        }
    }

    pub(in crate::device) fn reject(
        &mut self,
        channel: ChannelId,
        reason: OpenFailure,
        outbox: &mut Outbox,
    ) {
        if let Some(Phase::Requested { peer }) = self.channels.get(channel).map(Channel::phase) {
            self.channels.remove(channel);
            let recipient = peer.0;
            outbox.say(&Message::ChannelOpenFailure(ChannelOpenFailure { recipient, reason }));
        }
    }

    pub(in crate::device) fn send(
        &mut self,
        channel: ChannelId,
        data: Bytes,
    ) -> Result<(), SendError> {
        if self.channels.send(channel, data, None) { Ok(()) } else { Err(SendError::Closed) }
    }

    pub(in crate::device) fn queued(&self, channel: ChannelId) -> usize {
        self.channels.get(channel).map_or(0, Channel::queued)
    }

    pub(in crate::device) fn peer_id(&self, channel: ChannelId) -> Option<PeerChannelId> {
        match self.channels.get(channel)?.phase() {
            Phase::Requested { peer } | Phase::Open { peer } => Some(peer),
            Phase::Opening | Phase::Abandoned | Phase::AwaitClose => None,
        }
    }

    pub(in crate::device) fn close(&mut self, channel: ChannelId, outbox: &mut Outbox) {
        if !self.channels.close_after_queue(channel) {
            self.abort(channel, outbox);
        }
    }

    pub(in crate::device) fn abort(&mut self, channel: ChannelId, outbox: &mut Outbox) {
        match self.channels.get(channel).map(Channel::phase) {
            Some(Phase::Requested { .. }) => {
                self.reject(channel, OpenFailure::CONNECT_FAILED, outbox);
            }
            Some(Phase::Opening) => self.channels.abandon(channel),
            Some(Phase::Open { .. }) => self.close_now(channel, ChannelEnd::ByUs, outbox),
            Some(Phase::Abandoned | Phase::AwaitClose) | None => {}
        }
    }

    pub(in crate::device) fn open_direct(
        &mut self,
        target: &str,
        port: u16,
        context: &mut Context<'_>,
    ) -> Result<ChannelId, OpenError> {
        let all = usize::try_from(context.config.max_channels).unwrap_or(usize::MAX);
        let channel = self.free_number(context).ok_or(OpenError::TooMany(all))?;
        let window = context.config.window;
        self.channels.insert(Channel::opening(channel, window, None));
        context.outbox.say(&Message::ChannelOpen(ChannelOpen {
            channel_type: ChannelType::Direct,
            sender: channel.0,
            window,
            connected_address: target.as_bytes(),
            connected_port: port.into(),
            originator_address: &context.config.address,
            originator_port: FIRST_ORIGINATOR_PORT.saturating_add(channel.0),
        }));
        Ok(channel)
    }

    /// Sends the one CLOSE of an open channel; its number stays taken until the server's comes.
    pub(super) fn close_now(&mut self, channel: ChannelId, end: ChannelEnd, outbox: &mut Outbox) {
        if let Some(Phase::Open { peer }) = self.channels.get(channel).map(Channel::phase) {
            self.channels.await_close(channel);
            outbox.close_channel(peer);
            outbox.report(Event::ChannelClosed { channel, end });
        }
    }
}

/// The port that a device claims for its first own channel; any would do.
const FIRST_ORIGINATOR_PORT: u32 = 40000;

const fn unknown(kind: Kind, channel: u32) -> Fault {
    Fault::UnknownChannel { message: kind.number(), channel }
}

const fn not_open(kind: Kind, channel: u32) -> Fault {
    Fault::NotOpen { message: kind.number(), channel }
}
