//! Certificates in PEM, as people hand them over.

use openssl::{hash::MessageDigest, x509::X509};

/// A certificate that a device is to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCertificate {
    /// Its common name.
    pub name: String,
    /// The certificate itself.
    pub der: Vec<u8>,
}

/// Reads all certificates of a PEM text.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn read_roots(pem: &str) -> Result<Vec<RootCertificate>, String> {
    let found = X509::stack_from_pem(pem.as_bytes()).map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("no certificate in PEM form is in it".to_owned());
    }
    let read = |certificate: X509| {
        let (name, _) = super::certificates::names(&certificate);
        certificate.to_der().map(|der| RootCertificate { name, der })
    };
    found.into_iter().map(read).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// SHA-256 of a certificate in DER, lower-case hex.
#[must_use]
pub fn sha256(der: &[u8]) -> String {
    openssl::hash::hash(MessageDigest::sha256(), der)
        .map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect())
        .unwrap_or_default()
}
