//! The management engine of one PC, as all its services share it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use amt::{
    credentials::Credentials,
    http::digest::{DigestVerifier, Ha1, NonceTable, Qop, md5_hex},
    port::ServicePort,
    wsman::{Contexts, Instance},
};
use openssl::ssl::SslAcceptor;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OnceCell, watch},
    time::Instant,
};

use crate::configured::{Configuration, Provisioning, Shared};
use crate::remote_access::Limits;

use super::{
    http, power::Power, profile::Profile, redirection, seats::Seats, store::Store, tls,
    tls::TlsIdentity,
};

/// How long a nonce may be used.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);
/// Nonces remembered at once; consoles behind one tunnel are few.
const NONCES: usize = 64;
/// Enumerations at once: few, as on firmware.
const ENUMERATIONS: usize = 16;
/// An enumeration that nobody pulls is forgotten.
const ENUMERATION_IDLE: Duration = Duration::from_secs(60);

/// Who a platform is, and whom it lets in.
#[derive(Clone)]
pub struct HostConfig {
    /// The platform's UUID, as printed.
    pub guid: uuid::Uuid,
    /// Its name without domain.
    pub hostname: String,
    /// Its domain; may be empty.
    pub domain: String,
    /// The one account.
    pub amt_user: String,
    /// Its password.
    pub amt_password: String,
    /// The firmware's version, for instance `16.1.30`.
    pub amt_version: String,
    /// Accepts redirection logins in clear text, which amtterm 1.4 uses.
    pub lenient: bool,
    /// Key and certificate of the TLS ports; made on first use when absent.
    pub tls: Option<TlsIdentity>,
}

impl fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfig")
            .field("guid", &self.guid)
            .field("hostname", &self.hostname)
            .field("amt_user", &self.amt_user)
            .field("amt_version", &self.amt_version)
            .field("lenient", &self.lenient)
            .finish_non_exhaustive()
    }
}

impl HostConfig {
    /// Host name and domain.
    pub(super) fn fqdn(&self) -> String {
        if self.domain.is_empty() {
            return self.hostname.clone();
        }
        format!("{}.{}", self.hostname, self.domain)
    }

    /// `Digest:` and 32 digits, fixed for a platform.
    pub(super) fn realm(&self) -> String {
        let digits = md5_hex(&[b"realm", self.guid.as_bytes()]);
        format!("Digest:{}", digits.as_str().to_ascii_uppercase())
    }
}

/// One platform's inner life.
pub struct Host {
    config: HostConfig,
    started: Instant,
    digest: Mutex<DigestVerifier>,
    ha1: Ha1,
    profile: &'static Profile,
    store: Mutex<Store>,
    shared: Arc<Shared>,
    contexts: Mutex<Contexts<Instance>>,
    messages: AtomicU64,
    power: Power,
    acceptor: OnceCell<SslAcceptor>,
    seats: Seats,
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
        let shared =
            Shared::new(Configuration::default(), Limits::default(), Provisioning::default());
        Self::with(config, Arc::new(shared))
    }

    /// A platform whose configuration others live by, too.
    pub(crate) fn with(config: HostConfig, shared: Arc<Shared>) -> Arc<Self> {
        let realm = config.realm();
        let nonces = NonceTable::new(NONCE_LIFETIME, NONCES);
        let profile = Profile::delivered();
        Arc::new(Self {
            ha1: Ha1::new(&config.amt_user, &realm, &config.amt_password),
            digest: Mutex::new(DigestVerifier::new(realm, vec![Qop::Auth], nonces)),
            profile,
            store: Mutex::new(Store::new(profile, &config)),
            contexts: Mutex::new(Contexts::new(ENUMERATIONS, ENUMERATION_IDLE)),
            messages: AtomicU64::new(1),
            shared,
            power: Power::new(),
            acceptor: OnceCell::new(),
            seats: Seats::default(),
            started: Instant::now(),
            config,
        })
    }

    /// Whether something answers on this port now; where nothing does, a channel is refused as
    /// "connect failed".
    #[must_use]
    pub fn serves(&self, port: u16) -> bool {
        match ServicePort::from_number(port) {
            Some(ServicePort::Http | ServicePort::Https) => true,
            Some(ServicePort::Redirection | ServicePort::RedirectionTls) => {
                self.redirection_listens()
            }
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

    pub(super) const fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Major and minor of the firmware's version.
    pub(super) fn firmware_version(&self) -> (u8, u8) {
        let mut parts = self.config.amt_version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    pub(super) const fn profile(&self) -> &'static Profile {
        self.profile
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

    pub(super) fn contexts(&self) -> MutexGuard<'_, Contexts<Instance>> {
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
        (user == self.config.amt_user).then_some(self.ha1)
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials::new(&*self.config.amt_user, &*self.config.amt_password)
    }

    fn redirection_listens(&self) -> bool {
        self.store().text("AMT_RedirectionService", "ListenerEnabled").as_deref() == Some("true")
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
