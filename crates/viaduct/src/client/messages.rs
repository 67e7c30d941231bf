//! A stream of server-sent events, message by message.

use crate::failure::{Failure, Result};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use viaduct_api::Code;

/// Longest message that is read; the server's have a few kilobytes.
const MESSAGE_MAX: usize = 1 << 20;

/// The data of each message; everything else about them is in the data too.
#[derive(Debug)]
pub(crate) struct Messages {
    body: Incoming,
    parser: Parser,
}

/// The lines of the stream (WHATWG HTML, "Server-sent events"), as far as we need them.
#[derive(Debug, Default)]
struct Parser {
    bytes: Vec<u8>,
    data: Vec<u8>,
}

impl Messages {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, parser: Parser::default() }
    }

    /// The next message; None at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(message) = self.parser.next() {
                return Ok(Some(message));
            }
            if self.parser.len() > MESSAGE_MAX {
                return Err(Failure::new(Code::NotViaduct, "a message has no end"));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.parser.bytes.extend_from_slice(&bytes);
                    }
                }
                Some(Err(error)) => {
                    let detail = format!("the stream broke off: {error}");
                    return Err(Failure::new(Code::Unreachable, detail));
                }
            }
        }
    }
}

impl Parser {
    fn len(&self) -> usize {
        self.bytes.len() + self.data.len()
    }

    fn next(&mut self) -> Option<String> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(text) = line.strip_prefix(b"data:") {
                if !self.data.is_empty() {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(text.strip_prefix(b" ").unwrap_or(text));
            } else if line.is_empty() && !self.data.is_empty() {
                let data = std::mem::take(&mut self.data);
                return Some(String::from_utf8_lossy(&data).into_owned());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        let stream = b": hello\nretry: 3000\n\nid: 1\nevent: a\ndata: {\"x\":1}\n\n: beat\n\ndata:two\r\ndata: lines\r\n\r\n";
        for cut in 0..stream.len() {
            let mut parser = Parser::default();
            let mut found = Vec::new();
            for part in [&stream[..cut], &stream[cut..]] {
                parser.bytes.extend_from_slice(part);
                found.extend(std::iter::from_fn(|| parser.next()));
            }
            assert_eq!(found, ["{\"x\":1}", "two\nlines"], "{cut}");
        }
    }
}
