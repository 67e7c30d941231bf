//! What others hold of a tunnel.

use super::Channel;
use crate::registry::TunnelEnd;
use std::{fmt, net::SocketAddr, time::Duration};
use time::OffsetDateTime;
use viaduct_api::DeviceId;

/// Number of a tunnel; never reused in the life of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelId(pub u64);

impl fmt::Display for TunnelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// On whose behalf a channel is opened.
#[derive(Debug, Clone)]
pub struct Opener {
    pub user: String,
    pub console: Option<SocketAddr>,
}

/// Why a console got no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("port {port} is not forwarded by the device")]
    NotForwarded { port: u16, forwarded: Vec<u16> },
    /// The device answered CHANNEL_OPEN_FAILURE with this reason, also after retries.
    #[error("the device refused the channel (reason {reason})")]
    Refused { reason: u32 },
    /// No free channel within the deadline.
    #[error("all channels of the device are in use")]
    Busy,
    #[error("the device did not answer in time")]
    Timeout,
    #[error("the tunnel ended: {}", .0.detail)]
    Ended(TunnelEnd),
}

/// A look at a live tunnel.
#[derive(Debug, Clone)]
pub struct TunnelFacts {
    pub since: OffsetDateTime,
    pub trigger: u32,
    pub tls: Option<String>,
    pub ports: Vec<u16>,
    pub keepalive: Option<(Duration, Duration)>,
    pub channels: usize,
    pub from_device: u64,
    pub to_device: u64,
}

/// A live tunnel; may outlive it harmlessly.
#[derive(Debug, Clone)]
pub struct TunnelHandle {}

#[allow(
    clippy::todo,
    unused_variables,
    missing_docs,
    clippy::unused_async,
    reason = "interface first"
)]
impl TunnelHandle {
    pub fn id(&self) -> TunnelId {
        todo!()
    }
    pub fn device(&self) -> DeviceId {
        todo!()
    }
    pub fn peer(&self) -> SocketAddr {
        todo!()
    }
    pub fn facts(&self) -> TunnelFacts {
        todo!()
    }
    /// Opens a channel: waits fairly for a free one, retries what firmware refuses transiently.
    pub async fn open(&self, port: u16, opener: &Opener) -> Result<Channel, OpenError> {
        todo!()
    }
    /// Ends the tunnel loudly (DISCONNECT, close_notify, FIN), so that the device dials in again.
    pub fn disconnect(&self, end: TunnelEnd) {
        todo!()
    }
    pub async fn ended(&self) -> TunnelEnd {
        todo!()
    }
}
