//! A connection to a server: Unix socket, TCP, or TLS.

use super::{Place, Remote, trust};
use crate::failure::{Failure, Result};
use rustls::pki_types::ServerName;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use viaduct_api::Code;

/// A connection must be up so soon.
const DEADLINE: Duration = Duration::from_secs(10);

/// Bytes in both directions.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Connects.
pub(super) async fn connect(place: &Place) -> Result<Box<dyn Io>> {
    let connecting = async {
        match place {
            Place::Local(socket) => match UnixStream::connect(socket).await {
                Ok(io) => Ok(Box::new(io) as Box<dyn Io>),
                Err(error) => Err(no_server(socket, &error)),
            },
            Place::Remote(remote) => dial(remote).await,
        }
    };
    match timeout(DEADLINE, connecting).await {
        Ok(result) => result,
        Err(_) => {
            let detail = format!("no connection to {place} within {} s", DEADLINE.as_secs());
            Err(Failure::new(Code::Unreachable, detail))
        }
    }
}

fn no_server(socket: &std::path::Path, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "no server is running on this data directory".to_owned()
        }
        _ => error.to_string(),
    };
    let failure = Failure::new(Code::Unreachable, format!("{}: {why}", socket.display()));
    match error.kind() {
        // It may well be running.
        io::ErrorKind::PermissionDenied => failure.next(
            "Only the user that runs the server may use its socket: ask again with sudo, or sign in like everybody else with \
             `viaduct login https://HOST:8443`.",
        ),
        _ => failure,
    }
}

async fn dial(remote: &Remote) -> Result<Box<dyn Io>> {
    let tcp = TcpStream::connect((remote.host.as_str(), remote.port))
        .await
        .map_err(|error| Failure::new(Code::Unreachable, format!("{}: {error}", remote.url())))?;
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let Some(trust) = &remote.trust else { return Ok(Box::new(tcp)) };
    let name = ServerName::try_from(remote.host.clone())
        .map_err(|_| Failure::usage(format!("`{}` is no host name", remote.host)))?;
    let connector = TlsConnector::from(trust::client_config(trust)?);
    match connector.connect(name, tcp).await {
        Ok(io) => Ok(Box::new(io)),
        Err(error) => Err(trust::explain(remote, &error)),
    }
}
