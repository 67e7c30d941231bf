//! The way to the server: REST over the local socket in the data directory, or over TLS.

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes, client::conn::http1, header, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{path::PathBuf, process::ExitCode, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use viaduct_api::{Code, Problem};
use viaduct_server::config::{DataDir, LoadArgs};

/// Which server, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Target {
    /// Server, for example https://mps.example.com:8443
    #[arg(long, global = true, env = "VIADUCT_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// API token
    #[arg(
        long,
        global = true,
        env = "VIADUCT_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        hide = true
    )]
    pub(crate) token: Option<String>,
    /// Root certificate of the server (viaduct cert export), PEM
    #[arg(long, global = true, env = "VIADUCT_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Problem);

impl Failure {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// The exit code that scripts can rely on.
    pub(crate) fn exit(&self) -> ExitCode {
        ExitCode::from(match self.0.code.as_str() {
            "E1110" | "E1111" | "E1112" => 3,
            "E1012" | "E1400" | "E1002" | "E1001" | "E1007" => 2,
            "E3001" => 4,
            "E2001" | "E2003" | "E2009" | "E1404" => 5,
            "E3004" => 6,
            "E2004" => 7,
            "E2002" => 8,
            "E2005" | "E2006" | "E2007" => 9,
            "E2008" => 11,
            _ => match self.0.status {
                401 => 4,
                403 => 6,
                404 => 5,
                409 => 7,
                _ => 1,
            },
        })
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// How the server is reached.
#[derive(Debug)]
enum Way {
    Socket(PathBuf),
    Tls { host: String, port: u16, config: Arc<ClientConfig>, token: Option<String> },
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client(Way);

fn unreachable(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Unreachable, format!("{what}: {error}"))
}

impl Client {
    /// `--server` or VIADUCT_SERVER, else the socket of `--data` or the default data directory.
    pub(crate) fn new(target: Target, data: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(server) = target.server.filter(|_| data.is_none()) else {
            let args = LoadArgs { data, ..LoadArgs::from_environment() };
            let loaded = viaduct_server::Config::load(args).map_err(|errors| {
                let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
                Failure::new(Code::BadConfig, all.join("\n"))
            })?;
            let directory = DataDir::existing(&loaded.config.data)
                .map_err(|e| Failure::new(Code::Unreachable, e.to_string()))?;
            return Ok(Self(Way::Socket(directory.socket())));
        };
        let bad = || Failure::new(Code::BadRequest, format!("`{server}` is no https:// address"));
        let rest = server.strip_prefix("https://").ok_or_else(bad)?;
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| bad())?),
            _ => (authority, 8443),
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let config = tls(target.ca)?;
        Ok(Self(Way::Tls { host, port, config, token: target.token }))
    }

    async fn connect(&self) -> Result<Box<dyn Duplex>, Failure> {
        match &self.0 {
            Way::Socket(path) => match UnixStream::connect(path).await {
                Ok(socket) => Ok(Box::new(socket)),
                Err(error) => Err(unreachable(&path.display().to_string(), error)),
            },
            Way::Tls { host, port, config, .. } => {
                let what = format!("{host}:{port}");
                let tcp = TcpStream::connect((host.as_str(), *port)).await;
                let tcp = tcp.map_err(|e| unreachable(&what, e))?;
                let name = ServerName::try_from(host.clone())
                    .map_err(|e| Failure::new(Code::BadRequest, format!("{host}: {e}")))?;
                let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
                match connector.connect(name, tcp).await {
                    Ok(stream) => Ok(Box::new(stream)),
                    Err(error) => Err(Failure::new(Code::Untrusted, format!("{what}: {error}"))),
                }
            }
        }
    }

    fn request(&self, method: &Method, path: &str) -> hyper::http::request::Builder {
        let builder =
            Request::builder().method(method).uri(path).header(header::ACCEPT, "application/json");
        match &self.0 {
            Way::Socket(_) => builder.header(header::HOST, "localhost"),
            Way::Tls { host, port, token, .. } => {
                let builder = builder.header(header::HOST, format!("{host}:{port}"));
                match token {
                    Some(token) => builder.header(header::AUTHORIZATION, format!("Bearer {token}")),
                    None => builder,
                }
            }
        }
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<hyper::Response<hyper::body::Incoming>, Failure> {
        let io = TokioIo::new(self.connect().await?);
        let answer = |e: hyper::Error| Failure::new(Code::NotViaduct, e.to_string());
        let (mut sender, connection) = http1::handshake(io).await.map_err(answer)?;
        // The connection ends with its one request, or becomes a stream.
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await.map_err(answer)
    }

    /// One request; the answer as text.
    pub(crate) async fn text(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<String, Failure> {
        let mut builder = self.request(&method, path);
        if body.is_some() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(body.map(|b| b.to_string()).unwrap_or_default()));
        let request = builder.body(body);
        let request = request.map_err(|e| Failure::new(Code::BadRequest, e.to_string()))?;
        let response = self.send(request).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await;
        let bytes = bytes.map_err(|e| Failure::new(Code::NotViaduct, e.to_string()))?.to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_success() { Ok(text) } else { Err(refusal(status.as_u16(), &text)) }
    }

    /// One request; the answer as a value.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, Failure> {
        let text = self.text(method, path, body).await?;
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).map_err(|e| Failure::new(Code::NotViaduct, e.to_string()))
    }

    /// A GET of JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.json(Method::GET, path, None).await
    }

    /// A byte stream to a port of a device.
    pub(crate) async fn stream(
        &self,
        device: &str,
        port: u16,
    ) -> Result<TokioIo<Upgraded>, Failure> {
        let path = format!("/api/v1/devices/{}/connect/{port}", segment(device));
        let request = self
            .request(&Method::GET, &path)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "tcp")
            .body(Full::new(Bytes::new()))
            .map_err(|e| Failure::new(Code::BadRequest, e.to_string()))?;
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        if status != 101 {
            let body = response.into_body().collect().await;
            let body = body.map(|b| b.to_bytes()).unwrap_or_default();
            return Err(refusal(status, &String::from_utf8_lossy(&body)));
        }
        let upgraded = hyper::upgrade::on(response).await;
        upgraded.map(TokioIo::new).map_err(|e| Failure::new(Code::NotViaduct, e.to_string()))
    }
}

/// What the server said, or the closest to it when it is in Open AMT's shape.
fn refusal(status: u16, text: &str) -> Failure {
    if let Ok(problem) = serde_json::from_str::<Problem>(text)
        && !problem.code.is_empty()
    {
        return Failure(problem);
    }
    let code = match status {
        401 => Code::NotSignedIn,
        404 => Code::UnknownDevice,
        _ => Code::NotViaduct,
    };
    let said = serde_json::from_str::<Value>(text).ok();
    let said = said.as_ref().and_then(|v| v["message"].as_str().or(v["error"].as_str()));
    let mut failure =
        Failure::new(code, said.unwrap_or(text).chars().take(300).collect::<String>());
    failure.0.status = status;
    failure
}

fn tls(ca: Option<PathBuf>) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        let bad =
            |e: String| Failure::new(Code::BadRequest, format!("--ca {}: {e}", path.display()));
        let pem = std::fs::read(&path).map_err(|e| bad(e.to_string()))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|e| bad(e.to_string()))?;
            roots.add(certificate).map_err(|e| bad(e.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure::new(Code::BadRequest, e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    name.bytes().fold(String::new(), |mut path, b| {
        match plain(b) {
            true => path.push(char::from(b)),
            false => path.push_str(&format!("%{b:02X}")),
        }
        path
    })
}
