//! Bodies: taking them apart in pieces, and writing chunks the way firmware does.

use super::{Framing, HttpError, line::LineReader};

/// Longest size line of a chunk, extensions included, and all trailers together.
const LINE_LIMIT: usize = 1024;
/// Firmware writes chunk sizes with exactly four hexadecimal digits; it fills pieces of this size.
const CHUNK: usize = 4096;

/// Decodes one body. [`read`](Self::read) until [`is_done`](Self::is_done).
#[derive(Debug, Clone)]
pub struct BodyReader {
    state: State,
    line: LineReader,
    room: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Bytes(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    Done,
}

impl BodyReader {
    /// A reader for a body with this framing.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(n) => State::Bytes(n),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, line: LineReader::default(), room: LINE_LIMIT }
    }

    /// Whether the body is whole.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Tells that the stream has ended.
    ///
    /// # Errors
    /// [`HttpError::Truncated`] when that cuts the body.
    pub fn finish(&mut self) -> Result<(), HttpError> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            State::Bytes(_)
            | State::ChunkSize
            | State::ChunkData(_)
            | State::ChunkEnd
            | State::Trailer => Err(HttpError::Truncated),
        }
    }

    /// Takes bytes of the body and appends what they decode to. Returns how many were taken; what
    /// is left once the body is done belongs to the next message.
    ///
    /// # Errors
    /// [`HttpError::Chunk`], [`HttpError::LineEnd`], [`HttpError::HeadTooLong`].
    pub fn read(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, HttpError> {
        let mut taken = 0_usize;
        while let Some(rest) = input.get(taken..).filter(|r| !r.is_empty()) {
            let n = match self.state {
                State::Done => break,
                State::UntilClose => {
                    out.extend_from_slice(rest);
                    rest.len()
                }
                State::Bytes(left) => {
                    let n = copy(rest, left, out);
                    let left = left.saturating_sub(n as u64);
                    self.state = if left == 0 { State::Done } else { State::Bytes(left) };
                    n
                }
                State::ChunkData(left) => {
                    let n = copy(rest, left, out);
                    let left = left.saturating_sub(n as u64);
                    self.state = if left == 0 { State::ChunkEnd } else { State::ChunkData(left) };
                    n
                }
                State::ChunkSize | State::ChunkEnd | State::Trailer => self.read_line(rest)?,
            };
            taken = taken.saturating_add(n);
        }
        Ok(taken)
    }

    fn read_line(&mut self, input: &[u8]) -> Result<usize, HttpError> {
        let (n, line) = self.line.read(input, self.room, LINE_LIMIT)?;
        self.room = self.room.saturating_sub(n);
        let Some(line) = line else { return Ok(n) };
        match self.state {
            State::ChunkSize => {
                self.room = LINE_LIMIT;
                self.state = match chunk_size(&line)? {
                    0 => State::Trailer,
                    size => State::ChunkData(size),
                };
            }
            State::ChunkEnd if line.is_empty() => {
                self.room = LINE_LIMIT;
                self.state = State::ChunkSize;
            }
            State::ChunkEnd => return Err(HttpError::Chunk),
            State::Trailer => {
                if line.is_empty() {
                    self.state = State::Done;
                }
            }
            State::Bytes(_) | State::UntilClose | State::ChunkData(_) | State::Done => {}
        }
        Ok(n)
    }
}

fn copy(input: &[u8], left: u64, out: &mut Vec<u8>) -> usize {
    let n = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
    out.extend_from_slice(input.get(..n).unwrap_or_default());
    n
}

/// RFC 9112 §7.1: hexadecimal digits, then perhaps extensions, which mean nothing here.
fn chunk_size(line: &[u8]) -> Result<u64, HttpError> {
    let end = line.iter().position(|b| *b == b';').unwrap_or(line.len());
    let size = line.get(..end).unwrap_or_default();
    if size.is_empty() || size.len() > 15 || !size.iter().all(u8::is_ascii_hexdigit) {
        return Err(HttpError::Chunk);
    }
    let size = std::str::from_utf8(size).map_err(|_| HttpError::Chunk)?;
    u64::from_str_radix(size, 16).map_err(|_| HttpError::Chunk)
}

/// Appends `body` in chunks as AMT firmware writes them: sizes with four hexadecimal digits, and a
/// last chunk of one digit.
pub fn write_chunked(body: &[u8], out: &mut Vec<u8>) {
    for chunk in body.chunks(CHUNK) {
        out.extend_from_slice(format!("{:04X}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
}
