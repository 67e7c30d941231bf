//! From an address to a TLS connection, with the firmware's words for what went wrong on the way.

use crate::{
    cira_log::{ConnectionResult, Failure, TcpDetail},
    config::Mps,
    tls::{ClientTls, Refusal},
};
use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_openssl::SslStream;

/// A connection that is not there by then will not come.
const TCP_DEADLINE: Duration = Duration::from_secs(15);
/// A handshake takes two round trips and one signature; a server under a storm may make us queue.
const TLS_DEADLINE: Duration = Duration::from_secs(30);

/// Dials, from `source` when one is given, and shakes hands.
pub(crate) async fn dial(
    mps: &Mps,
    source: Option<IpAddr>,
    tls: &ClientTls,
    name: &str,
) -> Result<SslStream<TcpStream>, Failure> {
    let addresses = resolve(mps).await?;
    let socket = match timeout(TCP_DEADLINE, connect(&addresses, source)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(tcp_failure(mps, &error)),
        Err(_) => return Err(tcp_failure(mps, &ErrorKind::TimedOut.into())),
    };
    match timeout(TLS_DEADLINE, tls.connect(socket, name)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(refusal)) => Err(tls_failure(refusal)),
        Err(_) => {
            let seconds = TLS_DEADLINE.as_secs();
            let why = format!("the server did not finish the handshake within {seconds} s");
            Err(tls_failure(Refusal { alert: None, why }))
        }
    }
}

async fn resolve(mps: &Mps) -> Result<Vec<SocketAddr>, Failure> {
    let failure = |note: String| Failure {
        result: ConnectionResult::Dns,
        tcp: TcpDetail::Ok,
        tls_alert: None,
        note,
    };
    match lookup_host((mps.host.as_str(), mps.port)).await {
        Ok(found) => {
            let found: Vec<SocketAddr> = found.collect();
            if found.is_empty() {
                return Err(failure(format!("`{}` has no address", mps.host)));
            }
            Ok(found)
        }
        Err(error) => Err(failure(format!("`{}` was not found: {error}", mps.host))),
    }
}

/// The first address that answers.
async fn connect(addresses: &[SocketAddr], source: Option<IpAddr>) -> io::Result<TcpStream> {
    let mut last = ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        if source.is_some_and(|source| source.is_ipv4() != address.is_ipv4()) {
            continue;
        }
        match connect_to(*address, source).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn tcp_failure(mps: &Mps, error: &io::Error) -> Failure {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the firmware knows no finer words")]
    let tcp = match error.kind() {
        ErrorKind::TimedOut => TcpDetail::Timeout,
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => TcpDetail::Reset,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => TcpDetail::Unreachable,
        _ => TcpDetail::General,
    };
    Failure {
        result: ConnectionResult::Tcp,
        tcp,
        tls_alert: None,
        note: format!("no connection to {mps}: {error}"),
    }
}

fn tls_failure(refusal: Refusal) -> Failure {
    Failure {
        result: ConnectionResult::Tls,
        tcp: TcpDetail::Ok,
        tls_alert: refusal.alert,
        note: refusal.why,
    }
}
