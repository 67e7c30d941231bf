//! Credentials of devices: made or taken, checked, and kept so that the file of the database gives none away.

use super::{
    Inventory, Issued, StoreError,
    keys::{self, Verifier},
    names,
};
use crate::config::Secret;
use viaduct_api::DeviceId;

/// All firmware takes 16 letters and digits; that many random ones have 95 bits.
const PASSWORD_LENGTH: usize = 16;
const USER_LENGTH: usize = 12;
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The field of sealed AMT passwords.
pub(super) const AMT_FIELD: &str = "amt_password";

impl Inventory {
    /// User, verifier, and the credential itself when it had to be made; for a device that is known, or will be under
    /// that name.
    pub(super) fn credential(
        &self,
        (id, new_name): (DeviceId, Option<&str>),
        given: Option<&(String, Option<Secret<String>>)>,
    ) -> Result<(String, Verifier, Option<Issued>), StoreError> {
        let (user, password, made) = match given {
            // A user alone: provisioning that keeps the password elsewhere, or somebody who leaves it to us.
            Some((user, None)) => (user.clone(), Secret::new(made_password()?), true),
            Some((user, Some(password))) => (user.clone(), password.clone(), false),
            None => (keys::random_text(USER_LENGTH, LOWER)?, Secret::new(made_password()?), true),
        };
        names::cira(&user, &password)?;
        if !made {
            let known = self.get(id);
            let name = new_name.or(known.as_ref().map(|device| &*device.name));
            for warning in names::cira_warnings(&user, &password) {
                tracing::warn!(device = %id, name, "{warning}");
            }
        }
        let verifier = self.0.keys.verifier(id, user.as_bytes(), password.expose().as_bytes());
        Ok((user.clone(), verifier, made.then_some(Issued { user, password })))
    }

    /// User and sealed password of AMT; nothing where none is given.
    pub(super) fn sealed(
        &self,
        id: DeviceId,
        credential: Option<&(String, Secret<String>)>,
    ) -> Result<(Option<String>, Option<Vec<u8>>), StoreError> {
        let Some((user, password)) = credential else { return Ok((None, None)) };
        names::amt(user, password)?;
        Ok((Some(user.clone()), Some(self.0.keys.seal(id, AMT_FIELD, password)?)))
    }
}

/// Letters and digits, at least one capital, one small letter and one digit, as firmware wants of strong passwords.
fn made_password() -> Result<String, StoreError> {
    loop {
        let text = keys::random_text(PASSWORD_LENGTH, ALPHANUMERIC)?;
        let has = |class: fn(&u8) -> bool| text.bytes().any(|b| class(&b));
        if has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit) {
            return Ok(text);
        }
    }
}
