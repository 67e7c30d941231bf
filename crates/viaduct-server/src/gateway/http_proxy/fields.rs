//! Header fields of a message, in their order and spelling, and which of them concern one hop only.

use bytes::BufMut;

/// Fields in one message that we take. Consoles and firmware send fewer than 20.
pub(super) const FIELD_LIMIT: usize = 64;

/// Fields that belong to one connection (RFC 9110 section 7.6.1, and the older ones that clients still send).
const ONE_HOP: [&str; 10] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Fields that `Connection` cannot take out, whoever names them: without these the other end would read another
/// message than we did, or nobody would be signed in any more.
const KEPT: [&str; 5] =
    ["host", "authorization", "www-authenticate", "content-length", "content-type"];

/// The fields of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    pub(super) fn from_parsed(parsed: &[httparse::Header<'_>]) -> Self {
        Self(parsed.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect())
    }

    /// All values of a field, in order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(|field| field.0.eq_ignore_ascii_case(name)).map(|field| &field.1[..])
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Whether a comma-separated field holds this token, in any case.
    pub(super) fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).flat_map(tokens).any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Takes out what concerns this hop only: the well-known fields and those that `Connection` names.
    pub(super) fn strip_hop(&mut self) {
        let named: Vec<Vec<u8>> =
            self.all("connection").flat_map(tokens).map(<[u8]>::to_ascii_lowercase).collect();
        self.0.retain(|(name, _)| {
            let name = name.to_ascii_lowercase();
            let kept = KEPT.contains(&name.as_str());
            !ONE_HOP.contains(&name.as_str())
                && (kept || !named.iter().any(|n| n[..] == *name.as_bytes()))
        });
    }

    /// Takes out every field whose lower-case name `gone` accepts.
    pub(super) fn remove(&mut self, gone: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| !gone(&name.to_ascii_lowercase()));
    }

    /// Writes `name: value` lines. Names and values have passed the parser, so none holds CR, LF or NUL.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            out.put_slice(name.as_bytes());
            out.put_slice(b": ");
            out.put_slice(value);
            out.put_slice(b"\r\n");
        }
    }
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// How long a body is, when `Content-Length` says so (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LengthError {
    Several,
    NoNumber,
}

impl Fields {
    /// The one `Content-Length`. Two of them are refused even when they agree: whoever sends two counts on somebody
    /// reading the other one.
    pub(super) fn content_length(&self) -> Result<Option<u64>, LengthError> {
        let mut values = self.all("content-length");
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() || value.contains(&b',') {
            return Err(LengthError::Several);
        }
        let plain = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| plain);
        text.and_then(|text| text.parse().ok()).map(Some).ok_or(LengthError::NoNumber)
    }

    /// `Ok(true)` for exactly `Transfer-Encoding: chunked`, `Ok(false)` for none, `Err` for anything else.
    pub(super) fn chunked(&self) -> Result<bool, ()> {
        let mut values = self.all("transfer-encoding");
        match (values.next(), values.next()) {
            (None, _) => Ok(false),
            (Some(value), None) if value.eq_ignore_ascii_case(b"chunked") => Ok(true),
            _ => Err(()),
        }
    }
}

/// Looks for the end of a head that arrives in pieces; no byte is looked at twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct HeadScan {
    seen: usize,
    line: usize,
}

impl HeadScan {
    /// The index behind the empty line that ends the head, once that is there. `bytes` begins with the head and holds
    /// at least what it held in the call before.
    ///
    /// # Errors
    ///
    /// A line that ends with LF alone, or a CR that ends no line; told as soon as it is seen.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, BareLineEnd> {
        while let Some(byte) = bytes.get(self.seen) {
            let index = self.seen;
            let follows_cr = index > 0 && bytes[index - 1] == b'\r';
            if (*byte == b'\n') != follows_cr {
                return Err(BareLineEnd);
            }
            self.seen += 1;
            if *byte == b'\n' {
                if index - self.line == 1 {
                    return Ok(Some(self.seen));
                }
                self.line = self.seen;
            }
        }
        Ok(None)
    }
}

/// A line does not end with CR LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BareLineEnd;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(list: &[(&str, &str)]) -> Fields {
        Fields(list.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect())
    }

    #[test]
    fn hop_fields_go_and_the_rest_keeps_order_and_spelling() {
        let mut all = fields(&[
            ("host", "pc-01:16992"),
            ("Connection", "close, X-Own, Authorization, Content-Length"),
            ("X-Own", "1"),
            ("AUTHORIZATION", "Digest x"),
            ("Proxy-Authorization", "Basic x"),
            ("Proxy-Connection", "keep-alive"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Trailer", "X"),
            ("Upgrade", "h2c"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "3"),
        ]);
        all.strip_hop();
        let mut out = Vec::new();
        all.write(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "host: pc-01:16992\r\nAUTHORIZATION: Digest x\r\nContent-Length: 3\r\n");
    }

    #[test]
    fn a_length_is_one_plain_number() {
        let length = |values: &[&str]| {
            let list: Vec<_> = values.iter().map(|value| ("Content-Length", *value)).collect();
            fields(&list).content_length()
        };
        assert_eq!(length(&[]), Ok(None));
        assert_eq!(length(&["0"]), Ok(Some(0)));
        assert_eq!(length(&["5", "5"]), Err(LengthError::Several));
        assert_eq!(length(&["5, 5"]), Err(LengthError::Several));
        for bad in ["", "+5", "-1", "0x5", "5 ", "5\t", "1_0", "99999999999999999999"] {
            assert_eq!(length(&[bad]), Err(LengthError::NoNumber), "{bad:?}");
        }
    }

    #[test]
    fn chunked_is_the_only_encoding() {
        let encoding = |values: &[&str]| {
            let list: Vec<_> = values.iter().map(|value| ("transfer-encoding", *value)).collect();
            fields(&list).chunked()
        };
        assert_eq!(encoding(&[]), Ok(false));
        assert_eq!(encoding(&["Chunked"]), Ok(true));
        for bad in
            [&["identity"][..], &["gzip, chunked"], &["chunked", "chunked"], &["xchunked"], &[""]]
        {
            assert_eq!(encoding(bad), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line_and_nowhere_else() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest\n";
        assert_eq!(HeadScan::default().end(head), Ok(Some(27)));
        let mut scan = HeadScan::default();
        for end in 0..27 {
            assert_eq!(scan.end(&head[..end]), Ok(None), "{end}");
        }
        assert_eq!(scan.end(head), Ok(Some(27)));
        for bad in ["GET /\n", "a\r\nb: c\n\r\n", "a\rb\r\n\r\n", "a\r\nb: c\r\r\n\r\n"] {
            assert_eq!(HeadScan::default().end(bad.as_bytes()), Err(BareLineEnd), "{bad:?}");
        }
    }
}
