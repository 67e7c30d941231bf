//! Both ends on a bench: raw bytes in, events and raw bytes out, and a clock that only tests move.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test may fail, and says what it does"
)]

pub(crate) mod checks;
pub(crate) mod pair;
pub(crate) mod random;
pub(crate) mod script;

use apf::message::{self, Message, ReplyForm};
use apf::{ChannelId, Time, device, server};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const UUID: Uuid = Uuid::from_u128(0x12345678_9abc_def0_1122_334455667788);

/// More than anything here ever sends at once.
pub(crate) const ALL: usize = usize::MAX;

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

pub(crate) fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut out = BytesMut::new();
    message.encode(&mut out);
    out.to_vec()
}

/// CHANNEL_DATA with its payload.
pub(crate) fn data(recipient: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut bytes = encode(&Message::ChannelData(message::ChannelData { recipient, length }));
    bytes.extend_from_slice(payload);
    bytes
}

pub(crate) fn confirmation(recipient: u32, sender: u32, window: u32) -> Vec<u8> {
    let confirmation = message::ChannelOpenConfirmation { recipient, sender, window };
    encode(&Message::ChannelOpenConfirmation(confirmation))
}

pub(crate) fn adjust(recipient: u32, bytes: u32) -> Vec<u8> {
    encode(&Message::WindowAdjust(message::WindowAdjust { recipient, bytes }))
}

pub(crate) fn close(recipient: u32) -> Vec<u8> {
    encode(&Message::ChannelClose(message::ChannelClose { recipient }))
}

pub(crate) fn open_failure(recipient: u32, reason: u32) -> Vec<u8> {
    let reason = apf::OpenFailure(reason);
    encode(&Message::ChannelOpenFailure(message::ChannelOpenFailure { recipient, reason }))
}

pub(crate) fn forward(port: u32) -> Vec<u8> {
    let forward = message::Forward { want_reply: true, address: b"", port };
    encode(&Message::GlobalRequest(message::GlobalRequest::Forward(forward)))
}

pub(crate) fn cancel(port: u32) -> Vec<u8> {
    let forward = message::Forward { want_reply: true, address: b"", port };
    encode(&Message::GlobalRequest(message::GlobalRequest::Cancel(forward)))
}

pub(crate) fn keepalive(cookie: u32) -> Vec<u8> {
    encode(&Message::KeepAliveRequest(message::KeepAlive { cookie }))
}

pub(crate) fn version() -> Vec<u8> {
    encode(&Message::ProtocolVersion(message::ProtocolVersion {
        major: 1,
        minor: 0,
        trigger: apf::Trigger::USER,
        uuid: UUID,
    }))
}

pub(crate) fn service(service: message::Service) -> Vec<u8> {
    encode(&Message::ServiceRequest(service))
}

pub(crate) fn password() -> Vec<u8> {
    encode(&Message::UserAuthRequest(message::UserAuthRequest {
        user: b"admin",
        service: b"pfwd@amt.intel.com",
        method: message::Method::Password(b"P@ssw0rd"),
    }))
}

/// What a server sent, one entry per message; payloads apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Control(Vec<u8>),
    Data { recipient: u32, payload: Vec<u8> },
}

/// Takes apart what a server sent. Every byte must belong to a message, and no CHANNEL_DATA may
/// be empty. What answers a browser is text and one piece.
pub(crate) fn take_apart(mut bytes: &[u8]) -> Vec<Said> {
    let mut said = Vec::new();
    if bytes.starts_with(b"HTTP/1.1 ") {
        return vec![Said::Control(bytes.to_vec())];
    }
    while !bytes.is_empty() {
        let (message, length) = message::decode_from_server(bytes, reply_form(bytes))
            .expect("the server sends valid messages")
            .expect("the server sends whole messages");
        let (head, rest) = bytes.split_at(length);
        bytes = rest;
        if let Message::ChannelData(head) = message {
            assert_ne!(head.length, 0, "an empty CHANNEL_DATA");
            let (payload, rest) = bytes.split_at(head.length as usize);
            bytes = rest;
            said.push(Said::Data { recipient: head.recipient, payload: payload.to_vec() });
        } else {
            said.push(Said::Control(head.to_vec()));
        }
    }
    said
}

/// Which form a REQUEST_SUCCESS at the beginning has. A PC knows it from what it asked; who sees
/// only the server's bytes knows it from the next one: a port has four bytes and the first is 0,
/// while no message is of type 0.
fn reply_form(bytes: &[u8]) -> ReplyForm {
    if bytes.get(1) == Some(&0) { ReplyForm::Port } else { ReplyForm::Bare }
}

/// The server's end with raw bytes on the other side.
pub(crate) struct Server {
    pub(crate) end: server::Connection,
    pub(crate) now: Time,
    input: BytesMut,
    /// Bytes per call of `handle_input`; 0 is all at once.
    pub(crate) chunk: usize,
}

impl Server {
    pub(crate) fn new(config: server::Config, chunk: usize) -> Self {
        let now = Time::from_origin(Duration::from_secs(1000));
        Self { end: server::Connection::new(config, now), now, input: BytesMut::new(), chunk }
    }

    /// Logged in and open, with nothing forwarded yet.
    pub(crate) fn open(config: server::Config, chunk: usize) -> Self {
        let mut server = Self::new(config, chunk);
        server.feed(&version());
        server.feed(&service(message::Service::Auth));
        server.feed(&password());
        server.end.admit(server.now);
        server.feed(&service(message::Service::Forwarding));
        server.said();
        server
    }

    /// Open with 16992 forwarded, settled, and `count` channels asked for: numbers 1..=count.
    pub(crate) fn with_channels(config: server::Config, chunk: usize, count: u32) -> Self {
        let mut server = Self::open(config, chunk);
        server.feed(&forward(16992));
        server.after(Duration::from_secs(5));
        for number in 1..=count {
            let channel = server.end.open(16992, 0x1000, ("127.0.0.1", 1024), server.now);
            assert_eq!(channel, Ok(ChannelId(number)));
        }
        server.events();
        server.said();
        server
    }

    /// Like `with_channels(4)`, and channel 4 is confirmed as the device's channel 0.
    pub(crate) fn with_channel_4(chunk: usize, window: u32) -> Self {
        let mut server = Self::with_channels(server::Config::default(), chunk, 4);
        let events = server.feed(&confirmation(4, 0, window));
        assert_eq!(events, [server::Event::ChannelOpened { channel: ChannelId(4) }]);
        server
    }

    /// Gives bytes to the server, in chunks; what could not be taken yet waits. Pieces of data
    /// come out joined.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<server::Event> {
        let chunk = if self.chunk == 0 { bytes.len().max(1) } else { self.chunk };
        for part in bytes.chunks(chunk) {
            self.input.extend_from_slice(part);
            if self.end.is_reading() || self.end.is_finished() {
                self.end.handle_input(&mut self.input, self.now);
            }
        }
        self.events()
    }

    /// Gives what waits once more.
    pub(crate) fn resume(&mut self) -> Vec<server::Event> {
        self.end.handle_input(&mut self.input, self.now);
        self.events()
    }

    /// Bytes that were not taken.
    pub(crate) fn left(&self) -> usize {
        self.input.len()
    }

    pub(crate) fn events(&mut self) -> Vec<server::Event> {
        joined(std::iter::from_fn(|| self.end.poll_event()).collect())
    }

    /// Everything that the server has to send.
    pub(crate) fn said(&mut self) -> Vec<u8> {
        let mut out = BytesMut::new();
        self.end.poll_transmit(&mut out, ALL, self.now);
        out.to_vec()
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn after(&mut self, time: Duration) -> Vec<server::Event> {
        let target = self.now + time;
        while let Some(deadline) = self.end.poll_timeout().filter(|at| *at <= target) {
            self.now = self.now.max(deadline);
            self.end.handle_timeout(self.now);
            let next = self.end.poll_timeout();
            assert!(next.is_none_or(|at| at > self.now), "a deadline that does not go away");
        }
        self.now = target;
        self.end.handle_timeout(self.now);
        self.events()
    }
}

/// Joins neighbouring pieces of data of the same channel.
pub(crate) fn joined(events: Vec<server::Event>) -> Vec<server::Event> {
    let mut joined: Vec<server::Event> = Vec::new();
    for event in events {
        if let (
            Some(server::Event::Data { channel: last, data: so_far }),
            server::Event::Data { channel, data },
        ) = (joined.last_mut(), &event)
            && last == channel
        {
            *so_far = [so_far.as_ref(), data.as_ref()].concat().into();
            continue;
        }
        joined.push(event);
    }
    joined
}

/// The device's end with raw bytes on the other side.
pub(crate) struct Device {
    pub(crate) end: device::Connection,
    pub(crate) now: Time,
    input: BytesMut,
    pub(crate) chunk: usize,
}

impl Device {
    pub(crate) fn new(config: device::Config, chunk: usize) -> Self {
        let now = Time::from_origin(Duration::from_secs(1000));
        Self { end: device::Connection::new(config, now), now, input: BytesMut::new(), chunk }
    }

    /// As the vectors have it: user admin, password P@ssw0rd, these ports.
    pub(crate) fn admin(ports: &[u16]) -> device::Config {
        device::Config {
            credentials: Some((Bytes::from_static(b"admin"), Bytes::from_static(b"P@ssw0rd"))),
            ports: ports.to_vec(),
            window: 0x4000,
            ..device::Config::new(UUID)
        }
    }

    /// Greeted, logged in, pfwd@ accepted; the first forward has been sent.
    pub(crate) fn forwarding(config: device::Config, chunk: usize) -> Self {
        let mut device = Self::new(config, chunk);
        device.end.handle_timeout(device.now);
        device.feed(&encode(&Message::ServiceAccept(message::Service::Auth)));
        device.feed(&encode(&Message::UserAuthSuccess));
        device.feed(&encode(&Message::ServiceAccept(message::Service::Forwarding)));
        device.said();
        device
    }

    /// Forwarding, and every forward of the configuration was granted.
    pub(crate) fn settled(config: device::Config, chunk: usize) -> Self {
        let ports = config.ports.clone();
        let mut device = Self::forwarding(config, chunk);
        for port in ports {
            device.feed(&encode(&Message::RequestSuccess(message::Reply::Port(port.into()))));
        }
        device.said();
        device
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<device::Event> {
        let chunk = if self.chunk == 0 { bytes.len().max(1) } else { self.chunk };
        for part in bytes.chunks(chunk) {
            self.input.extend_from_slice(part);
            self.end.handle_input(&mut self.input, self.now);
        }
        self.events()
    }

    pub(crate) fn left(&self) -> usize {
        self.input.len()
    }

    pub(crate) fn events(&mut self) -> Vec<device::Event> {
        std::iter::from_fn(|| self.end.poll_event()).collect()
    }

    pub(crate) fn said(&mut self) -> Vec<u8> {
        let mut out = BytesMut::new();
        self.end.poll_transmit(&mut out, ALL, self.now);
        out.to_vec()
    }
}

/// The vectors, by id.
pub(crate) fn vectors() -> BTreeMap<String, Vector> {
    let file = include_str!("../../../../vectors/apf-vectors.json");
    let vectors: Vec<Vector> = serde_json::from_str(file).expect("the vectors are JSON");
    vectors.into_iter().map(|vector| (vector.id.clone(), vector)).collect()
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) len: usize,
    pub(crate) hex: String,
    pub(crate) meaning: String,
    pub(crate) expect: String,
    pub(crate) decode: String,
}

impl Vector {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        hex(&self.hex)
    }
}
