//! What a platform is configured with, shared by its services (which change it) and its own task (which lives by it).

use crate::{
    certificates::Certificates,
    pet::Pet,
    platform::Command,
    remote_access::{Code, Limits, RemoteAccess},
};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use tokio::sync::{mpsc, watch};

/// All that survives a restart of the platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// Whom it dials, and when.
    pub remote_access: RemoteAccess,
    /// Whom it trusts, and its own certificates.
    pub certificates: Certificates,
}

impl Configuration {
    /// Whether a certificate may not be removed. Of its own: a server's entry names it. Of the roots: one by which a
    /// server of the table was last verified, and the last one of all while there is anybody to be verified, which
    /// besides servers are the consoles of TLS ports with `mutual` authentication.
    #[must_use]
    pub fn needs_certificate(&self, handle: u32, mutual: bool) -> bool {
        use crate::remote_access::Login;
        let servers = &self.remote_access.servers;
        let named = servers.iter().any(|server| server.login == Login::Certificate(handle));
        let Some(certificate) = self.certificates.certificate(handle) else { return false };
        let verified = servers.iter().any(|server| server.root == Some(handle));
        let only = self.certificates.roots().count() == 1 && (mutual || !servers.is_empty());
        named || (certificate.trusted_root && (verified || only))
    }

    /// A server showed a certificate that led to one of the roots. Whether that is news.
    fn verified(&mut self, server: u32, root: &[u8]) -> bool {
        let handle = self.certificates.roots().find(|held| held.der.bytes() == root);
        let handle = handle.map(|held| held.handle);
        let entry = self.remote_access.servers.iter_mut().find(|entry| entry.number == server);
        entry.is_some_and(|entry| std::mem::replace(&mut entry.root, handle) != handle)
    }
}

/// How far a platform is set up (AMT's setup and configuration).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provisioning {
    /// Not yet: it only waits to be set up over TLS.
    Pre,
    /// By the operating system's software (client control mode).
    Ccm,
    /// By a trusted certificate or by hand (admin control mode).
    #[default]
    Acm,
}

/// A word that names no such state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no provisioning state; there are pre, ccm and acm")]
pub struct UnknownProvisioning(pub String);

impl std::str::FromStr for Provisioning {
    type Err = UnknownProvisioning;
    fn from_str(word: &str) -> Result<Self, UnknownProvisioning> {
        match word {
            "pre" => Ok(Self::Pre),
            "ccm" => Ok(Self::Ccm),
            "acm" => Ok(Self::Acm),
            _ => Err(UnknownProvisioning(word.into())),
        }
    }
}

impl Provisioning {
    /// AMT_SetupAndConfigurationService.ProvisioningState: 0 before, 2 after.
    #[must_use]
    pub fn state(self) -> u32 {
        match self {
            Self::Pre => 0,
            Self::Ccm | Self::Acm => 2,
        }
    }

    /// IPS_HostBasedSetupService.CurrentControlMode: 0 none, 1 client, 2 admin.
    #[must_use]
    pub fn control_mode(self) -> u32 {
        match self {
            Self::Pre => 0,
            Self::Ccm => 1,
            Self::Acm => 2,
        }
    }
}

/// The tunnel's seconds without it.
const NO_TUNNEL: u32 = u32::MAX;

/// A configuration with those who must know when it changes.
pub(crate) struct Shared {
    configuration: Mutex<Configuration>,
    pub(crate) limits: Limits,
    pub(crate) provisioning: Provisioning,
    /// Who dials; none for services that stand alone, or once the platform has ended.
    owner: Mutex<Option<mpsc::WeakUnboundedSender<Command>>>,
    revision: watch::Sender<u64>,
    tunnel_is_up: AtomicBool,
    flash_limit: AtomicBool,
    keepalive: AtomicU32,
}

impl Shared {
    pub(crate) fn new(
        configuration: Configuration,
        limits: Limits,
        provisioning: Provisioning,
    ) -> Self {
        Self {
            configuration: Mutex::new(configuration),
            limits,
            provisioning,
            owner: Mutex::new(None),
            revision: watch::Sender::new(0),
            tunnel_is_up: AtomicBool::new(false),
            flash_limit: AtomicBool::new(false),
            keepalive: AtomicU32::new(NO_TUNNEL),
        }
    }

    /// Who is told from here on.
    pub(crate) fn owned_by(&self, owner: &mpsc::UnboundedSender<Command>) {
        *lock(&self.owner) = Some(owner.downgrade());
    }

    pub(crate) fn read(&self) -> MutexGuard<'_, Configuration> {
        lock(&self.configuration)
    }

    /// Changes the configuration; where that succeeds, whoever lives by it is told.
    pub(crate) fn change<T, E>(
        &self,
        change: impl FnOnce(&mut Configuration) -> Result<T, E>,
    ) -> Result<T, E> {
        let changed = change(&mut self.read())?;
        self.revision.send_modify(|revision| *revision += 1);
        self.tell(Command::Configured);
        Ok(changed)
    }

    /// The same for what needs a platform that is set up.
    pub(crate) fn configure<T>(
        &self,
        change: impl FnOnce(&mut Configuration, &Limits) -> Result<T, Code>,
    ) -> Result<T, Code> {
        if self.provisioning == Provisioning::Pre {
            return Err(Code::NotPermitted);
        }
        if self.flash_limit.load(Ordering::Relaxed) {
            return Err(Code::FlashWriteLimit);
        }
        self.change(|configuration| change(configuration, &self.limits))
    }

    /// Remembers by which root a server was verified.
    pub(crate) fn verified(&self, server: u32, root: &[u8]) {
        if self.read().verified(server, root) {
            self.revision.send_modify(|revision| *revision += 1);
        }
    }

    /// Whether the flash memory takes no more for now.
    pub(crate) fn limit_flash(&self, limited: bool) {
        self.flash_limit.store(limited, Ordering::Relaxed);
    }

    /// Asks for the end of the tunnel.
    pub(crate) fn close_tunnel(&self) {
        self.tell(Command::CloseTunnel);
    }

    fn tell(&self, what: Command) {
        let owner = lock(&self.owner).as_ref().and_then(mpsc::WeakUnboundedSender::upgrade);
        if owner.is_some_and(|owner| owner.send(what).is_err()) {
            tracing::trace!("a platform that has ended was told");
        }
    }

    /// Has an event sent to whoever is subscribed: through the tunnel, or through one that is dialled for it.
    pub(crate) fn alert(&self, event: Pet) {
        self.tell(Command::Alert(Arc::new(event)));
    }

    /// Drops the tunnel without a goodbye: the PC's power is cut under it.
    pub(crate) fn cut_tunnel(&self) {
        self.tell(Command::Cut);
    }

    /// Something that outlives a restart has changed, though whoever dials need not know.
    pub(crate) fn touch(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// Counts changes of the configuration.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Notes whether a tunnel is up, and the seconds between its keep-alives.
    pub(crate) fn tunnel(&self, keepalive: Option<u32>) {
        self.tunnel_is_up.store(keepalive.is_some(), Ordering::Relaxed);
        self.keepalive.store(keepalive.unwrap_or(NO_TUNNEL), Ordering::Relaxed);
    }

    pub(crate) fn tunnel_is_up(&self) -> bool {
        self.tunnel_is_up.load(Ordering::Relaxed)
    }

    pub(crate) fn keepalive(&self) -> u32 {
        self.keepalive.load(Ordering::Relaxed)
    }
}

/// The state behind these locks is whole after every statement, so a panic elsewhere spoils nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        remote_access::{Access, InfoFormat, Login},
        services::TlsIdentity,
    };

    #[test]
    fn a_root_is_needed_by_the_servers_that_it_verified_and_the_last_one_by_whoever_is_verified() {
        let der = |name| TlsIdentity::self_signed(name).unwrap().to_der().unwrap().0;
        let (old, new) = (der("old.example"), der("new.example"));
        let mut all = Configuration::default();
        assert_eq!(all.certificates.add_root(&old), Ok(0));
        assert!(!all.needs_certificate(0, false));
        assert!(all.needs_certificate(0, true), "consoles are verified by it");
        let format = InfoFormat::Fqdn;
        let access = Access { info: "mps.example".into(), format, port: 4433, cn: None };
        let login = Login::Password { user: "admin".into(), password: "P@ssw0rd".into() };
        all.remote_access.add_server(access, login, &Limits::default()).unwrap();
        assert!(all.needs_certificate(0, false), "the last root, and there is a server");
        assert_eq!(all.certificates.add_root(&new), Ok(1));
        assert!(!all.needs_certificate(0, false), "nobody was verified by it");
        assert!(all.verified(0, &old) && !all.verified(0, &old));
        assert!(all.needs_certificate(0, false) && !all.needs_certificate(1, false));
        assert!(all.verified(0, &new));
        assert!(!all.needs_certificate(0, false) && all.needs_certificate(1, false));
    }
}
