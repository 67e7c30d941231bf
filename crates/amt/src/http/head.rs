//! Request and response heads: reading them in pieces, writing them, and how the body is framed.

use super::{
    HttpError, Limits,
    headers::{Headers, is_token, text},
    line::LineReader,
};

/// How the body of a message is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Until the stream ends (responses only).
    UntilClose,
}

/// What [`HeadReader`] and [`super::MessageReader`] need to know of a kind of head.
pub trait Head: Sized {
    /// Reads the first line.
    ///
    /// # Errors
    /// [`HttpError::StartLine`] when it is not one of HTTP/1.
    fn parse_start(line: &[u8], headers: Headers) -> Result<Self, HttpError>;

    /// How the body that follows is delimited (RFC 9112 §6.3, without the guesses).
    ///
    /// # Errors
    /// [`HttpError::AmbiguousLength`], [`HttpError::TransferCoding`].
    fn framing(&self) -> Result<Framing, HttpError>;

    /// Whether this head announces that another one follows for the same request (1xx).
    fn is_interim(&self) -> bool;
}

/// The first line and header fields of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, as sent (methods are case-sensitive).
    pub method: String,
    /// The target as sent: a path, an absolute URI, or `host:port`.
    pub target: String,
    /// The minor version of HTTP/1: 0 or 1.
    pub minor: u8,
    /// The header fields.
    pub headers: Headers,
}

/// The first line and header fields of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status, 100 to 599.
    pub status: u16,
    /// The words after the status.
    pub reason: String,
    /// The minor version of HTTP/1: 0 or 1.
    pub minor: u8,
    /// The header fields.
    pub headers: Headers,
}

impl RequestHead {
    /// A head of HTTP/1.1.
    pub fn new(method: &str, target: &str, headers: Headers) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), minor: 1, headers }
    }

    /// Whether the peer wants the connection to stay (RFC 9112 §9.3).
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        keep_alive(self.minor, &self.headers)
    }

    /// Appends the head as it goes on the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        let line = format!("{} {} HTTP/1.{}\r\n", self.method, self.target, self.minor);
        out.extend_from_slice(line.as_bytes());
        self.headers.write(out);
    }
}

impl ResponseHead {
    /// A head of HTTP/1.1 with the usual words for `status`.
    #[must_use]
    pub fn new(status: u16, headers: Headers) -> Self {
        Self { status, reason: reason(status).to_owned(), minor: 1, headers }
    }

    /// Whether the connection can carry another request after this response.
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        keep_alive(self.minor, &self.headers) && self.framing() != Ok(Framing::UntilClose)
    }

    /// Appends the head as it goes on the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        let line = format!("HTTP/1.{} {:03} {}\r\n", self.minor, self.status, self.reason);
        out.extend_from_slice(line.as_bytes());
        self.headers.write(out);
    }
}

fn keep_alive(minor: u8, headers: &Headers) -> bool {
    if minor == 0 {
        return headers.has_token("Connection", "keep-alive");
    }
    !headers.has_token("Connection", "close")
}

/// The words of RFC 9110 §15 for the statuses that occur here.
const fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

impl Head for RequestHead {
    fn parse_start(line: &[u8], headers: Headers) -> Result<Self, HttpError> {
        let mut words = line.split(|b| *b == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(HttpError::StartLine);
        };
        let printable = |b: &u8| *b > b' ' && *b != 0x7F;
        if method.is_empty()
            || !method.iter().copied().all(is_token)
            || target.is_empty()
            || !target.iter().all(printable)
        {
            return Err(HttpError::StartLine);
        }
        let minor = minor_version(version)?;
        Ok(Self { method: text(method), target: text(target), minor, headers })
    }

    fn framing(&self) -> Result<Framing, HttpError> {
        Ok(declared_framing(&self.headers)?.unwrap_or(Framing::Length(0)))
    }

    fn is_interim(&self) -> bool {
        false
    }
}

impl Head for ResponseHead {
    fn parse_start(line: &[u8], headers: Headers) -> Result<Self, HttpError> {
        let mut words = line.splitn(3, |b| *b == b' ');
        let version = words.next().ok_or(HttpError::StartLine)?;
        let digits = words.next().ok_or(HttpError::StartLine)?;
        let reason = words.next().unwrap_or_default();
        let minor = minor_version(version)?;
        if digits.len() != 3 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(HttpError::StartLine);
        }
        let status: u16 = text(digits).parse().map_err(|_| HttpError::StartLine)?;
        if !(100..600).contains(&status) || reason.iter().any(|b| *b < b' ' || *b == 0x7F) {
            return Err(HttpError::StartLine);
        }
        Ok(Self { status, reason: text(reason), minor, headers })
    }

    fn framing(&self) -> Result<Framing, HttpError> {
        let declared = declared_framing(&self.headers)?;
        if matches!(self.status, 100..200 | 204 | 304) {
            return Ok(Framing::Length(0));
        }
        Ok(declared.unwrap_or(Framing::UntilClose))
    }

    fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }
}

fn minor_version(version: &[u8]) -> Result<u8, HttpError> {
    match version {
        b"HTTP/1.1" => Ok(1),
        b"HTTP/1.0" => Ok(0),
        _ => Err(HttpError::StartLine),
    }
}

fn declared_framing(headers: &Headers) -> Result<Option<Framing>, HttpError> {
    let mut lengths = headers.get_all("Content-Length");
    let mut codings = headers.get_all("Transfer-Encoding");
    match (lengths.next(), lengths.next(), codings.next(), codings.next()) {
        (None, None, None, None) => Ok(None),
        (Some(length), None, None, None) => {
            if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
                return Err(HttpError::AmbiguousLength);
            }
            length.parse().map(|n| Some(Framing::Length(n))).map_err(|_| HttpError::AmbiguousLength)
        }
        (None, None, Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => {
            Ok(Some(Framing::Chunked))
        }
        (None, None, Some(_), None) => Err(HttpError::TransferCoding),
        _ => Err(HttpError::AmbiguousLength),
    }
}

/// Reads one head out of pieces. Call [`read`](Self::read) until it returns the head.
#[derive(Debug, Clone)]
pub struct HeadReader {
    limits: Limits,
    room: usize,
    line: LineReader,
    start: Option<Vec<u8>>,
    headers: Headers,
}

impl HeadReader {
    /// A reader for one head.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            room: limits.head,
            line: LineReader::default(),
            start: None,
            headers: Headers::new(),
        }
    }

    /// Whether no byte of a head has come yet: the peer may close here without cutting anything.
    #[must_use]
    pub const fn is_untouched(&self) -> bool {
        self.room == self.limits.head
    }

    /// Takes bytes up to the end of the head. Returns how many were taken (the rest belongs to the
    /// body) and the head once it is whole. Empty lines before the first are skipped.
    ///
    /// # Errors
    /// Whatever makes the head unacceptable; the stream cannot be used further.
    pub fn read<H: Head>(&mut self, input: &[u8]) -> Result<(usize, Option<H>), HttpError> {
        let mut taken = 0_usize;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let (n, line) = self.line.read(rest, self.room, self.limits.head)?;
            self.room = self.room.saturating_sub(n);
            taken = taken.saturating_add(n);
            let Some(line) = line else { return Ok((taken, None)) };
            match (&self.start, line.is_empty()) {
                (None, true) => {}
                (None, false) => self.start = Some(line),
                (Some(_), false) => self.headers.push_line(&line, self.limits.headers)?,
                (Some(start), true) => {
                    let head = H::parse_start(start, std::mem::take(&mut self.headers))?;
                    self.start = None;
                    self.room = self.limits.head;
                    return Ok((taken, Some(head)));
                }
            }
        }
    }
}
