//! Handing the parts of a running server to those who work with them.

use super::{Running, StartError};
use crate::{
    access::Access,
    api::{Api, Brake},
    audit::Audit,
    command::Commander,
    config::Config,
    enroll::{self, Enroller},
    events::{
        Bus,
        sink::{Home, Sinks, Vetoes},
    },
    gateway::Gateway,
    inventory::Inventory,
    listen::Pending,
    metrics::{Metrics, Sources},
    redirect::Redirections,
    registry::Registry,
    rotation::Rotator,
    tls::Seal,
    vault::Vault,
};
use std::{cell::RefCell, net::SocketAddr, sync::Arc};
use time::OffsetDateTime;
use tokio::sync::watch;
use zeroize::Zeroizing;

impl Running {
    /// What the figures are taken from.
    pub(super) fn figures(&self, config: &Config, waiting: &Arc<Pending>) -> Sources {
        Sources {
            registry: self.registry.clone(),
            inventory: self.inventory.clone(),
            certificates: self.certificates.clone(),
            audit: self.audit.clone(),
            waiting: Arc::clone(waiting),
            rotation: self.enroll_parts(config, OffsetDateTime::now_utc()),
        }
    }

    /// Starts those who tell others what happens.
    pub(super) fn spawn_sinks(
        &mut self,
        config: &Config,
        metrics: &Metrics,
        down: &watch::Receiver<bool>,
    ) -> Result<Vetoes, StartError> {
        self.tasks.spawn(self.events.clone().keep_house(down.clone()));
        self.tasks.spawn(self.history.clone().keep(
            self.registry.clone(),
            self.redirections.clone(),
            self.events.clone(),
            down.clone(),
        ));
        let port = |address: Option<SocketAddr>| address.map(|address| address.port());
        let own = config.cira.names.first().cloned();
        let started = RefCell::new(Vec::new());
        let sinks = Sinks {
            config: &config.events,
            bus: &self.events,
            inventory: &self.inventory,
            home: Home {
                address: own.unwrap_or_else(|| config.cira.listen.ip().to_canonical().to_string()),
                http_proxy: port(self.addresses.http_proxy),
                socks: port(self.addresses.socks),
            },
            figures: &|name: String| {
                let figures = metrics.sink(name.clone());
                started.borrow_mut().push((name, figures.clone()));
                figures
            },
        };
        let vetoes = sinks.start(&mut self.tasks, down)?;
        self.sinks = started.into_inner().into();
        Ok(vetoes)
    }

    /// What the API's handlers work with.
    pub(super) fn api(&self, gateway: Gateway, config: &Config, config_text: String) -> Api {
        let started = OffsetDateTime::now_utc();
        Api {
            gateway,
            enroller: Enroller::new(self.enroll_parts(config, started)),
            rotator: Rotator::new(self.enroll_parts(config, started)),
            consent_tries: Arc::default(),
            brake: Arc::new(Brake::new(config.limits.interruptions)),
            commands: self.commands.clone(),
            redirections: self.redirections.clone(),
            media: self.media.clone(),
            origins: config.web.origins.clone().into(),
            redirection_tokens: config.web.redirection_tokens,
            registry: self.registry.clone(),
            inventory: self.inventory.clone(),
            access: self.access.clone(),
            audit: self.audit.clone(),
            provider: self.provider.clone(),
            events: self.events.clone(),
            certificates: self.certificates.clone(),
            config_text: config_text.into(),
            history: self.history.clone(),
            sinks: Arc::clone(&self.sinks),
            data: config.data.as_path().into(),
            started,
            addresses: Arc::clone(&self.addresses),
        }
    }

    /// The proxies' way into the tunnels.
    pub(super) fn gateway(&self, config: &Config) -> Gateway {
        Gateway::new(
            self.registry.clone(),
            self.inventory.clone(),
            self.access.clone(),
            config.limits.clone(),
            self.events.clone(),
        )
    }

    fn enroll_parts(&self, config: &Config, started: OffsetDateTime) -> enroll::Parts {
        enroll::Parts {
            inventory: self.inventory.clone(),
            registry: self.registry.clone(),
            events: self.events.clone(),
            certificates: self.certificates.clone(),
            commands: self.commands.clone(),
            knocks: self.knocks.clone(),
            addresses: Arc::clone(&self.addresses),
            cira: config.cira.clone(),
            deadline: config.limits.enroll_deadline.0,
            started,
            kept: config.data.join("enrollments"),
        }
    }
}

/// What is known and where the rest is kept; the master key comes from Vault when the settings say so.
pub(super) async fn inventory(config: &Config) -> Result<Inventory, StartError> {
    let vault = Vault::new(&config.vault)?;
    let mut store = config.store.clone();
    if let (Some(vault), Some(path)) = (&vault, &config.vault.master_key) {
        store.master_key_text = Some(vault.master_key(path).await?);
    }
    let inventory = Inventory::open(&store, &config.data, config.limits.unclaimed).await?;
    if let Some(vault) = vault {
        inventory.use_vault(vault);
    }
    Ok(inventory)
}

/// What the authority's private keys are sealed with: the installation's keys, once a master key seals these. Without
/// one they would lie open beside what they seal.
pub(super) fn seal(inventory: &Inventory) -> Option<Arc<dyn Seal>> {
    inventory.keys().are_sealed().then(|| Arc::new(Installation(inventory.clone())) as _)
}

#[derive(Debug)]
struct Installation(Inventory);

/// As whose field the authority's keys are sealed.
const AUTHORITY: &str = "authority";

impl Seal for Installation {
    fn seal(&self, name: &str, key: &[u8]) -> Result<Vec<u8>, String> {
        let sealed = self.0.keys().seal_for(AUTHORITY, name, "private key", key);
        sealed.map_err(|error| error.to_string())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let opened = self.0.keys().open_for(AUTHORITY, name, "private key", sealed);
        opened.map_err(|error| error.to_string())
    }
}

/// Screens, serial ports and drives.
pub(super) fn redirections(
    config: &Config,
    registry: &Registry,
    inventory: &Inventory,
    access: &Access,
    audit: &Audit,
    (events, commands): (&Bus, &Commander),
) -> Redirections {
    Redirections::new(
        registry.clone(),
        inventory.clone(),
        access.clone(),
        audit.clone(),
        (events.clone(), commands.clone()),
        (config.limits.clone(), config.web.kvm_keep_awake),
    )
}
