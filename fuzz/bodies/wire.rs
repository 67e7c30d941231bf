//! An eavesdropper between both ends, who knows only the rules of the wire.
//!
//! It checks what each end sends at the moment it is sent: whole valid messages, no data beyond
//! the window that the other end has granted, no empty data, nothing on a channel after the CLOSE
//! of the same end, and one CLOSE at most.

use apf::DecodeError;
use apf::message::{self, ChannelOpenConfirmation, GlobalRequest, Message, ReplyForm};
use std::collections::{BTreeMap, VecDeque};

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Server,
    Device,
}

/// One direction of one channel.
#[derive(Debug, Clone, Copy)]
struct Lane {
    granted: u64,
    closed: bool,
}

/// One channel.
#[derive(Debug)]
struct Pairing {
    to_device: Lane,
    to_server: Lane,
}

/// Bytes of one direction that are not understood yet.
#[derive(Debug, Default)]
struct Stream {
    bytes: Vec<u8>,
    /// Payload to be skipped.
    payload: usize,
}

#[derive(Debug, Default)]
pub struct Wire {
    from_server: Stream,
    from_device: Stream,
    pairings: Vec<Pairing>,
    /// The newest pairing of a number, as an index.
    by_server: BTreeMap<u32, usize>,
    by_device: BTreeMap<u32, usize>,
    /// Windows offered in opens that were not answered, by the opener's number.
    offered_by_server: BTreeMap<u32, u32>,
    offered_by_device: BTreeMap<u32, u32>,
    /// Forms of the replies that the server owes.
    replies: VecDeque<ReplyForm>,
    /// The device has said on purpose what it must not. From then on only the framing of what the
    /// server sends is looked at.
    tainted: bool,
    /// The device's stream makes no sense any more.
    lost: bool,
}

impl Wire {
    /// The device will say what it must not.
    pub fn taint(&mut self) {
        self.tainted = true;
    }

    /// The server sends these bytes.
    pub fn server_sends(&mut self, bytes: &[u8]) {
        let mut stream = std::mem::take(&mut self.from_server);
        stream.bytes.extend_from_slice(bytes);
        while stream.skip_payload() {
            let form = self.replies.front().copied().unwrap_or(ReplyForm::Bare);
            let decoded = message::decode_from_server(&stream.bytes, form);
            let decoded = decoded.expect("the server sends valid messages");
            let Some((message, length)) = decoded else { break };
            stream.payload = self.hear(From::Server, &message);
            stream.bytes.drain(..length);
        }
        self.from_server = stream;
    }

    /// The device sends these bytes.
    pub fn device_sends(&mut self, bytes: &[u8]) {
        let mut stream = std::mem::take(&mut self.from_device);
        stream.bytes.extend_from_slice(bytes);
        while !self.lost && stream.skip_payload() {
            let decoded = message::decode_from_device(&stream.bytes);
            self.lost = decoded.is_err();
            let Some((message, length)) = self.accepted(decoded) else { break };
            stream.payload = self.hear(From::Device, &message);
            stream.bytes.drain(..length);
        }
        self.from_device = stream;
    }

    fn accepted<T>(&self, decoded: Result<Option<T>, DecodeError>) -> Option<T> {
        decoded.unwrap_or_else(|error| {
            assert!(self.tainted, "the device sends nonsense: {error}");
            None
        })
    }

    /// Checks one message. Returns how much payload follows it.
    fn hear(&mut self, from: From, message: &Message<'_>) -> usize {
        match *message {
            Message::GlobalRequest(request) => self.requested(&request),
            Message::RequestSuccess(_) | Message::RequestFailure => {
                let owed = self.replies.pop_front().is_some();
                assert!(owed || self.lost, "a reply to nothing");
            }
            Message::ChannelOpen(open) if from == From::Server => {
                let before = self.offered_by_server.insert(open.sender, open.window);
                assert!(before.is_none(), "number {} was used twice", open.sender);
            }
            Message::ChannelOpen(open) => {
                self.offered_by_device.insert(open.sender, open.window);
            }
            Message::ChannelOpenConfirmation(confirmation) => self.paired(from, confirmation),
            Message::ChannelData(head) => {
                assert!(head.length > 0 || from == From::Device && self.tainted, "empty data");
                self.on_lane(from, head.recipient, |ahead, _| {
                    let length = u64::from(head.length);
                    assert!(length <= ahead.granted, "{length} of {} bytes", ahead.granted);
                    ahead.granted -= length;
                });
                return head.length as usize;
            }
            Message::WindowAdjust(adjust) => {
                self.on_lane(from, adjust.recipient, |_, back| {
                    assert!(adjust.bytes > 0, "credit of nothing");
                    back.granted += u64::from(adjust.bytes);
                });
            }
            Message::ChannelClose(close) => {
                self.on_lane(from, close.recipient, |ahead, _| ahead.closed = true);
            }
            _ => {}
        }
        0
    }

    fn requested(&mut self, request: &GlobalRequest<'_>) {
        match request {
            GlobalRequest::Forward(_) => self.replies.push_back(ReplyForm::Port),
            GlobalRequest::SendDatagram(datagram) if !datagram.want_reply => {}
            GlobalRequest::Cancel(_) | GlobalRequest::SendDatagram(_) => {
                self.replies.push_back(ReplyForm::Bare);
            }
        }
    }

    fn paired(&mut self, from: From, confirmation: ChannelOpenConfirmation) {
        let ChannelOpenConfirmation { recipient, sender, window } = confirmation;
        let lane = |granted: u32| Lane { granted: granted.into(), closed: false };
        let index = self.pairings.len();
        match from {
            From::Device => {
                let offered = self.offered_by_server.get(&recipient).copied().unwrap_or(0);
                let (to_device, to_server) = (lane(window), lane(offered));
                self.pairings.push(Pairing { to_device, to_server });
                self.by_server.insert(recipient, index);
                self.by_device.insert(sender, index);
            }
            From::Server => {
                let offered = self.offered_by_device.remove(&recipient).unwrap_or(0);
                let (to_device, to_server) = (lane(offered), lane(window));
                self.pairings.push(Pairing { to_device, to_server });
                self.by_server.insert(sender, index);
                self.by_device.insert(recipient, index);
            }
        }
    }

    /// Looks at the lane that a message goes along, by the receiver's number, and the one back.
    fn on_lane(&mut self, from: From, recipient: u32, check: impl FnOnce(&mut Lane, &mut Lane)) {
        if self.tainted {
            return;
        }
        let index = match from {
            From::Server => self.by_device.get(&recipient),
            From::Device => self.by_server.get(&recipient),
        };
        let index = index.unwrap_or_else(|| panic!("{from:?}: channel {recipient} is not open"));
        let Pairing { to_device, to_server } = &mut self.pairings[*index];
        let (ahead, back) = match from {
            From::Server => (to_device, to_server),
            From::Device => (to_server, to_device),
        };
        assert!(!ahead.closed, "{from:?}: a word on channel {recipient} after its CLOSE");
        check(ahead, back);
    }
}

impl Stream {
    /// False while payload is missing.
    fn skip_payload(&mut self) -> bool {
        let skipped = self.payload.min(self.bytes.len());
        self.bytes.drain(..skipped);
        self.payload -= skipped;
        self.payload == 0
    }
}
