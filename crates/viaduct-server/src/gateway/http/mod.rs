//! HTTP proxy: CONNECT (1.0 and 1.1) and absolute URIs with keep-alive.
//!
//! The head is read by `httparse` and everything that two parsers could read differently is refused. The
//! framing is our own because firmware is picky about it, and because CONNECT of HTTP/1.0 (proxychains)
//! and a device that closes after 401 both must work on one console connection.

mod body;
mod exchange;
mod head;

use super::{Gateway, Refusal, Target, target::shown};
use crate::{access::Principal, tunnel::Channel};
use base64::{Engine, prelude::BASE64_STANDARD};
use body::{BodyError, read_body};
use bytes::{Bytes, BytesMut};
use exchange::{Exchanged, exchange};
use head::{Form, Head, read_head};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A console may be silent so long between two requests.
const IDLE: Duration = Duration::from_secs(60);
/// A device's channel is kept so long for the console's next request; channels of firmware are scarce.
const KEEP_CHANNEL: Duration = Duration::from_secs(2);

/// One console's connection.
struct Console<'a> {
    gateway: &'a Gateway,
    io: TcpStream,
    input: BytesMut,
    peer: SocketAddr,
    sign_in: bool,
    kept: Option<(Target, Channel)>,
}

/// Whether the connection can carry another request.
enum Next {
    Request,
    Close,
    /// CONNECT: the connection belongs to the tunnel now.
    Tunnel(Channel),
}

/// Serves one console to its end.
pub(super) async fn serve(gateway: &Gateway, io: TcpStream, peer: SocketAddr, sign_in: bool) {
    let mut console = Console { gateway, io, input: BytesMut::new(), peer, sign_in, kept: None };
    loop {
        if !console.wait_for_request().await {
            return;
        }
        match console.request().await {
            Next::Request => {}
            Next::Close => {
                // The console may have left already.
                drop(console.io.shutdown().await);
                return;
            }
            Next::Tunnel(channel) => {
                let prefix = console.input.freeze();
                channel.relay(console.io, prefix).await;
                return;
            }
        }
    }
}

impl Console<'_> {
    /// Waits for the first byte of a request; a device's channel is not kept for long meanwhile.
    async fn wait_for_request(&mut self) -> bool {
        if !self.input.is_empty() {
            return true;
        }
        if self.kept.is_some() {
            match timeout(KEEP_CHANNEL, self.io.read_buf(&mut self.input)).await {
                Ok(read) => return matches!(read, Ok(1..)),
                Err(_) => self.kept = None,
            }
        }
        matches!(timeout(IDLE, self.io.read_buf(&mut self.input)).await, Ok(Ok(1..)))
    }

    async fn request(&mut self) -> Next {
        let deadline = self.gateway.0.limits.greeting_deadline.0;
        let head = match timeout(deadline, read_head(&mut self.io, &mut self.input)).await {
            Ok(Ok(head)) => head,
            Ok(Err(Some(why))) => return self.refuse("", None, &Refusal::Grammar(why), true).await,
            Ok(Err(None)) => return Next::Close,
            Err(_) => {
                let why = format!("the request was not complete within {} s", deadline.as_secs());
                return self.refuse("", None, &Refusal::Grammar(why), true).await;
            }
        };
        let asked = shown(head.target.as_bytes());
        let principal = match self.authenticate(&head).await {
            Ok(principal) => principal,
            Err(refusal) => return self.refuse_request(&head, &asked, None, refusal).await,
        };
        let user = principal.as_ref().map(|p| p.name.clone());
        let target = match head.form() {
            Ok(Form::Authority(target) | Form::Absolute(target, _)) => target,
            Err(why) => {
                let refusal = Refusal::Grammar(why);
                return self.refuse_request(&head, &asked, user, refusal).await;
            }
        };
        if head.method == "CONNECT" {
            return self.connect(&head, principal.as_ref(), &target, user).await;
        }
        let body = match self.body(&head).await {
            Ok(body) => body,
            Err(BodyError::Gone) => return Next::Close,
            Err(BodyError::Bad(why)) => {
                return self.refuse(&asked, user, &Refusal::Grammar(why), true).await;
            }
        };
        self.forward(&head, principal.as_ref(), target, body).await
    }

    async fn body(&mut self, head: &Head) -> Result<Bytes, BodyError> {
        if head.expects_continue {
            let go = b"HTTP/1.1 100 Continue\r\n\r\n";
            self.io.write_all(go).await.map_err(|_| BodyError::Gone)?;
        }
        let stall = self.gateway.0.limits.stall_deadline.0;
        let read = read_body(&mut self.io, &mut self.input, head.body);
        timeout(stall, read).await.unwrap_or(Err(BodyError::Gone))
    }

    async fn authenticate(&self, head: &Head) -> Result<Option<Principal>, Refusal> {
        let Some(value) = &head.authorization else {
            return if self.sign_in { Err(Refusal::NotSignedIn(None)) } else { Ok(None) };
        };
        let wrong = || Refusal::NotSignedIn(Some(crate::access::SignInError::Wrong));
        let (scheme, code) = value.split_once(' ').ok_or_else(wrong)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Refusal::NotSignedIn(None));
        }
        let plain = BASE64_STANDARD.decode(code.trim()).map_err(|_| wrong())?;
        let plain = String::from_utf8(plain).map_err(|_| wrong())?;
        let (user, password) = plain.split_once(':').ok_or_else(wrong)?;
        match self.gateway.sign_in(user, password.to_owned(), self.peer).await {
            Ok(principal) => Ok(Some(principal)),
            Err(error) => Err(Refusal::NotSignedIn(Some(error))),
        }
    }

    async fn connect(
        &mut self,
        head: &Head,
        principal: Option<&Principal>,
        target: &Target,
        user: Option<String>,
    ) -> Next {
        self.kept = None;
        match self.gateway.reach(principal, target, Some(self.peer)).await {
            Ok(channel) => {
                let version = if head.is_1_0 { "1.0" } else { "1.1" };
                let answer = format!("HTTP/{version} 200 Connection established\r\n\r\n");
                match self.io.write_all(answer.as_bytes()).await {
                    Ok(()) => Next::Tunnel(channel),
                    Err(_) => Next::Close,
                }
            }
            Err(refusal) => {
                self.refuse(&target.to_string(), user, &refusal, !head.keeps_alive).await
            }
        }
    }

    async fn forward(
        &mut self,
        head: &Head,
        principal: Option<&Principal>,
        target: Target,
        body: Bytes,
    ) -> Next {
        let kept = self.kept.take().filter(|(t, channel)| *t == target && channel.end().is_none());
        let reached = match kept {
            Some((_, channel)) => Ok(channel),
            None => self.gateway.reach(principal, &target, Some(self.peer)).await,
        };
        let user = principal.map(|p| p.name.clone());
        let channel = match reached {
            Ok(channel) => channel,
            Err(refusal) => {
                return self.refuse(&target.to_string(), user, &refusal, !head.keeps_alive).await;
            }
        };
        let stall = self.gateway.0.limits.stall_deadline.0;
        let exchanged =
            exchange(&mut self.io, &mut self.input, channel, head, &target, body, stall).await;
        match exchanged {
            Exchanged::Done { channel, keeps_alive } => {
                self.kept = channel.map(|channel| (target, channel));
                if keeps_alive { Next::Request } else { Next::Close }
            }
            Exchanged::Refused(refusal) => {
                self.refuse(&target.to_string(), user, &refusal, !head.keeps_alive).await
            }
            Exchanged::Broken => Next::Close,
        }
    }

    /// Refuses a request whose body was not read yet: it is skipped, so that the console can try again.
    async fn refuse_request(
        &mut self,
        head: &Head,
        target: &str,
        user: Option<String>,
        refusal: Refusal,
    ) -> Next {
        // A console that waits for 100 Continue sends no body after a refusal.
        let skipped = head.expects_continue || self.body(head).await.is_ok();
        let close = !head.keeps_alive || !skipped || head.expects_continue;
        self.refuse(target, user, &refusal, close).await
    }

    async fn refuse(
        &mut self,
        target: &str,
        user: Option<String>,
        refusal: &Refusal,
        close: bool,
    ) -> Next {
        self.gateway.refused(self.peer, user, target, refusal);
        match self.io.write_all(&refusal.http_response(close)).await {
            Ok(()) if !close => Next::Request,
            _ => Next::Close,
        }
    }
}
