//! What a client offers: a reader of the ClientHello that works before the handshake starts.
//!
//! Reading it first lets the certificate be chosen by what the firmware can use, and keeps the facts also
//! when the handshake fails, which is the diagnosis that people miss most. Layouts: RFC 5246 §7.4.1,
//! RFC 8446 §4.

use serde::{Deserialize, Serialize};

/// What a client offered in its ClientHello, kept also when the handshake fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloFacts {
    /// Highest version offered, e.g. "TLS 1.2".
    pub version: String,
    /// Suites by IANA number.
    pub suites: Vec<u16>,
    /// Groups (curves) by IANA number; empty when the extension is absent.
    pub groups: Vec<u16>,
    /// Signature algorithms by IANA number; empty when the extension is absent.
    pub signature_algorithms: Vec<u16>,
    /// Server name indication. AMT is not known to send it.
    pub server_name: Option<String>,
}

/// How much of a ClientHello is buffered before the handshake goes on without its facts.
pub(super) const HELLO_MAX: usize = 8 << 10;

/// Facts kept of one list; a real client offers fewer.
const LIST_MAX: usize = 128;

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FirstBytes {
    /// More bytes are needed.
    Incomplete,
    /// A complete ClientHello.
    Hello(Box<HelloFacts>),
    /// TLS, but not a hello that can be read here (SSLv2 framing, too long): OpenSSL decides.
    Unreadable,
    /// No TLS at all.
    NotTls,
}

/// Suites with AES-128: a client that offers none is taken for AMT 22, which also rejects 2048-bit keys.
const AES_128: [u16; 24] = [
    0x002F, 0x0031, 0x0032, 0x0033, 0x003C, 0x003F, 0x0040, 0x0067, 0x009C, 0x009E, 0x00A2, 0xC004,
    0xC009, 0xC00E, 0xC013, 0xC023, 0xC027, 0xC02B, 0xC02F, 0xC09C, 0xC09E, 0x1301, 0x1304, 0x1305,
];

impl HelloFacts {
    /// Whether the client offers any suite with AES-128.
    #[must_use]
    pub fn offers_aes_128(&self) -> bool {
        self.suites.iter().any(|suite| AES_128.contains(suite))
    }

    /// One line for people: version and suites.
    #[must_use]
    pub fn summary(&self) -> String {
        let suites: Vec<String> = self.suites.iter().take(12).map(|s| format!("{s:04x}")).collect();
        let more = if self.suites.len() > 12 { ", …" } else { "" };
        format!("{}, suites {}{more}", self.version, suites.join(", "))
    }
}

/// Reads the first bytes of a connection.
pub(super) fn read(bytes: &[u8]) -> FirstBytes {
    let Some(&first) = bytes.first() else { return FirstBytes::Incomplete };
    if first & 0x80 != 0 {
        // Two-byte SSLv2 record header, as really old stacks send it.
        return FirstBytes::Unreadable;
    }
    if first != 22 || bytes.get(1).is_some_and(|major| *major != 3) {
        return FirstBytes::NotTls;
    }
    let mut handshake = Vec::new();
    let mut rest = bytes;
    loop {
        if let Some(length) = hello_length(&handshake) {
            let Some(length) = length else { return FirstBytes::NotTls };
            if length > HELLO_MAX {
                return FirstBytes::Unreadable;
            }
            if let Some(body) = handshake.get(4..4 + length) {
                return parse(body)
                    .map_or(FirstBytes::Unreadable, |facts| FirstBytes::Hello(Box::new(facts)));
            }
        }
        let (Some(kind), Some(length)) = (rest.first(), rest.get(3..5)) else { break };
        if *kind != 22 {
            return FirstBytes::Unreadable;
        }
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let end = (5 + length).min(rest.len());
        handshake.extend_from_slice(&rest[5..end]);
        if end < 5 + length && hello_length(&handshake).is_none() {
            break;
        }
        if rest.len() <= 5 + length {
            rest = &[];
            if hello_length(&handshake).flatten().is_none_or(|n| handshake.len() < 4 + n) {
                break;
            }
        } else {
            rest = &rest[5 + length..];
        }
    }
    if bytes.len() >= HELLO_MAX { FirstBytes::Unreadable } else { FirstBytes::Incomplete }
}

/// Length of the ClientHello; `Some(None)` when this is another handshake message.
fn hello_length(handshake: &[u8]) -> Option<Option<usize>> {
    let head = handshake.get(..4)?;
    let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
    Some((head[0] == 1).then_some(length))
}

/// A cursor over length-prefixed fields.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    fn u8(&mut self) -> Option<usize> {
        self.take(1).map(|b| usize::from(b[0]))
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_be_bytes([b[0], b[1]]))
    }

    fn vector(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).take(LIST_MAX).map(|b| u16::from_be_bytes([b[0], b[1]])).collect()
}

fn parse(body: &[u8]) -> Option<HelloFacts> {
    let mut fields = Fields(body);
    let mut highest = fields.u16()?;
    fields.take(32)?;
    let id = fields.u8()?;
    fields.take(id)?;
    let suites = numbers(fields.vector()?);
    let compressions = fields.u8()?;
    fields.take(compressions)?;
    let mut facts = HelloFacts {
        version: String::new(),
        suites,
        groups: Vec::new(),
        signature_algorithms: Vec::new(),
        server_name: None,
    };
    // Old firmware sends no extensions at all.
    let mut extensions = Fields(fields.vector().unwrap_or_default());
    while let (Some(kind), Some(content)) = (extensions.u16(), extensions.vector()) {
        match kind {
            0 => facts.server_name = server_name(content),
            10 => facts.groups = numbers(content.get(2..).unwrap_or_default()),
            13 => facts.signature_algorithms = numbers(content.get(2..).unwrap_or_default()),
            43 => {
                let versions = numbers(content.get(1..).unwrap_or_default());
                let known = versions.into_iter().filter(|v| (0x0301..=0x0304).contains(v));
                highest = known.max().unwrap_or(highest).max(highest);
            }
            _ => {}
        }
    }
    facts.version = version_name(highest);
    Some(facts)
}

fn server_name(content: &[u8]) -> Option<String> {
    let mut list = Fields(content.get(2..)?);
    if list.u8()? != 0 {
        return None;
    }
    let name = list.vector()?;
    let plain = name.len() <= 255 && name.iter().all(|b| b.is_ascii_graphic());
    plain.then(|| String::from_utf8_lossy(name).into_owned())
}

fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".into(),
        0x0301 => "TLS 1.0".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        0x0304 => "TLS 1.3".into(),
        other => format!("version {other:04x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.push(0);
        body.extend([0, 4, 0x00, 0x2F, 0x00, 0x9D, 1, 0]);
        if !extensions.is_empty() {
            body.extend((extensions.len() as u16).to_be_bytes());
            body.extend(extensions);
        }
        let mut message = vec![1, 0];
        message.extend((body.len() as u16).to_be_bytes());
        message.extend(body);
        message
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in message.chunks(size) {
            out.extend([22, 3, 1]);
            out.extend((piece.len() as u16).to_be_bytes());
            out.extend(piece);
        }
        out
    }

    #[test]
    fn a_hello_without_extensions_is_read_however_it_is_cut() {
        for size in [1, 3, 7, 4096] {
            let bytes = records(&hello(&[]), size);
            for cut in 1..bytes.len() {
                assert_eq!(read(&bytes[..cut]), FirstBytes::Incomplete, "{size} {cut}");
            }
            let FirstBytes::Hello(facts) = read(&bytes) else { panic!("not read") };
            assert_eq!(facts.version, "TLS 1.2");
            assert_eq!(facts.suites, [0x002F, 0x009D]);
            assert!(facts.offers_aes_128());
        }
    }

    #[test]
    fn extensions_name_version_groups_algorithms_and_server() {
        let extensions = [
            &[0, 0, 0, 8, 0, 6, 0, 0, 3, b'm', b'p', b's'][..],
            &[0, 10, 0, 4, 0, 2, 0, 23],
            &[0, 13, 0, 4, 0, 2, 4, 1],
            &[0, 43, 0, 3, 2, 3, 4],
        ]
        .concat();
        let FirstBytes::Hello(facts) = read(&records(&hello(&extensions), 4096)) else {
            panic!("not read")
        };
        assert_eq!(facts.version, "TLS 1.3");
        assert_eq!(facts.groups, [23]);
        assert_eq!(facts.signature_algorithms, [0x0401]);
        assert_eq!(facts.server_name.as_deref(), Some("mps"));
    }

    #[test]
    fn what_is_no_tls_is_said_at_once() {
        assert_eq!(read(b"GET / HTTP/1.1"), FirstBytes::NotTls);
        assert_eq!(read(&[0xc0]), FirstBytes::Unreadable);
        assert_eq!(read(&[22, 9]), FirstBytes::NotTls);
    }
}
