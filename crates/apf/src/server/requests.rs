//! What its owner asks of a connection: to let the device in or turn it away, to open, use and close channels, and to
//! end it.

use super::outbox::Context;
use super::state::State;
use super::{Connection, Open};
use crate::{ChannelId, DisconnectReason, EndReason, OpenError, SendError, Time};
use bytes::Bytes;

impl Connection {
    /// Lets the device in. Does nothing unless `AdmissionAsked` waits for it. Call `handle_input`
    /// afterwards if input was left.
    pub fn admit(&mut self, now: Time) {
        if let State::Deciding(deciding) = &self.state {
            let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
            self.state = deciding.admit(&mut context);
            self.heard = now;
            self.watch_output(now);
        }
    }

    /// Turns the device away: USERAUTH_FAILURE, whatever the cause, and the end. Does nothing
    /// unless `AdmissionAsked` waits for it.
    pub fn refuse(&mut self, now: Time) {
        if let State::Deciding(deciding) = &self.state {
            let asked_for_login = deciding.asked_for_login;
            self.end(EndReason::Refused, asked_for_login);
            self.watch_output(now);
        }
    }

    /// The ports that the device forwards now, in its order. None before the tunnel is open.
    pub fn forwarded_ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.open_state().into_iter().flat_map(Open::forwarded_ports)
    }

    /// Opens a channel to a forwarded port. `window` is what the device may send before anything
    /// is released, in bytes; throughput is at most one window per round trip. `originator` is
    /// told to the device (firmware does not look at it).
    ///
    /// Exactly one of `ChannelRefused`, `ChannelTimedOut` and `ChannelClosed` follows, possibly
    /// after `ChannelOpened`.
    ///
    /// # Errors
    /// Nothing was sent: the tunnel is not open, the port is not forwarded, or `max_channels` are
    /// in use (queue the wish and try again when one of them has ended).
    pub fn open(
        &mut self,
        port: u16,
        window: u32,
        originator: (&str, u16),
        now: Time,
    ) -> Result<ChannelId, OpenError> {
        let mut context = Context { config: &self.config, outbox: &mut self.outbox, now };
        let State::Open(open) = &mut self.state else { return Err(OpenError::NotOpen) };
        let channel = open.open(port, window, originator, &mut context)?;
        self.watch_output(now);
        Ok(channel)
    }

    /// How many channels can be opened before `max_channels` are in use.
    #[must_use]
    pub fn free_channels(&self) -> usize {
        self.open_state().map_or(0, |open| open.free_channels(self.config.max_channels))
    }

    /// Gives up an open that was not answered. It stays in use until the device answers (its last
    /// event is then `ChannelClosed` or `ChannelRefused`) or the time for that is over.
    pub fn abandon(&mut self, channel: ChannelId) {
        if let State::Open(open) = &mut self.state {
            open.abandon(channel);
        }
    }

    /// Queues data; it leaves as credit allows (`Event::Sent`). The queue has no bound of its own:
    /// keep `queued` small, and wait for `Sent` before sending more.
    ///
    /// # Errors
    /// The channel has ended, was asked to close, or never existed.
    pub fn send(&mut self, channel: ChannelId, data: Bytes, now: Time) -> Result<(), SendError> {
        let State::Open(open) = &mut self.state else { return Err(SendError::Closed) };
        open.send(channel, data, now)?;
        self.watch_output(now);
        Ok(())
    }

    /// Bytes queued on a channel and not yet handed out.
    #[must_use]
    pub fn queued(&self, channel: ChannelId) -> usize {
        self.open_state().map_or(0, |open| open.queued(channel))
    }

    /// The consumer took this many bytes.
    pub fn release(&mut self, channel: ChannelId, bytes: usize) {
        if let State::Open(open) = &mut self.state {
            open.release(channel, bytes, &mut self.outbox);
        }
    }

    /// Closes after queued data has left. Until `ChannelClosed` data may still come; afterwards it
    /// is dropped. A channel that is not open yet is abandoned, unless data is queued on it.
    pub fn close(&mut self, channel: ChannelId) {
        if let State::Open(open) = &mut self.state {
            open.close(channel, &mut self.outbox);
        }
    }

    /// Closes at once; queued data is dropped.
    pub fn abort(&mut self, channel: ChannelId) {
        if let State::Open(open) = &mut self.state {
            open.abort(channel, &mut self.outbox);
        }
    }

    /// Ends the tunnel: DISCONNECT with this reason. Queued data is dropped.
    pub fn disconnect(&mut self, reason: DisconnectReason, now: Time) {
        self.end(EndReason::ByUs(reason), false);
        self.watch_output(now);
    }
}
