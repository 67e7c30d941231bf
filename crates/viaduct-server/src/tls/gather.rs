//! TLS records leave together: OpenSSL hands over each record of 16 KiB by itself, and a system call (and a wake-up of
//! the peer) for each of them was a third of what sending to a device cost.

use bytes::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Records wait until there are so many bytes, or until a flush.
const ENOUGH: usize = 64 << 10;
/// Room for the record that reaches `ENOUGH`, with its head and authentication code.
const ROOM: usize = ENOUGH + (17 << 10);

/// Keeps what is written until it is flushed or is enough for a system call.
#[derive(Debug)]
pub struct Gather<T> {
    io: T,
    /// Pass on what comes.
    direct: bool,
    waiting: BytesMut,
}

impl<T> Gather<T> {
    /// Passes everything on at once.
    pub(super) fn new(io: T) -> Self {
        Self { io, direct: true, waiting: BytesMut::new() }
    }

    /// From now on gathers: after the handshake, for an owner who flushes.
    pub(super) fn begin(&mut self) {
        self.direct = false;
    }

    pub(super) fn inner(&self) -> &T {
        &self.io
    }
}

impl<T: AsyncWrite + Unpin> Gather<T> {
    /// Ready when nothing waits any more.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.waiting))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.waiting.advance(n),
            }
        }
        // Idle tunnels are many: they hold no buffer.
        self.waiting = BytesMut::new();
        Pin::new(&mut self.io).poll_flush(cx)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Gather<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gather<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.direct {
            return Pin::new(&mut self.io).poll_write(cx, buf);
        }
        if self.waiting.len() >= ENOUGH {
            ready!(self.poll_drain(cx))?;
        }
        if self.waiting.capacity() == 0 && buf.len() >= ENOUGH / 8 {
            self.waiting.reserve(ROOM);
        }
        self.waiting.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    /// OpenSSL flushes after each flight and takes "not yet" for a failure; what could not leave stays here.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.poll_drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
