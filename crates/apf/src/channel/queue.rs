//! Bytes that wait for credit.

use alloc::collections::VecDeque;
use bytes::{Buf as _, Bytes, BytesMut};

/// Chunks as the caller gave them; how they leave is up to credit and piece size.
#[derive(Debug)]
pub(crate) struct SendQueue {
    chunks: VecDeque<Bytes>,
    bytes: usize,
}

impl SendQueue {
    pub(crate) const fn new() -> Self {
        Self { chunks: VecDeque::new(), bytes: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.bytes = self.bytes.saturating_add(chunk.len());
            self.chunks.push_back(chunk);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.chunks.clear();
        self.bytes = 0;
    }

    /// Appends the first `count` bytes to `out`, however many chunks they are spread over. This
    /// is the one copy of a payload.
    pub(crate) fn move_into(&mut self, out: &mut BytesMut, count: usize) {
        let mut missing = count.min(self.bytes);
        self.bytes = self.bytes.saturating_sub(missing);
        while let Some(front) = self.chunks.front_mut() {
            if let Some(part) = front.get(..missing).filter(|part| part.len() < front.len()) {
                out.extend_from_slice(part);
                front.advance(missing);
                return;
            }
            missing = missing.saturating_sub(front.len());
            out.extend_from_slice(front);
            self.chunks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_cut_without_loss() {
        let mut queue = SendQueue::new();
        for chunk in ["ab", "", "cdef", "g"] {
            queue.push(Bytes::from_static(chunk.as_bytes()));
        }
        assert_eq!(queue.len(), 7);
        let mut out = BytesMut::new();
        queue.move_into(&mut out, 3);
        assert_eq!(out, "abc");
        queue.move_into(&mut out, 0);
        queue.move_into(&mut out, 3);
        assert_eq!(out, "abcdef");
        assert_eq!(queue.len(), 1);
        queue.move_into(&mut out, 9);
        assert_eq!(out, "abcdefg");
        assert!(queue.is_empty() && queue.chunks.is_empty());
    }
}
