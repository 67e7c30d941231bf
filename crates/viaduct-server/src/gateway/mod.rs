//! Proxies for consoles: SOCKS5 and HTTP.
//!
//! Law: this module dials nobody. A console names `device:port`; the name is looked up among the devices we know and
//! the stream goes into the tunnel that this device has opened to us. No resolver and no client socket exist here.

mod accept;
mod console;
mod http_proxy;
mod reach;
mod refusal;
mod sign_in;
mod socks5;
mod target;

pub(crate) use http_proxy::Follower;
pub(crate) use reach::Reached;
pub use refusal::{Refusal, RequestError, SignInFault};
pub use target::{Target, TargetError};

use crate::{
    access::Access,
    config,
    events::{Bus, Event},
    inventory::Inventory,
    registry::Registry,
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

/// What both proxies need: who is here, who is known, who may, how much, and whom to tell.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    registry: Registry,
    inventory: Inventory,
    access: Access,
    limits: config::Limits,
    events: Bus,
    /// Places for consoles, shared by both proxies.
    consoles: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway into the tunnels of `registry`. The limit `consoles` counts for all its listeners together.
    #[must_use]
    pub fn new(
        registry: Registry,
        inventory: Inventory,
        access: Access,
        limits: config::Limits,
        events: Bus,
    ) -> Self {
        let consoles = Arc::new(Semaphore::new(limits.consoles.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Parts { registry, inventory, access, limits, events, consoles }))
    }

    /// Serves SOCKS5 (RFC 1928, RFC 1929) until `shutdown` becomes true. Then nobody new is accepted and the future
    /// ends when the last console has left; dropping it ends the consoles that are left.
    pub async fn serve_socks(
        self,
        listener: TcpListener,
        socks: config::Socks,
        shutdown: watch::Receiver<bool>,
    ) {
        let places = Arc::clone(&self.0.consoles);
        accept::serve(listener, places, shutdown, move |stream, peer| {
            let gateway = self.clone();
            async move { socks5::serve(&gateway, socks.sign_in, stream, peer).await }
        })
        .await;
    }

    /// Serves HTTP proxying (CONNECT and absolute URIs) until `shutdown` becomes true; ends as
    /// [`serve_socks`](Self::serve_socks) does.
    pub async fn serve_http(
        self,
        listener: TcpListener,
        http: config::HttpProxy,
        shutdown: watch::Receiver<bool>,
    ) {
        let places = Arc::clone(&self.0.consoles);
        accept::serve(listener, places, shutdown, move |stream, peer| {
            let gateway = self.clone();
            async move { http_proxy::serve(&gateway, http.sign_in, stream, peer).await }
        })
        .await;
    }

    /// Tells everyone that a console was turned away.
    fn tell_refused(&self, peer: SocketAddr, user: Option<&str>, target: &str, refusal: &Refusal) {
        self.0.events.publish(Event::ConsoleRefused {
            peer,
            user: user.map(refusal::inert),
            target: refusal::inert(target),
            code: refusal.code(),
            detail: refusal.detail(),
        });
    }
}
