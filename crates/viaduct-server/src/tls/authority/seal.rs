//! Private keys of the authority at rest: PEM, or sealed by whoever keeps the installation's keys.
//!
//! Sealed: `VDA1`, then what [`Seal::seal`] made of the PEM for the file's name. A file that is not sealed is sealed as
//! soon as it is read with a seal at hand; a sealed one is never written open again.

use super::{AuthorityError, write};
use openssl::pkey::{PKey, Private};
use std::{fmt, fs, path::Path, sync::Arc};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"VDA1";

/// What private keys are sealed with.
pub trait Seal: fmt::Debug + Send + Sync {
    /// Seals a key so that it opens under the same name only.
    ///
    /// # Errors
    /// Why that was not possible.
    fn seal(&self, name: &str, key: &[u8]) -> Result<Vec<u8>, String>;

    /// Opens what was sealed under the name.
    ///
    /// # Errors
    /// Why it does not open.
    fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// How the keys of one authority are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Keeping(pub(super) Option<Arc<dyn Seal>>);

impl Keeping {
    /// The key in a file. One that lies open is sealed where there is a seal.
    pub(super) fn read(&self, path: &Path) -> Result<PKey<Private>, AuthorityError> {
        let bytes =
            fs::read(path).map_err(|source| AuthorityError::Io { path: path.into(), source })?;
        let bytes = Zeroizing::new(bytes);
        let key = |pem: &[u8]| {
            PKey::private_key_from_pem(pem)
                .map_err(|source| AuthorityError::Unusable { path: path.into(), source })
        };
        let sealed = |why: String| AuthorityError::Sealed { path: path.into(), why };
        match (bytes.strip_prefix(MAGIC), &self.0) {
            (None, None) => key(&bytes),
            (None, Some(_)) => {
                let found = key(&bytes)?;
                self.write(path, &found)?;
                tracing::info!(file = %path.display(), "the private key is sealed from now on");
                Ok(found)
            }
            (Some(text), Some(seal)) => key(&seal.open(&name(path), text).map_err(sealed)?),
            (Some(_), None) => Err(sealed(
                "no master key is given; set store.master_key, or give it as systemd credential `viaduct.master-key`"
                    .to_owned(),
            )),
        }
    }

    /// Writes a key, sealed where there is a seal.
    pub(super) fn write(&self, path: &Path, key: &PKey<Private>) -> Result<(), AuthorityError> {
        let pem = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
        let Some(seal) = &self.0 else { return write(path, &pem) };
        let sealed = seal.seal(&name(path), &pem);
        let sealed = sealed.map_err(|why| AuthorityError::Sealed { path: path.into(), why })?;
        write(path, &[MAGIC, &sealed].concat())
    }
}

/// Whether the key in the file is sealed; none when it cannot be read.
pub(super) fn is_sealed(path: &Path) -> Option<bool> {
    fs::read(path).ok().map(|bytes| bytes.starts_with(MAGIC))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Authority, Leaf, stored},
        *,
    };

    /// Not a cipher, but it tells names apart and hides what it is given.
    #[derive(Debug)]
    struct Turned(u8);

    impl Seal for Turned {
        fn seal(&self, name: &str, key: &[u8]) -> Result<Vec<u8>, String> {
            let bound = [name.as_bytes(), b"|", key].concat();
            Ok(bound.iter().map(|byte| byte ^ self.0).collect())
        }

        fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
            let bound: Vec<u8> = sealed.iter().map(|byte| byte ^ self.0).collect();
            let key = bound.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"|"));
            key.map(|key| Zeroizing::new(key.to_vec())).ok_or_else(|| "another key".to_owned())
        }
    }

    fn seal(with: u8) -> Option<Arc<dyn Seal>> {
        Some(Arc::new(Turned(with)))
    }

    fn open_keys(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| {
                String::from_utf8_lossy(&fs::read(path).unwrap()).contains("PRIVATE KEY")
            })
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn keys_that_lie_open_are_sealed_at_the_next_start_and_stay_the_same() {
        let place = tempfile::tempdir().unwrap();
        let names = ["mps.example".to_owned()];
        let before = Authority::open(place.path(), None).unwrap();
        let (leaf, _) = before.leaf(Leaf::Device2048, &names).unwrap();
        before.make_next().unwrap();
        assert_eq!(open_keys(place.path()).len(), 3);
        assert!(!stored(place.path(), None).unwrap().unwrap().sealed);

        let after = Authority::open(place.path(), seal(0x55)).unwrap();
        assert_eq!(open_keys(place.path()), [""; 0], "also the root that waits");
        assert_eq!(after.root_pem().unwrap(), before.root_pem().unwrap());
        let (same, why) = after.leaf(Leaf::Device2048, &names).unwrap();
        assert!(same.key.public_eq(&leaf.key) && why.is_none());
        assert!(stored(place.path(), None).unwrap().unwrap().sealed);

        // What is made and moved later is sealed as well.
        after.leaf(Leaf::Device3072, &names).unwrap();
        let next = after.advance().unwrap().unwrap();
        next.leaf(Leaf::Device2048, &names).unwrap();
        assert_eq!(open_keys(place.path()), [""; 0]);
        let again = Authority::open(place.path(), seal(0x55)).unwrap();
        assert_eq!(again.root_pem().unwrap(), next.root_pem().unwrap());
    }

    #[test]
    fn sealed_keys_open_with_nothing_else_and_are_never_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let root = Authority::open(place.path(), seal(0x55)).unwrap().root_pem().unwrap();
        for other in [None, seal(0x33)] {
            let error = Authority::open(place.path(), other).unwrap_err();
            assert!(matches!(error, AuthorityError::Sealed { .. }), "{error}");
        }
        assert_eq!(Authority::open(place.path(), seal(0x55)).unwrap().root_pem().unwrap(), root);
        // A sealed key under another name is not taken for that one's.
        fs::copy(place.path().join("root.key"), place.path().join("web.key")).unwrap();
        fs::copy(place.path().join("root.pem"), place.path().join("web.pem")).unwrap();
        let authority = Authority::open(place.path(), seal(0x55)).unwrap();
        assert!(authority.leaf(Leaf::Web, &["a".to_owned()]).is_err());
    }
}
