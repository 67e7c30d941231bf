//! The open state: everything that is legal once the device forwards ports.

mod channels;
mod forwards;

use crate::channel::{Channels, Incoming};
use crate::message::{ChannelId, Kind, Message, Service, WindowAdjust};
use crate::rate::Rate;
use crate::server::event::Event;
use crate::server::late::Late;
use crate::server::legal::Waiting;
use crate::server::login::agreed;
use crate::server::outbox::{Context, Outbox};
use crate::{ChannelEnd, EndReason, Time};
use bytes::BytesMut;
use core::time::Duration;
use forwards::{Forwards, Settling};

/// The first number of a channel of ours. Any would do; zero is avoided because go-wsman takes a
/// zero for "not open".
const FIRST_CHANNEL: u32 = 1;

/// Reports of things a device can do as often as it likes, per second.
const REPORTS_PER_SECOND: u32 = 10;

/// Until KEEPALIVE_OPTIONS was answered, firmware that sends every 90 s must not be dropped.
const WAIT_UNTIL_AGREED: Duration = Duration::from_secs(100);

/// A `wait` below this is meant as it is: whoever sets it knows the devices.
const SHORT_WAIT: Duration = Duration::from_secs(60);

/// A device cannot ask for a longer waiting time than this: half-open tunnels would never end.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub(in crate::server) struct Open {
    channels: Channels,
    late: Late,
    forwards: Forwards,
    /// The number of the next channel of ours; `None` when all were used.
    next_channel: Option<u32>,
    /// Channels in use: opened by us, and by the device.
    ours: usize,
    theirs: usize,
    incoming: Incoming,
    /// The interval the device named in KEEPALIVE_OPTIONS_REPLY.
    agreed: Option<Duration>,
    alerts: Rate,
    refusals: Rate,
}

impl Open {
    pub(in crate::server) fn new(agreed: Option<Duration>, context: &Context<'_>) -> Self {
        let reports = Rate::new(REPORTS_PER_SECOND, Duration::from_secs(1));
        Self {
            channels: Channels::new(Some(context.config.stall_timeout)),
            late: Late::default(),
            forwards: Forwards::new(context.now),
            next_channel: Some(FIRST_CHANNEL),
            ours: 0,
            theirs: 0,
            incoming: Incoming::default(),
            agreed,
            alerts: reports.clone(),
            refusals: reports,
        }
    }

    pub(in crate::server) fn forwarded_ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.forwards.ports()
    }

    pub(in crate::server) fn handle(
        &mut self,
        message: &Message<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        match *message {
            Message::ChannelData(head) => self.data(head, context),
            Message::WindowAdjust(adjust) => self.adjusted(adjust, context),
            Message::ChannelOpenConfirmation(confirmation) => self.confirmed(confirmation, context),
            Message::ChannelOpenFailure(failure) => self.failed(failure, context),
            Message::ChannelClose(close) => self.closed(close, context),
            Message::ChannelOpen(open) => {
                self.device_opens(&open, context);
                Ok(())
            }
            Message::GlobalRequest(request) => self.requested(&request, context),
            Message::KeepAliveRequest(keepalive) => {
                context.outbox.keepalive(keepalive, context.now);
                Ok(())
            }
            Message::KeepAliveReply(_) => Ok(()),
            Message::KeepAliveOptionsReply(options) => {
                self.agreed = Some(agreed(options, context));
                Ok(())
            }
            Message::ServiceRequest(Service::Forwarding) => {
                context.outbox.say(&Message::ServiceAccept(Service::Forwarding));
                Ok(())
            }
            Message::Disconnect(reason) => Err(EndReason::ByPeer(reason)),
            Message::ServiceRequest(Service::Auth)
            | Message::ServiceAccept(_)
            | Message::UserAuthRequest(_)
            | Message::UserAuthFailure(_)
            | Message::UserAuthSuccess
            | Message::RequestSuccess(_)
            | Message::RequestFailure
            | Message::ProtocolVersion(_)
            | Message::KeepAliveOptionsRequest(_) => Err(EndReason::Illegal {
                message: message.kind().number(),
                state: Waiting::Anything.words(),
            }),
        }
    }

    /// Takes payload from the front of `input`. True while more of it must come first.
    pub(in crate::server) fn take_payload(
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

    /// All channels end with the tunnel.
    pub(in crate::server) fn end_channels(&mut self, outbox: &mut Outbox) {
        for channel in self.channels.iter() {
            let channel = channel.id();
            outbox.report(Event::ChannelClosed { channel, end: ChannelEnd::TunnelEnded });
        }
    }

    /// How long the device may be silent.
    pub(in crate::server) fn waiting_time(&self, config: &crate::server::Config) -> Duration {
        match self.agreed {
            None if config.wait >= SHORT_WAIT => config.wait.max(WAIT_UNTIL_AGREED),
            Some(interval) if interval > Duration::from_secs(config.interval_seconds().into()) => {
                let enough = interval.saturating_mul(5) / 2;
                config.wait.max(enough.min(LONGEST_WAIT))
            }
            None | Some(_) => config.wait,
        }
    }

    /// Deadlines of channels and of the settling of forwards.
    pub(in crate::server) fn next_deadline(&self) -> Option<Time> {
        let settling = self.forwards.settling().map(Settling::at);
        Time::earliest(settling, self.channels.next_deadline())
    }

    /// Time has passed.
    pub(in crate::server) fn handle_timeout(&mut self, context: &mut Context<'_>) {
        if self.forwards.settling().is_some_and(|settling| settling.at() <= context.now) {
            self.forwards.settled(context);
        }
        self.expire_channels(context);
    }

    /// Whether a channel has data that may leave.
    pub(in crate::server) fn can_send(&self) -> bool {
        self.channels.can_send()
    }

    /// Channels take turns until `out` has grown to `full` bytes.
    pub(in crate::server) fn transmit(
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
                // Control messages are all out by now, so CLOSE goes right behind the data.
                self.close_now(channel, ChannelEnd::ByUs, context.outbox);
                context.outbox.move_control(out);
            }
        }
    }

    /// The consumer took bytes.
    pub(in crate::server) fn release(
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

/// For a kind that names a channel: what a fault about it says.
const fn unknown(kind: Kind, channel: u32) -> crate::Fault {
    crate::Fault::UnknownChannel { message: kind.number(), channel }
}

/// See [`unknown`].
const fn not_open(kind: Kind, channel: u32) -> crate::Fault {
    crate::Fault::NotOpen { message: kind.number(), channel }
}
