//! From an address to a TLS connection, with the firmware's words for what went wrong on the way.

use crate::{
    cira_log::{ConnectionResult, Failure, TcpDetail},
    config::Mps,
    remote_access::{RemoteAccess, Server},
    tls::{ClientTls, Refusal},
};
use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_openssl::SslStream;

/// A connection that is not there by then will not come.
const TCP_DEADLINE: Duration = Duration::from_secs(15);
/// A handshake takes two round trips and one signature; a server under a storm may make us queue.
const TLS_DEADLINE: Duration = Duration::from_secs(30);
/// Longest head of a proxy's answer.
const PROXY_HEAD: usize = 4096;

/// The way to a server.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The common name that the server's certificate must carry.
    pub(crate) name: String,
    mps: Mps,
    /// HTTP proxies to go through; the first that lets us through is taken.
    proxies: Vec<Mps>,
}

impl Route {
    /// The way to a server from a network of this DNS suffix.
    pub(crate) fn of(remote: &RemoteAccess, server: &Server, network: &str) -> Self {
        let place = |access: &crate::remote_access::Access| Mps {
            host: access.info.clone(),
            port: access.port,
        };
        let proxies = remote.proxies_for(&server.access.info, network);
        Self {
            name: server.expected_name().to_owned(),
            mps: place(&server.access),
            proxies: proxies.into_iter().map(|proxy| place(&proxy.access)).collect(),
        }
    }
}

/// Dials, from `source` when one is given, and shakes hands. Tells also the proxy that let it through.
pub(crate) async fn dial(
    route: &Route,
    source: Option<IpAddr>,
    tls: &ClientTls,
) -> Result<(SslStream<TcpStream>, Option<String>), Failure> {
    let (socket, proxy) = if route.proxies.is_empty() {
        (reach(&route.mps, source).await?, None)
    } else {
        let (socket, proxy) = through_proxies(route, source).await?;
        (socket, Some(proxy.to_string()))
    };
    match timeout(TLS_DEADLINE, tls.connect(socket, &route.name)).await {
        Ok(Ok(stream)) => Ok((stream, proxy)),
        Ok(Err(refusal)) => Err(tls_failure(refusal)),
        Err(_) => {
            let seconds = TLS_DEADLINE.as_secs();
            let why = format!("the server did not finish the handshake within {seconds} s");
            Err(tls_failure(Refusal { alert: None, why }))
        }
    }
}

async fn reach(place: &Mps, source: Option<IpAddr>) -> Result<TcpStream, Failure> {
    let addresses = resolve(place).await?;
    match timeout(TCP_DEADLINE, connect(&addresses, source)).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(tcp_failure(place, &error)),
        Err(_) => Err(tcp_failure(place, &ErrorKind::TimedOut.into())),
    }
}

/// The first proxy that opens a way to the server; the last failure when none does.
async fn through_proxies(
    route: &Route,
    source: Option<IpAddr>,
) -> Result<(TcpStream, &Mps), Failure> {
    let mut last = None;
    for proxy in &route.proxies {
        let mut socket = match reach(proxy, source).await {
            Ok(socket) => socket,
            Err(failure) => {
                last = Some(failure);
                continue;
            }
        };
        match timeout(TCP_DEADLINE, ask_proxy(&mut socket, &route.mps)).await {
            Ok(Ok(())) => return Ok((socket, proxy)),
            Ok(Err(error)) => last = Some(proxy_failure(proxy, &error)),
            Err(_) => last = Some(proxy_failure(proxy, &ErrorKind::TimedOut.into())),
        }
    }
    Err(last.unwrap_or_else(|| Failure::internal("there is no proxy to go through".into())))
}

/// HTTP CONNECT (RFC 9110, 9.3.6).
async fn ask_proxy(socket: &mut TcpStream, mps: &Mps) -> io::Result<()> {
    let request = format!("CONNECT {mps} HTTP/1.1\r\nHost: {mps}\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    // Byte by byte: what follows the head belongs to TLS.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= PROXY_HEAD {
            return Err(io::Error::other("its answer has no end"));
        }
        head.push(socket.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let line = head.lines().next().unwrap_or_default();
    let status = line.split_ascii_whitespace().nth(1).unwrap_or_default();
    if line.starts_with("HTTP/1.") && status.len() == 3 && status.starts_with('2') {
        return Ok(());
    }
    Err(io::Error::other(format!("it answered `{}`", line.trim())))
}

fn proxy_failure(proxy: &Mps, error: &io::Error) -> Failure {
    Failure {
        note: format!("no way through the proxy {proxy}: {error}"),
        ..tcp_failure(proxy, error)
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
