//! Records of a platform's own audit log (`AMT_AuditLog.ReadRecords`), in words.

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Which part of AMT wrote it.
    pub app: u16,
    /// What happened there.
    pub event: u16,
    /// Who did it: 0 HTTP digest, 1 Kerberos, 2 local, 3 the VNC port.
    pub initiator_type: u8,
    /// The account, or words for who has none.
    pub initiator: String,
    /// Seconds since 1970, UTC.
    pub time: u32,
    /// How the console reached it.
    pub location_type: u8,
    /// From where, when the platform knows.
    pub address: String,
    /// Details, as they are.
    pub extended: Vec<u8>,
}

/// Takes bytes off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.bytes(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let count = self.u8()?;
        self.bytes(usize::from(count))
    }
}

impl AuditRecord {
    /// Reads one record; none when it breaks off.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (app, event, initiator_type) = (reader.u16()?, reader.u16()?, reader.u8()?);
        let initiator = match initiator_type {
            0 => text(reader.counted()?),
            1 => {
                reader.u32()?;
                sid(reader.counted()?)
            }
            2 => "Local".into(),
            3 => "KVM Default Port".into(),
            other => format!("Initiator type {other}"),
        };
        Some(Self {
            app,
            event,
            initiator_type,
            initiator,
            time: reader.u32()?,
            location_type: reader.u8()?,
            address: text(reader.counted()?),
            extended: reader.counted()?.to_vec(),
        })
    }

    /// The part of AMT, in words.
    #[must_use]
    pub fn app_name(&self) -> &'static str {
        APPS.iter().find(|(app, _)| *app == self.app).map_or("Unknown", |(_, name)| name)
    }

    /// What happened, in words.
    #[must_use]
    pub fn event_name(&self) -> String {
        let known = EVENTS.iter().find(|(app, _)| *app == self.app);
        known
            .and_then(|(_, names)| names.get(usize::from(self.event)))
            .map_or_else(|| format!("Event {}", self.event), |name| (*name).to_owned())
    }

    /// The details in words, where there are some.
    #[must_use]
    pub fn details(&self) -> String {
        let data = self.extended.as_slice();
        match (self.app, self.event, data) {
            (16, 2 | 4, [_, 0, _, name @ ..]) => text(name),
            (16, 2..=4, [0, _, name @ ..]) => text(name),
            (16, 5, [0, ..]) => "Invalid ME access".into(),
            (16, 5, [_, ..]) => "Invalid MEBx access".into(),
            (16, 6, [state, ..]) => (if *state == 0 { "Disabled" } else { "Enabled" }).into(),
            (16, 7, [remote, local, ..]) => {
                format!("Remote {}, local {}", tls(*remote), tls(*local))
            }
            (19, 0, data) => versions(data).unwrap_or_default(),
            (21, 0, [a, b, c, d, ..]) => u32::from_be_bytes([*a, *b, *c, *d]).to_string(),
            (30, 0, [from, to, ..]) => format!("From {} to {}", policy(*from), policy(*to)),
            (30, 1, [result, ..]) => (match *result {
                0 => "Success",
                1 => "Failed three times",
                _ => "Failed",
            })
            .into(),
            _ => String::new(),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A Windows security identifier in its usual notation.
fn sid(bytes: &[u8]) -> String {
    let mut out = String::from("S");
    let mut reader = Reader(bytes);
    let (Some(revision), Some(_), Some(authority)) = (reader.u8(), reader.u8(), reader.bytes(6))
    else {
        return out;
    };
    let authority = authority.iter().fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    out.push_str(&format!("-{revision}-{authority}"));
    while let Some(part) = reader.bytes(4).and_then(|part| part.try_into().ok()) {
        out.push_str(&format!("-{}", u32::from_le_bytes(part)));
    }
    out
}

fn versions(data: &[u8]) -> Option<String> {
    let mut reader = Reader(data);
    let mut version = || {
        let parts = [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        Some(parts.map(|part| part.to_string()).join("."))
    };
    Some(format!("From {} to {}", version()?, version()?))
}

const fn tls(state: u8) -> &'static str {
    match state {
        0 => "without TLS",
        1 => "TLS",
        2 => "TLS with client certificates",
        _ => "unknown",
    }
}

const fn policy(policy: u8) -> &'static str {
    match policy {
        0 => "none",
        1 => "KVM",
        0xff => "all",
        _ => "unknown",
    }
}

const APPS: [(u16, &str); 17] = [
    (16, "Security Admin"),
    (17, "RCO"),
    (18, "Redirection Manager"),
    (19, "Firmware Update Manager"),
    (20, "Security Audit Log"),
    (21, "Network Time"),
    (22, "Network Administration"),
    (23, "Storage Administration"),
    (24, "Event Manager"),
    (25, "Circuit Breaker Manager"),
    (26, "Agent Presence Manager"),
    (27, "Wireless Configuration"),
    (28, "EAC"),
    (29, "KVM"),
    (30, "User Opt-In Events"),
    (32, "Screen Blanking"),
    (33, "Watchdog Events"),
];

/// Events of each part, numbered from 0 (Intel AMT SDK, "Auditable events").
const EVENTS: [(u16, &[&str]); 17] = [
    (
        16,
        &[
            "Provisioning Started",
            "Provisioning Completed",
            "ACL Entry Added",
            "ACL Entry Modified",
            "ACL Entry Removed",
            "ACL Access with Invalid Credentials",
            "ACL Entry State",
            "TLS State Changed",
            "TLS Server Certificate Set",
            "TLS Server Certificate Remove",
            "TLS Trusted Root Certificate Added",
            "TLS Trusted Root Certificate Removed",
            "TLS Preshared Key Set",
            "Kerberos Settings Modified",
            "Kerberos Main Key Modified",
            "Flash Wear out Counters Reset",
            "Power Package Modified",
            "Set Realm Authentication Mode",
            "Upgrade Client to Admin Control Mode",
            "Unprovisioning Started",
        ],
    ),
    (
        17,
        &[
            "Performed Power Up",
            "Performed Power Down",
            "Performed Power Cycle",
            "Performed Reset",
            "Set Boot Options",
            "Remote graceful power down initiated",
            "Remote graceful reset initiated",
            "Remote Standby initiated",
            "Remote Hibernate initiated",
            "Remote NMI initiated",
        ],
    ),
    (
        18,
        &[
            "IDER Session Opened",
            "IDER Session Closed",
            "IDER Enabled",
            "IDER Disabled",
            "SoL Session Opened",
            "SoL Session Closed",
            "SoL Enabled",
            "SoL Disabled",
            "KVM Session Started",
            "KVM Session Ended",
            "KVM Enabled",
            "KVM Disabled",
            "VNC Password Failed 3 Times",
        ],
    ),
    (19, &["Firmware Updated", "Firmware Update Failed"]),
    (
        20,
        &[
            "Security Audit Log Cleared",
            "Security Audit Policy Modified",
            "Security Audit Log Disabled",
            "Security Audit Log Enabled",
            "Security Audit Log Exported",
            "Security Audit Log Recovered",
        ],
    ),
    (21, &["Intel(r) ME Time Set"]),
    (
        22,
        &[
            "TCPIP Parameters Set",
            "Host Name Set",
            "Domain Name Set",
            "VLAN Parameters Set",
            "Link Policy Set",
            "IPv6 Parameters Set",
        ],
    ),
    (
        23,
        &[
            "Global Storage Attributes Set",
            "Storage EACL Modified",
            "Storage FPACL Modified",
            "Storage Write Operation",
        ],
    ),
    (24, &["Alert Subscribed", "Alert Unsubscribed", "Event Log Cleared", "Event Log Frozen"]),
    (
        25,
        &[
            "CB Filter Added",
            "CB Filter Removed",
            "CB Policy Added",
            "CB Policy Removed",
            "CB Default Policy Set",
            "CB Heuristics Option Set",
            "CB Heuristics State Cleared",
        ],
    ),
    (26, &["Agent Watchdog Added", "Agent Watchdog Removed", "Agent Watchdog Action Set"]),
    (
        27,
        &[
            "Wireless Profile Added",
            "Wireless Profile Removed",
            "Wireless Profile Updated",
            "Wireless Profile Synchronization Changed",
            "Wireless Link Preference Changed",
            "Wireless Profile Share with UEFI Changed",
        ],
    ),
    (
        28,
        &[
            "EAC Posture Signer Set",
            "EAC Enabled",
            "EAC Disabled",
            "EAC Posture State Update",
            "EAC Set Options",
        ],
    ),
    (
        29,
        &[
            "KVM Opt-in Enabled",
            "KVM Opt-in Disabled",
            "KVM Password Changed",
            "KVM Consent Succeeded",
            "KVM Consent Failed",
        ],
    ),
    (30, &["Opt-In Policy Change", "Send Consent Code Event", "Start Opt-In Blocked Event"]),
    (32, &["Screen Blanking Enabled", "Screen Blanking Disabled"]),
    (33, &["Watchdog Reset Triggering Options Changed", "Watchdog Action Pairing Changed"]),
];

#[cfg(test)]
mod tests {
    use super::AuditRecord;

    /// A captured record: a firmware update, done locally.
    const UPDATE: [u8; 28] = [
        0x00, 0x13, 0x00, 0x00, 0x02, 0x3f, 0xf4, 0xcd, 0x6e, 0x02, 0x00, 0x10, 0x00, 0x0c, 0x00,
        0x00, 0x00, 0x28, 0x05, 0x99, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x24, 0x05, 0x94,
    ];

    #[test]
    fn a_captured_record_is_read() {
        let record = AuditRecord::read(&UPDATE).unwrap();
        assert_eq!(record.app_name(), "Firmware Update Manager");
        assert_eq!(record.event_name(), "Firmware Updated");
        assert_eq!(record.initiator, "Local");
        assert_eq!(record.time, 0x3ff4_cd6e);
        assert_eq!(record.details(), "From 12.0.40.1433 to 12.0.36.1428");
    }

    #[test]
    fn a_record_that_breaks_off_anywhere_is_none() {
        for length in 0..UPDATE.len() {
            assert_eq!(AuditRecord::read(&UPDATE[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_user_is_named() {
        let bytes =
            [&[0, 16, 0, 1, 0, 5][..], b"admin", &[0x65, 0, 0, 0, 0, 9], b"127.0.0.1", &[0]]
                .concat();
        let record = AuditRecord::read(&bytes).unwrap();
        assert_eq!((record.initiator.as_str(), record.address.as_str()), ("admin", "127.0.0.1"));
        assert_eq!(record.event_name(), "Provisioning Completed");
    }

    #[test]
    fn a_windows_account_is_written_as_windows_does() {
        let account = [1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 0xf4, 1, 0, 0];
        let bytes =
            [&[0, 17, 0, 3, 1, 0, 0, 0, 0, 16][..], &account, &[0, 0, 0, 1, 0, 0, 0]].concat();
        assert_eq!(AuditRecord::read(&bytes).unwrap().initiator, "S-1-5-21-500");
    }
}
