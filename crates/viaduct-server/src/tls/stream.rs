//! One stream type for plain and TLS connections, without boxing.

use super::gather::Gather;
use bytes::{Buf, Bytes};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_openssl::SslStream;

/// What carries a tunnel: a TCP socket, or a pipe in tests.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the next close a reset, so that a peer that is not listening any more is told loudly.
    fn reset_on_close(&self) {}

    /// Acknowledges what was read without waiting for more to acknowledge.
    fn acknowledge(&self) {}
}

impl Io for tokio::net::TcpStream {
    fn reset_on_close(&self) {
        if let Err(error) = self.set_zero_linger() {
            tracing::debug!(%error, "cannot set SO_LINGER");
        }
    }

    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        if let Err(error) = socket2::SockRef::from(self).set_tcp_quickack(true) {
            tracing::debug!(%error, "cannot set TCP_QUICKACK");
        }
    }
}

impl Io for tokio::io::DuplexStream {}

/// A connection whose first bytes were read already; they come again first.
#[derive(Debug)]
pub struct Rewind<T> {
    first: Bytes,
    io: T,
}

impl<T> Rewind<T> {
    /// `first` is read before anything from `io`.
    pub fn new(first: Bytes, io: T) -> Self {
        Self { first, io }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewind<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let n = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..n]);
        self.first.advance(n);
        if self.first.is_empty() {
            self.first = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewind<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A device's connection after the handshake. What is written has left when a flush was ready.
#[derive(Debug)]
pub enum Stream<T> {
    /// Behind an external TLS terminator.
    Plain(Rewind<T>),
    /// TLS by OpenSSL.
    Tls(Box<SslStream<Gather<Rewind<T>>>>),
}

impl<T: Io> Stream<T> {
    fn io(&self) -> &T {
        match self {
            Self::Plain(rewind) => &rewind.io,
            Self::Tls(stream) => &stream.get_ref().inner().io,
        }
    }

    /// Makes the next close a reset.
    pub fn reset_on_close(&self) {
        self.io().reset_on_close();
    }

    /// Acknowledges what was read without waiting for more to acknowledge.
    pub fn acknowledge(&self) {
        self.io().acknowledge();
    }
}

impl<T: Io> AsyncRead for Stream<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, buf),
        }
    }
}

impl<T: Io> AsyncWrite for Stream<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            // Not through OpenSSL, which has nothing of its own to flush and knows no "not yet" here.
            Self::Tls(io) => io.get_mut().poll_drain(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(cx),
        }
    }
}
