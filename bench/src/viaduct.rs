//! The server under test, with its devices registered through the REST API on the local socket.

use crate::{
    console::Path as Way,
    device::Identity,
    http::Http,
    process::{Server, free_port, wait_for},
    service::{AMT_PASSWORD, AMT_USER},
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tokio::{net::UnixStream, time::sleep};

/// A running `viaduct serve`.
#[derive(Debug)]
pub(crate) struct Viaduct {
    pub(crate) server: Server,
    pub(crate) cira: SocketAddr,
    pub(crate) root: PathBuf,
    /// REST and the relay without TLS.
    pub(crate) web: SocketAddr,
    proxy: SocketAddr,
    socket: PathBuf,
}

impl Viaduct {
    /// Starts it on loopback with a data directory below `directory`.
    pub(crate) async fn start(program: &Path, directory: &Path) -> Result<Self> {
        let data = directory.join("data");
        let address = || Ok::<_, anyhow::Error>(SocketAddr::from(([127, 0, 0, 1], free_port()?)));
        let (cira, proxy, web) = (address()?, address()?, address()?);
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(&data);
        for setting in [
            format!("cira.listen={cira}"),
            format!("http_proxy.listen={proxy}"),
            "web.listen=127.0.0.1:0".into(),
            format!("web.plain_listen={web}"),
            "socks.enabled=false".into(),
            "metrics.enabled=false".into(),
            "cira.names=[\"127.0.0.1\"]".into(),
            // As many as firmware has ids, for the figures of eight channels.
            "limits.channels=8".into(),
            "log.level=warn".into(),
        ] {
            command.arg("--set").arg(setting);
        }
        let server = Server::start(&mut command, &directory.join("viaduct.log"))?;
        // It listens before it has its certificates, and answers when it has everything.
        wait_for(cira).await?;
        let socket = data.join("viaduct.sock");
        let root = data.join("ca").join("root.pem");
        let start = Instant::now();
        while !socket.exists() {
            ensure!(start.elapsed() < Duration::from_secs(60), "viaduct does not start");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { server, cira, root, web, proxy, socket })
    }

    /// Adds the first devices of the fleet.
    pub(crate) async fn register(&self, count: usize) -> Result<()> {
        let mut socket = self.connect().await?;
        let numbers: Vec<usize> = (0..count).collect();
        for part in numbers.chunks(500) {
            let wish = |n: &usize| {
                let identity = Identity::nth(*n);
                json!({
                    "guid": identity.guid.to_string(),
                    "name": identity.name,
                    "mpsusername": identity.user,
                    "ciraPassword": identity.password,
                    "amtUser": AMT_USER,
                    "amtPassword": AMT_PASSWORD,
                })
            };
            let wishes = Value::Array(part.iter().map(wish).collect());
            let (status, answer) = socket.call("POST", "/api/v1/imports", &wishes).await?;
            let added = answer.as_array().map_or(0, |outcomes| {
                outcomes.iter().filter(|outcome| outcome.get("added").is_some()).count()
            });
            ensure!(status == 200 && added == part.len(), "adding devices: {status} {answer}");
        }
        Ok(())
    }

    /// The consoles' sign-in to the proxy.
    pub(crate) async fn authorization(&self) -> Result<String> {
        let plain = format!("token:{}", self.token("proxy").await?);
        Ok(format!("Basic {}", openssl::base64::encode_block(plain.as_bytes())))
    }

    /// A new token of this scope.
    pub(crate) async fn token(&self, scope: &str) -> Result<String> {
        let mut socket = self.connect().await?;
        let body = json!({ "name": format!("bench-{scope}"), "scope": scope });
        let (status, answer) = socket.call("POST", "/api/v1/tokens", &body).await?;
        ensure!(matches!(status, 200 | 201), "making a token: {status} {answer}");
        Ok(answer["token"].as_str().context("no token in the answer")?.to_owned())
    }

    /// How a console reaches a device.
    pub(crate) fn way(&self, authorization: &str, n: usize) -> Way {
        let authorization = authorization.to_owned();
        Way::Viaduct { proxy: self.proxy, authorization, device: Identity::nth(n).name }
    }

    async fn connect(&self) -> Result<Http<UnixStream>> {
        Ok(Http::new(UnixStream::connect(&self.socket).await.context("the local socket")?, None))
    }
}
