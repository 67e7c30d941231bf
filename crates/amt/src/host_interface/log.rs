//! The CIRA log as firmware keeps it: how it is now, the last tunnel that failed, the last attempt that failed.
//!
//! Layout and numbers: rpc-go (`pkg/pthi/types.go`, `internal/commands/diagnostics`). Times are seconds since 1970, 0
//! when there is none. What the numbers mean stands in [`crate::cira_log`].

use super::wire::{Name, Pad, Wire, record};

/// A host name.
pub type Host = Name<{ super::HOST_MAX }>;

record! {
    /// All of it.
    pub struct CiraLog {
        /// 1.
        pub version: u8,
        /// How it is now.
        pub summary: Summary,
        /// The last tunnel that ended with an error.
        pub tunnel: TunnelEntry,
        /// The last attempt that led to no tunnel.
        pub attempt: AttemptEntry,
    }
}

record! {
    /// How it is now.
    pub struct Summary {
        /// 1: a tunnel is up.
        pub tunnel_open: u8,
        /// See [`Surroundings`](crate::cira_log::Surroundings).
        pub surroundings: u8,
        pub(crate) pad: Pad<3>,
        /// When the last keep-alive was sent.
        pub last_keepalive: u32,
        /// Seconds.
        pub keepalive_interval: u32,
        /// 0: the last attempt led to a connection.
        pub last_connection: u8,
        /// When that was.
        pub last_connection_at: u32,
        /// 0: the last tunnel ended as it should.
        pub last_tunnel: u8,
        /// When it was opened.
        pub last_tunnel_opened: u32,
        /// When it was closed.
        pub last_tunnel_closed: u32,
    }
}

record! {
    /// A tunnel that was there.
    pub struct TunnelEntry {
        /// 0: there was none.
        pub valid: u8,
        /// When it was opened.
        pub opened: u32,
        /// See [`LogTrigger`](crate::cira_log::LogTrigger).
        pub trigger: u8,
        pub(crate) pad1: Pad<3>,
        /// The server.
        pub mps: Host,
        /// 1: through a proxy.
        pub proxy_used: u8,
        /// Its name.
        pub proxy: Host,
        /// See [`AuthMethod`](crate::cira_log::AuthMethod).
        pub authentication: u8,
        /// See [`Interface`](crate::cira_log::Interface).
        pub interface: u8,
        pub(crate) pad2: Pad<3>,
        /// When the last keep-alive was sent.
        pub last_keepalive: u32,
        /// Seconds.
        pub keepalive_interval: u32,
        /// How it ended.
        pub closure: Closure,
    }
}

record! {
    /// How a tunnel ended.
    pub struct Closure {
        /// When.
        pub at: u32,
        /// See [`ClosedBy`](crate::cira_log::ClosedBy).
        pub by: u8,
        /// Reason of APF's DISCONNECT; 0 when there was none.
        pub apf_reason: u8,
        /// See [`AmtReason`](crate::cira_log::AmtReason).
        pub amt_reason: u8,
        pub(crate) pad: Pad<3>,
    }
}

record! {
    /// An attempt without a tunnel.
    pub struct AttemptEntry {
        /// 0: there was none.
        pub valid: u8,
        /// When it began.
        pub began: u32,
        /// See [`LogTrigger`](crate::cira_log::LogTrigger).
        pub trigger: u8,
        pub(crate) pad1: Pad<3>,
        /// The server.
        pub mps: Host,
        /// See [`AuthMethod`](crate::cira_log::AuthMethod).
        pub authentication: u8,
        /// LAN, then wireless LAN.
        pub interfaces: [InterfaceData; 2],
        /// Of the wireless LAN.
        pub wireless: Wireless,
        /// Of the LAN.
        pub wired: Wired,
        /// See [`Interface`](crate::cira_log::Interface).
        pub interface: u8,
        pub(crate) pad2: Pad<3>,
        /// How far it came, through LAN and through wireless LAN.
        pub details: [Detail; 2],
        /// How the server's end said no, when it came so far.
        pub closure: Closure,
    }
}

record! {
    /// A network interface at that moment.
    pub struct InterfaceData {
        /// 1: there is one.
        pub present: u8,
        /// 1: its link is up.
        pub link: u8,
        /// Its addresses.
        pub ip: Ip,
        pub(crate) pad: Pad<306>,
    }
}

record! {
    /// Addresses of an interface. The octets of IPv4 stand in the order in which they are written.
    pub struct Ip {
        /// 0 off, 1 reserved, 2 on.
        pub dhcp: u8,
        pub(crate) pad: Pad<3>,
        pub address: [u8; 4],
        pub gateway: [u8; 4],
        pub dns: [[u8; 4]; 2],
        pub domain: Name<192>,
        pub router6: [u8; 16],
        pub dns6: [[u8; 16]; 2],
        pub addresses6: [Ip6; 6],
    }
}

record! {
    /// An IPv6 address.
    pub struct Ip6 {
        pub address: [u8; 16],
        /// 0 link local, 1 global, 2 stateless, 3 stateful.
        pub kind: u8,
        /// 0 tentative, 1 preferred, 2 deprecated.
        pub state: u8,
    }
}

record! {
    /// Of the wireless LAN.
    pub struct Wireless {
        pub profile: Name<33>,
        /// 1: the operating system has it.
        pub host_control: u8,
    }
}

record! {
    /// Of the LAN.
    pub struct Wired {
        pub dot1x_result: u8,
        pub dot1x_detail: u8,
        pub media: u8,
        pub discrete: u8,
    }
}

record! {
    /// How far an attempt came.
    pub struct Detail {
        /// See [`ConnectionResult`](crate::cira_log::ConnectionResult).
        pub outcome: u32,
        /// 1: through a proxy.
        pub proxy_used: u8,
        /// Its name.
        pub proxy: Host,
        /// See [`TcpDetail`](crate::cira_log::TcpDetail).
        pub tcp: u32,
        /// Number of the TLS alert.
        pub tls: i32,
    }
}

/// Bytes of the whole log.
pub const LENGTH: usize = 2781;

impl CiraLog {
    /// A log in which nothing has happened yet.
    #[must_use]
    pub fn empty() -> Option<Self> {
        let mut bytes = vec![0; LENGTH];
        *bytes.first_mut()? = 1;
        Self::read(&mut bytes.as_slice())
    }

    /// Reads the bytes of a whole log.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        Self::read(&mut bytes)
    }
}
