//! Keeps an idle screen open: firmware ends a KVM session that gets no input for some minutes, also when somebody is
//! looking. Where the viewer's messages end is followed, and between two of them its last pointer event is sent again,
//! which changes nothing on the PC.

use amt::rfb::ViewerMessage;
use std::time::Duration;
use tokio::time::Instant;

/// So long without input; firmware's default is three minutes, and its smallest setting one.
const QUIET: Duration = Duration::from_secs(45);
/// What a viewer says first where AMT's login came before: opening message, version, security type, ClientInit.
pub(super) const HANDSHAKE: usize = 8 + 12 + 1 + 1;
/// And on port 5900, where it proves its password itself: version, security type, proof, ClientInit.
pub(super) const RAW_5900: usize = 12 + 1 + 16 + 1;
/// And where the server has done that.
pub(super) const CLIENT_INIT: usize = 1;
/// Most bytes of a message that are kept; only clipboards are longer, and they are counted instead.
const KEPT: usize = 2048;

/// Follows a viewer.
#[derive(Debug)]
pub(super) struct Awake {
    on: bool,
    /// Bytes of the handshake that are still to come.
    handshake: usize,
    kept: Vec<u8>,
    /// Bytes of a long message that are still to come.
    skip: usize,
    pointer: Option<ViewerMessage>,
    input: Instant,
}

impl Awake {
    /// `on`: whether the screen is to be kept open; input is followed in any case. `handshake`: bytes before the viewer's
    /// first message.
    pub(super) fn new(on: bool, handshake: usize) -> Self {
        Self { on, handshake, kept: Vec::new(), skip: 0, pointer: None, input: Instant::now() }
    }

    /// How long no key and no pointer came.
    pub(super) fn quiet(&self) -> Duration {
        self.input.elapsed()
    }

    /// Bytes that go to the device.
    pub(super) fn handle(&mut self, mut bytes: &[u8]) {
        for wait in [&mut self.handshake, &mut self.skip] {
            let taken = bytes.len().min(*wait);
            *wait -= taken;
            bytes = &bytes[taken..];
        }
        self.kept.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            match ViewerMessage::decode(&self.kept[at..]) {
                Ok(Some((message, length))) => {
                    at += length;
                    self.note(message);
                }
                Ok(None) => break,
                // Not a stream that we know: from here on it is left alone.
                Err(_) => {
                    (self.on, at) = (false, self.kept.len());
                    break;
                }
            }
        }
        self.kept.drain(..at);
        self.skip_long();
    }

    fn note(&mut self, message: ViewerMessage) {
        match message {
            ViewerMessage::Pointer { .. } => self.pointer = Some(message),
            ViewerMessage::Key { .. } | ViewerMessage::CutText(_) => {}
            _ => return,
        }
        self.input = Instant::now();
    }

    /// The rest of a clipboard's text is counted, not kept.
    fn skip_long(&mut self) {
        if let [6, _, _, _, a, b, c, d, ..] = self.kept[..]
            && self.kept.len() > KEPT
        {
            let length = u32::from_be_bytes([a, b, c, d]) as usize + 8;
            self.skip = length.saturating_sub(self.kept.len());
            self.kept.clear();
        }
    }

    /// What to send to the device now, if anything.
    pub(super) fn poll(&mut self) -> Option<Vec<u8>> {
        let between = self.handshake == 0 && self.skip == 0 && self.kept.is_empty();
        if !self.on || !between || self.quiet() < QUIET {
            return None;
        }
        let mut out = Vec::new();
        self.pointer.as_ref()?.encode(&mut out);
        self.input = Instant::now();
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTER: [u8; 6] = [5, 0, 0, 9, 0, 7];

    #[tokio::test(start_paused = true)]
    async fn the_last_pointer_is_repeated_between_two_messages_only() {
        let mut awake = Awake::new(true, HANDSHAKE);
        awake.handle(b"\x40\0\0\0\0\0\0\0RFB 003.008\n\x01");
        awake.handle(b"\x01");
        tokio::time::advance(QUIET).await;
        assert_eq!(awake.poll(), None, "no pointer is known");
        awake.handle(&POINTER);
        assert_eq!(awake.poll(), None, "there was input");
        tokio::time::advance(QUIET).await;
        awake.handle(&[3, 1, 0, 0]);
        assert_eq!(awake.poll(), None, "inside a message");
        awake.handle(&[0, 0, 2, 128, 1, 224]);
        assert_eq!(awake.poll(), Some(POINTER.to_vec()), "asking for pictures is no input");
        assert_eq!(awake.poll(), None, "once is enough");
    }

    #[tokio::test(start_paused = true)]
    async fn long_texts_are_counted_and_strange_streams_left_alone() {
        let mut awake = Awake::new(true, HANDSHAKE);
        awake.handle(&[0; HANDSHAKE]);
        awake.handle(&POINTER);
        let mut text = vec![6, 0, 0, 0, 0, 0, 0x40, 0];
        text.extend_from_slice(&[b'x'; 0x4000]);
        for piece in text.chunks(1000) {
            awake.handle(piece);
            assert!(awake.kept.len() <= KEPT + 1000);
        }
        tokio::time::advance(QUIET).await;
        assert!(awake.poll().is_some());
        awake.handle(&[77]);
        tokio::time::advance(QUIET).await;
        assert_eq!(awake.poll(), None);
    }
}
