//! A connection of the API under deadlines: a request's head must be complete soon after its first byte,
//! and a client must take what it asked for.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A head must be complete so soon after its first byte.
const HEAD: Duration = Duration::from_secs(5);
/// A client that takes no byte of an answer for so long is gone.
const STALL: Duration = Duration::from_secs(60);

/// Whether a request is being answered: odd while it is. The number also tells one pause from the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<AtomicU64>);

impl Turn {
    /// A head is complete.
    pub(super) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The next head may come.
    pub(super) fn end(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream under these deadlines.
#[derive(Debug)]
pub(super) struct Deadlined<T> {
    io: T,
    turn: Turn,
    /// Runs from the first byte of a head, for the pause it was started in.
    head: Option<(u64, Pin<Box<Sleep>>)>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<T> Deadlined<T> {
    pub(super) fn new(io: T, turn: Turn) -> Self {
        Self { io, turn, head: None, stall: None }
    }

    fn stalled<R>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL)));
        match stall.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Deadlined<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let turn = self.turn.now();
        let waiting = turn.is_multiple_of(2);
        if self.head.as_ref().is_some_and(|(started, _)| *started != turn) {
            self.head = None;
        }
        let before = buf.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.io).poll_read(cx, buf) {
            if waiting && buf.filled().len() > before && self.head.is_none() {
                self.head = Some((turn, Box::pin(sleep(HEAD))));
            }
            return Poll::Ready(result);
        }
        let late = self.head.as_mut().is_some_and(|(_, head)| head.as_mut().poll(cx).is_ready());
        if late { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Deadlined<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.stalled(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        self.stalled(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_shutdown(cx);
        self.stalled(cx, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_head_that_drips_is_cut_off_and_a_pause_between_requests_is_not() {
        let (mut client, server) = duplex(64);
        let turn = Turn::default();
        let mut server = Deadlined::new(server, turn.clone());
        let mut buf = [0; 8];
        client.write_all(b"GET").await.unwrap();
        assert_eq!(server.read(&mut buf).await.unwrap(), 3);
        turn.begin();
        turn.end();
        // The clock runs on by itself: waiting far longer than a head may take is fine between two requests.
        let pause = tokio::time::timeout(HEAD * 4, server.read(&mut buf)).await;
        assert!(pause.is_err());
        client.write_all(b"G").await.unwrap();
        assert_eq!(server.read(&mut buf).await.unwrap(), 1);
        let cut = server.read(&mut buf).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_gone() {
        let (_client, server) = duplex(4);
        let mut server = Deadlined::new(server, Turn::default());
        let stalled = server.write_all(b"more than fits").await.unwrap_err();
        assert_eq!(stalled.kind(), io::ErrorKind::TimedOut);
    }
}
