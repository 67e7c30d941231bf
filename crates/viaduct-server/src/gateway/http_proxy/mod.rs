//! HTTP proxy for consoles: CONNECT (1.0 and 1.1), and requests with absolute URIs on persistent connections.

mod basic;
mod body;
mod exchange;
mod fields;
mod follow;
mod forward;
mod request;
mod response;

pub(crate) use follow::Follower;

use self::{
    body::{Body, Piece},
    exchange::{BODY_DEADLINE, HEAD_LIMIT},
    fields::HeadScan,
    forward::Kept,
    request::{Asked, Request},
};
use super::{
    Gateway, Reached, Refusal, RequestError, SignInFault, Target,
    console::{Console, Gone},
    sign_in,
};
use crate::{access::Principal, config::Secret};
use bytes::Buf;
use std::{net::SocketAddr, time::Duration};
use subtle::ConstantTimeEq;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

/// A console's connection may be idle so long between requests.
const IDLE: Duration = Duration::from_secs(60);

/// Largest body of a request. The largest WS-Management envelopes of AMT are about 50 KB.
const BODY_LIMIT: u64 = 1 << 20;

/// Consoles repeat their credentials with every request. On one connection the same bytes are believed for so long
/// without checking the password again, which costs far more than the request; whether it still counts is cheap to ask.
const SIGN_IN_KEPT: Duration = Duration::from_secs(30);

/// One console's connection.
struct Connection<'a, S> {
    gateway: &'a Gateway,
    sign_in: bool,
    peer: SocketAddr,
    console: Console<S>,
    /// A channel whose device keeps it open for the next request.
    kept: Option<Kept>,
    signed: Option<SignedIn>,
}

/// Credentials that were right a moment ago on this connection.
struct SignedIn {
    field: Secret<Vec<u8>>,
    who: Principal,
    until: Instant,
}

/// What becomes of the connection after a request.
enum Next {
    /// The next request.
    Again,
    /// Nothing more is to be said.
    Close,
    /// The console is gone.
    Gone,
    /// CONNECT succeeded: bytes from now on.
    Relay(Box<Reached>, Principal),
}

/// Serves one console from its first byte to its last.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    gateway: &Gateway,
    sign_in: bool,
    stream: S,
    peer: SocketAddr,
) {
    let console = Console::new(stream, gateway.0.limits.stall_deadline.0);
    let mut connection = Connection { gateway, sign_in, peer, console, kept: None, signed: None };
    let mut first = true;
    loop {
        let next = match connection.head(first).await {
            Ok(head) => connection.serve_request(&head).await,
            Err(next) => next,
        };
        match next {
            Next::Again => first = false,
            Next::Close => return connection.console.close().await,
            Next::Gone => return,
            Next::Relay(reached, who) => {
                let (stream, prefix) = connection.console.into_parts();
                return gateway.relay(&who, *reached, stream, prefix).await;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    /// The next complete head. The first one is due within the greeting deadline; later ones may let wait for their
    /// first byte, and then have as long.
    async fn head(&mut self, first: bool) -> Result<Vec<u8>, Next> {
        let greeting = self.gateway.0.limits.greeting_deadline.0;
        let mut deadline = Instant::now() + if first { greeting } else { IDLE };
        let mut scan = HeadScan::default();
        let mut begun = false;
        loop {
            // Some clients end a body with one line end too many (RFC 9112 section 2.2).
            while !begun && self.console.inbox.starts_with(b"\r\n") {
                self.console.inbox.advance(2);
            }
            if !begun && !matches!(&self.console.inbox[..], [] | [b'\r']) {
                begun = true;
                if !first {
                    deadline = Instant::now() + greeting;
                }
            }
            match scan_head(begun, &mut scan, &self.console.inbox) {
                Ok(Some(end)) => return Ok(self.console.inbox.split_to(end).to_vec()),
                Ok(None) => {}
                Err(refusal) => return Err(self.refuse_shape(&refusal).await),
            }
            match self.fill_while_idle(deadline).await {
                Ok(()) => {}
                Err(Gone::Slow) if begun => return Err(self.refuse_shape(&Refusal::Slow).await),
                Err(Gone::Slow | Gone::Closed) => return Err(Next::Close),
                Err(Gone::Broken) => return Err(Next::Gone),
            }
        }
    }

    async fn serve_request(&mut self, head: &[u8]) -> Next {
        let mut request = match Request::parse(head) {
            Ok(request) => request,
            Err(refusal) => return self.refuse_shape(&refusal).await,
        };
        let asked = match request.asked.clone() {
            Ok(asked) => asked,
            Err(refusal) => return self.refuse(&mut request, None, &refusal).await,
        };
        let who = match self.identify(&request).await {
            Ok(who) => who,
            Err((user, refusal)) => {
                return self.refuse(&mut request, user.as_deref(), &refusal).await;
            }
        };
        let result = match &asked {
            Asked::Connect(target) => self.connect(&request, &who, target).await,
            Asked::Forward { target, authority, path } => {
                self.forward(&mut request, &who, target, authority, path).await
            }
        };
        match result {
            Ok(next) => next,
            Err(refusal) => self.refuse(&mut request, Some(&who.name), &refusal).await,
        }
    }

    async fn connect(
        &mut self,
        request: &Request,
        who: &Principal,
        target: &Target,
    ) -> Result<Next, Refusal> {
        self.kept = None;
        let reached = tokio::select! {
            reached = self.gateway.reach(Some(who), target, Some(self.peer)) => reached,
            () = self.console.left() => return Ok(Next::Gone),
        };
        let reached = reached?;
        let head = format!("HTTP/1.{} 200 Connection established\r\n\r\n", request.minor);
        match self.console.send(head.as_bytes()).await {
            Ok(()) => Ok(Next::Relay(Box::new(reached), who.clone())),
            Err(_) => Ok(Next::Gone),
        }
    }

    /// Who is asking. The error says as whom the console tried.
    async fn identify(
        &mut self,
        request: &Request,
    ) -> Result<Principal, (Option<String>, Refusal)> {
        if !self.sign_in {
            return Ok(sign_in::anonymous());
        }
        let missing = || (None, Refusal::NotSignedIn(SignInFault::Missing));
        let field = request.fields.all("proxy-authorization").next().ok_or_else(missing)?;
        if let Some(signed) = &self.signed
            && signed.until > Instant::now()
            && self.gateway.still_signed_in(&signed.who)
            && bool::from(signed.field.expose()[..].ct_eq(field))
        {
            return Ok(signed.who.clone());
        }
        self.signed = None;
        let (user, password) = basic::credentials(field).ok_or_else(missing)?;
        let who = self.gateway.sign_in(&user, &password, self.peer.ip()).await;
        let who = who.map_err(|refusal| (Some(user), refusal))?;
        self.signed = Some(SignedIn {
            field: Secret::new(field.to_vec()),
            who: who.clone(),
            until: Instant::now() + SIGN_IN_KEPT,
        });
        Ok(who)
    }

    /// Turns a well-framed request down. The connection stays usable where that cannot be misread: not when the console
    /// may or may not send a body, and for CONNECT only in answer to a missing sign-in with nothing sent ahead (what a
    /// console sends ahead of a tunnel is not meant for us).
    async fn refuse(
        &mut self,
        request: &mut Request,
        user: Option<&str>,
        refusal: &Refusal,
    ) -> Next {
        let target = request.asked.as_ref().map(|asked| asked.target().to_string());
        self.gateway.tell_refused(self.peer, user, &target.unwrap_or_default(), refusal);
        let usable = match refusal {
            Refusal::NotSignedIn(_) if request.method == "CONNECT" => self.console.inbox.is_empty(),
            Refusal::Request(_) | Refusal::BodyTooLarge | Refusal::Slow => false,
            _ => request.method != "CONNECT",
        };
        let persistent = usable && request.persistent && !request.expects_continue;
        let answer = refusal.to_http(request.minor, persistent, request.method != "HEAD");
        if self.console.send(&answer).await.is_err() {
            return Next::Gone;
        }
        if persistent && self.drain(&mut request.body).await { Next::Again } else { Next::Close }
    }

    /// Turns down what cannot be read as a request; nothing behind it can be read either.
    async fn refuse_shape(&mut self, refusal: &Refusal) -> Next {
        self.gateway.tell_refused(self.peer, None, "", refusal);
        match self.console.send(&refusal.to_http(1, false, true)).await {
            Ok(()) => Next::Close,
            Err(_) => Next::Gone,
        }
    }

    /// Reads the rest of a body that nobody wants; false when that takes too much or too long.
    async fn drain(&mut self, body: &mut Body) -> bool {
        let until = Instant::now() + BODY_DEADLINE;
        let mut count = 0;
        loop {
            match body.next(&mut self.console.inbox) {
                Ok(Piece::End) => return true,
                Ok(Piece::Data(data)) => count += data.len() as u64,
                Ok(Piece::More) => {
                    if self.console.fill(HEAD_LIMIT, until).await.is_err() {
                        return false;
                    }
                }
                Err(_) => return false,
            }
            if count > BODY_LIMIT {
                return false;
            }
        }
    }
}

/// The end of the head in what has arrived, once it is there.
fn scan_head(begun: bool, scan: &mut HeadScan, inbox: &[u8]) -> Result<Option<usize>, Refusal> {
    if !begun {
        return Ok(None);
    }
    match scan.end(inbox) {
        Ok(None) if inbox.len() >= HEAD_LIMIT => Err(Refusal::HeadTooLarge),
        Ok(end) => Ok(end),
        Err(_) => Err(Refusal::Request(RequestError::BareLineFeed)),
    }
}
