//! Channels that are over for us while the device still owes a word about them.

use crate::message::ChannelId;
use alloc::collections::VecDeque;

/// What the device still owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The answer to an open that we gave up.
    Answer,
    /// The CLOSE after ours.
    Close,
}

/// Remembered at most; of older ones a late word counts as a fault. Far above what the firmware's
/// eight ids can leave behind.
const REMEMBERED: usize = 1024;

/// Eight bytes are kept of each: queue and windows are freed the moment our CLOSE leaves. The
/// number itself stays taken for the life of the tunnel, because numbers are never used twice.
#[derive(Debug, Default)]
pub(super) struct Late {
    entries: VecDeque<(ChannelId, Due)>,
}

impl Late {
    pub(super) fn remember(&mut self, channel: ChannelId, due: Due) {
        if self.entries.len() >= REMEMBERED {
            self.entries.pop_front();
        }
        self.entries.push_back((channel, due));
    }

    /// What is due of a channel. Answers come in order, so it is found near the front.
    pub(super) fn due(&self, channel: ChannelId) -> Option<Due> {
        self.entries.iter().find(|(id, _)| *id == channel).map(|(_, due)| *due)
    }

    pub(super) fn forget(&mut self, channel: ChannelId) {
        if let Some(position) = self.entries.iter().position(|(id, _)| *id == channel) {
            self.entries.remove(position);
        }
    }
}
