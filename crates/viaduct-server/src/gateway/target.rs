//! The grammar of proxy targets: a device and a port, never an address.

use std::{fmt, net::IpAddr};

/// The longest name: SOCKS5 has one length byte, DNS ends at 253.
const NAME_MAX: usize = 255;

/// A device by any of its names, and a port of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// UUID, name, FQDN or first label; lower case, without a trailing dot.
    pub device: String,
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.port)
    }
}

/// Why a text is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("addresses are never dialled; name a device")]
    Address,
    #[error("the device's name is empty or longer than {NAME_MAX} bytes")]
    Length,
    #[error("the device's name has a character that no name has")]
    Character,
    #[error("the port is missing or not a number from 1 to 65535")]
    Port,
}

impl Target {
    /// Checks host and port as a console gave them.
    pub fn new(host: &[u8], port: u16) -> Result<Self, TargetError> {
        let host = host.strip_suffix(b".").unwrap_or(host);
        if host.is_empty() || host.len() > NAME_MAX {
            return Err(TargetError::Length);
        }
        let text = std::str::from_utf8(host).map_err(|_| TargetError::Character)?;
        if is_address(text) {
            return Err(TargetError::Address);
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
            return Err(TargetError::Character);
        }
        if port == 0 {
            return Err(TargetError::Port);
        }
        Ok(Self { device: text.to_ascii_lowercase(), port })
    }

    /// Reads `host:port`.
    pub fn parse(authority: &str) -> Result<Self, TargetError> {
        if authority.starts_with('[') {
            return Err(TargetError::Address);
        }
        let (host, port) = authority.rsplit_once(':').ok_or(TargetError::Port)?;
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TargetError::Port);
        }
        Self::new(host.as_bytes(), port.parse().map_err(|_| TargetError::Port)?)
    }
}

/// Literals in every form that some resolver takes for an address, and the name of this machine.
fn is_address(text: &str) -> bool {
    let numeric = |part: &str| {
        let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        match hex {
            Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
            None => !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
        }
    };
    let lower = text.to_ascii_lowercase();
    text.contains(':')
        || text.parse::<IpAddr>().is_ok()
        || text.split('.').all(numeric)
        || lower == "localhost"
        || lower.ends_with(".localhost")
}

/// Text of a console or device, bounded and inert.
pub(super) fn shown(text: &[u8]) -> String {
    let cut = &text[..text.len().min(80)];
    let mut shown: String =
        cut.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '?' }).collect();
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_targets() {
        for (text, device, port) in [
            ("PC-01:16992", "pc-01", 16992),
            ("pc-01.demo.example.:5900", "pc-01.demo.example", 5900),
            (
                "4C4C4544-004B-4210-8033-B6C04F504633:16994",
                "4c4c4544-004b-4210-8033-b6c04f504633",
                16994,
            ),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.device.as_str(), target.port), (device, port));
        }
    }

    #[test]
    fn addresses_in_any_form_are_no_targets() {
        for host in [
            "127.0.0.1",
            "10.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "[::1]",
            "::1",
            "::ffff:127.0.0.1",
            "localhost",
            "LOCALHOST.",
            "x.localhost",
            "169.254.169.254",
        ] {
            assert_eq!(
                Target::parse(&format!("{host}:16992")),
                Err(TargetError::Address),
                "{host}"
            );
        }
    }

    #[test]
    fn what_is_no_name_or_no_port_is_refused() {
        for text in ["user@pc:16992", "pc%2e:1", "pc 1:1", "pc\r\n:1", "pc/..:1"] {
            assert_eq!(Target::parse(text), Err(TargetError::Character), "{text}");
        }
        for text in ["pc", "pc:", "pc:0", "pc:65536", "pc:+80", "pc:80x"] {
            assert_eq!(Target::parse(text), Err(TargetError::Port), "{text}");
        }
        assert_eq!(Target::parse(":80"), Err(TargetError::Length));
        assert_eq!(Target::new(&[b'a'; 256], 80), Err(TargetError::Length));
    }
}
