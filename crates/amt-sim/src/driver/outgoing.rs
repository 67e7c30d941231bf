//! From the state machine to TLS records: all at once, or chopped and held back when asked to misbehave.

use crate::Faults;
use apf::{Time, device::Connection};
use bytes::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{io::AsyncWrite, net::TcpStream};
use tokio_openssl::SslStream;

/// Bytes framed at once: a few TLS records, little enough that control messages overtake soon.
const OUT_MAX: usize = 64 << 10;
/// The largest TLS record; held-back output that fills one need not wait.
const RECORD: usize = 16 << 10;
/// How often fragments get new leave to go.
const REFILL: Duration = Duration::from_millis(1);

/// Bytes on their way out.
#[derive(Default)]
pub(super) struct Outgoing {
    buffer: BytesMut,
    /// Bytes of a write that the socket did not take; OpenSSL wants at least as many next time.
    stuck: usize,
    held_since: Option<Time>,
    /// Fragments that may go now.
    allowance: u64,
    refilled: Time,
    due: Option<Time>,
}

impl Outgoing {
    /// When `poll` should be called although nothing happened.
    pub(super) fn due(&self) -> Option<Time> {
        self.due
    }

    pub(super) fn release_buffer(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    /// Everything that is to be written, without any delay.
    pub(super) fn fill(&mut self, connection: &mut Connection, now: Time) -> &mut BytesMut {
        let room = OUT_MAX.saturating_sub(self.buffer.len());
        connection.poll_transmit(&mut self.buffer, room, now);
        &mut self.buffer
    }

    /// Writes once. `Pending`: there is nothing to write, or it must wait for the socket or until `due`.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        io: Pin<&mut SslStream<TcpStream>>,
        connection: &mut Connection,
        faults: &Faults,
        now: Time,
    ) -> Poll<io::Result<()>> {
        self.due = None;
        self.fill(connection, now);
        if self.buffer.is_empty() || self.is_held(faults, now) {
            return Poll::Pending;
        }
        let length = match faults.fragment {
            0 => self.buffer.len(),
            fragment if self.may_go(faults, now) => fragment.max(self.stuck).min(self.buffer.len()),
            _ => return Poll::Pending,
        };
        let written = match io.poll_write(cx, &self.buffer[..length]) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(bytes)) => bytes,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => {
                self.stuck = length;
                return Poll::Pending;
            }
        };
        self.stuck = 0;
        self.buffer.advance(written);
        self.allowance = self.allowance.saturating_sub(1);
        if self.buffer.is_empty() {
            self.held_since = None;
        }
        Poll::Ready(Ok(()))
    }

    fn is_held(&mut self, faults: &Faults, now: Time) -> bool {
        if faults.coalesce == 0 || self.stuck > 0 {
            return false;
        }
        let since = *self.held_since.get_or_insert(now);
        let due = since + Duration::from_millis(faults.coalesce.into());
        let held = now < due && self.buffer.len() < RECORD;
        self.due = held.then_some(due);
        held
    }

    /// Whether one more fragment keeps the rate.
    fn may_go(&mut self, faults: &Faults, now: Time) -> bool {
        if faults.fragment_rate == 0 || self.stuck > 0 {
            return true;
        }
        let since = now.saturating_since(self.refilled);
        let rate = u64::from(faults.fragment_rate);
        let earned =
            u64::try_from(since.as_micros()).unwrap_or(u64::MAX).saturating_mul(rate) / 1_000_000;
        if earned > 0 {
            // No more than a few refills are saved up, so that a pause is not followed by a burst.
            self.allowance = (self.allowance + earned).min(rate.div_ceil(200));
            self.refilled = now;
        }
        if self.allowance == 0 {
            let one = Duration::from_micros(1_000_000_u64.div_ceil(rate));
            self.due = Some(now + one.max(REFILL));
        }
        self.allowance > 0
    }
}
