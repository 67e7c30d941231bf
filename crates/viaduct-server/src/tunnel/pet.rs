//! Platform event traps, decoded for people.
//!
//! AMT asks the server to send them as UDP (`udp-send-to@amt.intel.com`); we never relay them. A PET is an
//! SNMPv1 trap (RFC 1157) of enterprise 1.3.6.1.4.1.3183.1.1 whose specific code is sensor type, event type
//! and offset (IPMI Platform Event Trap Format 1.0).

mod words;

/// A decoded trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// Sensor type of IPMI table 42-3, e.g. 5 physical security.
    pub sensor_type: u8,
    /// Event type of IPMI table 42-1, e.g. 0x6f sensor-specific.
    pub event_type: u8,
    /// Offset without its high bit.
    pub offset: u8,
    /// False when the condition ended.
    pub asserted: bool,
    /// The rest; absent when the trap carries no PET body.
    pub body: Option<Body>,
    /// One line for people.
    pub summary: String,
}

/// The fixed fields of a PET's only variable, as far as they say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// Who generated the event.
    pub source: u8,
    /// 0x02 information, 0x08 non-critical, 0x10 critical, 0x20 non-recoverable, …
    pub severity: u8,
    /// The part it is about (IPMI table 43-13) and which of several.
    pub entity: u8,
    /// Which of several such parts; 0 says nothing.
    pub instance: u8,
    /// Event data 1 to 8; 0xff is "none".
    pub data: [u8; 8],
}

impl Trap {
    /// The sensor in words.
    #[must_use]
    pub fn sensor(&self) -> &'static str {
        words::sensor(self.sensor_type)
    }

    /// What happened, in words, when they are known.
    #[must_use]
    pub fn happened(&self) -> Option<&'static str> {
        words::offset(self.event_type, self.sensor_type, self.offset)
    }
}

impl Body {
    /// Severity as a word.
    #[must_use]
    pub fn severity_word(&self) -> &'static str {
        words::severity(self.severity)
    }

    /// Who generated the event, in words.
    #[must_use]
    pub fn source_words(&self) -> &'static str {
        words::source(self.source)
    }

    /// The part it is about, in words.
    #[must_use]
    pub fn entity_words(&self) -> Option<&'static str> {
        words::entity(self.entity)
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
    let body = body(&mut trap);
    let (asserted, offset) = (offset & 0x80 == 0, offset & 0x7f);
    let mut trap = Trap { sensor_type, event_type, offset, asserted, body, summary: String::new() };
    trap.summary = summary(&trap);
    Some(trap)
}

/// "physical security (chassis intrusion): the case was opened; system chassis; severity critical; …"
fn summary(trap: &Trap) -> String {
    let mut text = format!("{}: ", trap.sensor());
    match (trap.happened(), trap.asserted) {
        (Some(words), true) => text.push_str(words),
        (Some(words), false) => text.push_str(&format!("over: {words}")),
        (None, true) => text.push_str("asserted"),
        (None, false) => text.push_str("ended"),
    }
    if let Some(body) = &trap.body {
        // Event data 2 of a firmware event says how far it came.
        let firmware = (trap.sensor_type == 0x0f && trap.event_type == 0x6f)
            .then(|| words::firmware(trap.offset == 0, body.data[1]))
            .flatten();
        for words in [firmware, body.entity_words()].into_iter().flatten() {
            text.push_str(&format!("; {words}"));
        }
        text.push_str(&format!(
            "; severity {}; from {}",
            body.severity_word(),
            body.source_words()
        ));
    }
    text.push_str(&format!(
        " (sensor {:#04x}, event {:#04x}, offset {:#04x})",
        trap.sensor_type, trap.event_type, trap.offset
    ));
    text
}

/// The variable is one octet string: GUID 16, cookie 2, time 4, zone 2, trap source, event source, severity, sensor
/// device and number, entity and instance, event data 8, language, maker 4, system 2, fields of the maker's own.
fn body(trap: &mut Ber<'_>) -> Option<Body> {
    let mut binding = Ber(Ber(trap.value(0x30)?).value(0x30)?);
    binding.value(0x06)?;
    let [source, severity, _, _, entity, instance, data @ ..] =
        *binding.value(0x04)?.get(25..39)?.first_chunk::<14>()?;
    Some(Body { source, severity, entity, instance, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ber(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, value.len() as u8][..], value].concat()
    }

    fn intrusion() -> Vec<u8> {
        let mut body = [0; 46];
        (body[25], body[26], body[29], body[30]) = (0x68, 0x10, 23, 1);
        trap(&[0x05, 0x6f, 0x00], &body)
    }

    fn trap(specific: &[u8; 3], body: &[u8]) -> Vec<u8> {
        let enterprise = ber(6, &[0x2b, 6, 1, 4, 1, 0x98, 0x6f, 1, 1]);
        // A number with its high bit set would be negative without the zero.
        let specific = [&[0][..], specific].concat();
        let binding = ber(0x30, &[enterprise.clone(), ber(4, body)].concat());
        let trap = [
            enterprise,
            ber(0x40, &[192, 168, 1, 20]),
            ber(2, &[6]),
            ber(2, &specific),
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
        assert_eq!(
            trap.summary,
            "physical security (chassis intrusion): the case was opened; system chassis; severity critical; \
             from platform firmware (ASF) (sensor 0x05, event 0x6f, offset 0x00)"
        );
        assert_eq!(trap.body.unwrap().instance, 1);
    }

    #[test]
    fn firmware_says_how_far_it_came_and_an_end_is_told_from_a_beginning() {
        let mut body = [0; 46];
        (body[25], body[26], body[29], body[32]) = (0x00, 0x02, 0x22, 0x13);
        let progress = decode(&trap(&[0x0f, 0x6f, 0x02], &body)).unwrap();
        let expected =
            "system firmware progress: firmware progress; starting the operating system; BIOS; ";
        assert!(progress.summary.starts_with(expected), "{}", progress.summary);
        let over = decode(&trap(&[0x01, 0x01, 0x89], &body)).unwrap();
        assert!(!over.asserted && over.offset == 9);
        let expected = "temperature: over: rose above the upper critical limit";
        assert!(over.summary.starts_with(expected), "{}", over.summary);
    }

    #[test]
    fn every_number_gives_words_and_no_panic() {
        for sensor in 0..=u8::MAX {
            for event in [0x01, 0x05, 0x6f, 0x70] {
                for offset in [0x00, 0x05, 0x7f, 0x80, 0xff] {
                    let body = [offset; 46];
                    let decoded = decode(&trap(&[sensor, event, offset], &body)).unwrap();
                    assert!(decoded.summary.contains("severity"), "{}", decoded.summary);
                }
            }
        }
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
