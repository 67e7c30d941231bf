//! A running platform and what can be asked of it.

use crate::{
    CiraLog, Configuration, FaultError, FaultSetting, Identity, PlatformConfig, Surroundings,
    TlsSetupError, Trigger,
    engine::{Ignored, Network, Standing},
    events::Noted,
    lan,
    pet::Pet,
    remote_access::Code,
    services::{Host, HostState},
    tls::TlsPool,
};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

mod life;
mod machine;

pub(crate) use life::Life;
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
    /// Lost, refused or dropped; a trigger will bring it back without anybody's doing.
    Retrying {
        /// What happened.
        why: String,
    },
    /// Nothing brings it in by itself: it waits for a user, an alert or a console; or it was shut down.
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
    Fire(Trigger, Option<oneshot::Sender<Result<(), Ignored>>>),
    Alert(Arc<Pet>),
    Fault(Box<FaultSetting>),
    Cut,
    Network(Network),
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

/// How a platform stands to its servers, as its host software is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Whether it is dialling or connected, why, and whom (the number of a server).
    pub standing: Standing,
    /// Where it takes itself to be.
    pub surroundings: Surroundings,
}

impl Default for Outlook {
    fn default() -> Self {
        Self { standing: Standing::Away, surroundings: Surroundings::Inside }
    }
}

/// Why a platform does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// Firmware would not take what it is to be configured with.
    #[error(
        "the firmware does not take {what} ({code}); user name and password have at most {longest} characters, the \
         name only letters and digits"
    )]
    Refused {
        /// Which part.
        what: &'static str,
        /// What a method would return.
        code: Code,
        /// Characters of user name and password.
        longest: usize,
    },
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
        let configuration = setup.configured_for(&setup.base()?, &identity)?;
        let tls = Arc::new(TlsPool::new(setup.firmware.clone()));
        let (source, lan) = (setup.source, setup.lan);
        let machine = Machine::new(identity, Arc::new(setup), configuration, source, lan, None);
        Self::run(Arc::new(machine), tls, Duration::ZERO)
    }

    /// Starts the platform's own task; it dials after `delay`.
    pub(crate) fn run(
        machine: Arc<Machine>,
        tls: Arc<TlsPool>,
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

    /// Reads what it is configured with, also when the platform is not at hand.
    pub fn configuration_reader(&self) -> impl Fn() -> Configuration + Send + Sync + use<> {
        let shared = self.machine.shared.clone();
        move || shared.read().clone()
    }

    /// Lets the management engine go on from what an earlier run kept of it.
    pub fn restore(&self, state: HostState) {
        self.machine.restore(state);
    }

    /// Reads what is to be kept of the management engine, also when the platform is not at hand; none while nobody
    /// has used it. [`configuration_changes`](Self::configuration_changes) tells of changes of it, too.
    pub fn host_state_reader(&self) -> impl Fn() -> Option<HostState> + Send + Sync + use<> {
        let machine = self.machine.clone();
        move || machine.host_state()
    }

    /// What a person in front of the PC sees; nothing while nobody has used the management engine.
    #[must_use]
    pub fn front(&self) -> Vec<String> {
        self.machine.front()
    }

    /// Notice of changes of what it is configured with.
    #[must_use]
    pub fn configuration_changes(&self) -> watch::Receiver<u64> {
        self.machine.shared.changes()
    }

    /// How it stands to its servers.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        self.machine.outlook()
    }

    /// The latest events of remote access, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Noted> {
        self.machine.events()
    }

    /// Pulls a trigger: what comes of it is decided by the policy of that trigger. `alert` also sends an event (chassis
    /// intrusion), `user` one that says so.
    pub fn fire(&self, trigger: Trigger) {
        self.tell(Command::Fire(trigger, None));
    }

    /// The same, and waits for the decision.
    ///
    /// # Errors
    /// When the trigger does nothing, with the reason.
    pub async fn try_fire(&self, trigger: Trigger) -> Result<(), Ignored> {
        let (verdict, decided) = oneshot::channel();
        self.tell(Command::Fire(trigger, Some(verdict)));
        // A platform that has ended has no policies any more.
        decided.await.unwrap_or(Err(Ignored::NoPolicy))
    }

    /// Puts it into another network.
    pub fn enter(&self, network: Network) {
        self.tell(Command::Network(network));
    }

    /// Sends an event through the tunnel; without one it dials in for it.
    pub fn raise(&self, event: Pet) {
        self.machine.happened(&event);
        self.tell(Command::Alert(Arc::new(event)));
    }

    /// Changes how it misbehaves.
    pub fn set_fault(&self, setting: FaultSetting) {
        self.machine.set_fault(&setting);
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

    /// Ends the tunnel with a goodbye, as CloseRemoteAccessConnection does; the next trigger opens another.
    pub fn disconnect(&self) {
        self.tell(Command::CloseTunnel);
    }

    /// Drops the socket without a goodbye, as when the power fails; the next trigger opens another.
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
