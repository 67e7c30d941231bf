//! Connections to receivers: the name is resolved once, every address is judged, and only an address that passed is
//! connected to. Whoever controls a name cannot lead us into our own network that way.

use crate::tls::OutgoingTls;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// Resolving, connecting and TLS must be done so soon, each.
const STEP: Duration = Duration::from_secs(5);

/// Bytes in both directions.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Where a receiver is.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, at least `/`.
    pub(super) path: String,
    pub(super) tls: bool,
    /// Whether it may be on this machine or in a private network.
    pub(super) private: bool,
}

impl Target {
    /// From a URL that the configuration's check has let through.
    pub(super) fn parse(url: &str, private: bool) -> Option<Self> {
        let url: hyper::Uri = url.parse().ok()?;
        let (tls, usual) = match url.scheme_str()? {
            "https" => (true, 443),
            "http" => (false, 80),
            "mqtts" => (true, 8883),
            "mqtt" => (false, 1883),
            _ => return None,
        };
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        Some(Self { host, port: url.port_u16().unwrap_or(usual), path, tls, private })
    }

    /// `host[:port]` as HTTP wants it.
    pub(super) fn authority(&self) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Connects, with TLS when there is one.
    pub(super) async fn connect(&self, tls: Option<&OutgoingTls>) -> io::Result<Box<dyn Io>> {
        let tcp = self.dial().await?;
        match tls {
            None => Ok(Box::new(tcp)),
            Some(tls) => {
                let stream = within(tls.connect(&self.host, tcp), "TLS").await?;
                Ok(Box::new(stream))
            }
        }
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let found = lookup_host((self.host.as_str(), self.port));
        let found: Vec<SocketAddr> = within(found, "the name service").await?.collect();
        let mut last = match found.iter().find(|address| !self.allows(address.ip())) {
            Some(refused) if found.iter().all(|address| !self.allows(address.ip())) => {
                io::Error::other(format!(
                    "{} is {}, which is private; allow_private = true would permit it",
                    self.host,
                    refused.ip()
                ))
            }
            _ => io::Error::other(format!("{} has no address", self.host)),
        };
        for address in found.into_iter().filter(|address| self.allows(address.ip())) {
            match within(TcpStream::connect(address), "the receiver").await {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    return Ok(tcp);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || (self.private && is_private(address))
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>, who: &str) -> io::Result<T> {
    match timeout(STEP, work).await {
        Ok(result) => result,
        Err(_) => {
            let text = format!("{who} did not answer within {} s", STEP.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }
    }
}

/// This machine and networks that are somebody's own. Also the networks between a provider and its customers.
fn is_private(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Addresses of the public Internet: everything but the registries of special addresses (RFC 6890 and later).
fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(is_private(IpAddr::V4(v4))
                || a == 0
                || a >= 224
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (b == 18 || b == 19))
                || v4.is_documentation())
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            // Only 2000::/3 is given out. In it, Teredo and other protocols (2001::/23), documentation, 6to4.
            first & 0xe000 == 0x2000
                && !(first == 0x2001 && second < 0x200)
                && !(first == 0x2001 && second == 0xdb8)
                && !(first == 0x3fff && second < 0x1000)
                && first != 0x2002
        }
    }
}

/// The IPv4 address inside, where there is one: mapped, or behind a translator (64:ff9b::/96).
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in
            ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::808:808"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
        ] {
            let address = private.parse().unwrap();
            assert!(!is_public(address) && is_private(address), "{private}");
        }
        for neither in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "::",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "::127.0.0.1",
            "64:ff9b:1::1",
            "4000::1",
        ] {
            let address = neither.parse().unwrap();
            assert!(!is_public(address) && !is_private(address), "{neither}");
        }
    }

    #[test]
    fn urls_become_targets() {
        for (url, host, port, path, tls, authority) in [
            ("https://a.example", "a.example", 443, "/", true, "a.example"),
            ("https://a.example:8443/x?y=1", "a.example", 8443, "/x?y=1", true, "a.example:8443"),
            ("http://[::1]:81/x", "::1", 81, "/x", false, "[::1]:81"),
            ("mqtts://broker", "broker", 8883, "/", true, "broker:8883"),
        ] {
            let target = Target::parse(url, false).unwrap();
            let seen = (target.host.as_str(), target.port, target.path.as_str(), target.tls);
            assert_eq!(seen, (host, port, path, tls), "{url}");
            assert_eq!(target.authority(), authority);
        }
        assert!(Target::parse("ftp://a.example", false).is_none());
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("http://{host}:{port}/");
            let refused = Target::parse(&url, false).unwrap().connect(None).await.err().unwrap();
            assert!(refused.to_string().contains("private"), "{refused}");
            assert!(Target::parse(&url, true).unwrap().connect(None).await.is_ok());
        }
    }
}
