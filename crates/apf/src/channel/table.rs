//! The channels of a connection, and whose turn it is to send.

use super::{Channel, Phase};
use crate::message::{ChannelData, ChannelId, Message, PeerChannelId};
use crate::time::Time;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::time::Duration;

/// Channels by our number, sorted; there are few, so a sorted vector beats a map.
#[derive(Debug)]
pub(crate) struct Channels {
    channels: Vec<Channel>,
    /// Those that can send, in turn.
    line: VecDeque<ChannelId>,
    /// No channel's deadline is before this point. It may be too early (then looking is in
    /// vain), never too late.
    next_deadline: Option<Time>,
    /// How long queued data may wait for credit.
    stall_timeout: Option<Duration>,
}

/// What to do with a CHANNEL_DATA.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Announced {
    /// Its payload is for an open channel and within the window.
    Deliver,
    /// Our CLOSE has left: drop the payload silently.
    Discard,
    /// It is `over` bytes longer than the window.
    Exceeded { over: u32 },
    /// The channel is not open yet.
    NotOpen,
    /// No such channel.
    Unknown,
}

/// What came of a CHANNEL_WINDOW_ADJUST.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Adjusted {
    /// Granted, or without meaning because our CLOSE has left.
    Done,
    /// The channel is not open yet.
    NotOpen,
    /// No such channel.
    Unknown,
}

/// What one turn put on the wire.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) channel: ChannelId,
    pub(crate) bytes: usize,
    /// The queue is empty now and CLOSE was asked for.
    pub(crate) close: bool,
}

impl Channels {
    pub(crate) const fn new(stall_timeout: Option<Duration>) -> Self {
        Self { channels: Vec::new(), line: VecDeque::new(), next_deadline: None, stall_timeout }
    }

    pub(crate) fn iter(&self) -> core::slice::Iter<'_, Channel> {
        self.channels.iter()
    }

    pub(crate) fn get(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(self.position(id).ok()?)
    }

    fn get_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        let position = self.position(id).ok()?;
        self.channels.get_mut(position)
    }

    fn position(&self, id: ChannelId) -> Result<usize, usize> {
        self.channels.binary_search_by_key(&id, Channel::id)
    }

    /// The lowest number that no channel has.
    pub(crate) fn lowest_free(&self) -> u32 {
        let taken = (0..).zip(&self.channels).take_while(|(n, channel)| channel.id.0 == *n);
        u32::try_from(taken.count()).unwrap_or(u32::MAX)
    }

    /// Adds a channel. A channel of the same number is replaced.
    pub(crate) fn insert(&mut self, channel: Channel) {
        self.next_deadline = Time::earliest(self.next_deadline, channel.deadline);
        match self.position(channel.id) {
            Ok(taken) => {
                if let Some(old) = self.channels.get_mut(taken) {
                    *old = channel;
                }
            }
            Err(place) => self.channels.insert(place, channel),
        }
    }

    pub(crate) fn remove(&mut self, id: ChannelId) {
        if let Ok(position) = self.position(id) {
            let channel = self.channels.remove(position);
            if channel.in_line {
                self.line.retain(|other| *other != id);
            }
        }
    }

    /// Our CLOSE leaves now: nothing more is sent, and the number stays taken.
    pub(crate) fn await_close(&mut self, id: ChannelId) {
        if let Some(channel) = self.get_mut(id) {
            channel.phase = Phase::AwaitClose;
            channel.queue.clear();
            channel.deadline = None;
            if core::mem::take(&mut channel.in_line) {
                self.line.retain(|other| *other != id);
            }
        }
    }

    /// Nobody wants the answer to our open any more.
    pub(crate) fn abandon(&mut self, id: ChannelId) {
        if let Some(channel) = self.get_mut(id) {
            channel.phase = Phase::Abandoned;
            channel.queue.clear();
        }
    }

    /// The peer confirmed, with the credit it gives.
    pub(crate) fn confirm(&mut self, id: ChannelId, peer: PeerChannelId, credit: u32, now: Time) {
        if let Some(channel) = self.get_mut(id) {
            channel.phase = Phase::Open { peer };
            channel.send = super::SendWindow::new(credit);
            channel.deadline = None;
        }
        self.queue_up(id, now);
    }

    /// The caller accepted what the peer asked for.
    pub(crate) fn accept(&mut self, id: ChannelId, peer: PeerChannelId) {
        if let Some(channel) = self.get_mut(id) {
            channel.phase = Phase::Open { peer };
        }
    }

    /// Queues data. False when the channel takes none.
    pub(crate) fn send(&mut self, id: ChannelId, data: Bytes, now: Option<Time>) -> bool {
        let Some(channel) = self.get_mut(id) else { return false };
        if channel.closing || !matches!(channel.phase, Phase::Open { .. } | Phase::Opening) {
            return false;
        }
        channel.queue.push(data);
        match now {
            Some(now) => self.queue_up(id, now),
            None => self.stand_in_line(id),
        }
        true
    }

    /// CLOSE follows the queued data. False when nothing is queued: it may leave now.
    pub(crate) fn close_after_queue(&mut self, id: ChannelId) -> bool {
        self.get_mut(id).is_some_and(|channel| {
            channel.closing = true;
            !channel.queue.is_empty()
        })
    }

    /// A CHANNEL_DATA begins.
    pub(crate) fn announce(&mut self, id: ChannelId, length: u32) -> Announced {
        let Some(channel) = self.get_mut(id) else { return Announced::Unknown };
        match channel.phase {
            Phase::Open { .. } => match channel.receive.announce(length) {
                Ok(()) => Announced::Deliver,
                Err(over) => Announced::Exceeded { over },
            },
            Phase::AwaitClose => Announced::Discard,
            Phase::Requested { .. } | Phase::Opening | Phase::Abandoned => Announced::NotOpen,
        }
    }

    /// Announced bytes have come. False when nobody wants them any more.
    pub(crate) fn deliver(&mut self, id: ChannelId, bytes: usize) -> bool {
        let Some(channel) = self.get_mut(id) else { return false };
        if !matches!(channel.phase, Phase::Open { .. }) {
            return false;
        }
        channel.receive.deliver(u32::try_from(bytes).unwrap_or(u32::MAX));
        true
    }

    /// The consumer took bytes: what to grant, and to whom.
    pub(crate) fn release(&mut self, id: ChannelId, bytes: usize) -> Option<(PeerChannelId, u32)> {
        let channel = self.get_mut(id)?;
        let Phase::Open { peer } = channel.phase else { return None };
        let grant = channel.receive.release(bytes);
        (grant > 0).then_some((peer, grant))
    }

    /// The peer grants more.
    pub(crate) fn adjust(&mut self, id: ChannelId, bytes: u32, now: Time) -> Adjusted {
        let Some(channel) = self.get_mut(id) else { return Adjusted::Unknown };
        match channel.phase {
            Phase::Open { .. } => {
                channel.send.grant(bytes);
                if bytes > 0 {
                    channel.deadline = None;
                    self.queue_up(id, now);
                }
                Adjusted::Done
            }
            Phase::AwaitClose => Adjusted::Done,
            Phase::Requested { .. } | Phase::Opening | Phase::Abandoned => Adjusted::NotOpen,
        }
    }

    /// Stands in line if it can send; starts the stall clock if it waits for credit.
    fn queue_up(&mut self, id: ChannelId, now: Time) {
        let stall_timeout = self.stall_timeout;
        if let Some(channel) = self.get_mut(id)
            && channel.is_stalled()
            && channel.deadline.is_none()
        {
            channel.deadline = stall_timeout.map(|timeout| now + timeout);
            let deadline = channel.deadline;
            self.next_deadline = Time::earliest(self.next_deadline, deadline);
        }
        self.stand_in_line(id);
    }

    fn stand_in_line(&mut self, id: ChannelId) {
        if let Some(channel) = self.get_mut(id)
            && !channel.in_line
            && channel.can_send()
        {
            channel.in_line = true;
            self.line.push_back(id);
        }
    }

    /// Whether some channel can send now.
    pub(crate) fn can_send(&self) -> bool {
        !self.line.is_empty()
    }

    /// The next channel in line sends one CHANNEL_DATA of at most `most` bytes.
    pub(crate) fn send_piece(&mut self, out: &mut BytesMut, most: u32, now: Time) -> Option<Piece> {
        loop {
            let id = self.line.pop_front()?;
            let Some(channel) = self.get_mut(id) else { continue };
            channel.in_line = false;
            let Phase::Open { peer } = channel.phase else { continue };
            let queued = u32::try_from(channel.queue.len()).unwrap_or(u32::MAX);
            let length = queued.min(channel.send.credit()).min(most.max(1));
            if length == 0 {
                continue;
            }
            Message::ChannelData(ChannelData { recipient: peer.0, length }).encode(out);
            let bytes = usize::try_from(length).unwrap_or(usize::MAX);
            channel.queue.move_into(out, bytes);
            channel.send.spend(length);
            let close = channel.closing && channel.queue.is_empty();
            self.queue_up(id, now);
            return Some(Piece { channel: id, bytes, close });
        }
    }

    /// No deadline is before this point.
    pub(crate) const fn next_deadline(&self) -> Option<Time> {
        self.next_deadline
    }

    /// One channel whose deadline has passed, with its phase; its deadline is cleared. When there
    /// is none, the next deadline is exact again.
    pub(crate) fn next_expired(&mut self, now: Time) -> Option<(ChannelId, Phase)> {
        if self.next_deadline.is_none_or(|deadline| deadline > now) {
            return None;
        }
        let expired = |channel: &&mut Channel| channel.deadline.is_some_and(|at| at <= now);
        if let Some(channel) = self.channels.iter_mut().find(expired) {
            channel.deadline = None;
            return Some((channel.id, channel.phase));
        }
        self.next_deadline = self.channels.iter().filter_map(|channel| channel.deadline).min();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ChannelId = ChannelId(0);

    /// A channel that stands in line with 10 bytes.
    fn waiting(channels: &mut Channels) {
        channels.insert(Channel::requested(ID, PeerChannelId(7), 100, 100));
        channels.accept(ID, PeerChannelId(7));
        assert!(channels.send(ID, Bytes::from_static(&[1; 10]), None));
        assert!(channels.can_send());
    }

    #[test]
    fn a_channel_that_ends_leaves_the_line() {
        let mut channels = Channels::new(None);
        waiting(&mut channels);
        channels.remove(ID);
        assert!(!channels.can_send());
        waiting(&mut channels);
        channels.await_close(ID);
        assert!(!channels.can_send());
        // The number used again stands in line once, not twice.
        channels.remove(ID);
        waiting(&mut channels);
        assert_eq!(channels.line.len(), 1);
    }

    #[test]
    fn the_lowest_free_number_fills_gaps_first() {
        let mut channels = Channels::new(None);
        for number in 0..4 {
            assert_eq!(channels.lowest_free(), number);
            channels.insert(Channel::opening(ChannelId(number), 1, None));
        }
        channels.remove(ChannelId(1));
        assert_eq!(channels.lowest_free(), 1);
    }
}
