//! A device whose services the tests play: each channel is handed to the test.

use apf::{ChannelId, Time, device};
use bytes::{Bytes, BytesMut};
use std::{collections::HashMap, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use viaduct_api::DeviceId;

/// Longer than anything here takes on a loaded machine; only a failure waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A connected device; dropping it breaks its tunnel.
pub(crate) struct Device {
    channels: mpsc::UnboundedReceiver<Service>,
    task: JoinHandle<()>,
}

/// The device's end of one channel.
pub(crate) struct Service {
    pub(crate) port: u16,
    number: u64,
    incoming: mpsc::UnboundedReceiver<Bytes>,
    orders: mpsc::UnboundedSender<Order>,
    seen: BytesMut,
}

enum Order {
    Send(u64, Bytes),
    Close(u64),
}

/// Channels that are open, each with a number of ours: the device's ids are used again at once, and an order for an
/// old channel must not hit a new one.
#[derive(Default)]
struct Open {
    last: u64,
    services: HashMap<ChannelId, (u64, mpsc::UnboundedSender<Bytes>)>,
}

impl Open {
    fn channel(&self, number: u64) -> Option<ChannelId> {
        self.services.iter().find(|(_, service)| service.0 == number).map(|(channel, _)| *channel)
    }
}

impl Device {
    /// Dials in without TLS and returns when all ports are forwarded.
    pub(crate) async fn dial(
        mps: SocketAddr,
        id: DeviceId,
        login: (&str, &str),
        ports: &[u16],
    ) -> Self {
        let config = device::Config {
            credentials: Some((login.0.to_owned().into(), login.1.to_owned().into())),
            ports: ports.to_vec(),
            ..device::Config::new(id.0)
        };
        let stream = TcpStream::connect(mps).await.unwrap();
        let (settled, is_settled) = oneshot::channel();
        let (opened, channels) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(config, stream, settled, opened));
        timeout(PATIENCE, is_settled).await.unwrap().unwrap();
        Self { channels, task }
    }

    /// The next channel that the server opens.
    pub(crate) async fn service(&mut self) -> Service {
        timeout(PATIENCE, self.channels.recv()).await.expect("a channel is opened").unwrap()
    }

    /// Whether the server has opened channels that the test has not taken.
    pub(crate) fn is_untouched(&mut self) -> bool {
        self.channels.try_recv().is_err()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    /// Everything up to and with `end`.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        loop {
            let at = self.seen.windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(at) = at {
                let text = self.seen.split_to(at + end.len());
                return String::from_utf8(text.to_vec()).unwrap();
            }
            let more = timeout(PATIENCE, self.incoming.recv()).await;
            let more = more.unwrap_or_else(|_| panic!("no {end:?} after {:?}", self.seen));
            self.seen
                .extend_from_slice(&more.unwrap_or_else(|| panic!("closed after {:?}", self.seen)));
        }
    }

    /// So many bytes.
    pub(crate) async fn read_bytes(&mut self, count: usize) -> BytesMut {
        while self.seen.len() < count {
            let more = timeout(PATIENCE, self.incoming.recv()).await.unwrap().unwrap();
            self.seen.extend_from_slice(&more);
        }
        self.seen.split_to(count)
    }

    /// Waits until the server closes the channel; returns what came before.
    pub(crate) async fn closed(mut self) -> BytesMut {
        while let Some(more) = timeout(PATIENCE, self.incoming.recv()).await.unwrap() {
            self.seen.extend_from_slice(&more);
        }
        self.seen
    }

    pub(crate) fn send(&self, text: &str) {
        self.orders.send(Order::Send(self.number, text.to_owned().into())).ok();
    }

    pub(crate) fn close(self) {
        self.orders.send(Order::Close(self.number)).ok();
    }
}

async fn run(
    config: device::Config,
    mut stream: TcpStream,
    settled: oneshot::Sender<()>,
    opened: mpsc::UnboundedSender<Service>,
) {
    let start = Instant::now();
    let now = || Time::from_origin(start.elapsed());
    let mut apf = device::Connection::new(config, now());
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let mut open = Open::default();
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    let mut settled = Some(settled);
    loop {
        while let Some(event) = apf.poll_event() {
            if event == device::Event::Settled {
                settled.take().map(|settled| settled.send(()));
            }
            handle(&mut apf, event, &mut open, &orders, &opened);
        }
        apf.poll_transmit(&mut output, 1 << 16, now());
        if !output.is_empty() {
            if stream.write_all(&output.split()).await.is_err() {
                return;
            }
            continue;
        }
        if apf.is_finished() {
            return;
        }
        let wake = apf.poll_timeout().map(|at| start + at.since_origin());
        tokio::select! {
            read = stream.read_buf(&mut input) => match read {
                Ok(1..) => apf.handle_input(&mut input, now()),
                Ok(0) | Err(_) => return,
            },
            Some(order) = ordered.recv() => match order {
                Order::Send(number, data) => {
                    open.channel(number).map(|channel| apf.send(channel, data));
                }
                Order::Close(number) => {
                    if let Some(channel) = open.channel(number) {
                        apf.close(channel);
                    }
                }
            },
            () = sleep_until(wake.unwrap_or(start + 10 * PATIENCE)) => apf.handle_timeout(now()),
        }
    }
}

fn handle(
    apf: &mut device::Connection,
    event: device::Event,
    open: &mut Open,
    orders: &mpsc::UnboundedSender<Order>,
    opened: &mpsc::UnboundedSender<Service>,
) {
    match event {
        device::Event::ChannelRequested { channel, port, .. } => {
            apf.accept(channel);
            let (data, incoming) = mpsc::unbounded_channel();
            open.last += 1;
            let number = open.last;
            open.services.insert(channel, (number, data));
            let orders = orders.clone();
            opened.send(Service { port, number, incoming, orders, seen: BytesMut::new() }).ok();
        }
        device::Event::Data { channel, data } => {
            apf.release(channel, data.len());
            open.services.get(&channel).map(|service| service.1.send(data));
        }
        device::Event::ChannelClosed { channel, .. } => drop(open.services.remove(&channel)),
        _ => {}
    }
}
