//! What the server's end reports.

use crate::{ChannelEnd, ChannelId, EndReason, Fault, OpenFailure, Trigger};
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use uuid::Uuid;

/// How a device proves who it is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// USERAUTH_REQUEST, method password. Never printed by `Debug`.
    Password {
        /// At most 64 bytes; AMT allows 16.
        user: Bytes,
        /// At most 64 bytes; AMT allows 16. Compare in constant time.
        password: Bytes,
    },
    /// USERAUTH_REQUEST, method none, or login skipped: only with a verified client certificate.
    Certificate {
        /// The user of method none; absent when the login was skipped.
        user: Option<Bytes>,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// What happened, in order. All strings are the device's own words: bounded in length, not
/// otherwise checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The device said who it claims to be.
    Greeted {
        /// The platform's UUID.
        uuid: Uuid,
        /// Why it dials in.
        trigger: Trigger,
        /// Major and minor version.
        version: (u32, u32),
    },
    /// The device asks to be let in; call `admit` or `refuse`. Input is not read until then.
    AdmissionAsked {
        /// The platform's UUID, the one of `Greeted`.
        uuid: Uuid,
        /// What it shows.
        credentials: Credentials,
    },
    /// pfwd@ was accepted; forwards follow.
    ForwardingStarted,
    /// The device forwards a port (and was told yes). Not repeated when it repeats itself.
    PortForwarded {
        /// The port, never 0.
        port: u16,
        /// Empty, or the name of the device: a hint at best.
        address: Bytes,
    },
    /// The device took a port back. Channels to it live on until somebody closes them.
    PortCancelled {
        /// The port.
        port: u16,
    },
    /// Forwards have settled and KEEPALIVE_OPTIONS was sent.
    Settled,
    /// The device's answer to KEEPALIVE_OPTIONS: what it will do.
    KeepAliveAgreed {
        /// How often it will send a keep-alive.
        interval: Duration,
        /// How long it will wait for traffic; zero: its own default.
        timeout: Duration,
    },
    /// A keep-alive came (and was answered).
    KeepAlive,
    /// A channel is open; data may flow both ways.
    ChannelOpened {
        /// Which.
        channel: ChannelId,
    },
    /// The device refused to open a channel. The channel's last event.
    ChannelRefused {
        /// Which.
        channel: ChannelId,
        /// Why. 2 and 4 mean busy, and 1 may be transient: try again later.
        reason: OpenFailure,
    },
    /// No answer within `open_timeout`; a late confirmation is closed at once. The channel's last
    /// event.
    ChannelTimedOut {
        /// Which.
        channel: ChannelId,
    },
    /// Data for the consumer; call `release` when it was taken.
    Data {
        /// For which channel.
        channel: ChannelId,
        /// Never empty.
        data: Bytes,
    },
    /// Queued bytes left for the wire.
    Sent {
        /// Of which channel.
        channel: ChannelId,
        /// How many; never 0.
        bytes: usize,
    },
    /// A channel has ended, open or not. The channel's last event.
    ChannelClosed {
        /// Which.
        channel: ChannelId,
        /// Why.
        end: ChannelEnd,
    },
    /// A datagram that the device wants sent (PET alert). Never to be relayed. At most ten per
    /// second are reported.
    Alert {
        /// Where the device wants it to go.
        destination: Bytes,
        /// Port there.
        destination_port: u16,
        /// Where it should seem to come from.
        source: Bytes,
        /// Port there.
        source_port: u16,
        /// The datagram.
        data: Bytes,
    },
    /// A device-opened channel was refused (or, with `device_channels`, accepted). At most ten
    /// refusals per second are reported.
    DeviceChannel {
        /// Its number when it was accepted; it is open.
        channel: Option<ChannelId>,
        /// Where the device wants it to lead. Never to be dialled.
        target: Bytes,
        /// The port there, as on the wire.
        port: u32,
    },
    /// The device made a mistake that could be survived.
    Fault(Fault),
    /// The last event.
    Ended(EndReason),
}
