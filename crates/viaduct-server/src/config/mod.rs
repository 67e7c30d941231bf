//! Checked configuration: the structs that the parts of the server are given, with their defaults. Reading files,
//! layering and checking live beside it. Nothing else in the server reads environment variables.

mod agreement;
mod check;
pub mod data_dir;
mod error;
mod events;
mod jwt;
mod load;
mod network;
pub mod port_owner;
mod render;
mod schema;
mod secret;
mod units;
mod vault;

pub(crate) use check::is_dns_name;
pub use data_dir::DataDir;
pub use error::{ConfigError, Origin};
pub use events::{Events, Mqtt, NoVerdict, Webhook};
pub use jwt::Jwt;
pub(crate) use jwt::{LIFE_MAX, SECRET_MIN};
pub use load::{LoadArgs, Loaded};
pub use network::{Network, NetworkError};
pub use render::Origins;
pub use secret::Secret;
pub use units::{ByteSize, Span};
pub use vault::Vault;

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// The program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything the server can be told. One struct a part, handed by value to that part.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Directory of keys, certificates, database and the local socket (0700). Set with --data.
    #[serde(skip)]
    pub data: PathBuf,
    pub cira: Cira,
    pub web: Web,
    pub socks: Socks,
    pub http_proxy: HttpProxy,
    pub metrics: Metrics,
    pub keepalive: KeepAlive,
    pub limits: Limits,
    pub store: Store,
    pub vault: Vault,
    pub events: Events,
    pub oidc: Oidc,
    pub jwt: Jwt,
    pub log: Log,
}

/// A TLS policy of a device listener (architecture, TLS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// TLS 1.2 and newer, ECDHE with GCM only.
    Modern,
    /// TLS 1.2 and newer, also RSA key exchange with GCM and CBC.
    #[default]
    Default,
    /// TLS 1.0 and newer, security level 0. For a listener of its own.
    Legacy,
}

/// Whether a device listener asks for client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    None,
    #[default]
    Optional,
    Required,
}

/// A certificate and its key, PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// `[cira]`: where devices dial in.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Cira {
    pub listen: SocketAddr,
    pub profile: Profile,
    /// Names and addresses devices use to reach this server; they go into CN and SAN of own leaves.
    pub names: Vec<String>,
    /// Certificates instead of those of the own CA.
    pub certificates: Vec<CertificateFiles>,
    pub client_certificates: ClientCertificates,
    /// PEM file of the CAs that client certificates must chain to; absent: own CA only.
    pub client_ca: Option<PathBuf>,
    /// Sources (address or CIDR) whose PROXY protocol v2 header is believed; from these it is required.
    pub proxy_protocol: Vec<String>,
    /// More listeners.
    pub extra: Vec<CiraExtra>,
}

/// `[[cira.extra]]`: one more device listener.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CiraExtra {
    pub listen: SocketAddr,
    #[serde(default)]
    pub profile: Profile,
    /// False behind an external TLS terminator.
    #[serde(default = "yes")]
    pub tls: bool,
    #[serde(default)]
    pub certificates: Vec<CertificateFiles>,
    #[serde(default)]
    pub client_certificates: ClientCertificates,
    #[serde(default)]
    pub proxy_protocol: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Default for Cira {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 4433)),
            profile: Profile::Default,
            names: Vec::new(),
            certificates: Vec::new(),
            client_certificates: ClientCertificates::Optional,
            client_ca: None,
            proxy_protocol: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// `[web]`: dashboard, REST and relay.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    pub listen: SocketAddr,
    /// Plain HTTP listener for use behind a proxy. Off by default.
    pub plain_listen: Option<SocketAddr>,
    /// Whether provisioning (Open AMT's RPS, which sends no token) may register devices there without signing in.
    pub plain_trusted: bool,
    /// Certificate instead of one of the own web CA.
    pub certificate: Option<CertificateFiles>,
    pub names: Vec<String>,
    /// Pages of other origins that may open a relay and, with a token, use the API. Those of this server always may.
    pub origins: Vec<String>,
    /// Open AMT's redirection tokens are given out and accepted beside tickets.
    pub redirection_tokens: bool,
    /// Screens that nobody types at are kept open.
    pub kvm_keep_awake: bool,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 8443)),
            plain_listen: None,
            plain_trusted: false,
            certificate: None,
            names: Vec::new(),
            origins: Vec::new(),
            redirection_tokens: true,
            kvm_keep_awake: true,
        }
    }
}

macro_rules! listener {
    ($(#[$doc:meta])* $name:ident, $port:literal, $( $(#[$fdoc:meta])* $field:ident : $ty:ty = $value:expr ),* ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Off switches the listener off.
            pub enabled: bool,
            pub listen: SocketAddr,
            $( $(#[$fdoc])* pub $field: $ty, )*
        }
        impl Default for $name {
            fn default() -> Self {
                Self {
                    enabled: true,
                    listen: SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, $port)),
                    $( $field: $value, )*
                }
            }
        }
    };
}

listener!(
    /// `[socks]`: SOCKS5 for consoles.
    Socks, 1080,
    /// Whether consoles must sign in (RFC 1929).
    sign_in: bool = true
);
listener!(
    /// `[http_proxy]`: HTTP proxy for consoles.
    HttpProxy, 8080,
    /// Whether consoles must sign in (Basic).
    sign_in: bool = true
);
listener!(
    /// `[metrics]`: Prometheus text, /livez, /readyz.
    Metrics, 9443,
);

/// `[keepalive]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct KeepAlive {
    /// How often a device shall send a keep-alive. Lower finds dead tunnels sooner and costs traffic.
    pub interval: Span,
    /// A tunnel that is silent this long is dropped. At least 2.5 times the interval is advisable.
    pub wait: Span,
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self { interval: Span(Duration::from_secs(30)), wait: Span(Duration::from_secs(90)) }
    }
}

/// `[limits]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Tunnels at the same time; further devices wait in the accept queue.
    pub tunnels: usize,
    /// Channels of one device at the same time (firmware has 8 ids).
    pub channels: usize,
    /// Of these at most so many to WS-Man ports (16992, 16993, 623, 664).
    pub wsman_channels: usize,
    /// Connections that have not signed in yet, all together.
    pub pending: usize,
    /// The same from one address (v4) or /64 (v6).
    pub pending_per_source: usize,
    /// Receive window of a WS-Man channel.
    pub wsman_window: ByteSize,
    /// Receive window of a redirection channel.
    pub redirection_window: ByteSize,
    /// Console bytes waiting for the device's credit, per channel.
    pub channel_queue: ByteSize,
    /// TCP accepted until TLS is up.
    pub tls_deadline: Span,
    /// TLS up until PROTOCOLVERSION is complete.
    pub version_deadline: Span,
    /// TLS up until the login is complete.
    pub login_deadline: Span,
    /// A console's open waits so long for a free channel and the device's answer.
    pub open_deadline: Span,
    /// A device must answer each WS-Man request of a management command so soon.
    pub command_deadline: Span,
    /// A PC on the local network must answer each request of an enrollment so soon. Firmware takes its time to write
    /// flash.
    pub enroll_deadline: Span,
    /// A SOCKS5 or CONNECT greeting must be complete so soon.
    pub greeting_deadline: Span,
    /// A console or device that takes no bytes for so long ends the channel.
    pub stall_deadline: Span,
    /// Rows of `unclaimed`, the oldest leave first.
    pub unclaimed: usize,
    /// Consoles at the same time on the proxies, all together.
    pub consoles: usize,
    /// Images in the library, of all tenants together.
    pub images: usize,
    /// Largest image; a typing error is not to fill the disk.
    pub image_size: ByteSize,
    /// PCs that one person may reset, switch off, boot or erase within a minute.
    pub interruptions: usize,
    /// Ports that policy allows as proxy targets.
    pub ports: Vec<u16>,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = |s| Span(Duration::from_secs(s));
        Self {
            tunnels: 50_000,
            channels: 6,
            wsman_channels: 3,
            pending: 2_000,
            pending_per_source: 512,
            wsman_window: ByteSize(64 << 10),
            redirection_window: ByteSize(256 << 10),
            channel_queue: ByteSize(256 << 10),
            tls_deadline: seconds(15),
            version_deadline: seconds(10),
            login_deadline: seconds(20),
            open_deadline: seconds(20),
            command_deadline: seconds(20),
            enroll_deadline: seconds(45),
            greeting_deadline: seconds(5),
            stall_deadline: seconds(60),
            unclaimed: 10_000,
            consoles: 4_000,
            images: 500,
            image_size: ByteSize(64 << 30),
            interruptions: 50,
            ports: vec![16992, 16993, 16994, 16995, 623, 664, 5900],
        }
    }
}

/// `[store]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite://PATH`; absent: `sqlite://DATA/viaduct.db`.
    pub url: Option<String>,
    /// File whose content seals the key files of the data directory and the private keys of the own CA; absent: they lie
    /// there as they are, unless systemd gives the credential `viaduct.master-key` or the environment has
    /// `VIADUCT_MASTER_KEY`. Without it nothing opens.
    pub master_key: Option<PathBuf>,
    /// The one before it, while it changes: the key files are sealed anew at the next start.
    pub previous_master_key: Option<PathBuf>,
    /// The master key itself, from the environment.
    #[serde(skip)]
    pub master_key_text: Option<Secret<String>>,
}

/// `[oidc]`: people who sign in at an identity provider.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Oidc {
    /// The provider's URL, exactly as it calls itself; absent: nobody signs in there.
    pub issuer: Option<String>,
    /// What this server is called there.
    pub client_id: String,
    /// The secret that goes with it; absent for a public client.
    pub client_secret: Option<Secret<String>>,
    /// Or a file with it in its first line.
    pub client_secret_file: Option<PathBuf>,
    /// Where the provider sends browsers back: `https://THIS-SERVER/api/v1/oidc/callback`.
    pub redirect: String,
    /// Scopes that are asked for. Some providers need one more for groups.
    pub scope: String,
    /// The claim that names people.
    pub user_claim: String,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// PEM file of the CA that the provider's certificate must chain to; absent: those of this system.
    pub ca: Option<PathBuf>,
    /// Which group has which role; the first that fits counts, and without one nobody gets in.
    pub roles: Vec<OidcRole>,
}

/// `[[oidc.roles]]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OidcRole {
    pub group: String,
    pub role: String,
    #[serde(default)]
    pub tenant: String,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: "viaduct".into(),
            client_secret: None,
            client_secret_file: None,
            redirect: "https://localhost:8443/api/v1/oidc/callback".into(),
            scope: "openid profile".into(),
            user_claim: "preferred_username".into(),
            groups_claim: "groups".into(),
            ca: None,
            roles: Vec::new(),
        }
    }
}

/// `[log]`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,viaduct_server::tls=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}
