//! Who a platform is: names, UUID and the two sets of credentials.

use openssl::{error::ErrorStack, rand::rand_bytes, sha::Sha256};
use uuid::Uuid;

/// One platform, as a server must know it before it dials in.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// AMT UUID.
    pub guid: Uuid,
    /// Host name, `pc-01`.
    pub name: String,
    /// Full name, `pc-01.demo.example`. What follows the first dot is the domain.
    pub fqdn: String,
    /// User name for the Management Presence Server.
    pub cira_user: String,
    /// Its password.
    pub cira_password: String,
    /// User of the platform itself (digest).
    pub amt_user: String,
    /// Its password.
    pub amt_password: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("guid", &self.guid)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// A platform of this name. The UUID follows from seed and name, the passwords are random.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(seed: &str, name: &str, domain: &str) -> Result<Self, ErrorStack> {
        Ok(Self {
            guid: guid(seed, name),
            name: name.into(),
            fqdn: if domain.is_empty() { name.into() } else { format!("{name}.{domain}") },
            cira_user: name.chars().filter(char::is_ascii_alphanumeric).take(FIELD).collect(),
            cira_password: cira_password()?,
            amt_user: "admin".into(),
            amt_password: amt_password()?,
        })
    }

    /// `count` platforms called `PREFIX-01`, `PREFIX-02`, ...: the same names and UUIDs for the same seed, other
    /// passwords each time.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn fleet(
        count: usize,
        seed: &str,
        prefix: &str,
        domain: &str,
    ) -> Result<Vec<Self>, ErrorStack> {
        let digits = count.to_string().len().max(2);
        (1..=count).map(|n| Self::new(seed, &format!("{prefix}-{n:0digits$}"), domain)).collect()
    }

    /// The domain part of the full name; empty when it has none.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.fqdn.split_once('.').map_or("", |(_, domain)| domain)
    }
}

/// AMT's remote-access fields take 16 letters and digits (AddMpServer).
const FIELD: usize = 16;
/// No characters that are easily mistaken for each other.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A random password for the Management Presence Server: 80 bits in 16 letters and digits.
///
/// # Errors
/// When the system has no random numbers.
pub fn cira_password() -> Result<String, ErrorStack> {
    random_letters(FIELD)
}

/// A random password that AMT calls strong: upper case, lower case, digit and another character.
///
/// # Errors
/// When the system has no random numbers.
pub fn amt_password() -> Result<String, ErrorStack> {
    Ok(format!("{}-A7", random_letters(13)?))
}

fn random_letters(count: usize) -> Result<String, ErrorStack> {
    let mut bytes = vec![0; count];
    rand_bytes(&mut bytes)?;
    let letter = |byte: u8| LETTERS[usize::from(byte) % LETTERS.len()];
    Ok(bytes.into_iter().map(|byte| char::from(letter(byte))).collect())
}

fn guid(seed: &str, name: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(seed.as_bytes());
    hash.update(&[0]);
    hash.update(name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finish()[..16]);
    // Looks like the random UUIDs that boards carry, and is the same in every run.
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_fleet_has_distinct_identities_that_a_seed_repeats() {
        let one = Identity::fleet(120, "seed", "pc", "demo.example").unwrap();
        let two = Identity::fleet(120, "seed", "pc", "demo.example").unwrap();
        assert_eq!(one[0].name, "pc-001");
        assert_eq!(one[0].fqdn, "pc-001.demo.example");
        assert_eq!(one[0].domain(), "demo.example");
        assert_eq!(one[0].cira_user, "pc001");
        assert_eq!(one.iter().map(|i| i.guid).collect::<HashSet<_>>().len(), 120);
        assert!(one.iter().zip(&two).all(|(a, b)| a.guid == b.guid && a.name == b.name));
        assert!(one.iter().zip(&two).all(|(a, b)| a.cira_password != b.cira_password));
        assert_ne!(guid("other", "pc-001"), one[0].guid);
    }

    #[test]
    fn passwords_keep_to_the_fields_of_amt() {
        let cira = cira_password().unwrap();
        assert!(cira.len() == 16 && cira.chars().all(|c| c.is_ascii_alphanumeric()), "{cira}");
        let amt = amt_password().unwrap();
        assert!(amt.len() == 16 && amt.contains('-') && amt.contains('A'), "{amt}");
    }
}
