//! What can go wrong, one enum per question, and how each is said to people.

mod words;

use crate::message::{DisconnectReason, OpenFailure};

/// A length-prefixed field of a message, with the limit we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// Service name of SERVICE_REQUEST and SERVICE_ACCEPT: 64 bytes (both real names have 18).
    ServiceName,
    /// User of USERAUTH_REQUEST: 64 bytes (LMS header; AMT itself allows 16).
    User,
    /// Method of USERAUTH_REQUEST: 32 bytes.
    Method,
    /// Password of USERAUTH_REQUEST: 64 bytes (AMT itself allows 16).
    Password,
    /// Method list of USERAUTH_FAILURE: 64 bytes.
    MethodList,
    /// Name of GLOBAL_REQUEST: 64 bytes.
    RequestName,
    /// Any address: 256 bytes.
    Address,
    /// Type of CHANNEL_OPEN: 32 bytes.
    ChannelType,
    /// Datagram of udp-send-to: 1472 bytes (what fits into one Ethernet frame).
    Datagram,
    /// Payload of CHANNEL_DATA: 1 MiB, whatever the window.
    Payload,
}

impl Field {
    /// The longest value that is accepted, in bytes.
    #[must_use]
    pub const fn limit(self) -> u32 {
        match self {
            Self::ServiceName
            | Self::User
            | Self::Password
            | Self::MethodList
            | Self::RequestName => 64,
            Self::Method | Self::ChannelType => 32,
            Self::Address => 256,
            Self::Datagram => 1472,
            Self::Payload => 1 << 20,
        }
    }
}

/// Bytes that can never become a message. APF has no outer length, so nothing that follows them
/// can be understood either: the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first byte is no message number that is used on CIRA.
    #[error("unknown message type {0}")]
    UnknownType(u8),
    /// A message that this side only ever sends.
    #[error("message {0} in the wrong direction")]
    WrongDirection(u8),
    /// A length above the limit of its field.
    #[error("{field} of {length} bytes, at most {limit} are accepted")]
    TooLong {
        /// Which field.
        field: Field,
        /// The announced length in bytes.
        length: u32,
        /// The limit in bytes.
        limit: u32,
    },
    /// A name with bytes that are not printable ASCII.
    #[error("{0} is not printable text")]
    NotText(Field),
    /// Neither auth@amt.intel.com nor pfwd@amt.intel.com.
    #[error("unknown service")]
    UnknownService,
    /// Neither `password` nor `none`; what follows has an unknown length.
    #[error("unknown authentication method")]
    UnknownMethod,
    /// The flag before the password is not zero: a password change is not part of APF.
    #[error("password change asked (flag {0})")]
    PasswordChange(u8),
    /// A global request of an unknown name; what follows has an unknown length.
    #[error("unknown global request")]
    UnknownRequest,
    /// `want_reply` is neither 0 nor 1.
    #[error("want_reply is {0}")]
    WantReply(u8),
}

/// A peer's mistake that leaves the framing intact; counted against a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A message for a channel that does not exist.
    UnknownChannel {
        /// Number of the message.
        message: u8,
        /// The receiver's channel id in it.
        channel: u32,
    },
    /// A message that only an open channel can have, for one that is not confirmed.
    NotOpen {
        /// Number of the message.
        message: u8,
        /// The receiver's channel id in it.
        channel: u32,
    },
    /// CHANNEL_OPEN_CONFIRMATION for a channel that does not wait for one.
    UnexpectedConfirmation {
        /// The receiver's channel id in it.
        channel: u32,
    },
    /// CHANNEL_OPEN_FAILURE for a channel that does not wait for one.
    UnexpectedFailure {
        /// The receiver's channel id in it.
        channel: u32,
    },
    /// More data than the window allowed; the channel was closed.
    WindowExceeded {
        /// The receiver's channel id.
        channel: u32,
        /// Bytes above the window.
        over: u32,
    },
    /// tcpip-forward of a port outside 1..=65535, or of more ports than are accepted; or
    /// cancel-tcpip-forward of a port that is not forwarded. Answered with REQUEST_FAILURE.
    ForwardRefused {
        /// The port as on the wire.
        port: u32,
    },
    /// A datagram from or to a port outside 0..=65535; it was dropped.
    DatagramPort {
        /// The port as on the wire.
        port: u32,
    },
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
    /// Method `none`, or no login at all, without a verified client certificate.
    NoCertificate,
    /// The peer speaks only a version below 1.0.
    Version {
        /// Its major number.
        major: u32,
        /// Its minor number.
        minor: u32,
    },
    /// Nothing came for the waiting time.
    KeepAliveExpired,
    /// The login did not finish in time; the text names the phase.
    Deadline(&'static str),
    /// Bytes that are no APF message.
    Decode(DecodeError),
    /// A message that is not legal now.
    Illegal {
        /// Its number.
        message: u8,
        /// What was waited for, in words.
        state: &'static str,
    },
    /// Too many faults.
    FaultBudget,
    /// The peer did not read what we sent.
    PeerNotReading,
    /// A browser or a probe spoke HTTP to the device port; it was shown a page.
    HttpProbe,
}

/// The last thing the peer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Nothing: it does not listen any more, or it said the last word itself.
    Nothing,
    /// DISCONNECT.
    Disconnect(DisconnectReason),
    /// USERAUTH_FAILURE.
    AuthFailure,
    /// A page for a person.
    HttpPage,
}

impl EndReason {
    /// What the peer is told. Only reasons that Intel's header and every server define alike are
    /// used: 2, 7, 8, 11 and 12 (what a caller of `disconnect` names is its own choice).
    ///
    /// `asked_for_login`: the peer waits for an answer to USERAUTH_REQUEST (and not, with a client
    /// certificate, for one to SERVICE_REQUEST).
    pub(crate) const fn farewell(self, asked_for_login: bool) -> Farewell {
        match self {
            Self::ByPeer(_) | Self::EndOfStream | Self::PeerNotReading => Farewell::Nothing,
            Self::ByUs(reason) => Farewell::Disconnect(reason),
            Self::Refused if !asked_for_login => {
                Farewell::Disconnect(DisconnectReason::SERVICE_NOT_AVAILABLE)
            }
            Self::Refused
            | Self::NoCertificate
            | Self::Decode(DecodeError::UnknownMethod | DecodeError::PasswordChange(_)) => {
                Farewell::AuthFailure
            }
            Self::Version { .. } => Farewell::Disconnect(DisconnectReason::VERSION_NOT_SUPPORTED),
            Self::KeepAliveExpired | Self::Deadline(_) => {
                Farewell::Disconnect(DisconnectReason::BY_APPLICATION)
            }
            Self::Decode(DecodeError::UnknownService) => {
                Farewell::Disconnect(DisconnectReason::SERVICE_NOT_AVAILABLE)
            }
            Self::Decode(
                DecodeError::UnknownType(_)
                | DecodeError::WrongDirection(_)
                | DecodeError::TooLong { .. }
                | DecodeError::NotText(_)
                | DecodeError::UnknownRequest
                | DecodeError::WantReply(_),
            )
            | Self::Illegal { .. }
            | Self::FaultBudget => Farewell::Disconnect(DisconnectReason::PROTOCOL_ERROR),
            Self::HttpProbe => Farewell::HttpPage,
        }
    }
}

/// Why a channel could not be opened (decided locally, nothing was sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Channels exist only after the login and before the end.
    #[error("the tunnel is not open")]
    NotOpen,
    /// The device did not forward this port, or cancelled it.
    #[error("port {0} is not forwarded by the device")]
    NotForwarded(u16),
    /// As many channels as allowed are in use: wait until one of them has ended.
    #[error("all {0} channels are in use")]
    TooMany(usize),
    /// 2^32 channels were opened on this tunnel; numbers are never used twice.
    #[error("every channel number of this tunnel was used")]
    NumbersUsedUp,
}

/// Why data was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It has ended, was asked to close, or never existed.
    #[error("no such channel, or it is closed")]
    Closed,
}

/// How an open ended on the peer's side.
pub type Refusal = OpenFailure;
