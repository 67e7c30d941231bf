//! Platform event traps, decoded for people.
//!
//! AMT asks the server to send them as UDP (`udp-send-to@amt.intel.com`); we never relay them. A PET is an
//! SNMPv1 trap (RFC 1157) of enterprise 1.3.6.1.4.1.3183.1.1 whose specific code is sensor type, event type
//! and offset (IPMI Platform Event Trap Format 1.0).

/// A decoded trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// Sensor type of IPMI table 42-3, e.g. 5 physical security.
    pub sensor_type: u8,
    /// Event type of IPMI table 42-1, e.g. 0x6f sensor-specific.
    pub event_type: u8,
    /// Offset; the high bit means that the condition ended.
    pub offset: u8,
    /// Severity of the PET body: 0x08 critical, 0x10 non-recoverable, 0x02 information, …
    pub severity: Option<u8>,
    /// One line for people.
    pub summary: String,
}

/// Sensor names of IPMI 2.0 table 42-3, as far as AMT is known to use them.
fn sensor_name(sensor: u8) -> &'static str {
    match sensor {
        0x01 => "temperature",
        0x02 => "voltage",
        0x04 => "fan",
        0x05 => "physical security (chassis intrusion)",
        0x06 => "platform security violation attempt",
        0x07 => "processor",
        0x08 => "power supply",
        0x0c => "memory",
        0x0d => "drive bay",
        0x0f => "system firmware progress",
        0x10 => "event logging",
        0x12 => "system event",
        0x13 => "critical interrupt",
        0x19 => "chip set",
        0x1d => "system boot",
        0x1e => "boot error",
        0x1f => "operating system boot",
        0x20 => "operating system stop",
        0x23 => "watchdog",
        0x24 => "platform alert",
        0x25 => "entity presence",
        0x27 => "network",
        0x28 => "management subsystem health",
        0x29 => "battery",
        _ => "other sensor",
    }
}

fn severity_name(severity: u8) -> &'static str {
    match severity {
        0x01 => "monitor",
        0x02 => "information",
        0x04 => "ok",
        0x08 => "non-critical",
        0x10 => "critical",
        0x20 => "non-recoverable",
        _ => "unspecified",
    }
}

/// A cursor over BER values; only what a trap needs.
struct Ber<'a>(&'a [u8]);

impl<'a> Ber<'a> {
    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0x00..=0x7f => usize::from(first),
            0x81 | 0x82 => {
                let (digits, tail) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = tail;
                digits.iter().fold(0, |n, digit| n << 8 | usize::from(*digit))
            }
            _ => return None,
        };
        let (value, tail) = rest.split_at_checked(length)?;
        self.0 = tail;
        (found == tag).then_some(value)
    }

    fn number(&mut self, tag: u8) -> Option<u64> {
        let value = self.value(tag)?;
        (value.len() <= 8).then(|| value.iter().fold(0, |n, digit| n << 8 | u64::from(*digit)))
    }
}

/// Reads a datagram; `None` when it is no PET.
#[must_use]
pub fn decode(datagram: &[u8]) -> Option<Trap> {
    let mut message = Ber(Ber(datagram).value(0x30)?);
    if message.number(0x02)? != 0 {
        return None;
    }
    message.value(0x04)?;
    let mut trap = Ber(message.value(0xa4)?);
    trap.value(0x06)?;
    trap.value(0x40)?;
    trap.number(0x02)?;
    let [_, sensor_type, event_type, offset] =
        u32::try_from(trap.number(0x02)?).ok()?.to_be_bytes();
    trap.value(0x43);
    let severity = severity(&mut trap);
    let mut summary = sensor_name(sensor_type).to_owned();
    summary.push_str(if offset & 0x80 == 0 { ": asserted" } else { ": ended" });
    summary.push_str(&format!(
        " (sensor {sensor_type:#04x}, event {event_type:#04x}, offset {:#04x})",
        offset & 0x7f
    ));
    if let Some(severity) = severity {
        summary.push_str(&format!(", severity {}", severity_name(severity)));
    }
    Some(Trap { sensor_type, event_type, offset, severity, summary })
}

/// The body is one octet string: GUID 16, cookie 2, time 4, zone 2, trap source, event source, severity.
fn severity(trap: &mut Ber<'_>) -> Option<u8> {
    let mut binding = Ber(Ber(trap.value(0x30)?).value(0x30)?);
    binding.value(0x06)?;
    binding.value(0x04)?.get(26).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ber(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, value.len() as u8][..], value].concat()
    }

    fn intrusion() -> Vec<u8> {
        let enterprise = ber(6, &[0x2b, 6, 1, 4, 1, 0x98, 0x6f, 1, 1]);
        let mut body = vec![0; 46];
        body[26] = 0x10;
        let binding = ber(0x30, &[enterprise.clone(), ber(4, &body)].concat());
        let trap = [
            enterprise,
            ber(0x40, &[192, 168, 1, 20]),
            ber(2, &[6]),
            ber(2, &[0x05, 0x6f, 0x00]),
            ber(0x43, &[1, 2]),
            ber(0x30, &binding),
        ]
        .concat();
        ber(0x30, &[ber(2, &[0]), ber(4, b"public"), ber(0xa4, &trap)].concat())
    }

    #[test]
    fn a_chassis_intrusion_is_named() {
        let trap = decode(&intrusion()).unwrap();
        assert_eq!((trap.sensor_type, trap.event_type, trap.offset), (5, 0x6f, 0));
        assert!(trap.summary.contains("chassis intrusion"), "{}", trap.summary);
        assert!(trap.summary.ends_with("severity critical"), "{}", trap.summary);
    }

    #[test]
    fn what_is_cut_or_no_trap_is_not_decoded() {
        let whole = intrusion();
        for cut in 0..whole.len() {
            assert_eq!(decode(&whole[..cut]), None);
        }
        assert_eq!(decode(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
