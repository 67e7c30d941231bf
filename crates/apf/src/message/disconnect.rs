//! DISCONNECT (1): `u32 reason | u16 reserved`. SSH has two strings here, APF does not.

use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};

/// Reason of a DISCONNECT, as on the wire. Any value is accepted; its words are in `Display`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DisconnectReason(pub u32);

impl DisconnectReason {
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(2);
    /// The service that was asked for does not exist or is not granted.
    pub const SERVICE_NOT_AVAILABLE: Self = Self(7);
    /// The peer's protocol version is too old.
    pub const VERSION_NOT_SUPPORTED: Self = Self(8);
    /// The program on this side wants it so: shutdown, kick, a newer connection, silence.
    pub const BY_APPLICATION: Self = Self(11);
    /// Too many connections.
    pub const TOO_MANY_CONNECTIONS: Self = Self(12);

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let reason = reader.u32()?;
        let _reserved = reader.u16()?;
        Ok(Self(reason))
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.0);
        out.put_u16(0);
    }
}
