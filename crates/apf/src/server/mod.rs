//! The server's end (MPS).

mod config;
mod event;
mod late;
mod legal;
mod login;
mod open;
mod outbox;
mod requests;
mod state;

pub use config::Config;
pub use event::{Credentials, Event};

use crate::error::Farewell;
use crate::message::{self, Kind, Message, UserAuthFailure};
use crate::{DecodeError, EndReason, Time};
use bytes::{Buf as _, BytesMut};
use login::AwaitVersion;
use open::Open;
use outbox::{Context, Outbox};
use state::State;

/// What a browser is shown that calls the device port.
const HTTP_PAGE: &str = "HTTP/1.1 200 OK\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 90\r\n\
    Connection: close\r\n\
    \r\n\
    This port is for Intel AMT devices (CIRA).\n\
    A browser finds the dashboard on another port.\n";

/// The server's end of one tunnel.
///
/// The call order is the one of the crate's documentation. A complete driver, here with the
/// device's end in the same program instead of a socket, and a clock that only ever jumps to the
/// next deadline:
///
/// ```
/// use apf::{Time, device, server};
/// use bytes::{Bytes, BytesMut};
/// use uuid::Uuid;
///
/// let mut now = Time::ORIGIN;
/// let mut tunnel = server::Connection::new(server::Config::default(), now);
/// let mut pc = device::Connection::new(
///     device::Config {
///         credentials: Some((Bytes::from("admin"), Bytes::from("P@ssw0rd"))),
///         ..device::Config::new(Uuid::from_u128(0x4c4c4544_004b_4210_8033_b6c04f504633))
///     },
///     now,
/// );
/// // What has come and was not taken yet; and what is to be written.
/// let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
/// let mut from_server = BytesMut::new();
/// let mut answer = Vec::new();
///
/// while !tunnel.is_finished() {
///     // 1. Socket to state machine. A real driver reads here, and only if `is_reading`.
///     if tunnel.is_reading() && !input.is_empty() {
///         tunnel.handle_input(&mut input, now);
///     }
///     // 2. What came of it.
///     while let Some(event) = tunnel.poll_event() {
///         match event {
///             server::Event::AdmissionAsked { credentials, .. } => match credentials {
///                 server::Credentials::Password { password, .. } if password == "P@ssw0rd" => {
///                     tunnel.admit(now);
///                 }
///                 _ => tunnel.refuse(now),
///             },
///             server::Event::Settled => {
///                 tunnel.open(16992, 64 * 1024, ("127.0.0.1", 1024), now).expect("forwarded");
///             }
///             server::Event::ChannelOpened { channel } => {
///                 tunnel.send(channel, Bytes::from("GET / HTTP/1.1\r\n\r\n"), now).expect("open");
///             }
///             server::Event::Data { channel, data } => {
///                 answer.extend_from_slice(&data);
///                 // The consumer has it: the device may send as much again.
///                 tunnel.release(channel, data.len());
///                 tunnel.close(channel);
///             }
///             server::Event::ChannelClosed { .. } => {
///                 tunnel.disconnect(apf::DisconnectReason::BY_APPLICATION, now);
///             }
///             _ => {}
///         }
///     }
///     // 3. State machine to socket. A real driver writes `output` while it goes on reading.
///     tunnel.poll_transmit(&mut output, 64 * 1024, now);
///     from_server.unsplit(output.split());
///
///     // The same three steps for the device.
///     pc.handle_input(&mut from_server, now);
///     while let Some(event) = pc.poll_event() {
///         match event {
///             device::Event::ChannelRequested { channel, .. } => pc.accept(channel),
///             device::Event::Data { channel, data } => {
///                 pc.release(channel, data.len());
///                 pc.send(channel, Bytes::from("HTTP/1.1 200 OK\r\n\r\n")).expect("open");
///             }
///             _ => {}
///         }
///     }
///     pc.poll_transmit(&mut input, 16 * 1024, now);
///
///     // 4. Sleep until bytes come, the socket can be written, or a deadline.
///     if input.is_empty() {
///         let deadlines = [tunnel.poll_timeout(), pc.poll_timeout()];
///         now = deadlines.into_iter().flatten().min().unwrap_or(now).max(now);
///         tunnel.handle_timeout(now);
///         pc.handle_timeout(now);
///     }
/// }
/// assert_eq!(answer, b"HTTP/1.1 200 OK\r\n\r\n");
/// ```
#[derive(Debug)]
pub struct Connection {
    config: Config,
    state: State,
    outbox: Outbox,
    /// When a byte came last.
    heard: Time,
    /// Since when output waits without any of it being fetched.
    unsent_since: Option<Time>,
    /// Not a single byte has come.
    untouched: bool,
}

impl Connection {
    /// A connection whose TLS handshake is over.
    #[must_use]
    pub fn new(config: Config, now: Time) -> Self {
        Self {
            outbox: Outbox::new(&config),
            config,
            state: State::AwaitVersion(AwaitVersion { began: now }),
            heard: now,
            unsent_since: None,
            untouched: true,
        }
    }

    /// Takes what it can from the front of `input`; leaves an incomplete message there. Takes
    /// nothing unless `is_reading`, and drops everything after the end.
    pub fn handle_input(&mut self, input: &mut BytesMut, now: Time) {
        if matches!(self.state, State::Closed) {
            input.clear();
        }
        if input.is_empty() || !self.is_reading() {
            return;
        }
        self.heard = now;
        while self.is_reading() && self.handle_next(input, now) {}
        if matches!(self.state, State::Closed) {
            input.clear();
        }
        self.watch_output(now);
    }

    /// Takes one message, or what is there of a payload. False when nothing could be taken.
    fn handle_next(&mut self, input: &mut BytesMut, now: Time) -> bool {
        if let State::Open(open) = &mut self.state
            && open.take_payload(input, &mut self.outbox)
        {
            return false;
        }
        match self.handle_message(input, now) {
            Ok(0) => false,
            Ok(taken) => {
                input.advance(taken);
                true
            }
            Err(reason) => {
                self.end(reason, false);
                false
            }
        }
    }

    /// Decodes and handles the message at the front; returns its length, or 0 if it is incomplete.
    fn handle_message(&mut self, input: &[u8], now: Time) -> Result<usize, EndReason> {
        let Some(&first) = input.first() else { return Ok(0) };
        if core::mem::take(&mut self.untouched) && matches!(first, b'G' | b'H') {
            return Err(EndReason::HttpProbe);
        }
        let kind = Kind::from_wire(first).ok_or(DecodeError::UnknownType(first));
        let kind = kind.map_err(EndReason::Decode)?;
        if kind.sent_by_device() {
            self.state.admits(kind)?;
        }
        let decoded = message::decode_from_device(input).map_err(EndReason::Decode)?;
        let Some((message, length)) = decoded else { return Ok(0) };
        let state = core::mem::replace(&mut self.state, State::Closed);
        let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
        match state.handle(&message, &mut context) {
            Ok(state) => {
                self.state = state;
                Ok(length)
            }
            Err(reason) => {
                self.conclude(reason, false);
                Ok(0)
            }
        }
    }

    /// Time has passed; call it at `poll_timeout`. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Time) {
        if let Some((deadline, phase)) = self.state.login_deadline(&self.config)
            && deadline <= now
        {
            self.end(EndReason::Deadline(phase), false);
        }
        if self.silence_ends().is_some_and(|at| at <= now) {
            self.end(EndReason::KeepAliveExpired, false);
        }
        if self.patience_ends().is_some_and(|at| at <= now) {
            self.end(EndReason::PeerNotReading, false);
        }
        let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
        if let State::Open(open) = &mut self.state {
            open.handle_timeout(&mut context);
        }
        self.watch_output(now);
    }

    /// The peer has closed the stream, or it broke.
    pub fn handle_end_of_stream(&mut self, _now: Time) {
        self.end(EndReason::EndOfStream, false);
    }

    /// What happened next, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.next_event()
    }

    /// Appends up to about `limit` bytes to `out`: control first, then channels round-robin. (All
    /// control messages at once, and whole CHANNEL_DATA, so it can be a little more.) Appends
    /// nothing if `limit` is 0.
    pub fn poll_transmit(&mut self, out: &mut BytesMut, limit: usize, now: Time) {
        if limit == 0 {
            return;
        }
        let full = out.len().saturating_add(limit);
        self.outbox.move_control(out);
        if let State::Open(open) = &mut self.state {
            let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
            open.transmit(out, full, &mut context);
        }
        self.unsent_since = None;
        self.watch_output(now);
    }

    /// When `handle_timeout` wants to be called. It may be earlier than needed, never later.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let login = self.state.login_deadline(&self.config).map(|(deadline, _)| deadline);
        let open = match &self.state {
            State::Open(open) => open.next_deadline(),
            State::AwaitVersion(_)
            | State::AwaitAuth(_)
            | State::AwaitCredentials(_)
            | State::Deciding(_)
            | State::AwaitForwarding(_)
            | State::Closed => None,
        };
        [login, open, self.silence_ends(), self.patience_ends()].into_iter().flatten().min()
    }

    /// False while a decision is awaited, while too many replies wait to be fetched, and after the
    /// end: do not read the socket.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.state.waiting().is_some() && !self.outbox.is_full()
    }

    /// Ended, and everything that had to be said was handed out.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Closed) && !self.outbox.has_control()
    }

    fn open_state(&self) -> Option<&Open> {
        match &self.state {
            State::Open(open) => Some(open),
            State::AwaitVersion(_)
            | State::AwaitAuth(_)
            | State::AwaitCredentials(_)
            | State::Deciding(_)
            | State::AwaitForwarding(_)
            | State::Closed => None,
        }
    }

    /// When silence has lasted too long. Before forwarding the deadlines of the login rule.
    fn silence_ends(&self) -> Option<Time> {
        self.open_state().map(|open| self.heard + open.waiting_time(&self.config))
    }

    /// When output has waited too long for being fetched.
    fn patience_ends(&self) -> Option<Time> {
        self.unsent_since.map(|since| since + self.config.stall_timeout)
    }

    fn watch_output(&mut self, now: Time) {
        let unsent = match &self.state {
            State::Closed => false,
            State::Open(open) => self.outbox.has_control() || open.can_send(),
            State::AwaitVersion(_)
            | State::AwaitAuth(_)
            | State::AwaitCredentials(_)
            | State::Deciding(_)
            | State::AwaitForwarding(_) => self.outbox.has_control(),
        };
        self.unsent_since = unsent.then(|| self.unsent_since.unwrap_or(now));
    }

    /// Ends the connection, once. `asked_for_login`: see [`EndReason::farewell`].
    fn end(&mut self, reason: EndReason, asked_for_login: bool) {
        match core::mem::replace(&mut self.state, State::Closed) {
            State::Closed => return,
            State::Open(mut open) => open.end_channels(&mut self.outbox),
            State::AwaitVersion(_)
            | State::AwaitAuth(_)
            | State::AwaitCredentials(_)
            | State::Deciding(_)
            | State::AwaitForwarding(_) => {}
        }
        self.conclude(reason, asked_for_login);
    }

    /// The last words, to the peer and to the caller. The state is gone.
    fn conclude(&mut self, reason: EndReason, asked_for_login: bool) {
        match reason.farewell(asked_for_login) {
            Farewell::Nothing => {}
            Farewell::Disconnect(reason) => self.outbox.say(&Message::Disconnect(reason)),
            Farewell::AuthFailure => {
                self.outbox.say(&Message::UserAuthFailure(UserAuthFailure::PASSWORD));
            }
            Farewell::HttpPage => self.outbox.say_raw(HTTP_PAGE.as_bytes()),
        }
        self.outbox.report(Event::Ended(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_browsers_is_as_long_as_it_says() {
        let (head, body) = HTTP_PAGE.split_once("\r\n\r\n").expect("a blank line");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        assert_eq!(length.map(str::parse), Some(Ok(body.len())));
    }
}
