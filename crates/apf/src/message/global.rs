//! GLOBAL_REQUEST (80) and its replies REQUEST_SUCCESS (81) and REQUEST_FAILURE (82).
//!
//! `80 | str name | u8 want_reply | arguments`. The reply to tcpip-forward carries the port
//! (5 bytes, unlike SSH always), the reply to anything else is the bare byte 81. Nothing in the
//! reply says which of the two it is: the requester must remember what it asked.

use crate::DecodeError;
use crate::error::Field;
use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};

const FORWARD: &[u8] = b"tcpip-forward";
const CANCEL: &[u8] = b"cancel-tcpip-forward";
const SEND_DATAGRAM: &[u8] = b"udp-send-to@amt.intel.com";

/// A request of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobalRequest<'a> {
    /// tcpip-forward: the server may open channels to this port.
    Forward(Forward<'a>),
    /// cancel-tcpip-forward: no longer.
    Cancel(Forward<'a>),
    /// udp-send-to@amt.intel.com: a datagram (an alert) that the device wants sent.
    SendDatagram(Datagram<'a>),
}

/// The port of a forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward<'a> {
    /// Whether the device asks for a reply. It gets one anyway.
    pub want_reply: bool,
    /// Empty, or the name of the device. A hint at best.
    pub address: &'a [u8],
    /// The port as on the wire; may be outside 1..=65535.
    pub port: u32,
}

/// A datagram that a device wants sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Whether the device asks for a reply.
    pub want_reply: bool,
    /// Where it should go.
    pub destination: &'a [u8],
    /// Port there, as on the wire.
    pub destination_port: u32,
    /// Where it should seem to come from.
    pub source: &'a [u8],
    /// Port there, as on the wire.
    pub source_port: u32,
    /// The datagram itself.
    pub data: &'a [u8],
}

/// Which form of REQUEST_SUCCESS is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyForm {
    /// To tcpip-forward: with the port, 5 bytes.
    Port,
    /// To anything else: 1 byte.
    Bare,
}

/// REQUEST_SUCCESS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// To tcpip-forward.
    Port(u32),
    /// To anything else.
    Bare,
}

impl<'a> GlobalRequest<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        Ok(match reader.string(Field::RequestName)? {
            FORWARD => Self::Forward(Forward::read(reader)?),
            CANCEL => Self::Cancel(Forward::read(reader)?),
            SEND_DATAGRAM => Self::SendDatagram(Datagram::read(reader)?),
            _ => return Err(DecodeError::UnknownRequest.into()),
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        match self {
            Self::Forward(forward) => {
                super::put_string(out, Field::RequestName, FORWARD);
                forward.write(out);
            }
            Self::Cancel(forward) => {
                super::put_string(out, Field::RequestName, CANCEL);
                forward.write(out);
            }
            Self::SendDatagram(datagram) => {
                super::put_string(out, Field::RequestName, SEND_DATAGRAM);
                datagram.write(out);
            }
        }
    }
}

fn read_want_reply(reader: &mut Reader<'_>) -> Result<bool, Stop> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::WantReply(other).into()),
    }
}

impl<'a> Forward<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        Ok(Self {
            want_reply: read_want_reply(reader)?,
            address: reader.string(Field::Address)?,
            port: reader.u32()?,
        })
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_u8(u8::from(self.want_reply));
        super::put_string(out, Field::Address, self.address);
        out.put_u32(self.port);
    }
}

impl<'a> Datagram<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        Ok(Self {
            want_reply: read_want_reply(reader)?,
            destination: reader.string(Field::Address)?,
            destination_port: reader.u32()?,
            source: reader.string(Field::Address)?,
            source_port: reader.u32()?,
            data: reader.string(Field::Datagram)?,
        })
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_u8(u8::from(self.want_reply));
        super::put_string(out, Field::Address, self.destination);
        out.put_u32(self.destination_port);
        super::put_string(out, Field::Address, self.source);
        out.put_u32(self.source_port);
        super::put_string(out, Field::Datagram, self.data);
    }
}

impl Reply {
    pub(super) fn read(reader: &mut Reader<'_>, awaited: ReplyForm) -> Result<Self, Stop> {
        Ok(match awaited {
            ReplyForm::Port => Self::Port(reader.u32()?),
            ReplyForm::Bare => Self::Bare,
        })
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        match self {
            Self::Port(port) => out.put_u32(port),
            Self::Bare => {}
        }
    }
}
