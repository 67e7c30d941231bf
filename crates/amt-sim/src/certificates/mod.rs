//! The certificate store of a platform: trusted roots, certificates of its own and their keys.
//!
//! Rules and names are those of AMT_PublicKeyManagementService (Intel AMT SDK, "Public Key Management").

mod der;
mod request;

pub use der::Der;

use crate::remote_access::Code;
use openssl::{
    error::ErrorStack,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{X509, X509NameRef},
};
use serde::{Deserialize, Serialize};

/// Trusted roots that fit.
const ROOTS: usize = 8;
/// Certificates of its own that fit.
const LEAVES: usize = 8;
/// Key pairs that fit.
const KEYS: usize = 8;
/// Largest certificate or key, in bytes.
const LARGEST: usize = 4100;
/// Sizes of RSA keys that can be made, in bits.
const SIZES: [u32; 3] = [1024, 2048, 3072];

/// What a platform holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificates {
    /// Certificates, in the order in which they were added.
    pub certificates: Vec<Certificate>,
    /// Key pairs.
    pub keys: Vec<KeyPair>,
    /// Handle of the certificate of the platform's own TLS ports, once one was chosen.
    pub tls: Option<u32>,
}

/// One certificate (AMT_PublicKeyCertificate).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its number, part of its name.
    pub handle: u32,
    /// Whether it is a root that the platform trusts.
    pub trusted_root: bool,
    /// The certificate.
    pub der: Der,
}

/// One key pair (AMT_PublicPrivateKeyPair).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    /// Its number, part of its name.
    pub handle: u32,
    /// The private key (PKCS #1).
    pub der: Der,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// The key for OpenSSL.
    pub(crate) fn private(&self) -> Result<PKey<Private>, ErrorStack> {
        PKey::from_rsa(Rsa::private_key_from_der(self.der.bytes())?)
    }

    /// The public half (PKCS #1), which is all that a console may see.
    #[must_use]
    pub fn public(&self) -> Option<Vec<u8>> {
        Rsa::private_key_from_der(self.der.bytes()).ok()?.public_key_to_der_pkcs1().ok()
    }
}

impl Certificate {
    /// Subject and issuer as firmware writes them: the last part of the name first.
    #[must_use]
    pub fn names(&self) -> Option<(String, String)> {
        let certificate = X509::from_der(self.der.bytes()).ok()?;
        Some((name(certificate.subject_name()), name(certificate.issuer_name())))
    }
}

fn name(name: &X509NameRef) -> String {
    let part = |entry: &openssl::x509::X509NameEntryRef| {
        let key = entry.object().nid().short_name().unwrap_or("OID").to_owned();
        let value = entry.data().to_string().unwrap_or_default();
        format!("{key}={value}")
    };
    let mut parts: Vec<String> = name.entries().map(part).collect();
    parts.reverse();
    parts.join(",")
}

impl Certificates {
    /// The certificate of this handle.
    #[must_use]
    pub fn certificate(&self, handle: u32) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| certificate.handle == handle)
    }

    /// The trusted roots.
    pub fn roots(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().filter(|certificate| certificate.trusted_root)
    }

    /// A certificate of the platform's own with its key.
    #[must_use]
    pub fn identity(&self, handle: u32) -> Option<(&Certificate, &KeyPair)> {
        let certificate = self.certificate(handle).filter(|c| !c.trusted_root)?;
        let x509 = X509::from_der(certificate.der.bytes()).ok()?;
        Some((certificate, self.key_of(&x509)?))
    }

    /// Adds a trusted root (AddTrustedRootCertificate) and answers with its handle.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`], [`Code::Duplicate`], [`Code::MaximumReached`].
    pub fn add_root(&mut self, der: &[u8]) -> Result<u32, Code> {
        self.add(der, true, ROOTS)
    }

    /// Adds a certificate whose key is there (AddCertificate) and answers with its handle.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`], also when no key pair belongs to it; [`Code::Duplicate`],
    /// [`Code::MaximumReached`].
    pub fn add_certificate(&mut self, der: &[u8]) -> Result<u32, Code> {
        let certificate = X509::from_der(der).map_err(|_| Code::InvalidParameter)?;
        self.key_of(&certificate).ok_or(Code::InvalidParameter)?;
        self.add(der, false, LEAVES)
    }

    fn add(&mut self, der: &[u8], trusted_root: bool, most: usize) -> Result<u32, Code> {
        let whole = der.len() <= LARGEST
            && X509::from_der(der)
                .is_ok_and(|parsed| parsed.to_der().is_ok_and(|again| again == der));
        if !whole {
            return Err(Code::InvalidParameter);
        }
        if self.certificates.iter().any(|c| c.der.bytes() == der && c.trusted_root == trusted_root)
        {
            return Err(Code::Duplicate);
        }
        if self.certificates.iter().filter(|c| c.trusted_root == trusted_root).count() >= most {
            return Err(Code::MaximumReached);
        }
        let handle = free(|handle| self.certificate(handle).is_none());
        self.certificates.push(Certificate { handle, trusted_root, der: Der::new(der) });
        Ok(handle)
    }

    /// Adds a key pair (AddKey) and answers with its handle.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`], [`Code::Duplicate`], [`Code::MaximumReached`].
    pub fn add_key(&mut self, der: &[u8]) -> Result<u32, Code> {
        let key = Rsa::private_key_from_der(der).map_err(|_| Code::InvalidParameter)?;
        let sound = key.check_key().unwrap_or(false) && der.len() <= LARGEST;
        if !sound {
            return Err(Code::InvalidParameter);
        }
        if self.keys.iter().any(|key| key.der.bytes() == der) {
            return Err(Code::Duplicate);
        }
        if self.keys.len() >= KEYS {
            return Err(Code::MaximumReached);
        }
        let handle = free(|handle| self.keys.iter().all(|key| key.handle != handle));
        self.keys.push(KeyPair { handle, der: Der::new(der) });
        Ok(handle)
    }

    /// Makes a key pair (GenerateKeyPair) and answers with its handle. Takes some tenths of a second of computing.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for another size; [`Code::MaximumReached`]; [`Code::Internal`].
    pub fn generate_key(&mut self, bits: u32) -> Result<u32, Code> {
        if !SIZES.contains(&bits) {
            return Err(Code::InvalidParameter);
        }
        if self.keys.len() >= KEYS {
            return Err(Code::MaximumReached);
        }
        let made = Rsa::generate(bits).and_then(|key| key.private_key_to_der());
        self.add_key(&made.map_err(|_| Code::Internal)?)
    }

    /// Signs a request for a certificate with one of the keys (GeneratePKCS10RequestEx).
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] when the key or the request is none; [`Code::Internal`].
    pub fn sign_request(&self, key: u32, request: &[u8]) -> Result<Vec<u8>, Code> {
        let key = self.keys.iter().find(|k| k.handle == key).ok_or(Code::InvalidParameter)?;
        let key = key.private().map_err(|_| Code::Internal)?;
        request::sign(&key, request).map_err(|_| Code::InvalidParameter)
    }

    /// Removes a certificate. Whether a server's entry needs it is the caller's to say.
    ///
    /// # Errors
    /// [`Code::NotPermitted`] while it is the one of the TLS ports; [`Code::InvalidParameter`] when it is not there.
    pub fn remove_certificate(&mut self, handle: u32) -> Result<(), Code> {
        self.certificate(handle).ok_or(Code::InvalidParameter)?;
        if self.tls == Some(handle) {
            return Err(Code::NotPermitted);
        }
        self.certificates.retain(|certificate| certificate.handle != handle);
        Ok(())
    }

    /// Removes a key pair.
    ///
    /// # Errors
    /// [`Code::NotPermitted`] while a certificate needs it; [`Code::InvalidParameter`] when it is not there.
    pub fn remove_key(&mut self, handle: u32) -> Result<(), Code> {
        if self.keys.iter().all(|key| key.handle != handle) {
            return Err(Code::InvalidParameter);
        }
        let needed = self.certificates.iter().filter(|c| !c.trusted_root).any(|certificate| {
            X509::from_der(certificate.der.bytes())
                .is_ok_and(|x509| self.key_of(&x509).is_some_and(|key| key.handle == handle))
        });
        if needed {
            return Err(Code::NotPermitted);
        }
        self.keys.retain(|key| key.handle != handle);
        Ok(())
    }

    fn key_of(&self, certificate: &X509) -> Option<&KeyPair> {
        let public = certificate.public_key().ok()?;
        self.keys.iter().find(|key| key.private().is_ok_and(|private| private.public_eq(&public)))
    }
}

/// The lowest number that is free.
fn free(is_free: impl Fn(u32) -> bool) -> u32 {
    (0..).find(|handle| is_free(*handle)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
