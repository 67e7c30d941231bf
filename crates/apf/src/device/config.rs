//! Who a device is, what it offers, and how it behaves.

use crate::Trigger;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use uuid::Uuid;

/// Who the device is and what it offers. Construct it by struct update:
/// `Config { window: 499, ..Config::new(uuid) }`.
#[derive(Clone)]
pub struct Config {
    /// The platform's UUID.
    pub uuid: Uuid,
    /// Why it dials in. Default: user initiated.
    pub trigger: Trigger,
    /// User and password; None uses the client certificate (`none`). Default None.
    pub credentials: Option<(Bytes, Bytes)>,
    /// Forwarded in this order. Default: the usual seven, 16993, 16992, 664, 623, 16995, 16994
    /// and 5900.
    pub ports: Vec<u16>,
    /// Address field of the forwards. Default empty.
    pub address: Bytes,
    /// Keep-alive interval until the server asks for another. Default 30 s; zero never sends one.
    pub keepalive_interval: Duration,
    /// Whether KEEPALIVE_OPTIONS changes the interval. Default true.
    pub keepalive_negotiable: bool,
    /// No traffic from the server for this long ends the connection; zero never. Default 0.
    pub keepalive_timeout: Duration,
    /// Channel ids 0..n. Default 8.
    pub max_channels: u32,
    /// Window granted in confirmations, in bytes. Default 32768.
    pub window: u32,
    /// Bytes of one CHANNEL_DATA we send, at most. Default 1024.
    pub max_piece: usize,
    /// Hand out the first two messages together as some firmware does. Default false: the second
    /// follows when `poll_timeout` (at once) has been obeyed.
    pub coalesce_greeting: bool,
}

impl Config {
    /// A usual device, which has still to be given its credentials.
    #[must_use]
    pub fn new(uuid: Uuid) -> Self {
        Self {
            uuid,
            trigger: Trigger::USER,
            credentials: None,
            ports: [16993, 16992, 664, 623, 16995, 16994, 5900].into(),
            address: Bytes::new(),
            keepalive_interval: Duration::from_secs(30),
            keepalive_negotiable: true,
            keepalive_timeout: Duration::ZERO,
            max_channels: 8,
            window: 32768,
            max_piece: 1024,
            coalesce_greeting: false,
        }
    }
}

impl Default for Config {
    /// The device with the nil UUID.
    fn default() -> Self {
        Self::new(Uuid::nil())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("device::Config").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
