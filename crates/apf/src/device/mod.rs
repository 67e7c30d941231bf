//! The device's end (Intel AMT), for simulators and tests.

mod config;
mod event;
mod open;
mod outbox;
mod state;

pub use config::Config;
pub use event::Event;

use crate::error::Farewell;
use crate::message::{self, Kind, Message, ProtocolVersion, ReplyForm};
use crate::{
    ChannelId, DecodeError, DisconnectReason, EndReason, OpenError, OpenFailure, PeerChannelId,
    SendError, Time,
};
use bytes::{Buf as _, Bytes, BytesMut};
use open::Open;
use outbox::{Context, Outbox};
use state::State;

/// The device's end of one tunnel.
///
/// The call order is the one of the crate's documentation; [`crate::server::Connection`] shows
/// both ends at work.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    state: State,
    outbox: Outbox,
    /// The latest time we know of.
    now: Time,
    /// When a byte came last.
    heard: Time,
}

impl Connection {
    /// A connection whose TLS handshake is over; the greeting is ready to be sent.
    #[must_use]
    pub fn new(config: Config, now: Time) -> Self {
        let mut outbox = Outbox::new();
        outbox.say(&Message::ProtocolVersion(ProtocolVersion {
            major: 1,
            minor: 0,
            trigger: config.trigger,
            uuid: config.uuid,
        }));
        let state = if config.coalesce_greeting {
            State::ask_for_login(&mut Context { config: &config, outbox: &mut outbox, now })
        } else {
            State::Greeting(now)
        };
        Self { config, state, outbox, now, heard: now }
    }

    /// Takes what it can from the front of `input`; leaves an incomplete message there, and drops
    /// everything after the end.
    pub fn handle_input(&mut self, input: &mut BytesMut, now: Time) {
        self.now = now;
        if !input.is_empty() {
            self.heard = now;
            while self.handle_next(input, now) {}
        }
        if matches!(self.state, State::Closed) {
            input.clear();
        }
    }

    /// Takes one message, or what is there of a payload. False when nothing could be taken.
    fn handle_next(&mut self, input: &mut BytesMut, now: Time) -> bool {
        match &mut self.state {
            State::Closed => return false,
            State::Open(open) => {
                if open.take_payload(input, &mut self.outbox) {
                    return false;
                }
            }
            State::Greeting(_)
            | State::AwaitAuth
            | State::AwaitVerdict
            | State::AwaitForwarding => {}
        }
        match self.handle_message(input, now) {
            Ok(0) => false,
            Ok(taken) => {
                input.advance(taken);
                true
            }
            Err(reason) => {
                self.end(reason);
                false
            }
        }
    }

    /// Decodes and handles the message at the front; returns its length, or 0 if it is incomplete.
    fn handle_message(&mut self, input: &[u8], now: Time) -> Result<usize, EndReason> {
        let Some(&first) = input.first() else { return Ok(0) };
        let kind = Kind::from_wire(first).ok_or(DecodeError::UnknownType(first));
        let kind = kind.map_err(EndReason::Decode)?;
        let awaited = self.state.awaited_reply();
        if matches!(kind, Kind::RequestSuccess | Kind::RequestFailure) && awaited.is_none() {
            return Err(EndReason::Illegal { message: first, state: self.state.words() });
        }
        let decoded = message::decode_from_server(input, awaited.unwrap_or(ReplyForm::Bare));
        let Some((message, length)) = decoded.map_err(EndReason::Decode)? else { return Ok(0) };
        let state = core::mem::replace(&mut self.state, State::Closed);
        let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
        match state.handle(&message, &mut context) {
            Ok(state) => {
                self.state = state;
                Ok(length)
            }
            Err(reason) => {
                self.conclude(reason);
                Ok(0)
            }
        }
    }

    /// Time has passed; call it at `poll_timeout`. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = now;
        let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
        match &mut self.state {
            State::Greeting(at) if *at <= now => self.state = State::ask_for_login(&mut context),
            State::Open(open) => {
                if let Err(reason) = open.handle_timeout(self.heard, &mut context) {
                    self.end(reason);
                }
            }
            State::Greeting(_)
            | State::AwaitAuth
            | State::AwaitVerdict
            | State::AwaitForwarding
            | State::Closed => {}
        }
    }

    /// The server has closed the stream, or it broke.
    pub fn handle_end_of_stream(&mut self, now: Time) {
        self.now = now;
        self.end(EndReason::EndOfStream);
    }

    /// What happened next, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.next_event()
    }

    /// Appends up to about `limit` bytes to `out`: control first, then channels round-robin.
    /// Appends nothing if `limit` is 0.
    pub fn poll_transmit(&mut self, out: &mut BytesMut, limit: usize, now: Time) {
        if limit == 0 {
            return;
        }
        self.now = now;
        let full = out.len().saturating_add(limit);
        self.outbox.move_control(out);
        if let State::Open(open) = &mut self.state {
            let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
            open.transmit(out, full, &mut context);
        }
    }

    /// When `handle_timeout` wants to be called. It may be earlier than needed, never later.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        match &self.state {
            State::Greeting(at) => Some(*at),
            State::Open(open) => open.next_deadline(self.heard),
            State::AwaitAuth | State::AwaitVerdict | State::AwaitForwarding | State::Closed => None,
        }
    }

    /// Ended, and everything that had to be said was handed out.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Closed) && !self.outbox.has_control()
    }

    /// Accepts a requested channel.
    pub fn accept(&mut self, channel: ChannelId) {
        self.when_open(|open, context| open.accept(channel, context));
    }

    /// Refuses a requested channel; its number is free again.
    pub fn reject(&mut self, channel: ChannelId, reason: OpenFailure) {
        self.when_open(|open, context| open.reject(channel, reason, context.outbox));
    }

    /// Queues data; it leaves as credit allows (`Event::Sent`). The queue has no bound of its own:
    /// keep `queued` small.
    ///
    /// # Errors
    /// The channel has ended, was asked to close, or never existed.
    pub fn send(&mut self, channel: ChannelId, data: Bytes) -> Result<(), SendError> {
        self.when_open(|open, _| open.send(channel, data)).unwrap_or(Err(SendError::Closed))
    }

    /// Bytes queued on a channel and not yet handed out.
    #[must_use]
    pub fn queued(&self, channel: ChannelId) -> usize {
        self.open_state().map_or(0, |open| open.queued(channel))
    }

    /// The service took this many bytes.
    pub fn release(&mut self, channel: ChannelId, bytes: usize) {
        self.when_open(|open, context| open.release(channel, bytes, context.outbox));
    }

    /// Closes after queued data has left.
    pub fn close(&mut self, channel: ChannelId) {
        self.when_open(|open, context| open.close(channel, context.outbox));
    }

    /// Closes at once; queued data is dropped.
    pub fn abort(&mut self, channel: ChannelId) {
        self.when_open(|open, context| open.abort(channel, context.outbox));
    }

    /// Forwards one more port. Does nothing before `Admitted` and pfwd@.
    pub fn forward(&mut self, port: u16) {
        self.when_open(|open, context| open.forward(port, context));
    }

    /// Takes a port back; channels to it live on.
    pub fn cancel_forward(&mut self, port: u16) {
        self.when_open(|open, context| open.cancel_forward(port, context));
    }

    /// Asks the server to send a datagram (an alert).
    pub fn send_datagram(&mut self, destination: (&str, u16), source: (&str, u16), data: &[u8]) {
        self.when_open(|_, context| Open::send_datagram(destination, source, data, context));
    }

    /// Opens a channel outwards (direct-tcpip), as for an event push.
    ///
    /// # Errors
    /// The connection is not open, or all numbers are in use.
    pub fn open_direct(&mut self, target: &str, port: u16) -> Result<ChannelId, OpenError> {
        self.when_open(|open, context| open.open_direct(target, port, context))
            .unwrap_or(Err(OpenError::NotOpen))
    }

    /// Ends the connection: DISCONNECT with this reason. Queued data is dropped.
    pub fn disconnect(&mut self, reason: DisconnectReason, now: Time) {
        self.now = now;
        self.end(EndReason::ByUs(reason));
    }

    /// Raw bytes into the stream, behind the control messages that wait already: for misbehaviour
    /// on purpose.
    pub fn inject(&mut self, bytes: &[u8]) {
        self.outbox.say_raw(bytes);
    }

    /// The server's id of a channel of ours, for misbehaviour on purpose.
    #[must_use]
    pub fn peer_id(&self, channel: ChannelId) -> Option<PeerChannelId> {
        self.open_state()?.peer_id(channel)
    }

    fn open_state(&self) -> Option<&Open> {
        match &self.state {
            State::Open(open) => Some(open),
            State::Greeting(_)
            | State::AwaitAuth
            | State::AwaitVerdict
            | State::AwaitForwarding
            | State::Closed => None,
        }
    }

    fn when_open<T>(&mut self, act: impl FnOnce(&mut Open, &mut Context<'_>) -> T) -> Option<T> {
        let now = self.now;
        let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
        match &mut self.state {
            State::Open(open) => Some(act(open, &mut context)),
            State::Greeting(_)
            | State::AwaitAuth
            | State::AwaitVerdict
            | State::AwaitForwarding
            | State::Closed => None,
        }
    }

    /// Ends the connection, once.
    fn end(&mut self, reason: EndReason) {
        match core::mem::replace(&mut self.state, State::Closed) {
            State::Closed => return,
            State::Open(mut open) => open.end_channels(&mut self.outbox),
            State::Greeting(_)
            | State::AwaitAuth
            | State::AwaitVerdict
            | State::AwaitForwarding => {}
        }
        self.conclude(reason);
    }

    /// The last words, to the server and to the caller. The state is gone.
    fn conclude(&mut self, reason: EndReason) {
        match reason.farewell(false) {
            Farewell::Disconnect(told) if reason != EndReason::Refused => {
                self.outbox.say(&Message::Disconnect(told));
            }
            // The server has refused us, or these are words that only a server says.
            Farewell::Disconnect(_)
            | Farewell::Nothing
            | Farewell::AuthFailure
            | Farewell::HttpPage => {}
        }
        self.outbox.report(Event::Ended(reason));
    }
}
