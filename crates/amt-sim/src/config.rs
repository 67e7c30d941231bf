//! What a platform is told: who it is, whom it dials, and how it behaves.

use crate::{
    ClientCertificate, Configuration, Faults, Firmware, Identity, Lan, Provisioning, RetryProfile,
    StartError, TlsSetupError, Trigger,
    engine::Network,
    remote_access::{
        Access, Code, Environment, InfoFormat, Limits, Login, Policy, Schedule, UserInitiated,
    },
};
use openssl::x509::X509;
use std::{fmt, net::IpAddr, str::FromStr, sync::Arc, time::Duration};

/// A network that is never entered: with it a platform takes itself to be outside everywhere.
const NOWHERE: &str = "nowhere.invalid";

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
    /// A second server, tried after the first. Default none.
    pub second_mps: Option<Mps>,
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
    /// What it dials in for at first. Default periodic.
    pub trigger: Trigger,
    /// Seconds between the diallings of the periodic policy. Default 10; shorter brings it back sooner after a loss.
    pub interval: u32,
    /// Seconds without traffic after which its policies drop the tunnel; 0: never. Default 0.
    pub life_time: u32,
    /// The network it is in. Default outside the company's.
    pub network: Network,
    /// Ports forwarded, in this order. Default: the firmware's.
    pub ports: Option<Vec<u16>>,
    /// Keep-alive interval until the server asks for another. Default 30 s.
    pub keepalive: Duration,
    /// The server may be silent this long before the platform ends the tunnel; zero: for ever. Default 0.
    pub keepalive_timeout: Duration,
    /// How it takes failures and losses. Default as Intel writes it.
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
            second_mps: None,
            root_pem: "".into(),
            common_name: None,
            firmware,
            client_certificate: None,
            source: None,
            trigger: Trigger::Periodic,
            interval: 10,
            life_time: 0,
            network: Network::Outside,
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

    /// What all platforms of this setup are configured with before their own credentials.
    pub(crate) fn base(&self) -> Result<Configuration, StartError> {
        let mut base = self.configuration.clone();
        if self.mps.is_none() {
            return Ok(base);
        }
        let refused = |what, code| self.refused(what, code);
        let roots = X509::stack_from_pem(self.root_pem.as_bytes()).map_err(TlsSetupError::Root)?;
        if roots.is_empty() {
            return Err(TlsSetupError::NoRoot.into());
        }
        for root in roots {
            let der = root.to_der().map_err(TlsSetupError::Root)?;
            match base.certificates.add_root(&der) {
                Ok(_) | Err(Code::Duplicate) => {}
                Err(code) => return Err(refused("this root certificate", code)),
            }
        }
        let remote = &mut base.remote_access;
        remote.user_initiated = UserInitiated { bios: true, os: true };
        if !remote.environment.is_configured() {
            remote.environment = Environment::new(vec![NOWHERE.into()], Vec::new())
                .map_err(|_| refused("its environment", Code::InvalidParameter))?;
        }
        Ok(base)
    }

    /// What one platform is configured with: its server, and a policy for each trigger.
    pub(crate) fn configured_for(
        &self,
        base: &Configuration,
        identity: &Identity,
    ) -> Result<Configuration, StartError> {
        let mut configuration = base.clone();
        let Some(mps) = &self.mps else { return Ok(configuration) };
        let login = match &self.client_certificate {
            Some(client) => Login::Certificate(client.install(&mut configuration.certificates)?),
            None => Login::Password {
                user: identity.cira_user.clone(),
                password: identity.cira_password.clone(),
            },
        };
        let (remote, limits) = (&mut configuration.remote_access, self.limits());
        let mut servers = Vec::new();
        for mps in std::iter::once(mps).chain(&self.second_mps) {
            let server = remote.add_server(self.access(mps), login.clone(), &limits);
            servers.push(server.map_err(|code| self.refused("this server and its login", code))?);
        }
        for trigger in [Trigger::Periodic, Trigger::User, Trigger::Alert] {
            let schedule =
                (trigger == Trigger::Periodic).then_some(Schedule::Interval(self.interval.max(1)));
            let policy = Policy::new(trigger, self.life_time, schedule, servers.iter().copied());
            let added = remote.add_policy(policy, &limits);
            added.map_err(|code| self.refused("this policy", code))?;
        }
        Ok(configuration)
    }

    fn access(&self, mps: &Mps) -> Access {
        let cn = self.common_name.as_ref().unwrap_or(&mps.host);
        let format = InfoFormat::of(&mps.host);
        let cn = (format != InfoFormat::Fqdn).then(|| cn.clone());
        Access { info: mps.host.clone(), format, port: mps.port, cn }
    }

    fn refused(&self, what: &'static str, code: Code) -> StartError {
        StartError::Refused { what, code, longest: self.firmware.remote_access.credential }
    }

    /// What the protocol's device end needs for one tunnel.
    pub(crate) fn connection(
        &self,
        identity: &Identity,
        faults: &Faults,
        trigger: Trigger,
        login: &Login,
    ) -> apf::device::Config {
        let mut config = apf::device::Config::new(faults.claim_guid.unwrap_or(identity.guid));
        config.trigger = trigger.on_the_wire();
        config.credentials = match login {
            Login::Certificate(_) => None,
            Login::Password { user, password } => {
                let wrong = if faults.wrong_password { "x" } else { "" };
                Some((user.clone().into(), format!("{password}{wrong}").into()))
            }
        };
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
        config.max_channels = faults.channel_slots.unwrap_or(self.channels);
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
    fn a_server_by_address_must_carry_the_given_name_else_the_address() {
        let (root, _) =
            crate::services::TlsIdentity::self_signed("root").unwrap().to_der().unwrap();
        let root = X509::from_der(&root).unwrap().to_pem().unwrap();
        let root = String::from_utf8(root).unwrap();
        let identity = Identity::new("seed", "pc", "").unwrap();
        let name = |mps: &str, cn: Option<&str>| {
            let mut setup = Setup::new(mps.parse().unwrap(), root.clone());
            setup.common_name = cn.map(str::to_owned);
            let configured = setup.configured_for(&setup.base().unwrap(), &identity).unwrap();
            configured.remote_access.servers[0].expected_name().to_owned()
        };
        assert_eq!(name("127.0.0.1:4433", None), "127.0.0.1");
        assert_eq!(name("127.0.0.1:4433", Some("mps.example")), "mps.example");
        assert_eq!(name("mps.example:4433", None), "mps.example");
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
        let login = Login::Password { user: "u".into(), password: "right".into() };
        let config = setup.connection(&identity, &faults, Trigger::Alert, &login);
        assert_eq!(config.window, 0);
        assert_eq!(config.ports, [16993, 16992, 664, 623, 16995, 16994]);
        assert_eq!(config.keepalive_interval, Duration::from_secs(90));
        assert!(!config.keepalive_negotiable);
        assert_ne!(config.credentials.unwrap().1, "right");
        assert_eq!(config.trigger, apf::Trigger(2));
    }
}
