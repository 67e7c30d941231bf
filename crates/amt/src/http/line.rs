//! Lines that end in CR LF, out of pieces of any size.

use super::HttpError;

/// Collects one line; bytes that do not fit within the limit are an error at once.
#[derive(Debug, Clone, Default)]
pub(super) struct LineReader {
    line: Vec<u8>,
    after_cr: bool,
}

impl LineReader {
    /// Takes bytes until the line is whole. `room` is how many bytes may still come, line end
    /// included. Returns how many were taken, and the line without its end once it is there.
    pub(super) fn read(
        &mut self,
        input: &[u8],
        room: usize,
        limit: usize,
    ) -> Result<(usize, Option<Vec<u8>>), HttpError> {
        for (taken, &byte) in input.iter().enumerate() {
            if taken >= room {
                return Err(HttpError::HeadTooLong { limit });
            }
            match (self.after_cr, byte) {
                (true, b'\n') => {
                    self.after_cr = false;
                    let line = std::mem::take(&mut self.line);
                    return Ok((taken.saturating_add(1), Some(line)));
                }
                (true, _) | (false, b'\n') => return Err(HttpError::LineEnd),
                (false, b'\r') => self.after_cr = true,
                (false, other) => self.line.push(other),
            }
        }
        Ok((input.len(), None))
    }
}
