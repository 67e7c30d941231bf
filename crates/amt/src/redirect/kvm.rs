//! The two messages between a KVM login and RFB: open (40) and opened (41). What follows is RFB, see
//! [`crate::rfb`].

use super::{Decode, RedirectError};

/// Length of either message.
const LENGTH: usize = 8;

/// 40, from the console: let the screen begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvmOpen;

/// 41, from the platform: RFB begins behind this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvmOpened;

impl KvmOpen {
    /// Appends the message as it goes on the wire.
    pub fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0x40, 0, 0, 0, 0, 0, 0, 0]);
    }
}

impl KvmOpened {
    /// Appends the message as it goes on the wire.
    pub fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0x41, 0, 0, 0, 0, 0, 0, 0]);
    }
}

impl Decode for KvmOpen {
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        Ok(begins(bytes, 0x40)?.then_some((Self, LENGTH)))
    }
}

impl Decode for KvmOpened {
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        Ok(begins(bytes, 0x41)?.then_some((Self, LENGTH)))
    }
}

/// Whether the whole message is there. Its seven other bytes carry nothing.
fn begins(bytes: &[u8], number: u8) -> Result<bool, RedirectError> {
    match bytes.first() {
        Some(first) if *first != number => Err(RedirectError::UnknownMessage(*first)),
        _ => Ok(bytes.len() >= LENGTH),
    }
}
