//! Platform event traps, as the firmware sends them.
//!
//! A PET is an SNMPv1 trap (RFC 1157) of enterprise 1.3.6.1.4.1.3183.1.1; its specific code is sensor type, event type
//! and offset, and its only variable holds the rest (IPMI Platform Event Trap Format 1.0).

use std::net::Ipv4Addr;
use uuid::Uuid;

/// One event, ready to be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pet {
    /// Sensor type of IPMI 2.0 table 42-3; 5 is physical security.
    pub sensor_type: u8,
    /// Event type of IPMI 2.0 table 42-1; 0x6f means that the offset is the sensor's own.
    pub event_type: u8,
    /// Offset; the high bit says that the condition ended.
    pub offset: u8,
    /// 0x02 information, 0x08 non-critical, 0x10 critical, 0x20 non-recoverable.
    pub severity: u8,
    /// What it happened to (IPMI 2.0 table 43-13); 23 is the chassis.
    pub entity: u8,
    /// Counts up from event to event.
    pub cookie: u16,
    /// Seconds since the platform started.
    pub uptime: u32,
    /// What else there is to say; unused bytes are 0xff.
    pub data: [u8; 8],
}

/// Iana's number for Intel.
const INTEL: u32 = 343;
/// Seconds from 1970 to the epoch of PET, 1998.
const EPOCH: i64 = 883_612_800;

impl Pet {
    /// Somebody opened the case.
    #[must_use]
    pub fn chassis_intrusion(cookie: u16) -> Self {
        Self {
            sensor_type: 0x05,
            event_type: 0x6f,
            offset: 0x00,
            severity: 0x10,
            entity: 23,
            cookie,
            uptime: 4711,
            data: [0xff; 8],
        }
    }

    /// A user asked for remote help.
    #[must_use]
    pub fn user_call(cookie: u16) -> Self {
        Self {
            sensor_type: 0xc1,
            severity: 0x02,
            entity: 38,
            // Intel's own event; the last two say which.
            data: [0xaa, 0x30, 0, 0, 0xff, 0xff, 0xff, 0xff],
            ..Self::chassis_intrusion(cookie)
        }
    }

    /// iAMT0058: the remote-access tunnel came up or went down.
    #[must_use]
    pub fn tunnel(cookie: u16, up: bool) -> Self {
        Self {
            // Intel's own event; the last says which way.
            data: [0xaa, 0x58, 0, up.into(), 0xff, 0xff, 0xff, 0xff],
            ..Self::user_call(cookie)
        }
    }

    /// The datagram: a complete SNMPv1 message in BER.
    #[must_use]
    pub fn encode(&self, guid: Uuid, agent: Ipv4Addr, now: time::OffsetDateTime) -> Vec<u8> {
        let specific =
            i64::from(u32::from_be_bytes([0, self.sensor_type, self.event_type, self.offset]));
        let binding = [oid(&[1, 3, 6, 1, 4, 1, 3183, 1, 1, 1]), value(0x04, &self.body(guid, now))];
        let bindings = value(0x30, &value(0x30, &binding.concat()));
        let trap = [
            oid(&[1, 3, 6, 1, 4, 1, 3183, 1, 1]),
            value(0x40, &agent.octets()),
            integer(0x02, 6), // enterprise specific
            integer(0x02, specific),
            integer(0x43, i64::from(self.uptime) * 100),
            bindings,
        ];
        let message = [integer(0x02, 0), value(0x04, b"public"), value(0xa4, &trap.concat())];
        value(0x30, &message.concat())
    }

    fn body(&self, guid: Uuid, now: time::OffsetDateTime) -> Vec<u8> {
        let local = u32::try_from(now.unix_timestamp() - EPOCH).unwrap_or(0);
        let mut body = Vec::with_capacity(47);
        body.extend_from_slice(guid.as_bytes());
        body.extend_from_slice(&self.cookie.to_be_bytes());
        body.extend_from_slice(&local.to_be_bytes());
        body.extend_from_slice(&[0, 0]); // minutes from UTC
        body.push(0x50); // trap source: the management controller
        body.push(0x68); // event source: ASF
        body.push(self.severity);
        body.extend_from_slice(&[0xff, 0xff]); // sensor device and number: not given
        body.extend_from_slice(&[self.entity, 0]);
        body.extend_from_slice(&self.data);
        body.push(0x19); // language: English
        body.extend_from_slice(&INTEL.to_be_bytes());
        body.extend_from_slice(&[0, 0]); // system
        body.push(0xc1); // no fields of the maker's own
        body
    }
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => out.push(short),
        Ok(one) => out.extend_from_slice(&[0x81, one]),
        Err(_) => {
            // A datagram is never longer than 64 KiB.
            let long = u16::try_from(content.len()).unwrap_or(u16::MAX);
            out.push(0x82);
            out.extend_from_slice(&long.to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}

/// Two's complement in as few bytes as possible.
fn integer(tag: u8, number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let negative = bytes[0] & 0x80 != 0;
    let padding = if negative { 0xff } else { 0 };
    let keep = |pair: &[u8]| pair[0] != padding || (pair[1] & 0x80 != 0) != negative;
    let start = bytes.windows(2).position(keep).unwrap_or(bytes.len() - 1);
    value(tag, &bytes[start..])
}

fn oid(parts: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    if let [first, second, rest @ ..] = parts {
        content.push(u8::try_from(first * 40 + second).unwrap_or(u8::MAX));
        for part in rest {
            let groups = (0..5).rev().filter(|group| *group == 0 || part >> (7 * group) != 0);
            for group in groups {
                let more = if group == 0 { 0 } else { 0x80 };
                content.push((part >> (7 * group) & 0x7f) as u8 | more);
            }
        }
    }
    value(0x06, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_fewest_bytes() {
        assert_eq!(integer(0x02, 0), [2, 1, 0]);
        assert_eq!(integer(0x02, 127), [2, 1, 127]);
        assert_eq!(integer(0x02, 128), [2, 2, 0, 128]);
        assert_eq!(integer(0x02, -1), [2, 1, 255]);
        assert_eq!(integer(0x02, 0x0005_6f00), [2, 3, 5, 0x6f, 0]);
        assert_eq!(oid(&[1, 3, 6, 1, 4, 1, 3183, 1, 1]), [6, 9, 43, 6, 1, 4, 1, 0x98, 0x6f, 1, 1]);
    }

    #[test]
    fn long_values_have_long_lengths() {
        assert_eq!(value(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(value(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(value(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn a_chassis_intrusion_is_well_formed_ber_with_the_fields_in_their_places() {
        let guid = Uuid::from_u128(0x1234);
        let now = time::OffsetDateTime::from_unix_timestamp(EPOCH + 5).unwrap();
        let pet = Pet::chassis_intrusion(3).encode(guid, Ipv4Addr::LOCALHOST, now);
        // The outer sequence is as long as the datagram, and so is each value inside it.
        let mut walk = vec![pet.as_slice()];
        let mut leaves = Vec::new();
        while let Some(bytes) = walk.pop() {
            let mut rest = bytes;
            while let [tag, length, tail @ ..] = rest {
                let (length, tail) = match length {
                    0..=0x7f => (usize::from(*length), tail),
                    0x81 => (usize::from(tail[0]), &tail[1..]),
                    _ => panic!("length {length:#x}"),
                };
                let (content, after) = tail.split_at(length);
                if tag & 0x20 == 0 {
                    leaves.push((*tag, content));
                } else {
                    walk.push(content);
                }
                rest = after;
            }
            assert!(rest.is_empty());
        }
        assert!(leaves.contains(&(0x02, &[5, 0x6f, 0][..])), "{leaves:x?}");
        let body = leaves.iter().find(|(tag, content)| *tag == 4 && content.len() == 47).unwrap().1;
        assert_eq!(&body[..16], guid.as_bytes());
        assert_eq!(body[16..22], [0, 3, 0, 0, 0, 5]);
        assert_eq!((body[26], body[46]), (0x10, 0xc1));
    }
}
