//! The event log (AMT_MessageLog): records of 21 bytes, the newest first, the oldest overwritten.
//!
//! The layout is that of Platform Event Traps without their header: time (little-endian), device
//! address, sensor type, event type, offset, source, severity, sensor number, entity and its
//! instance, eight bytes of data.

use std::collections::VecDeque;

use amt::wsman::{Fault, Properties};
use serde::{Deserialize, Serialize};

use crate::{
    pet::Pet,
    services::{
        host::Host,
        methods::{number, returned},
    },
};

/// Severity from which on an event is an alert.
const CRITICAL: u8 = 16;
/// As many as AMT_MessageLog says.
const RECORDS: usize = 390;
/// Frozen or otherwise in no state for it.
const FAILED: u32 = 2;

/// What is being initialised, of the sensor type "system firmware progress" (IPMI 2.0, table 42-3).
pub(in crate::services) mod progress {
    pub(in crate::services) const MEMORY: u8 = 1;
    pub(in crate::services) const SETUP: u8 = 5;
    pub(in crate::services) const PCI: u8 = 7;
    pub(in crate::services) const VIDEO: u8 = 9;
    pub(in crate::services) const OPERATING_SYSTEM: u8 = 19;
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds since 1970 by the platform's clock.
    pub time: u32,
    /// Who says so: 255 is the management engine's own, others are bus addresses.
    pub device_address: u8,
    /// Kind of sensor (IPMI 2.0, table 42-3).
    pub sensor_type: u8,
    /// Kind of event; 111 is specific to the sensor.
    pub event_type: u8,
    /// Which of the sensor's events.
    pub offset: u8,
    /// Origin; 104 is the management engine's.
    pub source: u8,
    /// 1 monitor, 2 information, 4 OK, 8 non-critical, 16 critical, 32 non-recoverable.
    pub severity: u8,
    /// Which sensor; 255 unspecified.
    pub sensor: u8,
    /// What kind of part: 34 the BIOS, 38 the management engine, 35 the operating system.
    pub entity: u8,
    /// Which of them.
    pub entity_instance: u8,
    /// More, by sensor type.
    pub data: [u8; 8],
}

impl Event {
    fn of_engine(sensor_type: u8, offset: u8, severity: u8, data: [u8; 8]) -> Self {
        Self {
            time: 0,
            device_address: 255,
            sensor_type,
            event_type: 111,
            offset,
            source: 104,
            severity,
            sensor: 255,
            entity: 38,
            entity_instance: 0,
            data,
        }
    }

    fn of_bios(sensor_type: u8, offset: u8, severity: u8, data: [u8; 8]) -> Self {
        Self { entity: 34, ..Self::of_engine(sensor_type, offset, severity, data) }
    }

    /// How far the firmware of the PC has come.
    pub(in crate::services) fn progress(code: u8) -> Self {
        Self::of_bios(15, 2, 1, [64, code, 0, 0, 0, 0, 0, 0])
    }

    /// The firmware of the PC begins.
    pub(in crate::services) fn firmware_started() -> Self {
        Self::of_bios(36, 0, 1, [64, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Nothing to boot from.
    pub(in crate::services) fn no_bootable_medium() -> Self {
        Self::of_bios(30, 0, 16, [64, 0, 0, 0, 0, 0, 0, 0])
    }

    /// The power was cut.
    pub(in crate::services) fn power_interrupted() -> Self {
        Self { entity: 35, ..Self::of_engine(32, 0, 16, [64, 0, 0, 0, 0, 0, 0, 0]) }
    }

    /// Somebody tries passwords.
    pub(in crate::services) fn wrong_passwords(times: u16) -> Self {
        let [low, high] = times.to_le_bytes();
        Self::of_engine(6, 5, 16, [170, low, high, 0, 0, 0, 0, 0])
    }

    /// What a trap tells.
    pub(in crate::services) fn of_trap(pet: &Pet) -> Self {
        Self {
            event_type: pet.event_type,
            entity: pet.entity,
            ..Self::of_engine(pet.sensor_type, pet.offset, pet.severity, pet.data)
        }
    }

    /// The same for subscribers; `uptime` in seconds.
    pub(in crate::services) fn to_trap(self, cookie: u16, uptime: u32) -> Pet {
        Pet {
            sensor_type: self.sensor_type,
            event_type: self.event_type,
            offset: self.offset,
            severity: self.severity,
            entity: self.entity,
            cookie,
            uptime,
            data: self.data,
        }
    }

    /// Whether it is bad enough for an alert.
    pub(in crate::services) const fn is_critical(self) -> bool {
        self.severity >= CRITICAL
    }

    fn to_bytes(self) -> [u8; 21] {
        let mut bytes = [0; 21];
        let fields = self.time.to_le_bytes().into_iter().chain([
            self.device_address,
            self.sensor_type,
            self.event_type,
            self.offset,
            self.source,
            self.severity,
            self.sensor,
            self.entity,
            self.entity_instance,
        ]);
        bytes.iter_mut().zip(fields.chain(self.data)).for_each(|(to, from)| *to = from);
        bytes
    }
}

/// The events of one platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::services) struct EventLog {
    /// Newest first.
    records: VecDeque<Event>,
    pub(in crate::services) frozen: bool,
}

impl EventLog {
    pub(in crate::services) fn add(&mut self, event: Event) {
        if self.frozen {
            return;
        }
        self.records.truncate(RECORDS - 1);
        self.records.push_front(event);
    }

    pub(in crate::services) fn len(&self) -> usize {
        self.records.len()
    }

    pub(in crate::services) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.records.iter()
    }
}

/// Calls a method of the log.
pub(in crate::services) fn invoke(
    host: &Host,
    method: &str,
    arguments: &Properties,
) -> Result<Properties, Fault> {
    match method {
        "PositionToFirstRecord" => {
            let mut output = vec![("IterationIdentifier".to_owned(), 1_u32.into())];
            output.extend(returned(0));
            Ok(output)
        }
        "GetRecords" => Ok(records(
            host,
            number(arguments, "IterationIdentifier")?,
            number(arguments, "MaxReadRecords")?,
        )),
        "ClearLog" => {
            let mut log = host.events();
            if log.frozen {
                return Ok(returned(FAILED));
            }
            log.records.clear();
            Ok(returned(0))
        }
        _ => {
            let freeze = arguments.iter().find(|(name, _)| name == "Freeze");
            let freeze = freeze.and_then(|(_, value)| value.as_text()).unwrap_or("true");
            host.events().frozen = matches!(freeze.trim(), "true" | "1");
            Ok(returned(0))
        }
    }
}

/// The next records; the identifier counts them from one.
fn records(host: &Host, iteration: u32, most: u32) -> Properties {
    let log = host.events();
    let skip = usize::try_from(iteration.saturating_sub(1)).unwrap_or(usize::MAX);
    let most = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, RECORDS);
    let bad_times = host.quirks().bad_event_times;
    let mut next = iteration.max(1);
    let mut texts = Properties::new();
    for (index, event) in log.records.iter().enumerate().skip(skip).take(most) {
        let mut event = *event;
        if bad_times {
            event.time = if index % 2 == 0 { 0 } else { u32::MAX };
        }
        next = next.saturating_add(1);
        let text = openssl::base64::encode_block(&event.to_bytes());
        texts.push(("RecordArray".to_owned(), text.into()));
    }
    let no_more = skip.saturating_add(texts.len()) >= log.records.len();
    let mut output = vec![
        ("IterationIdentifier".to_owned(), next.into()),
        ("NoMoreRecords".to_owned(), no_more.into()),
    ];
    output.append(&mut texts);
    output.extend(returned(0));
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_looks_as_firmware_writes_it() {
        let event = Event { time: 0x6501_0622, ..Event::progress(7) };
        let text = openssl::base64::encode_block(&event.to_bytes());
        // As captured, but for the severity's neighbour: the sensor's data.
        assert_eq!(text, "IgYBZf8PbwJoAf8iAEAHAAAAAAAA");
    }

    #[test]
    fn the_oldest_events_go_first_and_a_frozen_log_stays() {
        let mut log = EventLog::default();
        for time in 0..500 {
            log.add(Event { time, ..Event::progress(1) });
        }
        assert_eq!(log.len(), 390);
        let times: Vec<u32> = log.iter().map(|e| e.time).collect();
        assert_eq!((times[0], times[389]), (499, 110));
        log.frozen = true;
        log.add(Event::progress(1));
        assert_eq!(log.iter().next().unwrap().time, 499);
    }
}
