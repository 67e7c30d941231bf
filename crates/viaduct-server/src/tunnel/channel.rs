//! A channel as its user sees it: bytes in, bytes out; reading is what releases the window.

use super::{
    Request,
    outlet::{Shared, WRITE_COST},
};
use apf::ChannelId;
use bytes::{Buf, Bytes};
use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};
use tokio_util::sync::PollSemaphore;

/// The most that one write takes.
const WRITE_MAX: usize = 16 << 10;

/// A stream to a service port of a device. Dropping it closes the channel.
#[derive(Debug)]
pub struct Channel {
    pub(super) id: ChannelId,
    pub(super) requests: mpsc::UnboundedSender<Request>,
    pub(super) incoming: mpsc::UnboundedReceiver<Bytes>,
    pub(super) shared: Arc<Shared>,
    room: PollSemaphore,
    current: Bytes,
    taken: (usize, usize),
    /// Releases are told in steps of this many bytes, or when the queue is empty.
    step: usize,
    /// A consumer that takes nothing for so long is ended.
    pub(super) stall: Duration,
    /// Since when it waits for room.
    blocked: Option<Instant>,
}

impl Channel {
    pub(super) fn new(
        id: ChannelId,
        requests: mpsc::UnboundedSender<Request>,
        incoming: mpsc::UnboundedReceiver<Bytes>,
        shared: Arc<Shared>,
        window: usize,
        stall: Duration,
    ) -> Self {
        let room = PollSemaphore::new(Arc::clone(&shared.room));
        let step = window / 4;
        Self {
            id,
            requests,
            incoming,
            shared,
            room,
            current: Bytes::new(),
            taken: (0, 0),
            step,
            stall,
            blocked: None,
        }
    }

    /// The consumer took nothing for too long.
    pub(crate) fn note_slow(&self) {
        self.shared.slow.store(true, Ordering::Relaxed);
    }

    /// Why the channel ended, once it has: words for people.
    #[must_use]
    pub fn end(&self) -> Option<String> {
        self.shared.end.get().cloned()
    }

    /// Bytes so far, from and to the device.
    #[must_use]
    pub fn transferred(&self) -> (u64, u64) {
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        (load(&self.shared.from_device), load(&self.shared.to_device))
    }

    /// The next chunk from the device; `None` at the end. Call `took` when it was consumed.
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.incoming.poll_recv(cx)
    }

    /// Notes that the consumer took bytes; tells the owner in worthwhile steps.
    pub(super) fn took(&mut self, bytes: usize, chunks: usize) {
        self.taken.0 += bytes;
        self.taken.1 += chunks;
        if self.taken.0 >= self.step || self.incoming.is_empty() {
            let (bytes, chunks) = std::mem::take(&mut self.taken);
            self.ask(Request::Release { channel: self.id, bytes, chunks });
        }
    }

    /// From here on no more than so many bytes wait for the device, where `limits.channel_queue` lets more.
    pub(crate) fn queue_at_most(&self, bytes: usize) {
        self.shared.room.forget_permits(self.shared.queue.saturating_sub(bytes));
    }

    /// Waits for room for up to `want` bytes of a write, less when the whole queue is smaller; the permit, which is for
    /// that many bytes and `WRITE_COST`, must be passed on with `send`.
    pub(super) fn poll_room(
        &mut self,
        want: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<tokio::sync::OwnedSemaphorePermit>> {
        let cost = (want + WRITE_COST).min(self.shared.queue);
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let room = self.room.poll_acquire_many(cx, cost);
        if room.is_pending() {
            // The clock is read only when there is nothing else to do.
            self.blocked.get_or_insert_with(Instant::now);
        } else if let Some(since) = self.blocked.take() {
            let waited = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.shared.blocked.fetch_add(waited, Ordering::Relaxed);
        }
        room
    }

    /// Queues console bytes; what the permit holds beyond their cost is free again.
    pub(super) fn send(&self, data: Bytes, mut permit: tokio::sync::OwnedSemaphorePermit) {
        if let Some(used) = permit.split(data.len() + WRITE_COST) {
            // The owner frees it when the bytes have left.
            used.forget();
        }
        self.ask(Request::Send { channel: self.id, data });
    }

    /// Asks the owner to close after what is queued.
    pub(super) fn close(&self) {
        self.ask(Request::Close { channel: self.id });
    }

    fn ask(&self, request: Request) {
        // An owner that is gone has ended the channel already; `end` tells why.
        drop(self.requests.send(request));
    }

    fn gone(&self) -> io::Error {
        let why = self.end().unwrap_or_else(|| "the channel is closed".into());
        io::Error::new(io::ErrorKind::BrokenPipe, why)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.close();
    }
}

impl crate::tls::Io for Channel {}

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.current.is_empty() {
            match ready!(self.poll_chunk(cx)) {
                Some(chunk) => self.current = chunk,
                None => return Poll::Ready(Ok(())),
            }
        }
        let n = self.current.len().min(buf.remaining());
        buf.put_slice(&self.current[..n]);
        self.current.advance(n);
        let chunks = usize::from(self.current.is_empty());
        if chunks == 1 {
            // An empty slice would still pin its buffer.
            self.current = Bytes::new();
        }
        self.took(n, chunks);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let n = buf.len().min(WRITE_MAX);
        if n == 0 {
            return Poll::Ready(Ok(0));
        }
        match ready!(self.poll_room(n, cx)) {
            Some(permit) => {
                let n = n.min(permit.num_permits() - WRITE_COST);
                self.send(Bytes::copy_from_slice(&buf[..n]), permit);
                Poll::Ready(Ok(n))
            }
            None => Poll::Ready(Err(self.gone())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// APF has no half-close: this ends both directions once queued bytes have left.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}
