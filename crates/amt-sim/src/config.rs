//! What a platform is told: who it is, whom it dials, and how it behaves.

use crate::{
    ClientCertificate, Configuration, Faults, Firmware, Identity, Lan, Provisioning, RetryProfile,
    Trigger, cira_log::AuthMethod, remote_access::Limits,
};
use std::{fmt, net::IpAddr, str::FromStr, sync::Arc, time::Duration};

/// The address of a Management Presence Server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mps {
    /// Name, IPv4 or IPv6 literal (without brackets).
    pub host: String,
    /// Port, usually 4433.
    pub port: u16,
}

/// A text that is no `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of a server; write HOST:PORT, an IPv6 address in brackets")]
pub struct MpsAddressError(pub String);

impl FromStr for Mps {
    type Err = MpsAddressError;
    fn from_str(text: &str) -> Result<Self, MpsAddressError> {
        let error = || MpsAddressError(text.into());
        let (host, port) = text.rsplit_once(':').ok_or_else(error)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(error)?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match inner {
            Some(inner) if inner.parse::<std::net::Ipv6Addr>().is_ok() => inner,
            None if !host.is_empty() && !host.contains([':', '[', ']']) => host,
            Some(_) | None => return Err(error()),
        };
        Ok(Self { host: host.into(), port })
    }
}

impl From<std::net::SocketAddr> for Mps {
    fn from(address: std::net::SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

impl fmt::Display for Mps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How platforms behave; a fleet shares one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Setup {
    /// Where the server is; none: nothing is configured, a console will do that.
    pub mps: Option<Mps>,
    /// Trusted roots, PEM.
    pub root_pem: Arc<str>,
    /// Common name that the server's certificate must carry. Default: the host of `mps`, be it a name or an
    /// address.
    pub common_name: Option<String>,
    /// Generation. Default 15.0.
    pub firmware: Arc<Firmware>,
    /// Shows who the platform is instead of user and password (mutual TLS). Default none.
    pub client_certificate: Option<ClientCertificate>,
    /// Local address to dial from. Default: the system's choice, which ends at some 28,000 connections.
    pub source: Option<IpAddr>,
    /// What made it dial in. Default periodic.
    pub trigger: Trigger,
    /// Ports forwarded, in this order. Default: the firmware's.
    pub ports: Option<Vec<u16>>,
    /// Keep-alive interval until the server asks for another. Default 30 s.
    pub keepalive: Duration,
    /// The server may be silent this long before the platform ends the tunnel; zero: for ever. Default 0.
    pub keepalive_timeout: Duration,
    /// When to come back after a loss.
    pub retry: RetryProfile,
    /// Port 5900 sends back what it gets; without it no service is there. Default off.
    pub echo: bool,
    /// The redirection ports take plain authentication too, for old clients. Default off.
    pub lenient: bool,
    /// Window granted in confirmations, bytes. Default 32768; larger is faster over long distances.
    pub window: u32,
    /// Bytes in one CHANNEL_DATA, at most. Default 1024, as firmware was seen doing; larger costs less.
    pub piece: usize,
    /// Channels at the same time. Default 8, ids 0 to 7.
    pub channels: u32,
    /// Misbehaviour from the start. Default none.
    pub faults: Faults,
    /// What it is configured with when it starts. Default nothing.
    pub configuration: Configuration,
    /// How far it is set up. Default by an administrator.
    pub provisioning: Provisioning,
    /// Whether its firmware may not encrypt, as some countries demand. Default no.
    pub null_ciphers: bool,
    /// Where it is reached on its own network. Default nowhere.
    pub lan: Option<Lan>,
}

impl Setup {
    /// Platforms that dial `mps` and trust `root_pem`.
    #[must_use]
    pub fn new(mps: Mps, root_pem: impl Into<Arc<str>>) -> Self {
        Self { mps: Some(mps), root_pem: root_pem.into(), ..Self::unconfigured() }
    }

    /// Platforms that dial nobody until they are configured.
    #[must_use]
    pub fn unconfigured() -> Self {
        #[expect(clippy::expect_used, reason = "a test looks the default profile up")]
        let firmware = Firmware::named(Firmware::DEFAULT).expect("the default profile exists");
        Self {
            mps: None,
            root_pem: "".into(),
            common_name: None,
            firmware,
            client_certificate: None,
            source: None,
            trigger: Trigger::Periodic,
            ports: None,
            keepalive: Duration::from_secs(30),
            keepalive_timeout: Duration::ZERO,
            retry: RetryProfile::default(),
            echo: false,
            lenient: false,
            window: 32_768,
            piece: 1024,
            channels: 8,
            faults: Faults::default(),
            configuration: Configuration::default(),
            provisioning: Provisioning::default(),
            null_ciphers: false,
            lan: None,
        }
    }

    /// How much of each the firmware has room for.
    pub(crate) fn limits(&self) -> Limits {
        Limits { null_ciphers: self.null_ciphers, ..self.firmware.remote_access }
    }

    /// The common name that is looked for. Firmware compares nothing else.
    pub(crate) fn expected_name(&self) -> &str {
        let host = || self.mps.as_ref().map(|mps| mps.host.as_str());
        self.common_name.as_deref().or_else(host).unwrap_or_default()
    }

    pub(crate) fn auth_method(&self) -> AuthMethod {
        if self.client_certificate.is_some() { AuthMethod::MutualTls } else { AuthMethod::Password }
    }

    /// What the protocol's device end needs for one tunnel.
    pub(crate) fn connection(
        &self,
        identity: &Identity,
        faults: &Faults,
        trigger: Trigger,
    ) -> apf::device::Config {
        let mut config = apf::device::Config::new(faults.claim_guid.unwrap_or(identity.guid));
        config.trigger = trigger.on_the_wire();
        config.credentials = self.client_certificate.is_none().then(|| {
            let mut password = identity.cira_password.clone();
            if faults.wrong_password {
                password.push('x');
            }
            (identity.cira_user.clone().into(), password.into())
        });
        let ports = self.ports.as_ref().unwrap_or(&self.firmware.ports);
        config.ports =
            ports.iter().copied().filter(|port| !faults.missing_ports.contains(port)).collect();
        config.address = identity.fqdn.clone().into();
        config.keepalive_interval = match faults.stubborn_keepalive {
            0 => self.keepalive,
            seconds => Duration::from_secs(seconds.into()),
        };
        config.keepalive_negotiable = faults.stubborn_keepalive == 0;
        config.keepalive_timeout = self.keepalive_timeout;
        config.max_channels = self.channels;
        config.window = faults.window.unwrap_or(self.window);
        config.max_piece = faults.piece.unwrap_or(self.piece).max(1);
        config.coalesce_greeting = faults.coalesce > 0;
        config
    }
}

/// One platform.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// Who it is.
    pub identity: Identity,
    /// How it behaves.
    pub setup: Setup,
}

impl PlatformConfig {
    /// A platform of this identity that dials `mps` and trusts `root_pem`.
    #[must_use]
    pub fn new(identity: Identity, mps: Mps, root_pem: impl Into<Arc<str>>) -> Self {
        Self { identity, setup: Setup::new(mps, root_pem) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_names_or_literals_with_a_port() {
        for (text, host, port) in [
            ("mps.example:4433", "mps.example", 4433),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:4433", "::1", 4433),
        ] {
            let mps: Mps = text.parse().unwrap();
            assert_eq!((mps.host.as_str(), mps.port), (host, port));
            assert_eq!(mps.to_string(), text);
        }
        for text in ["mps.example", ":4433", "::1:4433", "[mps]:4433", "mps:0", "mps:70000"] {
            assert!(text.parse::<Mps>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_name_to_look_for_is_the_given_one_or_the_host_be_it_an_address() {
        let mut setup = Setup::new("127.0.0.1:4433".parse().unwrap(), "");
        assert_eq!(setup.expected_name(), "127.0.0.1");
        setup.common_name = Some("mps.example".into());
        assert_eq!(setup.expected_name(), "mps.example");
    }

    #[test]
    fn faults_shape_the_next_tunnel() {
        let setup = Setup::new("127.0.0.1:4433".parse().unwrap(), "");
        let identity = Identity::new("seed", "pc", "").unwrap();
        let faults = Faults {
            window: Some(0),
            missing_ports: vec![5900],
            stubborn_keepalive: 90,
            wrong_password: true,
            ..Faults::default()
        };
        let config = setup.connection(&identity, &faults, Trigger::Alert);
        assert_eq!(config.window, 0);
        assert_eq!(config.ports, [16993, 16992, 664, 623, 16995, 16994]);
        assert_eq!(config.keepalive_interval, Duration::from_secs(90));
        assert!(!config.keepalive_negotiable);
        assert_ne!(config.credentials.unwrap().1, identity.cira_password);
        assert_eq!(config.trigger, apf::Trigger(2));
    }
}
