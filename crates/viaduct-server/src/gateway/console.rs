//! The console's end of a proxy connection: bounded reading, deadlines, and leaving politely.

use bytes::{BufMut, Bytes, BytesMut};
use std::{future::pending, io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep, timeout, timeout_at},
};

/// Bytes that are read ahead while a console waits for its device. Enough for a pipelined request or a TLS hello.
const READ_AHEAD: usize = 16 << 10;

/// Room asked for per read; a console that says little costs little.
const READ_ROOM: usize = 2 << 10;

/// A console that has closed its sending side may still be waiting for the answer, or be gone for good: TCP does not
/// say. It is believed for so long; longer would hold one of the device's few channels for nobody.
const HALF_CLOSED: Duration = Duration::from_secs(5);

/// How long and how much is still taken from a console after the last word to it. Closing a socket with unread bytes
/// resets it, and a reset can destroy the answer before the console has read it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 2 << 20;

/// Why nothing more comes from, or goes to, a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// It closed its sending side.
    Closed,
    /// It was too slow for the phase.
    Slow,
    /// Its connection broke.
    Broken,
}

/// A console's stream with what was read from it and not used yet.
#[derive(Debug)]
pub(super) struct Console<S> {
    stream: S,
    /// Bytes read and not used yet.
    pub(super) inbox: BytesMut,
    closed: bool,
    stall: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Console<S> {
    /// `stall` is how long the console may take no bytes before it counts as gone.
    pub(super) fn new(stream: S, stall: Duration) -> Self {
        Self { stream, inbox: BytesMut::new(), closed: false, stall }
    }

    /// Reads once; the inbox never holds more than `limit` bytes (callers ask only below it). May be cancelled
    /// without loss.
    pub(super) async fn fill(&mut self, limit: usize, until: Instant) -> Result<(), Gone> {
        if self.closed {
            return Err(Gone::Closed);
        }
        let room = limit.saturating_sub(self.inbox.len()).min(READ_ROOM);
        self.inbox.reserve(room);
        let mut space = (&mut self.inbox).limit(room);
        match timeout_at(until, self.stream.read_buf(&mut space)).await {
            Ok(Ok(0)) => {
                self.closed = true;
                Err(Gone::Closed)
            }
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Gone::Broken),
            Err(_) => Err(Gone::Slow),
        }
    }

    /// Writes all of it; a console that takes nothing for the stall deadline is gone.
    pub(super) async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        while !bytes.is_empty() {
            match timeout(self.stall, self.stream.write(bytes)).await {
                Ok(Ok(0) | Err(_)) => return Err(Gone::Broken),
                Ok(Ok(count)) => bytes = &bytes[count..],
                Err(_) => return Err(Gone::Slow),
            }
        }
        timeout(self.stall, self.stream.flush()).await.map_err(|_| Gone::Slow)?.map_err(broken)
    }

    /// Resolves when nobody waits for an answer any more. Reads ahead meanwhile, so it sees the end of the stream.
    pub(super) async fn left(&mut self) {
        // Any time works: reading ahead has no deadline of its own, the caller's question has.
        let never = || Instant::now() + Duration::from_secs(24 * 3600);
        loop {
            if self.inbox.len() >= READ_AHEAD {
                return pending().await;
            }
            match self.fill(READ_AHEAD, never()).await {
                Ok(()) | Err(Gone::Slow) => {}
                Err(Gone::Closed) => return sleep(HALF_CLOSED).await,
                Err(Gone::Broken) => return,
            }
        }
    }

    /// The stream and what was read from it, for a relay.
    pub(super) fn into_parts(self) -> (S, Bytes) {
        (self.stream, self.inbox.freeze())
    }

    /// Says that nothing more comes, and lets the console read what was said.
    pub(super) async fn close(mut self) {
        let polite = async {
            if self.stream.shutdown().await.is_err() {
                return;
            }
            let mut sink = [0; 1024];
            let mut left = LINGER_BYTES;
            while let Ok(count @ 1..) = self.stream.read(&mut sink).await {
                left = left.saturating_sub(count);
                if left == 0 {
                    return;
                }
            }
        };
        // The deadline is the plan for consoles that never close, not a failure.
        drop(timeout(LINGER, polite).await);
    }
}

fn broken(_: io::Error) -> Gone {
    Gone::Broken
}
