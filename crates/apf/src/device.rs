//! The device's end (Intel AMT), for simulators and tests.

use crate::{
    ChannelEnd, ChannelId, DisconnectReason, EndReason, OpenFailure, SendError, Time, Trigger,
};
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use uuid::Uuid;

/// Who the device is and what it offers.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    pub uuid: Uuid,
    pub trigger: Trigger,
    /// User and password; None uses the client certificate (`none`).
    pub credentials: Option<(Bytes, Bytes)>,
    /// Forwarded in this order. Default: the usual seven.
    pub ports: Vec<u16>,
    /// Address field of the forwards. Default empty.
    pub address: Bytes,
    /// Keep-alive interval until the server asks for another. Default 30 s; zero never sends one.
    pub keepalive_interval: Duration,
    /// Whether KEEPALIVE_OPTIONS changes the interval. Default true.
    pub keepalive_negotiable: bool,
    /// No traffic from the server for this long ends the connection; zero never. Default 0.
    pub keepalive_timeout: Duration,
    /// Channel ids 0..n. Default 8.
    pub max_channels: u32,
    /// Window granted in confirmations. Default 32768.
    pub window: u32,
    /// Bytes of one CHANNEL_DATA we send, at most. Default 1024.
    pub max_piece: usize,
    /// Coalesce the first two messages as some firmware does. Default false.
    pub coalesce_greeting: bool,
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("device::Config").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}

#[allow(clippy::todo, unused_variables, missing_docs, reason = "interface first")]
impl Config {
    pub fn new(uuid: Uuid) -> Self {
        todo!()
    }
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// USERAUTH_SUCCESS (or pfwd@ accepted without login).
    Admitted,
    /// pfwd@ accepted and every forward answered.
    Settled,
    PortRefused {
        port: u16,
    },
    /// KEEPALIVE_OPTIONS came (and was answered).
    KeepAliveAsked {
        interval: Duration,
        timeout: Duration,
    },
    KeepAliveAnswered,
    /// The server opens a channel to a forwarded port; call `accept` or `reject`.
    ChannelRequested {
        channel: ChannelId,
        port: u16,
        window: u32,
    },
    Data {
        channel: ChannelId,
        data: Bytes,
    },
    Sent {
        channel: ChannelId,
        bytes: usize,
    },
    ChannelClosed {
        channel: ChannelId,
        end: ChannelEnd,
    },
    /// Answer to `open_direct`.
    DirectOpened {
        channel: ChannelId,
    },
    DirectRefused {
        channel: ChannelId,
        reason: OpenFailure,
    },
    Ended(EndReason),
}

/// The device's end of one tunnel.
#[derive(Debug)]
pub struct Connection {}

#[allow(clippy::todo, unused_variables, missing_docs, reason = "interface first")]
impl Connection {
    pub fn new(config: Config, now: Time) -> Self {
        todo!()
    }
    pub fn handle_input(&mut self, input: &mut BytesMut, now: Time) {
        todo!()
    }
    pub fn handle_timeout(&mut self, now: Time) {
        todo!()
    }
    pub fn handle_end_of_stream(&mut self, now: Time) {
        todo!()
    }
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    pub fn poll_transmit(&mut self, out: &mut BytesMut, limit: usize, now: Time) {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Time> {
        todo!()
    }
    pub fn is_finished(&self) -> bool {
        todo!()
    }
    pub fn accept(&mut self, channel: ChannelId) {
        todo!()
    }
    pub fn reject(&mut self, channel: ChannelId, reason: OpenFailure) {
        todo!()
    }
    pub fn send(&mut self, channel: ChannelId, data: Bytes) -> Result<(), SendError> {
        todo!()
    }
    /// Bytes queued on a channel and not yet handed out.
    pub fn queued(&self, channel: ChannelId) -> usize {
        todo!()
    }
    pub fn release(&mut self, channel: ChannelId, bytes: usize) {
        todo!()
    }
    pub fn close(&mut self, channel: ChannelId) {
        todo!()
    }
    pub fn forward(&mut self, port: u16) {
        todo!()
    }
    pub fn cancel_forward(&mut self, port: u16) {
        todo!()
    }
    pub fn send_datagram(&mut self, destination: (&str, u16), source: (&str, u16), data: &[u8]) {
        todo!()
    }
    pub fn open_direct(&mut self, target: &str, port: u16) -> ChannelId {
        todo!()
    }
    pub fn disconnect(&mut self, reason: DisconnectReason, now: Time) {
        todo!()
    }
    /// Raw bytes into the stream, for misbehaviour on purpose.
    pub fn inject(&mut self, bytes: &[u8]) {
        todo!()
    }
    /// The server's id of a channel of ours, for misbehaviour on purpose.
    pub fn peer_id(&self, channel: ChannelId) -> Option<crate::PeerChannelId> {
        todo!()
    }
}
