//! What a benchmarked device offers on port 5900, the same behind Viaduct and behind a plain relay.
//!
//! A console sends one command: a letter and a number of bytes (u64, big-endian).
//! `E` echoes for ever, `S` sends that many bytes, `K` takes that many and then sends one byte.

use super::{AHEAD, PIECE};
use bytes::Bytes;

/// Bytes of a command.
pub(crate) const COMMAND: usize = 9;
static PATTERN: [u8; PIECE] = [0x5a; PIECE];

/// One stream of the service.
#[derive(Debug)]
pub(crate) struct Source {
    command: Vec<u8>,
    left: u64,
    piece: usize,
}

impl Source {
    /// A source offers pieces of this size, at most `PIECE`.
    pub(crate) fn new(piece: usize) -> Self {
        Self { command: Vec::new(), left: 0, piece: piece.min(PIECE) }
    }

    /// Takes bytes of a console; returns what goes back at once.
    pub(crate) fn input(&mut self, mut data: Bytes) -> Option<Bytes> {
        if self.command.len() < COMMAND {
            let n = data.len().min(COMMAND - self.command.len());
            self.command.extend_from_slice(&data.split_to(n));
            if self.command.len() < COMMAND {
                return None;
            }
            let digits: [u8; 8] = self.command[1..].try_into().unwrap_or_default();
            self.left = u64::from_be_bytes(digits);
        }
        match self.command[0] {
            b'E' => (!data.is_empty()).then_some(data),
            b'K' => {
                let before = self.left;
                self.left = self.left.saturating_sub(data.len() as u64);
                (before > 0 && self.left == 0).then(|| Bytes::from_static(b"k"))
            }
            _ => None,
        }
    }

    /// The next piece of a source while `queued` bytes wait already.
    pub(crate) fn output(&mut self, queued: usize) -> Option<Bytes> {
        let source = self.command.first() == Some(&b'S') && self.command.len() == COMMAND;
        if !source || self.left == 0 || queued >= AHEAD {
            return None;
        }
        let n = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.piece);
        self.left -= n as u64;
        Some(Bytes::from_static(&PATTERN[..n]))
    }
}

/// The command as sent.
pub(crate) fn command(letter: u8, bytes: u64) -> [u8; COMMAND] {
    let mut command = [letter; COMMAND];
    command[1..].copy_from_slice(&bytes.to_be_bytes());
    command
}
