//! How many channels a device has at the same time: waiting opens queue fairly.
//!
//! Firmware has a small pool of channels, and WS-Man requests must not use it up, or a redirection could
//! not be opened in an emergency. A slot is held until the device has freed its channel too.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The two pools of a device.
#[derive(Debug)]
pub(crate) struct Gate {
    all: Arc<Semaphore>,
    wsman: Arc<Semaphore>,
}

/// A place in the pools; freed on drop.
#[derive(Debug)]
pub(crate) struct Slot {
    _wsman: Option<OwnedSemaphorePermit>,
    _all: OwnedSemaphorePermit,
}

/// Whether a port carries WS-Man (or ASF-RMCP beside it) rather than redirection.
pub(crate) fn is_wsman(port: u16) -> bool {
    matches!(port, 16992 | 16993 | 623 | 664)
}

impl Gate {
    /// `all` channels, of them `wsman` for WS-Man; one place is always left for redirection.
    pub(crate) fn new(all: usize, wsman: usize) -> Self {
        let wsman = wsman.min(all.saturating_sub(1)).max(1);
        Self { all: Arc::new(Semaphore::new(all.max(1))), wsman: Arc::new(Semaphore::new(wsman)) }
    }

    /// Waits for a place, in the order of asking.
    pub(crate) async fn enter(&self, port: u16) -> Option<Slot> {
        let wsman = match is_wsman(port) {
            true => Some(Arc::clone(&self.wsman).acquire_owned().await.ok()?),
            false => None,
        };
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Slot { _wsman: wsman, _all: all })
    }

    /// Wakes everybody who waits: the tunnel ended.
    pub(crate) fn close(&self) {
        self.all.close();
        self.wsman.close();
    }
}
