//! The owner task of a tunnel: the state machine meets the socket.
//!
//! One future polls requests, writes, reads and the clock, so that a write never keeps it from reading.
//! The order is written down in `poll`: requests, write, read, clock; a budget ends a turn so that one
//! tunnel cannot keep its worker from the others.

use super::{
    Channel, Refused, Request, TunnelId, end::tunnel_end, gate::is_wsman, handle::Face,
    outlet::Outlet, pushed::Inbox, spare,
};
use crate::{
    admission::Admission,
    config::Limits,
    events::{Bus, Stage, sink::Vetoes},
    inventory::Inventory,
    knocks::Knocks,
    listen::PendingGuard,
    metrics::Meters,
    registry::{Lease, Registry, TunnelEnd},
    tls::{Io, Stream, TlsInfo},
    vault::DeviceSecrets,
};
use apf::{ChannelId, EndReason, Time, server};
use bytes::{Buf, BytesMut};
use std::{
    borrow::Cow,
    collections::HashMap,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::AsyncWrite,
    sync::{mpsc, oneshot},
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::io::poll_read_buf;
use viaduct_api::DeviceId;

mod events;
mod farewell;
mod held;
mod pushes;

/// Bytes framed at once: enough for a few TLS records, little enough that control messages overtake soon.
const OUT_MAX: usize = 64 << 10;
/// Steps of one turn.
const BUDGET: usize = 32;
/// A turn that read no more than this and had nothing to say is acknowledged at once: a device that gathers
/// small pieces (RFC 896) holds the next one back until then, and the kernel would take its time (40 ms).
const PROMPT_ACK: usize = 2 << 10;
/// Requests taken in one step.
const REQUESTS: usize = 64;
/// Channels are said to come from ports above this one.
const FIRST_ORIGIN: u16 = 1024;

/// What all tunnels share.
#[derive(Debug, Clone)]
pub(crate) struct DriverConfig {
    pub(crate) apf: server::Config,
    pub(crate) limits: Arc<Limits>,
    pub(crate) admission: Admission,
    pub(crate) inventory: Inventory,
    pub(crate) registry: Registry,
    pub(crate) knocks: Knocks,
    pub(crate) events: Bus,
    pub(crate) vetoes: Vetoes,
    pub(crate) meters: Meters,
}

/// Who is at the other end, before it says so.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) peer: SocketAddr,
    pub(crate) tls: Option<TlsInfo>,
    /// Freed when the device is authenticated: it does not count as pending any more.
    pub(crate) pending: Option<PendingGuard>,
}

/// How far the login came; before `Admitted` there is no handle and nothing to attack.
enum Phase {
    Login { _pending: Option<PendingGuard>, claimed: Option<(DeviceId, u32)> },
    Admitted { face: Arc<Face>, _lease: Lease },
}

/// The owner of one tunnel.
pub(crate) struct Driver<T> {
    io: Stream<T>,
    connection: server::Connection,
    config: DriverConfig,
    peer: SocketAddr,
    tls: Option<TlsInfo>,
    phase: Phase,
    input: BytesMut,
    /// Bytes read since something was written.
    unanswered: usize,
    output: BytesMut,
    origin: Instant,
    timer: Pin<Box<Sleep>>,
    requests: mpsc::UnboundedReceiver<Request>,
    /// For the handle and the channels; the driver itself never sends.
    sender: mpsc::UnboundedSender<Request>,
    /// The port of the last originator.
    opened: u16,
    opening: HashMap<ChannelId, Opening>,
    open: HashMap<ChannelId, Outlet>,
    /// Channels that the device has opened.
    inboxes: HashMap<ChannelId, Inbox>,
    id: TunnelId,
    /// It may come in, but not yet.
    held: Option<held::Held>,
    /// Those who have a say about new tunnels were asked.
    asked: bool,
    /// And one of them said no.
    vetoed: bool,
    /// What Vault said when it was asked for its password.
    found: Option<Arc<DeviceSecrets>>,
    /// When it was asked for keep-alives, until it answers.
    keepalive_asked: Option<Instant>,
    refused: Option<Cow<'static, str>>,
    asked_end: Option<TunnelEnd>,
    ended: Option<EndReason>,
    /// How long what is left to be said may take, once it has ended.
    last_words: Option<Pin<Box<Sleep>>>,
    socket_error: Option<String>,
}

struct Opening {
    port: u16,
    opener: super::Opener,
    slot: super::gate::Slot,
    reply: oneshot::Sender<Result<Channel, Refused>>,
}

impl<T: Io> Driver<T> {
    pub(crate) fn new(io: Stream<T>, greeting: Greeting, config: DriverConfig) -> Self {
        let mut apf = config.apf.clone();
        apf.client_certificate =
            greeting.tls.as_ref().is_some_and(|tls| tls.client_certificate.is_some());
        let (sender, requests) = mpsc::unbounded_channel();
        let origin = Instant::now();
        Self {
            io,
            connection: server::Connection::new(apf, Time::ORIGIN),
            config,
            peer: greeting.peer,
            tls: greeting.tls,
            phase: Phase::Login { _pending: greeting.pending, claimed: None },
            input: BytesMut::new(),
            unanswered: 0,
            output: BytesMut::new(),
            origin,
            timer: Box::pin(sleep_until(origin)),
            requests,
            sender,
            opened: FIRST_ORIGIN,
            opening: HashMap::new(),
            open: HashMap::new(),
            inboxes: HashMap::new(),
            id: TunnelId::next(),
            held: None,
            asked: false,
            vetoed: false,
            found: None,
            keepalive_asked: None,
            refused: None,
            asked_end: None,
            ended: None,
            last_words: None,
            socket_error: None,
        }
    }

    /// Runs the tunnel to its end, tears it down loudly and reports it once.
    pub(crate) async fn run(mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
        let end = self.end();
        self.report(&end);
        self.farewell().await;
    }

    fn now(&self) -> Time {
        Time::from_origin(self.origin.elapsed())
    }

    /// Ready when the state machine has ended and what it had to say was handed to the socket.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BUDGET {
            let mut progress = self.poll_requests(cx);
            progress |= self.poll_write(cx);
            // Reading pauses while replies pile up; what came with them waits in `input`.
            self.resume_input();
            progress |= self.poll_read(cx);
            self.take_events();
            progress |= self.poll_held(cx);
            progress |= self.poll_clock(cx);
            if self.is_over() || self.is_patience_over(cx) {
                return Poll::Ready(());
            }
            if !progress {
                if (1..=PROMPT_ACK).contains(&std::mem::take(&mut self.unanswered)) {
                    self.io.acknowledge();
                }
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// A device that reads nothing takes no last words either, and must not stay among the connected for that.
    fn is_patience_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.last_words.as_mut().is_some_and(|time| time.as_mut().poll(cx).is_ready())
    }

    fn is_over(&self) -> bool {
        self.ended.is_some()
            && (self.socket_error.is_some()
                || (self.connection.is_finished() && self.output.is_empty()))
    }

    fn poll_requests(&mut self, cx: &mut Context<'_>) -> bool {
        for taken in 0..REQUESTS {
            match self.requests.poll_recv(cx) {
                Poll::Ready(Some(request)) => self.handle(request),
                // The driver holds a sender, so the queue never ends before it does.
                Poll::Ready(None) | Poll::Pending => return taken > 0,
            }
        }
        true
    }

    fn handle(&mut self, request: Request) {
        let now = self.now();
        match request {
            Request::Open { port, opener, slot, reply } => {
                let window = self.window(port);
                let originator = self.originator();
                match self.connection.open(port, window, originator, now) {
                    Ok(channel) => {
                        self.opening.insert(channel, Opening { port, opener, slot, reply });
                    }
                    Err(error) => drop(reply.send(Err(Refused::Here(error)))),
                }
            }
            Request::Send { channel, data } => {
                let bytes = data.len();
                if self.connection.send(channel, data, now).is_ok() {
                    self.note_bytes_out(channel, bytes);
                }
            }
            Request::Release { channel, bytes, chunks } => {
                self.connection.release(channel, bytes);
                if let Some(outlet) = self.open.get_mut(&channel) {
                    outlet.released(chunks);
                }
            }
            Request::Close { channel } => self.connection.close(channel),
            Request::Disconnect(end) => {
                self.asked_end.get_or_insert(end);
                self.connection.disconnect(apf::DisconnectReason::BY_APPLICATION, now);
            }
        }
    }

    fn note_bytes_out(&mut self, channel: ChannelId, bytes: usize) {
        if let Some(outlet) = self.open.get_mut(&channel) {
            outlet.queued(bytes);
        }
        if let Phase::Admitted { face, .. } = &self.phase {
            face.to_device.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// Where a channel is said to come from. Firmware sees a port there from every other server, one that moves on.
    fn originator(&mut self) -> (&'static str, u16) {
        self.opened = self.opened.checked_add(1).unwrap_or(FIRST_ORIGIN);
        ("127.0.0.1", self.opened)
    }

    fn window(&self, port: u16) -> u32 {
        let limits = &self.config.limits;
        let size = if is_wsman(port) { limits.wsman_window } else { limits.redirection_window };
        u32::try_from(size.0).unwrap_or(u32::MAX)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        if self.output.is_empty() {
            let mut output = std::mem::take(&mut self.output);
            if output.capacity() == 0 {
                output = spare::take();
            }
            let now = self.now();
            self.connection.poll_transmit(&mut output, OUT_MAX, now);
            if output.is_empty() {
                spare::give_back(output);
                self.poll_flush(cx);
                return false;
            }
            self.output = output;
        }
        match Pin::new(&mut self.io).poll_write(cx, &self.output) {
            Poll::Ready(Ok(0)) => self.socket_failed("the connection takes no more bytes"),
            Poll::Ready(Ok(n)) => {
                self.output.advance(n);
                self.unanswered = 0;
            }
            Poll::Ready(Err(error)) => self.socket_failed(&error.to_string()),
            Poll::Pending => return false,
        }
        if self.output.is_empty() {
            spare::give_back(std::mem::take(&mut self.output));
        }
        true
    }

    /// What was written leaves once there is nothing more to write.
    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        if self.socket_error.is_some() {
            return;
        }
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.io).poll_flush(cx) {
            self.socket_failed(&error.to_string());
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        if self.socket_error.is_some() || !self.wants_input() {
            return false;
        }
        if self.input.capacity() == 0 {
            self.input = spare::take();
        }
        self.input.reserve(READ_ROOM);
        let read = poll_read_buf(Pin::new(&mut self.io), cx, &mut self.input);
        let now = self.now();
        let progress = matches!(read, Poll::Ready(Ok(1..)));
        match read {
            Poll::Ready(Ok(0)) => self.connection.handle_end_of_stream(now),
            Poll::Ready(Ok(n)) => {
                self.unanswered += n;
                if let Phase::Admitted { face, .. } = &self.phase {
                    face.heard.note();
                }
                self.connection.handle_input(&mut self.input, now);
            }
            Poll::Ready(Err(error)) => self.socket_failed(&error.to_string()),
            Poll::Pending => {}
        }
        if self.input.is_empty() {
            spare::give_back(std::mem::take(&mut self.input));
        }
        progress
    }

    fn socket_failed(&mut self, error: &str) {
        self.socket_error.get_or_insert_with(|| error.to_owned());
        self.output = BytesMut::new();
        let now = self.now();
        self.connection.handle_end_of_stream(now);
    }

    /// Bytes that came with the message before a decision wait in `input` until it is made.
    fn resume_input(&mut self) {
        if self.connection.is_reading() && !self.input.is_empty() {
            let now = self.now();
            self.connection.handle_input(&mut self.input, now);
        }
    }

    fn poll_clock(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.connection.poll_timeout() else { return false };
        let due = self.origin + due.since_origin();
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        let now = self.now();
        self.connection.handle_timeout(now);
        self.take_events();
        true
    }

    fn end(&self) -> TunnelEnd {
        match (&self.socket_error, &self.ended) {
            (Some(error), Some(EndReason::EndOfStream) | None) => {
                TunnelEnd::by_device("TCP socket error", error.clone())
            }
            (_, Some(reason)) => tunnel_end(reason, self.asked_end.clone()),
            (None, None) => TunnelEnd::by_us("internal error", "the tunnel's task ended early"),
        }
    }
}

/// Room for one whole TLS record before each read, so that the buffer does not grow in small steps.
const READ_ROOM: usize = 16 << 10;

/// How long a tunnel had lived, in whole seconds.
fn lived(since: Instant) -> u64 {
    Duration::as_secs(&since.elapsed())
}

/// The stage in which a login failed, from what is known of it.
fn stage(reason: &EndReason, greeted: bool) -> Stage {
    match reason {
        EndReason::Refused => Stage::Login,
        _ if greeted => Stage::Login,
        _ => Stage::Version,
    }
}
