//! Secrets that somebody else keeps: a Vault's key-value store of version 2, as Open AMT's provisioning writes it.
//!
//! `devices/<guid>` has `AMT_PASSWORD` and `MPS_PASSWORD`. What was read is remembered for a while, nothing else is:
//! when Vault does not answer the caller is told so, and never takes a secret that could not be read for one that is
//! not there.

mod ask;
mod health;

use crate::{
    config::{self, Secret},
    tls::OutgoingTls,
};
pub(crate) use health::Health;
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};
use viaduct_api::DeviceId;

/// Questions on their way at the same time; more wait, within their deadline.
const QUESTIONS: usize = 32;
/// Devices that are remembered: a reconnect storm of so many asks once for each. About 300 bytes each.
const REMEMBERED: usize = 20_000;
/// Devices that nobody has added, or that are blocked, and that Vault was asked about all the same.
const STRANGERS: usize = 1000;
/// A password that does not fit is looked up anew when what is remembered is older than this: it may have changed
/// there. Whoever guesses costs one question in this time.
const DOUBT: Duration = Duration::from_secs(5);
/// The field of the master key.
const MASTER_KEY: &str = "master_key";

/// Why Vault gave nothing that could be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It cannot be reached, or is silent.
    #[error("it cannot be reached ({0})")]
    Away(String),
    /// The token is wrong, or has no right to the path.
    #[error("it refuses our token ({0})")]
    Denied(String),
    /// It answers something else.
    #[error("its answer cannot be used ({0})")]
    Unusable(String),
    /// A file of the settings.
    #[error("{0}")]
    Settings(String),
}

/// What Vault has for a device. An empty text there counts as none.
#[derive(Debug, Default)]
pub(crate) struct DeviceSecrets {
    pub(crate) amt: Option<Secret<String>>,
    pub(crate) mps: Option<Secret<String>>,
    pub(crate) rfb: Option<Secret<String>>,
}

/// What is remembered of a device, and since when.
type Remembered = (Arc<DeviceSecrets>, Instant);

/// The Vault of the settings.
#[derive(Clone)]
pub(crate) struct Vault(Arc<Inner>);

struct Inner {
    /// Without a slash at its end.
    url: String,
    /// Up to the mount's `data`, without a slash at its end.
    base: String,
    token: Token,
    tls: OutgoingTls,
    deadline: Duration,
    fresh: Duration,
    places: Semaphore,
    devices: Mutex<HashMap<DeviceId, Remembered>>,
    /// When Vault was asked about those who are refused anyway. Apart, so that they push nobody out.
    strangers: Mutex<HashMap<DeviceId, Instant>>,
    health: tokio::sync::Mutex<health::Asked>,
}

enum Token {
    Text(Secret<String>),
    /// Read anew for each question, so that an agent can renew it.
    File(PathBuf),
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vault").field(&self.0.base).finish()
    }
}

impl Vault {
    /// None: the settings name no Vault.
    ///
    /// # Errors
    /// When there is no token, or nothing to trust.
    pub(crate) fn new(settings: &config::Vault) -> Result<Option<Self>, VaultError> {
        let Some(url) = &settings.url else { return Ok(None) };
        let token = match (&settings.token, &settings.token_file) {
            (Some(token), _) => Token::Text(token.clone()),
            (None, Some(file)) => Token::File(file.clone()),
            (None, None) => {
                let why = "vault.url is set; set vault.token_file (or vault.token) too";
                return Err(VaultError::Settings(why.into()));
            }
        };
        let tls = OutgoingTls::new(settings.ca.as_deref())
            .map_err(|error| VaultError::Settings(format!("vault.ca: {error}")))?;
        let base =
            format!("{}/v1/{}/data", url.trim_end_matches('/'), settings.mount.trim_matches('/'));
        Ok(Some(Self(Arc::new(Inner {
            url: url.trim_end_matches('/').to_owned(),
            base,
            token,
            tls,
            deadline: settings.timeout.0,
            fresh: settings.cache.0,
            places: Semaphore::new(QUESTIONS),
            devices: Mutex::default(),
            strangers: Mutex::default(),
            health: tokio::sync::Mutex::default(),
        }))))
    }

    /// What is remembered of a device, when it is not too old; and whether it is so new that asking again would be no
    /// use.
    pub(crate) fn remembered(&self, id: DeviceId) -> Option<(Arc<DeviceSecrets>, bool)> {
        let devices = self.devices();
        let (secrets, since) = devices.get(&id)?;
        let age = since.elapsed();
        (age < self.0.fresh).then(|| (Arc::clone(secrets), age < DOUBT.min(self.0.fresh)))
    }

    /// The secrets of a device: as remembered, or from Vault.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) async fn device(&self, id: DeviceId) -> Result<Arc<DeviceSecrets>, VaultError> {
        match self.remembered(id) {
            Some((secrets, _)) => Ok(secrets),
            None => self.look_up(id).await,
        }
    }

    /// The same from Vault itself.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) async fn look_up(&self, id: DeviceId) -> Result<Arc<DeviceSecrets>, VaultError> {
        let fields = self.read(&format!("devices/{id}")).await?.unwrap_or_default();
        let secrets = Arc::new(DeviceSecrets {
            amt: text(&fields, "AMT_PASSWORD"),
            mps: text(&fields, "MPS_PASSWORD"),
            rfb: text(&fields, "RFB_PASSWORD"),
        });
        let mut devices = self.devices();
        if devices.len() >= REMEMBERED {
            devices.retain(|_, (_, since)| since.elapsed() < self.0.fresh);
        }
        if devices.len() >= REMEMBERED {
            devices.clear();
        }
        devices.insert(id, (Arc::clone(&secrets), Instant::now()));
        Ok(secrets)
    }

    /// Whether a device that is refused anyway was asked about so lately that one that is known would not be either.
    pub(crate) fn asked_about_stranger(&self, id: DeviceId) -> bool {
        let newest = DOUBT.min(self.0.fresh);
        self.strangers().get(&id).is_some_and(|asked| asked.elapsed() < newest)
    }

    /// Asks about a device that is refused anyway, for nothing but the time it takes.
    pub(crate) async fn ask_about_stranger(&self, id: DeviceId) {
        if let Err(error) = self.read(&format!("devices/{id}")).await {
            tracing::debug!(device = %id, %error, "a device that is refused anyway was not looked up");
        }
        let mut strangers = self.strangers();
        if strangers.len() >= STRANGERS {
            strangers.clear();
        }
        strangers.insert(id, Instant::now());
    }

    /// Forgets what is remembered of a device: somebody says that it changed.
    pub(crate) fn forget(&self, id: DeviceId) {
        self.devices().remove(&id);
    }

    /// The master key of this installation.
    ///
    /// # Errors
    /// [`VaultError`], also when there is none: then nothing may be made in its place.
    pub(crate) async fn master_key(&self, path: &str) -> Result<Secret<String>, VaultError> {
        let fields = self.read(path.trim_matches('/')).await?.unwrap_or_default();
        text(&fields, MASTER_KEY).ok_or_else(|| {
            VaultError::Unusable(format!("{}/{path} has no field `{MASTER_KEY}`", self.0.base))
        })
    }

    async fn read(&self, path: &str) -> Result<ask::Fields, VaultError> {
        let busy = || VaultError::Away("too many questions wait for it".into());
        let place = tokio::time::timeout(self.0.deadline, self.0.places.acquire()).await;
        let _place = place.map_err(|_| busy())?.map_err(|_| busy())?;
        let token = match &self.0.token {
            Token::Text(token) => token.clone(),
            Token::File(file) => {
                let text = tokio::fs::read_to_string(file).await.map(Secret::new);
                let text = text.map_err(|error| {
                    VaultError::Settings(format!("vault.token_file {}: {error}", file.display()))
                })?;
                Secret::new(text.expose().trim().to_owned())
            }
        };
        let url = format!("{}/{path}", self.0.base);
        ask::read(&self.0.tls, &url, token.expose(), self.0.deadline).await
    }

    fn strangers(&self) -> MutexGuard<'_, HashMap<DeviceId, Instant>> {
        self.0.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn devices(&self) -> MutexGuard<'_, HashMap<DeviceId, Remembered>> {
        self.0.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Option<Secret<String>> {
    let text = fields.get(key)?.as_str().filter(|text| !text.is_empty())?;
    Some(Secret::new(text.to_owned()))
}
