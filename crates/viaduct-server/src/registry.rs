//! Live tunnels by device. The only shared map.

use crate::tunnel::{TunnelHandle, TunnelId};
use std::sync::Arc;
use viaduct_api::DeviceId;

/// Why a tunnel ended: the firmware's own vocabulary (CIRA log) plus words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelEnd {
    /// `keep-alive expired`, `TCP socket error`, `invalid APF command`, `user request`, `internal error`,
    /// `closed by AMT`, `superseded`, `shutdown`.
    pub reason: &'static str,
    /// A sentence with the facts.
    pub detail: String,
    /// True when the device ended it.
    pub by_device: bool,
}

/// Who is here now.
#[derive(Debug, Clone)]
pub struct Registry(Arc<()>);

/// A device's place in the registry; dropping it ends only the tunnel it was given for.
#[derive(Debug)]
pub struct Lease(());

#[allow(clippy::todo, unused_variables, missing_docs, reason = "interface first")]
impl Registry {
    pub fn new() -> Self {
        Self(Arc::new(()))
    }
    pub fn admit(&self, handle: TunnelHandle) -> Lease {
        todo!()
    }
    pub fn lookup(&self, device: DeviceId) -> Option<TunnelHandle> {
        todo!()
    }
    pub fn get(&self, tunnel: TunnelId) -> Option<TunnelHandle> {
        todo!()
    }
    pub fn list(&self) -> Vec<TunnelHandle> {
        todo!()
    }
    pub fn len(&self) -> usize {
        todo!()
    }
}
