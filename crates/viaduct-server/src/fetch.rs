//! One request to a service that this server itself needs (identity provider, Vault): HTTPS, or HTTP to one on this
//! machine; bounded in size. The caller bounds the time.

use crate::tls::OutgoingTls;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, Uri, client::conn::http1, header, http::request::Builder};
use hyper_util::rt::TokioIo;
use std::fmt::Display;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

fn text(error: impl Display) -> String {
    error.to_string()
}

/// Sends `request` to `url` with this body; what is answered may have `most` bytes. An error is words for people.
pub(crate) async fn fetch(
    tls: &OutgoingTls,
    url: &str,
    request: Builder,
    body: String,
    most: usize,
) -> Result<(StatusCode, Bytes), String> {
    let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| text(error))?;
    let host = uri.host().ok_or("it has no host")?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let io = TcpStream::connect((bare, port)).await.map_err(text)?;
    // A secret in the clear stays on this machine.
    let here = io.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    if !secure && !here {
        return Err("only https is good enough across a network".into());
    }
    let request = request
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, uri.authority().map_or(host, |authority| authority.as_str()))
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(text)?;
    if secure {
        send(tls.connect(bare, io).await.map_err(text)?, request, most).await
    } else {
        send(io, request, most).await
    }
}

async fn send<T>(
    io: T,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<(StatusCode, Bytes), String>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(text)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(text)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), most).collect().await;
        Ok((status, body.map_err(text)?.to_bytes()))
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
