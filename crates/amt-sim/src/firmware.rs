//! Generations of firmware, as data: what a server can tell them apart by.

use crate::remote_access::Limits;
use openssl::ssl::SslVersion;
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

/// One generation of Intel AMT firmware.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Firmware {
    /// Short name, `15.0`.
    pub name: String,
    /// Full version, as the platform's `Server` header and software identity say it.
    pub version: String,
    /// Lowest and highest TLS version offered: `1.0` to `1.3`.
    pub tls: [TlsVersion; 2],
    /// Suites offered up to TLS 1.2, in OpenSSL's names, in this order.
    pub suites: String,
    /// Suites offered in TLS 1.3.
    #[serde(default)]
    pub suites13: Option<String>,
    /// Groups offered for ECDHE; absent leaves OpenSSL's own.
    #[serde(default)]
    pub groups: Option<String>,
    /// Smallest and largest RSA key of a server certificate that is taken, in bits.
    pub leaf_rsa: [u32; 2],
    /// Ports forwarded, in this order.
    pub ports: Vec<u16>,
    /// How much of remote access there is room for.
    #[serde(default, rename = "remote-access")]
    pub remote_access: Limits,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum TlsVersion {
    /// RFC 2246.
    #[serde(rename = "1.0")]
    Tls10,
    /// RFC 4346.
    #[serde(rename = "1.1")]
    Tls11,
    /// RFC 5246.
    #[serde(rename = "1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    Tls13,
}

impl TlsVersion {
    pub(crate) fn for_openssl(self) -> SslVersion {
        match self {
            Self::Tls10 => SslVersion::TLS1,
            Self::Tls11 => SslVersion::TLS1_1,
            Self::Tls12 => SslVersion::TLS1_2,
            Self::Tls13 => SslVersion::TLS1_3,
        }
    }
}

/// A name that is no known generation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no firmware profile is called `{name}`; there are {known}; choose one of them")]
pub struct UnknownFirmware {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: String,
}

#[derive(Deserialize)]
struct Profiles {
    profile: Vec<Firmware>,
}

static PROFILES: LazyLock<Vec<Arc<Firmware>>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the data is part of the program and read by a test")]
    let profiles: Profiles =
        toml::from_str(include_str!("firmware.toml")).expect("firmware.toml is well formed");
    profiles.profile.into_iter().map(Arc::new).collect()
});

impl Firmware {
    /// What a platform has when nobody chose: new enough for ECDHE, old enough for all seven ports.
    pub const DEFAULT: &'static str = "15.0";

    /// All known generations, oldest first.
    #[must_use]
    pub fn all() -> &'static [Arc<Self>] {
        &PROFILES
    }

    /// The generation of this short name.
    ///
    /// # Errors
    /// When there is none; the error lists those that there are.
    pub fn named(name: &str) -> Result<Arc<Self>, UnknownFirmware> {
        let found = PROFILES.iter().find(|profile| profile.name == name).cloned();
        found.ok_or_else(|| {
            let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name.as_str()).collect();
            UnknownFirmware { name: name.into(), known: known.join(", ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_complete() {
        let names: Vec<&str> = Firmware::all().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["9.1", "11.8", "12.0", "15.0", "16.1", "18.0", "22.0"]);
        for firmware in Firmware::all() {
            assert!(firmware.version.starts_with(&format!("{}.", firmware.name)));
            assert!(
                firmware.tls[0] <= firmware.tls[1] && firmware.leaf_rsa[0] <= firmware.leaf_rsa[1]
            );
            assert_eq!(firmware.tls[1] == TlsVersion::Tls13, firmware.suites13.is_some());
            assert_eq!(firmware.ports.first(), Some(&16993));
        }
        assert!(Firmware::named(Firmware::DEFAULT).is_ok());
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Firmware::named("6.2").unwrap_err().to_string();
        assert!(error.contains("`6.2`") && error.contains("16.1"), "{error}");
    }
}
