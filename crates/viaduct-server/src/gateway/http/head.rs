//! Heads of requests and responses: read strictly, rewritten for the other side. Pure but for the reading.

use super::super::{Target, TargetError};
use bytes::BytesMut;
use std::fmt::Write;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest head of a request or a response.
pub(super) const HEAD_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 100;

/// Fields that concern one hop only (RFC 9110 §7.6.1), and those of proxies.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
    "transfer-encoding",
];

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    /// Until the connection ends; responses only.
    Close,
}

/// A request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) is_1_0: bool,
    pub(super) keeps_alive: bool,
    pub(super) expects_continue: bool,
    /// Proxy-Authorization.
    pub(super) authorization: Option<String>,
    pub(super) body: Framing,
    /// Fields that go on to the device, in order.
    fields: Vec<(String, Vec<u8>)>,
}

/// What a request is aimed at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// CONNECT.
    Authority(Target),
    /// Target and origin-form path.
    Absolute(Target, String),
}

/// A response's head.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    reason: String,
    pub(super) body: Framing,
    /// The device takes another request on this channel.
    pub(super) keeps_alive: bool,
    fields: Vec<(String, Vec<u8>)>,
}

/// Reads a head to its empty line. `Err(None)`: the console left.
pub(super) async fn read_head<S: AsyncRead + Unpin>(
    io: &mut S,
    input: &mut BytesMut,
) -> Result<Head, Option<String>> {
    loop {
        if let Some(end) = head_end(input) {
            let head = input.split_to(end);
            return parse_request(&head).map_err(Some);
        }
        check_lines(input).map_err(Some)?;
        if input.len() > HEAD_MAX {
            return Err(Some(format!("the request head is longer than {} KiB", HEAD_MAX >> 10)));
        }
        if !matches!(io.read_buf(input).await, Ok(1..)) {
            return Err(None);
        }
    }
}

/// Where the head ends, empty line included.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

/// Refuses what parsers disagree about: bare LF or CR, folded lines, NUL.
fn check_lines(head: &[u8]) -> Result<(), String> {
    for (at, pair) in head.windows(2).enumerate() {
        match pair {
            [before, b'\n'] if *before != b'\r' => return Err("a line ends without CR".into()),
            [b'\r', after] if *after != b'\n' => return Err("a CR stands inside a line".into()),
            [b'\n', b' ' | b'\t'] => return Err("a header line is folded".into()),
            [0, _] => return Err(format!("a NUL stands at byte {at}")),
            _ => {}
        }
    }
    if head.first() == Some(&b'\n') {
        return Err("a line ends without CR".into());
    }
    Ok(())
}

fn parse_request(bytes: &[u8]) -> Result<Head, String> {
    check_lines(bytes)?;
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err("the request head is incomplete".into()),
        Err(error) => return Err(format!("the request head is no HTTP: {error}")),
    }
    let is_1_0 = request.version == Some(0);
    let fields = Fields(request.headers);
    let connection = fields.tokens("connection").chain(fields.tokens("proxy-connection"));
    let connection: Vec<String> = connection.collect();
    let has = |token: &str| connection.iter().any(|t| t == token);
    let body = fields.framing(is_1_0)?.unwrap_or(Framing::Length(0));
    let authorizations: Vec<_> = fields.all("proxy-authorization").collect();
    if authorizations.len() > 1 {
        return Err("Proxy-Authorization stands twice".into());
    }
    if fields.all("host").count() > 1 {
        return Err("Host stands twice".into());
    }
    Ok(Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        is_1_0,
        keeps_alive: if is_1_0 { has("keep-alive") } else { !has("close") },
        expects_continue: fields.tokens("expect").any(|t| t == "100-continue"),
        authorization: authorizations.first().map(|v| String::from_utf8_lossy(v).into_owned()),
        body,
        fields: fields.passed_on(&connection),
    })
}

/// Reads a response's head.
pub(super) fn parse_answer(bytes: &[u8], method: &str) -> Result<Answer, String> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err("its head is incomplete".into()),
        Err(error) => return Err(format!("its head is no HTTP: {error}")),
    }
    let status = response.code.unwrap_or_default();
    let fields = Fields(response.headers);
    let connection: Vec<String> = fields.tokens("connection").collect();
    let has = |token: &str| connection.iter().any(|t| t == token);
    let bodiless = method == "HEAD" || status == 204 || status == 304 || status < 200;
    let body = match bodiless {
        true => Framing::Length(0),
        false => fields.framing(false)?.unwrap_or(Framing::Close),
    };
    let keeps_alive = body != Framing::Close
        && if response.version == Some(0) { has("keep-alive") } else { !has("close") };
    Ok(Answer {
        status,
        reason: response.reason.unwrap_or_default().to_owned(),
        body,
        keeps_alive,
        fields: fields.passed_on(&connection),
    })
}

struct Fields<'a, 'b>(&'a [httparse::Header<'b>]);

impl Fields<'_, '_> {
    fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        self.0.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value)
    }

    fn tokens<'s>(&'s self, name: &'s str) -> impl Iterator<Item = String> + 's {
        self.all(name).flat_map(|value| {
            let text = String::from_utf8_lossy(value).to_ascii_lowercase();
            text.split(',').map(|t| t.trim().to_owned()).collect::<Vec<_>>()
        })
    }

    /// Refuses every combination that two parsers could read differently (RFC 9112 §6).
    fn framing(&self, is_1_0: bool) -> Result<Option<Framing>, String> {
        let codings: Vec<String> = self.tokens("transfer-encoding").collect();
        let lengths: Vec<&[u8]> = self.all("content-length").collect();
        if !codings.is_empty() {
            if !lengths.is_empty() {
                return Err("Content-Length and Transfer-Encoding stand together".into());
            }
            if is_1_0 || codings != ["chunked"] {
                return Err("only Transfer-Encoding: chunked of HTTP/1.1 is supported".into());
            }
            return Ok(Some(Framing::Chunked));
        }
        match lengths[..] {
            [] => Ok(None),
            [digits] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                let text = String::from_utf8_lossy(digits);
                text.parse()
                    .map(|n| Some(Framing::Length(n)))
                    .map_err(|_| "Content-Length is too large".into())
            }
            [_] => Err("Content-Length is not a number".into()),
            _ => Err("Content-Length stands twice".into()),
        }
    }

    fn passed_on(&self, connection: &[String]) -> Vec<(String, Vec<u8>)> {
        let stays = |name: &str| {
            let lower = name.to_ascii_lowercase();
            // Nobody may have Authorization or Host removed by naming it in Connection.
            let named = connection.contains(&lower) && lower != "authorization" && lower != "host";
            !named
                && !HOP_BY_HOP.contains(&lower.as_str())
                && lower != "content-length"
                && lower != "expect"
        };
        let kept = self.0.iter().filter(|h| stays(h.name));
        kept.map(|h| (h.name.to_owned(), h.value.to_vec())).collect()
    }
}

impl Head {
    /// The target, or why there is none.
    pub(super) fn form(&self) -> Result<Form, String> {
        let bad = |error: TargetError| error.to_string();
        if self.method == "CONNECT" {
            return Target::parse(&self.target).map(Form::Authority).map_err(bad);
        }
        let scheme = self.target.get(..7).map(str::to_ascii_lowercase);
        if self.target.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")) {
            return Err("use CONNECT for https".into());
        }
        if scheme.as_deref() != Some("http://") {
            return Err(
                "this is a proxy: set it as proxy (curl -x), or open the dashboard's port instead"
                    .into(),
            );
        }
        let rest = &self.target[7..];
        let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let target = match authority.rsplit_once(':') {
            Some(_) => Target::parse(authority),
            None => Target::new(authority.as_bytes(), 80),
        };
        let path = match path.split('#').next().unwrap_or_default() {
            query if query.starts_with('?') => format!("/{query}"),
            "" => "/".to_owned(),
            path => path.to_owned(),
        };
        target.map(|target| Form::Absolute(target, path)).map_err(bad)
    }

    /// The head for the device. A length is always better for firmware than chunks.
    pub(super) fn for_device(&self, target: &Target, body: usize) -> Vec<u8> {
        let path = match self.form() {
            Ok(Form::Absolute(_, path)) => path,
            Ok(Form::Authority(_)) | Err(_) => "/".to_owned(),
        };
        let mut head = format!("{} {path} HTTP/1.1\r\n", self.method).into_bytes();
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.extend_from_slice(format!("Host: {target}\r\n").as_bytes());
        }
        write_fields(&mut head, &self.fields);
        if body > 0 || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            head.extend_from_slice(format!("Content-Length: {body}\r\n").as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

fn write_fields(head: &mut Vec<u8>, fields: &[(String, Vec<u8>)]) {
    for (name, value) in fields {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
}

impl Answer {
    /// The head for the console, with the framing that is used towards it.
    pub(super) fn for_console(
        &self,
        framing: Framing,
        keeps_alive: bool,
        no_body: bool,
    ) -> Vec<u8> {
        let mut line = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        match framing {
            // The length of a HEAD's answer is not known here, and it has no body.
            Framing::Length(_) if no_body => {}
            Framing::Length(n) => drop(write!(line, "Content-Length: {n}\r\n")),
            Framing::Chunked => line.push_str("Transfer-Encoding: chunked\r\n"),
            Framing::Close => {}
        }
        line.push_str(if keeps_alive {
            "Connection: keep-alive\r\n"
        } else {
            "Connection: close\r\n"
        });
        let mut head = line.into_bytes();
        write_fields(&mut head, &self.fields);
        head.extend_from_slice(b"\r\n");
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Head, String> {
        parse_request(text.as_bytes())
    }

    #[test]
    fn a_request_is_rewritten_for_the_device() {
        let head = parse(
            "POST http://pc-01:16992/wsman HTTP/1.1\r\nAuthorization: Digest x\r\nHost: pc-01:16992\r\n\
             Proxy-Authorization: Basic eA==\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\
             Proxy-Connection: Keep-Alive\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .unwrap();
        let Form::Absolute(target, path) = head.form().unwrap() else { panic!() };
        assert_eq!((target.to_string().as_str(), path.as_str()), ("pc-01:16992", "/wsman"));
        assert_eq!(
            String::from_utf8(head.for_device(&target, 5)).unwrap(),
            "POST /wsman HTTP/1.1\r\nAuthorization: Digest x\r\nHost: pc-01:16992\r\nX-End: 2\r\nContent-Length: 5\r\n\r\n"
        );
        assert_eq!(head.authorization.as_deref(), Some("Basic eA=="));
    }

    #[test]
    fn shapes_that_smuggle_are_refused() {
        for shape in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1, 1\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "X: 1\n",
            "X: 1\r\n folded\r\n",
            "X: a\rb\r\n",
            "Host: a\r\nHost: b\r\n",
        ] {
            let text = format!("GET http://pc:16992/ HTTP/1.1\r\n{shape}\r\n");
            assert!(parse(&text).is_err(), "{shape:?}");
        }
    }

    #[test]
    fn other_forms_are_explained() {
        for (line, why) in [
            ("GET / HTTP/1.1", "this is a proxy"),
            ("GET https://pc:16993/ HTTP/1.1", "CONNECT"),
            ("GET http://user@pc:16992/ HTTP/1.1", "character"),
            ("CONNECT 127.0.0.1:22 HTTP/1.1", "addresses"),
        ] {
            let head = parse(&format!("{line}\r\n\r\n")).unwrap();
            assert!(head.form().unwrap_err().contains(why), "{line}");
        }
    }

    #[test]
    fn an_answer_keeps_its_fields_but_not_those_of_the_hop() {
        let text = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\"\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";
        let answer = parse_answer(text, "GET").unwrap();
        assert!(!answer.keeps_alive);
        assert_eq!(
            String::from_utf8(answer.for_console(answer.body, true, false)).unwrap(),
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\nConnection: keep-alive\r\nWWW-Authenticate: Digest realm=\"x\"\r\n\r\n"
        );
    }
}
