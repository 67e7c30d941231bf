//! Asking the identity provider, bounded in time.

use super::ProviderError;
use crate::{fetch::fetch, tls::OutgoingTls};
use bytes::Bytes;
use hyper::{Method, Request, header};
use std::time::Duration;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(10);
const ANSWER_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Fetch(OutgoingTls);

impl Fetch {
    pub(super) fn new(tls: OutgoingTls) -> Self {
        Self(tls)
    }

    pub(super) async fn get(&self, url: &str) -> Result<Bytes, ProviderError> {
        self.ask(Method::GET, url, String::new()).await
    }

    pub(super) async fn post(&self, url: &str, form: String) -> Result<Bytes, ProviderError> {
        self.ask(Method::POST, url, form).await
    }

    async fn ask(&self, method: Method, url: &str, body: String) -> Result<Bytes, ProviderError> {
        let failed = |why: &str| ProviderError::Unreachable(format!("{url}: {why}"));
        let request = Request::builder()
            .method(method)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        match timeout(DEADLINE, fetch(&self.0, url, request, body, ANSWER_MAX)).await {
            Ok(Ok((status, body))) if status.is_success() => Ok(body),
            Ok(Ok((status, body))) => {
                let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
                Err(failed(&format!("it says {status}: {}", text.escape_debug())))
            }
            Ok(Err(why)) => Err(failed(&why)),
            Err(_) => Err(failed(&format!("nothing within {DEADLINE:?}"))),
        }
    }
}
