//! The service ports of a platform and what each is for.

use std::fmt;

/// A port that AMT firmware serves (Intel AMT SDK, "Manageability ports").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServicePort {
    /// 623: ASF remote control and DASH, clear.
    Asf,
    /// 664: ASF remote control and DASH, over TLS.
    AsfTls,
    /// 5900: plain RFB for viewers that know nothing of AMT; off by default.
    Vnc,
    /// 16992: HTTP with WS-Man and the web page, clear.
    Http,
    /// 16993: the same over TLS.
    Https,
    /// 16994: redirection, clear.
    Redirection,
    /// 16995: redirection over TLS.
    RedirectionTls,
}

impl ServicePort {
    /// All of them, in ascending order.
    pub const ALL: [Self; 7] = [
        Self::Asf,
        Self::AsfTls,
        Self::Vnc,
        Self::Http,
        Self::Https,
        Self::Redirection,
        Self::RedirectionTls,
    ];

    /// The service on this port, if it is one of AMT's.
    #[must_use]
    pub const fn from_number(port: u16) -> Option<Self> {
        Some(match port {
            623 => Self::Asf,
            664 => Self::AsfTls,
            5900 => Self::Vnc,
            16992 => Self::Http,
            16993 => Self::Https,
            16994 => Self::Redirection,
            16995 => Self::RedirectionTls,
            _ => return None,
        })
    }

    /// The port's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Asf => 623,
            Self::AsfTls => 664,
            Self::Vnc => 5900,
            Self::Http => 16992,
            Self::Https => 16993,
            Self::Redirection => 16994,
            Self::RedirectionTls => 16995,
        }
    }

    /// A short name for people, for instance `redirection over TLS`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asf => "ASF remote control",
            Self::AsfTls => "ASF remote control over TLS",
            Self::Vnc => "VNC",
            Self::Http => "WS-Man",
            Self::Https => "WS-Man over TLS",
            Self::Redirection => "redirection",
            Self::RedirectionTls => "redirection over TLS",
        }
    }

    /// Whether the platform speaks TLS on it.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::AsfTls | Self::Https | Self::RedirectionTls)
    }

    /// The port with the same service and TLS the other way round; VNC has none.
    #[must_use]
    pub const fn counterpart(self) -> Option<Self> {
        Some(match self {
            Self::Asf => Self::AsfTls,
            Self::AsfTls => Self::Asf,
            Self::Http => Self::Https,
            Self::Https => Self::Http,
            Self::Redirection => Self::RedirectionTls,
            Self::RedirectionTls => Self::Redirection,
            Self::Vnc => return None,
        })
    }
}

impl fmt::Display for ServicePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::ServicePort;

    #[test]
    fn every_port_is_found_by_its_number() {
        for port in ServicePort::ALL {
            assert_eq!(ServicePort::from_number(port.number()), Some(port));
        }
        assert_eq!(ServicePort::from_number(22), None);
    }

    #[test]
    fn counterparts_come_in_pairs_of_clear_and_tls() {
        for port in ServicePort::ALL {
            if let Some(other) = port.counterpart() {
                assert_eq!(other.counterpart(), Some(port));
                assert_ne!(other.is_tls(), port.is_tls());
            }
        }
    }
}
