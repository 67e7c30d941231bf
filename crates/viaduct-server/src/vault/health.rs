//! How Vault says it is, for those who ask this server how it is.

use super::Vault;
use crate::fetch::fetch;
use hyper::Request;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Anybody may ask, so Vault is asked no more often than this.
const FRESH: Duration = Duration::from_secs(5);
/// Vault's answer has a dozen fields.
const ANSWER_MAX: usize = 16 << 10;

/// What Vault says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Health {
    pub(crate) initialized: bool,
    pub(crate) sealed: bool,
}

/// The last answer, none when there was none, and when it was asked for.
pub(super) type Asked = Option<(Option<Health>, Instant)>;

impl Vault {
    /// How it is; none: it does not answer, or with something else.
    pub(crate) async fn health(&self) -> Option<Health> {
        // One question at a time: whoever comes meanwhile gets its answer.
        let mut asked = self.0.health.lock().await;
        if let Some((health, at)) = *asked
            && at.elapsed() < FRESH
        {
            return health;
        }
        let health = self.ask_health().await;
        *asked = Some((health, Instant::now()));
        health
    }

    async fn ask_health(&self) -> Option<Health> {
        // A standby is as good; sealed is 503 and not initialised 501, each with the same body.
        let url = format!("{}/v1/sys/health?standbyok=true&perfstandbyok=true", self.0.url);
        let answer = fetch(&self.0.tls, &url, Request::get("/"), String::new(), ANSWER_MAX);
        match timeout(self.0.deadline, answer).await {
            Ok(Ok((_, body))) => serde_json::from_slice(&body).ok(),
            Ok(Err(why)) => {
                tracing::debug!(why, "Vault did not say how it is");
                None
            }
            Err(_) => None,
        }
    }
}
