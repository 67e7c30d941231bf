//! What all tasks of one platform share: who it is, what it remembers, the services behind its ports.

use super::{Outlook, State};
use crate::{
    CiraLog, Configuration, FaultSetting, Faults, Identity, Lan, Setup,
    configured::{Shared, lock},
    events::{Event, Events, Noted},
    notice::Listener,
    pet::Pet,
    services::{Host, HostConfig, HostState, TlsIdentity},
};
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::sync::watch;

/// Key and certificate of the TLS ports inside the tunnel. One for all platforms of a fleet.
pub(crate) type Keys = Arc<OnceLock<Option<TlsIdentity>>>;

pub(crate) struct Machine {
    pub(crate) identity: Identity,
    pub(crate) setup: Arc<Setup>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) lan: Option<Lan>,
    /// None: the management engine makes its own when it needs one.
    keys: Option<Keys>,
    pub(crate) shared: Arc<Shared>,
    host: OnceLock<Arc<Host>>,
    outlook: Mutex<Outlook>,
    events: Mutex<Events>,
    /// How the services misbehave; the tunnel has its own.
    faults: Mutex<Faults>,
    /// What the services go on from once they are made.
    kept: Mutex<Option<HostState>>,
    state: watch::Sender<State>,
    log: watch::Sender<CiraLog>,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Machine {
    pub(crate) fn new(
        identity: Identity,
        setup: Arc<Setup>,
        configuration: Configuration,
        source: Option<IpAddr>,
        lan: Option<Lan>,
        keys: Option<Keys>,
    ) -> Self {
        let limits = setup.limits();
        let shared = Shared::new(configuration, limits, setup.provisioning);
        Self {
            shared: Arc::new(shared),
            faults: Mutex::new(setup.faults.clone()),
            kept: Mutex::default(),
            identity,
            setup,
            source,
            lan,
            keys,
            host: OnceLock::new(),
            outlook: Mutex::default(),
            events: Mutex::default(),
            state: watch::Sender::new(State::Connecting),
            log: watch::Sender::new(CiraLog::default()),
        }
    }

    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(super) fn log(&self) -> watch::Receiver<CiraLog> {
        self.log.subscribe()
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.send_if_modified(|now| {
            let other = *now != state;
            *now = state;
            other
        });
    }

    pub(super) fn write_log(&self, write: impl FnOnce(&mut CiraLog, OffsetDateTime)) {
        self.log.send_modify(|log| write(log, OffsetDateTime::now_utc()));
    }

    /// Takes note of an event.
    pub(crate) fn note(&self, event: Event) {
        lock(&self.events).note(event, OffsetDateTime::now_utc());
    }

    pub(super) fn events(&self) -> Vec<Noted> {
        lock(&self.events).all()
    }

    pub(super) fn outlook(&self) -> Outlook {
        *lock(&self.outlook)
    }

    /// Makes known how the platform stands; its log says where it takes itself to be.
    pub(super) fn set_outlook(&self, outlook: Outlook) {
        *lock(&self.outlook) = outlook;
        self.log.send_if_modified(|log| {
            let moved = log.connection_state != outlook.surroundings;
            log.connection_state = outlook.surroundings;
            moved
        });
    }

    pub(crate) fn keepalive_interval(&self, interval: Duration) {
        let seconds = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
        self.shared.tunnel(Some(seconds));
        self.log.send_modify(|log| log.keepalive_interval = seconds);
    }

    /// Quietly: ten thousand platforms must not wake their observers every 30 seconds.
    pub(crate) fn keepalive_answered(&self) {
        self.log.send_if_modified(|log| {
            log.last_keepalive = Some(OffsetDateTime::now_utc());
            false
        });
    }

    /// The management engine. The first call makes it.
    pub(crate) fn host(&self) -> Arc<Host> {
        let make = || {
            let faults = lock(&self.faults);
            let host = self.make_host();
            if let Some(kept) = lock(&self.kept).take() {
                host.restore(kept);
            }
            host.set_faults(&faults);
            host
        };
        self.host.get_or_init(make).clone()
    }

    /// Lets the services go on from a kept state.
    pub(super) fn restore(&self, state: HostState) {
        match self.host.get() {
            Some(host) => host.restore(state),
            None => *lock(&self.kept) = Some(state),
        }
    }

    /// Something happened to the PC: it goes into the event log, once there is one.
    pub(crate) fn happened(&self, pet: &Pet) {
        if let Some(host) = self.host.get() {
            host.happened(pet);
        }
    }

    /// Whether anybody is subscribed to traps.
    pub(super) fn has_trap_receivers(&self) -> bool {
        self.subscribed().is_some_and(|host| host.has_trap_receivers())
    }

    /// Who has events pushed (WS-Eventing).
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        self.subscribed().map(|host| host.listeners()).unwrap_or_default()
    }

    /// The engine, if there is one that anybody could be subscribed with: subscriptions outlive a restart.
    fn subscribed(&self) -> Option<Arc<Host>> {
        let made = self.host.get().is_some() || lock(&self.kept).is_some();
        made.then(|| self.host())
    }

    /// What a person in front of the PC sees.
    pub(super) fn front(&self) -> Vec<String> {
        self.host.get().map(|host| host.front()).unwrap_or_default()
    }

    /// What is to be kept of the services; none when nobody has used them yet.
    pub(super) fn host_state(&self) -> Option<HostState> {
        self.host.get().map_or_else(|| lock(&self.kept).clone(), |host| Some(host.state()))
    }

    /// Changes how the services misbehave.
    pub(super) fn set_fault(&self, setting: &FaultSetting) {
        let mut faults = lock(&self.faults);
        faults.apply(setting);
        if let Some(host) = self.host.get() {
            host.set_faults(&faults);
        }
    }

    /// Makes the key of the TLS ports, which takes a while: not for a thread that others wait for.
    pub(super) fn prepare(&self) {
        self.keys();
    }

    fn keys(&self) -> Option<TlsIdentity> {
        let make = || {
            TlsIdentity::self_signed(&self.identity.fqdn)
                .inspect_err(|error| tracing::error!(%error, "no certificate for the TLS ports"))
                .ok()
        };
        self.keys.as_ref()?.get_or_init(make).clone()
    }

    fn make_host(&self) -> Arc<Host> {
        let config = HostConfig {
            guid: self.identity.guid,
            hostname: self.identity.name.clone(),
            domain: self.identity.domain().to_owned(),
            amt_user: self.identity.amt_user.clone(),
            amt_password: self.identity.amt_password.clone(),
            amt_version: self.setup.firmware.version.clone(),
            lenient: self.setup.lenient,
            tls: self.keys(),
        };
        Host::with(config, self.shared.clone())
    }
}
