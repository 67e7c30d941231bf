//! PROXY protocol version 2: the real source of a connection behind a load balancer or TLS terminator.
//!
//! Layout: HAProxy's "The PROXY protocol", section 2.2. Only the binary version is taken, only from
//! configured sources, and from these it is required, so a forged header from elsewhere is just bad TLS.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};
use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Address block and extensions; the specification's own limit for a sane sender is 536.
const BODY_MAX: usize = 2048;

/// Addresses and prefixes whose header is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(Vec<(IpAddr, u8)>);

impl Sources {
    /// Reads `address` or `address/bits` entries; the error names the entry.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let parse = |entry: &String| {
            let (address, bits) = entry.split_once('/').unwrap_or((entry, ""));
            let address: IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = if bits.is_empty() { most } else { bits.parse().ok()? };
            (bits <= most).then_some((address, bits))
        };
        let all: Result<_, _> = entries.iter().map(|e| parse(e).ok_or_else(|| e.clone())).collect();
        all.map(Self).map_err(|entry| {
            format!("`{entry}` is no address or prefix such as 192.0.2.1 or 2001:db8::/32")
        })
    }

    /// Whether headers of this source are believed.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(prefix, bits)| match (prefix, address.to_canonical()) {
            (IpAddr::V4(p), IpAddr::V4(a)) => {
                same_prefix(p.to_bits().into(), a.to_bits().into(), 96 + u32::from(*bits))
            }
            (IpAddr::V6(p), IpAddr::V6(a)) => {
                same_prefix(p.to_bits(), a.to_bits(), u32::from(*bits))
            }
            _ => false,
        })
    }
}

fn same_prefix(one: u128, other: u128, bits: u32) -> bool {
    bits == 0 || (one ^ other) >> (128 - bits) == 0
}

/// Reads one header. `None` is a health check of the proxy itself (LOCAL) or an unknown family.
pub(super) async fn read<T: AsyncRead + Unpin>(io: &mut T) -> io::Result<Option<SocketAddr>> {
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut head = [0; 16];
    io.read_exact(&mut head).await?;
    if head[..12] != SIGNATURE || head[12] >> 4 != 2 {
        return Err(bad("the header is missing"));
    }
    let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    if length > BODY_MAX {
        return Err(bad("the header is too long"));
    }
    let mut body = vec![0; length];
    io.read_exact(&mut body).await?;
    match (head[12] & 0x0f, head[13]) {
        (0, _) => Ok(None),
        (1, 0x11) => {
            let address: [u8; 4] = field(&body, 0).ok_or_else(|| bad("a short address"))?;
            let port: [u8; 2] = field(&body, 8).ok_or_else(|| bad("a short address"))?;
            Ok(Some(SocketAddr::from((address, u16::from_be_bytes(port)))))
        }
        (1, 0x21) => {
            let address: [u8; 16] = field(&body, 0).ok_or_else(|| bad("a short address"))?;
            let port: [u8; 2] = field(&body, 32).ok_or_else(|| bad("a short address"))?;
            let port = u16::from_be_bytes(port);
            Ok(Some(SocketAddr::from((Ipv6Addr::from(address), port))))
        }
        (1, _) => Ok(None),
        _ => Err(bad("an unknown command")),
    }
}

fn field<const N: usize>(body: &[u8], at: usize) -> Option<[u8; N]> {
    body.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &length, body].concat()
    }

    #[tokio::test]
    async fn a_header_names_the_real_source_and_leaves_the_rest() {
        let v4 = [192, 0, 2, 9, 10, 0, 0, 1, 0x1f, 0x90, 0x11, 0x51];
        let bytes = [header(1, 0x11, &v4), vec![22]].concat();
        let mut rest = &bytes[..];
        let source = read(&mut rest).await.unwrap();
        assert_eq!(source, Some("192.0.2.9:8080".parse().unwrap()));
        assert_eq!(rest, [22]);
        assert_eq!(read(&mut &header(0, 0, &[])[..]).await.unwrap(), None);
        assert!(
            read(&mut &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcde"[..]).await.is_err()
        );
    }

    #[test]
    fn sources_are_addresses_or_prefixes() {
        let sources = Sources::parse(&["192.0.2.0/24".into(), "2001:db8::1".into()]).unwrap();
        let has = |text: &str| sources.contains(text.parse().unwrap());
        assert!(has("192.0.2.77") && has("::ffff:192.0.2.77") && has("2001:db8::1"));
        assert!(!has("192.0.3.1") && !has("2001:db8::2"));
        assert!(Sources::parse(&["10.0.0.0/33".into()]).is_err());
        assert!(Sources::parse(&["example.com".into()]).is_err());
    }
}
