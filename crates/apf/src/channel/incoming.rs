//! The payload of the CHANNEL_DATA that is being received.

use crate::message::ChannelId;
use bytes::{Buf as _, Bytes, BytesMut};

/// Bytes of payload that are still to come, and whose they are. A payload is handed on as it
/// comes, so a message of 1 MiB needs no buffer of that size.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// `None` discards.
    channel: Option<ChannelId>,
    left: u32,
}

impl Incoming {
    pub(crate) const fn deliver(channel: ChannelId, length: u32) -> Self {
        Self { channel: Some(channel), left: length }
    }

    pub(crate) const fn discard(length: u32) -> Self {
        Self { channel: None, left: length }
    }

    /// The whole payload has come.
    pub(crate) const fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Takes what is there from the front of `input`, without copying it.
    pub(crate) fn take(&mut self, input: &mut BytesMut) -> Option<(ChannelId, Bytes)> {
        let here = u32::try_from(input.len()).unwrap_or(u32::MAX).min(self.left);
        self.left = self.left.saturating_sub(here);
        let here = usize::try_from(here).unwrap_or(usize::MAX).min(input.len());
        if here == 0 {
            return None;
        }
        match self.channel {
            Some(channel) => Some((channel, input.split_to(here).freeze())),
            None => {
                input.advance(here);
                None
            }
        }
    }
}
