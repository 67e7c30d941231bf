//! Bodies: read whole from a console, taken apart piece by piece from a device.

use super::head::Framing;
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The largest request body: WS-Man envelopes are far smaller.
pub(super) const BODY_MAX: usize = 1 << 20;
/// The longest chunk-size line, extensions included.
const LINE_MAX: usize = 256;

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The console left or was too slow.
    Gone,
    Bad(String),
}

/// Reads a request's body. It is kept whole because firmware wants a length.
pub(super) async fn read_body<S: AsyncRead + Unpin>(
    io: &mut S,
    input: &mut BytesMut,
    framing: Framing,
) -> Result<Bytes, BodyError> {
    let mut pieces = Pieces::new(framing);
    let mut body = BytesMut::new();
    loop {
        while let Some(piece) = pieces.next(input).map_err(BodyError::Bad)? {
            if body.len() + piece.len() > BODY_MAX {
                return Err(BodyError::Bad("the request body is larger than 1 MiB".into()));
            }
            body.extend_from_slice(&piece);
        }
        if pieces.is_done() {
            return Ok(body.freeze());
        }
        if !matches!(io.read_buf(input).await, Ok(1..)) {
            return Err(BodyError::Gone);
        }
    }
}

/// Takes a body apart, whatever its framing and however it arrives.
#[derive(Debug)]
pub(super) struct Pieces {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes are left; `after` says what follows.
    Data {
        left: u64,
        chunked: bool,
    },
    /// A chunk-size line follows.
    Size,
    /// CRLF after a chunk's data.
    ChunkEnd,
    /// Trailer lines, dropped.
    Trailer,
    UntilEnd,
    Done,
}

impl Pieces {
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(left) => State::Data { left, chunked: false },
            Framing::Chunked => State::Size,
            Framing::Close => State::UntilEnd,
        };
        Self { state }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the end of the stream is the proper end of the body.
    pub(super) fn may_end_here(&self) -> bool {
        matches!(self.state, State::Done | State::UntilEnd)
    }

    /// The next piece of payload, if `input` holds one.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, String> {
        loop {
            match self.state {
                State::Done => return Ok(None),
                State::UntilEnd if input.is_empty() => return Ok(None),
                State::UntilEnd => return Ok(Some(input.split().freeze())),
                State::Data { .. } if input.is_empty() => return Ok(None),
                State::Data { left, chunked } => {
                    let n = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let left = left - n as u64;
                    self.state = match (left, chunked) {
                        (0, true) => State::ChunkEnd,
                        (0, false) => State::Done,
                        _ => State::Data { left, chunked },
                    };
                    return Ok(Some(input.split_to(n).freeze()));
                }
                State::ChunkEnd => {
                    if input.len() < 2 {
                        return Ok(None);
                    }
                    if input[..2] != *b"\r\n" {
                        return Err("a chunk does not end where it says".into());
                    }
                    input.advance(2);
                    self.state = State::Size;
                }
                State::Size => match line(input)? {
                    None => return Ok(None),
                    Some(line) => {
                        self.state = match chunk_size(&line)? {
                            0 => State::Trailer,
                            left => State::Data { left, chunked: true },
                        };
                    }
                },
                State::Trailer => match line(input)? {
                    None => return Ok(None),
                    Some(line) if line.is_empty() => self.state = State::Done,
                    Some(_) => {}
                },
            }
        }
    }
}

fn line(input: &mut BytesMut) -> Result<Option<BytesMut>, String> {
    let Some(end) = input.iter().position(|b| *b == b'\n') else {
        return if input.len() > LINE_MAX {
            Err("a chunk line is too long".into())
        } else {
            Ok(None)
        };
    };
    if end > LINE_MAX || end == 0 || input[end - 1] != b'\r' {
        return Err("a chunk line is malformed".into());
    }
    let mut line = input.split_to(end + 1);
    line.truncate(end - 1);
    Ok(Some(line))
}

/// Sizes as firmware writes them have four digits with leading zeros; extensions are ignored.
fn chunk_size(line: &[u8]) -> Result<u64, String> {
    let digits = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii_end();
    let valid =
        !digits.is_empty() && digits.len() <= 15 && digits.iter().all(u8::is_ascii_hexdigit);
    if !valid {
        return Err("a chunk size is no hexadecimal number".into());
    }
    u64::from_str_radix(&String::from_utf8_lossy(digits), 16).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_taken_apart_however_they_arrive() {
        let wire = b"0005\r\nhello\r\n1;x=y\r\n \r\n005\r\nworld\r\n0000\r\nT: 1\r\n\r\nnext";
        for step in 1..wire.len() {
            let mut pieces = Pieces::new(Framing::Chunked);
            let (mut input, mut out) = (BytesMut::new(), Vec::new());
            for part in wire.chunks(step) {
                input.extend_from_slice(part);
                while let Some(piece) = pieces.next(&mut input).unwrap() {
                    out.extend_from_slice(&piece);
                }
            }
            assert!(pieces.is_done());
            assert_eq!(out, b"hello world");
            assert_eq!(&input[..], b"next");
        }
    }

    #[test]
    fn wrong_chunks_are_errors() {
        for wire in ["5\nhello", "xyz\r\n", "-1\r\n", "2\r\nabc\r\n", "\r\n"] {
            let mut pieces = Pieces::new(Framing::Chunked);
            let mut input = BytesMut::from(wire);
            let result = loop {
                match pieces.next(&mut input) {
                    Ok(Some(_)) => {}
                    other => break other,
                }
            };
            assert!(result.is_err(), "{wire:?}");
        }
    }
}
