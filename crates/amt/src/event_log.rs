//! Records of a platform's event log (`AMT_MessageLog.GetRecords`): 21 bytes each, in words.

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRecord {
    /// Seconds since 1970, UTC; none when the platform did not know the time.
    pub time: Option<u32>,
    /// Who reported it.
    pub device_address: u8,
    /// What kind of sensor.
    pub sensor_type: u8,
    /// What kind of event.
    pub event_type: u8,
    /// Which event of its type.
    pub offset: u8,
    /// What reported it: firmware, software, a sensor.
    pub source_type: u8,
    /// How bad it is.
    pub severity: u8,
    /// Which sensor.
    pub sensor: u8,
    /// What part of the PC.
    pub entity: u8,
    /// Which of these parts.
    pub entity_instance: u8,
    /// Details.
    pub data: [u8; 8],
}

impl EventRecord {
    /// Reads one record. None unless it has exactly 21 bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 21] = bytes.try_into().ok()?;
        let [a, b, c, d, address, sensor_type, event_type, offset, source, severity, rest @ ..] =
            bytes;
        let [sensor, entity, entity_instance, data @ ..] = rest;
        let time = u32::from_le_bytes([a, b, c, d]);
        Some(Self {
            time: (time != 0 && time != u32::MAX).then_some(time),
            device_address: address,
            sensor_type,
            event_type,
            offset,
            source_type: source,
            severity,
            sensor,
            entity,
            entity_instance,
            data,
        })
    }

    /// The part of the PC, in words.
    #[must_use]
    pub fn entity_name(&self) -> &'static str {
        ENTITIES.get(usize::from(self.entity)).copied().unwrap_or("Unknown")
    }

    /// How bad it is, in one word.
    #[must_use]
    pub const fn severity_name(&self) -> &'static str {
        match self.severity {
            1 => "Monitor",
            2 => "Information",
            4 => "OK",
            8 => "Non-critical condition",
            16 => "Critical condition",
            32 => "Non-recoverable condition",
            _ => "Unspecified",
        }
    }

    /// What happened, in words.
    #[must_use]
    pub fn description(&self) -> String {
        let [first, second, third, ..] = self.data;
        match (self.sensor_type, self.offset) {
            (15, _) if first == 235 => "Invalid data".into(),
            (15, 0) => named(&FIRMWARE_ERRORS, second, "System firmware error"),
            (15, _) => named(&FIRMWARE_PROGRESS, second, "System firmware progress"),
            (5, 0) => "Case intrusion".into(),
            (6, _) => self.authentication(),
            (18, _) if first == 170 => format!("Agent watchdog changed: {}", watchdog(second)),
            (30, _) => "No bootable media".into(),
            (32, _) => "Operating system lockup or power interrupt".into(),
            (35, _) => "System boot failure".into(),
            (36, _) => "A network filter matched".into(),
            (37, _) => "System firmware started (at least one processor is executing)".into(),
            (192, _) if (first, second) == (170, 48) => redirection(third).into(),
            (192, _) => "Security policy changed the network traffic".into(),
            (193, _) if first == 170 => remote(second, third).into(),
            (sensor, _) => format!("Event of sensor type {sensor}"),
        }
    }

    fn authentication(&self) -> String {
        let [_, low, high, ..] = self.data;
        let times = u16::from_le_bytes([low, high]);
        format!("Authentication failed {times} times; the PC may be under attack")
    }
}

fn named(table: &[&str], index: u8, what: &str) -> String {
    table
        .get(usize::from(index))
        .map_or_else(|| format!("{what} {index}"), |name| (*name).to_owned())
}

const fn watchdog(state: u8) -> &'static str {
    match state {
        1 => "not started",
        2 => "stopped",
        4 => "running",
        8 => "expired",
        16 => "suspended",
        _ => "unknown state",
    }
}

const fn redirection(event: u8) -> &'static str {
    match event {
        0 => "A remote serial session was opened",
        1 => "The remote serial session ended; the PC's user has the screen again",
        2 => "A remote storage session was opened",
        3 => "The remote storage session ended",
        _ => "A redirection session changed",
    }
}

const fn remote(kind: u8, event: u8) -> &'static str {
    match (kind, event) {
        (48, 0) => "The user asked for a remote connection",
        (32, 3) => "The posture could not be judged",
        (32, 1) => "The certificate of the posture is missing or expired",
        (64, _) => "A remote boot was configured",
        _ => "Remote access changed",
    }
}

/// Parts of a PC, numbered as in IPMI ("Entity ID codes").
const ENTITIES: [&str; 53] = [
    "Unspecified",
    "Other",
    "Unknown",
    "Processor",
    "Disk",
    "Peripheral",
    "System management module",
    "System board",
    "Memory module",
    "Processor module",
    "Power supply",
    "Add in card",
    "Front panel board",
    "Back panel board",
    "Power system board",
    "Drive back plane",
    "System internal expansion board",
    "Other system board",
    "Processor board",
    "Power unit",
    "Power module",
    "Power management board",
    "Chassis back panel board",
    "System chassis",
    "Sub chassis",
    "Other chassis board",
    "Disk drive bay",
    "Peripheral bay",
    "Device bay",
    "Fan cooling",
    "Cooling unit",
    "Cable interconnect",
    "Memory device",
    "System management software",
    "BIOS",
    "Intel(r) ME",
    "System bus",
    "Group",
    "Intel(r) ME",
    "External environment",
    "Battery",
    "Processing blade",
    "Connectivity switch",
    "Processor/memory module",
    "I/O module",
    "Processor I/O module",
    "Management controller firmware",
    "IPMI channel",
    "PCI bus",
    "PCI express bus",
    "SCSI bus",
    "SATA/SAS bus",
    "Processor front side bus",
];

/// System firmware progress, numbered as in IPMI (sensor type 0Fh, offset 2).
const FIRMWARE_PROGRESS: [&str; 26] = [
    "Unspecified",
    "Memory initialization",
    "Hard-disk initialization and test",
    "Secondary processor initialization",
    "User authentication",
    "User-initiated system setup",
    "USB resource configuration",
    "PCI resource configuration",
    "Option ROM initialization",
    "Video initialization",
    "Cache initialization",
    "SM bus initialization",
    "Keyboard controller initialization",
    "Management controller initialization",
    "Docking station attached",
    "Enabling docking station",
    "Docking station ejected",
    "Disabling docking station",
    "Calling operating system wake-up vector",
    "Starting operating system boot process",
    "Baseboard initialization",
    "Reserved",
    "Floppy initialization",
    "Keyboard test",
    "Pointing device test",
    "Primary processor initialization",
];

/// System firmware errors, numbered as in IPMI (sensor type 0Fh, offset 0).
const FIRMWARE_ERRORS: [&str; 14] = [
    "Unspecified",
    "No system memory is installed",
    "No usable system memory",
    "Unrecoverable hard-disk failure",
    "Unrecoverable system board failure",
    "Unrecoverable diskette subsystem failure",
    "Unrecoverable hard-disk controller failure",
    "Unrecoverable keyboard failure",
    "Removable boot media not found",
    "Unrecoverable video controller failure",
    "No video device detected",
    "Firmware (BIOS) ROM corruption detected",
    "Processor voltage mismatch",
    "Processor speed matching failure",
];

#[cfg(test)]
mod tests {
    use super::EventRecord;

    #[test]
    fn a_captured_record_is_read() {
        let bytes = [
            0x22, 0x06, 0x01, 0x65, 0xff, 0x0f, 0x6f, 0x02, 0x68, 0x01, 0xff, 0x22, 0x00, 0x40,
            0x07, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(EventRecord::read(&bytes[1..]), None, "20 bytes are too few");
        let record = EventRecord::read(&bytes).unwrap();
        assert_eq!(record.time, Some(0x6501_0622));
        assert_eq!((record.sensor_type, record.entity_name()), (15, "BIOS"));
        assert_eq!(record.description(), "PCI resource configuration");
        assert_eq!(record.severity_name(), "Monitor");
    }

    #[test]
    fn a_time_that_is_not_known_is_none() {
        for time in [[0; 4], [0xff; 4]] {
            let mut bytes = [0; 21];
            bytes[..4].copy_from_slice(&time);
            assert_eq!(EventRecord::read(&bytes).unwrap().time, None);
        }
    }

    #[test]
    fn every_record_has_a_description() {
        for sensor in 0..=255 {
            for offset in [0, 1, 255] {
                for first in [0, 170, 235] {
                    let mut bytes = [255; 21];
                    (bytes[5], bytes[7], bytes[13]) = (sensor, offset, first);
                    assert!(!EventRecord::read(&bytes).unwrap().description().is_empty());
                }
            }
        }
    }
}
