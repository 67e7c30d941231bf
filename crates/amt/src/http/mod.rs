//! HTTP/1.1 as AMT and its consoles speak it: heads and bodies in any pieces, strictly.
//!
//! [`MessageReader`] turns bytes into whole messages with a bounded body; [`HeadReader`] and
//! [`BodyReader`] are its halves for whoever wants to pass a body on without keeping it. What could
//! be understood in two ways (bare LF, folded headers, both lengths at once) is refused
//! (RFC 9112 §6.3, §11.2).

mod body;
pub mod digest;
mod head;
mod headers;
mod line;
mod message;

pub use body::{BodyReader, write_chunked};
pub use head::{Framing, Head, HeadReader, RequestHead, ResponseHead};
pub use headers::Headers;
pub use message::{Message, MessageReader, Request, Response};

/// How much of a peer's message is kept at most, in bytes unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The head, line ends included. Kerberos tickets of AMT need 4 KiB of it.
    pub head: usize,
    /// Number of header fields.
    pub headers: usize,
    /// The body after decoding; also what a `Content-Length` may announce.
    pub body: usize,
}

impl Default for Limits {
    /// 16 KiB of head with 100 fields, 64 KiB of body (AMT's envelopes are around 50,000 bytes).
    fn default() -> Self {
        Self { head: 16 * 1024, headers: 100, body: 64 * 1024 }
    }
}

/// Why a peer's bytes are not a message that we accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// A line ends in a bare LF, or CR stands alone.
    #[error("a line does not end in CR LF")]
    LineEnd,
    /// More head, trailer or chunk line than allowed.
    #[error("the head is longer than {limit} bytes")]
    HeadTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// More header fields than allowed.
    #[error("more than {limit} header fields")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// The first line is not one of HTTP/1.
    #[error("the first line is not of HTTP/1")]
    StartLine,
    /// A header field's name or value is malformed, or folded over lines.
    #[error("a header field is malformed")]
    Header,
    /// `Content-Length` and `Transfer-Encoding` together, repeated, or unreadable.
    #[error("the length of the body is ambiguous")]
    AmbiguousLength,
    /// A transfer coding other than `chunked`.
    #[error("transfer coding is not supported")]
    TransferCoding,
    /// The body is, or would be, longer than allowed.
    #[error("the body is longer than {limit} bytes")]
    BodyTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A chunk's size line or end is malformed.
    #[error("a chunk is malformed")]
    Chunk,
    /// The stream ended inside a message.
    #[error("the stream ended inside a message")]
    Truncated,
}
