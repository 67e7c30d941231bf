//! The server's end (MPS).

use crate::{
    ChannelEnd, ChannelId, DisconnectReason, EndReason, Fault, OpenError, OpenFailure, SendError,
    Time, Trigger,
};
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use uuid::Uuid;

/// Limits and times of one connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Keep-alive interval asked with KEEPALIVE_OPTIONS (whole seconds on the wire). Default 30 s.
    pub keepalive_interval: Duration,
    /// Keep-alive time-out asked; zero leaves the device's own. Default 0.
    pub keepalive_timeout: Duration,
    /// A tunnel that is silent this long is dropped. Default 90 s.
    pub wait: Duration,
    /// PROTOCOLVERSION must be complete this long after `new`. Default 10 s.
    pub version_deadline: Duration,
    /// Login (up to USERAUTH) must be complete this long after `new`. Default 20 s.
    pub login_deadline: Duration,
    /// pfwd@ must be asked for this long after admission. Default 20 s.
    pub forwarding_deadline: Duration,
    /// A channel open without an answer is abandoned. Default 10 s.
    pub open_timeout: Duration,
    /// Pending data without credit closes the channel. Default 60 s.
    pub stall_timeout: Duration,
    /// The peer's client certificate was verified: `none` and a skipped login are legal.
    pub client_certificate: bool,
    /// Channels at the same time. Default 8 (the firmware's ids 0..7).
    pub max_channels: usize,
    /// Bytes of one CHANNEL_DATA we send, at most. Default 4096.
    pub max_piece: usize,
    /// Faults per minute before the tunnel is dropped. Default 32.
    pub fault_budget: u32,
    /// Device-opened channels: None refuses (reason 1); Some(window) reports them for `accept`.
    pub device_channels: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::ZERO,
            wait: Duration::from_secs(90),
            version_deadline: Duration::from_secs(10),
            login_deadline: Duration::from_secs(20),
            forwarding_deadline: Duration::from_secs(20),
            open_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            client_certificate: false,
            max_channels: 8,
            max_piece: 4096,
            fault_budget: 32,
            device_channels: None,
        }
    }
}

/// How a device proves who it is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// USERAUTH_REQUEST, method password. Never printed by Debug.
    Password { user: Bytes, password: Bytes },
    /// USERAUTH_REQUEST, method none, or login skipped: only with a verified client certificate.
    Certificate { user: Option<Bytes> },
}

impl core::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The device said who it claims to be.
    Greeted {
        uuid: Uuid,
        trigger: Trigger,
        version: (u32, u32),
    },
    /// The device asks to be let in; call `admit` or `refuse`. Input is not read until then.
    AdmissionAsked {
        uuid: Uuid,
        credentials: Credentials,
    },
    /// pfwd@ was accepted; forwards follow.
    ForwardingStarted,
    PortForwarded {
        port: u16,
        address: Bytes,
    },
    PortCancelled {
        port: u16,
    },
    /// Forwards have settled and KEEPALIVE_OPTIONS was sent.
    Settled,
    /// The device's answer to KEEPALIVE_OPTIONS.
    KeepAliveAgreed {
        interval: Duration,
        timeout: Duration,
    },
    /// A keep-alive came (and was answered).
    KeepAlive,
    ChannelOpened {
        channel: ChannelId,
    },
    ChannelRefused {
        channel: ChannelId,
        reason: OpenFailure,
    },
    /// No answer within `open_timeout`; a late confirmation is closed at once.
    ChannelTimedOut {
        channel: ChannelId,
    },
    /// Data for the consumer; call `release` when it was taken.
    Data {
        channel: ChannelId,
        data: Bytes,
    },
    /// Queued bytes left for the wire.
    Sent {
        channel: ChannelId,
        bytes: usize,
    },
    ChannelClosed {
        channel: ChannelId,
        end: ChannelEnd,
    },
    /// A datagram that the device wants sent (PET alert). Never to be relayed.
    Alert {
        destination: Bytes,
        destination_port: u16,
        source: Bytes,
        source_port: u16,
        data: Bytes,
    },
    /// A device-opened channel was refused (or, with `device_channels`, accepted).
    DeviceChannel {
        channel: Option<ChannelId>,
        target: Bytes,
        port: u32,
    },
    Fault(Fault),
    /// The last event.
    Ended(EndReason),
}

/// The server's end of one tunnel.
#[derive(Debug)]
pub struct Connection {}

#[allow(clippy::todo, unused_variables, missing_docs, reason = "interface first")]
impl Connection {
    pub fn new(config: Config, now: Time) -> Self {
        todo!()
    }
    /// Takes what it can from the front of `input`; leaves an incomplete message there.
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
    /// Appends up to about `limit` bytes to `out`: control first, then channels round-robin.
    pub fn poll_transmit(&mut self, out: &mut BytesMut, limit: usize, now: Time) {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Time> {
        todo!()
    }
    /// False while a decision is awaited and after the end: do not read the socket.
    pub fn is_reading(&self) -> bool {
        todo!()
    }
    /// Ended, and everything that had to be said was handed out.
    pub fn is_finished(&self) -> bool {
        todo!()
    }
    pub fn admit(&mut self, now: Time) {
        todo!()
    }
    pub fn refuse(&mut self, now: Time) {
        todo!()
    }
    pub fn forwarded_ports(&self) -> impl Iterator<Item = u16> + '_ {
        core::iter::empty()
    }
    pub fn open(
        &mut self,
        port: u16,
        window: u32,
        originator: (&str, u16),
        now: Time,
    ) -> Result<ChannelId, OpenError> {
        todo!()
    }
    /// Gives up an open that was not answered.
    pub fn abandon(&mut self, channel: ChannelId) {
        todo!()
    }
    /// Queues data; it leaves as credit allows (`Event::Sent`).
    pub fn send(&mut self, channel: ChannelId, data: Bytes, now: Time) -> Result<(), SendError> {
        todo!()
    }
    /// The consumer took this many bytes.
    pub fn release(&mut self, channel: ChannelId, bytes: usize) {
        todo!()
    }
    /// Closes after queued data has left.
    pub fn close(&mut self, channel: ChannelId) {
        todo!()
    }
    /// Closes at once; queued data is dropped.
    pub fn abort(&mut self, channel: ChannelId) {
        todo!()
    }
    pub fn disconnect(&mut self, reason: DisconnectReason, now: Time) {
        todo!()
    }
}
