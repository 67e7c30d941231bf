//! Tunnels: the driver (state machine meets socket), the handle (what others hold), the channel.

mod channel;
mod driver;
mod end;
mod gate;
mod handle;
mod heard;
mod outlet;
pub mod pet;
mod pushed;
mod relay;
mod spare;

pub use channel::Channel;
pub(crate) use driver::{Driver, DriverConfig, Greeting};
pub use handle::{OpenError, Opener, TunnelFacts, TunnelHandle, TunnelId};
pub use relay::RelayEnd;

use bytes::Bytes;
use tokio::sync::oneshot;

/// What the owner task of a tunnel is asked to do.
#[derive(Debug)]
pub(crate) enum Request {
    /// Open a channel; the answer is the channel or why not.
    Open {
        port: u16,
        opener: Opener,
        slot: gate::Slot,
        reply: oneshot::Sender<Result<Channel, Refused>>,
    },
    /// Console bytes for the device; their permits were taken before.
    Send { channel: apf::ChannelId, data: Bytes },
    /// A consumer took this many bytes, in so many chunks.
    Release { channel: apf::ChannelId, bytes: usize, chunks: usize },
    /// The consumer is done; queued bytes still leave.
    Close { channel: apf::ChannelId },
    /// End the tunnel.
    Disconnect(crate::registry::TunnelEnd),
}

/// Why one attempt to open a channel failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// CHANNEL_OPEN_FAILURE.
    ByDevice(apf::OpenFailure),
    /// No answer.
    TimedOut,
    /// Decided here: the port is not forwarded, or all ids are in use.
    Here(apf::OpenError),
}
