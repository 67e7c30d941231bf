//! The head of a device's answer: hostile until it is read, written anew for the console.
//!
//! Nothing of it is copied raw. What cannot be read by the letter is no answer at all, so a device cannot make a
//! console see a second answer, a sign-in form of the proxy, or one of our own codes.

use super::{
    body::{Body, Chunks},
    fields::{FIELD_LIMIT, Fields},
};

/// The head of an answer that passed the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    reason: String,
    fields: Fields,
    pub(super) body: Body,
    /// The device will take another request on this channel, once the body is read.
    pub(super) persistent: bool,
}

/// How the body travels to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// As the fields say: by length, or there is none.
    AsStated,
    /// In chunks of our own.
    Chunked,
    /// Until the connection ends; all that HTTP/1.0 has for a body of unknown length.
    UntilClose,
}

impl Response {
    /// Reads a complete head (through its empty line); `to_head`: it answers a HEAD request. The error is a sentence
    /// about the device.
    pub(super) fn parse(head: &[u8], to_head: bool) -> Result<Self, &'static str> {
        let mut space = [httparse::EMPTY_HEADER; FIELD_LIMIT];
        let mut parsed = httparse::Response::new(&mut space);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(used)) if used == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err("its answer has too many fields"),
            Ok(_) | Err(_) => return Err("its answer is not HTTP/1.0 or HTTP/1.1"),
        }
        let (Some(status @ 100..=599), Some(minor)) = (parsed.code, parsed.version) else {
            return Err("its answer has no valid status");
        };
        // 407 is a proxy's word to its client, and the proxy here is this one.
        if status == 407 {
            return Err("it answered with 407, which only a proxy may");
        }
        let fields = Fields::from_parsed(parsed.headers);
        let (framed, keeps) = framing(&fields, minor)?;
        let bodiless = to_head || status < 200 || matches!(status, 204 | 304);
        let body = if bodiless { Body::Length(0) } else { framed };
        let reason = parsed.reason.unwrap_or_default().chars();
        Ok(Self {
            status,
            reason: reason.filter(|c| *c == ' ' || c.is_ascii_graphic()).collect(),
            persistent: keeps && body != Body::UntilClose,
            fields,
            body,
        })
    }

    /// The same, with a channel that nothing more can be asked on.
    pub(super) fn once(mut self) -> Self {
        self.persistent = false;
        self
    }

    /// How its body travels to a console that speaks HTTP/1.`minor`.
    pub(super) fn framing(&self, minor: u8) -> Framing {
        match (&self.body, minor) {
            (Body::Length(_), _) => Framing::AsStated,
            (Body::Chunked(_) | Body::UntilClose, 1..) => Framing::Chunked,
            (Body::Chunked(_) | Body::UntilClose, 0) => Framing::UntilClose,
        }
    }

    /// The head for the console.
    pub(super) fn to_console(&self, minor: u8, framing: Framing, persistent: bool) -> Vec<u8> {
        let mut fields = self.fields.clone();
        fields.strip_hop();
        let own_framing = framing != Framing::AsStated || self.status == 204;
        fields.remove(|name| {
            name.starts_with("x-viaduct-")
                || name.starts_with("proxy-")
                || (own_framing && name == "content-length")
        });
        let mut out = format!("HTTP/1.{minor} {} {}\r\n", self.status, self.reason).into_bytes();
        fields.write(&mut out);
        if framing == Framing::Chunked {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        let connection: &[u8] = match (minor, persistent) {
            (_, false) => b"Connection: close\r\n",
            (0, true) => b"Connection: keep-alive\r\nProxy-Connection: keep-alive\r\n",
            (_, true) => b"",
        };
        out.extend_from_slice(connection);
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// Where the body ends (RFC 9112 section 6.3), and whether the device keeps the channel (section 9.3).
fn framing(fields: &Fields, minor: u8) -> Result<(Body, bool), &'static str> {
    let chunked = fields.chunked().map_err(|()| "its answer has an unknown Transfer-Encoding")?;
    let length = fields.content_length().map_err(|_| "its answer has no valid Content-Length")?;
    let body = match (chunked, length) {
        (true, None) if minor == 1 => Body::Chunked(Chunks::tolerant()),
        (true, _) => return Err("its answer states its length in two ways"),
        (false, Some(length)) => Body::Length(length),
        (false, None) => Body::UntilClose,
    };
    let says = |token| fields.has_token("connection", token);
    Ok((body, !says("close") && (minor == 1 || says("keep-alive"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Response, &'static str> {
        Response::parse(head.as_bytes(), false)
    }

    #[test]
    fn the_answer_of_amt_is_framed_anew() {
        let unauthorised = parse(
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"Digest:0\", nonce=\"1\",stale=\"false\",qop=\"auth\"\r\n\
             Content-Type: text/html\r\nServer: Intel(R) Active Management Technology 15.0.23.1706\r\n\
             Content-Length: 693\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
        assert_eq!(
            (unauthorised.body.clone(), unauthorised.persistent),
            (Body::Length(693), false)
        );
        let text = unauthorised.to_console(1, unauthorised.framing(1), true);
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains("WWW-Authenticate: Digest realm=\"Digest:0\", nonce=\"1\",stale"),
            "{text}"
        );
        assert!(text.contains("Content-Length: 693\r\n") && !text.contains("Connection"), "{text}");

        let fine = parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert!(fine.persistent);
        assert_eq!((fine.framing(1), fine.framing(0)), (Framing::Chunked, Framing::UntilClose));
        let text = String::from_utf8(fine.to_console(1, Framing::Chunked, true)).unwrap();
        assert_eq!(text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let text = String::from_utf8(fine.to_console(0, Framing::UntilClose, false)).unwrap();
        assert_eq!(text, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn a_body_without_length_goes_on_until_the_device_closes() {
        let response = parse("HTTP/1.1 200 OK\r\n\r\n").unwrap();
        assert_eq!((response.body, response.persistent), (Body::UntilClose, false));
        let response = parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").unwrap();
        assert!(!response.persistent);
    }

    #[test]
    fn answers_without_body_have_none_whatever_their_fields_say() {
        for head in [
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert_eq!(parse(head).unwrap().body, Body::Length(0), "{head}");
        }
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let response = Response::parse(head, true).unwrap();
        assert_eq!(response.body, Body::Length(0));
        let text = String::from_utf8(response.to_console(1, Framing::AsStated, true)).unwrap();
        assert!(text.contains("Content-Length: 5\r\n"), "{text}");
    }

    #[test]
    fn a_hostile_answer_is_no_answer() {
        let with = |fields: &str| parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"));
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: -5\r\n",
            "Transfer-Encoding: gzip\r\n",
            "X: a\r\n folded\r\n",
            "X : a\r\n",
            "X: a\0\r\n",
        ] {
            assert!(with(fields).is_err(), "{fields:?}");
        }
        for head in [
            "HTTP/2 200 OK\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 099 x\r\n\r\n",
            "HTTP/1.1 407 x\r\n\r\n",
        ] {
            assert!(parse(head).is_err(), "{head:?}");
        }
        assert!(with(&"X: y\r\n".repeat(FIELD_LIMIT + 1)).is_err());
    }

    #[test]
    fn a_device_cannot_speak_as_the_proxy() {
        let response = parse(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Viaduct-Code: E2001\r\nProxy-Authenticate: Basic\r\n\
             Proxy-Status: x\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\r\n",
        )
        .unwrap();
        let text = String::from_utf8(response.to_console(1, Framing::AsStated, true)).unwrap();
        assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}
