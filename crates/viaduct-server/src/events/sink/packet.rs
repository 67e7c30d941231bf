//! The few packets of MQTT 3.1.1 that a publisher needs.
//!
//! Own code, because the queue's head may leave only when the broker has acknowledged it, also over a reconnect; the
//! client libraries keep a queue of their own and forget it when the broker starts a new session.

use bytes::{Buf, BufMut, BytesMut};
use std::io;

/// Longest packet that a broker may send us; it has nothing to say but acknowledgements.
const LONGEST: usize = 16 << 10;

/// What signing in needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connect<'a> {
    pub(super) client: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a [u8]>,
    /// Seconds; the broker drops a client that is silent for one and a half times as long.
    pub(super) keep_alive: u16,
}

/// What a broker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packet {
    /// Whether we may come in: 0, or a reason.
    ConnAck(u8),
    PubAck(u16),
    Pong,
    /// Something that is meant for subscribers.
    Other,
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
    out.put_u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
    out.put_slice(bytes);
}

fn packet(out: &mut BytesMut, head: u8, body: &[u8]) {
    out.put_u8(head);
    let mut rest = body.len();
    loop {
        let digit = (rest % 128) as u8;
        rest /= 128;
        out.put_u8(if rest == 0 { digit } else { digit | 0x80 });
        if rest == 0 {
            break;
        }
    }
    out.put_slice(body);
}

/// CONNECT with a clean session.
pub(super) fn connect(out: &mut BytesMut, connect: Connect<'_>) {
    let mut body = Vec::new();
    text(&mut body, b"MQTT");
    body.put_u8(4);
    let user = if connect.user.is_some() { 0x80 } else { 0 };
    let password = if connect.password.is_some() { 0x40 } else { 0 };
    body.put_u8(0x02 | user | password);
    body.put_u16(connect.keep_alive);
    text(&mut body, connect.client.as_bytes());
    for field in [connect.user.map(str::as_bytes), connect.password].into_iter().flatten() {
        text(&mut body, field);
    }
    packet(out, 0x10, &body);
}

/// PUBLISH with QoS 1.
pub(super) fn publish(out: &mut BytesMut, topic: &str, number: u16, payload: &[u8]) {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 4);
    text(&mut body, topic.as_bytes());
    body.put_u16(number);
    body.put_slice(payload);
    packet(out, 0x32, &body);
}

/// PINGREQ.
pub(super) fn ping(out: &mut BytesMut) {
    packet(out, 0xc0, &[]);
}

/// DISCONNECT.
pub(super) fn disconnect(out: &mut BytesMut) {
    packet(out, 0xe0, &[]);
}

/// Takes the first packet out of `input`; None while it is not complete.
pub(super) fn take(input: &mut BytesMut) -> io::Result<Option<Packet>> {
    let (mut length, mut digits) = (0_usize, 0);
    loop {
        let Some(byte) = input.get(1 + digits).copied() else { return Ok(None) };
        length |= usize::from(byte & 0x7f) << (7 * digits);
        digits += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if digits == 4 {
            return Err(io::Error::other("the broker sent something that is not MQTT"));
        }
    }
    if length > LONGEST {
        return Err(io::Error::other("the broker sent a packet that is too long"));
    }
    let head = 1 + digits;
    if input.len() < head + length {
        return Ok(None);
    }
    let body = &input[head..head + length];
    let packet = match (input[0] & 0xf0, body) {
        (0x20, [_, code]) => Packet::ConnAck(*code),
        (0x40, [high, low]) => Packet::PubAck(u16::from_be_bytes([*high, *low])),
        (0xd0, []) => Packet::Pong,
        (0x20 | 0x40 | 0xd0, _) => {
            return Err(io::Error::other("the broker sent something that is not MQTT"));
        }
        _ => Packet::Other,
    };
    input.advance(head + length);
    Ok(Some(packet))
}

/// Why CONNACK turned us down.
pub(super) fn refusal(code: u8) -> &'static str {
    match code {
        1 => "it does not speak MQTT 3.1.1",
        2 => "it does not like the client id",
        3 => "it is not available",
        4 => "user or password are wrong",
        5 => "this user may not connect",
        _ => "it refused, with a reason that MQTT does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_the_standard() {
        let mut out = BytesMut::new();
        let sign_in =
            Connect { client: "v", user: Some("u"), password: Some(b"p"), keep_alive: 60 };
        connect(&mut out, sign_in);
        assert_eq!(out[..], *b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01v\x00\x01u\x00\x01p");
        out.clear();
        publish(&mut out, "a/b", 10, &[b'x'; 200]);
        assert_eq!(out[..10], *b"\x32\xcf\x01\x00\x03a/b\x00\x0a");
        out.clear();
        ping(&mut out);
        disconnect(&mut out);
        assert_eq!(out[..], *b"\xc0\x00\xe0\x00");
    }

    #[test]
    fn answers_are_read_however_they_are_cut_and_nonsense_is_refused() {
        let stream = b"\x20\x02\x00\x05\x40\x02\x01\x02\xd0\x00\x30\x03\x00\x01a";
        let expected = [Packet::ConnAck(5), Packet::PubAck(0x102), Packet::Pong, Packet::Other];
        for cut in 0..stream.len() {
            let (mut input, mut seen) = (BytesMut::new(), Vec::new());
            for part in [&stream[..cut], &stream[cut..]] {
                input.extend_from_slice(part);
                while let Some(packet) = take(&mut input).unwrap() {
                    seen.push(packet);
                }
            }
            assert_eq!(seen, expected, "{cut}");
        }
        for bad in [&b"\x20\x80\x80\x80\x80"[..], b"\x20\xff\xff\x7f", b"\x20\x01\x00"] {
            assert!(take(&mut BytesMut::from(bad)).is_err(), "{bad:?}");
        }
    }
}
