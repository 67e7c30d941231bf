//! What the device's end reports.

use crate::{ChannelEnd, ChannelId, EndReason, Fault, OpenFailure};
use bytes::Bytes;
use core::time::Duration;

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// USERAUTH_SUCCESS.
    Admitted,
    /// pfwd@ accepted and every forward of the configuration answered.
    Settled,
    /// The server refused a forward.
    PortRefused {
        /// The port.
        port: u16,
    },
    /// KEEPALIVE_OPTIONS came (and was answered).
    KeepAliveAsked {
        /// The interval asked for.
        interval: Duration,
        /// The time-out asked for.
        timeout: Duration,
    },
    /// The server answered our keep-alive.
    KeepAliveAnswered,
    /// The server opens a channel to a forwarded port; call `accept` or `reject`.
    ChannelRequested {
        /// Our number for it.
        channel: ChannelId,
        /// The port.
        port: u16,
        /// Bytes we may send at first.
        window: u32,
    },
    /// Data for the service; call `release` when it was taken.
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
    /// A channel has ended. Its number may be used again for the next one.
    ChannelClosed {
        /// Which.
        channel: ChannelId,
        /// Why.
        end: ChannelEnd,
    },
    /// Answer to `open_direct`.
    DirectOpened {
        /// Which.
        channel: ChannelId,
    },
    /// Answer to `open_direct`.
    DirectRefused {
        /// Which.
        channel: ChannelId,
        /// Why.
        reason: OpenFailure,
    },
    /// The server made a mistake that could be survived.
    Fault(Fault),
    /// The last event.
    Ended(EndReason),
}
