//! The chain: what a row's hash covers, and how a changed, removed or moved row is found.
//!
//! hash = SHA-256(canonical JSON of the row, which has the hash before it as `prev`); the first row's `prev` is 32 zero
//! bytes. The canonical form is [`AuditEntry`] without `hash`, its keys in the order of its fields, absent values as
//! null, without white space. Whoever has an export can check it with a JSON library and SHA-256. A second hash with the
//! key of the installation keeps somebody who can only write to the database from making a new chain.

use crate::inventory::keys::Keys;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use viaduct_api::{AuditEntry, AuditFault};

/// What links rows.
pub(crate) type Link = [u8; 32];

/// The first row has nothing before it.
pub(crate) const START: Link = [0; 32];

/// What the key makes of a row's hash, and of the end of the chain; different words, so that neither passes for the
/// other.
const ROW: &str = "audit row";
const END: &str = "audit end";

/// A row with its links.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) entry: AuditEntry,
    pub(crate) prev: Link,
    pub(crate) hash: Link,
    pub(crate) mac: Link,
}

/// The end of the chain, kept beside it, so that rows missing there are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) seq: u64,
    pub(crate) hash: Link,
}

impl Default for End {
    fn default() -> Self {
        Self { seq: 0, hash: START }
    }
}

impl End {
    /// As it is stored: number, hash, and what the key makes of both.
    pub(crate) fn sealed(&self, keys: &Keys) -> Vec<u8> {
        let mut bytes = [&self.seq.to_be_bytes()[..], &self.hash].concat();
        bytes.extend_from_slice(&keys.hash(END, &[&bytes]));
        bytes
    }

    /// None: not written with this key, or changed.
    pub(crate) fn open(bytes: &[u8], keys: &Keys) -> Option<Self> {
        let (seq, rest) = bytes.split_first_chunk::<8>()?;
        let (hash, mac) = rest.split_first_chunk::<32>()?;
        let end = Self { seq: u64::from_be_bytes(*seq), hash: *hash };
        let body = &bytes[..8 + 32];
        bool::from(keys.hash(END, &[body]).as_slice().ct_eq(mac)).then_some(end)
    }
}

impl Row {
    /// The row after `end`.
    pub(crate) fn after(end: &End, mut entry: AuditEntry, keys: &Keys) -> Self {
        entry.seq = end.seq + 1;
        entry.prev = hex(&end.hash);
        let hash = hash(&entry);
        entry.hash = hex(&hash);
        let mac = keys.hash(ROW, &[&hash]);
        Self { entry, prev: end.hash, hash, mac }
    }

    pub(crate) fn end(&self) -> End {
        End { seq: self.entry.seq, hash: self.hash }
    }
}

/// Looks at one row after the other.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    end: End,
}

impl Checker {
    /// Rows that were good so far.
    pub(crate) fn rows(&self) -> u64 {
        self.end.seq
    }

    /// The next row in the order of numbers; the first one that does not fit ends the check.
    pub(crate) fn row(&mut self, row: &Row, keys: &Keys) -> Result<(), AuditFault> {
        let expected = self.end.seq + 1;
        let fault = |seq, why: &str| Err(AuditFault { seq, why: why.to_owned() });
        if row.entry.seq != expected {
            return fault(expected, "it is missing");
        }
        if row.prev != self.end.hash {
            return fault(expected, "it does not follow the row before it");
        }
        if hash(&row.entry) != row.hash {
            return fault(expected, "it was changed");
        }
        if !bool::from(keys.hash(ROW, &[&row.hash]).ct_eq(&row.mac)) {
            return fault(expected, "it was not written by this installation");
        }
        self.end = row.end();
        Ok(())
    }

    /// After the last row: is it the one that was written last?
    pub(crate) fn finish(&self, end: Option<End>) -> Result<(), AuditFault> {
        match end {
            Some(end) if end == self.end => Ok(()),
            Some(end) if end.seq > self.end.seq => {
                Err(AuditFault { seq: self.end.seq + 1, why: "it is missing".to_owned() })
            }
            _ => Err(AuditFault {
                seq: self.end.seq,
                why: "the mark of the last row is missing or was changed".to_owned(),
            }),
        }
    }
}

/// The hash of everything in an entry but its own hash.
pub(crate) fn hash(entry: &AuditEntry) -> Link {
    Sha256::digest(entry.canonical()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (tempfile::TempDir, Keys) {
        let place = tempfile::tempdir().unwrap();
        let keys = Keys::open(place.path(), true).unwrap();
        (place, keys)
    }

    fn chain(keys: &Keys, length: u64) -> (Vec<Row>, End) {
        let mut end = End::default();
        let rows = (0..length)
            .map(|n| {
                let entry = AuditEntry {
                    actor: "ann".into(),
                    action: "power.off".into(),
                    detail: format!("number {n}"),
                    result: "intent".into(),
                    ..AuditEntry::default()
                };
                let row = Row::after(&end, entry, keys);
                end = row.end();
                row
            })
            .collect();
        (rows, end)
    }

    fn check(rows: &[Row], end: End, keys: &Keys) -> Result<(), AuditFault> {
        let mut checker = Checker::default();
        rows.iter().try_for_each(|row| checker.row(row, keys))?;
        checker.finish(Some(end))
    }

    #[test]
    fn any_changed_field_is_found_at_its_row() {
        let (_place, keys) = keys();
        let (rows, end) = chain(&keys, 20);
        check(&rows, end, &keys).unwrap();
        let changes: [fn(&mut AuditEntry); 9] = [
            |e| e.time.push('0'),
            |e| e.tenant.push('x'),
            |e| e.actor = "eve".into(),
            |e| e.source = Some("192.0.2.1".into()),
            |e| e.action = "power.on".into(),
            |e| e.device = Some("x".into()),
            |e| e.detail.clear(),
            |e| e.result = "done".into(),
            |e| e.intent = Some(1),
        ];
        for change in changes {
            let mut changed = rows.clone();
            change(&mut changed[6].entry);
            assert_eq!(check(&changed, end, &keys).unwrap_err().seq, 7);
            // Also when the hash is made to fit.
            changed[6].hash = hash(&changed[6].entry);
            assert_eq!(check(&changed, end, &keys).unwrap_err().seq, 7);
        }
    }

    #[test]
    fn removed_and_moved_rows_are_found_also_at_the_end() {
        let (_place, keys) = keys();
        let (rows, end) = chain(&keys, 20);
        let mut shorter = rows.clone();
        shorter.remove(4);
        assert_eq!(check(&shorter, end, &keys).unwrap_err().seq, 5);
        assert_eq!(check(&rows[..17], end, &keys).unwrap_err().seq, 18);
        assert_eq!(check(&rows[1..], end, &keys).unwrap_err().seq, 1);
        assert_eq!(check(&[], end, &keys).unwrap_err().seq, 1);
        let mut moved = rows.clone();
        moved.swap(8, 9);
        let (one, two) = (moved[8].entry.seq, moved[9].entry.seq);
        (moved[8].entry.seq, moved[9].entry.seq) = (two, one);
        assert_eq!(check(&moved, end, &keys).unwrap_err().seq, 9);
    }

    #[test]
    fn a_new_chain_of_somebody_without_the_key_is_found() {
        let (_place, keys) = keys();
        let (_other_place, other) = self::keys();
        let (rows, end) = chain(&other, 3);
        assert_eq!(check(&rows, end, &keys).unwrap_err().seq, 1);
        assert_eq!(End::open(&end.sealed(&other), &keys), None);
        assert_eq!(End::open(&end.sealed(&keys), &keys), Some(end));
        let mut back = end.sealed(&keys);
        back[7] = 2;
        assert_eq!(End::open(&back, &keys), None);
    }
}
