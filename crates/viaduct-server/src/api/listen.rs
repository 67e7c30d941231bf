//! The API's listeners: TCP with or without TLS, and the socket in the data directory.

use super::{
    Api,
    deadlines::{Deadlined, Turn},
    guard::Origin,
    leftover, router,
    site::Encrypted,
    strict::Strict,
};
use crate::tls::WebAcceptor;
use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::Service;

/// Clients at the same time on one listener; more wait in the kernel's queue.
const CLIENTS: usize = 2048;
/// Largest head of a request.
const HEAD_MAX: usize = 16 << 10;
/// A client may be silent so long between two requests.
const IDLE: Duration = Duration::from_secs(60);
/// TLS must be up so soon.
const TLS_DEADLINE: Duration = Duration::from_secs(10);
/// Answers on their way get so long when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// After running out of descriptors, accepting pauses so long instead of spinning.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// What clients come to.
trait Accept {
    /// A connection and where it is from.
    type Client;
    fn next(&self) -> impl Future<Output = io::Result<Self::Client>> + Send;
}

impl Accept for TcpListener {
    type Client = (TcpStream, SocketAddr);
    fn next(&self) -> impl Future<Output = io::Result<Self::Client>> + Send {
        self.accept()
    }
}

impl Accept for UnixListener {
    type Client = (UnixStream, tokio::net::unix::SocketAddr);
    fn next(&self) -> impl Future<Output = io::Result<Self::Client>> + Send {
        self.accept()
    }
}

/// HTTP/1.1 on a TCP listener until `shutdown` is true.
pub async fn serve_http(
    router: Router,
    listener: TcpListener,
    tls: Option<WebAcceptor>,
    shutdown: watch::Receiver<bool>,
) {
    serve_tcp(router, listener, tls, Origin::Network, shutdown).await;
}

/// HTTP/1.1 without TLS, where provisioning need not sign in.
pub async fn serve_trusted(router: Router, listener: TcpListener, shutdown: watch::Receiver<bool>) {
    serve_tcp(router, listener, None, Origin::Trusted, shutdown).await;
}

async fn serve_tcp(
    router: Router,
    listener: TcpListener,
    tls: Option<WebAcceptor>,
    origin: fn(SocketAddr) -> Origin,
    shutdown: watch::Receiver<bool>,
) {
    serve(listener, shutdown, move |(io, peer), down| {
        let (router, tls) = (router.clone(), tls.clone());
        async move {
            if let Err(error) = io.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
            let origin = origin(peer);
            match tls {
                None => connection(router, io, (origin, None), down).await,
                Some(tls) => match timeout(TLS_DEADLINE, tls.accept(io)).await {
                    Ok(Ok(io)) => connection(router, io, (origin, Some(Encrypted)), down).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "a web client's TLS failed"),
                    Err(_) => tracing::debug!(%peer, "a web client's TLS took too long"),
                },
            }
        }
    })
    .await;
}

/// The same routes on a Unix socket, mode 0600: who can open it is the owner of the data directory. The socket is
/// there when this function returns; the future serves it.
pub fn serve_local(
    api: Api,
    path: PathBuf,
    shutdown: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let listener = bind(&path).inspect_err(|error| {
        tracing::error!(path = %path.display(), %error, "the local socket cannot be opened; the command line needs --server here");
    });
    async move {
        let Ok(listener) = listener else { return };
        let router = router(api);
        serve(listener, shutdown, move |(io, _), down| {
            connection(router.clone(), io, (Origin::Local, None), down)
        })
        .await;
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::debug!(path = %path.display(), %error, "the local socket was not removed");
        }
    }
}

/// The caller holds the data directory's lock, so a socket that is there already is a left-over.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Accepts until told to stop, then gives answers on their way a moment.
async fn serve<L: Accept, F>(
    listener: L,
    mut shutdown: watch::Receiver<bool>,
    client: impl Fn(L::Client, watch::Receiver<bool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CLIENTS));
    let mut clients = JoinSet::new();
    let down = shutdown.clone();
    loop {
        let accepted = tokio::select! {
            _ = shutdown.wait_for(|down| *down) => break,
            Some(_) = clients.join_next() => continue,
            accepted = next(&listener, &places) => accepted,
        };
        let Some((accepted, place)) = accepted else { continue };
        let task = client(accepted, down.clone());
        clients.spawn(async move {
            task.await;
            drop(place);
        });
    }
    // Dropping the set ends those that are not done by then.
    drop(timeout(LAST_ANSWERS, async { while clients.join_next().await.is_some() {} }).await);
}

async fn next<L: Accept>(
    listener: &L,
    places: &Arc<Semaphore>,
) -> Option<(L::Client, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.next().await {
        Ok(accepted) => Some((accepted, place)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept clients of the API for the moment");
            sleep(EXHAUSTED_PAUSE).await;
            None
        }
    }
}

/// One client's connection, request after request.
async fn connection<T>(
    router: Router,
    io: T,
    (origin, encrypted): (Origin, Option<Encrypted>),
    mut shutdown: watch::Receiver<bool>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let turn = Turn::default();
    let io = TokioIo::new(Strict::new(Deadlined::new(io, turn.clone())));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        turn.begin();
        let waits = request.headers().contains_key(header::EXPECT);
        let (head, body) = request.into_parts();
        let (body, leftover) = leftover::watched(body);
        let mut request = hyper::Request::from_parts(head, body);
        request.extensions_mut().insert(origin);
        if let Some(encrypted) = encrypted {
            request.extensions_mut().insert(encrypted);
        }
        let (mut router, turn) = (router.clone(), turn.clone());
        // From such a request on nobody looks at the bytes before hyper does, so there is no next request.
        let last =
            request.headers().contains_key(header::UPGRADE) || request.method() == Method::CONNECT;
        async move {
            let mut response = router.call(request).await;
            // After a switch there is no next head: the bytes are a channel's.
            if let Ok(response) = &mut response
                && response.status() != StatusCode::SWITCHING_PROTOCOLS
            {
                let ends = last || !leftover.drained(waits).await;
                turn.end();
                if ends {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
            }
            response
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(HEAD_MAX);
    let mut connection = pin!(http.serve_connection(io, service).with_upgrades());
    let result = tokio::select! {
        result = &mut connection => result,
        () = stopped(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection of the API ended badly");
    }
}

/// Waits until the server stops. (What the wait returns borrows the value, which must not be held further.)
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|down| *down).await);
}
