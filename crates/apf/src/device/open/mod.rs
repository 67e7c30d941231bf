//! The open state of the device's end: forwards, keep-alives, channels.

mod channels;
mod keepalive;
mod requests;

use crate::channel::{Channels, Incoming};
use crate::device::event::Event;
use crate::device::outbox::{Context, Outbox};
use crate::message::{ChannelId, Message, ReplyForm, WindowAdjust};
use crate::{ChannelEnd, EndReason, Time};
use alloc::vec::Vec;
use bytes::BytesMut;
use keepalive::KeepAlives;
use requests::Requests;

#[derive(Debug)]
pub(in crate::device) struct Open {
    channels: Channels,
    /// Ports that the server accepted.
    ports: Vec<u16>,
    requests: Requests,
    keepalives: KeepAlives,
    incoming: Incoming,
}

impl Open {
    pub(in crate::device) fn new(context: &mut Context<'_>) -> Self {
        let mut open = Self {
            channels: Channels::new(None),
            ports: Vec::new(),
            requests: Requests::default(),
            keepalives: KeepAlives::new(context),
            incoming: Incoming::default(),
        };
        open.forward_all(context);
        open
    }

    pub(in crate::device) fn awaited_reply(&self) -> Option<ReplyForm> {
        self.requests.awaited()
    }

    pub(in crate::device) fn handle(
        &mut self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        match *message {
            Message::ChannelData(head) => self.data(head, context),
            Message::WindowAdjust(adjust) => self.adjusted(adjust, context),
            Message::ChannelOpen(open) => {
                self.server_opens(&open, context);
                Ok(())
            }
            Message::ChannelOpenConfirmation(confirmation) => self.confirmed(confirmation, context),
            Message::ChannelOpenFailure(failure) => self.failed(failure, context),
            Message::ChannelClose(close) => self.closed(close, context),
            Message::RequestSuccess(_) => {
                self.answered(true, context);
                Ok(())
            }
            Message::RequestFailure => {
                self.answered(false, context);
                Ok(())
            }
            Message::KeepAliveRequest(keepalive) => {
                context.outbox.keepalive(keepalive);
                Ok(())
            }
            Message::KeepAliveReply(keepalive) => {
                self.keepalives.answered(keepalive, context.outbox);
                Ok(())
            }
            Message::KeepAliveOptionsRequest(options) => {
                self.keepalives.asked(options, context);
                Ok(())
            }
            // An answer to a repeated request is harmless.
            Message::ServiceAccept(_) => Ok(()),
            Message::Disconnect(reason) => Err(EndReason::ByPeer(reason)),
            Message::ServiceRequest(_)
            | Message::UserAuthRequest(_)
            | Message::UserAuthFailure(_)
            | Message::UserAuthSuccess
            | Message::GlobalRequest(_)
            | Message::ProtocolVersion(_)
            | Message::KeepAliveOptionsReply(_) => {
                Err(EndReason::Illegal { message: message.kind().number(), state: "open" })
            }
        }
    }

    /// Takes payload from the front of `input`. True while more of it must come first.
    pub(in crate::device) fn take_payload(
        &mut self,
        input: &mut BytesMut,
        outbox: &mut Outbox,
    ) -> bool {
        if self.incoming.is_complete() {
            return false;
        }
        if let Some((channel, data)) = self.incoming.take(input)
            && self.channels.deliver(channel, data.len())
        {
            outbox.report(Event::Data { channel, data });
        }
        !self.incoming.is_complete()
    }

    /// All channels end with the connection.
    pub(in crate::device) fn end_channels(&mut self, outbox: &mut Outbox) {
        for channel in self.channels.iter().filter(|channel| !channel.awaits_close()) {
            let channel = channel.id();
            outbox.report(Event::ChannelClosed { channel, end: ChannelEnd::TunnelEnded });
        }
    }

    pub(in crate::device) fn next_deadline(&self, heard: Time) -> Option<Time> {
        self.keepalives.next_deadline(heard)
    }

    pub(in crate::device) fn handle_timeout(
        &mut self,
        heard: Time,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        self.keepalives.handle_timeout(heard, context)
    }

    /// Channels take turns until `out` has grown to `full` bytes.
    pub(in crate::device) fn transmit(
        &mut self,
        out: &mut BytesMut,
        full: usize,
        context: &mut Context<'_>,
    ) {
        let most = u32::try_from(context.config.max_piece).unwrap_or(u32::MAX);
        while out.len() < full {
            let Some(piece) = self.channels.send_piece(out, most, context.now) else { return };
            let (channel, bytes) = (piece.channel, piece.bytes);
            context.outbox.report(Event::Sent { channel, bytes });
            if piece.close {
                self.close_now(channel, ChannelEnd::ByUs, context.outbox);
                context.outbox.move_control(out);
            }
        }
    }

    /// The service took bytes.
    pub(in crate::device) fn release(
        &mut self,
        channel: ChannelId,
        bytes: usize,
        outbox: &mut Outbox,
    ) {
        if let Some((peer, bytes)) = self.channels.release(channel, bytes) {
            outbox.say(&Message::WindowAdjust(WindowAdjust { recipient: peer.0, bytes }));
        }
    }
}
