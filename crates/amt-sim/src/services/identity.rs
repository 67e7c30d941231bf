//! Who a platform is.

use std::fmt;

use amt::http::digest::md5_hex;

use super::tls::TlsIdentity;

/// Who a platform is, and whom it lets in.
#[derive(Clone)]
pub struct HostConfig {
    /// The platform's UUID, as printed.
    pub guid: uuid::Uuid,
    /// Its name without domain.
    pub hostname: String,
    /// Its domain; may be empty.
    pub domain: String,
    /// The one account.
    pub amt_user: String,
    /// Its password.
    pub amt_password: String,
    /// The firmware's version, for instance `16.1.30`.
    pub amt_version: String,
    /// Accepts redirection logins in clear text, which amtterm 1.4 uses.
    pub lenient: bool,
    /// Key and certificate of the TLS ports; made on first use when absent.
    pub tls: Option<TlsIdentity>,
}

impl fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfig")
            .field("guid", &self.guid)
            .field("hostname", &self.hostname)
            .field("amt_user", &self.amt_user)
            .field("amt_version", &self.amt_version)
            .field("lenient", &self.lenient)
            .finish_non_exhaustive()
    }
}

impl HostConfig {
    /// The first three parts of the firmware's version, and the fourth: its build.
    pub(super) fn version_and_build(&self) -> (String, String) {
        let mut parts = self.amt_version.splitn(4, '.');
        let version: Vec<&str> = parts.by_ref().take(3).collect();
        (version.join("."), parts.next().unwrap_or("1579").to_owned())
    }

    /// Host name and domain.
    pub(super) fn fqdn(&self) -> String {
        if self.domain.is_empty() {
            return self.hostname.clone();
        }
        format!("{}.{}", self.hostname, self.domain)
    }

    /// `Digest:` and 32 digits, fixed for a platform.
    pub(super) fn realm(&self) -> String {
        let digits = md5_hex(&[b"realm", self.guid.as_bytes()]);
        format!("Digest:{}", digits.as_str().to_ascii_uppercase())
    }
}
