//! The keys of this installation: one turns credentials into verifiers, one seals passwords that must be read again.
//!
//! A verifier is HMAC-SHA256 over (UUID, user, password). Generated credentials have about 95 bits, so no slow hash
//! is needed, and 10,000 devices that return at once cost milliseconds. Passwords that an operator chose are kept the
//! same way; the firmware's field limit of 16 characters and a short choice make these guessable for somebody who has
//! both the database and the key file. That is the trade for a server that survives a reconnect storm.

mod files;

use super::StoreError;
use crate::config::{self, Secret, data_dir};
use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, Payload},
};
use files::{Masters, unusable};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{fmt, fs::DirBuilder, os::unix::fs::DirBuilderExt, path::Path};
use viaduct_api::DeviceId;
use zeroize::Zeroizing;

/// A keyed hash of a credential, useless without the key file.
pub(crate) type Verifier = [u8; 32];

type KeyBytes = Zeroizing<[u8; 32]>;

/// First byte of a sealed value; another format gets another number.
const SEALED_FORMAT: u8 = 1;
const NONCE: usize = 12;
const KEY_ID: usize = 4;

/// The keys in `DATA/keys`.
#[derive(Clone)]
pub(crate) struct Keys {
    mac: Hmac<Sha256>,
    cipher: Aes256GcmSiv,
    key_id: [u8; KEY_ID],
    /// What tokens are signed with.
    tokens: KeyBytes,
    /// Whether a master key seals the key files.
    sealed: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

impl Keys {
    /// Reads the key files, or makes those that are missing when that is allowed: not for a database that was
    /// written with keys, because new ones would silently lock out every device.
    #[cfg(test)]
    pub(crate) fn open(data: &Path, may_make: bool) -> Result<Self, StoreError> {
        Self::open_with(data, &config::Store::default(), may_make)
    }

    /// The same, with the master key of the settings.
    pub(crate) fn open_with(
        data: &Path,
        store: &config::Store,
        may_make: bool,
    ) -> Result<Self, StoreError> {
        let masters = Masters::of(store)?;
        let directory = data_dir::keys(data);
        if !directory.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&directory)
                .map_err(|e| unusable(&directory, &e))?;
        }
        let credentials = masters.read_or_make(&directory.join("credentials.key"), may_make)?;
        let sealing = masters.read_or_make(&directory.join("sealing.key"), may_make)?;
        // A new one costs nothing but that everybody signs in again.
        let tokens = masters.read_or_make(&directory.join("tokens.key"), true)?;
        let unfit = |_| StoreError::Keys("a key has the wrong length".into());
        let mac = Hmac::new_from_slice(credentials.as_slice()).map_err(unfit)?;
        let digest = Sha256::digest(sealing.as_slice());
        let mut key_id = [0; KEY_ID];
        key_id.copy_from_slice(&digest[..KEY_ID]);
        let cipher = Aes256GcmSiv::new_from_slice(sealing.as_slice()).map_err(unfit)?;
        Ok(Self { mac, cipher, key_id, tokens, sealed: masters.seal() })
    }

    /// Whether a master key seals the key files, so that a copy of the data directory alone opens nothing.
    pub(crate) fn are_sealed(&self) -> bool {
        self.sealed
    }

    /// The key that tokens are signed with.
    pub(crate) fn tokens(&self) -> &[u8] {
        self.tokens.as_slice()
    }

    /// Keyed hash of parts, each with its length before it so that no two lists of parts look alike.
    pub(crate) fn hash(&self, purpose: &str, parts: &[&[u8]]) -> Verifier {
        let mut mac = self.mac.clone();
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The verifier of a CIRA credential. It is bound to the device: copied to another row it proves nothing.
    pub(crate) fn verifier(&self, id: DeviceId, user: &[u8], password: &[u8]) -> Verifier {
        self.hash("cira", &[id.0.as_bytes(), user, password])
    }

    /// A value that tells whether a database was written with these keys.
    pub(crate) fn fingerprint(&self) -> Vec<u8> {
        let mut fingerprint = self.hash("fingerprint", &[]).to_vec();
        fingerprint.extend_from_slice(&self.key_id);
        fingerprint
    }

    /// Encrypts a value that only this field of this device can be opened with.
    pub(crate) fn seal(
        &self,
        id: DeviceId,
        field: &str,
        value: &Secret<String>,
    ) -> Result<Vec<u8>, StoreError> {
        self.seal_bytes(&self.bound_to(id.0.as_bytes(), field), value.expose().as_bytes())
    }

    /// The same for a value of something else than a device: a user, a setting.
    pub(crate) fn seal_for(
        &self,
        kind: &str,
        name: &str,
        field: &str,
        value: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.seal_bytes(&self.bound_to(format!("{kind}:{name}").as_bytes(), field), value)
    }

    fn seal_bytes(&self, aad: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: value, aad };
        let text = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| StoreError::Keys("a value could not be sealed".into()))?;
        let mut sealed = vec![SEALED_FORMAT];
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Decrypts what [`Keys::seal`] made for the same device and field.
    pub(crate) fn open_sealed(
        &self,
        id: DeviceId,
        field: &str,
        sealed: &[u8],
    ) -> Result<Secret<String>, StoreError> {
        let aad = self.bound_to(id.0.as_bytes(), field);
        let plain = self.open_bytes(&aad, sealed).map_err(|why| broken(field, &id, why))?;
        let text = String::from_utf8(plain.to_vec());
        text.map(Secret::new).map_err(|_| broken(field, &id, "it is not text"))
    }

    /// Decrypts what [`Keys::seal_for`] made.
    pub(crate) fn open_for(
        &self,
        kind: &str,
        name: &str,
        field: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let aad = self.bound_to(format!("{kind}:{name}").as_bytes(), field);
        self.open_bytes(&aad, sealed).map_err(|why| broken(field, &name, why))
    }

    fn open_bytes(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
        let short = "it is too short";
        let (head, rest) = sealed.split_at_checked(1 + KEY_ID).ok_or(short)?;
        if head[0] != SEALED_FORMAT {
            return Err("it has a newer format");
        }
        if head[1..] != self.key_id {
            return Err("it was sealed with another key file");
        }
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(short)?;
        self.cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg: text, aad })
            .map(Zeroizing::new)
            .map_err(|_| "it was changed or belongs to something else")
    }

    fn bound_to(&self, owner: &[u8], field: &str) -> Vec<u8> {
        [owner, b"|", field.as_bytes(), b"|", &self.key_id].concat()
    }
}

fn broken(field: &str, owner: &dyn fmt::Display, why: &str) -> StoreError {
    StoreError::Keys(format!("the sealed {field} of {owner} cannot be opened: {why}"))
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| StoreError::Keys(format!("the system gives no random numbers: {e}")))?;
    Ok(bytes)
}

/// Random characters of an alphabet, each equally likely.
pub(crate) fn random_text(length: usize, alphabet: &[u8]) -> Result<String, StoreError> {
    // Bytes above the largest multiple of the alphabet's size are thrown away, or the first letters would be likelier.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random::<32>()?.map(usize::from) {
            if byte < fair && text.len() < length {
                text.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};
    use uuid::Uuid;

    fn device(n: u128) -> DeviceId {
        DeviceId(Uuid::from_u128(n))
    }

    #[test]
    fn a_sealed_value_opens_for_its_device_and_field_only() {
        let place = tempfile::tempdir().unwrap();
        let keys = Keys::open(place.path(), true).unwrap();
        let secret = Secret::new("P@ssw0rd".to_owned());
        let sealed = keys.seal(device(1), "amt_password", &secret).unwrap();
        assert_eq!(keys.open_sealed(device(1), "amt_password", &sealed).unwrap(), secret);
        assert!(!sealed.windows(8).any(|w| w == b"P@ssw0rd"));
        assert!(keys.open_sealed(device(2), "amt_password", &sealed).is_err());
        assert!(keys.open_sealed(device(1), "other", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys.open_sealed(device(1), "amt_password", &changed).is_err(), "byte {at}");
            assert!(keys.open_sealed(device(1), "amt_password", &sealed[..at]).is_err());
        }
        assert_ne!(keys.seal(device(1), "amt_password", &secret).unwrap(), sealed);
    }

    #[test]
    fn keys_stay_the_same_over_a_restart_and_only_the_owner_reads_them() {
        let place = tempfile::tempdir().unwrap();
        let first = Keys::open(place.path(), true).unwrap().verifier(device(1), b"u", b"p");
        assert_eq!(Keys::open(place.path(), true).unwrap().verifier(device(1), b"u", b"p"), first);
        for entry in fs::read_dir(place.path().join("keys")).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        let error = Keys::open(place.path(), true).unwrap_err().to_string();
        assert!(error.contains("E1007") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn the_border_between_user_and_password_matters() {
        let place = tempfile::tempdir().unwrap();
        let keys = Keys::open(place.path(), true).unwrap();
        let first = keys.verifier(device(1), b"ab", b"c");
        assert_ne!(first, keys.verifier(device(1), b"a", b"bc"));
        assert_ne!(first, keys.verifier(device(2), b"ab", b"c"));
    }

    #[test]
    fn random_text_uses_the_whole_alphabet_and_nothing_else() {
        let text = random_text(4000, b"abc").unwrap();
        for letter in ['a', 'b', 'c'] {
            assert!(text.matches(letter).count() > 1000);
        }
        assert!(text.bytes().all(|b| b"abc".contains(&b)));
    }
}
