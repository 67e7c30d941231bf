//! The network that a platform finds itself in.

use crate::{Surroundings, remote_access::Environment};
use serde::{Deserialize, Serialize};
use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Where a platform is told it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// A network that nobody configured as one of the company's.
    #[default]
    Outside,
    /// One of those that are configured, whatever they are called.
    Inside,
    /// The network of this DNS suffix, as DHCP tells it.
    Suffix(String),
    /// The one in which the platform has this IPv6 address, as its router tells it.
    Address(Ipv6Addr),
    /// None: the link is down.
    Down,
}

/// A word that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no network; write inside, outside, down, the DNS suffix of one (a name with a dot), or an IPv6 address \
     that the platform has there"
)]
pub struct UnknownNetwork(pub String);

impl FromStr for Network {
    type Err = UnknownNetwork;
    fn from_str(word: &str) -> Result<Self, UnknownNetwork> {
        match word {
            "outside" => Ok(Self::Outside),
            "inside" => Ok(Self::Inside),
            "down" => Ok(Self::Down),
            address if address.contains(':') => {
                address.parse().map(Self::Address).map_err(|_| UnknownNetwork(word.into()))
            }
            suffix if suffix.contains('.') && !suffix.contains(char::is_whitespace) => {
                Ok(Self::Suffix(suffix.into()))
            }
            _ => Err(UnknownNetwork(word.into())),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside => f.write_str("outside"),
            Self::Inside => f.write_str("inside"),
            Self::Suffix(suffix) => f.write_str(suffix),
            Self::Address(address) => address.fmt(f),
            Self::Down => f.write_str("down"),
        }
    }
}

impl Network {
    /// Where a platform with these settings takes itself to be. One without any is inside everywhere.
    #[must_use]
    pub fn seen_from(&self, environment: &Environment) -> Surroundings {
        let inside = !environment.is_configured()
            || match self {
                Self::Outside | Self::Down => false,
                Self::Inside => true,
                Self::Suffix(suffix) => environment.is_inside(suffix),
                Self::Address(address) => environment.is_inside_by_address(*address),
            };
        if inside { Surroundings::Inside } else { Surroundings::Outside }
    }

    /// Its DNS suffix; empty when it has none or nobody knows it.
    #[must_use]
    pub fn suffix(&self) -> &str {
        match self {
            Self::Suffix(suffix) => suffix,
            Self::Outside | Self::Inside | Self::Address(_) | Self::Down => "",
        }
    }
}
