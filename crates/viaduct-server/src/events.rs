//! What happens in the server, as one enum: source of log lines, metrics and streams.
//!
//! Everything that is published goes to the log and to the subscribers that count it. What people and their programs
//! follow (event stream, webhooks, MQTT) is the [`History`]: the same events as records with rising numbers, a flood
//! of one kind from one source cut down to a few and a count.

mod flood;
mod history;
mod log;
pub(crate) mod record;
pub mod sink;

pub use history::{Cursor, Followed, History, Reader};
pub(crate) use record::of_stream as notice;

use crate::{inventory::Inventory, registry::TunnelEnd, tls::HelloFacts, tunnel::TunnelId};
use std::{net::SocketAddr, sync::Arc};
use tokio::sync::{broadcast, watch};
use viaduct_api::DeviceId;

/// How far a connection attempt came before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Tcp,
    Tls,
    Version,
    Login,
    /// It is who it says, and somebody who is asked about new tunnels said no.
    Verdict,
    Forwarding,
}

/// Something began, ended or went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A device's connection attempt failed before it was admitted.
    AttemptFailed {
        peer: SocketAddr,
        stage: Stage,
        device: Option<DeviceId>,
        reason: String,
        tls_alert: Option<u8>,
        hello: Option<Arc<HelloFacts>>,
    },
    TunnelOpened {
        tunnel: TunnelId,
        device: DeviceId,
        peer: SocketAddr,
        trigger: u32,
        tls: Option<String>,
        hello: Option<Arc<HelloFacts>>,
    },
    /// All forwards are known.
    TunnelReady {
        tunnel: TunnelId,
        device: DeviceId,
        ports: Vec<u16>,
    },
    TunnelEnded {
        tunnel: TunnelId,
        device: DeviceId,
        peer: SocketAddr,
        end: TunnelEnd,
        seconds: u64,
    },
    /// Two machines use one UUID.
    IdentityConflict {
        device: DeviceId,
        addresses: [SocketAddr; 2],
    },
    /// One of them must wait before it takes the other's place.
    TakeoverDelayed {
        device: DeviceId,
        peer: SocketAddr,
        seconds: u64,
    },
    /// An unknown or blocked device knocked.
    Unclaimed {
        device: DeviceId,
        peer: SocketAddr,
    },
    ChannelOpened {
        tunnel: TunnelId,
        device: DeviceId,
        port: u16,
        console: Option<SocketAddr>,
        user: String,
    },
    ChannelEnded {
        tunnel: TunnelId,
        device: DeviceId,
        port: u16,
        user: String,
        reason: String,
        from_device: u64,
        to_device: u64,
    },
    /// A device did something odd that the tunnel survives.
    TunnelOddity {
        tunnel: TunnelId,
        device: DeviceId,
        text: String,
    },
    /// A console was turned away.
    ConsoleRefused {
        peer: SocketAddr,
        user: Option<String>,
        target: String,
        code: &'static str,
        detail: String,
    },
    /// A PET alert (SNMPv1 trap) that the device wanted sent.
    Alert {
        device: DeviceId,
        destination: String,
        trap: Option<Arc<crate::tunnel::pet::Trap>>,
        bytes: usize,
    },
    /// An event that the platform pushed through a channel of its own (WS-Eventing).
    Notified {
        tunnel: TunnelId,
        device: DeviceId,
        target: String,
        event: Arc<amt::wsman::Notification>,
        /// The platform asked for an acknowledgement, and got it.
        acknowledged: bool,
    },
    /// A caller of the management commands is done; `code` is that of its last failure, if it ended with one.
    CommandEnded {
        device: DeviceId,
        user: String,
        what: &'static str,
        requests: u32,
        code: Option<&'static str>,
        milliseconds: u64,
    },
    /// The first visit to a device's TLS port: its certificate (SHA-256, hex) is remembered.
    AmtCertificatePinned {
        device: DeviceId,
        seen: String,
    },
    /// A device's TLS port shows another certificate than before.
    AmtCertificateChanged {
        device: DeviceId,
        known: String,
        seen: String,
    },
    /// A console began to use a screen, a serial port or the drives of a PC.
    RedirectionOpened {
        device: DeviceId,
        /// `kvm`, `sol`, `ider` or `wsman`.
        mode: &'static str,
        user: String,
        console: Option<SocketAddr>,
    },
    RedirectionEnded {
        device: DeviceId,
        mode: &'static str,
        user: String,
        reason: String,
        from_device: u64,
        to_device: u64,
    },
    /// Somebody would like to have, or watches, what somebody else uses.
    RedirectionWanted {
        device: DeviceId,
        mode: &'static str,
        /// Who wants it.
        user: String,
        /// Who has it.
        holder: String,
        wish: Wish,
    },
    /// Somebody has begun to upload an image.
    MediaBegun(MediaFacts),
    /// An image has come into the library whole.
    MediaAdded(MediaFacts),
    /// An image, or what was there of it, has left the library.
    MediaRemoved(MediaFacts),
    CertificatesReloaded {
        listener: String,
    },
    CertificatesRefused {
        listener: String,
        reason: String,
    },
}

/// What somebody wants of a redirection that somebody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// To have it.
    Ask,
    /// To see it.
    Watch,
    /// To go on with it, though somebody asked: whoever has it says so.
    Keep,
}

/// Which image of the library, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFacts {
    /// Its number.
    pub id: String,
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The tenant that it belongs to; nobody else sees it.
    pub tenant: String,
    /// Who did it.
    pub user: String,
}

/// Fan-out of events; slow subscribers lose the oldest and are told how many.
#[derive(Debug, Clone)]
pub struct Bus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all: broadcast::Sender<Arc<Event>>,
    history: History,
    log: log::Log,
}

impl Bus {
    /// Events kept for a slow subscriber.
    const CAPACITY: usize = 4096;

    /// An empty bus with the usual length of history.
    #[must_use]
    pub fn new() -> Self {
        Self::with_history(History::USUAL)
    }

    /// An empty bus that remembers so many records.
    #[must_use]
    pub fn with_history(records: usize) -> Self {
        let history = History::new(records);
        let log = log::Log::default();
        Self(Arc::new(Inner { all: broadcast::channel(Self::CAPACITY).0, history, log }))
    }

    /// From here on records and log lines carry the names of devices.
    pub fn name_devices(&self, inventory: Inventory) {
        self.0.history.name_devices(inventory);
    }

    /// Writes the event's log line and tells everyone; never waits.
    pub fn publish(&self, event: Event) {
        self.0.log.write(&event, self.0.history.inventory());
        self.0.history.enter(&event);
        // An error only says that nobody listens.
        drop(self.0.all.send(Arc::new(event)));
    }

    /// The span for a log line about a device that is no event: with its UUID, its name, and the address where it is
    /// or was.
    #[must_use]
    pub fn about(&self, device: DeviceId) -> tracing::Span {
        self.0.log.about(device, self.0.history.inventory())
    }

    /// All events from this moment on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.all.subscribe()
    }

    /// The records that people follow.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// Sums up floods until the server stops.
    pub(crate) async fn keep_house(self, shutdown: watch::Receiver<bool>) {
        self.0.history.keep_house(shutdown).await;
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}
