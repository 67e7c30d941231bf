//! Whether a device is who it says, without letting it learn why not.

use super::{Inventory, book::Record, keys::Verifier, locked};
use subtle::{Choice, ConstantTimeEq};
use viaduct_api::DeviceId;

/// What the admission check found; carries nothing that a refused device could learn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Admit,
    /// Not in the inventory (goes to `unclaimed`).
    Unknown,
    Blocked,
    /// Known, but user or password are wrong.
    WrongCredential,
    /// Known, but nothing is configured that it could prove.
    NoCredential,
}

impl Inventory {
    /// Constant-time check of (UUID, user, password); same work for every outcome. An empty user or password never
    /// verifies, and neither does anything when no credential is configured. A new credential that the device may not
    /// have yet leaves room for the one before (`offered`).
    #[must_use]
    pub fn verify(&self, id: DeviceId, user: &[u8], password: &[u8]) -> Verdict {
        let presented = self.0.keys.verifier(id, user, password);
        let complete = !user.is_empty() && !password.is_empty();
        if complete {
            locked(&self.0.strangers).present(id, presented);
        }
        let book = self.0.read_book();
        let record = book.record(id);
        let is = |expected: Option<Verifier>| {
            presented.ct_eq(&expected.unwrap_or(self.0.dummy)) & Choice::from(u8::from(complete))
        };
        let is_new = is(record.and_then(|record| record.verifier));
        let is_earlier = is(record.and_then(|record| record.earlier));
        let verdict = verdict(record, bool::from(is_new | is_earlier), |r| r.verifier.is_some());
        let open = record.is_some_and(|record| record.earlier.is_some());
        if open && bool::from(is_new) && verdict == Verdict::Admit {
            self.signed_in_with_the_new(id, presented);
        }
        verdict
    }

    /// Check of a verified client certificate (SHA-256 of its DER).
    #[must_use]
    pub fn verify_certificate(&self, id: DeviceId, sha256: &[u8; 32]) -> Verdict {
        let presented = hex(sha256);
        let book = self.0.read_book();
        let record = book.record(id);
        let dummy = hex(&self.0.dummy);
        let expected = record.and_then(|r| r.device.certificate.as_deref()).unwrap_or(&dummy);
        let equal = bool::from(presented.as_bytes().ct_eq(expected.as_bytes()));
        verdict(record, equal, |record| record.device.certificate.is_some())
    }
}

fn verdict(record: Option<&Record>, equal: bool, has: impl FnOnce(&Record) -> bool) -> Verdict {
    match record {
        None => Verdict::Unknown,
        Some(record) if record.device.blocked => Verdict::Blocked,
        Some(record) if !has(record) => Verdict::NoCredential,
        Some(_) if equal => Verdict::Admit,
        Some(_) => Verdict::WrongCredential,
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
