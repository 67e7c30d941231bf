//! Fields of fixed place in a message: reading without panics, little-endian.

/// A message's bytes; what is missing reads as zero, so check the length first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn byte(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(super) fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes([self.byte(at), self.byte(at.saturating_add(1))])
    }

    pub(super) fn u32(self, at: usize) -> u32 {
        let [low, high] = [self.u16(at), self.u16(at.saturating_add(2))].map(u32::from);
        low | (high << 16)
    }

    /// Bytes from `at`, `length` of them or what there is.
    pub(super) fn bytes(self, at: usize, length: usize) -> &'a [u8] {
        let rest = self.0.get(at..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    pub(super) fn len(self) -> usize {
        self.0.len()
    }
}
