//! Where a message body ends: by length, by chunks (RFC 9112 section 7.1), or by the end of the stream.

use bytes::{Buf, Bytes, BytesMut};

/// A line of a chunked body (size with extension, trailer field) and all trailers together may be this long.
const LINE_LIMIT: usize = 1024;
const TRAILER_LIMIT: usize = 8 << 10;

/// Zeros in front of a size do not count; of the rest so many digits are taken, which is more than anybody sends.
const SIZE_DIGITS: usize = 12;

/// Reads a body piece by piece out of an inbox; never takes a byte behind its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes are still to come; 0 is the end.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Everything until the stream ends.
    UntilClose,
}

/// The next piece of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Data(Bytes),
    /// More must be read first.
    More,
    End,
}

/// The chunked body has bad grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadChunk;

/// Reads chunks. Extensions and trailers are never passed on; what is passed on is framed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunks {
    at: At,
    extensions: bool,
    trailers: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Size,
    Data(u64),
    DataEnd,
    Trailer,
    End,
}

impl Body {
    /// The next piece out of `inbox`.
    pub(super) fn next(&mut self, inbox: &mut BytesMut) -> Result<Piece, BadChunk> {
        match self {
            Self::Length(0) => Ok(Piece::End),
            Self::UntilClose | Self::Length(_) if inbox.is_empty() => Ok(Piece::More),
            Self::Length(left) => Ok(Piece::Data(take(inbox, left))),
            Self::UntilClose => Ok(Piece::Data(inbox.split().freeze())),
            Self::Chunked(chunks) => chunks.next(inbox),
        }
    }

    /// Whether nothing is left to read.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks { at: At::End, .. }))
    }
}

impl Chunks {
    /// For requests: no extensions, nothing but hexadecimal digits in a size line.
    pub(super) fn strict() -> Self {
        Self { at: At::Size, extensions: false, trailers: 0 }
    }

    /// For answers of devices: extensions and blanks behind the size are skipped.
    pub(super) fn tolerant() -> Self {
        Self { at: At::Size, extensions: true, trailers: 0 }
    }

    fn next(&mut self, inbox: &mut BytesMut) -> Result<Piece, BadChunk> {
        loop {
            match &mut self.at {
                At::End => return Ok(Piece::End),
                At::Data(_) if inbox.is_empty() => return Ok(Piece::More),
                At::Data(left) => {
                    let data = take(inbox, left);
                    if *left == 0 {
                        self.at = At::DataEnd;
                    }
                    return Ok(Piece::Data(data));
                }
                At::DataEnd => match &inbox[..] {
                    [b'\r', b'\n', ..] => {
                        inbox.advance(2);
                        self.at = At::Size;
                    }
                    [] | [b'\r'] => return Ok(Piece::More),
                    _ => return Err(BadChunk),
                },
                At::Size => {
                    let Some(line) = line(inbox)? else { return Ok(Piece::More) };
                    self.at = match size(&line, self.extensions)? {
                        0 => At::Trailer,
                        size => At::Data(size),
                    };
                }
                At::Trailer => {
                    let Some(line) = line(inbox)? else { return Ok(Piece::More) };
                    self.trailers += line.len();
                    if self.trailers > TRAILER_LIMIT {
                        return Err(BadChunk);
                    }
                    if line.is_empty() {
                        self.at = At::End;
                    }
                }
            }
        }
    }
}

/// Takes up to `left` bytes and counts them off.
fn take(inbox: &mut BytesMut, left: &mut u64) -> Bytes {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(inbox.len());
    *left -= count as u64;
    inbox.split_to(count).freeze()
}

/// The next line without its CR LF, once it is there.
fn line(inbox: &mut BytesMut) -> Result<Option<Bytes>, BadChunk> {
    let Some(end) = inbox.iter().take(LINE_LIMIT).position(|byte| *byte == b'\n') else {
        return if inbox.len() >= LINE_LIMIT { Err(BadChunk) } else { Ok(None) };
    };
    let line = inbox.split_to(end + 1).freeze();
    let text = line.strip_suffix(b"\r\n").ok_or(BadChunk)?;
    if text.contains(&b'\r') {
        return Err(BadChunk);
    }
    Ok(Some(line.slice(..text.len())))
}

fn size(line: &[u8], extensions: bool) -> Result<u64, BadChunk> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    let rest_is_fine = match rest.trim_ascii_start() {
        [] => rest.is_empty() || extensions,
        [b';', ..] => extensions,
        _ => false,
    };
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    if digits.is_empty() || !rest_is_fine || digits.len() - zeros > SIZE_DIGITS {
        return Err(BadChunk);
    }
    let hex =
        |size, digit: &u8| (size << 4) | u64::from(char::from(*digit).to_digit(16).unwrap_or(0));
    Ok(digits.iter().fold(0, hex))
}

/// Appends one chunk (RFC 9112 section 7.1) with this data; empty data would be the end and is left out.
pub(super) fn write_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// The end of a chunked body without trailers.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds the bytes in pieces of the given sizes; returns the data and what is left behind the end.
    fn read(mut body: Body, bytes: &[u8], cuts: &[usize]) -> Result<(Vec<u8>, Vec<u8>), BadChunk> {
        let (mut inbox, mut data, mut rest) = (BytesMut::new(), Vec::new(), bytes);
        let mut cuts = cuts.iter().cycle();
        loop {
            match body.next(&mut inbox)? {
                Piece::Data(piece) => data.extend_from_slice(&piece),
                Piece::End => {
                    inbox.extend_from_slice(rest);
                    return Ok((data, inbox.to_vec()));
                }
                Piece::More if rest.is_empty() => return Ok((data, b"(unfinished)".to_vec())),
                Piece::More => {
                    let cut = (*cuts.next().unwrap_or(&1)).clamp(1, rest.len());
                    inbox.extend_from_slice(&rest[..cut]);
                    rest = &rest[cut..];
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_chunked_body_reads_the_same_however_it_is_split(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..6),
            cuts in prop::collection::vec(1usize..50, 1..8),
            zeros in 0usize..4,
        ) {
            let mut wire = Vec::new();
            for piece in &pieces {
                wire.extend_from_slice("0".repeat(zeros).as_bytes());
                write_chunk(&mut wire, piece);
            }
            wire.extend_from_slice(LAST_CHUNK);
            wire.extend_from_slice(b"NEXT");
            for chunks in [Chunks::strict(), Chunks::tolerant()] {
                let (data, rest) = read(Body::Chunked(chunks), &wire, &cuts).unwrap();
                prop_assert_eq!(&data, &pieces.concat());
                prop_assert_eq!(&rest[..], b"NEXT");
            }
        }
    }

    #[test]
    fn sizes_with_leading_zeros_extensions_and_trailers_are_read_from_devices() {
        let wire = b"0005\r\nhello\r\n0006 ;a=b\r\n world\r\n0000\r\nX: y\r\n\r\nN";
        let (data, rest) = read(Body::Chunked(Chunks::tolerant()), wire, &[3]).unwrap();
        assert_eq!((&data[..], &rest[..]), (&b"hello world"[..], &b"N"[..]));
        assert_eq!(read(Body::Chunked(Chunks::strict()), wire, &[3]), Err(BadChunk));
    }

    #[test]
    fn ambiguous_chunks_are_refused() {
        let endless = [b'a'; 2 * LINE_LIMIT];
        for wire in [
            &b"5\nhello\r\n0\r\n\r\n"[..],
            b"5\r\nhelloX0\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"\r\nhello",
            b"-1\r\n",
            b"fffffffffffffffff\r\n",
            b"5\r\r\nhello",
            b" 5\r\nhello\r\n",
            b"0\r\nX: y\n\r\n",
            b"g\r\n",
            &endless,
        ] {
            for chunks in [Chunks::strict(), Chunks::tolerant()] {
                assert_eq!(read(Body::Chunked(chunks), wire, &[1]), Err(BadChunk), "{wire:?}");
            }
        }
    }

    #[test]
    fn a_body_by_length_takes_its_bytes_and_no_more() {
        assert_eq!(
            read(Body::Length(3), b"abcNEXT", &[2]),
            Ok((b"abc".to_vec(), b"NEXT".to_vec()))
        );
        assert_eq!(read(Body::Length(0), b"NEXT", &[2]), Ok((Vec::new(), b"NEXT".to_vec())));
    }
}
