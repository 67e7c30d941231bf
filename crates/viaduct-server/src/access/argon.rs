//! Argon2id with memory that is kept: 19 MiB for each check would otherwise be asked of the allocator by another thread
//! every time, and it gives them back late or never.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use std::sync::{Mutex, PoisonError};

/// Buffers that are kept, as many as there are checks at the same time.
const KEPT: usize = super::password::AT_ONCE;

/// For the whole process, because processors are what is scarce.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

fn kept() -> std::sync::MutexGuard<'static, Vec<Vec<Block>>> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The PHC string to keep.
///
/// # Errors
/// What the library says; not for the passwords that are let through to here.
pub(super) fn hash(password: &str, salt: &[u8]) -> password_hash::Result<String> {
    // 19 MiB, two passes, one lane: the crate's defaults, which follow OWASP's password storage cheat sheet.
    let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let output = derive(algorithm, version, &params, password, salt, Params::DEFAULT_OUTPUT_LEN)?;
    let phc = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(Salt::new(salt)?),
        hash: Some(output),
    };
    Ok(phc.to_string())
}

/// Whether the PHC string was made of this password.
pub(super) fn verify(password: &str, phc: &str) -> bool {
    let compare = || -> password_hash::Result<bool> {
        let phc = PasswordHash::new(phc)?;
        let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else { return Ok(false) };
        let algorithm = Algorithm::try_from(phc.algorithm.as_str())?;
        let version = phc.version.map_or(Ok(Version::default()), Version::try_from)?;
        let params = Params::try_from(&phc)?;
        let output = derive(algorithm, version, &params, password, &salt, expected.len())?;
        // Compared in constant time.
        Ok(output == expected)
    };
    compare().unwrap_or(false)
}

fn derive(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    password: &str,
    salt: &[u8],
    length: usize,
) -> password_hash::Result<Output> {
    let mut memory = kept().pop().unwrap_or_default();
    memory.resize(params.block_count(), Block::new());
    let mut out = [0; Output::MAX_LENGTH];
    let out = out.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
    let argon = Argon2::new(algorithm, version, params.clone());
    argon.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory)?;
    let mut kept = kept();
    if kept.len() < KEPT {
        kept.push(memory);
    }
    Ok(Output::new(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordVerifier;

    #[test]
    fn the_library_agrees_and_memory_that_was_used_changes_nothing() {
        for password in ["correct horse", "", "pässwörd"] {
            let phc = hash(password, b"sixteen bytes of").unwrap();
            assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
            let library = Argon2::default();
            library.verify_password(password.as_bytes(), phc.as_str()).unwrap();
            assert!(verify(password, &phc));
            assert!(!verify("wrong horse", &phc));
        }
    }

    #[test]
    fn what_is_no_hash_is_nobodys_password() {
        for phc in ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$", "$1$abc$def"] {
            assert!(!verify("", phc), "{phc}");
        }
        // RFC 9106-style parameters of others are read as well.
        let other = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify("password", other));
    }
}
