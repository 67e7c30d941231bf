//! A Management Presence Server for tests: `apf::server` over TLS on a free port, with an authority of its own. It reports what
//! it sees and does what it is told.
#![allow(dead_code, reason = "each test file uses a part of it")]

use amt_sim::{Identity, PlatformConfig};
use apf::{ChannelId, DisconnectReason, Time, server};
use bytes::{Bytes, BytesMut};
use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_openssl::SslStream;

pub(crate) mod authority;

use authority::{Authority, Leaf};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode};

/// Nothing here takes that long; it only keeps a broken test from hanging.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
pub(crate) const NAME: &str = "mps.example";

/// Waits for something that is expected.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = timeout(DEADLINE, future).await else { panic!("{what}: not in time") };
    value
}

pub(crate) struct Mps {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Arc<Authority>,
    tunnels: mpsc::UnboundedReceiver<Tunnel>,
    refusals: mpsc::UnboundedReceiver<String>,
}

/// How the server behaves.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) leaf: Leaf,
    pub(crate) password: Option<String>,
    pub(crate) client_certificate: bool,
    pub(crate) address: Ipv4Addr,
    /// None: the one that all tests share.
    pub(crate) authority: Option<Arc<Authority>>,
    pub(crate) apf: server::Config,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            leaf: Leaf { name: NAME.into(), bits: 2048 },
            password: None,
            client_certificate: false,
            address: Ipv4Addr::LOCALHOST,
            authority: None,
            apf: server::Config::default(),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Do {
    Open { port: u16, window: u32 },
    Send(ChannelId, Bytes),
    Release(ChannelId, usize),
    Close(ChannelId),
    Disconnect,
}

/// One platform's tunnel, from the server's side.
pub(crate) struct Tunnel {
    pub(crate) peer: SocketAddr,
    events: mpsc::UnboundedReceiver<server::Event>,
    orders: mpsc::UnboundedSender<Do>,
    /// Sizes of what each read brought: one TLS record at most.
    pub(crate) reads: Arc<Mutex<Vec<usize>>>,
}

impl Mps {
    pub(crate) async fn start(manners: Manners) -> Self {
        let authority = manners.authority.clone().unwrap_or_else(Authority::shared);
        let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
        let (certificate, key) = authority.issue(&manners.leaf);
        context.set_certificate(&certificate).unwrap();
        context.set_private_key(&key).unwrap();
        context.set_security_level(0);
        context.set_min_proto_version(Some(openssl::ssl::SslVersion::TLS1)).unwrap();
        context.set_cipher_list("ALL:!aNULL:!eNULL").unwrap();
        if manners.client_certificate {
            context.cert_store_mut().add_cert(authority.root.clone()).unwrap();
            context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        let context = context.build();
        let listener = TcpListener::bind((manners.address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (new, tunnels) = mpsc::unbounded_channel();
        let (refuse, refusals) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (socket, peer) = listener.accept().await.unwrap();
                let (context, manners) = (context.clone(), manners.clone());
                let (new, refuse) = (new.clone(), refuse.clone());
                tokio::spawn(async move {
                    socket.set_nodelay(true).unwrap();
                    let mut io = SslStream::new(Ssl::new(&context).unwrap(), socket).unwrap();
                    if let Err(error) = Pin::new(&mut io).accept().await {
                        drop(refuse.send(error.to_string()));
                        return;
                    }
                    let (events_in, events) = mpsc::unbounded_channel();
                    let (orders, orders_out) = mpsc::unbounded_channel();
                    let reads = Arc::new(Mutex::new(Vec::new()));
                    drop(new.send(Tunnel { peer, events, orders, reads: reads.clone() }));
                    run(io, manners, events_in, orders_out, reads).await;
                });
            }
        });
        Self { address, authority, tunnels, refusals }
    }

    /// A platform that this server would let in.
    pub(crate) fn platform(&self) -> PlatformConfig {
        let identity = Identity::new("test", "pc-01", "demo.example").unwrap();
        let mut config =
            PlatformConfig::new(identity, self.address.into(), self.authority.root_pem());
        config.setup.common_name = Some(NAME.into());
        config
    }

    pub(crate) async fn tunnel(&mut self) -> Tunnel {
        soon("a platform dials in", self.tunnels.recv()).await.unwrap()
    }

    /// A tunnel whose ports are all forwarded.
    pub(crate) async fn settled(&mut self) -> Tunnel {
        let mut tunnel = self.tunnel().await;
        tunnel.until(|event| matches!(event, server::Event::Settled)).await;
        tunnel
    }

    /// What the server was told by a platform that did not finish the handshake.
    pub(crate) async fn refusal(&mut self) -> String {
        soon("a platform refuses the handshake", self.refusals.recv()).await.unwrap()
    }
}

impl Tunnel {
    pub(crate) async fn event(&mut self) -> server::Event {
        soon("something happens", self.events.recv()).await.expect("the tunnel is still there")
    }

    /// Events up to the first that fits, and that one.
    pub(crate) async fn until(
        &mut self,
        fits: impl Fn(&server::Event) -> bool,
    ) -> (Vec<server::Event>, server::Event) {
        let mut before = Vec::new();
        loop {
            let event = self.event().await;
            if fits(&event) {
                return (before, event);
            }
            assert!(!matches!(event, server::Event::Ended(_)), "{event:?} after {before:?}");
            before.push(event);
        }
    }

    pub(crate) async fn ended(&mut self) -> apf::EndReason {
        let (_, event) = self.until(|event| matches!(event, server::Event::Ended(_))).await;
        let server::Event::Ended(reason) = event else { unreachable!() };
        reason
    }

    pub(crate) fn order(&self, order: Do) {
        self.orders.send(order).unwrap();
    }

    /// Asks for a channel; the device's answer is the next event about it.
    pub(crate) async fn open(
        &mut self,
        port: u16,
        window: u32,
    ) -> Result<ChannelId, server::Event> {
        self.order(Do::Open { port, window });
        let about = |event: &server::Event| {
            matches!(
                event,
                server::Event::ChannelOpened { .. }
                    | server::Event::ChannelRefused { .. }
                    | server::Event::ChannelTimedOut { .. }
            )
        };
        match self.until(about).await.1 {
            server::Event::ChannelOpened { channel } => Ok(channel),
            other => Err(other),
        }
    }

    /// Everything that comes on a channel until it is closed; taken at once.
    pub(crate) async fn read_to_end(&mut self, wanted: ChannelId) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.event().await {
                server::Event::Data { channel, data } if channel == wanted => {
                    all.extend_from_slice(&data);
                    self.order(Do::Release(channel, data.len()));
                }
                server::Event::ChannelClosed { channel, .. } if channel == wanted => return all,
                event @ server::Event::Ended(_) => panic!("{event:?}"),
                _ => {}
            }
        }
    }
}

async fn run(
    mut io: SslStream<TcpStream>,
    manners: Manners,
    events: mpsc::UnboundedSender<server::Event>,
    mut orders: mpsc::UnboundedReceiver<Do>,
    reads: Arc<Mutex<Vec<usize>>>,
) {
    let origin = Instant::now();
    let now = || Time::from_origin(origin.elapsed());
    let mut apf = manners.apf.clone();
    apf.client_certificate = io.ssl().peer_certificate().is_some();
    let mut connection = server::Connection::new(apf, now());
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    loop {
        while let Some(event) = connection.poll_event() {
            if let server::Event::AdmissionAsked { credentials, .. } = &event {
                let shown = match credentials {
                    server::Credentials::Password { password, .. } => Some(password.clone()),
                    _ => None,
                };
                let expected = manners.password.as_ref();
                if expected.is_none_or(|expected| shown.is_some_and(|p| p == expected.as_bytes())) {
                    connection.admit(now());
                } else {
                    connection.refuse(now());
                }
            }
            // A test that has seen enough does not listen any more.
            drop(events.send(event));
            connection.handle_input(&mut input, now());
        }
        loop {
            connection.poll_transmit(&mut output, 64 << 10, now());
            if output.is_empty() || io.write_all_buf(&mut output).await.is_err() {
                break;
            }
        }
        if let Some(event) = connection.poll_event() {
            drop(events.send(event));
            continue;
        }
        if connection.is_finished() {
            drop(io.shutdown().await);
            return;
        }
        input.reserve(16 << 10); // a whole record, so that reads tell records apart
        let due = connection.poll_timeout().map(|due| origin + due.since_origin());
        tokio::select! {
            read = io.read_buf(&mut input), if connection.is_reading() => match read {
                Ok(0) | Err(_) => connection.handle_end_of_stream(now()),
                Ok(bytes) => {
                    reads.lock().unwrap().push(bytes);
                    connection.handle_input(&mut input, now());
                }
            },
            order = orders.recv() => match order {
                Some(order) => obey(&mut connection, order, now()),
                None => connection.disconnect(DisconnectReason::BY_APPLICATION, now()),
            },
            () = sleep_until(due.unwrap_or(origin)), if due.is_some() => {
                connection.handle_timeout(now());
            }
        }
    }
}

fn obey(connection: &mut server::Connection, order: Do, now: Time) {
    match order {
        Do::Open { port, window } => {
            connection.open(port, window, ("127.0.0.1", 1024), now).unwrap();
        }
        // A channel may end before an order for it comes.
        Do::Send(channel, data) => drop(connection.send(channel, data, now)),
        Do::Release(channel, bytes) => connection.release(channel, bytes),
        Do::Close(channel) => connection.close(channel),
        Do::Disconnect => connection.disconnect(DisconnectReason::BY_APPLICATION, now),
    }
}
