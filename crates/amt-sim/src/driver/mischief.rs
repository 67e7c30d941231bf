//! Misbehaviour on command, as far as it is more than a setting of the protocol's device end.

use super::{Driver, channels::End};
use apf::{ChannelId, OpenFailure};

/// Numbers of the messages that are forged here (APF, LMS header `LMS_if.h`).
const CHANNEL_DATA: u8 = 94;
const CHANNEL_CLOSE: u8 = 97;
/// More would be refused for its length alone, and would end the tunnel instead of the channel.
const LARGEST_EXCESS: u32 = (1 << 20) - 1;
/// Far from any number that a server counts up to.
const UNKNOWN_CHANNEL: u32 = 0xfffe_0000;

impl Driver<'_> {
    /// The reason to refuse the next channel with, if it is to be refused.
    pub(super) fn refusal(&mut self) -> Option<OpenFailure> {
        let faults = &mut self.life.faults;
        use_one(&mut faults.refuse_opens).then_some(OpenFailure(faults.refuse_reason))
    }

    /// Accepts a channel only to spoil it, when that is asked for.
    pub(super) fn misbehaving_end(&mut self, channel: ChannelId, window: u32) -> Option<End> {
        if use_one(&mut self.life.faults.close_first) {
            self.connection.accept(channel);
            self.connection.close(channel);
            return Some(End::Nothing);
        }
        if use_one(&mut self.life.faults.over_window) {
            self.connection.accept(channel);
            self.exceed(channel, window);
            return Some(End::Nothing);
        }
        None
    }

    pub(super) fn misbehave_when_settled(&mut self) {
        self.misbehave_at_once("stale-closes");
        self.misbehave_at_once("unknown-closes");
        self.misbehave_at_once("direct");
    }

    /// Does what one key of `Faults` asks for, on a settled tunnel.
    pub(super) fn misbehave_at_once(&mut self, key: &str) {
        let faults = &self.life.faults;
        match key {
            "stale-closes" => {
                (0..faults.stale_closes).for_each(|_| self.connection.inject(&close(0)));
            }
            "unknown-closes" => (0..faults.unknown_closes)
                .for_each(|n| self.connection.inject(&close(UNKNOWN_CHANNEL.wrapping_add(n)))),
            "direct" => {
                let target = faults.direct.clone().unwrap_or_default();
                self.push_to(&target);
            }
            "over-window" => {
                let open: Vec<(ChannelId, u32)> =
                    self.channels.iter().map(|(channel, open)| (*channel, open.window)).collect();
                for (channel, window) in open {
                    if use_one(&mut self.life.faults.over_window) {
                        self.exceed(channel, window);
                    }
                }
            }
            // The others are asked about when their time comes.
            _ => {}
        }
    }

    /// One byte more than the window ever was.
    fn exceed(&mut self, channel: ChannelId, window: u32) {
        let Some(peer) = self.connection.peer_id(channel) else { return };
        if window > LARGEST_EXCESS {
            tracing::warn!(window, "the window is too large to be exceeded in one message");
            return;
        }
        let length = window.saturating_add(1);
        let mut message = vec![CHANNEL_DATA];
        message.extend_from_slice(&peer.0.to_be_bytes());
        message.extend_from_slice(&length.to_be_bytes());
        message.resize(message.len() + length as usize, 0);
        self.connection.inject(&message);
    }
}

fn close(channel: u32) -> Vec<u8> {
    let mut message = vec![CHANNEL_CLOSE];
    message.extend_from_slice(&channel.to_be_bytes());
    message
}

fn use_one(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}
