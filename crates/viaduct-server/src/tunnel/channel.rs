//! A channel as its user sees it: bytes in, bytes out, reading releases the window.

use bytes::Bytes;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream to a service port of a device. Dropping it closes the channel.
#[derive(Debug)]
pub struct Channel {}

#[allow(clippy::todo, unused_variables, missing_docs, reason = "interface first")]
impl Channel {
    /// Why the channel ended, once it has: words for people.
    pub fn end(&self) -> Option<String> {
        todo!()
    }
    /// Relays between this channel and a console's socket until either ends; half-close is not APF.
    /// `prefix` goes to the device first. Ends with how many bytes went each way and why.
    pub async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        console: S,
        prefix: Bytes,
    ) -> RelayEnd {
        todo!()
    }
}

/// How a relay ended.
#[derive(Debug)]
pub struct RelayEnd {
    pub from_device: u64,
    pub to_device: u64,
    pub reason: String,
}

#[allow(clippy::todo, unused_variables, reason = "interface first")]
impl AsyncRead for Channel {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        todo!()
    }
}

#[allow(clippy::todo, unused_variables, reason = "interface first")]
impl AsyncWrite for Channel {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        todo!()
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        todo!()
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        todo!()
    }
}
