//! The messages of channels: open (90), confirmation (91), failure (92), window adjust (93),
//! data (94), close (97).
//!
//! In 91 to 97 the first number is always the receiver's own channel id. Zero is a valid id.

use crate::DecodeError;
use crate::error::Field;
use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};

/// What stands where SSH has the maximum packet size: written by everybody, read by nobody.
const RESERVED: u32 = 0xffff_ffff;

/// A channel, by the number that this end chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u32);

/// The same channel by the peer's number. Zero is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerChannelId(pub u32);

/// Reason of a CHANNEL_OPEN_FAILURE, as on the wire. Any value is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenFailure(pub u32);

impl OpenFailure {
    /// The port is not forwarded, or the peer does not want the channel.
    pub const PROHIBITED: Self = Self(1);
    /// Nobody answered behind the port. Firmware also says so when it is busy.
    pub const CONNECT_FAILED: Self = Self(2);
    /// Neither forwarded-tcpip nor direct-tcpip, or not in this direction.
    pub const UNKNOWN_TYPE: Self = Self(3);
    /// All channels of the peer are in use.
    pub const RESOURCE_SHORTAGE: Self = Self(4);
}

/// The type of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelType<'a> {
    /// forwarded-tcpip: the server opens to a port that the device forwarded.
    Forwarded,
    /// direct-tcpip: the device opens outwards.
    Direct,
    /// Anything else; refused with reason 3.
    Other(&'a [u8]),
}

const FORWARDED: &[u8] = b"forwarded-tcpip";
const DIRECT: &[u8] = b"direct-tcpip";

impl<'a> ChannelType<'a> {
    const fn name(self) -> &'a [u8] {
        match self {
            Self::Forwarded => FORWARDED,
            Self::Direct => DIRECT,
            Self::Other(name) => name,
        }
    }
}

/// CHANNEL_OPEN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelOpen<'a> {
    /// What is opened.
    pub channel_type: ChannelType<'a>,
    /// The opener's id.
    pub sender: u32,
    /// Bytes that the receiver may send at first.
    pub window: u32,
    /// Where the channel leads. Firmware does not look at it.
    pub connected_address: &'a [u8],
    /// The port it leads to.
    pub connected_port: u32,
    /// Who asked for it.
    pub originator_address: &'a [u8],
    /// The port there.
    pub originator_port: u32,
}

impl<'a> ChannelOpen<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        let channel_type = match reader.name(Field::ChannelType)? {
            FORWARDED => ChannelType::Forwarded,
            DIRECT => ChannelType::Direct,
            other => ChannelType::Other(other),
        };
        let sender = reader.u32()?;
        let window = reader.u32()?;
        let _reserved = reader.u32()?;
        Ok(Self {
            channel_type,
            sender,
            window,
            connected_address: reader.string(Field::Address)?,
            connected_port: reader.u32()?,
            originator_address: reader.string(Field::Address)?,
            originator_port: reader.u32()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        super::put_string(out, Field::ChannelType, self.channel_type.name());
        out.put_u32(self.sender);
        out.put_u32(self.window);
        out.put_u32(RESERVED);
        super::put_string(out, Field::Address, self.connected_address);
        out.put_u32(self.connected_port);
        super::put_string(out, Field::Address, self.originator_address);
        out.put_u32(self.originator_port);
    }
}

/// CHANNEL_OPEN_CONFIRMATION.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelOpenConfirmation {
    /// The opener's id.
    pub recipient: u32,
    /// The confirmer's id.
    pub sender: u32,
    /// Bytes that the opener may send at first. Zero is legal.
    pub window: u32,
}

impl ChannelOpenConfirmation {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let confirmation =
            Self { recipient: reader.u32()?, sender: reader.u32()?, window: reader.u32()? };
        let _reserved = reader.u32()?;
        Ok(confirmation)
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.recipient);
        out.put_u32(self.sender);
        out.put_u32(self.window);
        out.put_u32(RESERVED);
    }
}

/// CHANNEL_OPEN_FAILURE: 17 bytes, the last eight being SSH's two empty strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelOpenFailure {
    /// The opener's id.
    pub recipient: u32,
    /// Why.
    pub reason: OpenFailure,
}

impl ChannelOpenFailure {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let failure = Self { recipient: reader.u32()?, reason: OpenFailure(reader.u32()?) };
        let _reserved = reader.array::<8>()?;
        Ok(failure)
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.recipient);
        out.put_u32(self.reason.0);
        out.put_u64(0);
    }
}

/// CHANNEL_WINDOW_ADJUST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowAdjust {
    /// The receiver's id.
    pub recipient: u32,
    /// Bytes that it may send in addition.
    pub bytes: u32,
}

impl WindowAdjust {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        Ok(Self { recipient: reader.u32()?, bytes: reader.u32()? })
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.recipient);
        out.put_u32(self.bytes);
    }
}

/// Head of a CHANNEL_DATA; `length` bytes of payload follow it in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelData {
    /// The receiver's id.
    pub recipient: u32,
    /// Bytes of payload that follow, at most 1 MiB.
    pub length: u32,
}

impl ChannelData {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let recipient = reader.u32()?;
        let length = reader.u32()?;
        let limit = Field::Payload.limit();
        if length > limit {
            return Err(DecodeError::TooLong { field: Field::Payload, length, limit }.into());
        }
        Ok(Self { recipient, length })
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.recipient);
        out.put_u32(self.length);
    }
}

/// CHANNEL_CLOSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelClose {
    /// The receiver's id.
    pub recipient: u32,
}

impl ChannelClose {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        Ok(Self { recipient: reader.u32()? })
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.recipient);
    }
}
