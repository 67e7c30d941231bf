//! One proxied request: a channel for it, the exchange, and what becomes of the channel.
//!
//! Console and device keep their connections independently. AMT closes after each 401; the console's connection goes
//! on and its next request gets a fresh channel. A channel that the device keeps open waits a moment for the next
//! request to the same place.

use super::{
    BODY_LIMIT, Connection, Next,
    body::{Body, Piece},
    exchange::{BODY_DEADLINE, HEAD_LIMIT, Link, Trouble},
    request::Request,
};
use crate::{
    access::Principal,
    gateway::{Refusal, RequestError, Target, console::Gone},
    tunnel::Channel,
};
use bytes::BytesMut;
use std::{future::pending, future::poll_fn, pin::pin, task::Poll, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout_at},
};
use viaduct_api::DeviceId;

/// How long an unused channel is kept for the next request. Consoles that talk follow up within milliseconds; a device
/// has only a few channels for WS-Management, so longer would take them from others.
const KEPT_FOR: Duration = Duration::from_secs(3);

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A channel between two requests.
#[derive(Debug)]
pub(super) struct Kept {
    link: Link<Channel>,
    device: DeviceId,
    port: u16,
    who: Principal,
    until: Instant,
}

/// Why there is no answer to pass on: something to tell the console, or a way for the connection to end.
enum Stop {
    Refused(Refusal),
    Next(Next),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    /// Reads more of the console while it is idle; meanwhile a kept channel that says something, ends, or has waited
    /// long enough is let go.
    pub(super) async fn fill_while_idle(&mut self, deadline: Instant) -> Result<(), Gone> {
        loop {
            tokio::select! {
                biased;
                read = self.console.fill(HEAD_LIMIT, deadline) => return read,
                () = outlived(&mut self.kept) => self.kept = None,
            }
        }
    }

    /// Serves one request with an absolute URI.
    pub(super) async fn forward(
        &mut self,
        request: &mut Request,
        who: &Principal,
        target: &Target,
        authority: &str,
        path: &str,
    ) -> Result<Next, Refusal> {
        match self.exchange(request, who, target, authority, path).await {
            Ok(next) | Err(Stop::Next(next)) => Ok(next),
            Err(Stop::Refused(refusal)) => Err(refusal),
        }
    }

    async fn exchange(
        &mut self,
        request: &mut Request,
        who: &Principal,
        target: &Target,
        authority: &str,
        path: &str,
    ) -> Result<Next, Stop> {
        let device = self.gateway.permit(who, target)?.id;
        let (length, at_hand) = self.body_at_hand(request).await?;
        let mut first = request.to_device(authority, path, length);
        first.extend_from_slice(&at_hand);

        let kept = self.kept.take();
        let kept = kept.filter(|k| k.device == device && k.port == target.port() && k.who == *who);
        let mut reused = true;
        let mut link = match still_quiet(kept).await {
            Some(link) => link,
            None => {
                reused = false;
                self.fresh(who, target).await?
            }
        };
        let mut response = loop {
            if std::mem::take(&mut request.expects_continue) {
                self.console.send(CONTINUE).await.map_err(|_| Stop::Next(Next::Gone))?;
            }
            let stall = self.gateway.0.limits.stall_deadline.0;
            let to_head = request.method == "HEAD";
            let asked = link.ask(&mut self.console, &first, &mut request.body, to_head, stall);
            match asked.await {
                Ok(response) => break response,
                // Nothing of the request was taken, so it cannot have been acted on: the one case for another try.
                Err(Trouble::NotSent) if std::mem::take(&mut reused) => {
                    link = self.fresh(who, target).await?;
                }
                Err(trouble) => return Err(explain(trouble, target, link.stream.end())),
            }
        };

        let persistent = request.persistent
            && response.framing(request.minor) != super::response::Framing::UntilClose;
        let console = &mut self.console;
        match link.relay(console, &mut response, request.minor, persistent, closed_by_device).await
        {
            Ok(true) => {
                let (port, who) = (target.port(), who.clone());
                let until = Instant::now() + KEPT_FOR;
                self.kept = Some(Kept { link, device, port, who, until });
            }
            Ok(false) => {}
            Err(cut) => {
                self.gateway.0.events.about(device).in_scope(|| {
                    let end = link.stream.end();
                    tracing::debug!(console = %self.peer, user = who.name, %target, ?cut, ?end, "answer broke off");
                });
                return Ok(Next::Gone);
            }
        }
        Ok(if persistent && self.drain(&mut request.body).await {
            Next::Again
        } else {
            Next::Close
        })
    }

    /// A new channel; gives up when the console does.
    async fn fresh(&mut self, who: &Principal, target: &Target) -> Result<Link<Channel>, Stop> {
        tokio::select! {
            reached = self.gateway.reach(Some(who), target, Some(self.peer)) => Ok(Link::new(reached?.channel)),
            () = self.console.left() => Err(Stop::Next(Next::Gone)),
        }
    }

    /// The length of the body, and as much of it as goes out with the head. Chunks are read whole: firmware has
    /// trouble with chunked requests, and a length can be given only when all of it is here. Bodies with a length are
    /// streamed.
    async fn body_at_hand(
        &mut self,
        request: &mut Request,
    ) -> Result<(Option<u64>, BytesMut), Stop> {
        match request.body {
            Body::Length(length) => {
                if length > BODY_LIMIT {
                    return Err(Refusal::BodyTooLarge.into());
                }
                let mut at_hand = BytesMut::new();
                while let Ok(Piece::Data(data)) = request.body.next(&mut self.console.inbox) {
                    at_hand.extend_from_slice(&data);
                }
                let stated = request.states_length();
                Ok((stated.then_some(length), at_hand))
            }
            Body::Chunked(_) | Body::UntilClose => {
                if std::mem::take(&mut request.expects_continue) {
                    self.console.send(CONTINUE).await.map_err(|_| Stop::Next(Next::Gone))?;
                }
                let whole = self.whole_body(&mut request.body).await?;
                Ok((Some(whole.len() as u64), whole))
            }
        }
    }

    async fn whole_body(&mut self, body: &mut Body) -> Result<BytesMut, Stop> {
        let mut whole = BytesMut::new();
        let until = Instant::now() + BODY_DEADLINE;
        loop {
            match body.next(&mut self.console.inbox) {
                Ok(Piece::End) => return Ok(whole),
                Ok(Piece::Data(data)) if (whole.len() + data.len()) as u64 > BODY_LIMIT => {
                    return Err(Refusal::BodyTooLarge.into());
                }
                Ok(Piece::Data(data)) => whole.extend_from_slice(&data),
                Ok(Piece::More) => match self.console.fill(HEAD_LIMIT, until).await {
                    Ok(()) => {}
                    Err(Gone::Slow) => return Err(Refusal::Slow.into()),
                    Err(Gone::Closed | Gone::Broken) => return Err(Stop::Next(Next::Gone)),
                },
                Err(_) => return Err(Refusal::Request(RequestError::BadChunk).into()),
            }
        }
    }
}

/// Whether a channel at its end was closed by the device, and not by the end of its tunnel or by a fault.
fn closed_by_device(channel: &Channel) -> bool {
    channel.end().is_some_and(|why| why == apf::ChannelEnd::ByPeer.to_string())
}

/// What to do about an exchange without an answer. `end` is why the channel ended, if it has.
fn explain(trouble: Trouble, target: &Target, end: Option<String>) -> Stop {
    let name = target.name().to_owned();
    let because = |what: &str| match &end {
        Some(end) => format!("{what} ({end})"),
        None => what.to_owned(),
    };
    Stop::Refused(match trouble {
        Trouble::Console(Gone::Slow) => Refusal::Slow,
        Trouble::Console(Gone::Closed | Gone::Broken) => return Stop::Next(Next::Gone),
        Trouble::NotSent => {
            let why = because("the connection ended before the request was sent; nothing was done");
            Refusal::BadAnswer { name, why }
        }
        Trouble::Ended => {
            let why = "the connection ended before an answer came; whether the request was acted on is unknown";
            Refusal::BadAnswer { name, why: because(why) }
        }
        Trouble::Bad(why) => Refusal::BadAnswer { name, why: why.to_owned() },
        Trouble::Silent => Refusal::NoAnswer { name, sent: true },
    })
}

/// Resolves when a kept channel should be let go; never without one.
async fn outlived(kept: &mut Option<Kept>) {
    match kept {
        // Time over and disturbance mean the same.
        Some(kept) => drop(timeout_at(kept.until, kept.link.disturbed()).await),
        None => pending().await,
    }
}

/// The kept link, unless it has ended or said something by now.
async fn still_quiet(kept: Option<Kept>) -> Option<Link<Channel>> {
    let mut link = kept?.link;
    let quiet = {
        let mut disturbed = pin!(link.disturbed());
        poll_fn(|cx| Poll::Ready(disturbed.as_mut().poll(cx).is_pending())).await
    };
    quiet.then_some(link)
}
