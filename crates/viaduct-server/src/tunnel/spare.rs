//! Spare buffers: taken when bytes are there, given back when drained, so that an idle tunnel holds none.

use bytes::BytesMut;
use std::cell::RefCell;

/// Room that a buffer has when it is taken: four TLS records and the heads of messages, so that a burst needs one
/// allocation.
pub(crate) const ROOM: usize = 66 << 10;
/// Buffers kept by a thread.
const KEPT: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub(crate) fn take() -> BytesMut {
    let spare = SPARE.with_borrow_mut(Vec::pop);
    spare.unwrap_or_else(|| BytesMut::with_capacity(ROOM))
}

/// Gives a buffer back; what it still holds is dropped. Slices that others hold stay valid.
pub(crate) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    SPARE.with_borrow_mut(|spare| {
        // `try_reclaim` is false while slices of the buffer are still in somebody's queue.
        if spare.len() < KEPT && buffer.try_reclaim(ROOM) {
            spare.push(buffer);
        }
    });
}
