//! The web server of a management engine: digest, the pages, and the door to WS-Man.

use std::{io, sync::Arc, time::Duration};

use amt::http::{
    Headers, HttpError, Limits, MessageReader, Request, RequestHead, ResponseHead,
    digest::RefusalReason,
};
use time::{OffsetDateTime, format_description::FormatItem, macros::format_description};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{sleep, timeout},
};

use super::{
    host::{Host, entropy},
    pages, wsman,
};
use crate::faults::Spoil;

/// A peer that says nothing for so long is not waited for.
const IDLE: Duration = Duration::from_secs(60);
const DATE: &[FormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
const HTML: &str = "text/html";
const SOAP: &str = "application/soap+xml; charset=UTF-8";

/// A response and whether the connection ends with it.
struct Response {
    head: ResponseHead,
    body: Vec<u8>,
    chunked: bool,
    close: bool,
}

/// Serves requests, one after the other, until either side ends the connection.
pub(super) async fn serve<IO>(host: &Arc<Host>, mut io: IO) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut reader = MessageReader::<RequestHead>::new(Limits::default());
    let mut buffer = [0; 4096];
    let mut waiting: Vec<u8> = Vec::new();
    let mut continued = false;
    loop {
        let request = match reader.handle_bytes(&waiting) {
            Err(error) => {
                io.write_all(&refusal(host, &error).into_bytes()).await?;
                return io.shutdown().await;
            }
            Ok((taken, request)) => {
                waiting.drain(..taken);
                request
            }
        };
        let Some(request) = request else {
            let expects = |h: &RequestHead| h.headers.has_token("Expect", "100-continue");
            if !continued && reader.pending_head().is_some_and(expects) {
                continued = true;
                io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                io.flush().await?;
            }
            match timeout(IDLE, io.read(&mut buffer)).await {
                Ok(read) => match read? {
                    0 => return io.shutdown().await,
                    n => waiting.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                },
                Err(_) => return io.shutdown().await,
            }
            continue;
        };
        continued = false;
        if host.swallows_a_request(&request.body) {
            // The console waits; it is told nothing, and neither is a later request.
            continue;
        }
        let response = match respond(host, &request) {
            Deed::Response(response) => response,
            Deed::Silence => continue,
            Deed::End => return io.shutdown().await,
        };
        let delay = u64::from(host.quirks().delay);
        if delay > 0 {
            sleep(Duration::from_millis(delay)).await;
        }
        let close = response.close;
        io.write_all(&response.into_bytes()).await?;
        io.flush().await?;
        if close {
            return io.shutdown().await;
        }
    }
}

/// What comes of a request.
enum Deed {
    Response(Response),
    /// The console waits for nothing.
    Silence,
    /// The connection ends without a word.
    End,
}

fn respond(host: &Arc<Host>, request: &Request) -> Deed {
    let head = &request.head;
    let authorization = head.headers.get("Authorization");
    let what = (head.method.as_str(), head.target.as_str(), request.body.as_slice());
    let verdict = host.digest().verify(authorization, what, host.now(), |user| host.account(user));
    let mut response = match verdict {
        Err(refusal) => {
            if refusal.reason == RefusalReason::Wrong {
                host.wrong_password();
            }
            unauthorized(host, refusal.stale)
        }
        Ok(user) => {
            host.right_password();
            host.wear_nonces();
            match host.spoils_a_request(&request.body) {
                None => page(host, &user, request),
                Some(how) => match spoil(host, how, &user, request) {
                    Deed::Response(response) => response,
                    deed => return deed,
                },
            }
        }
    };
    if head.minor == 0 {
        response.chunked = false;
    }
    response.close |= !head.keep_alive();
    if head.method == "HEAD" {
        response = response.without_body();
    }
    Deed::Response(response)
}

/// A change that goes wrong.
fn spoil(host: &Arc<Host>, how: Spoil, user: &str, request: &Request) -> Deed {
    let refuse = |value| {
        let (status, envelope) = wsman::refuse(host, value, &request.body);
        Deed::Response(Response::new(host, status, SOAP, envelope))
    };
    match how {
        Spoil::Fault => refuse(None),
        Spoil::Returns(value) => refuse(Some(value)),
        Spoil::Status(401) => Deed::Response(unauthorized(host, false)),
        Spoil::Status(status) => {
            Deed::Response(Response::new(host, status, HTML, pages::FAILED.to_owned()))
        }
        Spoil::Cut => Deed::End,
        Spoil::Silent => Deed::Silence,
        Spoil::CutDone | Spoil::SilentDone => {
            page(host, user, request);
            if how == Spoil::CutDone { Deed::End } else { Deed::Silence }
        }
    }
}

fn page(host: &Arc<Host>, user: &str, request: &Request) -> Response {
    let head = &request.head;
    match (path(&head.target), head.method.as_str()) {
        ("/wsman", "POST") => {
            let (status, envelope) = wsman::answer(host, user, &request.body);
            Response::new(host, status, SOAP, envelope)
        }
        ("/" | "/index.htm", "GET" | "HEAD") => {
            Response::new(host, 200, HTML, pages::overview(host))
        }
        ("/wsman" | "/" | "/index.htm", _) => {
            let mut response = Response::new(host, 405, HTML, String::new());
            let allowed = if path(&head.target) == "/wsman" { "POST" } else { "GET, HEAD" };
            response.head.headers.push("Allow", allowed);
            response
        }
        _ => Response::new(host, 404, HTML, pages::NOT_FOUND.to_owned()),
    }
}

/// The path of a target, also when a proxy left it absolute.
fn path(target: &str) -> &str {
    let after = target.split_once("://").map(|(_, rest)| rest);
    let path =
        after.map_or(target, |rest| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    path.split('?').next().unwrap_or_default()
}

/// As firmware does it: an HTML page of known length, and the end of the connection.
fn unauthorized(host: &Host, stale: bool) -> Response {
    let challenge = host.digest().challenge(stale, host.now(), entropy());
    let headers = Headers::new()
        .with("WWW-Authenticate", challenge.to_header())
        .with("Content-Type", HTML)
        .with("Server", server(host));
    let head = ResponseHead::new(401, headers);
    Response { head, body: pages::SIGN_IN.into(), chunked: false, close: true }
}

fn refusal(host: &Host, error: &HttpError) -> Response {
    let status = match error {
        HttpError::HeadTooLong { .. } | HttpError::TooManyHeaders { .. } => 431,
        HttpError::BodyTooLong { .. } => 413,
        HttpError::TransferCoding => 501,
        HttpError::LineEnd
        | HttpError::StartLine
        | HttpError::Header
        | HttpError::AmbiguousLength
        | HttpError::Chunk
        | HttpError::Truncated => 400,
    };
    let mut response = Response::new(host, status, HTML, format!("<p>{error}</p>\r\n"));
    response.chunked = false;
    response.close = true;
    response
}

fn server(host: &Host) -> String {
    format!("Intel(R) Active Management Technology {}", host.config().amt_version)
}

impl Response {
    fn new(host: &Host, status: u16, content_type: &str, body: String) -> Self {
        let date = OffsetDateTime::now_utc().format(DATE).unwrap_or_default();
        let headers = Headers::new()
            .with("Date", date)
            .with("Server", server(host))
            .with("X-Frame-Options", "DENY")
            .with("Content-Type", content_type);
        let head = ResponseHead::new(status, headers);
        Self { head, body: body.into_bytes(), chunked: true, close: false }
    }

    /// The answer to HEAD: the length is told and nothing follows.
    fn without_body(mut self) -> Self {
        self.head.headers.push("Content-Length", self.body.len().to_string());
        self.body.clear();
        self
    }

    fn into_bytes(mut self) -> Vec<u8> {
        let headers = &mut self.head.headers;
        let told = headers.get("Content-Length").is_some();
        if !told && self.chunked {
            headers.push("Transfer-Encoding", "chunked");
        } else if !told {
            headers.push("Content-Length", self.body.len().to_string());
        }
        if self.close {
            headers.push("Connection", "close");
        }
        let mut out = Vec::new();
        self.head.write(&mut out);
        if !told && self.chunked {
            amt::http::write_chunked(&self.body, &mut out);
        } else {
            out.extend_from_slice(&self.body);
        }
        out
    }
}
