//! A running platform and what can be asked of it.

use crate::{
    CiraLog, Configuration, FaultError, FaultSetting, Identity, PlatformConfig, Setup,
    TlsSetupError, Trigger, lan, pet::Pet, services::Host, tls::ClientTls,
};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

mod life;
mod machine;

pub(crate) use life::{Life, Next};
pub(crate) use machine::{Keys, Machine};

/// Where a platform is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Dialling, or logging in.
    Connecting,
    /// Admitted; ports are being forwarded.
    Connected,
    /// Every port is forwarded: the server may open channels.
    Settled,
    /// Lost or refused; it will dial again.
    Retrying {
        /// What happened.
        why: String,
    },
    /// It stays away until it is fired; or it was shut down.
    Stopped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => f.write_str("connecting"),
            Self::Connected => f.write_str("connected"),
            Self::Settled => f.write_str("settled"),
            Self::Retrying { why } => write!(f, "retrying: {why}"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// What a platform's own task is told.
#[derive(Debug)]
pub(crate) enum Command {
    Fire(Trigger),
    Alert(Arc<Pet>),
    Fault(Box<FaultSetting>),
    Disconnect,
    Cut,
    /// What it is configured with has changed.
    Configured,
    /// A console asked for the end of the tunnel.
    CloseTunnel,
    Shutdown,
}

/// The platform stopped before it was settled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} has stopped before its tunnel was ready: {why}")]
pub struct NotSettled {
    /// The platform's name.
    pub name: String,
    /// What its log says last.
    pub why: String,
}

/// Why a platform does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// A port of its own network cannot be opened.
    #[error(
        "the platform's ports at {address} cannot be opened ({source}); choose an address of this machine where 16992 \
         to 16995 are free, for instance one of 127.0.0.0/8"
    )]
    Lan {
        /// Where.
        address: std::net::IpAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Starts platforms.
#[derive(Debug)]
pub struct Platform;

impl Platform {
    /// Lets one platform dial in. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the root or the client certificate cannot be used, or a port of its own network is taken.
    pub fn start(config: PlatformConfig) -> Result<RunningPlatform, StartError> {
        let PlatformConfig { identity, setup } = config;
        let tls = client_tls(&setup)?;
        let source = setup.source;
        let lan = setup.lan;
        let machine = Arc::new(Machine::new(identity, Arc::new(setup), source, lan, None));
        Self::run(machine, tls, Duration::ZERO)
    }

    /// Starts the platform's own task; it dials after `delay`.
    pub(crate) fn run(
        machine: Arc<Machine>,
        tls: Option<ClientTls>,
        delay: Duration,
    ) -> Result<RunningPlatform, StartError> {
        let lan = match machine.lan {
            Some(lan) => lan::open(lan, &machine)
                .map_err(|source| StartError::Lan { address: lan.address, source })?,
            None => Vec::new(),
        };
        let (commands, queue) = mpsc::unbounded_channel();
        machine.shared.owned_by(&commands);
        let life = Life::new(machine.clone(), tls, queue);
        let task = tokio::spawn(life.run(delay));
        Ok(RunningPlatform { machine, commands, task, lan })
    }
}

/// Makes the key of a fleet's TLS ports aside, so that it is there when a channel is opened.
pub(crate) fn prepare_keys(machine: Arc<Machine>) {
    drop(tokio::task::spawn_blocking(move || machine.prepare()));
}

pub(crate) fn client_tls(setup: &Setup) -> Result<Option<ClientTls>, TlsSetupError> {
    if setup.mps.is_none() {
        return Ok(None);
    }
    let tls = ClientTls::new(&setup.firmware, &setup.root_pem, setup.client_certificate.as_ref());
    tls.map(Some)
}

/// A platform at work. Dropping it is shutting it down without waiting.
#[derive(Debug)]
pub struct RunningPlatform {
    machine: Arc<Machine>,
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<()>,
    lan: Vec<lan::Port>,
}

impl RunningPlatform {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.machine.identity
    }

    /// Where it is in its life, now and from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.machine.state()
    }

    /// Waits until every port is forwarded.
    ///
    /// # Errors
    /// When the platform stops instead. While it retries this goes on waiting.
    pub async fn settled(&self) -> Result<(), NotSettled> {
        let mut state = self.state();
        let found = state.wait_for(|state| matches!(state, State::Settled | State::Stopped)).await;
        if matches!(found.as_deref(), Ok(State::Settled)) {
            return Ok(());
        }
        let log = self.cira_log();
        let why = log.entries.back().map(|entry| entry.note.clone()).unwrap_or_default();
        Err(NotSettled { name: self.identity().name.clone(), why })
    }

    /// What it remembers of its attempts.
    #[must_use]
    pub fn cira_log(&self) -> CiraLog {
        self.machine.log().borrow().clone()
    }

    /// The same, with notice of new entries.
    #[must_use]
    pub fn cira_log_changes(&self) -> watch::Receiver<CiraLog> {
        self.machine.log()
    }

    /// Puts older entries, from an earlier run, before those of its log.
    pub fn remember(&self, earlier: CiraLog) {
        self.machine.write_log(|log, _| log.remember(earlier));
    }

    /// The management engine behind the ports: power state and the like. Made when first asked for.
    #[must_use]
    pub fn host(&self) -> Arc<Host> {
        self.machine.host()
    }

    /// The ports that it offers on its own network, each with the address under which it is reached.
    #[must_use]
    pub fn lan(&self) -> Vec<(u16, SocketAddr)> {
        self.lan.iter().map(|port| (port.service, port.address)).collect()
    }

    /// What it is configured with.
    #[must_use]
    pub fn configuration(&self) -> Configuration {
        self.machine.shared.read().clone()
    }

    /// Notice of changes of what it is configured with.
    #[must_use]
    pub fn configuration_changes(&self) -> watch::Receiver<u64> {
        self.machine.shared.changes()
    }

    /// Pulls a trigger: it dials in now, under that trigger's number. With a tunnel up, `user` and `periodic` end it
    /// first; `alert` uses it to send an event (chassis intrusion).
    pub fn fire(&self, trigger: Trigger) {
        self.tell(Command::Fire(trigger));
    }

    /// Sends an event through the tunnel; without one it dials in for it.
    pub fn raise(&self, event: Pet) {
        self.tell(Command::Alert(Arc::new(event)));
    }

    /// Changes how it misbehaves.
    pub fn set_fault(&self, setting: FaultSetting) {
        self.tell(Command::Fault(Box::new(setting)));
    }

    /// The same from `key=value`.
    ///
    /// # Errors
    /// When that is no fault.
    pub fn fault(&self, setting: &str) -> Result<(), FaultError> {
        self.set_fault(setting.parse()?);
        Ok(())
    }

    /// Ends the tunnel with a goodbye and stays away until fired.
    pub fn disconnect(&self) {
        self.tell(Command::Disconnect);
    }

    /// Drops the socket without a goodbye, as when the power fails; then it comes back by itself.
    pub fn vanish(&self) {
        self.tell(Command::Cut);
    }

    /// Ends the tunnel with a goodbye and waits until that is said (at most a second).
    pub async fn shutdown(self) {
        self.tell(Command::Shutdown);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a platform's task failed");
        }
    }

    /// Waits until no tunnel is up and none will be.
    pub(crate) async fn stopped(&self) {
        // A task that is gone has stopped, too.
        drop(self.state().wait_for(|state| *state == State::Stopped).await);
    }

    pub(crate) fn ask_to_shut_down(&self) {
        self.tell(Command::Shutdown);
    }

    fn tell(&self, command: Command) {
        // A platform that was shut down is deaf, which is what its caller wanted.
        drop(self.commands.send(command));
    }
}
