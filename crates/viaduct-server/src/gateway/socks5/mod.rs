//! SOCKS5 for consoles (RFC 1928, RFC 1929): greeting, sign-in, one CONNECT, then bytes.

mod wire;

use super::{
    Gateway, Reached, Refusal, SignInFault, Target,
    console::{Console, Gone},
    refusal::SocksReply,
    sign_in,
};
use crate::{access::Principal, config::Secret};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

/// How a dialogue ends that does not become a channel.
enum End {
    /// The console went away or was too slow; nothing was refused yet.
    Gone(Gone),
    /// Refused: with the last bytes to say (empty when the protocol has none).
    Refused { refusal: Refusal, farewell: Vec<u8> },
}

impl From<Gone> for End {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}

impl End {
    /// A refusal that the protocol has no bytes for.
    fn silent(refusal: Refusal) -> Self {
        Self::Refused { refusal, farewell: Vec::new() }
    }

    /// A refusal in answer to the request, or to user and password.
    fn answered(refusal: Refusal) -> Self {
        let farewell = match refusal.socks() {
            SocksReply::SignIn(status) => wire::sign_in_status(status).to_vec(),
            SocksReply::Request(reply) => wire::reply(reply).to_vec(),
        };
        Self::Refused { refusal, farewell }
    }
}

/// One console's dialogue, as far as it has come.
struct Dialogue<'a, S> {
    gateway: &'a Gateway,
    sign_in: bool,
    peer: SocketAddr,
    console: Console<S>,
    deadline: Instant,
    /// Who it is, or says it is.
    user: Option<String>,
    target: String,
}

/// Serves one console from its first byte to its last.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    gateway: &Gateway,
    sign_in: bool,
    stream: S,
    peer: SocketAddr,
) {
    let limits = &gateway.0.limits;
    let mut dialogue = Dialogue {
        gateway,
        sign_in,
        peer,
        console: Console::new(stream, limits.stall_deadline.0),
        deadline: Instant::now() + limits.greeting_deadline.0,
        user: None,
        target: String::new(),
    };
    let (refusal, farewell) = match dialogue.run().await {
        Ok((reached, who)) => {
            let (stream, prefix) = dialogue.console.into_parts();
            return gateway.relay(&who, reached, stream, prefix).await;
        }
        Err(End::Gone(Gone::Slow)) => (Refusal::Slow, Vec::new()),
        Err(End::Gone(gone)) => {
            tracing::debug!(%peer, ?gone, "SOCKS5 console left");
            return;
        }
        Err(End::Refused { refusal, farewell }) => (refusal, farewell),
    };
    gateway.tell_refused(peer, dialogue.user.as_deref(), &dialogue.target, &refusal);
    if dialogue.console.send(&farewell).await.is_ok() {
        dialogue.console.close().await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<'_, S> {
    async fn run(&mut self) -> Result<(Reached, Principal), End> {
        let who = self.identify().await?;
        self.user = Some(who.name.clone());
        let request = self.next(wire::request).await.map_err(End::into_answer)?;
        self.target = format!("{}:{}", String::from_utf8_lossy(&request.name), request.port);
        let target = Target::new(&request.name, request.port)
            .map_err(|error| End::answered(Refusal::Target(error)))?;
        let reached = tokio::select! {
            reached = self.gateway.reach(Some(&who), &target, Some(self.peer)) => reached,
            () = self.console.left() => return Err(End::Gone(Gone::Closed)),
        };
        let reached = reached.map_err(End::answered)?;
        self.console.send(&wire::reply(wire::SUCCEEDED)).await?;
        Ok((reached, who))
    }

    /// Greeting and sign-in.
    async fn identify(&mut self) -> Result<Principal, End> {
        let offer = self.next(wire::greeting).await?;
        let method = offer.choose(self.sign_in);
        if method == wire::NO_METHOD {
            return Err(End::Refused {
                refusal: Refusal::NotSignedIn(SignInFault::Missing),
                farewell: wire::method(method).to_vec(),
            });
        }
        self.console.send(&wire::method(method)).await?;
        if method == wire::NO_SIGN_IN {
            return Ok(sign_in::anonymous());
        }
        let credentials = self.next(wire::credentials).await?;
        // Without sign-in nothing is checked: a console that knows only this method may say what it likes.
        let who = if self.sign_in { self.check(credentials).await? } else { sign_in::anonymous() };
        self.console.send(&wire::sign_in_status(0)).await?;
        Ok(who)
    }

    async fn check(&mut self, credentials: wire::Credentials) -> Result<Principal, End> {
        let asked = Instant::now();
        let wrong = || End::answered(Refusal::NotSignedIn(SignInFault::Wrong));
        let user = String::from_utf8(credentials.user).map_err(|_| wrong())?;
        let password = std::str::from_utf8(credentials.password.expose()).map_err(|_| wrong())?;
        let password = Secret::new(password.to_owned());
        let result = self.gateway.sign_in(&user, &password, self.peer.ip()).await;
        // Checking a password is our work; the console does not pay for it with its own time.
        self.deadline += asked.elapsed();
        self.user = Some(user);
        result.map_err(End::answered)
    }

    /// Reads until `parse` is content.
    async fn next<T>(&mut self, parse: fn(&[u8]) -> wire::Parsed<T>) -> Result<T, End> {
        loop {
            if let Some((value, used)) = parse(&self.console.inbox).map_err(End::silent)? {
                drop(self.console.inbox.split_to(used));
                return Ok(value);
            }
            self.console.fill(wire::LIMIT, self.deadline).await?;
        }
    }
}

impl End {
    /// A request can be answered also when it cannot be read further.
    fn into_answer(self) -> Self {
        match self {
            Self::Refused { refusal, .. } => Self::answered(refusal),
            gone @ Self::Gone(_) => gone,
        }
    }
}
