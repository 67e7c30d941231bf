//! A Management Presence Server as a platform knows it.

use super::{Code, Limits};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Longest address or name.
const LONGEST: usize = 256;

/// One entry of the table (AMT_ManagementPresenceRemoteSAP with its credential).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its number, part of its name.
    pub number: u32,
    /// Where it is.
    pub access: Access,
    /// How the platform shows it who it is.
    pub login: Login,
    /// Handle of the trusted root by which it was last verified; none before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<u32>,
}

impl Server {
    /// The common name that its certificate must carry: of an address the one that was configured, of a name the
    /// name itself.
    #[must_use]
    pub fn expected_name(&self) -> &str {
        match (&self.access.cn, self.access.format) {
            (Some(cn), InfoFormat::Ipv4 | InfoFormat::Ipv6) => cn,
            _ => &self.access.info,
        }
    }
}

/// An address of another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Address or name.
    pub info: String,
    /// Which of them.
    pub format: InfoFormat,
    /// TCP port.
    pub port: u16,
    /// Common name of the certificate, for an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cn: Option<String>,
}

/// What an address is (`InfoFormat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InfoFormat {
    /// 3
    Ipv4,
    /// 4
    Ipv6,
    /// 201
    Fqdn,
}

impl InfoFormat {
    /// The number of WS-Man.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Ipv4 => 3,
            Self::Ipv6 => 4,
            Self::Fqdn => 201,
        }
    }

    /// The reverse.
    #[must_use]
    pub fn of_number(number: u32) -> Option<Self> {
        [Self::Ipv4, Self::Ipv6, Self::Fqdn].into_iter().find(|format| format.number() == number)
    }

    /// What a text is.
    #[must_use]
    pub fn of(info: &str) -> Self {
        match info.parse() {
            Ok(IpAddr::V4(_)) => Self::Ipv4,
            Ok(IpAddr::V6(_)) => Self::Ipv6,
            Err(_) => Self::Fqdn,
        }
    }
}

impl Access {
    /// Whether the parts fit each other.
    pub(crate) fn check(&self) -> Result<(), Code> {
        let right = match self.format {
            InfoFormat::Ipv4 => self.info.parse::<Ipv4Addr>().is_ok(),
            InfoFormat::Ipv6 => self.info.parse::<Ipv6Addr>().is_ok(),
            InfoFormat::Fqdn => is_name(&self.info),
        };
        let named = self.cn.as_deref().is_some_and(|cn| (1..=LONGEST).contains(&cn.len()));
        let needs_name = self.format != InfoFormat::Fqdn;
        if right && self.port != 0 && (named || !needs_name) {
            return Ok(());
        }
        Err(Code::InvalidParameter)
    }

    /// Whether both lead to the same place.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        self.port == other.port && self.info.eq_ignore_ascii_case(&other.info)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            InfoFormat::Ipv6 => write!(f, "[{}]:{}", self.info, self.port),
            InfoFormat::Ipv4 | InfoFormat::Fqdn => write!(f, "{}:{}", self.info, self.port),
        }
    }
}

/// Letters, digits, hyphens and underscores between dots.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.len() <= LONGEST && name.split('.').all(label)
}

/// How a platform shows a server who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// A client certificate, by its handle.
    Certificate(u32),
    /// User name and password.
    Password {
        /// Letters and digits.
        user: String,
        /// Printable characters of ASCII.
        password: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(handle) => f.debug_tuple("Certificate").field(handle).finish(),
            Self::Password { user, .. } => {
                f.debug_struct("Password").field("user", user).finish_non_exhaustive()
            }
        }
    }
}

impl Login {
    /// Whether the firmware takes it. Real firmware refuses `@`, `$` and the like in a user name.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Code> {
        let Self::Password { user, password } = self else { return Ok(()) };
        let fits = |text: &str| (1..=limits.credential).contains(&text.len());
        let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if fits(user)
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && fits(password)
            && password.bytes().all(printable)
        {
            return Ok(());
        }
        Err(Code::InvalidParameter)
    }
}
