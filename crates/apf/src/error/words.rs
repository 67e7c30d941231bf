//! The words for people: logs, command line and dashboard print these. Where Intel's firmware
//! has a name for something in its own CIRA log, that name is used, so that both ends' logs can
//! be laid side by side.

use super::{ChannelEnd, EndReason, Fault, Field};
use crate::message::{DisconnectReason, OpenFailure, Trigger};
use core::fmt::{Display, Formatter, Result};

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::ServiceName => "service name",
            Self::User => "user name",
            Self::Method => "authentication method",
            Self::Password => "password",
            Self::MethodList => "method list",
            Self::RequestName => "request name",
            Self::Address => "address",
            Self::ChannelType => "channel type",
            Self::Datagram => "datagram",
            Self::Payload => "channel data",
        })
    }
}

impl Display for DisconnectReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.0 {
            1 => "host not allowed to connect",
            2 => "protocol error",
            3 => "key exchange failed",
            5 => "MAC error",
            6 => "compression error",
            7 => "service not available",
            8 => "protocol version not supported",
            9 => "host key not verifiable",
            10 => "connection lost",
            11 => "by application",
            12 => "too many connections",
            13 => "authentication cancelled by user",
            14 => "no more authentication methods available",
            15 => "invalid credentials",
            16 => "connection timed out",
            17 => "by policy",
            18 => "temporarily unavailable",
            other => return write!(f, "reason {other}"),
        })
    }
}

impl Display for OpenFailure {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.0 {
            1 => "administratively prohibited",
            2 => "connect failed",
            3 => "unknown channel type",
            4 => "resource shortage",
            other => return write!(f, "reason {other}"),
        })
    }
}

impl Display for Trigger {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.0 {
            1 => "user initiated",
            2 => "alert",
            3 => "provisioning",
            4 => "periodic",
            254 => "local manageability engine",
            other => return write!(f, "trigger {other}"),
        })
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match *self {
            Self::UnknownChannel { message, channel } => {
                write!(f, "message {message} for unknown channel {channel}")
            }
            Self::NotOpen { message, channel } => {
                write!(f, "message {message} for channel {channel}, which is not open")
            }
            Self::UnexpectedConfirmation { channel } => {
                write!(f, "unexpected confirmation of channel {channel}")
            }
            Self::UnexpectedFailure { channel } => {
                write!(f, "unexpected failure of channel {channel}")
            }
            Self::WindowExceeded { channel, over } => {
                write!(f, "channel {channel} sent {over} bytes more than its window")
            }
            Self::ForwardRefused { port } => write!(f, "request for port {port} refused"),
            Self::DatagramPort { port } => write!(f, "datagram with port {port} dropped"),
        }
    }
}

impl Display for ChannelEnd {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::ByPeer => "closed by the other side",
            Self::ByUs => "closed by this side",
            Self::WindowExceeded => "the other side sent more than its window",
            Self::Stalled => "the other side took no data for too long",
            Self::TunnelEnded => "the tunnel ended",
        })
    }
}

impl Display for EndReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::ByPeer(reason) => write!(f, "disconnected by the other side: {reason}"),
            Self::EndOfStream => f.write_str("connection lost"),
            Self::ByUs(reason) => write!(f, "disconnected by this side: {reason}"),
            Self::Refused => f.write_str("invalid credentials"),
            Self::NoCertificate => {
                f.write_str("login without password needs a verified client certificate")
            }
            Self::Version { major, minor } => {
                write!(f, "protocol version not supported: {major}.{minor}")
            }
            Self::KeepAliveExpired => f.write_str("keep alive expired"),
            Self::Deadline(phase) => write!(f, "login took too long: {phase}"),
            Self::Decode(error) => write!(f, "invalid APF command: {error}"),
            Self::Illegal { message, state } => {
                write!(f, "invalid APF command: message {message} while {state}")
            }
            Self::FaultBudget => f.write_str("invalid APF command: too many faults"),
            Self::PeerNotReading => f.write_str("the other side stopped reading"),
            Self::HttpProbe => f.write_str("an HTTP client called the device port"),
        }
    }
}
