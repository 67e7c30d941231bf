//! Proxies for consoles: SOCKS5 and HTTP. Targets are `device:port` only; no dialling code lives here.

mod http;
mod reach;
mod refusal;
mod socks5;
mod target;

pub use refusal::Refusal;
pub use target::{Target, TargetError};

use crate::{
    access::Access,
    config::{HttpProxy, Limits, Socks},
    events::{Bus, Event},
    inventory::Inventory,
    registry::Registry,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::sleep,
};

/// After running out of descriptors, accepting pauses so long instead of spinning.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// What both proxies share.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    inventory: Inventory,
    access: Access,
    limits: Limits,
    events: Bus,
    places: Arc<Semaphore>,
}

impl Gateway {
    /// Reaches the devices of `registry` for people that `access` lets in.
    #[must_use]
    pub fn new(
        registry: Registry,
        inventory: Inventory,
        access: Access,
        limits: Limits,
        events: Bus,
    ) -> Self {
        let places = Arc::new(Semaphore::new(limits.consoles));
        Self(Arc::new(Inner { registry, inventory, access, limits, events, places }))
    }

    /// SOCKS5 on `listener` until `shutdown`.
    pub async fn serve_socks(
        self,
        listener: TcpListener,
        socks: Socks,
        shutdown: watch::Receiver<bool>,
    ) {
        let sign_in = socks.sign_in;
        self.serve(listener, shutdown, move |gateway, io, peer| async move {
            socks5::serve(&gateway, io, peer, sign_in).await;
        })
        .await;
    }

    /// HTTP proxy on `listener` until `shutdown`.
    pub async fn serve_http(
        self,
        listener: TcpListener,
        proxy: HttpProxy,
        shutdown: watch::Receiver<bool>,
    ) {
        let sign_in = proxy.sign_in;
        self.serve(listener, shutdown, move |gateway, io, peer| async move {
            http::serve(&gateway, io, peer, sign_in).await;
        })
        .await;
    }

    async fn serve<F, S>(
        self,
        listener: TcpListener,
        mut shutdown: watch::Receiver<bool>,
        console: S,
    ) where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(Self, TcpStream, SocketAddr) -> F,
    {
        // Dropping the set at the end aborts what is left.
        let mut consoles = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = shutdown.wait_for(|down| *down) => return,
                Some(_) = consoles.join_next() => continue,
                accepted = self.accept(&listener) => accepted,
            };
            let Some((io, peer, place)) = accepted else { continue };
            let task = console(self.clone(), io, peer);
            consoles.spawn(async move {
                task.await;
                drop(place);
            });
        }
    }

    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        // No place: the kernel's queue holds who comes now.
        let place = Arc::clone(&self.0.places).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((io, peer)) => {
                if let Err(error) = io.set_nodelay(true) {
                    tracing::debug!(%error, "cannot set TCP_NODELAY");
                }
                Some((io, SocketAddr::new(peer.ip().to_canonical(), peer.port()), place))
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept consoles for the moment");
                sleep(EXHAUSTED_PAUSE).await;
                None
            }
        }
    }

    fn refused(&self, peer: SocketAddr, user: Option<String>, target: &str, refusal: &Refusal) {
        self.0.events.publish(Event::ConsoleRefused {
            peer,
            user,
            target: target::shown(target.as_bytes()),
            code: refusal.code(),
            detail: refusal.detail(),
        });
    }
}
