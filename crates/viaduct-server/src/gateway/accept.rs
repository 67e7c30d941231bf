//! The accept loop of a proxy: a bounded number of consoles, each in a task of its own.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinError, JoinSet},
    time::sleep,
};

/// How long accepting rests when the process has no file descriptor or memory left. The kernel's queue holds the
/// consoles meanwhile; a shorter rest would only burn CPU, a longer one would be felt by people.
const REST: Duration = Duration::from_millis(250);

/// Accepts until `shutdown` becomes true (or its sender is gone), then waits for the consoles that are still there.
pub(super) async fn serve<F, Fut>(
    listener: TcpListener,
    places: Arc<Semaphore>,
    mut shutdown: watch::Receiver<bool>,
    console: F,
) where
    F: Fn(TcpStream, SocketAddr) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => break,
            Some(end) = tasks.join_next() => report(end),
            Some((stream, peer, place)) = next(&listener, &places) => {
                let task = console(stream, peer);
                tasks.spawn(async move {
                    task.await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    while let Some(end) = tasks.join_next().await {
        report(end);
    }
}

/// The next console, once there is a place for it. Without a place the kernel's queue holds it: nobody is reset for
/// load. `None` is for a semaphore that was closed, which nobody does.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "TCP_NODELAY was refused");
                }
                // A v4 console on a v6 socket goes by its own address.
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                return Some((stream, peer, place));
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                if !told {
                    tracing::warn!(%error, "the proxy cannot accept consoles for now");
                    told = true;
                }
                sleep(REST).await;
            }
        }
    }
}

/// True for errors of a connection that ended before it was accepted; the listener itself is well.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// A task ends by itself; only a fault of ours is worth a line.
fn report(end: Result<(), JoinError>) {
    if let Err(error) = end {
        tracing::error!(%error, "a console's task failed; this is a fault of the server");
    }
}
