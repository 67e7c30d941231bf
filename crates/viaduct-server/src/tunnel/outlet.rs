//! The owner's side of a channel: the queue to the consumer and the books of what is under way.

use super::{Opener, gate::Slot};
use bytes::{Bytes, BytesMut};
use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, mpsc};

/// Chunks that may be under way to a consumer before small ones are joined: a window of 256 KiB would
/// otherwise be 256 Ki chunks of one byte, each pinning the buffer it was cut from.
const CHUNKS_MAX: usize = 64;

/// Bytes charged for a queued write beside its payload, so that many tiny writes are bounded as well.
pub(super) const WRITE_COST: usize = 64;

/// What both sides of a channel see.
#[derive(Debug)]
pub(super) struct Shared {
    /// Room for console bytes, in bytes and `WRITE_COST` for each write.
    pub(super) room: Arc<Semaphore>,
    /// The most that `room` ever has.
    pub(super) queue: usize,
    /// Why the channel ended, for people.
    pub(super) end: OnceLock<String>,
    pub(super) from_device: AtomicU64,
    pub(super) to_device: AtomicU64,
    /// Microseconds for which the console waited for room.
    pub(super) blocked: AtomicU64,
    /// The console took nothing and was ended.
    pub(super) slow: AtomicBool,
}

impl Shared {
    /// How long the console waited for room in all.
    pub(super) fn blocked(&self) -> Duration {
        Duration::from_micros(self.blocked.load(Ordering::Relaxed))
    }
}

/// A channel in the owner's table.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) port: u16,
    pub(super) opener: Opener,
    pub(super) shared: Arc<Shared>,
    to_consumer: Option<mpsc::UnboundedSender<Bytes>>,
    under_way: usize,
    staged: BytesMut,
    writes: VecDeque<usize>,
    _slot: Slot,
}

impl Outlet {
    pub(super) fn new(
        port: u16,
        opener: Opener,
        slot: Slot,
        room: usize,
    ) -> (Self, mpsc::UnboundedReceiver<Bytes>) {
        let (to_consumer, consumer) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            room: Arc::new(Semaphore::new(room)),
            queue: room,
            end: OnceLock::new(),
            from_device: AtomicU64::new(0),
            to_device: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
            slow: AtomicBool::new(false),
        });
        let outlet = Self {
            port,
            opener,
            shared,
            to_consumer: Some(to_consumer),
            under_way: 0,
            staged: BytesMut::new(),
            writes: VecDeque::new(),
            _slot: slot,
        };
        (outlet, consumer)
    }

    /// Device bytes for the consumer. The window bounds them; the count is bounded here. False when the
    /// consumer is gone.
    pub(super) fn deliver(&mut self, data: Bytes) -> bool {
        self.shared.from_device.fetch_add(data.len() as u64, Ordering::Relaxed);
        if self.under_way >= CHUNKS_MAX {
            self.staged.extend_from_slice(&data);
            return self.to_consumer.is_some();
        }
        self.pass(data)
    }

    fn pass(&mut self, data: Bytes) -> bool {
        self.under_way += 1;
        self.to_consumer.as_ref().is_some_and(|consumer| consumer.send(data).is_ok())
    }

    /// The consumer took chunks: what was staged can go.
    pub(super) fn released(&mut self, chunks: usize) {
        self.under_way = self.under_way.saturating_sub(chunks);
        if self.under_way < CHUNKS_MAX && !self.staged.is_empty() {
            let staged = std::mem::take(&mut self.staged).freeze();
            self.pass(staged);
        }
    }

    /// Console bytes were handed to the protocol.
    pub(super) fn queued(&mut self, bytes: usize) {
        self.shared.to_device.fetch_add(bytes as u64, Ordering::Relaxed);
        self.writes.push_back(bytes);
    }

    /// Bytes left for the wire: their room is free again.
    pub(super) fn sent(&mut self, mut bytes: usize) {
        let mut freed = 0;
        while let Some(front) = self.writes.front_mut() {
            let n = bytes.min(*front);
            *front -= n;
            bytes -= n;
            freed += n;
            if *front > 0 {
                break;
            }
            self.writes.pop_front();
            freed += WRITE_COST;
            if bytes == 0 {
                break;
            }
        }
        self.shared.room.add_permits(freed);
    }

    /// Ends the consumer's side: after what is queued it reads the end, and `why` is known before that.
    pub(super) fn finish(&mut self, why: String) {
        drop(self.shared.end.set(why));
        if !self.staged.is_empty() {
            let staged = std::mem::take(&mut self.staged).freeze();
            self.pass(staged);
        }
        self.to_consumer = None;
        self.shared.room.close();
    }
}
