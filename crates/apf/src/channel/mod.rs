//! Channels: their life, their windows, and whose turn it is to send. Shared by both ends.
//!
//! ```text
//!  we open:    Opening ──91──► Open ──our 97──► AwaitClose ──97──► gone
//!                 │ └──92──► gone │
//!                 │               └──97──► (our 97, once) ──► gone
//!                 └─given up─► Abandoned ──late 91──► (our 97) ──► AwaitClose
//!                                        └─late 92──► gone
//!  peer opens: Requested ──accept──► Open      Requested ──reject──► gone
//! ```
//!
//! Exactly one CLOSE is sent per channel that was open, and a CLOSE is never answered twice: the
//! firmware reuses a channel number as soon as it has seen one.

mod incoming;
mod queue;
mod table;
mod window;

pub(crate) use incoming::Incoming;
pub(crate) use table::{Adjusted, Announced, Channels};

use crate::message::{ChannelId, PeerChannelId};
use crate::time::Time;
use queue::SendQueue;
use window::{ReceiveWindow, SendWindow};

/// Where a channel is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The peer asked for it; the caller has not answered.
    Requested { peer: PeerChannelId },
    /// We asked for it.
    Opening,
    /// We asked for it, but do not want it any more; an answer is still due.
    Abandoned,
    /// Data flows.
    Open { peer: PeerChannelId },
    /// Our CLOSE has left, the peer's has not come. Its number stays taken.
    AwaitClose,
}

/// One channel.
#[derive(Debug)]
pub(crate) struct Channel {
    id: ChannelId,
    phase: Phase,
    opened_by_peer: bool,
    receive: ReceiveWindow,
    send: SendWindow,
    queue: SendQueue,
    /// CLOSE follows when the queue is empty.
    closing: bool,
    /// It stands in the line of those that can send.
    in_line: bool,
    /// The end of what its phase allows: the answer to an open, or credit for queued data.
    deadline: Option<Time>,
}

impl Channel {
    /// A channel that we open, with the window we grant.
    pub(crate) const fn opening(id: ChannelId, window: u32, deadline: Option<Time>) -> Self {
        Self::new(id, Phase::Opening, ReceiveWindow::new(window), SendWindow::new(0), deadline)
    }

    /// A channel that the peer opens, with both windows.
    pub(crate) const fn requested(
        id: ChannelId,
        peer: PeerChannelId,
        window: u32,
        credit: u32,
    ) -> Self {
        let phase = Phase::Requested { peer };
        let mut channel =
            Self::new(id, phase, ReceiveWindow::new(window), SendWindow::new(credit), None);
        channel.opened_by_peer = true;
        channel
    }

    const fn new(
        id: ChannelId,
        phase: Phase,
        receive: ReceiveWindow,
        send: SendWindow,
        deadline: Option<Time>,
    ) -> Self {
        Self {
            id,
            phase,
            opened_by_peer: false,
            receive,
            send,
            queue: SendQueue::new(),
            closing: false,
            in_line: false,
            deadline,
        }
    }

    pub(crate) const fn id(&self) -> ChannelId {
        self.id
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) const fn opened_by_peer(&self) -> bool {
        self.opened_by_peer
    }

    /// Bytes that wait to be sent.
    pub(crate) const fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Our CLOSE has left: for the caller it is over.
    pub(crate) const fn awaits_close(&self) -> bool {
        matches!(self.phase, Phase::AwaitClose)
    }

    fn can_send(&self) -> bool {
        matches!(self.phase, Phase::Open { .. }) && !self.queue.is_empty() && self.send.credit() > 0
    }

    /// Data waits for credit that is not there.
    fn is_stalled(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
            && !self.queue.is_empty()
            && self.send.credit() == 0
    }
}
