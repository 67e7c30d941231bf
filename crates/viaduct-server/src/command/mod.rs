//! Runs management verbs on devices: for each device a bounded, fair queue, one digest state that stays warm, and a
//! deadline for every exchange.
//!
//! [`Commander::device`] gives the place of one caller in a device's queue; its methods send one WS-Man request each.
//! A call that gets no answer costs its own channel and nothing else: the digest state is shared by copies, so nobody
//! waits for an answer that belongs to somebody else. What could change the PC is sent at most once.

mod device;
mod error;
pub mod exchange;
mod inside;
mod queue;

pub use device::{DeviceCommands, Output};
pub use error::CommandError;
pub use inside::Inside;
pub(crate) use inside::secure;
pub use queue::BootTurn;

use crate::{
    config,
    events::Bus,
    inventory::{Inventory, StoreError},
    registry::Registry,
    tunnel::{Opener, TunnelHandle},
};
use amt::credentials::Credentials;
use exchange::Account;
use queue::Queue;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use viaduct_api::DeviceId;

/// All requests of one caller together; then the device counts as silent, however slowly it answers.
const CALLER_DEADLINE: Duration = Duration::from_secs(120);

/// The way to every device's WS-Man service.
#[derive(Debug, Clone)]
pub struct Commander(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    inventory: Inventory,
    events: Bus,
    limits: config::Limits,
    queues: Mutex<HashMap<DeviceId, Arc<Queue>>>,
}

impl Commander {
    /// Commands to the devices of `registry`, with the AMT accounts of `inventory`.
    #[must_use]
    pub fn new(
        registry: Registry,
        inventory: Inventory,
        events: Bus,
        limits: config::Limits,
    ) -> Self {
        Self(Arc::new(Inner { registry, inventory, events, limits, queues: Mutex::default() }))
    }

    /// Waits for a place in the device's queue. `what` is the verb, for the log.
    ///
    /// # Errors
    /// When the device is away, its AMT account is not known or was refused a moment ago, or the queue is full.
    pub async fn device(
        &self,
        id: DeviceId,
        opener: Opener,
        what: &'static str,
    ) -> Result<DeviceCommands, CommandError> {
        let tunnel = self.tunnel(id)?;
        let queue = self.queue(id);
        let account = self.account(id, &queue).await?;
        let patience = self.0.limits.open_deadline.0;
        let place = queue.enter(patience).await.ok_or(CommandError::Busy)?;
        let line = Inside {
            tunnel,
            opener: opener.clone(),
            inventory: self.0.inventory.clone(),
            events: self.0.events.clone(),
            host: format!("{id}:16992"),
        };
        let limits = device::Deadlines {
            each: self.0.limits.command_deadline.0,
            all: Instant::now() + CALLER_DEADLINE,
        };
        let diary = device::Diary::new(self.0.events.clone(), id, opener.user, what);
        let line = exchange::Line::new(line);
        let inventory = self.0.inventory.clone();
        Ok(DeviceCommands::new(line, account, queue, place, limits, diary, inventory))
    }

    /// The turn to change what a device boots; sequences of several callers do not mix.
    ///
    /// # Errors
    /// When another sequence does not end in time.
    pub async fn boot_turn(&self, id: DeviceId) -> Result<BootTurn, CommandError> {
        self.queue(id).boot_turn(self.0.limits.open_deadline.0).await.ok_or(CommandError::Busy)
    }

    /// The AMT account of a device, unless the device refused it a moment ago: for those who log in to it themselves.
    ///
    /// # Errors
    /// When there is none, it was refused, or it cannot be read.
    pub async fn credentials(&self, id: DeviceId) -> Result<Credentials, CommandError> {
        Ok(self.account(id, &self.queue(id)).await?.credentials())
    }

    /// The device refused this account: it is not tried again for a while, by nobody.
    pub fn note_refusal(&self, id: DeviceId, credentials: &Credentials) {
        self.0.inventory.note_shown(id, |shown| shown.refused = true);
        self.0.inventory.forget_outside(id);
        let queue = self.queue(id);
        if let Ok(account) = queue.account(credentials.clone()) {
            queue.refused(&account);
        }
    }

    /// Forgets what is known of an account that the device refused, so that the next call tries again.
    pub fn forget_refusal(&self, id: DeviceId) {
        self.0.inventory.note_shown(id, |shown| shown.refused = false);
        self.0.inventory.forget_outside(id);
        self.queue(id).forget_refusal();
    }

    fn tunnel(&self, id: DeviceId) -> Result<TunnelHandle, CommandError> {
        let device = self.0.inventory.get(id).filter(|device| !device.blocked);
        let tunnel = device.and_then(|_| self.0.registry.lookup(id));
        tunnel.ok_or_else(|| CommandError::Away { why: "it has no tunnel now".into() })
    }

    async fn account(&self, id: DeviceId, queue: &Queue) -> Result<Arc<Account>, CommandError> {
        let stored = self.0.inventory.amt_account(id).await.map_err(|error| match error {
            StoreError::Vault(_) => CommandError::Vault(error.to_string()),
            _ => CommandError::Store(error.to_string()),
        })?;
        let (user, password) = stored.ok_or(CommandError::NoCredential)?;
        queue.account(Credentials::new(user, password.expose().as_str()))
    }

    fn queue(&self, id: DeviceId) -> Arc<Queue> {
        let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&id) {
            return Arc::clone(queue);
        }
        // Devices that left take their state with them once it is a burden: it costs one more 401.
        if queues.len() > 2 * self.0.registry.places() + 256 {
            queues.retain(|id, queue| {
                Arc::strong_count(queue) > 1 || self.0.registry.lookup(*id).is_some()
            });
        }
        let queue = Arc::new(Queue::new(self.0.limits.wsman_channels));
        queues.insert(id, Arc::clone(&queue));
        queue
    }
}
