//! The owner of one tunnel: the device's state machine meets the socket.
//!
//! One future polls commands, writes, reads, services and the clock, so that a write never keeps it from reading.
//! A budget ends a turn, so that one busy platform cannot keep its worker from thousands of others. Buffers exist
//! only while there is something in them or a channel is open.

use crate::{
    cira_log::{AmtReason, ClosedBy},
    engine::{Action, HangUp},
    pet::Pet,
    platform::{Command, Life, State},
    tls::alert_received,
};
use apf::{ChannelId, DisconnectReason, EndReason, Time, device::Connection};
use bytes::BytesMut;
use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_openssl::SslStream;

mod channels;
mod end;
mod mischief;
mod outgoing;
mod pushes;
mod service;

use channels::Open;
use outgoing::Outgoing;
use pushes::Pushes;

/// Steps of one turn.
const BUDGET: usize = 32;
/// Commands taken in one step.
const COMMANDS: usize = 64;
/// One TLS record.
const READ_ROOM: usize = 16 << 10;
/// From TLS to the last forward. A server under a storm may make us queue; one that hangs is left.
const LOGIN_DEADLINE: Duration = Duration::from_secs(60);
/// For a goodbye; a server that does not take it gets a closed socket.
const FAREWELL: Duration = Duration::from_secs(1);
/// Where traps are asked to be sent: a receiver that does not exist (RFC 5737), at the port of SNMP.
const TRAP_RECEIVER: (&str, u16) = ("192.0.2.162", 162);

/// How a tunnel ended.
pub(crate) struct Ended {
    pub(crate) by: ClosedBy,
    pub(crate) apf_reason: u8,
    pub(crate) amt_reason: AmtReason,
    pub(crate) tls_alert: Option<u8>,
    pub(crate) why: String,
    /// Whether the server had let it in.
    pub(crate) was_admitted: bool,
}

/// One tunnel, from the end of the TLS handshake to the closed socket.
pub(crate) struct Driver<'a> {
    life: &'a mut Life,
    io: SslStream<TcpStream>,
    connection: Connection,
    input: BytesMut,
    outgoing: Outgoing,
    channels: BTreeMap<ChannelId, Open>,
    pushes: Pushes,
    origin: Instant,
    timer: Pin<Box<Sleep>>,
    admitted: bool,
    settled_at: Option<Time>,
    ended: Option<EndReason>,
    socket_error: Option<io::Error>,
    /// The socket is to be dropped without a word.
    cut: bool,
    /// The login did not end in time.
    hung: bool,
    /// Why the platform leaves.
    leaving: Option<HangUp>,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(
        life: &'a mut Life,
        io: SslStream<TcpStream>,
        config: apf::device::Config,
    ) -> Self {
        let origin = Instant::now();
        Self {
            life,
            io,
            connection: Connection::new(config, Time::ORIGIN),
            input: BytesMut::new(),
            outgoing: Outgoing::default(),
            channels: BTreeMap::new(),
            pushes: Pushes::default(),
            origin,
            timer: Box::pin(sleep_until(origin)),
            admitted: false,
            settled_at: None,
            ended: None,
            socket_error: None,
            cut: false,
            hung: false,
            leaving: None,
        }
    }

    /// Runs the tunnel to its end.
    pub(crate) async fn run(mut self) -> Ended {
        std::future::poll_fn(|cx| self.poll(cx)).await;
        if !self.cut && self.socket_error.is_none() && !self.is_silent(self.now()) {
            // A goodbye that cannot be said in time is dropped with the socket.
            drop(timeout(FAREWELL, self.farewell()).await);
        }
        self.end()
    }

    fn now(&self) -> Time {
        Time::from_origin(self.origin.elapsed())
    }

    /// Ready when the tunnel is over; what is left to say is said by `farewell`.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BUDGET {
            let mut progress = self.poll_commands(cx);
            if !self.is_silent(self.now()) {
                progress |= self.poll_write(cx);
                progress |= self.poll_read(cx);
                self.take_events();
                progress |= self.poll_services(cx);
            }
            progress |= self.poll_clock(cx);
            self.take_events();
            if self.ended.is_some() || self.cut {
                return Poll::Ready(());
            }
            if !progress {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// All that were given before now, so that what is asked for is in force before the server's next message.
    fn poll_commands(&mut self, cx: &mut Context<'_>) -> bool {
        for taken in 0..COMMANDS {
            match self.life.commands.poll_recv(cx) {
                Poll::Pending => return taken > 0,
                // Nobody holds the platform any more.
                Poll::Ready(None) => {
                    let first = !self.life.quit;
                    self.obey(Command::Shutdown);
                    return first || taken > 0;
                }
                Poll::Ready(Some(command)) => self.obey(command),
            }
        }
        true
    }

    fn obey(&mut self, command: Command) {
        let fault = match &command {
            Command::Fault(setting) => Some(setting.key().to_owned()),
            Command::Fire(..)
            | Command::Alert(_)
            | Command::Cut
            | Command::Network(_)
            | Command::Configured
            | Command::CloseTunnel
            | Command::Shutdown => None,
        };
        self.cut |= matches!(command, Command::Cut);
        self.life.obey(command);
        if self.life.quit {
            self.leave(HangUp::Asked);
        }
        self.take_actions();
        if self.settled_at.is_some() {
            if let Some(key) = fault {
                self.misbehave_at_once(&key);
            }
            self.send_alerts();
        }
    }

    /// What the engine decided about this tunnel.
    fn take_actions(&mut self) {
        while let Some(action) = self.life.engine.poll_action() {
            match action {
                Action::HangUp(why) => self.leave(why),
                Action::Dial { server, .. } => {
                    tracing::error!(server, "a dial was decided on while a tunnel was there");
                }
            }
        }
    }

    /// Says goodbye; a silent platform just goes.
    fn leave(&mut self, why: HangUp) {
        self.leaving.get_or_insert(why);
        let now = self.now();
        self.cut |= self.is_silent(now);
        self.connection.disconnect(DisconnectReason::BY_APPLICATION, now);
    }

    /// Events that came while no tunnel was up wait in the life for this one.
    fn send_alerts(&mut self) {
        for alert in self.life.take_alerts() {
            if alert.trap {
                self.send_alert(&alert.event);
            }
            self.push_to_listeners(&alert.event);
        }
    }

    fn send_alert(&mut self, pet: &Pet) {
        let local = self.io.get_ref().local_addr().map(|address| address.ip());
        let agent = match local {
            Ok(IpAddr::V4(address)) => address,
            Ok(IpAddr::V6(_)) | Err(_) => Ipv4Addr::UNSPECIFIED,
        };
        let machine = &self.life.machine;
        let trap = pet.encode(machine.identity.guid, agent, time::OffsetDateTime::now_utc());
        self.connection.send_datagram(TRAP_RECEIVER, (&agent.to_string(), 16992), &trap);
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        if self.socket_error.is_some() {
            return false;
        }
        let now = self.now();
        let io = Pin::new(&mut self.io);
        match self.outgoing.poll(cx, io, &mut self.connection, &self.life.faults, now) {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(error)) => self.socket_failed(error),
            Poll::Pending => {
                if self.channels.is_empty() {
                    self.outgoing.release_buffer();
                }
                false
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        if self.socket_error.is_some() {
            return false;
        }
        self.input.reserve(READ_ROOM);
        let read = pin!(self.io.read_buf(&mut self.input)).poll(cx);
        let now = self.now();
        let progress = match read {
            Poll::Ready(Ok(0)) => {
                self.connection.handle_end_of_stream(now);
                self.ended.is_none()
            }
            Poll::Ready(Ok(_)) => {
                self.connection.handle_input(&mut self.input, now);
                true
            }
            Poll::Ready(Err(error)) => self.socket_failed(error),
            Poll::Pending => false,
        };
        if self.input.is_empty() && self.channels.is_empty() {
            self.input = BytesMut::new();
        }
        progress
    }

    fn socket_failed(&mut self, error: io::Error) -> bool {
        self.socket_error.get_or_insert(error);
        let now = self.now();
        self.connection.handle_end_of_stream(now);
        true
    }

    /// One timer for the protocol, for held-back output and for falling silent.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        if self.is_silent(now) {
            return false;
        }
        let protocol = self.connection.poll_timeout();
        let login = self.settled_at.is_none().then_some(Time::ORIGIN + LOGIN_DEADLINE);
        if login.is_some_and(|deadline| deadline <= now) {
            self.connection.disconnect(DisconnectReason::BY_APPLICATION, now);
            self.hung = true;
            return true;
        }
        let engine = self.engine_due(now);
        if engine.is_some_and(|due| due <= now) {
            let clock = self.life.now();
            self.life.engine.handle_timeout(clock);
            self.life.publish();
            self.take_actions();
            return true;
        }
        let others = [self.outgoing.due(), self.silence_due(), login, engine];
        let Some(due) = others.into_iter().flatten().chain(protocol).min() else { return false };
        if due <= now {
            if protocol.is_some_and(|at| at <= now) {
                self.connection.handle_timeout(now);
            }
            return true;
        }
        let at = self.origin + due.since_origin();
        if self.timer.deadline() != at {
            self.timer.as_mut().reset(at);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }

    /// When the engine wants to be asked, in the time of this tunnel.
    fn engine_due(&self, now: Time) -> Option<Time> {
        let due = self.life.engine.poll_timeout()?;
        Some(now + due.saturating_sub(self.life.now()))
    }

    fn silence_due(&self) -> Option<Time> {
        let after = self.life.faults.silence_after;
        let settled = self.settled_at?;
        (after > 0).then(|| settled + Duration::from_millis(after.into()))
    }

    fn is_silent(&self, now: Time) -> bool {
        self.life.faults.silence || self.silence_due().is_some_and(|due| due <= now)
    }

    /// Everything that is still to be said, then the end of TLS.
    async fn farewell(&mut self) -> io::Result<()> {
        loop {
            let now = self.now();
            let rest = self.outgoing.fill(&mut self.connection, now);
            if rest.is_empty() {
                break;
            }
            self.io.write_all_buf(rest).await?;
        }
        self.io.shutdown().await
    }

    fn end(self) -> Ended {
        let mut ended = end::explain(self.ended);
        if self.cut && self.leaving.is_none() {
            ended.why = "the platform vanished on request".into();
            ended.by = ClosedBy::Amt;
            ended.amt_reason = AmtReason::UserRequest;
        } else if let Some(why) = self.leaving {
            end::left(&mut ended, why);
        } else if let Some(error) = &self.socket_error {
            ended.tls_alert = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<openssl::ssl::Error>())
                .and_then(|error| alert_received(error.ssl_error()?));
            ended.by = ClosedBy::Amt;
            ended.amt_reason = AmtReason::Tcp;
            ended.why = format!("the connection failed: {error}");
        }
        if self.hung {
            ended.amt_reason = AmtReason::Internal;
            ended.why = "the server did not finish the login in time".into();
        }
        ended.was_admitted = self.admitted;
        ended
    }

    fn settled(&mut self) {
        self.settled_at = Some(self.now());
        self.life.machine.set_state(State::Settled);
        self.send_alerts();
        self.misbehave_when_settled();
    }
}
