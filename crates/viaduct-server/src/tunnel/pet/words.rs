//! The numbers of IPMI 2.0 and the PET format in words, as far as platforms of this kind use them.

/// Sensor types, IPMI table 42-3.
pub(super) fn sensor(sensor: u8) -> &'static str {
    match sensor {
        0x01 => "temperature",
        0x02 => "voltage",
        0x03 => "current",
        0x04 => "fan",
        0x05 => "physical security (chassis intrusion)",
        0x06 => "platform security violation attempt",
        0x07 => "processor",
        0x08 => "power supply",
        0x09 => "power unit",
        0x0a => "cooling device",
        0x0b => "other measured value",
        0x0c => "memory",
        0x0d => "drive bay",
        0x0e => "memory resize",
        0x0f => "system firmware progress",
        0x10 => "event logging",
        0x11 | 0x23 => "watchdog",
        0x12 => "system event",
        0x13 => "critical interrupt",
        0x14 => "button",
        0x15 => "module or board",
        0x16 => "microcontroller",
        0x17 => "add-in card",
        0x18 => "chassis",
        0x19 => "chip set",
        0x1a => "other replaceable unit",
        0x1b => "cable or interconnect",
        0x1c => "terminator",
        0x1d => "system boot",
        0x1e => "boot error",
        0x1f => "operating system boot",
        0x20 => "operating system stop",
        0x21 => "slot or connector",
        0x22 => "power state",
        0x24 => "platform alert",
        0x25 => "entity presence",
        0x26 => "monitor chip",
        0x27 => "network",
        0x28 => "management subsystem health",
        0x29 => "battery",
        0x2a => "session audit",
        0x2b => "version change",
        0x2c => "replaceable unit state",
        0xc0..=0xff => "sensor of the maker's own",
        _ => "other sensor",
    }
}

/// Offsets of the generic event types (table 42-2), then those of single sensors (table 42-3).
pub(super) fn offset(event_type: u8, sensor: u8, offset: u8) -> Option<&'static str> {
    let words: &[&'static str] = match (event_type, sensor) {
        (0x01, _) => &[
            "fell below the lower non-critical limit",
            "rose to the lower non-critical limit",
            "fell below the lower critical limit",
            "rose to the lower critical limit",
            "fell below the lower non-recoverable limit",
            "rose to the lower non-recoverable limit",
            "fell to the upper non-critical limit",
            "rose above the upper non-critical limit",
            "fell to the upper critical limit",
            "rose above the upper critical limit",
            "fell to the upper non-recoverable limit",
            "rose above the upper non-recoverable limit",
        ],
        (0x02, _) => &["idle", "active", "busy"],
        (0x03, _) => &["state gone", "state reached"],
        (0x04, _) => &["no failure predicted any more", "failure predicted"],
        (0x05, _) => &["limit kept", "limit exceeded"],
        (0x06, _) => &["performance met", "performance lags"],
        (0x07, _) => &[
            "ok",
            "non-critical from ok",
            "critical from less severe",
            "non-recoverable from less severe",
            "non-critical from more severe",
            "critical from non-recoverable",
            "non-recoverable",
            "monitored",
            "informational",
        ],
        (0x08, _) => &["removed or absent", "inserted or present"],
        (0x09, _) => &["disabled", "enabled"],
        (0x6f, sensor) => return specific(sensor, offset),
        _ => return None,
    };
    words.get(usize::from(offset)).copied()
}

fn specific(sensor: u8, offset: u8) -> Option<&'static str> {
    let (_, words) = SPECIFIC.iter().find(|(number, _)| *number == sensor)?;
    words.get(usize::from(offset)).copied()
}

/// Sensor types whose offsets mean something of their own.
const SPECIFIC: &[(u8, &[&str])] = &[
    (
        0x05,
        &[
            "the case was opened",
            "a drive bay was opened",
            "the card area was opened",
            "the processor area was opened",
            "the network cable was pulled",
            "unauthorised dock",
            "the fan area was opened",
        ],
    ),
    (
        0x06,
        &[
            "secure mode violated",
            "wrong user password before boot",
            "wrong setup password before boot",
            "wrong network boot password",
            "wrong other password before boot",
            "wrong out-of-band password",
        ],
    ),
    (
        0x07,
        &[
            "internal error",
            "thermal trip",
            "failed its self-test",
            "hangs in POST",
            "did not start",
            "configuration error",
            "uncorrectable error",
            "present",
            "disabled",
            "terminator present",
            "throttled",
        ],
    ),
    (0x08, &["present", "failed", "failure predicted", "input lost"]),
    (
        0x0c,
        &[
            "correctable error",
            "uncorrectable error",
            "parity error",
            "scrub failed",
            "module disabled",
            "too many correctable errors",
            "present",
            "configuration error",
            "spare",
            "throttled",
        ],
    ),
    (0x0d, &["drive present", "drive fault", "failure predicted"]),
    (0x0f, &["POST error", "firmware hangs", "firmware progress"]),
    (
        0x10,
        &[
            "correctable memory errors are not logged any more",
            "one kind is not logged any more",
            "log cleared",
            "nothing is logged any more",
            "log full",
            "log almost full",
        ],
    ),
    (
        0x12,
        &[
            "reconfigured",
            "booted by its maker's system",
            "hardware failure of unknown kind",
            "entry in the auxiliary log",
            "event filter acted",
            "clock set",
        ],
    ),
    (
        0x13,
        &[
            "front panel interrupt",
            "bus time-out",
            "I/O check",
            "software interrupt",
            "PCI parity error",
            "PCI system error",
        ],
    ),
    (0x14, &["power button", "sleep button", "reset button"]),
    (
        0x1d,
        &[
            "power up",
            "hard reset",
            "warm reset",
            "network boot asked by user",
            "automatic boot to diagnostics",
        ],
    ),
    (
        0x1e,
        &[
            "no bootable medium",
            "diskette is not bootable",
            "network boot server not found",
            "invalid boot sector",
            "nobody chose what to boot",
        ],
    ),
    (
        0x1f,
        &[
            "booted from A:",
            "booted from C:",
            "booted from network",
            "booted diagnostics",
            "booted from CD",
            "booted from ROM",
            "booted",
        ],
    ),
    (0x20, &["stopped while loading", "stopped while running", "stopped on request"]),
    (
        0x22,
        &[
            "working (S0)",
            "sleeping (S1)",
            "sleeping (S2)",
            "sleeping (S3)",
            "hibernating (S4)",
            "off (S5)",
        ],
    ),
    (0x23, &["expired", "reset the system", "powered the system down", "power-cycled the system"]),
    (0x25, &["present", "absent", "disabled"]),
    (0x27, &["heartbeat lost", "heartbeat"]),
    (0x28, &["degraded", "controller not reachable", "controller off line", "not reachable"]),
    (0x29, &["low", "failed", "present"]),
];

/// What the system firmware was doing (event data 2 of sensor 0x0f): `failed` for offset 0, else progress.
pub(super) fn firmware(failed: bool, code: u8) -> Option<&'static str> {
    const ERRORS: [&str; 14] = [
        "not said",
        "no memory installed",
        "no usable memory",
        "unrecoverable hard-disk failure",
        "system board failure",
        "diskette controller failure",
        "hard-disk controller failure",
        "keyboard failure",
        "boot medium not found",
        "video controller failure",
        "no video device",
        "firmware ROM damaged",
        "processor voltages differ",
        "processor speeds differ",
    ];
    const PROGRESS: [&str; 26] = [
        "not said",
        "memory",
        "hard disk",
        "secondary processors",
        "user authentication",
        "user in the setup program",
        "USB",
        "PCI",
        "option ROMs",
        "video",
        "cache",
        "system management bus",
        "keyboard controller",
        "embedded controller",
        "docking station attached",
        "docking station enabled",
        "docking station ejected",
        "docking station disabled",
        "waking the operating system",
        "starting the operating system",
        "baseboard",
        "not said",
        "diskette",
        "keyboard test",
        "pointing device",
        "primary processor",
    ];
    let words: &[&'static str] = if failed { &ERRORS } else { &PROGRESS };
    words.get(usize::from(code)).copied()
}

/// Severities of the PET format.
pub(super) fn severity(severity: u8) -> &'static str {
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

/// Event source types of the PET format, in groups of eight; 0x68 is that of ASF.
pub(super) fn source(source: u8) -> &'static str {
    match source >> 3 {
        0x00 => "platform firmware",
        0x01 => "SMI handler",
        0x02 => "system management software",
        0x03 => "alert controller",
        0x04 => "management controller (IPMI)",
        0x05 => "BIOS",
        0x06 => "system board maker",
        0x07 => "system integrator",
        0x08 => "add-in of a third party",
        0x09 => "operating system",
        0x0a => "network controller",
        0x0b => "system management card",
        0x0d => "platform firmware (ASF)",
        _ => "not said",
    }
}

/// Entities, IPMI table 43-13.
pub(super) fn entity(entity: u8) -> Option<&'static str> {
    const WORDS: [&str; 47] = [
        "unspecified",
        "other",
        "unknown",
        "processor",
        "disk",
        "peripheral bay",
        "system management module",
        "system board",
        "memory module",
        "processor module",
        "power supply",
        "add-in card",
        "front panel",
        "back panel",
        "power system board",
        "drive backplane",
        "internal expansion board",
        "other system board",
        "processor board",
        "power unit",
        "power module",
        "power management board",
        "chassis back panel",
        "system chassis",
        "sub-chassis",
        "other chassis board",
        "drive bay",
        "peripheral bay",
        "device bay",
        "fan",
        "cooling unit",
        "cable",
        "memory device",
        "system management software",
        "BIOS",
        "operating system",
        "system bus",
        "group",
        "management engine",
        "external environment",
        "battery",
        "processing blade",
        "connectivity switch",
        "processor and memory module",
        "I/O module",
        "processor and I/O module",
        "management controller firmware",
    ];
    // 0 says nothing, and 0xff that there is nothing to say.
    (entity != 0).then(|| WORDS.get(usize::from(entity)).copied()).flatten()
}
