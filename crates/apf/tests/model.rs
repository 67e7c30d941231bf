//! Random operations against a small reference of windows and channel life.
//!
//! The reference knows channels and figures only; it says what the server's end must send and
//! report. The seed is printed; `SEED=` repeats a run.

#![expect(clippy::panic, reason = "a message that the reference does not expect")]

mod tunnel;

use apf::server::{Config, Event};
use apf::{ChannelEnd, ChannelId};
use std::collections::BTreeMap;
use tunnel::random::Random;
use tunnel::{Said, Server, adjust, close, confirmation, data, open_failure, take_apart};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Opening,
    Abandoned,
    Open,
    /// Our CLOSE was sent.
    Closed,
    Gone,
}

/// One channel of the reference.
#[derive(Debug, Clone)]
struct Model {
    life: Life,
    /// The device's number; unique here, so that what is sent can be told apart.
    peer: u32,
    window: u64,
    /// What the device may still send, what the consumer has not taken, what was not granted yet.
    left: u64,
    held: u64,
    taken: u64,
    credit: u64,
    queued: u64,
    closing: bool,
}

/// What must come of an operation.
#[derive(Debug, Default, PartialEq, Eq)]
struct Expected {
    closed: Vec<(u32, ChannelEnd)>,
    opened: Vec<u32>,
    refused: Vec<u32>,
    faults: usize,
    delivered: BTreeMap<u32, u64>,
    /// By the device's number.
    sent: BTreeMap<u32, u64>,
    granted: Vec<(u32, u64)>,
    closes: Vec<u32>,
}

struct Bench {
    server: Server,
    model: BTreeMap<u32, Model>,
    expected: Expected,
    next_peer: u32,
}

const LIMIT: usize = 8;

impl Bench {
    fn new() -> Self {
        let config = Config { max_channels: LIMIT, fault_budget: u32::MAX, ..Config::default() };
        let server = Server::with_channels(config, 0, 0);
        Self { server, model: BTreeMap::new(), expected: Expected::default(), next_peer: 0 }
    }

    fn step(&mut self, random: &mut Random) {
        let known: Vec<u32> = self.model.keys().copied().collect();
        if known.is_empty() || random.one_in(12) {
            return self.open(random.pick(&[0, 1, 7, 499, 4096, 100_000]));
        }
        // Mostly young channels, sometimes one that is long gone.
        let young = known.len().saturating_sub(12);
        let id = if random.one_in(20) { random.pick(&known) } else { random.pick(&known[young..]) };
        match random.below(12) {
            0 => self.confirm(id, random.pick(&[0, 1, 100, 5000, u32::MAX])),
            1 => self.fail(id),
            2..4 => {
                let left = self.model[&id].left as usize;
                let most = if random.one_in(15) { left + 3 } else { left };
                self.receive(id, random.below(most.min(9000) + 1));
            }
            4..6 => self.adjust(id, random.pick(&[0, 1, 499, 3000, 3000, u32::MAX])),
            6 if random.one_in(3) => self.peer_closes(id),
            6..8 => self.send(id, random.below(4000)),
            8..10 => {
                let held = self.model[&id].held as usize;
                self.release(id, if random.one_in(2) { held } else { random.below(held + 2) });
            }
            10 if random.one_in(3) => self.close(id),
            _ if random.one_in(6) => self.abort(id),
            _ => {}
        }
    }

    fn channel(&mut self, id: u32) -> &mut Model {
        self.model.get_mut(&id).expect("a known channel")
    }

    fn open(&mut self, window: u32) {
        let occupied = |m: &&Model| matches!(m.life, Life::Opening | Life::Abandoned | Life::Open);
        let free = self.model.values().filter(occupied).count() < LIMIT;
        let opened = self.server.end.open(16992, window, ("127.0.0.1", 1), self.server.now);
        assert_eq!(opened.is_ok(), free);
        let Ok(ChannelId(id)) = opened else { return };
        let peer = self.next_peer;
        self.next_peer += 1;
        let window = u64::from(window);
        let known = self.model.insert(
            id,
            Model {
                life: Life::Opening,
                peer,
                window,
                left: window,
                held: 0,
                taken: 0,
                credit: 0,
                queued: 0,
                closing: false,
            },
        );
        assert!(known.is_none(), "number {id} was used twice");
    }

    fn confirm(&mut self, id: u32, window: u32) {
        let channel = self.channel(id);
        let peer = channel.peer;
        match channel.life {
            Life::Opening => {
                channel.life = Life::Open;
                channel.credit = window.into();
                self.expected.opened.push(id);
                self.flow(id);
            }
            Life::Abandoned => {
                channel.life = Life::Open;
                self.end(id, ChannelEnd::ByUs);
            }
            Life::Open | Life::Closed => self.expected.faults += 1,
            Life::Gone => {
                self.expected.faults += 1;
                self.expected.closes.push(peer);
            }
        }
        self.server.feed_only(&confirmation(id, peer, window));
    }

    fn fail(&mut self, id: u32) {
        let channel = self.channel(id);
        match channel.life {
            Life::Opening | Life::Abandoned => {
                channel.life = Life::Gone;
                self.expected.refused.push(id);
            }
            Life::Open | Life::Closed | Life::Gone => self.expected.faults += 1,
        }
        self.server.feed_only(&open_failure(id, 2));
    }

    fn receive(&mut self, id: u32, bytes: usize) {
        let count = bytes as u64;
        let channel = self.channel(id);
        match channel.life {
            Life::Open if count > channel.left => {
                self.expected.faults += 1;
                self.end(id, ChannelEnd::WindowExceeded);
            }
            Life::Open => {
                channel.left -= count;
                channel.held += count;
                if count > 0 {
                    *self.expected.delivered.entry(id).or_default() += count;
                }
            }
            Life::Closed => {}
            Life::Opening | Life::Abandoned | Life::Gone => self.expected.faults += 1,
        }
        self.server.feed_only(&data(id, &vec![7; bytes]));
    }

    fn adjust(&mut self, id: u32, bytes: u32) {
        let channel = self.channel(id);
        match channel.life {
            Life::Open => {
                channel.credit = (channel.credit + u64::from(bytes)).min(u64::from(u32::MAX));
                self.flow(id);
            }
            Life::Closed => {}
            Life::Opening | Life::Abandoned | Life::Gone => self.expected.faults += 1,
        }
        self.server.feed_only(&adjust(id, bytes));
    }

    fn peer_closes(&mut self, id: u32) {
        let channel = self.channel(id);
        match channel.life {
            Life::Open => self.end(id, ChannelEnd::ByPeer),
            Life::Closed => channel.life = Life::Gone,
            Life::Opening | Life::Abandoned | Life::Gone => self.expected.faults += 1,
        }
        self.server.feed_only(&close(id));
    }

    fn send(&mut self, id: u32, bytes: usize) {
        let channel = self.channel(id);
        let takes = !channel.closing && matches!(channel.life, Life::Opening | Life::Open);
        if takes {
            channel.queued += bytes as u64;
            if channel.life == Life::Open {
                self.flow(id);
            }
        }
        let now = self.server.now;
        let sent = self.server.end.send(ChannelId(id), vec![9; bytes].into(), now);
        assert_eq!(sent.is_ok(), takes);
    }

    fn release(&mut self, id: u32, bytes: usize) {
        let channel = self.channel(id);
        if channel.life == Life::Open {
            let taken = (bytes as u64).min(channel.held);
            channel.held -= taken;
            channel.taken += taken;
            if channel.taken > 0 && channel.taken * 2 >= channel.window {
                let (peer, grant) = (channel.peer, std::mem::take(&mut channel.taken));
                channel.left += grant;
                self.expected.granted.push((peer, grant));
            }
        }
        self.server.end.release(ChannelId(id), bytes);
    }

    fn close(&mut self, id: u32) {
        let channel = self.channel(id);
        match channel.life {
            Life::Open if channel.queued == 0 => self.end(id, ChannelEnd::ByUs),
            Life::Opening if channel.queued == 0 => channel.life = Life::Abandoned,
            Life::Open | Life::Opening => channel.closing = true,
            Life::Abandoned | Life::Closed | Life::Gone => {}
        }
        self.server.end.close(ChannelId(id));
    }

    fn abort(&mut self, id: u32) {
        let channel = self.channel(id);
        match channel.life {
            Life::Open => self.end(id, ChannelEnd::ByUs),
            Life::Opening => {
                channel.life = Life::Abandoned;
                channel.queued = 0;
            }
            Life::Abandoned | Life::Closed | Life::Gone => {}
        }
        self.server.end.abort(ChannelId(id));
    }

    /// Sends what credit allows, and the CLOSE that waited for it.
    fn flow(&mut self, id: u32) {
        let channel = self.channel(id);
        let sent = channel.credit.min(channel.queued);
        channel.credit -= sent;
        channel.queued -= sent;
        let (peer, finished) = (channel.peer, channel.closing && channel.queued == 0);
        if sent > 0 {
            *self.expected.sent.entry(peer).or_default() += sent;
        }
        if finished {
            self.end(id, ChannelEnd::ByUs);
        }
    }

    fn end(&mut self, id: u32, end: ChannelEnd) {
        let channel = self.channel(id);
        channel.life = if end == ChannelEnd::ByPeer { Life::Gone } else { Life::Closed };
        channel.queued = 0;
        let peer = channel.peer;
        self.expected.closes.push(peer);
        self.expected.closed.push((id, end));
    }

    /// What really came of it.
    fn check(&mut self) {
        let mut found = Expected::default();
        let said = self.server.said();
        for said in take_apart(&said) {
            match said {
                Said::Data { recipient, payload } => {
                    *found.sent.entry(recipient).or_default() += payload.len() as u64;
                }
                Said::Control(message) => {
                    let number = |at: usize| {
                        u32::from_be_bytes(message[at..at + 4].try_into().expect("4 bytes"))
                    };
                    match message[0] {
                        90 => {}
                        93 => found.granted.push((number(1), number(5).into())),
                        97 => found.closes.push(number(1)),
                        other => panic!("message {other}"),
                    }
                }
            }
        }
        for event in self.server.events() {
            match event {
                Event::ChannelClosed { channel, end } => found.closed.push((channel.0, end)),
                Event::ChannelOpened { channel } => found.opened.push(channel.0),
                Event::ChannelRefused { channel, .. } => found.refused.push(channel.0),
                Event::Fault(_) => found.faults += 1,
                Event::Data { channel, data } => {
                    *found.delivered.entry(channel.0).or_default() += data.len() as u64;
                }
                Event::Sent { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(found, std::mem::take(&mut self.expected));
    }
}

impl Server {
    /// Gives bytes and leaves the events for later.
    fn feed_only(&mut self, bytes: &[u8]) {
        let mut input = bytes::BytesMut::from(bytes);
        self.end.handle_input(&mut input, self.now);
        assert!(input.is_empty());
    }
}

#[test]
fn random_operations_agree_with_the_reference() {
    let mut random = Random::from_environment("model");
    for _ in 0..60 {
        let mut bench = Bench::new();
        for _ in 0..400 {
            bench.step(&mut random);
            bench.check();
        }
        let lives = bench.model.values().map(|m| m.life as usize).max();
        assert_eq!(lives, Some(Life::Gone as usize), "some channel has lived its whole life");
    }
}
