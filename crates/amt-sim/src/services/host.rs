//! The management engine of one PC, as all its services share it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use amt::{
    http::digest::{DigestVerifier, Ha1, NonceTable, Qop},
    port::ServicePort,
    wsman::{Contexts, Instance},
};
use openssl::ssl::SslAcceptor;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, OnceCell, watch},
    time::Instant,
};

use crate::configured::{Configuration, Provisioning, Shared};
use crate::{firmware::Firmware, notice::Listener, pet::Pet};

use super::{
    boot::{self, Boot},
    clock::Clock,
    consent::Consent,
    http,
    identity::HostConfig,
    logs::{AuditLog, Event, EventLog, Initiator, note},
    power::{self, Power},
    profile::Profile,
    quirks::Quirks,
    redirection,
    seats::Seats,
    store::Store,
    subscriptions, tls,
    users::Accounts,
};

/// How long a nonce may be used.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);
/// Nonces remembered at once; consoles behind one tunnel are few.
const NONCES: usize = 64;
/// Enumerations at once: few, as on firmware.
const ENUMERATIONS: usize = 16;
/// An enumeration that nobody pulls is forgotten.
const ENUMERATION_IDLE: Duration = Duration::from_secs(60);

/// One platform's inner life.
pub struct Host {
    config: HostConfig,
    started: Instant,
    profile: Arc<Profile>,
    digest: Mutex<DigestVerifier>,
    accounts: Mutex<Accounts>,
    store: Mutex<Store>,
    shared: Arc<Shared>,
    clock: Clock,
    boot: Mutex<Boot>,
    consent: Mutex<Consent>,
    events: Mutex<EventLog>,
    audit: Mutex<AuditLog>,
    quirks: Mutex<Quirks>,
    kvm_on: AtomicBool,
    tls_mode: Mutex<TlsMode>,
    wrong_passwords: AtomicU32,
    /// Counts traps.
    traps: AtomicU16,
    alarms: Arc<Notify>,
    alarms_watched: AtomicBool,
    provisioned: watch::Sender<bool>,
    revision: watch::Sender<u64>,
    /// What is still to be pulled; none is the end where that takes a Pull of its own.
    contexts: Mutex<Contexts<Option<Instance>>>,
    messages: AtomicU64,
    power: Power,
    acceptor: OnceCell<SslAcceptor>,
    seats: Seats,
}

/// Which of the ports are open: what AMT_TLSSettingData said when it was last committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TlsMode {
    tls: bool,
    clear: bool,
}

impl TlsMode {
    fn of(store: &Store) -> Self {
        const CLASS: &str = "AMT_TLSSettingData";
        let tls = store.truth(CLASS, "Enabled");
        Self { tls, clear: !tls || store.truth(CLASS, "AcceptNonSecureConnections") }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Host {
    /// A platform that is on and has its settings as delivered.
    #[must_use]
    pub fn new(config: HostConfig) -> Arc<Self> {
        let firmware = Firmware::all().iter().find(|f| f.version == config.amt_version);
        let limits = firmware.map(|firmware| firmware.remote_access).unwrap_or_default();
        let shared = Shared::new(Configuration::default(), limits, Provisioning::default());
        Self::with(config, Arc::new(shared))
    }

    /// A platform whose configuration others live by, too.
    pub(crate) fn with(config: HostConfig, shared: Arc<Shared>) -> Arc<Self> {
        let realm = config.realm();
        let nonces = NonceTable::new(NONCE_LIFETIME, NONCES);
        let profile = Profile::of_version(&config.amt_version);
        let store = Store::new(Arc::clone(&profile), &config);
        let host = Arc::new(Self {
            accounts: Mutex::new(Accounts::new(&config)),
            digest: Mutex::new(DigestVerifier::new(realm, profile.qop.clone(), nonces)),
            tls_mode: Mutex::new(TlsMode::of(&store)),
            store: Mutex::new(store),
            profile,
            clock: Clock::new(),
            boot: Mutex::default(),
            consent: Mutex::default(),
            events: Mutex::default(),
            audit: Mutex::default(),
            quirks: Mutex::default(),
            kvm_on: AtomicBool::new(true),
            wrong_passwords: AtomicU32::new(0),
            traps: AtomicU16::new(1),
            alarms: Arc::new(Notify::new()),
            alarms_watched: AtomicBool::new(false),
            provisioned: watch::Sender::new(true),
            revision: watch::Sender::new(0),
            contexts: Mutex::new(Contexts::new(ENUMERATIONS, ENUMERATION_IDLE)),
            messages: AtomicU64::new(1),
            shared,
            power: Power::new(),
            acceptor: OnceCell::new(),
            seats: Seats::default(),
            started: Instant::now(),
            config,
        });
        for event in note::SET_UP {
            host.note(event, Initiator::Local);
        }
        boot::boot(&host, power::OFF);
        host
    }

    /// Whether something answers on this port now; where nothing does, a channel is refused as
    /// "connect failed".
    #[must_use]
    pub fn serves(&self, port: u16) -> bool {
        let mode = *lock(&self.tls_mode);
        if !self.is_provisioned() {
            return false;
        }
        match ServicePort::from_number(port) {
            Some(ServicePort::Http) => mode.clear,
            Some(ServicePort::Https) => mode.tls,
            Some(ServicePort::Redirection) => mode.clear && self.redirection_listens(),
            Some(ServicePort::RedirectionTls) => mode.tls && self.redirection_listens(),
            Some(ServicePort::Vnc) => self.vnc_is_on(),
            Some(ServicePort::Asf | ServicePort::AsfTls) | None => false,
        }
    }

    /// Serves one stream until the peer closes or the service ends.
    pub async fn serve<IO>(self: Arc<Self>, port: u16, io: IO)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send,
    {
        if !self.serves(port) {
            return;
        }
        let ended = match ServicePort::from_number(port) {
            Some(ServicePort::Http) => http::serve(&self, io).await,
            Some(ServicePort::Redirection) => redirection::serve(&self, io).await,
            Some(ServicePort::Https) => match tls::accept(&self, io).await {
                Ok(stream) => http::serve(&self, stream).await,
                Err(error) => Err(error),
            },
            Some(ServicePort::RedirectionTls) => match tls::accept(&self, io).await {
                Ok(stream) => redirection::serve(&self, stream).await,
                Err(error) => Err(error),
            },
            Some(ServicePort::Vnc) => redirection::serve_vnc(&self, io).await,
            Some(ServicePort::Asf | ServicePort::AsfTls) | None => Ok(()),
        };
        if let Err(error) = ended {
            tracing::debug!(port, %error, "a service ended early");
        }
    }

    /// The PC's power as CIM counts it: 2 on, 8 off, 4 asleep, 7 hibernating. Follows what really
    /// happens: a reset goes through off to on.
    #[must_use]
    pub fn power_state(&self) -> watch::Receiver<u8> {
        self.power.watch()
    }

    pub(super) const fn config(&self) -> &HostConfig {
        &self.config
    }

    pub(super) const fn power(&self) -> &Power {
        &self.power
    }

    /// Major and minor of the firmware's version.
    pub(super) fn firmware_version(&self) -> (u8, u8) {
        let mut parts = self.config.amt_version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) const fn acceptor(&self) -> &OnceCell<SslAcceptor> {
        &self.acceptor
    }

    /// Time since the management engine started; the clock of nonces and enumerations.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// What the platform is configured with.
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn contexts(&self) -> MutexGuard<'_, Contexts<Option<Instance>>> {
        lock(&self.contexts)
    }

    pub(super) fn digest(&self) -> MutexGuard<'_, DigestVerifier> {
        lock(&self.digest)
    }

    pub(super) fn next_message(&self) -> u64 {
        self.messages.fetch_add(1, Ordering::Relaxed)
    }

    /// What HTTP digest must know of a user.
    pub(super) fn account(&self, user: &str) -> Option<Ha1> {
        self.accounts().ha1(user)
    }

    pub(super) fn redirection_listens(&self) -> bool {
        self.store().truth("AMT_RedirectionService", "ListenerEnabled")
    }

    pub(super) const fn seats(&self) -> &Seats {
        &self.seats
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn accounts(&self) -> MutexGuard<'_, Accounts> {
        lock(&self.accounts)
    }

    pub(super) fn boot(&self) -> MutexGuard<'_, Boot> {
        lock(&self.boot)
    }

    pub(super) fn events(&self) -> MutexGuard<'_, EventLog> {
        lock(&self.events)
    }

    pub(super) fn audit(&self) -> MutexGuard<'_, AuditLog> {
        lock(&self.audit)
    }

    pub(super) fn quirks(&self) -> MutexGuard<'_, Quirks> {
        lock(&self.quirks)
    }

    pub(super) const fn alarms(&self) -> &Arc<Notify> {
        &self.alarms
    }

    /// True for the first to ask, until [`Self::end_watching_alarms`].
    pub(super) fn begin_watching_alarms(&self) -> bool {
        !self.alarms_watched.swap(true, Ordering::AcqRel)
    }

    pub(super) fn end_watching_alarms(&self) {
        self.alarms_watched.store(false, Ordering::Release);
    }

    /// The consent as it was left; [`Self::consent`] lets time pass first.
    pub(super) fn consent_as_left(&self) -> MutexGuard<'_, Consent> {
        lock(&self.consent)
    }

    /// Writes an event down, with the time. What is critical reaches whoever is subscribed.
    pub(super) fn record(&self, event: Event) {
        self.events().add(Event { time: self.clock.stamp(), ..event });
        let told = || self.has_trap_receivers() || !self.listeners().is_empty();
        if event.is_critical() && told() {
            let cookie = self.traps.fetch_add(1, Ordering::Relaxed);
            let uptime = u32::try_from(self.now().as_secs()).unwrap_or(u32::MAX);
            self.shared.alert(event.to_trap(cookie, uptime));
        }
    }

    /// Whether anybody is subscribed to traps.
    pub(crate) fn has_trap_receivers(&self) -> bool {
        subscriptions::has_trap_receivers(self)
    }

    /// Who has events pushed (WS-Eventing).
    pub(crate) fn listeners(&self) -> Vec<Listener> {
        subscriptions::listeners(self)
    }

    /// Writes down what the platform tells its subscribers anyway.
    pub(crate) fn happened(&self, pet: &Pet) {
        self.events().add(Event { time: self.clock.stamp(), ..Event::of_trap(pet) });
        self.changed();
    }

    /// Writes down in the audit log what somebody did.
    pub(super) fn note(&self, event: (u16, u16), initiator: Initiator<'_>) {
        self.audit().add(event, initiator, self.clock.stamp(), &[]);
    }

    /// Says that something which outlives a restart is another than before.
    pub(super) fn changed(&self) {
        self.revision.send_modify(|revision| *revision = revision.wrapping_add(1));
        self.shared.touch();
    }

    pub(super) const fn revision(&self) -> &watch::Sender<u64> {
        &self.revision
    }

    pub(super) const fn provisioned(&self) -> &watch::Sender<bool> {
        &self.provisioned
    }

    pub(super) fn is_provisioned(&self) -> bool {
        *self.provisioned.borrow()
    }

    pub(super) fn set_provisioned(&self, provisioned: bool) {
        self.provisioned.send_replace(provisioned);
    }

    /// Settings of TLS count from here on.
    pub(super) fn commit_tls(&self) {
        let mode = TlsMode::of(&self.store());
        *lock(&self.tls_mode) = mode;
    }

    /// Whether KVM is switched on.
    pub(super) fn kvm_is_on(&self) -> bool {
        self.kvm_on.load(Ordering::Acquire)
    }

    pub(super) fn switch_kvm(&self, on: bool) {
        self.kvm_on.store(on, Ordering::Release);
    }

    /// Whether consent is always required.
    pub(super) fn is_in_client_control(&self) -> bool {
        self.shared.provisioning == Provisioning::Ccm
    }

    /// Offers the qualities of protection that settings and quirks want.
    pub(super) fn offer_qop(&self) {
        let only_whole = self.store().number("AMT_AuthorizationService", "AllowHttpQopAuthOnly");
        let quirk = self.quirks().qop.clone();
        let mut qop = quirk.unwrap_or_else(|| self.profile.qop.clone());
        if only_whole == Some(0) {
            qop.retain(|qop| *qop == Qop::AuthInt);
        }
        if !qop.is_empty() {
            self.digest().offer(qop);
        }
    }

    /// A wrong password; every tenth in a row is an event.
    pub(super) fn wrong_password(&self) {
        const NOTICED: u32 = 10;
        let times = self.wrong_passwords.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if times.is_multiple_of(NOTICED) {
            self.record(Event::wrong_passwords(u16::try_from(times).unwrap_or(u16::MAX)));
            self.note(note::WRONG_CREDENTIALS, Initiator::Local);
            self.changed();
        }
    }

    pub(super) fn right_password(&self) {
        self.wrong_passwords.store(0, Ordering::Relaxed);
    }

    /// What can be asked of the power now, in the order in which firmware lists it: of what this
    /// generation can do at all.
    pub(super) fn power_choices(&self) -> Vec<u8> {
        let class = self.profile.class("CIM_PowerManagementCapabilities");
        let able: Vec<i64> = class
            .and_then(|class| class.instances.first())
            .and_then(|instance| instance.get("PowerStatesSupported")?.as_array())
            .map(|states| states.iter().filter_map(toml::Value::as_integer).collect())
            .unwrap_or_default();
        let choices = self.power.choices().iter().copied();
        choices.filter(|choice| able.contains(&i64::from(*choice))).collect()
    }
}

/// The state behind these locks is whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 16 fresh random bytes, for nonces.
pub(super) fn entropy() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}
