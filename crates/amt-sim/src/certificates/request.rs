//! Requests for certificates (PKCS #10).

use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    x509::{X509Req, X509ReqBuilder},
};

/// The same request, but for this key and signed with it. What a console sends carries no key of its own, and no
/// valid signature.
pub(super) fn sign(key: &PKey<Private>, request: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let wanted = X509Req::from_der(request)?;
    let mut builder = X509ReqBuilder::new()?;
    builder.set_version(wanted.version())?;
    builder.set_subject_name(wanted.subject_name())?;
    builder.set_pubkey(key)?;
    if let Ok(extensions) = wanted.extensions() {
        builder.add_extensions(&extensions)?;
    }
    builder.sign(key, MessageDigest::sha256())?;
    builder.build().to_der()
}
