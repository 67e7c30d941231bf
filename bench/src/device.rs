//! Device ends: TLS clients that speak APF, light enough not to be the bottleneck.

use crate::service::{Offer, PIECE, PORTS, Service};
use anyhow::{Context, Result, ensure};
use apf::{ChannelId, Time, device};
use bytes::{Buf, Bytes, BytesMut};
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslVersion};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    pin::Pin,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tokio_openssl::SslStream;
use uuid::Uuid;

/// Who a device is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) guid: Uuid,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Identity {
    /// The n-th device of a fleet.
    pub(crate) fn nth(n: usize) -> Self {
        Self {
            guid: Uuid::from_u128(0xb000_0000_0000_4000_8000_0000_0000_0000 + n as u128),
            name: format!("bench-{n:05}"),
            user: "bench".into(),
            password: format!("Bench-pass-{n:05}"),
        }
    }
}

/// One TLS policy for all servers: TLS 1.2, ECDHE-RSA-AES128-GCM, no resumption.
pub(crate) fn tls(root: &Path) -> Result<SslContext> {
    Ok(tls_of(root)?.build())
}

/// The same, not finished yet.
pub(crate) fn tls_of(root: &Path) -> Result<SslContextBuilder> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list("ECDHE-RSA-AES128-GCM-SHA256")?;
    context.set_ca_file(root)?;
    context.set_verify(openssl::ssl::SslVerifyMode::PEER);
    context.set_mode(SslMode::RELEASE_BUFFERS);
    Ok(context)
}

/// How a device sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Bytes of one piece, at most.
    pub(crate) piece: usize,
    /// What it offers where it has no ports.
    pub(crate) offer: Offer,
}

impl Default for Manner {
    fn default() -> Self {
        Self { piece: PIECE, offer: Offer::Stream }
    }
}

/// Connects from an own loopback address every 1,000 devices: local ports are finite, and so is the kernel's patience
/// in looking for free ones.
pub(crate) async fn connect(
    n: usize,
    server: SocketAddr,
    tls: &SslContext,
) -> Result<SslStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    let source = Ipv4Addr::new(127, 1, u8::try_from(n / 1000)?, 1);
    socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
    let tcp = socket.connect(server).await?;
    tcp.set_nodelay(true)?;
    let mut stream = SslStream::new(Ssl::new(tls)?, tcp)?;
    Pin::new(&mut stream).connect().await?;
    Ok(stream)
}

struct Device {
    connection: device::Connection,
    services: HashMap<ChannelId, Service>,
    manner: Manner,
    origin: Instant,
    settled: Option<oneshot::Sender<()>>,
}

/// Dials in; returns when all forwards are settled, and runs on.
pub(crate) async fn dial_in(
    n: usize,
    server: SocketAddr,
    tls: SslContext,
    manner: Manner,
) -> Result<()> {
    dial_in_watched(n, server, tls, manner).await.map(drop)
}

/// The same; the task ends when the tunnel does, and the tunnel when the task is aborted.
pub(crate) async fn dial_in_watched(
    n: usize,
    server: SocketAddr,
    tls: SslContext,
    manner: Manner,
) -> Result<JoinHandle<()>> {
    let identity = Identity::nth(n);
    let stream = connect(n, server, &tls).await.context("TLS")?;
    let mut config = device::Config::new(identity.guid);
    config.credentials = Some((identity.user.into(), identity.password.into()));
    config.ports = PORTS.to_vec();
    config.window = 256 << 10;
    config.max_piece = manner.piece;
    let origin = Instant::now();
    let (settled, ready) = oneshot::channel();
    let device = Device {
        connection: device::Connection::new(config, Time::ORIGIN),
        services: HashMap::new(),
        manner,
        origin,
        settled: Some(settled),
    };
    let (read, write) = split(stream);
    let running = tokio::spawn(device.run(read, write));
    ensure!(ready.await.is_ok(), "device {n} was turned away");
    Ok(running)
}

/// Room for a read: little for the many that only sit there, a whole TLS record for those that are sent much. Too
/// little room would measure this program instead of the server.
const ROOM_MIN: usize = 512;
const ROOM_MAX: usize = 32 << 10;

impl Device {
    fn now(&self) -> Time {
        Time::from_origin(self.origin.elapsed())
    }

    async fn run(
        mut self,
        mut read: ReadHalf<SslStream<TcpStream>>,
        mut write: WriteHalf<SslStream<TcpStream>>,
    ) {
        let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
        let mut room = ROOM_MIN;
        while !self.connection.is_finished() {
            self.step();
            if output.is_empty() {
                let now = self.now();
                self.connection.poll_transmit(&mut output, 64 << 10, now);
                self.step();
            }
            let due = self.connection.poll_timeout();
            let due = due.map_or(Duration::from_secs(3600), Time::since_origin);
            input.reserve(room);
            tokio::select! {
                n = write.write(&output), if !output.is_empty() => match n {
                    Ok(n) => output.advance(n),
                    Err(_) => return,
                },
                n = read.read_buf(&mut input) => match n {
                    Ok(n @ 1..) => {
                        if n >= room {
                            room = (room * 4).min(ROOM_MAX);
                        }
                        let now = self.now();
                        self.connection.handle_input(&mut input, now);
                    }
                    Ok(_) | Err(_) => return,
                },
                () = sleep_until(self.origin + due) => {
                    let now = self.now();
                    self.connection.handle_timeout(now);
                }
            }
            if input.is_empty() {
                input = BytesMut::new();
            }
            if output.is_empty() {
                output = BytesMut::new();
            }
        }
    }

    fn step(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                device::Event::Settled => drop(self.settled.take().map(|s| s.send(()))),
                device::Event::ChannelRequested { channel, port, .. } => {
                    self.services.insert(channel, Service::at(port, self.manner.piece));
                    self.connection.accept(channel);
                }
                device::Event::Data { channel, data } => self.data(channel, data),
                device::Event::ChannelClosed { channel, .. } => {
                    self.services.remove(&channel);
                }
                _ => {}
            }
        }
        for (channel, service) in &mut self.services {
            while let Some(piece) = service.output(self.connection.queued(*channel)) {
                if self.connection.send(*channel, piece).is_err() {
                    break;
                }
            }
        }
    }

    fn data(&mut self, channel: ChannelId, data: Bytes) {
        self.connection.release(channel, data.len());
        let answer = self.services.get_mut(&channel).and_then(|service| service.input(data));
        if let Some(answer) = answer {
            // A channel that closed meanwhile takes nothing.
            let _closed = self.connection.send(channel, answer).is_err();
        }
    }
}
