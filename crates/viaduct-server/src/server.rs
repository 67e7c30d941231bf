//! Putting the parts together, and taking them down in order.

mod descriptors;
mod parts;
mod sockets;

pub use sockets::Addresses;

use crate::{
    access::{Access, Provider},
    admission::Admission,
    api::{self, Api},
    audit::Audit,
    command::Commander,
    config::{
        Config, DataDir,
        data_dir::{DataDirError, Lock, LockError},
    },
    events::{
        Bus,
        sink::{SinkError, Vetoes},
    },
    gateway::Gateway,
    history::History,
    inventory::{Inventory, StoreError},
    knocks::Knocks,
    listen::{DeviceListener, Pending, Sources},
    media::Media,
    metrics::{Meters, Metrics, SinkFigures},
    redirect::Redirections,
    registry::{Registry, TunnelEnd},
    tls::{Authority, AuthorityError, Certificates, TlsError},
    tunnel::DriverConfig,
    vault::VaultError,
};
use sockets::Sockets;
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

/// Why the server did not start. Nothing was changed for the devices.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// Another process has this data directory or address.
    #[error("{0}")]
    Locked(#[from] LockError),
    /// An address is taken, or not ours to listen on.
    #[error(
        "E1001 cannot listen on {address} ([{section}] listen): {source}{owner}. Stop that program, or choose another address"
    )]
    Listen { section: String, address: SocketAddr, source: io::Error, owner: String },
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error("certificates: {0}")]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Events(#[from] SinkError),
    #[error("E1008 the library of images cannot be used: {0}")]
    Media(#[from] io::Error),
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("[vault] {0}")]
    Vault(#[from] VaultError),
    #[error("[cira] proxy_protocol: {0}")]
    Sources(String),
}

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A running server.
#[derive(Debug)]
pub struct Running {
    addresses: Arc<Addresses>,
    certificates: Certificates,
    access: Access,
    audit: Audit,
    provider: Option<Arc<Provider>>,
    inventory: Inventory,
    registry: Registry,
    events: Bus,
    commands: Commander,
    knocks: Knocks,
    redirections: Redirections,
    history: History,
    sinks: Arc<[(String, SinkFigures)]>,
    media: Media,
    plain_trusted: bool,
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
    _lock: Lock,
}

/// Tunnels get so long to say goodbye when the server stops.
const GOODBYE: Duration = Duration::from_secs(3);

impl Server {
    /// Starts all parts. `config_text` is the effective configuration as people may see it.
    pub async fn start(config: Config, config_text: String) -> Result<Running, StartError> {
        let places = descriptors::places(config.limits.tunnels);
        // A server on the same address is found out before anything is touched.
        let sockets = Sockets::bind(&config)?;
        let data = DataDir::open(&config.data)?;
        let mut lock = data.lock(&[config.cira.listen])?;
        let addresses = Arc::new(sockets.addresses());
        lock.write(&addresses.cira)?;

        let events = Bus::with_history(config.events.history);
        let inventory = parts::inventory(&config).await?;
        let authority = Authority::open(&data.ca(), parts::seal(&inventory))?;
        let certificates =
            Certificates::open(authority, &config.cira, &config.web, events.clone())?;
        events.name_devices(inventory.clone());
        let access = Access::open_with(&inventory, &config.jwt).await?;
        let audit = Audit::open(&inventory).await?;
        let provider = Provider::new(&config.oidc)?.map(Arc::new);
        let registry = Registry::new(events.clone());
        let (shutdown, down) = watch::channel(false);
        let limits = config.limits.clone();
        let commands = Commander::new(registry.clone(), inventory.clone(), events.clone(), limits);
        let told = (&events, &commands);
        let redirections =
            parts::redirections(&config, &registry, &inventory, &access, &audit, told);
        let mut running = Running {
            addresses,
            certificates,
            access,
            audit,
            provider,
            inventory,
            registry,
            events,
            commands,
            knocks: Knocks::default(),
            redirections,
            history: History::default(),
            sinks: Arc::default(),
            media: Media::open(data.media(), &config.limits)?,
            plain_trusted: config.web.plain_trusted,
            shutdown,
            tasks: JoinSet::new(),
            _lock: lock,
        };
        let sign_ins = running.audit.clone().follow_sign_ins(running.access.clone(), down.clone());
        running.tasks.spawn(sign_ins);
        running.tasks.spawn(running.audit.clone().check_often(down.clone()));
        running.tasks.spawn(running.media.clone().look_through(down.clone()));
        let pending = Pending::new(config.limits.pending, config.limits.pending_per_source);
        let metrics = Metrics::new(&running.events);
        let meters = metrics.meters();
        let vetoes = running.spawn_sinks(&config, &metrics, &down)?;
        if let Some(listener) = sockets.metrics {
            let sources = running.figures(&config, &pending);
            running.tasks.spawn(metrics.serve(listener, sources, down.clone()));
        }
        let places = Arc::new(Semaphore::new(places));
        running
            .spawn_devices(&config, sockets.cira, &pending, &places, (vetoes, meters), &down)
            .await?;
        let gateway = running.gateway(&config);
        running.spawn_consoles(&config, &gateway, sockets.socks, sockets.http_proxy, &down);
        let api = running.api(gateway, &config, config_text);
        running.spawn_web(api, data.socket(), sockets.web, sockets.web_plain, &down)?;
        Ok(running)
    }
}

impl Running {
    async fn spawn_devices(
        &mut self,
        config: &Config,
        listeners: Vec<(String, TcpListener)>,
        pending: &Arc<Pending>,
        places: &Arc<Semaphore>,
        (vetoes, meters): (Vetoes, Meters),
        down: &watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        let driver = DriverConfig {
            apf: protocol(config),
            limits: Arc::new(config.limits.clone()),
            admission: Admission::new(self.inventory.clone(), self.events.clone()),
            inventory: self.inventory.clone(),
            registry: self.registry.clone(),
            knocks: self.knocks.clone(),
            events: self.events.clone(),
            vetoes,
            meters,
        };
        for (index, (name, listener)) in listeners.into_iter().enumerate() {
            let extra = index.checked_sub(1).and_then(|i| config.cira.extra.get(i));
            let sources = extra.map_or(&config.cira.proxy_protocol, |e| &e.proxy_protocol);
            let acceptor = self.certificates.acceptor(&name);
            if let Some(Err(why)) = match &acceptor {
                Some(acceptor) => Some(acceptor.self_test().await),
                None => None,
            } {
                tracing::warn!(
                    listener = name,
                    "the lowest TLS version of this profile does not work here: {why}; a system-wide OpenSSL policy may forbid it"
                );
            }
            if extra.is_some_and(|e| e.tls && e.profile == crate::config::Profile::Legacy) {
                tracing::warn!(
                    listener = name,
                    "this listener accepts TLS 1.0 and 1.1 for old firmware; keep it away from everything else"
                );
            }
            let listener = DeviceListener {
                listener,
                acceptor,
                sources: Sources::parse(sources).map_err(StartError::Sources)?,
                driver: driver.clone(),
                pending: Arc::clone(pending),
                places: Arc::clone(places),
            };
            self.tasks.spawn(listener.run(down.clone()));
        }
        Ok(())
    }

    fn spawn_consoles(
        &mut self,
        config: &Config,
        gateway: &Gateway,
        socks: Option<TcpListener>,
        http_proxy: Option<TcpListener>,
        down: &watch::Receiver<bool>,
    ) {
        if let Some(listener) = socks {
            let serve = gateway.clone().serve_socks(listener, config.socks.clone(), down.clone());
            self.tasks.spawn(serve);
        }
        if let Some(listener) = http_proxy {
            let serve =
                gateway.clone().serve_http(listener, config.http_proxy.clone(), down.clone());
            self.tasks.spawn(serve);
        }
    }

    fn spawn_web(
        &mut self,
        api: Api,
        socket: PathBuf,
        web: TcpListener,
        plain: Option<TcpListener>,
        down: &watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        let acceptor = self.certificates.web().acceptor()?;
        self.tasks.spawn(api::serve_http(
            api::router(api.clone()),
            web,
            Some(acceptor),
            down.clone(),
        ));
        if let Some(plain) = plain {
            let router = api::router(api.clone());
            let down = down.clone();
            if self.plain_trusted {
                self.tasks.spawn(api::serve_trusted(router, plain, down));
            } else {
                self.tasks.spawn(api::serve_http(router, plain, None, down));
            }
        }
        self.tasks.spawn(api::serve_local(api, socket, down.clone()));
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// PEM file of the root that devices and API clients are given.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.certificates.root_file()
    }

    /// The one-time link to create the first user; None once there is one.
    #[must_use]
    pub fn setup_link(&self) -> Option<String> {
        let secret = self.access.setup_secret()?;
        let web = self.addresses.web?;
        let host = match self.certificates.names().first() {
            Some(name) if !web.ip().is_loopback() => name.clone(),
            _ => web.ip().to_canonical().to_string(),
        };
        Some(format!("https://{host}:{}/setup?secret={}", web.port(), secret.expose()))
    }

    /// Users and tokens.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Who did what.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Known devices.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Live tunnels.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The way to every device's WS-Man service.
    #[must_use]
    pub fn commands(&self) -> &Commander {
        &self.commands
    }

    /// What happens.
    #[must_use]
    pub fn events(&self) -> &Bus {
        &self.events
    }

    /// Reads all certificate files again; see [`Certificates::reload`].
    pub async fn reload(&self) -> Result<Vec<String>, String> {
        self.certificates.reload().await
    }

    /// Stops in order: no new connections, goodbye to every device, pending facts to the store.
    pub async fn shutdown(mut self) {
        self.shutdown.send_replace(true);
        self.redirections.shut_down();
        let tunnels = self.registry.list();
        for tunnel in &tunnels {
            tunnel.disconnect(TunnelEnd::by_us("shutdown", "the server is stopping"));
        }
        let goodbyes = async {
            for tunnel in &tunnels {
                tunnel.ended().await;
            }
        };
        if timeout(GOODBYE, goodbyes).await.is_err() {
            tracing::warn!("some devices did not take the goodbye in time");
        }
        // The last ends are told to those who follow, then their streams end.
        self.events.history().close();
        if timeout(GOODBYE, async { while self.tasks.join_next().await.is_some() {} })
            .await
            .is_err()
        {
            self.tasks.abort_all();
        }
        if timeout(GOODBYE, self.inventory.close()).await.is_err() {
            tracing::warn!(
                "the database was busy to the end; `viaduct.db-wal` beside it belongs to it"
            );
        }
    }
}

/// The protocol's share of the configuration.
fn protocol(config: &Config) -> apf::server::Config {
    apf::server::Config {
        keepalive_interval: config.keepalive.interval.0,
        wait: config.keepalive.wait.0,
        version_deadline: config.limits.version_deadline.0,
        login_deadline: config.limits.login_deadline.0,
        stall_timeout: config.limits.stall_deadline.0,
        // An event fits into half of it.
        device_channels: config.events.device_channels.then_some(32 << 10),
        ..apf::server::Config::default()
    }
}
