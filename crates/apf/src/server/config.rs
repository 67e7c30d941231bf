//! Limits and times of the server's end.

use core::time::Duration;

/// Limits and times of one connection. Construct it by struct update:
/// `Config { max_channels: 6, ..Config::default() }`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Keep-alive interval asked with KEEPALIVE_OPTIONS. Default 30 s. Whole seconds on the wire,
    /// rounded up, at least one. Longer saves traffic, but a dead tunnel is noticed later.
    pub keepalive_interval: Duration,
    /// Keep-alive time-out asked; zero leaves the device's own. Default 0. Whole seconds on the
    /// wire, rounded up.
    pub keepalive_timeout: Duration,
    /// A tunnel that is silent this long is dropped. Default 90 s. Until the device has answered
    /// KEEPALIVE_OPTIONS, a `wait` of 60 s or more is at least 100 s, because some firmware sends
    /// every 90 s unless told otherwise; and when it insists on a longer interval than asked, the
    /// waiting time is at least 2.5 times that.
    pub wait: Duration,
    /// PROTOCOLVERSION must be complete this long after `new`. Default 10 s.
    pub version_deadline: Duration,
    /// Login (up to USERAUTH) must be complete this long after `new`. Default 20 s.
    pub login_deadline: Duration,
    /// pfwd@ must be asked for this long after admission. Default 20 s.
    pub forwarding_deadline: Duration,
    /// A channel open without an answer is given up after this time. Default 10 s.
    pub open_timeout: Duration,
    /// Pending data that gets no credit for this long closes its channel; output that nobody
    /// fetches for this long ends the tunnel. Default 60 s.
    pub stall_timeout: Duration,
    /// The peer's client certificate was verified: `none` and a skipped login are legal.
    /// Default false.
    pub client_certificate: bool,
    /// Channels that we open at the same time. Default 8 (the firmware's ids 0..7). More makes
    /// the firmware refuse, fewer makes consoles wait.
    pub max_channels: usize,
    /// Bytes of one CHANNEL_DATA we send, at most. Default 8192 (Open AMT's server sends up to
    /// 32 KiB in one message to the same firmware, go-wsman 4096). Larger costs fairness between
    /// channels, smaller costs nine bytes and some work per message.
    pub max_piece: usize,
    /// Faults per minute before the tunnel is dropped. Default 32.
    pub fault_budget: u32,
    /// Device-opened channels (direct-tcpip, for event pushes). `None` refuses them (reason 1);
    /// `Some(window)` confirms up to four at a time with that window in bytes and reports them
    /// with [`super::Event::DeviceChannel`]; whoever does not want one calls `abort`.
    /// Default `None`.
    pub device_channels: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::ZERO,
            wait: Duration::from_secs(90),
            version_deadline: Duration::from_secs(10),
            login_deadline: Duration::from_secs(20),
            forwarding_deadline: Duration::from_secs(20),
            open_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            client_certificate: false,
            max_channels: 8,
            max_piece: 8192,
            fault_budget: 32,
            device_channels: None,
        }
    }
}

impl Config {
    /// The interval to ask for, as on the wire.
    pub(super) fn interval_seconds(&self) -> u32 {
        whole_seconds(self.keepalive_interval).max(1)
    }

    /// The time-out to ask for, as on the wire.
    pub(super) fn timeout_seconds(&self) -> u32 {
        whole_seconds(self.keepalive_timeout)
    }
}

/// Rounded up.
fn whole_seconds(duration: Duration) -> u32 {
    let partial = u64::from(duration.subsec_nanos() > 0);
    u32::try_from(duration.as_secs().saturating_add(partial)).unwrap_or(u32::MAX)
}
