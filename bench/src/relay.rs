//! The yardstick: HAProxy ends TLS of the same devices and relays their bytes, nothing else.

use crate::{
    console::{Line, Path as Way},
    device::{self, Manner},
    process::{Server, free_port, wait_for},
    service::Service,
};
use anyhow::Result;
use bytes::BytesMut;
use openssl::ssl::SslContext;
use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};
use tokio_openssl::SslStream;

/// A running HAProxy with one thread.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) server: Server,
    pub(crate) front: SocketAddr,
    line: Arc<Line>,
}

impl Relay {
    /// Starts it with the device certificate that Viaduct uses in the same run.
    pub(crate) async fn start(ca: &Path, directory: &Path, tls: SslContext) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let front = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let pem = directory.join("relay.pem");
        let pair = [fs::read(ca.join("device-2048.pem"))?, fs::read(ca.join("device-2048.key"))?];
        fs::write(&pem, pair.concat())?;
        let config = format!(
            "global\n  nbthread 1\n  tune.ssl.default-dh-param 2048\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 120s\n  timeout server 120s\n\
             listen relay\n  bind {front} ssl crt {} no-tlsv13\n  server consoles {}\n",
            pem.display(),
            listener.local_addr()?
        );
        let file = directory.join("haproxy.cfg");
        fs::write(&file, config)?;
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&file);
        let server = Server::start(&mut command, &directory.join("haproxy.log"))?;
        wait_for(front).await?;
        // The probe above reached the consoles' side as well.
        let (dial, mut dials) = mpsc::channel::<Manner>(64);
        let (accept, accepted) = mpsc::channel(64);
        tokio::spawn(async move {
            while let Some(manner) = dials.recv().await {
                tokio::spawn(serve(front, tls.clone(), manner));
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // The device says hello first, so that a probe is not taken for a device.
                let ready = stream.set_nodelay(true).is_ok() && stream.read_u8().await.is_ok();
                if ready && accept.send(stream).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { server, front, line: Arc::new(Line { accepted: Mutex::new(accepted), dial }) })
    }

    /// To devices of that manner.
    pub(crate) fn way(&self, manner: Manner) -> Way {
        Way::Relay { line: Arc::clone(&self.line), manner }
    }
}

/// A device behind the relay: the same service over bare TLS.
async fn serve(front: SocketAddr, tls: SslContext, manner: Manner) -> Result<()> {
    let mut stream: SslStream<TcpStream> = device::connect(0, front, &tls).await?;
    stream.write_all(b"!").await?;
    let (mut service, mut input) = (Service::bare(manner.offer, manner.piece), BytesMut::new());
    loop {
        while let Some(piece) = service.output(0) {
            stream.write_all(&piece).await?;
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        if let Some(answer) = service.input(input.split().freeze()) {
            stream.write_all(&answer).await?;
        }
    }
}
