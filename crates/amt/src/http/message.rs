//! Whole messages with a bounded body, out of pieces of any size.

use super::{BodyReader, Framing, Head, HeadReader, HttpError, Limits, RequestHead, ResponseHead};

/// A head and the body that came with it, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<H> {
    /// First line and header fields.
    pub head: H,
    /// The body without its framing.
    pub body: Vec<u8>,
}

/// A whole request.
pub type Request = Message<RequestHead>;
/// A whole response.
pub type Response = Message<ResponseHead>;

impl Message<RequestHead> {
    /// The request as it goes on the wire; `Content-Length` is added.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = self.head.clone();
        head.headers.remove("Content-Length");
        head.headers.push("Content-Length", self.body.len().to_string());
        let mut out = Vec::with_capacity(self.body.len().saturating_add(512));
        head.write(&mut out);
        out.extend_from_slice(&self.body);
        out
    }
}

/// Turns a stream of bytes into messages, one after the other.
///
/// [`handle_bytes`](Self::handle_bytes) takes bytes up to the end of one message and gives the
/// message; call it again with the rest. At the end of the stream call
/// [`handle_end`](Self::handle_end). Responses with status 1xx (but 101) are skipped. After an error
/// the stream cannot be used further.
///
/// ```
/// use amt::http::{Limits, MessageReader, RequestHead};
/// let mut reader = MessageReader::<RequestHead>::new(Limits::default());
/// let (taken, message) = reader.handle_bytes(b"POST /wsman HTTP/1.1\r\nContent-Len")?;
/// assert_eq!((taken, message), (33, None));
/// let (taken, message) = reader.handle_bytes(b"gth: 2\r\n\r\nhiGET")?;
/// assert_eq!((taken, message.map(|m| m.body)), (12, Some(b"hi".to_vec())));
/// # Ok::<(), amt::http::HttpError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MessageReader<H> {
    limits: Limits,
    head_reader: HeadReader,
    body: Option<Body<H>>,
}

#[derive(Debug, Clone)]
struct Body<H> {
    head: H,
    reader: BodyReader,
    bytes: Vec<u8>,
}

impl<H: Head> MessageReader<H> {
    /// A reader with these limits for each message.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, head_reader: HeadReader::new(limits), body: None }
    }

    /// The head of a message whose body is still coming.
    #[must_use]
    pub fn pending_head(&self) -> Option<&H> {
        self.body.as_ref().map(|b| &b.head)
    }

    /// Whether nothing of a message has come yet.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.body.is_none() && self.head_reader.is_untouched()
    }

    /// Takes bytes up to the end of a message. Returns how many were taken, and the message once it
    /// is whole.
    ///
    /// # Errors
    /// Whatever makes the message unacceptable.
    pub fn handle_bytes(&mut self, input: &[u8]) -> Result<(usize, Option<Message<H>>), HttpError> {
        let mut taken = 0_usize;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let Some(body) = &mut self.body else {
                let (n, head) = self.head_reader.read::<H>(rest)?;
                taken = taken.saturating_add(n);
                let Some(head) = head else { return Ok((taken, None)) };
                if !head.is_interim() {
                    self.body = Some(self.begin_body(head)?);
                }
                continue;
            };
            let n = body.reader.read(rest, &mut body.bytes)?;
            if body.bytes.len() > self.limits.body {
                return Err(HttpError::BodyTooLong { limit: self.limits.body });
            }
            taken = taken.saturating_add(n);
            if !body.reader.is_done() {
                return Ok((taken, None));
            }
            return Ok((taken, self.take()));
        }
    }

    /// Tells that the stream has ended. Gives the message that this completes, if any.
    ///
    /// # Errors
    /// [`HttpError::Truncated`] when it ended inside a message.
    pub fn handle_end(&mut self) -> Result<Option<Message<H>>, HttpError> {
        let Some(body) = &mut self.body else {
            return if self.is_idle() { Ok(None) } else { Err(HttpError::Truncated) };
        };
        body.reader.finish()?;
        Ok(self.take())
    }

    fn begin_body(&self, head: H) -> Result<Body<H>, HttpError> {
        let framing = head.framing()?;
        if let Framing::Length(length) = framing
            && length > self.limits.body as u64
        {
            return Err(HttpError::BodyTooLong { limit: self.limits.body });
        }
        Ok(Body { head, reader: BodyReader::new(framing), bytes: Vec::new() })
    }

    fn take(&mut self) -> Option<Message<H>> {
        self.body.take().map(|b| Message { head: b.head, body: b.bytes })
    }
}
