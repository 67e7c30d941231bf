//! Between a console's socket and a channel: both directions in one task, no copy beside the kernel's.

use super::{Channel, outlet::WRITE_COST, spare};
use bytes::{Buf, BufMut, Bytes};
use std::{
    collections::VecDeque,
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep},
};
use tokio_util::io::poll_read_buf;

/// How a relay ended.
#[derive(Debug)]
pub struct RelayEnd {
    pub from_device: u64,
    pub to_device: u64,
    /// Words for people.
    pub reason: String,
}

/// Chunks written to a console with one system call.
const GATHER: usize = 16;
/// Bytes read from a console at once: each read wakes the tunnel's owner, so it is worth being large; a queue of
/// usual size has room for four.
const READ: usize = (64 << 10) - WRITE_COST;
/// Reads up to this size are copied, so that each does not pin a whole buffer while it waits in the queue.
const SMALL: usize = 4 << 10;

impl Channel {
    /// Relays between this channel and a console's socket until either ends; APF has no half-close, so the
    /// end of one direction ends both after what is queued was delivered. `prefix` goes to the device first.
    pub async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        console: S,
        prefix: Bytes,
    ) -> RelayEnd {
        let mut relay = Relay {
            channel: self,
            console,
            prefix,
            permit: None,
            chunks: VecDeque::new(),
            device_ended: false,
            console_ended: false,
            stall: None,
        };
        let reason = std::future::poll_fn(|cx| relay.poll(cx)).await;
        let (from_device, to_device) = relay.channel.transferred();
        RelayEnd { from_device, to_device, reason }
    }
}

struct Relay<S> {
    channel: Channel,
    console: S,
    prefix: Bytes,
    permit: Option<OwnedSemaphorePermit>,
    chunks: VecDeque<Bytes>,
    device_ended: bool,
    console_ended: bool,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Relay<S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        if !self.console_ended {
            match self.poll_to_device(cx) {
                Poll::Ready(Ok(())) => {
                    // The console is done; queued bytes leave, and what the device still answers is passed on.
                    self.console_ended = true;
                    self.channel.close();
                }
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(format!("the console's connection failed: {error}"));
                }
                Poll::Pending => {}
            }
        }
        match self.poll_to_console(cx) {
            Poll::Ready(Ok(())) if self.console_ended => {
                Poll::Ready("the console closed the connection".into())
            }
            Poll::Ready(Ok(())) => {
                let why =
                    self.channel.end().unwrap_or_else(|| "the device closed the channel".into());
                Poll::Ready(why)
            }
            Poll::Ready(Err(_)) if self.console_ended => {
                Poll::Ready("the console closed the connection".into())
            }
            Poll::Ready(Err(error)) => {
                Poll::Ready(format!("the console's connection failed: {error}"))
            }
            Poll::Pending => self.poll_stall(cx),
        }
    }

    /// Ready when the console has ended its side or the channel takes no more.
    fn poll_to_device(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..GATHER {
            if self.permit.is_none() {
                match self.channel.poll_room(READ, cx) {
                    Poll::Ready(Some(permit)) => self.permit = Some(permit),
                    // The channel ended: `poll_to_console` finds out why.
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
            let room = self.permit.as_ref().map_or(0, |permit| permit.num_permits() - WRITE_COST);
            let data = match self.poll_console_bytes(room, cx)? {
                Poll::Ready(data) if data.is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(data) => data,
                Poll::Pending => return Poll::Pending,
            };
            if let Some(permit) = self.permit.take() {
                self.channel.send(data, permit);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_console_bytes(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if !self.prefix.is_empty() {
            let n = self.prefix.len().min(room);
            return Poll::Ready(Ok(self.prefix.split_to(n)));
        }
        let mut buffer = spare::take();
        let mut limited = (&mut buffer).limit(room);
        let read = poll_read_buf(Pin::new(&mut self.console), cx, &mut limited);
        let data = read.map_ok(|n| match n {
            ..=SMALL => Bytes::copy_from_slice(&buffer[..n]),
            _ => buffer.split_to(n).freeze(),
        });
        spare::give_back(buffer);
        data
    }

    /// Ready when the channel has ended and everything was written.
    fn poll_to_console(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.chunks.len() < GATHER && !self.device_ended {
                match self.channel.poll_chunk(cx) {
                    Poll::Ready(Some(chunk)) => self.chunks.push_back(chunk),
                    Poll::Ready(None) => self.device_ended = true,
                    Poll::Pending => break,
                }
            }
            if self.chunks.is_empty() {
                self.stall = None;
                return match (self.device_ended, Pin::new(&mut self.console).poll_flush(cx)) {
                    (true, flushed) => flushed,
                    (false, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
                    (false, _) => Poll::Pending,
                };
            }
            let n = match self.poll_write(cx)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(n) => n,
                Poll::Pending => {
                    if self.stall.is_none() {
                        self.stall = Some(Box::pin(sleep(self.channel.stall)));
                    }
                    return Poll::Pending;
                }
            };
            if let Some(stall) = &mut self.stall {
                stall.as_mut().reset(Instant::now() + self.channel.stall);
            }
            self.written(n);
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); GATHER];
        for (slice, chunk) in slices.iter_mut().zip(&self.chunks) {
            *slice = IoSlice::new(chunk);
        }
        let count = self.chunks.len().min(GATHER);
        Pin::new(&mut self.console).poll_write_vectored(cx, &slices[..count])
    }

    fn written(&mut self, bytes: usize) {
        let (mut left, mut chunks) = (bytes, 0);
        while left > 0 {
            let Some(front) = self.chunks.front_mut() else { break };
            if front.len() > left {
                front.advance(left);
                break;
            }
            left -= front.len();
            chunks += 1;
            self.chunks.pop_front();
        }
        self.channel.took(bytes, chunks);
    }

    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        let stalled = self.stall.as_mut().is_some_and(|stall| stall.as_mut().poll(cx).is_ready());
        if stalled {
            self.channel.note_slow();
            return Poll::Ready(format!(
                "slow reader: the console took nothing for {} s",
                self.channel.stall.as_secs()
            ));
        }
        Poll::Pending
    }
}
