//! One channel's service: a task of its own at the other end of a pipe in memory.

use crate::services::Host;
use bytes::{Buf, Bytes, BytesMut};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex, sink, split};

/// Bytes in the pipe, each way. What the service has not taken from it stays in the channel's window.
const PIPE: usize = 8 << 10;

/// The platform's end of the pipe.
pub(super) struct Service {
    pipe: DuplexStream,
    /// Received and not yet in the pipe; the window bounds it.
    inbound: BytesMut,
    /// The service has ended; said once.
    over: bool,
}

impl Service {
    /// Starts the service of a port.
    pub(super) fn start(host: Arc<Host>, port: u16) -> Self {
        let (pipe, theirs) = duplex(PIPE);
        tokio::spawn(host.serve(port, theirs));
        Self { pipe, inbound: BytesMut::new(), over: false }
    }

    pub(super) fn take(&mut self, data: &[u8]) {
        self.inbound.extend_from_slice(data);
    }

    /// How many bytes the service has room for now; they count as taken. A service that has ended takes all.
    pub(super) fn poll_deliver(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.inbound.is_empty() {
            return Poll::Pending;
        }
        match Pin::new(&mut self.pipe).poll_write(cx, &self.inbound) {
            Poll::Ready(Ok(bytes @ 1..)) => {
                self.inbound.advance(bytes);
                if self.inbound.is_empty() {
                    self.inbound = BytesMut::new();
                }
                Poll::Ready(bytes)
            }
            Poll::Ready(Ok(0) | Err(_)) => {
                let bytes = self.inbound.len();
                self.inbound = BytesMut::new();
                Poll::Ready(bytes)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// What the service says; `None` once, when it has ended.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.over {
            return Poll::Pending;
        }
        let mut room = [0; 4096];
        let mut buffer = ReadBuf::new(&mut room);
        match Pin::new(&mut self.pipe).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                Poll::Ready(Some(Bytes::copy_from_slice(buffer.filled())))
            }
            Poll::Ready(_) => {
                self.over = true;
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// The server closed the channel: the service still gets what came before.
    pub(super) fn finish(self) {
        if self.inbound.is_empty() {
            return;
        }
        let Self { pipe, inbound, .. } = self;
        tokio::spawn(async move {
            let (mut answers, mut requests) = split(pipe);
            let mut nowhere = sink();
            // Answers go nowhere, but a service that cannot write would not read either.
            tokio::select! {
                _ = requests.write_all(&inbound) => {}
                _ = tokio::io::copy(&mut answers, &mut nowhere) => {}
            }
        });
    }
}
