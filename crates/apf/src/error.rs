//! What can go wrong, one enum per question.

use crate::message::{DisconnectReason, OpenFailure};

/// Bytes that can never become a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("unknown message type {0}")]
    UnknownType(u8),
}

/// A peer's mistake that leaves the framing intact; counted against a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    UnknownChannel { message: u8, channel: u32 },
    UnexpectedConfirmation { channel: u32 },
    UnexpectedFailure { channel: u32 },
    WindowExceeded { channel: u32, over: u32 },
    WindowOverflow { channel: u32 },
}

/// Why a channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelEnd {
    /// The peer closed it; data that came before was delivered.
    ByPeer,
    /// We closed it.
    ByUs,
    /// The peer sent more than its window; the excess was discarded.
    WindowExceeded,
    /// The peer's window adjustments overflowed 32 bits.
    WindowOverflow,
    /// Data waited longer than the stall limit for credit.
    Stalled,
    /// The tunnel ended.
    TunnelEnded,
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The peer sent DISCONNECT.
    ByPeer(DisconnectReason),
    /// The stream ended without DISCONNECT.
    EndOfStream,
    /// `disconnect` was called.
    ByUs(DisconnectReason),
    /// Credentials were refused.
    Refused,
    /// Nothing came for the waiting time.
    KeepAliveExpired,
    /// The login did not finish in time; the text names the phase.
    Deadline(&'static str),
    /// Bytes that are no APF message.
    Decode(DecodeError),
    /// A message that is not legal now.
    Illegal { message: u8, state: &'static str },
    /// Too many faults.
    FaultBudget,
    /// The peer did not read what we sent.
    PeerNotReading,
}

/// Why a channel could not be opened (decided locally, nothing was sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("the tunnel is not open")]
    NotOpen,
    #[error("port {0} is not forwarded by the device")]
    NotForwarded(u16),
    #[error("all {0} channels are in use")]
    TooMany(usize),
}

/// Why data was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("no such channel, or it is closed")]
    Closed,
}

/// How an open ended on the peer's side.
pub type Refusal = OpenFailure;

impl core::fmt::Display for EndReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}
impl core::fmt::Display for ChannelEnd {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}
impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}
