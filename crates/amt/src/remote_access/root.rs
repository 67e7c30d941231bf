//! Certificates in a platform's store, trusted roots above all.

use crate::wsman::Instance;
use base64::{Engine, prelude::BASE64_STANDARD};

/// A certificate that a platform keeps (`AMT_PublicKeyCertificate`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoot {
    /// Its key, `Intel(r) AMT Certificate: Handle: N`.
    pub handle: String,
    /// Subject as the firmware writes it.
    pub subject: String,
    /// Whether it is a trusted root, or one of the platform's own.
    pub trusted: bool,
    /// The certificate.
    pub der: Vec<u8>,
}

impl TrustedRoot {
    pub(super) fn read(instance: &Instance) -> Option<Self> {
        let text = |name| instance.text(name).unwrap_or_default();
        let packed: String = text("X509Certificate").split_ascii_whitespace().collect();
        Some(Self {
            handle: instance.text("InstanceID")?.trim().to_owned(),
            subject: text("Subject").trim().to_owned(),
            // The property's name is misspelt in AMT's schema.
            trusted: text("TrustedRootCertficate").trim() == "true",
            der: BASE64_STANDARD.decode(packed).unwrap_or_default(),
        })
    }

    /// The common name in its subject, or all of it.
    #[must_use]
    pub fn common_name(&self) -> &str {
        let parts = self.subject.split(',').map(str::trim);
        parts.filter_map(|part| part.strip_prefix("CN=")).next_back().unwrap_or(&self.subject)
    }
}
