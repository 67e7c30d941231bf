//! The audit log (AMT_AuditLog): who did what, in records as firmware packs them.

use std::collections::VecDeque;

use amt::wsman::{Fault, Properties};
use serde::{Deserialize, Serialize};

use crate::services::{
    host::Host,
    methods::{number, returned},
};

/// Records kept; the oldest is overwritten.
const RECORDS: usize = 1024;
/// Records in one answer.
const PIECE: usize = 120;
/// The index is beyond the log.
const OUT_OF_RANGE: u32 = 36;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services) enum Initiator<'a> {
    /// A user who signed in with digest.
    User(&'a str),
    /// Somebody or something at the PC.
    Local,
}

/// One record, as it is sent: application and event (big-endian), initiator, time (big-endian),
/// place, address, and more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::services) struct AuditRecord(String);

impl AuditRecord {
    fn new(app: u16, event: u16, initiator: Initiator<'_>, time: u32, more: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(32);
        bytes.extend_from_slice(&app.to_be_bytes());
        bytes.extend_from_slice(&event.to_be_bytes());
        match initiator {
            Initiator::User(name) => {
                bytes.push(0);
                push_counted(&mut bytes, name.as_bytes());
            }
            Initiator::Local => bytes.push(2),
        }
        bytes.extend_from_slice(&time.to_be_bytes());
        // No address: what comes through a tunnel has none that the platform could see.
        bytes.extend_from_slice(&[2, 0]);
        push_counted(&mut bytes, more);
        Self(openssl::base64::encode_block(&bytes))
    }
}

fn push_counted(bytes: &mut Vec<u8>, data: &[u8]) {
    let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
    bytes.push(length);
    bytes.extend(data.iter().take(usize::from(length)));
}

/// What was done on one platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::services) struct AuditLog {
    /// Oldest first.
    records: VecDeque<AuditRecord>,
    pub(in crate::services) last: u32,
}

impl AuditLog {
    pub(in crate::services) fn add(
        &mut self,
        (app, event): (u16, u16),
        initiator: Initiator<'_>,
        time: u32,
        more: &[u8],
    ) {
        if self.records.len() >= RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(AuditRecord::new(app, event, initiator, time, more));
        self.last = time;
    }

    pub(in crate::services) fn len(&self) -> usize {
        self.records.len()
    }

    pub(in crate::services) fn percentage_free(&self) -> usize {
        100_usize.saturating_sub(self.records.len().saturating_mul(100) / RECORDS)
    }
}

/// Calls a method of the log.
pub(in crate::services) fn invoke(
    host: &Host,
    method: &str,
    arguments: &Properties,
) -> Result<Properties, Fault> {
    if method == "ClearLog" {
        *host.audit() = AuditLog::default();
        return Ok(returned(0));
    }
    let start = usize::try_from(number(arguments, "StartIndex")?).unwrap_or(usize::MAX);
    let log = host.audit();
    let total = log.records.len();
    // Counted from one.
    if start > total.max(1) || start == 0 {
        return Ok(returned(OUT_OF_RANGE));
    }
    let page: Vec<_> = log.records.iter().skip(start - 1).take(PIECE).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).into();
    let mut output = vec![
        ("TotalRecordCount".to_owned(), count(total)),
        ("RecordsReturned".to_owned(), count(page.len())),
    ];
    output.extend(page.iter().map(|r| ("EventRecords".to_owned(), r.0.as_str().into())));
    output.extend(returned(0));
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_packed_as_firmware_packs_it() {
        let more = [0x00, 0x0C, 0, 0, 0, 0x28, 0x05, 0x99, 0x00, 0x0C, 0, 0, 0, 0x24, 0x05, 0x94];
        let record = AuditRecord::new(19, 0, Initiator::Local, 0x3FF4_CD6E, &more);
        assert_eq!(record.0, "ABMAAAI/9M1uAgAQAAwAAAAoBZkADAAAACQFlA==");
        let record = AuditRecord::new(17, 3, Initiator::User("admin"), 1, &[]);
        let bytes = openssl::base64::decode_block(&record.0).unwrap();
        assert_eq!(bytes, b"\0\x11\0\x03\0\x05admin\0\0\0\x01\x02\0\0");
    }

    #[test]
    fn the_log_is_a_ring() {
        let mut log = AuditLog::default();
        for time in 0..1030 {
            log.add((17, 0), Initiator::Local, time, &[]);
        }
        assert_eq!((log.len(), log.last, log.percentage_free()), (1024, 1029, 0));
    }
}
