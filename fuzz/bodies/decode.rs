//! Body of `apf_decode`: the first byte chooses an end and its state, the second the size of the
//! pieces in which the rest arrives.
//!
//! Nothing may panic; whatever decodes must survive being encoded; the pieces must not matter;
//! and no input may be hoarded.

use apf::message::{self, Message, ReplyForm};
use apf::{Time, device, server};
use bytes::BytesMut;

/// The longest message without its payload, generously.
const LONGEST_MESSAGE: usize = 2560;

pub fn run(data: &[u8]) {
    let [state, piece, stream @ ..] = data else { return };
    codec(stream);
    if state % 4 == 3 {
        let whole = run_device(stream, usize::MAX);
        assert_eq!(run_device(stream, usize::from(*piece).max(1)), whole);
    } else {
        let whole = run_server(state % 4, stream, usize::MAX);
        assert_eq!(run_server(state % 4, stream, usize::from(*piece).max(1)), whole);
    }
}

fn codec(stream: &[u8]) {
    let from_device = |bytes: &[u8]| check(bytes, message::decode_from_device);
    from_device(stream);
    for form in [ReplyForm::Port, ReplyForm::Bare] {
        check(stream, |bytes| message::decode_from_server(bytes, form));
    }
}

type Decoded<'a> = Result<Option<(Message<'a>, usize)>, apf::DecodeError>;

fn check(bytes: &[u8], decode: impl for<'a> Fn(&'a [u8]) -> Decoded<'a>) {
    let Ok(Some((message, length))) = decode(bytes) else { return };
    assert!((1..=bytes.len()).contains(&length));
    let mut again = BytesMut::new();
    message.encode(&mut again);
    assert_eq!(again.len(), length);
    assert_eq!(decode(&again), Ok(Some((message, length))));
}

/// What came of a stream: events with neighbouring data joined, bytes to send, bytes left.
type Outcome<E> = (Vec<E>, BytesMut, usize);

fn run_server(state: u8, stream: &[u8], piece: usize) -> Outcome<server::Event> {
    let now = Time::ORIGIN;
    let config = server::Config { device_channels: Some(100), ..server::Config::default() };
    let mut end = server::Connection::new(config, now);
    let mut input = BytesMut::new();
    if state > 0 {
        input.extend_from_slice(&login());
        end.handle_input(&mut input, now);
        end.admit(now);
        end.handle_input(&mut input, now);
    }
    if state > 1 {
        for number in 1..=6 {
            end.open(16992, 100 * number, ("127.0.0.1", 1), now).expect("forwarded");
        }
        input.extend_from_slice(&confirmations());
        end.handle_input(&mut input, now);
    }
    let mut events: Vec<server::Event> = Vec::new();
    for part in stream.chunks(piece) {
        input.extend_from_slice(part);
        end.handle_input(&mut input, now);
        while let Some(event) = end.poll_event() {
            if matches!(event, server::Event::AdmissionAsked { .. }) {
                end.admit(now);
                end.handle_input(&mut input, now);
            }
            events.push(event);
        }
        assert!(!end.is_reading() || input.len() <= LONGEST_MESSAGE);
    }
    let mut out = BytesMut::new();
    end.poll_transmit(&mut out, usize::MAX, now);
    (joined(events), out, input.len())
}

fn joined(events: Vec<server::Event>) -> Vec<server::Event> {
    let mut joined: Vec<server::Event> = Vec::new();
    for event in events {
        if let (
            Some(server::Event::Data { channel: last, data: so_far }),
            server::Event::Data { channel, data },
        ) = (joined.last_mut(), &event)
            && last == channel
        {
            *so_far = [so_far.as_ref(), data.as_ref()].concat().into();
        } else {
            joined.push(event);
        }
    }
    joined
}

fn run_device(stream: &[u8], piece: usize) -> Outcome<device::Event> {
    let now = Time::ORIGIN;
    let mut end = device::Connection::new(device::Config::default(), now);
    end.handle_timeout(now);
    let mut input = BytesMut::new();
    let mut events: Vec<device::Event> = Vec::new();
    for part in stream.chunks(piece) {
        input.extend_from_slice(part);
        end.handle_input(&mut input, now);
        while let Some(event) = end.poll_event() {
            // Pieces of data are counted, not compared: where they are cut is up to the pieces.
            if !matches!(event, device::Event::Data { .. }) {
                events.push(event);
            }
        }
        assert!(input.len() <= LONGEST_MESSAGE);
    }
    let mut out = BytesMut::new();
    end.poll_transmit(&mut out, usize::MAX, now);
    (events, out, input.len())
}

/// Version, login, forwarding, and port 16992.
fn login() -> BytesMut {
    let mut out = BytesMut::new();
    let version = message::ProtocolVersion {
        major: 1,
        minor: 0,
        trigger: apf::Trigger::USER,
        uuid: uuid::Uuid::nil(),
    };
    let request = message::UserAuthRequest {
        user: b"admin",
        service: b"pfwd@amt.intel.com",
        method: message::Method::Password(b"secret"),
    };
    let forward = message::Forward { want_reply: true, address: b"", port: 16992 };
    for message in [
        Message::ProtocolVersion(version),
        Message::ServiceRequest(message::Service::Auth),
        Message::UserAuthRequest(request),
        Message::ServiceRequest(message::Service::Forwarding),
        Message::GlobalRequest(message::GlobalRequest::Forward(forward)),
    ] {
        message.encode(&mut out);
    }
    out
}

/// Channels 1 to 4 are open, the device's numbers are 0 to 3; 5 and 6 wait.
fn confirmations() -> BytesMut {
    let mut out = BytesMut::new();
    for recipient in 1..=4 {
        let (sender, window) = (recipient - 1, 1000);
        let confirmation = message::ChannelOpenConfirmation { recipient, sender, window };
        Message::ChannelOpenConfirmation(confirmation).encode(&mut out);
    }
    out
}
