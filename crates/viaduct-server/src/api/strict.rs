//! A connection whose requests can be read in one way only.
//!
//! hyper lets pass what must be refused: lines that end with LF alone, Content-Length beside Transfer-Encoding, equal
//! Content-Lengths. So the same rules as the HTTP proxy's are applied to the bytes before hyper sees them; what they
//! refuse reaches it as zeros, which it answers with 400, and then it closes the connection.

use crate::gateway::Follower;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream under these rules.
#[derive(Debug)]
pub(super) struct Strict<T> {
    io: T,
    follower: Follower,
    void: bool,
}

impl<T> Strict<T> {
    pub(super) fn new(io: T) -> Self {
        Self { io, follower: Follower::default(), void: false }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Strict<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = &result {
            let this = &mut *self;
            let fresh = buf.filled_mut().get_mut(before..).unwrap_or_default();
            let from = match this.void {
                true => Some(0),
                false => this.follower.take(fresh).err(),
            };
            if let Some(void) = from.and_then(|from| fresh.get_mut(from..)) {
                this.void = true;
                void.fill(0);
            }
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Strict<T> {
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
