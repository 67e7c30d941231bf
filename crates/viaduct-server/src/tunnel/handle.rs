//! What others hold of a tunnel.

use super::{Channel, Refused, Request, gate::Gate, heard::Heard};
use crate::registry::TunnelEnd;
use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, timeout_at},
};
use viaduct_api::DeviceId;

/// Number of a tunnel; never reused in the life of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelId(pub u64);

impl TunnelId {
    /// A number that no tunnel of this process had before.
    pub(super) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

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
    #[error("the device refused the channel ({})", apf::OpenFailure(*.reason))]
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
    /// As in PROTOCOLVERSION: 1 user, 2 alert, 4 periodic.
    pub trigger: u32,
    pub tls: Option<String>,
    pub ports: Vec<u16>,
    /// Interval and time-out that the device agreed to.
    pub keepalive: Option<(Duration, Duration)>,
    pub channels: usize,
    pub from_device: u64,
    pub to_device: u64,
}

/// Ports that the device forwards; `settled` once no more are expected.
#[derive(Debug, Clone, Default)]
pub(super) struct Ports {
    pub(super) list: Vec<u16>,
    pub(super) settled: bool,
}

/// What the owner shows of a tunnel.
#[derive(Debug)]
pub(super) struct Face {
    pub(super) id: TunnelId,
    pub(super) device: DeviceId,
    pub(super) peer: SocketAddr,
    pub(super) since: OffsetDateTime,
    pub(super) trigger: u32,
    pub(super) tls: Option<String>,
    pub(super) ports: watch::Sender<Ports>,
    pub(super) keepalive: watch::Sender<Option<(Duration, Duration)>>,
    pub(super) heard: Heard,
    pub(super) channels: AtomicUsize,
    pub(super) from_device: AtomicU64,
    pub(super) to_device: AtomicU64,
    pub(super) end: watch::Sender<Option<TunnelEnd>>,
    pub(super) gate: Gate,
    pub(super) open_deadline: Duration,
}

/// A live tunnel; may outlive it harmlessly.
#[derive(Debug, Clone)]
pub struct TunnelHandle {
    pub(super) face: Arc<Face>,
    pub(super) requests: mpsc::UnboundedSender<Request>,
}

/// Waits between attempts when firmware says "busy" (2 connect failed, 4 resource shortage mean both).
const BUSY_WAITS: [u64; 4] = [250, 500, 1000, 2000];
/// Reason 1 is transient only while the device re-advertises its ports.
const PROHIBITED_WAITS: [u64; 2] = [250, 500];
/// A console that comes before the forwards are complete waits so long for them.
const SETTLE_WAIT: Duration = Duration::from_secs(6);

impl TunnelHandle {
    /// The tunnel's number.
    #[must_use]
    pub fn id(&self) -> TunnelId {
        self.face.id
    }

    /// Whose tunnel it is.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.face.device
    }

    /// Where the device dialled in from.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.face.peer
    }

    /// Whether all forwards are known.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.face.ports.borrow().settled
    }

    /// Whether a keep-alive of the device is missing: it may be gone, though its tunnel is not given up yet.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.face.heard.is_overdue(*self.face.keepalive.borrow())
    }

    /// What is known of the tunnel at this moment.
    #[must_use]
    pub fn facts(&self) -> TunnelFacts {
        let face = &self.face;
        TunnelFacts {
            since: face.since,
            trigger: face.trigger,
            tls: face.tls.clone(),
            ports: face.ports.borrow().list.clone(),
            keepalive: *face.keepalive.borrow(),
            channels: face.channels.load(Ordering::Relaxed),
            from_device: face.from_device.load(Ordering::Relaxed),
            to_device: face.to_device.load(Ordering::Relaxed),
        }
    }

    /// Opens a channel: waits fairly for a free one, retries what firmware refuses transiently, and gives
    /// up at the deadline of `[limits] open_deadline`.
    pub async fn open(&self, port: u16, opener: &Opener) -> Result<Channel, OpenError> {
        self.open_until(port, opener, Instant::now() + self.face.open_deadline).await
    }

    /// The same for somebody who has less time than that: they hear the device's last word before it is over.
    pub async fn open_until(
        &self,
        port: u16,
        opener: &Opener,
        until: Instant,
    ) -> Result<Channel, OpenError> {
        let deadline = until.min(Instant::now() + self.face.open_deadline);
        self.check_forwarded(port).await?;
        let mut attempt = 0;
        let mut last = None;
        let in_vain = |last: Option<Refused>, otherwise| match last {
            Some(refused) => self.refusal(refused, port),
            None => otherwise,
        };
        loop {
            let slot = match timeout_at(deadline, self.face.gate.enter(port)).await {
                Ok(Some(slot)) => slot,
                Ok(None) => return Err(self.over()),
                Err(_) => return Err(in_vain(last, OpenError::Busy)),
            };
            let (reply, answer) = oneshot::channel();
            let request = Request::Open { port, opener: opener.clone(), slot, reply };
            if self.requests.send(request).is_err() {
                return Err(self.over());
            }
            let refused = match timeout_at(deadline, answer).await {
                Ok(Ok(Ok(channel))) => return Ok(channel),
                Ok(Ok(Err(refused))) => refused,
                Ok(Err(_)) => return Err(self.over()),
                Err(_) => return Err(in_vain(last, OpenError::Timeout)),
            };
            last = Some(refused);
            let Some(wait) = self.wait_before_retry(refused, attempt) else {
                return Err(self.refusal(refused, port));
            };
            if Instant::now() + wait >= deadline {
                return Err(self.refusal(refused, port));
            }
            attempt += 1;
            sleep(wait).await;
        }
    }

    fn wait_before_retry(&self, refused: Refused, attempt: usize) -> Option<Duration> {
        let waits: &[u64] = match refused {
            Refused::ByDevice(apf::OpenFailure::CONNECT_FAILED)
            | Refused::ByDevice(apf::OpenFailure::RESOURCE_SHORTAGE)
            | Refused::Here(apf::OpenError::TooMany(_)) => &BUSY_WAITS,
            Refused::ByDevice(apf::OpenFailure::PROHIBITED) => &PROHIBITED_WAITS,
            Refused::ByDevice(_) | Refused::TimedOut | Refused::Here(_) => &[],
        };
        waits.get(attempt).map(|ms| Duration::from_millis(*ms))
    }

    fn refusal(&self, refused: Refused, port: u16) -> OpenError {
        match refused {
            Refused::ByDevice(apf::OpenFailure::RESOURCE_SHORTAGE)
            | Refused::Here(apf::OpenError::TooMany(_)) => OpenError::Busy,
            Refused::ByDevice(reason) => OpenError::Refused { reason: reason.0 },
            Refused::TimedOut => OpenError::Timeout,
            Refused::Here(apf::OpenError::NotForwarded(_)) => {
                OpenError::NotForwarded { port, forwarded: self.face.ports.borrow().list.clone() }
            }
            Refused::Here(_) => self.over(),
        }
    }

    async fn check_forwarded(&self, port: u16) -> Result<(), OpenError> {
        let mut ports = self.face.ports.subscribe();
        let known = |p: &Ports| p.settled || p.list.contains(&port);
        // Time over or the owner gone: what is known decides.
        drop(tokio::time::timeout(SETTLE_WAIT, ports.wait_for(known)).await);
        if self.face.end.borrow().is_some() {
            return Err(self.over());
        }
        let forwarded = ports.borrow().list.clone();
        if forwarded.contains(&port) {
            return Ok(());
        }
        Err(OpenError::NotForwarded { port, forwarded })
    }

    fn over(&self) -> OpenError {
        let end = self.face.end.borrow().clone();
        OpenError::Ended(end.unwrap_or_else(|| TunnelEnd::by_us("internal error", "it is closing")))
    }

    /// Ends the tunnel loudly (DISCONNECT, close_notify, FIN), so that the device dials in again.
    pub fn disconnect(&self, end: TunnelEnd) {
        // An owner that is gone has ended already.
        drop(self.requests.send(Request::Disconnect(end)));
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn end(&self) -> Option<TunnelEnd> {
        self.face.end.borrow().clone()
    }

    /// Waits for the end.
    pub async fn ended(&self) -> TunnelEnd {
        let mut end = self.face.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|end| end.clone()) {
            Ok(Some(end)) => end,
            Ok(None) | Err(_) => TunnelEnd::by_us("internal error", "the tunnel's task is gone"),
        }
    }
}

#[cfg(test)]
impl TunnelHandle {
    /// Of a tunnel without a connection.
    pub(crate) fn without_owner(device: DeviceId) -> Self {
        let face = Face {
            id: TunnelId::next(),
            device,
            peer: SocketAddr::from(([192, 0, 2, 1], 49_152)),
            since: OffsetDateTime::UNIX_EPOCH,
            trigger: 1,
            tls: None,
            ports: watch::Sender::default(),
            keepalive: watch::Sender::default(),
            heard: Heard::now(),
            channels: AtomicUsize::new(0),
            from_device: AtomicU64::new(0),
            to_device: AtomicU64::new(0),
            end: watch::Sender::default(),
            gate: Gate::new(1, 1),
            open_deadline: Duration::ZERO,
        };
        Self { face: Arc::new(face), requests: mpsc::unbounded_channel().0 }
    }

    /// What its owner does when it has ended.
    pub(crate) fn end_as(&self, end: TunnelEnd) {
        self.face.end.send_replace(Some(end));
    }
}
