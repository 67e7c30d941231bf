//! Many platforms in one process. They share setup, TLS context and certificate; an idle one is a task, a timer and a
//! TLS connection without buffers.

use crate::{
    Configuration, Identity, Mps, NotSettled, Platform, RunningPlatform, Setup, StartError,
    platform::{Keys, Machine, prepare_keys},
    tls::TlsPool,
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};
use uuid::Uuid;

/// A fleet that is to be started.
#[derive(Debug, Clone)]
pub struct FleetConfig {
    identities: Vec<Identity>,
    /// How they behave, all alike.
    pub setup: Setup,
    /// Pause between the first dialling of one and the next. Default 1 ms: a thousand per second; shorter makes
    /// a storm.
    pub stagger: Duration,
    /// Local addresses to dial from, taken in turn. Default none: the system's choice, which ends at some 28,000
    /// connections.
    pub sources: Vec<IpAddr>,
    /// What platforms were configured with when they ended, by UUID; instead of what the setup makes. Default none.
    pub restored: BTreeMap<Uuid, Configuration>,
}

impl FleetConfig {
    /// Platforms of these identities (see [`Identity::fleet`]) that dial `mps` and trust `root_pem`.
    #[must_use]
    pub fn new(identities: Vec<Identity>, mps: Mps, root_pem: impl Into<Arc<str>>) -> Self {
        Self {
            identities,
            setup: Setup::new(mps, root_pem),
            stagger: Duration::from_millis(1),
            sources: Vec::new(),
            restored: BTreeMap::new(),
        }
    }

    /// Platforms of these identities that dial nobody until they are configured.
    #[must_use]
    pub fn unconfigured(identities: Vec<Identity>) -> Self {
        let setup = Setup::unconfigured();
        Self {
            identities,
            setup,
            stagger: Duration::from_millis(1),
            sources: Vec::new(),
            restored: BTreeMap::new(),
        }
    }

    /// The same, to be changed.
    pub fn identities_mut(&mut self) -> &mut [Identity] {
        &mut self.identities
    }

    /// What the setup makes a platform be configured with at first.
    ///
    /// # Errors
    /// When the root or the client certificate cannot be used, or firmware would not take the rest.
    pub fn configuration_of(&self, identity: &Identity) -> Result<Configuration, StartError> {
        self.setup.configured_for(&self.setup.base()?, identity)
    }

    /// Who they will be: what a server must know before they dial in.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }
}

/// A running fleet. Dropping it is shutting it down without waiting.
#[derive(Debug)]
pub struct Fleet {
    platforms: Vec<RunningPlatform>,
}

impl Fleet {
    /// Lets them dial in, one after the other. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the root or the client certificate cannot be used, or a port of their own network is taken.
    pub fn start(config: FleetConfig) -> Result<Self, StartError> {
        let FleetConfig { identities, setup, stagger, sources, mut restored } = config;
        let base = setup.base()?;
        let tls = Arc::new(TlsPool::new(setup.firmware.clone()));
        let setup = Arc::new(setup);
        let keys = Keys::default();
        let mut delay = Duration::ZERO;
        let mut platforms = Vec::with_capacity(identities.len());
        for (n, identity) in identities.into_iter().enumerate() {
            let source = sources.get(n % sources.len().max(1)).copied().or(setup.source);
            let lan = setup.lan.map(|lan| lan.nth(n));
            let configuration = match restored.remove(&identity.guid) {
                Some(restored) => restored,
                None => setup.configured_for(&base, &identity)?,
            };
            let shared = (setup.clone(), Some(keys.clone()));
            let machine = Machine::new(identity, shared.0, configuration, source, lan, shared.1);
            let machine = Arc::new(machine);
            if n == 0 {
                prepare_keys(machine.clone());
            }
            platforms.push(Platform::run(machine, tls.clone(), delay)?);
            delay += stagger;
        }
        Ok(Self { platforms })
    }

    /// Its members, in the order of the identities.
    #[must_use]
    pub fn platforms(&self) -> &[RunningPlatform] {
        &self.platforms
    }

    /// The member of this name or UUID.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&RunningPlatform> {
        let guid = name.parse::<Uuid>().ok();
        self.platforms.iter().find(|platform| {
            let identity = platform.identity();
            identity.name == name || Some(identity.guid) == guid
        })
    }

    /// Waits until each of them is settled.
    ///
    /// # Errors
    /// When one has stopped instead.
    pub async fn ready(&self) -> Result<(), NotSettled> {
        for platform in &self.platforms {
            platform.settled().await?;
        }
        Ok(())
    }

    /// Ends all tunnels with a goodbye and waits until that is said.
    pub async fn shutdown(&self) {
        // All are told before the first is waited for.
        self.platforms.iter().for_each(RunningPlatform::ask_to_shut_down);
        for platform in &self.platforms {
            platform.stopped().await;
        }
    }
}
