//! The root that comes after this one: made on request, pushed to the devices, and only then used.
//!
//! Files beside the root: `next-root.pem` and `.key` while it waits; `old-root-….pem` and `.key` of roots that were in
//! use before, so that nothing is ever lost.

use super::{Authority, AuthorityError, Home, Pair, make_root};
use openssl::x509::X509;
use std::{fs, path::Path};

const NEXT: &str = "next-root";
const OLD: &str = "old-root-";

impl Authority {
    /// The next root, when one waits.
    pub(in crate::tls) fn next(&self) -> Result<Option<X509>, AuthorityError> {
        Ok(self.home.load(NEXT)?.map(|pair| pair.certificate))
    }

    /// Makes the next root, unless one waits already.
    pub(in crate::tls) fn make_next(&self) -> Result<X509, AuthorityError> {
        if let Some(next) = self.next()? {
            return Ok(next);
        }
        let pair = make_root()?;
        self.home.store(NEXT, &pair)?;
        Ok(pair.certificate)
    }

    /// Forgets the next root; devices that trust it already are not harmed by that.
    pub(in crate::tls) fn drop_next(&self) -> Result<(), AuthorityError> {
        remove(&self.home.directory, NEXT)
    }

    /// The authority with the next root in place of this one, which is kept beside it. Leaves of devices are issued anew
    /// from it when they are asked for, with the keys they have.
    pub(in crate::tls) fn advance(&self) -> Result<Option<Self>, AuthorityError> {
        let Some(next) = self.home.load(NEXT)? else { return Ok(None) };
        let serial = super::super::sha256(&self.root.certificate.to_der()?);
        self.home.store(&format!("{OLD}{}", &serial[..8]), &self.root)?;
        self.home.store(super::ROOT, &next)?;
        remove(&self.home.directory, NEXT)?;
        Ok(Some(Self { home: self.home.clone(), root: next }))
    }

    /// Roots that were in use before.
    pub(in crate::tls) fn old_roots(&self) -> Vec<X509> {
        let Ok(entries) = fs::read_dir(&self.home.directory) else { return Vec::new() };
        let old = entries.flatten().filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(OLD) && name.ends_with(".pem")
        });
        old.filter_map(|entry| X509::from_pem(&fs::read(entry.path()).ok()?).ok()).collect()
    }
}

impl Home {
    /// Finishes what a crash interrupted between the two files of the new root: its key is in place, its certificate is
    /// not.
    pub(super) fn recover(&self) -> Result<Option<Pair>, AuthorityError> {
        let Some(next) = self.load(NEXT)? else { return Ok(None) };
        let key = self.keys.read(&self.directory.join(format!("{}.key", super::ROOT)))?;
        if key.private_key_to_pem_pkcs8()? != next.key.private_key_to_pem_pkcs8()? {
            return Ok(None);
        }
        self.store(super::ROOT, &next)?;
        remove(&self.directory, NEXT)?;
        Ok(Some(next))
    }
}

fn remove(directory: &Path, file: &str) -> Result<(), AuthorityError> {
    // The certificate last: a key alone would be reported as a half that is missing.
    for end in ["key", "pem"] {
        let path = directory.join(format!("{file}.{end}"));
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(AuthorityError::Io { path, source }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::Leaf, *};

    fn names() -> Vec<String> {
        vec!["mps.example".into()]
    }

    #[test]
    fn the_next_root_is_made_once_and_issues_the_leaves_after_it_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::open(directory.path(), None).unwrap();
        let (before, _) = authority.leaf(Leaf::Device2048, &names()).unwrap();
        let (web, _) = authority.leaf(Leaf::Web, &names()).unwrap();
        assert!(authority.next().unwrap().is_none() && authority.advance().unwrap().is_none());
        let next = authority.make_next().unwrap();
        assert_eq!(authority.make_next().unwrap().to_der().unwrap(), next.to_der().unwrap());

        let after = authority.advance().unwrap().unwrap();
        assert_eq!(after.root().to_der().unwrap(), next.to_der().unwrap());
        let (leaf, why) = after.leaf(Leaf::Device2048, &names()).unwrap();
        assert!(why.unwrap().contains("root"));
        assert!(leaf.certificate.verify(next.public_key().unwrap().as_ref()).unwrap());
        assert!(leaf.key.public_eq(&before.key), "the key stays");
        let (same, why) = after.leaf(Leaf::Web, &names()).unwrap();
        assert_eq!(same.certificate.to_der().unwrap(), web.certificate.to_der().unwrap());
        assert_eq!(why, None, "clients that know the old root still find the web listener");
        assert_eq!(after.old_roots().len(), 1);
        let again = Authority::open(directory.path(), None).unwrap();
        assert_eq!(again.root().to_der().unwrap(), next.to_der().unwrap());
    }

    #[test]
    fn a_crash_between_the_two_files_is_finished_at_the_next_start() {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::open(directory.path(), None).unwrap();
        let next = authority.make_next().unwrap();
        fs::copy(directory.path().join("next-root.key"), directory.path().join("root.key"))
            .unwrap();
        let opened = Authority::open(directory.path(), None).unwrap();
        assert_eq!(opened.root().to_der().unwrap(), next.to_der().unwrap());
        assert!(opened.next().unwrap().is_none());
    }

    #[test]
    fn a_next_root_can_be_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::open(directory.path(), None).unwrap();
        authority.make_next().unwrap();
        authority.drop_next().unwrap();
        assert!(authority.next().unwrap().is_none());
        authority.drop_next().unwrap();
    }
}
