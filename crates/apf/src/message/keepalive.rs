//! KEEPALIVE_REQUEST (208), KEEPALIVE_REPLY (209): `u32 cookie`;
//! KEEPALIVE_OPTIONS_REQUEST (210), KEEPALIVE_OPTIONS_REPLY (211): `u32 interval | u32 timeout`.

use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};

/// Length of 208 and 209 in bytes.
pub(crate) const LENGTH: u32 = 5;

/// The cookie of a keep-alive; the reply echoes it unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeepAlive {
    /// Any value.
    pub cookie: u32,
}

impl KeepAlive {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        Ok(Self { cookie: reader.u32()? })
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.cookie);
    }
}

/// Keep-alive figures, both in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeepAliveOptions {
    /// How often the device sends KEEPALIVE_REQUEST.
    pub interval: u32,
    /// How long the device waits for traffic; 0 leaves its own figure.
    pub timeout: u32,
}

impl KeepAliveOptions {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        Ok(Self { interval: reader.u32()?, timeout: reader.u32()? })
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u32(self.interval);
        out.put_u32(self.timeout);
    }
}
