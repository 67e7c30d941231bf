//! The head of a console's request: read strictly, written anew for the device.
//!
//! httparse does the tokens; the rules that keep two readers from seeing two messages in one are checked here
//! (RFC 9112 sections 2.2, 3.2, 5, 6). hyper is not used on this side because its reader lets pass what must be
//! refused: lines that end with LF alone, Content-Length beside Transfer-Encoding, equal Content-Lengths.

use super::{
    body::{Body, Chunks},
    fields::{FIELD_LIMIT, Fields, LengthError},
};
use crate::gateway::{Refusal, RequestError, Target};
use amt::http::digest::is_partial_answer;

/// A request as the console meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub(super) minor: u8,
    /// What is asked for, or why that is not for us.
    pub(super) asked: Result<Asked, Refusal>,
    pub(super) body: Body,
    /// The console waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
    /// The console wants to use the connection again.
    pub(super) persistent: bool,
    pub(super) fields: Fields,
}

/// What a proxy is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A tunnel of bytes.
    Connect(Target),
    /// One exchange; `path` is in origin form, `authority` as the console wrote it.
    Forward { target: Target, authority: String, path: String },
}

impl Asked {
    pub(super) fn target(&self) -> &Target {
        match self {
            Self::Connect(target) | Self::Forward { target, .. } => target,
        }
    }
}

fn bad(error: RequestError) -> Refusal {
    Refusal::Request(error)
}

impl Request {
    /// Reads a complete head (through its empty line). An error means that nothing behind this head can be trusted.
    pub(super) fn parse(head: &[u8]) -> Result<Self, Refusal> {
        let mut space = [httparse::EMPTY_HEADER; FIELD_LIMIT];
        let mut parsed = httparse::Request::new(&mut space);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(used)) if used == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
            Ok(_) | Err(_) => return Err(bad(RequestError::Malformed)),
        }
        let (Some(method), Some(uri), Some(minor)) = (parsed.method, parsed.path, parsed.version)
        else {
            return Err(bad(RequestError::Malformed));
        };
        let fields = Fields::from_parsed(parsed.headers);
        let body = framing(&fields, minor)?;
        check_host(&fields, minor)?;
        if fields.all("proxy-authorization").nth(1).is_some() {
            return Err(bad(RequestError::SeveralCredentials));
        }
        let partial = |value: &[u8]| is_partial_answer(&String::from_utf8_lossy(value));
        if fields.all("authorization").any(partial) {
            return Err(bad(RequestError::PartialDigest));
        }
        if method == "CONNECT" && !body.is_done() {
            return Err(bad(RequestError::ConnectBody));
        }
        Ok(Self {
            method: method.to_owned(),
            minor,
            asked: asked(method, uri),
            expects_continue: expectation(&fields, minor, &body)?,
            body,
            persistent: persistent(&fields, minor),
            fields,
        })
    }

    /// The head for the device. `length`: the size of the body, when there is one or the method calls for one.
    /// Kept plain for firmware's sake: HTTP/1.1, origin form, the console's fields in their order, and a length
    /// rather than chunks. No `Via` is added; it would only be one more thing that firmware must skip.
    pub(super) fn to_device(&self, authority: &str, path: &str, length: Option<u64>) -> Vec<u8> {
        let mut fields = self.fields.clone();
        fields.strip_hop();
        fields.remove(|name| matches!(name, "content-length" | "expect"));
        let mut out = format!("{} {path} HTTP/1.1\r\n", self.method).into_bytes();
        if !fields.has("host") {
            out.extend_from_slice(format!("Host: {authority}\r\n").as_bytes());
        }
        fields.write(&mut out);
        let wants_length = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        if let Some(length) = length.or(wants_length.then_some(0)) {
            out.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// Whether the console stated a length, also if it is 0.
    pub(super) fn states_length(&self) -> bool {
        self.fields.has("content-length")
    }
}

/// What a listener with another reader must know of a head: its body, and whether it asks for another protocol.
pub(super) fn framed(head: &[u8]) -> Result<(Body, bool), ()> {
    let mut space = [httparse::EMPTY_HEADER; 2 * FIELD_LIMIT];
    let mut parsed = httparse::Request::new(&mut space);
    let whole =
        matches!(parsed.parse(head), Ok(httparse::Status::Complete(used)) if used == head.len());
    let (true, Some(minor)) = (whole, parsed.version) else { return Err(()) };
    let fields = Fields::from_parsed(parsed.headers);
    let body = framing(&fields, minor).map_err(drop)?;
    check_host(&fields, minor).map_err(drop)?;
    Ok((body, fields.has("upgrade")))
}

fn framing(fields: &Fields, minor: u8) -> Result<Body, Refusal> {
    let chunked = fields.chunked().map_err(|()| bad(RequestError::BadEncoding))?;
    let length = fields.content_length().map_err(|error| match error {
        LengthError::Several => bad(RequestError::SeveralLengths),
        LengthError::NoNumber => bad(RequestError::BadLength),
    })?;
    match (chunked, length) {
        (true, Some(_)) => Err(bad(RequestError::LengthAndEncoding)),
        (true, None) if minor == 0 => Err(bad(RequestError::BadEncoding)),
        (true, None) => Ok(Body::Chunked(Chunks::strict())),
        (false, length) => Ok(Body::Length(length.unwrap_or(0))),
    }
}

fn check_host(fields: &Fields, minor: u8) -> Result<(), Refusal> {
    let mut hosts = fields.all("host");
    let fine = match (hosts.next(), hosts.next()) {
        (None, _) => minor == 0,
        (Some(host), None) => {
            host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte))
        }
        (Some(_), Some(_)) => false,
    };
    if fine { Ok(()) } else { Err(bad(RequestError::BadHost)) }
}

fn expectation(fields: &Fields, minor: u8, body: &Body) -> Result<bool, Refusal> {
    let mut all = fields.all("expect");
    match (all.next(), all.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.eq_ignore_ascii_case(b"100-continue") => {
            Ok(minor == 1 && !body.is_done())
        }
        _ => Err(bad(RequestError::BadExpectation)),
    }
}

/// RFC 9112 section 9.3, with `Proxy-Connection` counting as `Connection`: old clients send only that to a proxy.
fn persistent(fields: &Fields, minor: u8) -> bool {
    let says =
        |token| ["connection", "proxy-connection"].iter().any(|f| fields.has_token(f, token));
    !says("close") && (minor == 1 || says("keep-alive"))
}

fn asked(method: &str, uri: &str) -> Result<Asked, Refusal> {
    if method == "CONNECT" {
        let target = Target::from_authority(uri.as_bytes(), None).map_err(Refusal::Target)?;
        return Ok(Asked::Connect(target));
    }
    if uri.starts_with('/') || uri == "*" {
        return Err(bad(RequestError::NotProxied));
    }
    let Some((scheme, rest)) = uri.split_once("://") else {
        return Err(bad(RequestError::OtherScheme));
    };
    if scheme.eq_ignore_ascii_case("https") {
        return Err(bad(RequestError::HttpsUri));
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(bad(RequestError::OtherScheme));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // Port 80 is what a URI without a port means; policy then says which ports there are.
    let target = Target::from_authority(authority.as_bytes(), Some(80)).map_err(Refusal::Target)?;
    if !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return Err(bad(RequestError::BadPath));
    }
    let path = match path {
        "" if method == "OPTIONS" => "*".to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("/{path}"),
    };
    Ok(Asked::Forward { target, authority: authority.to_owned(), path })
}

#[cfg(test)]
mod tests;
