//! What a platform is: identity, firmware, and how it was activated.

use crate::wsman::Instance;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::fmt;
use uuid::Uuid;

/// A firmware's version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version {
    /// 16 in `16.1.27`.
    pub major: u16,
    /// 1 in `16.1.27`.
    pub minor: u16,
    /// As the platform writes it.
    pub text: String,
}

impl Version {
    /// Reads `16.1.27` and what contains it, such as `AMT 16.1.27`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
        let mut numbers = word.split('.').map(str::parse::<u16>);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self { major, minor, text: word.to_owned() })
    }

    /// Firmware before 12.0 speaks TLS 1.1 at most when it dials in.
    #[must_use]
    pub const fn needs_legacy_tls(&self) -> bool {
        self.major < 12
    }

    /// Remote access came with AMT 4.0; the objects read here with 6.0.
    #[must_use]
    pub const fn has_remote_access(&self) -> bool {
        self.major >= 6
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a platform was activated (`IPS_HostBasedSetupService.CurrentControlMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ControlMode {
    /// 1: from the PC itself; redirection and some power actions need the user's consent.
    Client,
    /// 2: by an administrator; no consent unless wanted.
    Admin,
}

/// How far activation has come (`AMT_SetupAndConfigurationService.ProvisioningState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provisioning {
    /// 0: not begun.
    Before,
    /// 1: going on.
    During,
    /// 2: activated.
    Done,
}

/// What a platform is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Platform {
    /// AMT UUID.
    pub uuid: Option<Uuid>,
    /// Firmware.
    pub version: Option<Version>,
    /// How it was activated.
    pub control_mode: Option<ControlMode>,
    /// How far activation has come.
    pub provisioning: Option<Provisioning>,
    /// Host name.
    pub host_name: Option<String>,
    /// DNS domain.
    pub domain: Option<String>,
}

impl Platform {
    pub(super) fn read_general(&mut self, instance: &Instance) {
        let text = |name| {
            let text = instance.text(name).map(str::trim);
            text.filter(|t| !t.is_empty()).map(str::to_owned)
        };
        self.host_name = text("HostName");
        self.domain = text("DomainName");
    }

    pub(super) fn read_setup(&mut self, instance: &Instance) {
        self.provisioning = match instance.text("ProvisioningState").map(str::trim) {
            Some("0") => Some(Provisioning::Before),
            Some("1") => Some(Provisioning::During),
            Some("2") => Some(Provisioning::Done),
            _ => None,
        };
    }

    pub(super) fn read_host_setup(&mut self, instance: &Instance) {
        self.control_mode = match instance.text("CurrentControlMode").map(str::trim) {
            Some("1") => Some(ControlMode::Client),
            Some("2") => Some(ControlMode::Admin),
            _ => None,
        };
    }

    pub(super) fn read_package(&mut self, instance: &Instance) {
        let digits = instance.text("PlatformGUID").unwrap_or_default().trim();
        self.uuid = Uuid::try_parse(digits).ok().map(mixed);
    }

    pub(super) fn read_software(&mut self, instances: &[Instance]) {
        let version = |id: &str| {
            let found = instances.iter().find(|i| i.text("InstanceID").map(str::trim) == Some(id));
            found.and_then(|i| Version::parse(i.text("VersionString")?))
        };
        self.version = version("AMT").or_else(|| version("AMTApps"));
    }

    /// The answer of `AMT_SetupAndConfigurationService.GetUuid`: 16 bytes in base64.
    pub(super) fn read_uuid(&mut self, base64: &str) {
        let bytes = BASE64_STANDARD.decode(base64.trim()).unwrap_or_default();
        if let Ok(bytes) = bytes.try_into() {
            self.uuid = Some(Uuid::from_bytes_le(bytes));
        }
    }
}

/// AMT writes the first three groups of a UUID with their bytes turned round.
fn mixed(uuid: Uuid) -> Uuid {
    Uuid::from_bytes_le(uuid.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Platform, Version};
    use crate::wsman::{Instance, ResourceUri};

    #[test]
    fn both_ways_to_ask_for_the_uuid_give_the_same() {
        let mut package =
            Instance::new(ResourceUri::of_class("CIM_ComputerSystemPackage").unwrap());
        package.set("PlatformGUID", ["13AEE355D2BFBB6117A088AEDD7037EA".into()]);
        let (mut one, mut other) = (Platform::default(), Platform::default());
        one.read_package(&package);
        other.read_uuid("E67jVdK/u2EXoIiu3XA36g==");
        assert_eq!(one, other);
        assert_eq!(one.uuid.unwrap().to_string(), "55e3ae13-bfd2-61bb-17a0-88aedd7037ea");
        other.read_uuid("baduuid");
        assert_eq!(one, other, "what is no UUID changes nothing");
    }

    #[test]
    fn versions_are_found_in_what_platforms_say() {
        let version = |text| Version::parse(text).map(|v| (v.major, v.minor));
        assert_eq!(version("AMT 16.1.27"), Some((16, 1)));
        assert_eq!(version("Intel(R) Active Management Technology 11.8.94.4494"), Some((11, 8)));
        assert_eq!(version("AMT"), None);
        assert!(Version::parse("11.8.94").unwrap().needs_legacy_tls());
        assert!(!Version::parse("12.0.92").unwrap().needs_legacy_tls());
    }
}
