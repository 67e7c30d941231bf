//! What names, labels and credentials may look like.

use super::{NewDevice, StoreError};
use crate::config::{Secret, is_dns_name};
use std::{collections::BTreeMap, net::IpAddr};
use viaduct_api::DeviceId;

/// Longest device name; fits a column and a terminal.
const NAME_MAX: usize = 64;
/// Labels of one device.
const LABELS_MAX: usize = 32;
const LABEL_KEY_MAX: usize = 63;
const LABEL_VALUE_MAX: usize = 255;
/// Bytes of JSON that a provisioning tool may leave with a device.
const PROFILE_MAX: usize = 16 << 10;
/// Newer firmware takes 64 characters for CIRA user and password, older only 16 (AMT_RemoteAccessService,
/// AddMpServer, in the LMS headers and the DMT documentation).
const CIRA_MAX: usize = 64;
/// Longest digest user and password of AMT.
const AMT_MAX: usize = 32;

fn invalid(field: &'static str, why: impl Into<String>) -> StoreError {
    StoreError::Invalid { field, why: why.into() }
}

/// Checks everything that does not depend on other devices, and brings it into the form that is kept.
pub(super) fn checked(mut device: NewDevice) -> Result<NewDevice, StoreError> {
    // Boards whose maker forgot to set a UUID report one of these; a second such board would be the same device.
    if device.id.0.is_nil() || device.id.0.is_max() {
        return Err(invalid("guid", "all zeros or all ones is not the identity of one device"));
    }
    name(&device.name, device.id)?;
    device.fqdn = device.fqdn.map(fqdn).transpose()?;
    check_labels(&device.labels)?;
    if let Some((user, Some(password))) = &device.cira {
        cira(user, password)?;
    }
    device.certificate = device.certificate.map(certificate).transpose()?;
    if let Some((user, password)) = &device.amt {
        amt(user, password)?;
    }
    Ok(device)
}

/// A device name: what a console writes before the colon, so it must not look like an address or another device.
pub(super) fn name(name: &str, id: DeviceId) -> Result<(), StoreError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(allowed) {
        return Err(invalid(
            "name",
            format!("letters, digits, `.`, `_` and `-` are possible, 1 to {NAME_MAX} of them"),
        ));
    }
    if name.starts_with(['.', '-']) || name.ends_with('.') {
        return Err(invalid("name", "it must not start with `.` or `-`, nor end with `.`"));
    }
    if name.parse::<IpAddr>().is_ok() {
        return Err(invalid("name", "it looks like an IP address, which consoles cannot use here"));
    }
    if name.parse::<DeviceId>().is_ok_and(|other| other != id) {
        return Err(invalid("name", "it looks like the UUID of another device"));
    }
    Ok(())
}

/// A fully qualified name, kept in lower case and without a dot at the end.
pub(super) fn fqdn(fqdn: String) -> Result<String, StoreError> {
    let plain = fqdn.strip_suffix('.').unwrap_or(&fqdn).to_ascii_lowercase();
    if !is_dns_name(&plain) || plain.parse::<IpAddr>().is_ok() {
        return Err(invalid("fqdn", "a DNS name such as pc-7.example.com is needed"));
    }
    Ok(plain)
}

pub(crate) fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), StoreError> {
    if labels.len() > LABELS_MAX {
        return Err(invalid("labels", format!("at most {LABELS_MAX}")));
    }
    // Tags of other tools become keys, so nearly everything is possible; `=` and `,` separate on command lines.
    let key = |k: &str| {
        (1..=LABEL_KEY_MAX).contains(&k.len())
            && k.trim() == k
            && !k.chars().any(|c| c.is_control() || c == '=' || c == ',')
    };
    for (name, value) in labels {
        if !key(name) {
            return Err(invalid(
                "label",
                format!(
                    "a key has 1 to {LABEL_KEY_MAX} bytes, no `=`, `,` or control characters, and no blank at its ends"
                ),
            ));
        }
        if value.len() > LABEL_VALUE_MAX || value.chars().any(char::is_control) {
            return Err(invalid(
                "label",
                format!(
                    "the value of `{name}` is longer than {LABEL_VALUE_MAX} bytes or has control characters"
                ),
            ));
        }
    }
    Ok(())
}

/// What a provisioning tool reports about a platform, bounded.
pub(super) fn profile(
    profile: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), StoreError> {
    let size = serde_json::to_string(profile).map_or(usize::MAX, |text| text.len());
    if size > PROFILE_MAX {
        return Err(invalid("profile", format!("more than {PROFILE_MAX} bytes of JSON")));
    }
    Ok(())
}

/// What firmware accepts as CIRA user and password. Empty ones are impossible: an empty secret proves nothing.
pub(super) fn cira(user: &str, password: &Secret<String>) -> Result<(), StoreError> {
    let password = password.expose();
    if user.is_empty() || user.len() > CIRA_MAX || !user.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(invalid(
            "CIRA user",
            format!(
                "1 to {CIRA_MAX} printable characters without blanks; up to 16 letters and digits suit all firmware"
            ),
        ));
    }
    if user.contains(['@', '$']) {
        return Err(invalid("CIRA user", "firmware refuses `@` and `$` in it"));
    }
    if password.is_empty()
        || password.len() > CIRA_MAX
        || !password.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
    {
        return Err(invalid(
            "CIRA password",
            format!("1 to {CIRA_MAX} printable ASCII characters; up to 16 suit all firmware"),
        ));
    }
    Ok(())
}

/// What is possible but not wise about a CIRA credential that somebody typed.
#[must_use]
pub fn cira_warnings(user: &str, password: &Secret<String>) -> Vec<String> {
    let mut warnings = Vec::new();
    if password.expose().len() < 8 {
        warnings.push("the CIRA password has fewer than 8 characters and can be guessed".into());
    }
    if password.expose().len() > 16 || user.len() > 16 {
        warnings
            .push("older firmware takes at most 16 characters for CIRA user and password".into());
    }
    if !user.bytes().all(|b| b.is_ascii_alphanumeric()) {
        warnings.push("some firmware takes only letters and digits as CIRA user".into());
    }
    warnings
}

/// SHA-256 of a certificate in hex, colons and capitals allowed, kept as 64 lower-case digits.
pub(super) fn certificate(text: String) -> Result<String, StoreError> {
    let plain: String = text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    if plain.len() != 64 || !plain.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(invalid(
            "certificate",
            "the SHA-256 of the certificate is needed, 64 hex digits",
        ));
    }
    Ok(plain)
}

pub(super) fn amt(user: &str, password: &Secret<String>) -> Result<(), StoreError> {
    if user.is_empty() || user.len() > AMT_MAX || !user.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(invalid("AMT user", format!("1 to {AMT_MAX} printable characters")));
    }
    if user.contains(':') {
        return Err(invalid("AMT user", "digest sign-in does not allow `:` in it"));
    }
    let password = password.expose();
    if password.is_empty() || password.len() > AMT_MAX || password.chars().any(char::is_control) {
        return Err(invalid("AMT password", format!("1 to {AMT_MAX} characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> DeviceId {
        "4c4c4544-0042-3510-8052-b4c04f4d4c32".parse().unwrap()
    }

    #[test]
    fn names_that_could_be_mistaken_for_something_else_are_refused() {
        let long = "a".repeat(65);
        for wrong in [
            "",
            ".",
            "..",
            "-x",
            "a b",
            "pc:7",
            "pc/7",
            "ä",
            "127.0.0.1",
            "00000000-0000-0000-0000-000000000001",
            "00000000000000000000000000000001",
            long.as_str(),
        ] {
            assert!(name(wrong, id()).is_err(), "{wrong}");
        }
        for right in ["pc-7", "PC_7.shop", "7", "4c4c4544-0042-3510-8052-b4c04f4d4c32"] {
            name(right, id()).unwrap();
        }
    }

    #[test]
    fn credentials_that_no_firmware_takes_are_refused_and_weak_ones_warn() {
        let secret = |s: &str| Secret::new(s.to_owned());
        let long = "x".repeat(65);
        for (user, password) in [
            ("", "Secret12"),
            ("u", ""),
            ("a@b", "Secret12"),
            ("a$b", "Secret12"),
            ("a b", "Secret12"),
            ("u", "tab\t12345"),
            ("u", "größer12"),
            (long.as_str(), "Secret12"),
            ("u", long.as_str()),
        ] {
            assert!(cira(user, &secret(password)).is_err(), "{user} {password}");
        }
        cira("admin", &secret("P@ssw0rd 1")).unwrap();
        assert!(cira_warnings("admin", &secret("P@ssw0rd")).is_empty());
        assert_eq!(cira_warnings("a-b", &secret("short")).len(), 2);
    }

    #[test]
    fn an_fqdn_is_kept_in_one_form() {
        assert_eq!(fqdn("PC-7.Example.COM.".into()).unwrap(), "pc-7.example.com");
        for wrong in ["", ".", "a..b", "192.0.2.1", "a b.example", &"a.".repeat(130)] {
            assert!(fqdn(wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_is_named_by_its_sha256() {
        let digits = "AB:".repeat(31) + "AB";
        assert_eq!(certificate(digits).unwrap(), "ab".repeat(32));
        assert!(certificate("ab".repeat(31)).is_err());
        assert!(certificate("zz".repeat(32)).is_err());
    }
}
