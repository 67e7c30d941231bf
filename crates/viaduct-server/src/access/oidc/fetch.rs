//! Asking the identity provider: HTTPS, or HTTP to a provider on this machine; bounded in time and size.

use super::ProviderError;
use crate::tls::OutgoingTls;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::{fmt::Display, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

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
        match timeout(DEADLINE, self.exchange(method, url, body)).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(ProviderError::Unreachable(format!("{url}: nothing within {DEADLINE:?}")))
            }
        }
    }

    async fn exchange(
        &self,
        method: Method,
        url: &str,
        body: String,
    ) -> Result<Bytes, ProviderError> {
        let failed = |error: &dyn Display| ProviderError::Unreachable(format!("{url}: {error}"));
        let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| failed(&error))?;
        let host = uri.host().ok_or_else(|| failed(&"it has no host"))?.to_owned();
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let io = TcpStream::connect((bare.as_str(), port)).await.map_err(|error| failed(&error))?;
        // A secret in the clear stays on this machine.
        let here = io.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        if !secure && !here {
            return Err(failed(&"only https is good enough across a network"));
        }
        let authority = uri.authority().map_or(host.as_str(), |a| a.as_str());
        let request = Request::builder()
            .method(method)
            .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
            .header(header::HOST, authority)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| failed(&error))?;
        let answer = if secure {
            let io = self.0.connect(&bare, io).await.map_err(|error| failed(&error))?;
            send(io, request).await
        } else {
            send(io, request).await
        };
        answer.map_err(|error| failed(&error))
    }
}

async fn send<T>(io: T, request: Request<Full<Bytes>>) -> Result<Bytes, String>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(io)).await.map_err(|error| error.to_string())?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        Err(format!("it says {status}: {}", text.escape_debug()))
    };
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => answer,
        ended = connection => match ended {
            Ok(()) => asked.await,
            Err(error) => Err(error.to_string()),
        },
    }
}
