//! Accept loops for devices: limits before authentication, PROXY protocol, handshake, hand-over.
//!
//! Firmware that is refused stops calling, so load is never answered with a reset: above the limits those
//! without progress leave first, and then the kernel's queue holds newcomers.

mod pending;
mod proxy_v2;

pub(crate) use pending::{Pending, PendingGuard};
pub use proxy_v2::Sources;

use crate::{
    events::{Event, Stage},
    inventory::Attempt,
    tls::{AcceptError, DeviceAcceptor, Rewind, Stream, TlsInfo},
    tunnel::{Driver, DriverConfig, Greeting},
};
use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use time::OffsetDateTime;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

/// Connections that the kernel holds while we do not accept.
const BACKLOG: i32 = 16_384;
/// After running out of descriptors, accepting pauses so long instead of spinning.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// Binds a listener: v4 and v6 together for `[::]`, and restarts at once (SO_REUSEADDR).
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// One device listener.
#[derive(Debug)]
pub(crate) struct DeviceListener {
    pub(crate) listener: TcpListener,
    /// None behind an external TLS terminator.
    pub(crate) acceptor: Option<DeviceAcceptor>,
    /// Whose PROXY header is believed (and required).
    pub(crate) sources: Sources,
    pub(crate) driver: DriverConfig,
    pub(crate) pending: Arc<Pending>,
    /// Places for connections, tunnels included; below the limit of descriptors.
    pub(crate) places: Arc<Semaphore>,
}

impl DeviceListener {
    /// Accepts until `shutdown` turns true.
    pub(crate) async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let this = Arc::new(self);
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|down| *down) => return,
                () = this.accept_one() => {}
            }
        }
    }

    async fn accept_one(self: &Arc<Self>) {
        // No place: the kernel's queue holds who comes now.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        self.pending.has_room().await;
        let (socket, peer) = match self.listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept devices for the moment; they wait in the queue");
                sleep(EXHAUSTED_PAUSE).await;
                return;
            }
        };
        tune(&socket);
        let this = Arc::clone(self);
        let peer = canonical(peer);
        tokio::spawn(async move {
            let guard = this.pending.enter(peer.ip());
            let evicted = guard.evicted();
            let greeted = tokio::select! {
                greeted = this.greet(socket, peer, &guard) => greeted,
                () = evicted => {
                    this.failed(peer, Stage::Tcp, gone("made no progress while others waited"));
                    None
                }
            };
            if let Some((stream, peer, tls)) = greeted {
                let greeting = Greeting { peer, tls, pending: Some(guard) };
                let driver = Driver::new(stream, greeting, this.driver.clone());
                // A task of its own: the handshake's memory is free before the long life begins.
                tokio::spawn(async move {
                    driver.run().await;
                    drop(place);
                });
            }
        });
    }

    async fn greet(
        &self,
        mut socket: TcpStream,
        mut peer: SocketAddr,
        guard: &PendingGuard,
    ) -> Option<(Stream<TcpStream>, SocketAddr, Option<TlsInfo>)> {
        let deadline = self.driver.limits.tls_deadline.0;
        if self.sources.contains(peer.ip()) {
            match timeout(deadline, proxy_v2::read(&mut socket)).await {
                Ok(Ok(Some(source))) => peer = canonical(source),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    self.failed(peer, Stage::Tcp, gone(&format!("PROXY protocol v2: {error}")));
                    return None;
                }
                Err(_) => {
                    self.failed(peer, Stage::Tcp, gone("no PROXY protocol v2 header in time"));
                    return None;
                }
            }
        }
        self.driver.knocks.tcp(peer);
        let Some(acceptor) = &self.acceptor else {
            guard.progressed();
            return Some((Stream::Plain(Rewind::new(Bytes::new(), socket)), peer, None));
        };
        let begun = Instant::now();
        match timeout(deadline, acceptor.accept(socket)).await {
            Ok(Ok((stream, info))) => {
                self.driver.meters.handshake(begun.elapsed());
                guard.progressed();
                self.driver.knocks.tls(peer);
                Some((stream, peer, Some(info)))
            }
            Ok(Err(error)) => {
                self.failed(peer, Stage::Tls, error);
                None
            }
            Err(_) => {
                let reason = format!("no TLS handshake within {} s", deadline.as_secs());
                self.failed(peer, Stage::Tls, gone(&reason));
                None
            }
        }
    }

    /// Keeps the attempt for `why-offline` and says it once.
    fn failed(&self, peer: SocketAddr, stage: Stage, error: AcceptError) {
        let now = OffsetDateTime::now_utc();
        // A health check of a load balancer connects and leaves.
        let stage = if error.silent { Stage::Tcp } else { stage };
        self.driver.inventory.note_attempt(Attempt {
            address: peer.ip(),
            stage,
            device: None,
            reason: error.reason.clone(),
            tls_alert: error.alert,
            hello: error.hello.clone(),
            first: now,
            last: now,
            count: 1,
        });
        if error.silent {
            tracing::debug!(%peer, "connection closed before a byte was sent");
            return;
        }
        self.driver.events.publish(Event::AttemptFailed {
            peer,
            stage,
            device: None,
            reason: error.reason,
            tls_alert: error.alert,
            hello: error.hello,
        });
    }
}

fn gone(reason: &str) -> AcceptError {
    AcceptError { reason: reason.to_owned(), alert: None, hello: None, silent: false }
}

/// An IPv4 peer of a dual-stack listener as the IPv4 address that people know.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// Small messages must leave at once, and a peer that vanished must be noticed by the kernel as well.
fn tune(socket: &TcpStream) {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    let tuned = socket
        .set_nodelay(true)
        .and_then(|()| socket2::SockRef::from(socket).set_tcp_keepalive(&keepalive));
    if let Err(error) = tuned {
        tracing::debug!(%error, "cannot set socket options");
    }
}
