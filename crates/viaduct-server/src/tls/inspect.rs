//! What a server of this configuration would show to devices and browsers, looked at without changing anything:
//! for `viaduct doctor`, also while no server runs.

use super::{
    CertificateInfo, DeviceAcceptor,
    authority::{Leaf, load_pair, stored, throwaway},
    certificates::{describe, own_names},
};
use crate::config::{CertificateFiles, Cira, ClientCertificates, Profile, Web};
use openssl::x509::X509;
use std::path::Path;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The certificates that could be read, the root first.
    pub certificates: Vec<CertificateInfo>,
    /// What is wrong with files, keys and chains.
    pub faults: Vec<String>,
    /// Whether the root's private key is sealed; none where there is no root yet.
    pub root_sealed: Option<bool>,
}

/// Reads the certificates that these settings use. Files that the server would make at its start may be missing.
#[must_use]
pub fn inspect(ca: &Path, cira: &Cira, web: &Web) -> Inspection {
    let mut found = Inspection::default();
    let root = found.own(ca, "root", None, None);
    let mut listeners = vec![("cira".to_owned(), &cira.certificates)];
    for (index, extra) in cira.extra.iter().enumerate().filter(|(_, extra)| extra.tls) {
        listeners.push((format!("cira.extra[{index}]"), &extra.certificates));
    }
    for (name, files) in listeners {
        for files in files {
            found.given(&name, files);
        }
        if files.is_empty() {
            for leaf in [Leaf::Device2048, Leaf::Device3072] {
                found.own(ca, &name, Some(leaf), root.as_ref());
            }
        }
    }
    match &web.certificate {
        Some(files) => found.given("web", files),
        None => drop(found.own(ca, "web", Some(Leaf::Web), root.as_ref())),
    }
    found
}

impl Inspection {
    /// A certificate of our own authority; `None` for the leaf means its root.
    fn own(
        &mut self,
        ca: &Path,
        name: &str,
        leaf: Option<Leaf>,
        root: Option<&X509>,
    ) -> Option<X509> {
        let found = match stored(ca, leaf) {
            Ok(found) => found?,
            Err(error) => {
                self.faults.push(format!("{name}: {error}"));
                return None;
            }
        };
        if leaf.is_none() {
            self.root_sealed = Some(found.sealed);
        }
        self.certificates.extend(describe(name, &found.certificate));
        if let Some(root) = root
            && !issued_by(&found.certificate, root)
        {
            self.faults.push(format!("{name}: its certificate was not issued by root.pem"));
        }
        Some(found.certificate)
    }

    /// A certificate from the configured files, with the chain that follows it there.
    fn given(&mut self, name: &str, files: &CertificateFiles) {
        let (pair, chain) = match load_pair(&files.certificate, &files.key) {
            Ok(found) => found,
            Err(error) => return self.faults.push(format!("{name}: {error}")),
        };
        self.certificates.extend(describe(name, &pair.certificate));
        let mut below = &pair.certificate;
        for (index, above) in chain.iter().enumerate() {
            if !issued_by(below, above) {
                self.faults.push(format!(
                    "{name}: certificate {} in {} did not issue the one before it",
                    index + 2,
                    files.certificate.display()
                ));
            }
            below = above;
        }
    }
}

fn issued_by(certificate: &X509, issuer: &X509) -> bool {
    issuer.public_key().and_then(|key| certificate.verify(&key)).unwrap_or(false)
}

/// The names that devices are to find in the certificate; the first is what they were told.
#[must_use]
pub fn names_of(cira: &Cira) -> Vec<String> {
    own_names(&cira.names)
}

/// Shakes hands with itself at the lowest TLS version that the profile promises, as the server does at its start.
///
/// # Errors
/// Why it does not work, in the words of the TLS library.
pub async fn self_test(profile: Profile) -> Result<(), String> {
    let pair = throwaway().map_err(|error| error.to_string())?;
    let pairs = [(pair, Vec::new())];
    let acceptor = DeviceAcceptor::new(profile, ClientCertificates::None, Vec::new(), &pairs)
        .map_err(|error| error.to_string())?;
    acceptor.self_test().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Config,
        config::LoadArgs,
        events::Bus,
        tls::{Authority, Certificates},
    };
    use std::fs;

    #[tokio::test]
    async fn every_profile_works_where_no_policy_forbids_it() {
        for profile in [Profile::Modern, Profile::Default] {
            self_test(profile).await.unwrap();
        }
    }

    #[test]
    fn certificates_are_found_with_what_is_wrong_and_nothing_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let load = LoadArgs { data: Some(directory.path().into()), ..LoadArgs::default() };
        let config = Config::load(load).unwrap().config;
        let ca = directory.path().join("ca");
        let empty = inspect(&ca, &config.cira, &config.web);
        assert!(empty.certificates.is_empty() && empty.faults.is_empty() && !ca.exists());

        let authority = Authority::open(&ca, None).unwrap();
        Certificates::open(authority, &config.cira, &config.web, Bus::default()).unwrap();
        let found = inspect(&ca, &config.cira, &config.web);
        let names: Vec<_> = found.certificates.iter().map(|c| c.listener.as_str()).collect();
        assert_eq!(names, ["root", "cira", "cira", "web"]);
        assert!(found.faults.is_empty(), "{:?}", found.faults);

        let other = tempfile::tempdir().unwrap();
        Authority::open(other.path(), None).unwrap();
        for file in ["root.pem", "root.key"] {
            fs::copy(other.path().join(file), ca.join(file)).unwrap();
        }
        let found = inspect(&ca, &config.cira, &config.web);
        assert_eq!(found.faults.len(), 3, "{:?}", found.faults);
        fs::remove_file(ca.join("web.key")).unwrap();
        assert!(inspect(&ca, &config.cira, &config.web).faults[2].contains("web.key"));
    }
}
