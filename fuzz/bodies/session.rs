//! Body of `apf_session`: operations on both ends at once, with bytes on their way between them
//! that arrive late and in pieces.
//!
//! An eavesdropper ([`crate::wire`]) checks the rules of the wire. Here is checked what the
//! callers see: data arrives unchanged and in order, never more than the window is held, nobody
//! faults unless the device was told to misbehave, every channel ends once, and the end is told
//! once. At the end everything is closed, and all channels are free again.

use super::wire::Wire;
use apf::server::{self, Event};
use apf::{ChannelId, DisconnectReason, OpenFailure, Time, device};
use arbitrary::{Arbitrary, Unstructured};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::time::Duration;

/// Operations of one run; more would only be slow.
const OPERATIONS_MAX: usize = 400;
/// Queued on one channel; a driver bounds it as well.
const QUEUED_MAX: usize = 64 * 1024;

#[derive(Debug, Arbitrary)]
struct Setup {
    device_window: u16,
    device_piece: u16,
    server_piece: u16,
    device_channels: Option<u16>,
    ids: u8,
    coalesce: bool,
    may_misbehave: bool,
}

/// A channel is named by its place among those that are known.
#[derive(Debug, Arbitrary)]
enum Operation {
    ServerOpens {
        window: u32,
    },
    DeviceAccepts(u8),
    DeviceRejects(u8),
    DeviceOpens,
    ServerSends(u8, u16),
    DeviceSends(u8, u16),
    ServerReleases(u8, u16),
    DeviceReleases(u8, u16),
    ServerCloses(u8),
    DeviceCloses(u8),
    ServerAborts(u8),
    DeviceAborts(u8),
    ServerAbandons(u8),
    Forward(u16),
    Cancel(u16),
    Datagram(u8),
    ToDevice(u16),
    ToServer(u16),
    Both,
    Pass {
        millis: u16,
    },
    /// Only if the setup says so.
    Inject(Vec<u8>),
    /// Only for one value, or no run would be long.
    Disconnect {
        by_server: bool,
        value: u8,
    },
}

pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(setup) = Setup::arbitrary(&mut choices) else { return };
    let mut bench = Bench::new(&setup);
    for _ in 0..OPERATIONS_MAX {
        if choices.is_empty() {
            break;
        }
        let Ok(operation) = Operation::arbitrary(&mut choices) else { break };
        bench.perform(operation);
    }
    bench.finish();
}

/// What the caller of one end knows of a channel.
#[derive(Debug, Default)]
struct Seen {
    /// Not ended yet.
    live: bool,
    held: usize,
    sent: usize,
    received: usize,
    window: u32,
}

struct Bench {
    server: server::Connection,
    device: device::Connection,
    now: Time,
    wire: Wire,
    to_device: BytesMut,
    to_server: BytesMut,
    server_input: BytesMut,
    device_input: BytesMut,
    ours: BTreeMap<ChannelId, Seen>,
    theirs: BTreeMap<ChannelId, Seen>,
    device_window: u32,
    direct_window: u32,
    may_misbehave: bool,
    misbehaves: bool,
    ended: [bool; 2],
}

impl Bench {
    fn new(setup: &Setup) -> Self {
        let now = Time::ORIGIN;
        let device_window = u32::from(setup.device_window);
        let config = server::Config {
            max_piece: usize::from(setup.server_piece),
            device_channels: setup.device_channels.map(u32::from),
            // Time passes in leaps here; what waits for it is another test's.
            wait: Duration::from_secs(1 << 40),
            stall_timeout: Duration::from_secs(1 << 40),
            login_deadline: Duration::from_secs(1 << 40),
            version_deadline: Duration::from_secs(1 << 40),
            forwarding_deadline: Duration::from_secs(1 << 40),
            ..server::Config::default()
        };
        let pc = device::Config {
            credentials: Some((Bytes::from_static(b"admin"), Bytes::from_static(b"secret"))),
            ports: vec![16992],
            max_channels: u32::from(setup.ids % 16),
            window: device_window,
            max_piece: usize::from(setup.device_piece),
            coalesce_greeting: setup.coalesce,
            ..device::Config::default()
        };
        Self {
            server: server::Connection::new(config, now),
            device: device::Connection::new(pc, now),
            now,
            wire: Wire::default(),
            to_device: BytesMut::new(),
            to_server: BytesMut::new(),
            server_input: BytesMut::new(),
            device_input: BytesMut::new(),
            ours: BTreeMap::new(),
            theirs: BTreeMap::new(),
            device_window,
            direct_window: setup.device_channels.unwrap_or(0).into(),
            may_misbehave: setup.may_misbehave,
            misbehaves: false,
            ended: [false; 2],
        }
    }

    fn our(&self, place: u8) -> ChannelId {
        pick(&self.ours, place)
    }

    fn their(&self, place: u8) -> ChannelId {
        pick(&self.theirs, place)
    }

    fn perform(&mut self, operation: Operation) {
        match operation {
            Operation::ServerOpens { window } => {
                let window = window % (1 << 20);
                if let Ok(channel) = self.server.open(16992, window, ("127.0.0.1", 1), self.now) {
                    let seen = Seen { live: true, window, ..Seen::default() };
                    assert!(self.ours.insert(channel, seen).is_none(), "{channel:?} again");
                }
            }
            Operation::DeviceAccepts(place) => self.device.accept(self.their(place)),
            Operation::DeviceRejects(place) => self.reject(self.their(place)),
            Operation::DeviceOpens => {
                if let Ok(channel) = self.device.open_direct("10.0.0.9", 5989) {
                    self.device_has(channel);
                }
            }
            Operation::ServerSends(place, count) => self.server_sends(self.our(place), count),
            Operation::DeviceSends(place, count) => self.device_sends(self.their(place), count),
            Operation::ServerReleases(place, count) => {
                self.release(self.our(place), count.into(), true);
            }
            Operation::DeviceReleases(place, count) => {
                self.release(self.their(place), count.into(), false);
            }
            Operation::ServerCloses(place) => self.server.close(self.our(place)),
            Operation::DeviceCloses(place) => self.close_theirs(self.their(place), false),
            Operation::ServerAborts(place) => self.server.abort(self.our(place)),
            Operation::DeviceAborts(place) => self.close_theirs(self.their(place), true),
            Operation::ServerAbandons(place) => self.server.abandon(self.our(place)),
            Operation::Forward(port) => self.device.forward(port.max(1)),
            // A cancelled 16992 would end the fun.
            Operation::Cancel(port) => self.device.cancel_forward(port.min(16000)),
            Operation::Datagram(count) => {
                let data = vec![0; count.into()];
                self.device.send_datagram(("10.0.0.9", 162), ("", 0), &data);
            }
            Operation::ToDevice(count) => self.deliver_to_device(count.into()),
            Operation::ToServer(count) => self.deliver_to_server(count.into()),
            Operation::Both => self.settle(),
            Operation::Pass { millis } => {
                self.now = self.now + Duration::from_millis(millis.into());
                self.server.handle_timeout(self.now);
                self.device.handle_timeout(self.now);
            }
            Operation::Inject(bytes) if self.may_misbehave => {
                self.misbehaves = true;
                self.wire.taint();
                self.device.inject(&bytes);
            }
            Operation::Inject(_) => {}
            Operation::Disconnect { value: 1.., .. } => {}
            Operation::Disconnect { by_server, .. } => {
                let reason = DisconnectReason::BY_APPLICATION;
                match by_server {
                    true => self.server.disconnect(reason, self.now),
                    false => self.device.disconnect(reason, self.now),
                }
            }
        }
        self.take_events();
    }

    fn device_has(&mut self, channel: ChannelId) {
        let seen = Seen { live: true, window: self.device_window, ..Seen::default() };
        let before = self.theirs.insert(channel, seen);
        assert!(!before.is_some_and(|before| before.live), "{channel:?} is in use");
    }

    fn reject(&mut self, channel: ChannelId) {
        let refused_before = self.device.peer_id(channel);
        self.device.reject(channel, OpenFailure::CONNECT_FAILED);
        if refused_before.is_some() && self.device.peer_id(channel).is_none() {
            self.theirs.entry(channel).or_default().live = false;
        }
    }

    /// A requested channel that is closed is refused, without an event.
    fn close_theirs(&mut self, channel: ChannelId, now: bool) {
        let before = self.device.peer_id(channel).is_some();
        if now {
            self.device.abort(channel);
        } else {
            self.device.close(channel);
        }
        self.take_events();
        if before && self.device.peer_id(channel).is_none() {
            self.theirs.entry(channel).or_default().live = false;
        }
    }

    fn server_sends(&mut self, channel: ChannelId, count: u16) {
        if self.server.queued(channel) > QUEUED_MAX {
            return;
        }
        let from = self.ours.get(&channel).map_or(0, |seen| seen.sent);
        let data = pattern(from, count.into());
        if self.server.send(channel, data, self.now).is_ok() {
            self.ours.entry(channel).or_default().sent += usize::from(count);
        }
    }

    fn device_sends(&mut self, channel: ChannelId, count: u16) {
        if self.device.queued(channel) > QUEUED_MAX {
            return;
        }
        let from = self.theirs.get(&channel).map_or(0, |seen| seen.sent);
        if self.device.send(channel, pattern(from, count.into())).is_ok() {
            self.theirs.entry(channel).or_default().sent += usize::from(count);
        }
    }

    fn release(&mut self, channel: ChannelId, count: usize, ours: bool) {
        let seen = if ours { &mut self.ours } else { &mut self.theirs };
        let Some(seen) = seen.get_mut(&channel) else { return };
        let count = count.min(seen.held);
        seen.held -= count;
        if ours {
            self.server.release(channel, count);
        } else {
            self.device.release(channel, count);
        }
    }

    /// Fetches at most `count` bytes (or a message more) and delivers at most `count`.
    fn deliver_to_device(&mut self, count: usize) {
        let before = self.to_device.len();
        self.server.poll_transmit(&mut self.to_device, count, self.now);
        self.wire.server_sends(&self.to_device[before..]);
        let arrived = self.to_device.split_to(count.min(self.to_device.len()));
        self.device_input.extend_from_slice(&arrived);
        self.device.handle_input(&mut self.device_input, self.now);
        self.take_events();
    }

    /// See `deliver_to_device`.
    fn deliver_to_server(&mut self, count: usize) {
        let before = self.to_server.len();
        self.device.poll_transmit(&mut self.to_server, count, self.now);
        self.wire.device_sends(&self.to_server[before..]);
        let arrived = self.to_server.split_to(count.min(self.to_server.len()));
        self.server_input.extend_from_slice(&arrived);
        self.server.handle_input(&mut self.server_input, self.now);
        self.take_events();
    }

    fn settle(&mut self) {
        loop {
            self.device.handle_timeout(self.now);
            self.deliver_to_device(usize::MAX);
            self.deliver_to_server(usize::MAX);
            let mut more = BytesMut::new();
            self.server.poll_transmit(&mut more, usize::MAX, self.now);
            self.wire.server_sends(&more);
            self.to_device.unsplit(more);
            if self.to_device.is_empty() {
                return;
            }
        }
    }

    fn take_events(&mut self) {
        while let Some(event) = self.server.poll_event() {
            assert!(!self.ended[0], "after the end: {event:?}");
            self.server_event(event);
        }
        while let Some(event) = self.device.poll_event() {
            assert!(!self.ended[1], "after the end: {event:?}");
            self.device_event(event);
        }
    }

    fn server_event(&mut self, event: Event) {
        match event {
            Event::AdmissionAsked { .. } => {
                self.server.admit(self.now);
                self.server.handle_input(&mut self.server_input, self.now);
            }
            Event::Data { channel, data } => {
                let seen = self.ours.get_mut(&channel).expect("a known channel");
                arrived(seen, &data, self.misbehaves);
            }
            Event::DeviceChannel { channel: Some(channel), .. } => {
                let seen = Seen { live: true, window: self.direct_window, ..Seen::default() };
                assert!(self.ours.insert(channel, seen).is_none(), "{channel:?} again");
            }
            Event::ChannelRefused { channel, .. }
            | Event::ChannelTimedOut { channel }
            | Event::ChannelClosed { channel, .. } => {
                let seen = self.ours.get_mut(&channel).expect("a known channel");
                assert!(std::mem::take(&mut seen.live), "{channel:?} ended twice");
            }
            Event::Fault(fault) => {
                // A refused port is the only fault that an honest device can have.
                let refused = matches!(fault, apf::Fault::ForwardRefused { .. });
                assert!(refused || self.misbehaves, "{fault:?}");
            }
            Event::Ended(_) => {
                self.ended[0] = true;
                assert!(self.ours.values().all(|seen| !seen.live));
            }
            _ => {}
        }
    }

    fn device_event(&mut self, event: device::Event) {
        match event {
            device::Event::ChannelRequested { channel, .. } => self.device_has(channel),
            device::Event::Data { channel, data } => {
                let seen = self.theirs.get_mut(&channel).expect("a known channel");
                arrived(seen, &data, self.misbehaves);
            }
            device::Event::DirectRefused { channel, .. }
            | device::Event::ChannelClosed { channel, .. } => {
                let seen = self.theirs.get_mut(&channel).expect("a known channel");
                assert!(std::mem::take(&mut seen.live), "{channel:?} ended twice");
            }
            device::Event::Fault(fault) => assert!(self.misbehaves, "{fault:?}"),
            device::Event::Ended(_) => self.ended[1] = true,
            _ => {}
        }
    }

    /// Closes everything and waits: nothing may be left over.
    fn finish(mut self) {
        self.settle();
        let theirs: Vec<ChannelId> = self.theirs.keys().copied().collect();
        for channel in theirs {
            self.device.accept(channel);
        }
        self.settle();
        let ours: Vec<ChannelId> = self.ours.keys().copied().collect();
        for channel in ours {
            self.server.abort(channel);
        }
        self.settle();
        if self.ended == [false; 2] && !self.misbehaves {
            assert!(self.ours.values().all(|seen| !seen.live), "{:?}", self.ours);
            assert_eq!(self.server.free_channels(), server::Config::default().max_channels);
            assert_eq!((self.server_input.len(), self.device_input.len()), (0, 0));
        }
        self.server.handle_end_of_stream(self.now);
        self.device.handle_end_of_stream(self.now);
        self.take_events();
        assert_eq!(self.ended, [true; 2]);
    }
}

fn pick(channels: &BTreeMap<ChannelId, Seen>, place: u8) -> ChannelId {
    // Mostly the newest ones.
    let place = usize::from(place) % channels.len().clamp(1, 12);
    channels.keys().rev().nth(place).copied().unwrap_or(ChannelId(place as u32))
}

/// Bytes whose position in the stream can be told.
fn pattern(from: usize, count: usize) -> Bytes {
    (from..from + count).map(|n| (n % 251) as u8).collect()
}

/// A window at most is held, and the bytes are those that were sent.
fn arrived(seen: &mut Seen, data: &Bytes, misbehaves: bool) {
    assert!(!data.is_empty());
    assert!(misbehaves || *data == pattern(seen.received, data.len()), "wrong bytes");
    seen.received += data.len();
    seen.held += data.len();
    assert!(seen.held <= seen.window as usize, "{seen:?}");
}
