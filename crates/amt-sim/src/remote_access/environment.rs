//! Environment detection: how a platform tells the company's network from others.

use serde::{Deserialize, Serialize};
use std::net::Ipv6Addr;

/// Suffixes that fit (MeshCommander offers as many).
const SUFFIXES: usize = 5;
/// Longest suffix in characters (SDK, "Configuring environment detection").
const LONGEST: usize = 190;
/// IPv6 prefixes that fit.
const PREFIXES: usize = 5;

/// What names the inside. Nothing: the platform takes itself to be inside everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// DNS suffixes of networks inside.
    pub suffixes: Vec<String>,
    /// IPv6 prefixes of networks inside, `2001:db8::/32`.
    pub ipv6_prefixes: Vec<String>,
}

/// Why a setting is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// More strings than there is room for.
    #[error("more than {SUFFIXES} DNS suffixes or {PREFIXES} IPv6 prefixes")]
    TooMany,
    /// A string that is no DNS suffix.
    #[error("`{0}` is no DNS suffix of at most {LONGEST} characters")]
    Suffix(String),
    /// A string that is no IPv6 prefix.
    #[error("`{0}` is no IPv6 prefix (ADDRESS/LENGTH)")]
    Prefix(String),
}

impl Environment {
    /// Checks what a console wants to set.
    ///
    /// # Errors
    /// When something is too long, too much, or of another form.
    pub fn new(
        suffixes: Vec<String>,
        ipv6_prefixes: Vec<String>,
    ) -> Result<Self, EnvironmentError> {
        if suffixes.len() > SUFFIXES || ipv6_prefixes.len() > PREFIXES {
            return Err(EnvironmentError::TooMany);
        }
        if let Some(bad) = suffixes.iter().find(|suffix| !is_suffix(suffix)) {
            return Err(EnvironmentError::Suffix(bad.clone()));
        }
        if let Some(bad) = ipv6_prefixes.iter().find(|prefix| parse_prefix(prefix).is_none()) {
            return Err(EnvironmentError::Prefix(bad.clone()));
        }
        Ok(Self { suffixes, ipv6_prefixes })
    }

    /// Whether anything is set. Firmware dials nobody while nothing is.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.suffixes.is_empty() || !self.ipv6_prefixes.is_empty()
    }

    /// Whether a network of this DNS suffix is one of those inside.
    #[must_use]
    pub fn is_inside(&self, network: &str) -> bool {
        let network = network.trim_end_matches('.');
        self.suffixes.iter().any(|suffix| {
            let suffix = suffix.trim_matches('.');
            network.eq_ignore_ascii_case(suffix) || ends_with_label(network, suffix)
        })
    }

    /// Whether a network in which the platform has this IPv6 address is one of those inside.
    #[must_use]
    pub fn is_inside_by_address(&self, address: Ipv6Addr) -> bool {
        self.ipv6_prefixes.iter().any(|prefix| begins_with(address, prefix))
    }
}

/// Whether the address begins with the prefix's bits.
fn begins_with(address: Ipv6Addr, prefix: &str) -> bool {
    let Some((network, length)) = parse_prefix(prefix) else { return false };
    // A length of 0 leaves nothing to compare.
    let differ = address.to_bits() ^ network.to_bits();
    differ.checked_shr(128_u32.saturating_sub(length)).unwrap_or(0) == 0
}

/// Whether `suffix` is what follows one of the dots of `name`.
pub(super) fn ends_with_label(name: &str, suffix: &str) -> bool {
    let Some(at) = name.len().checked_sub(suffix.len()) else { return false };
    let tail = name.get(at..).unwrap_or_default();
    let dot = at.checked_sub(1).and_then(|before| name.as_bytes().get(before));
    dot == Some(&b'.') && tail.eq_ignore_ascii_case(suffix)
}

fn is_suffix(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (1..=LONGEST).contains(&text.len()) && text.chars().all(allowed)
}

/// Address and length.
fn parse_prefix(text: &str) -> Option<(Ipv6Addr, u32)> {
    let (address, length) = text.split_once('/')?;
    let length: u8 = length.parse().ok().filter(|length| *length <= 128)?;
    Some((address.parse().ok()?, length.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(suffixes: &[&str]) -> Result<Environment, EnvironmentError> {
        Environment::new(suffixes.iter().map(|s| (*s).to_owned()).collect(), Vec::new())
    }

    #[test]
    fn a_network_is_inside_when_its_name_ends_in_one_of_the_suffixes() {
        let office = environment(&["corp.example", "lab.example"]).unwrap();
        for (network, inside) in [
            ("corp.example", true),
            ("Berlin.CORP.example.", true),
            ("notcorp.example", false),
            ("example", false),
            ("home.lan", false),
            ("", false),
        ] {
            assert_eq!(office.is_inside(network), inside, "{network}");
        }
        assert!(!Environment::default().is_configured());
    }

    #[test]
    fn five_suffixes_of_190_characters_fit_and_no_more() {
        let longest = "a".repeat(190);
        assert!(environment(&[longest.as_str(); 5]).is_ok());
        assert_eq!(environment(&["a.example"; 6]), Err(EnvironmentError::TooMany));
        assert!(environment(&["a".repeat(191).as_str()]).is_err());
        for bad in ["", "two words", "ünicode.example", "a/b"] {
            assert!(environment(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn prefixes_are_ipv6_addresses_with_a_length() {
        let with = |prefix: &str| Environment::new(Vec::new(), vec![prefix.to_owned()]);
        assert!(with("2001:db8::/32").is_ok_and(|e| e.is_configured()));
        for bad in ["2001:db8::", "10.0.0.0/8", "2001:db8::/129"] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_is_inside_when_its_addresses_begin_with_one_of_the_prefixes() {
        for (prefix, address, inside) in [
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8:0:8000::/49", "2001:db8:0:8001::1", true),
            ("2001:db8:0:8000::/49", "2001:db8:0:7fff::1", false),
            ("2001:db8::7/128", "2001:db8::7", true),
            ("2001:db8::7/128", "2001:db8::8", false),
            ("::/0", "fe80::1", true),
        ] {
            let office = Environment::new(Vec::new(), vec![prefix.to_owned()]).unwrap();
            let found = office.is_inside_by_address(address.parse().unwrap());
            assert_eq!(found, inside, "{address} in {prefix}");
        }
    }
}
