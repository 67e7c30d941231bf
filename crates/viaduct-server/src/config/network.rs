//! A set of addresses as people write it: one address, or a network in CIDR notation.

use std::{fmt, net::IpAddr, str::FromStr};

/// An address or a network (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an address before the slash.
    #[error("`{0}` is not an IP address")]
    Address(String),
    /// Not a prefix length after the slash.
    #[error("`/{0}` is not a prefix length from /0 to /{1}")]
    Prefix(String, u8),
    /// The address has bits that the prefix does not cover; probably a typing error.
    #[error("{given} has bits set after the prefix; the network is {network}")]
    HostBits {
        /// As written.
        given: String,
        /// What it would be.
        network: String,
    },
}

impl Network {
    /// Whether the address belongs to it. An IPv4 address in IPv6 form (`::ffff:192.0.2.7`) counts as IPv4,
    /// because that is how sockets that listen on both report it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(a) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(a) & mask).into())
        }
        IpAddr::V6(a) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(a) & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr =
            address.parse().map_err(|_| NetworkError::Address(address.to_owned()))?;
        let width = width(address);
        let prefix = match prefix {
            None => width,
            Some(p) => p
                .parse()
                .ok()
                .filter(|n| *n <= width)
                .ok_or_else(|| NetworkError::Prefix(p.to_owned(), width))?,
        };
        let network = masked(address, prefix);
        if network != address {
            return Err(NetworkError::HostBits {
                given: text.to_owned(),
                network: format!("{network}/{prefix}"),
            });
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == width(self.address) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_belongs_to_its_network_and_to_no_other() {
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.9"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn a_wrong_network_is_refused_and_the_message_says_what_it_would_be() {
        for wrong in ["", "proxy", "192.0.2.0/33", "192.0.2.0/", "192.0.2/24", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let error = "192.0.2.7/24".parse::<Network>().unwrap_err();
        assert!(error.to_string().contains("192.0.2.0/24"), "{error}");
    }
}
