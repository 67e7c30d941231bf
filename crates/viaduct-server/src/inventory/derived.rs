//! CIRA credentials of devices that this server enrols.
//!
//! A server that changes a device's MPS table later (a second entry, another name) must write the password again, which
//! a keyed hash of it cannot give back. So the password of an enrolled device is not stored but derived: from the key
//! file, the device, and a user name that is random and made anew with each credential. Who has the database alone has
//! nothing; who has the key file as well could open the sealed AMT passwords too.

use super::{Inventory, Issued, StoreError, keys, view::seen};
use crate::config::Secret;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use viaduct_api::DeviceId;

/// All firmware takes that many letters and digits as user.
const USER_LENGTH: usize = 12;
/// All firmware takes that many characters as password.
const PASSWORD_LENGTH: usize = 16;
const USER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";
/// Firmware is known to refuse `@` and `$`; quotes, `<` and `&` would only be trouble in XML and shells.
const SIGNS: &[u8] = b"!#*+-._";

/// What a device signs in with, as it is kept.
#[derive(Debug)]
pub(crate) struct CiraRecord {
    user: Option<String>,
    verifier: Option<keys::Verifier>,
    earlier: Option<keys::Verifier>,
}

impl Inventory {
    /// The credential for enrolling a device, and whether it is the one that counts already. `fresh` asks for another,
    /// which is not made as long as the device may not have the newest yet.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(crate) fn enrolment_credential(
        &self,
        id: DeviceId,
        fresh: bool,
    ) -> Result<(Issued, bool), StoreError> {
        let known = {
            let book = self.0.read_book();
            // The credential of another tenant's device is nobody else's to push into a PC that claims its UUID.
            let record = book.record(id).filter(|record| seen(&record.device));
            record
                .and_then(|r| Some((r.device.cira_user.clone()?, r.verifier?, r.earlier.is_some())))
        };
        if let Some((user, verifier, _)) = known.filter(|(_, _, is_open)| !fresh || *is_open) {
            let issued = self.derived(id, user);
            let (name, password) = (issued.user.as_bytes(), issued.password.expose().as_bytes());
            if bool::from(self.0.keys.verifier(id, name, password).ct_eq(&verifier)) {
                return Ok((issued, true));
            }
        }
        let user = keys::random_text(USER_LENGTH, USER)?;
        Ok((self.derived(id, user), false))
    }

    /// What a device signs in with now, to be put back if a change fails.
    ///
    /// # Errors
    /// When it is not known.
    pub(crate) fn cira_record(&self, id: DeviceId) -> Result<CiraRecord, StoreError> {
        let book = self.0.read_book();
        let record = book.record(id).ok_or(StoreError::NotFound(id))?;
        let user = record.device.cira_user.clone();
        Ok(CiraRecord { user, verifier: record.verifier, earlier: record.earlier })
    }

    /// Puts back what [`Inventory::cira_record`] gave.
    ///
    /// # Errors
    /// When the device is gone, or the database does not take it.
    pub(crate) async fn restore_cira(
        &self,
        id: DeviceId,
        before: CiraRecord,
    ) -> Result<(), StoreError> {
        self.modify(id, move |record| {
            record.verifier = before.verifier;
            record.earlier = before.earlier;
            Arc::make_mut(&mut record.device).cira_user = before.user;
            Ok(())
        })
        .await
    }

    /// Takes the password away that a device signs in with: until it gets another one it is refused.
    ///
    /// # Errors
    /// When the device is not known, or the database does not take it.
    pub(crate) async fn forget_cira_password(&self, id: DeviceId) -> Result<(), StoreError> {
        let user = self.cira_record(id)?.user;
        self.restore_cira(id, CiraRecord { user, verifier: None, earlier: None }).await
    }

    fn derived(&self, id: DeviceId, user: String) -> Issued {
        let hash = self.0.keys.hash("enrolled cira password", &[id.0.as_bytes(), user.as_bytes()]);
        Issued { user, password: Secret::new(spell(&hash)) }
    }
}

/// 32 random bytes as a password with a capital, a small letter, a digit and a sign.
fn spell(bytes: &[u8; 32]) -> String {
    let all = [UPPER, LOWER, DIGITS, SIGNS].concat();
    let classes = [UPPER, LOWER, DIGITS, SIGNS];
    let pairs = bytes.chunks_exact(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
    let characters = pairs.take(PASSWORD_LENGTH).enumerate().map(|(place, number)| {
        let alphabet = classes.get(place).copied().unwrap_or(&all);
        char::from(alphabet[number % alphabet.len()])
    });
    characters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_fit_the_strictest_firmware_and_differ() {
        let mut seen = std::collections::BTreeSet::new();
        for byte in 0..=u8::MAX {
            let mut bytes = [byte; 32];
            bytes[7] = byte.wrapping_mul(31);
            let password = spell(&bytes);
            assert_eq!(password.len(), 16);
            for class in [UPPER, LOWER, DIGITS, SIGNS] {
                assert!(password.bytes().any(|b| class.contains(&b)), "{password}");
            }
            assert!(!password.contains(['@', '$', ':', '"', '<', '&']));
            seen.insert(password);
        }
        assert!(seen.len() > 200);
    }
}
