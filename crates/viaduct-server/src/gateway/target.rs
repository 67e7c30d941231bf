//! What a console asks for: `device:port`, and nothing else.
//!
//! A device is named by UUID, name, FQDN or first label of the FQDN. Everything that looks like a network address is
//! bad grammar, in each spelling that some program somewhere takes for one, so that a mistaken or hostile console
//! learns at once that this is no way into a network.

use std::fmt;

/// Longest name, in bytes: what a SOCKS5 domain can carry (RFC 1928 section 5).
pub(super) const NAME_LIMIT: usize = 255;

/// A device by one of its names, and the service port on it. Holds only names that passed the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    name: String,
    port: u16,
}

/// Why something is not `device:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No name at all.
    #[error("The name of the device is empty.")]
    Empty,
    /// More than 255 bytes.
    #[error("The name of the device is longer than 255 bytes.")]
    TooLong,
    /// An IPv4 or IPv6 address, in whatever spelling.
    #[error("The target is a network address; this proxy leads to devices, not into a network.")]
    Address,
    /// `localhost` or a name below it.
    #[error("The target is this machine; this proxy leads to devices, not into a network.")]
    Localhost,
    /// `user@device`.
    #[error("The target holds a user name (`user@`); it must be device:port alone.")]
    UserInfo,
    /// A byte that no device name has: control character, space, percent sign, not ASCII.
    #[error("The name of the device has characters that no device name has.")]
    Character,
    /// Two dots in a row, or one in front.
    #[error("The name of the device has an empty part between dots.")]
    Label,
    /// The port is missing.
    #[error("The target has no port.")]
    NoPort,
    /// The port is not a decimal number up to 65535.
    #[error("The port is not a number from 0 to 65535.")]
    Port,
}

impl Target {
    /// From a name and a port that came apart, as in SOCKS5.
    ///
    /// # Errors
    ///
    /// When the name is not one that a device can have.
    pub fn new(name: &[u8], port: u16) -> Result<Self, TargetError> {
        Ok(Self { name: device_name(name)?, port })
    }

    /// From `device:port` as CONNECT and URIs write it (RFC 9110 section 7.1); `default` stands for a missing port.
    ///
    /// # Errors
    ///
    /// When either half has bad grammar.
    pub fn from_authority(authority: &[u8], default: Option<u16>) -> Result<Self, TargetError> {
        if authority.contains(&b'@') {
            return Err(TargetError::UserInfo);
        }
        if authority.contains(&b'[') || authority.iter().filter(|byte| **byte == b':').count() > 1 {
            return Err(TargetError::Address);
        }
        let (name, port) = match authority.iter().position(|byte| *byte == b':') {
            Some(colon) => (&authority[..colon], Some(&authority[colon + 1..])),
            None => (authority, None),
        };
        let name = device_name(name)?;
        let port = match port {
            Some(digits) => port_number(digits)?,
            None => default.ok_or(TargetError::NoPort)?,
        };
        Ok(Self { name, port })
    }

    /// From the text `device:port`.
    ///
    /// # Errors
    ///
    /// When either half has bad grammar, or the port is missing.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        Self::from_authority(text.as_bytes(), None)
    }

    /// The device's name in lower case, without a trailing dot.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service port on the device. Whether it may be used is not a question of grammar.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

fn port_number(digits: &[u8]) -> Result<u16, TargetError> {
    let plain = !digits.is_empty() && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| plain);
    text.and_then(|text| text.parse().ok()).ok_or(TargetError::Port)
}

fn device_name(name: &[u8]) -> Result<String, TargetError> {
    if name.len() > NAME_LIMIT {
        return Err(TargetError::TooLong);
    }
    if name.contains(&b'@') {
        return Err(TargetError::UserInfo);
    }
    if name.iter().any(|byte| matches!(byte, b':' | b'[' | b']')) {
        return Err(TargetError::Address);
    }
    if !name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return Err(TargetError::Character);
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() {
        return Err(TargetError::Empty);
    }
    if name.split(|byte| *byte == b'.').any(<[u8]>::is_empty) {
        return Err(TargetError::Label);
    }
    if name.split(|byte| *byte == b'.').all(is_number) {
        return Err(TargetError::Address);
    }
    let name: String = name.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    if name == "localhost" || name.ends_with(".localhost") {
        return Err(TargetError::Localhost);
    }
    Ok(name)
}

/// True for what `inet_aton` takes for a part of an address: decimal, octal (leading zero) or hexadecimal (`0x`).
fn is_number(label: &[u8]) -> bool {
    match label {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_uuid_name_fqdn_or_label_in_any_case() {
        for (text, name, port) in [
            (
                "4C4C4544-0042-3010-8053-B7C04F4D3532:16992",
                "4c4c4544-0042-3010-8053-b7c04f4d3532",
                16992,
            ),
            ("pc-01:16993", "pc-01", 16993),
            ("PC-01.Demo.Example.:16994", "pc-01.demo.example", 16994),
            ("till_7:5900", "till_7", 5900),
            ("7.example:1", "7.example", 1),
            ("pc-01:0", "pc-01", 0),
        ] {
            let target = Target::from_authority(text.as_bytes(), None).unwrap();
            assert_eq!((target.name(), target.port()), (name, port), "{text}");
        }
        assert_eq!(Target::from_authority(b"pc-01", Some(80)).unwrap().port(), 80);
        assert_eq!(Target::new(b"Pc-01", 16992).unwrap().to_string(), "pc-01:16992");
    }

    #[test]
    fn every_spelling_of_an_address_is_bad_grammar() {
        for text in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0X7F.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "169.254.169.254",
            "1.2.3.4.5",
            "10.0.0.1.",
            "0x",
            "0",
            "::1",
            "::",
            "[::1]",
            "::ffff:127.0.0.1",
            "[::ffff:7f00:1]",
            "fe80::1%eth0",
        ] {
            let error = Target::new(text.as_bytes(), 16992).unwrap_err();
            assert_eq!(error, TargetError::Address, "{text}");
            let with_port = format!("{text}:16992");
            let error = Target::from_authority(with_port.as_bytes(), None).unwrap_err();
            assert_eq!(error, TargetError::Address, "{with_port}");
        }
    }

    #[test]
    fn names_of_this_machine_and_shapes_that_confuse_parsers_are_bad_grammar() {
        let long = "a".repeat(256);
        for (text, error) in [
            ("", TargetError::Empty),
            (".", TargetError::Empty),
            ("..", TargetError::Label),
            (".pc-01", TargetError::Label),
            ("pc..demo", TargetError::Label),
            ("localhost", TargetError::Localhost),
            ("LOCALHOST.", TargetError::Localhost),
            ("metadata.localhost", TargetError::Localhost),
            ("pc-01@127.0.0.1", TargetError::UserInfo),
            ("a@b", TargetError::UserInfo),
            ("pc 01", TargetError::Character),
            ("pc-01\r\nHost: x", TargetError::Address),
            ("pc-01\r\n", TargetError::Character),
            ("pc-01\0", TargetError::Character),
            ("pc%2d01", TargetError::Character),
            ("pc-01/", TargetError::Character),
            ("pc-01#", TargetError::Character),
            ("pc-01\\x", TargetError::Character),
            ("１２７.0.0.1", TargetError::Character),
            ("b\u{fc}ro", TargetError::Character),
            (long.as_str(), TargetError::TooLong),
        ] {
            assert_eq!(Target::new(text.as_bytes(), 16992), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_port_is_a_plain_decimal_number() {
        for text in ["pc:", "pc:+1", "pc:-1", "pc: 1", "pc:0x10", "pc:65536", "pc:016992", "pc:1a"]
        {
            let error = Target::from_authority(text.as_bytes(), Some(80)).unwrap_err();
            assert_eq!(error, TargetError::Port, "{text}");
        }
        assert_eq!(Target::from_authority(b"pc", None), Err(TargetError::NoPort));
    }
}
