//! Who a console is: the answer of the access part, in the proxies' words.

use super::{Gateway, Reached, Refusal, SignInFault};
use crate::{
    access::{Principal, Scope, SignInError},
    config::Secret,
};
use bytes::Bytes;
use std::{net::IpAddr, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};

/// Rights of consoles that are connected are looked at again so often.
const RIGHTS: Duration = Duration::from_secs(5);

/// The name under which consoles go that need not sign in.
const ANONYMOUS: &str = "anonymous";

/// The principal of a proxy that asks nobody to sign in. It may use the proxies and nothing else.
pub(super) fn anonymous() -> Principal {
    Principal::new(ANONYMOUS, Scope::Proxy)
}

impl Gateway {
    /// Relays until either side ends, or whoever opened the connection loses the right to it.
    pub(crate) async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        who: &Principal,
        reached: Reached,
        console: S,
        prefix: Bytes,
    ) {
        let Reached { channel, device, port, console: from } = reached;
        let (user, from) = (who.name.as_str(), from.map(tracing::field::display));
        tokio::select! {
            // Who it was is looked up only for somebody who reads it: channels come and go by the thousand.
            end = channel.relay(console, prefix) => if tracing::enabled!(tracing::Level::DEBUG) {
                self.0.events.about(device).in_scope(|| {
                    tracing::debug!(port, user, console = from, ?end, "console done");
                });
            },
            () = self.revoked(who) => self.0.events.about(device).in_scope(|| {
                tracing::info!(port, user, console = from, "the right to use the proxy was taken away; the connection is closed");
            }),
        }
    }

    /// Whether a sign-in of a while ago still counts.
    pub(super) fn still_signed_in(&self, who: &Principal) -> bool {
        self.0.access.is_current(who)
    }

    async fn revoked(&self, who: &Principal) {
        // Nobody can take away what nobody was given.
        if *who == anonymous() {
            return std::future::pending().await;
        }
        while self.still_signed_in(who) {
            sleep(RIGHTS).await;
        }
    }

    /// Checks a user and password (user `token`: the password is a token) of a console at `from`.
    pub(super) async fn sign_in(
        &self,
        user: &str,
        password: &Secret<String>,
        from: IpAddr,
    ) -> Result<Principal, Refusal> {
        let fault = match self.0.access.sign_in_at_proxy(user, password, from).await {
            Ok(principal) => return Ok(principal),
            // A proxy has no place for a code: programs use tokens.
            Err(SignInError::Wrong | SignInError::CodeNeeded) => SignInFault::Wrong,
            Err(SignInError::Expired) => SignInFault::Expired,
            Err(SignInError::Throttled(wait)) => SignInFault::Throttled(wait),
        };
        Err(Refusal::NotSignedIn(fault))
    }
}
