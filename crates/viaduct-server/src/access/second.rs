//! The second factor of people: one-time codes of an authenticator (RFC 6238: SHA-1, six digits, thirty seconds), each
//! good once, and recovery codes for the day on which the telephone is lost.

use super::{Access, Principal, SignInError};
use crate::{
    config::Secret,
    inventory::{StoreError, keys},
};
use std::time::{SystemTime, UNIX_EPOCH};
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder, Secret as Bytes, Totp};

/// What an authenticator shows beside the user's name.
const ISSUER: &str = "Viaduct";
/// Bytes of the secret; RFC 4226 recommends 160 bits.
const SECRET: usize = 20;
const STEP: u64 = 30;
const DIGITS: u8 = 6;
/// Recovery codes that are made at once; each is good once.
const RECOVERY: usize = 8;
const RECOVERY_LENGTH: usize = 12;
/// Without letters that look alike.
const RECOVERY_ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// The field under which the secret is sealed.
const FIELD: &str = "totp";

/// A second factor that was begun and not proven yet.
#[derive(Debug)]
pub struct Enrolment {
    /// Base32, to type.
    pub secret: Secret<String>,
    /// `otpauth://…`, to scan.
    pub uri: Secret<String>,
}

/// What a code turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The code of this step of the clock.
    Step(u64),
    /// The recovery code with this hash.
    Recovery(String),
}

impl Access {
    /// Begins a second factor: nothing is asked for until a code has proven that the authenticator has it.
    ///
    /// # Errors
    /// When it is no person with a password here, or there is one already.
    pub fn begin_second_factor(&self, who: &Principal) -> Result<Enrolment, StoreError> {
        let known = self.known(&who.name.to_ascii_lowercase())?;
        if known.person.totp.is_some() {
            return Err(invalid("there is one already; switch it off first"));
        }
        let secret: [u8; SECRET] = keys::random()?;
        let text = totp(&secret)?.secret().to_base32();
        let uri = uri(&who.name, &text);
        let mut begun = self.0.begun();
        begun.touch(known.person.name.to_ascii_lowercase(), || secret).0.copy_from_slice(&secret);
        Ok(Enrolment { secret: Secret::new(text), uri: Secret::new(uri) })
    }

    /// Ends what [`Access::begin_second_factor`] began; from now on signing in needs a code. Gives the recovery codes,
    /// this once.
    ///
    /// # Errors
    /// When the code is not the authenticator's, nothing was begun, or the database does not take it.
    pub async fn prove_second_factor(
        &self,
        who: &Principal,
        code: &str,
    ) -> Result<Vec<Secret<String>>, StoreError> {
        let name = who.name.to_ascii_lowercase();
        let secret = self.0.begun().get(&name).copied();
        let secret = secret.ok_or_else(|| invalid("begin it first"))?;
        let step = matching_step(&secret, code).ok_or_else(|| {
            invalid("the code is not the authenticator's; are both clocks right?")
        })?;
        let codes: Vec<Secret<String>> = (0..RECOVERY)
            .map(|_| keys::random_text(RECOVERY_LENGTH, RECOVERY_ALPHABET).map(Secret::new))
            .collect::<Result<_, _>>()?;
        let sealed = self.0.inventory.keys().seal_for("person", &name, FIELD, &secret)?;
        let hashes = codes.iter().map(|code| self.recovery_hash(&name, code.expose())).collect();
        self.modify_user(&name, move |person| {
            person.totp = Some(sealed);
            person.recovery = hashes;
            Ok(())
        })
        .await?;
        self.0.begun().remove(&name);
        self.0.used().touch(name, || step);
        Ok(codes)
    }

    /// Switches the second factor off.
    ///
    /// # Errors
    /// When there is none, the code is not right, or the database does not take it.
    pub async fn end_second_factor(&self, who: &Principal, code: &str) -> Result<(), StoreError> {
        let name = who.name.to_ascii_lowercase();
        let known = self.known(&name)?;
        self.proof(&known.person, code).ok_or_else(|| invalid("the code is not right"))?;
        self.modify_user(&name, |person| {
            person.totp = None;
            person.recovery = Vec::new();
            Ok(())
        })
        .await
    }

    /// What the code proves, each code once.
    pub(super) fn proof(&self, person: &super::Person, code: &str) -> Option<Proof> {
        let name = person.name.to_ascii_lowercase();
        let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let sealed = person.totp.as_deref()?;
        let secret = match self.0.inventory.keys().open_for("person", &name, FIELD, sealed) {
            Ok(secret) => secret,
            Err(error) => {
                tracing::error!(user = person.name, %error, "the second factor cannot be read");
                return None;
            }
        };
        let secret: [u8; SECRET] = secret.as_slice().try_into().ok()?;
        if let Some(step) = matching_step(&secret, &code) {
            let mut used = self.0.used();
            let last = used.touch(name, || 0).0;
            if step <= *last {
                return None;
            }
            *last = step;
            return Some(Proof::Step(step));
        }
        let hash = self.recovery_hash(&name, &code.to_ascii_lowercase());
        let known =
            person.recovery.iter().any(|kept| bool::from(kept.as_bytes().ct_eq(hash.as_bytes())));
        known.then_some(Proof::Recovery(hash))
    }

    /// A recovery code is good once.
    ///
    /// # Errors
    /// When another request used it first, or the database does not take it.
    pub(super) async fn use_up(&self, name: &str, hash: String) -> Result<(), SignInError> {
        let used = self.modify_user(name, move |person| {
            let before = person.recovery.len();
            person.recovery.retain(|kept| *kept != hash);
            if person.recovery.len() == before {
                return Err(invalid("the recovery code was used already"));
            }
            Ok(())
        });
        used.await.map_err(|_| SignInError::Wrong)
    }

    fn recovery_hash(&self, name: &str, code: &str) -> String {
        let hash = self.0.inventory.keys().hash("recovery", &[name.as_bytes(), code.as_bytes()]);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn invalid(why: &str) -> StoreError {
    StoreError::Invalid { field: "code", why: why.to_owned() }
}

fn totp(secret: &[u8; SECRET]) -> Result<Totp, StoreError> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_skew(0)
        .with_step_duration(STEP)
        .with_secret(Bytes::new_stack(*secret))
        .build()
        .map_err(|_| invalid("the secret cannot be used"))
}

/// The step whose code this is: that of the clock, or the one before or after it (RFC 6238 §5.2).
fn matching_step(secret: &[u8; SECRET], code: &str) -> Option<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    step_at(secret, code, now)
}

fn step_at(secret: &[u8; SECRET], code: &str, now: u64) -> Option<u64> {
    let totp = totp(secret).ok()?;
    let step = now / STEP;
    (step.saturating_sub(1)..=step + 1).find(|step| totp.check(code, step * STEP).is_some())
}

/// User names have no character that a URI would not take, but `@`.
fn uri(name: &str, secret: &str) -> String {
    let name = name.replace('@', "%40");
    format!(
        "otpauth://totp/{ISSUER}:{name}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1, the last six of eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(step_at(secret, code, time), Some(time / STEP));
            assert_eq!(step_at(secret, code, time + STEP), Some(time / STEP), "one step late");
            assert_eq!(step_at(secret, code, time + 2 * STEP), None);
        }
        assert_eq!(step_at(secret, "", 59), None);
        assert_eq!(step_at(secret, "28708", 59), None);
    }
}
