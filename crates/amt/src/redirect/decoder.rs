//! Finds messages in a stream that comes in pieces of any size.

use super::{ConsoleMessage, DeviceMessage, RedirectError};

/// A kind of message that can be found at the start of a buffer.
pub trait Decode: Sized {
    /// The message at the start of `bytes` and its length; none while it is not whole.
    ///
    /// # Errors
    /// [`RedirectError`]: the stream makes no sense from here on.
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError>;
}

impl Decode for ConsoleMessage {
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        Self::decode(bytes)
    }
}

impl Decode for DeviceMessage {
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        Self::decode(bytes)
    }
}

/// Collects bytes until they are messages.
///
/// Give it what arrives with [`handle_bytes`](Self::handle_bytes), then call
/// [`poll_message`](Self::poll_message) until it gives none. It holds at most one message that is
/// not whole (65,545 bytes) besides what was given to it last.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    taken: usize,
}

impl Decoder {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: Vec::new(), taken: 0 }
    }

    /// Bytes from the peer.
    pub fn handle_bytes(&mut self, input: &[u8]) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken.min(self.buffer.len()));
            self.taken = 0;
        }
        self.buffer.extend_from_slice(input);
    }

    /// The next message.
    ///
    /// # Errors
    /// [`RedirectError`]; the decoder stays where it is.
    pub fn poll_message<M: Decode>(&mut self) -> Result<Option<M>, RedirectError> {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let Some((message, length)) = M::decode(rest)? else { return Ok(None) };
        self.taken = self.taken.saturating_add(length);
        Ok(Some(message))
    }

    /// What has come and is not part of a message yet; empties the decoder. For whoever passes the
    /// stream on after the login.
    #[must_use]
    pub fn take_rest(&mut self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.drain(..self.taken.min(buffer.len()));
        self.taken = 0;
        buffer
    }
}
