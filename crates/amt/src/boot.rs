//! What a PC is to boot next: the toolkit's action numbers, and what must be written for each
//! (`AMT_BootSettingData`, `CIM_BootConfigSetting`, then power).

use crate::wsman::{Instance, Value};

/// The one boot configuration of a platform.
pub const CONFIGURATION: &str = "Intel(r) AMT: Boot Configuration 0";
/// Boot sources by their `InstanceID`.
pub const SOURCE_PXE: &str = "Intel(r) AMT: Force PXE Boot";
/// CD or DVD.
pub const SOURCE_CD: &str = "Intel(r) AMT: Force CD/DVD Boot";
/// The first hard disk.
pub const SOURCE_DISK: &str = "Intel(r) AMT: Force Hard-drive Boot";
/// Diagnostics.
pub const SOURCE_DIAGNOSTIC: &str = "Intel(r) AMT: Force Diagnostic Boot";
/// One-click recovery from a web server.
pub const SOURCE_HTTPS: &str = "Intel(r) AMT: Force OCR UEFI HTTPS Boot";
/// What the other sources of one-click recovery begin with.
pub const SOURCE_OPTION: &str = "Intel(r) AMT: Force OCR UEFI Boot Option";

/// Power states that start the boot.
pub const POWER_ON: u32 = 2;
/// Reset.
pub const POWER_RESET: u32 = 10;

/// What boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootFrom {
    /// The BIOS setup.
    BiosSetup,
    /// Whatever is first, with secure erase chosen in the toolkit; the platform boots as always.
    Normal,
    /// A web server, over HTTPS.
    Https,
    /// An image that the maker put on the disk.
    Image,
    /// The recovery environment of Windows.
    WinRe,
    /// The floppy of storage redirection.
    IderFloppy,
    /// The CD of storage redirection.
    IderCd,
    /// Diagnostics, where the platform has them.
    Diagnostic,
    /// The network.
    Pxe,
    /// The first hard disk.
    Disk,
}

/// One of the toolkit's action numbers from 100 on: what boots, and by which power request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootAction {
    /// What boots.
    pub from: BootFrom,
    /// [`POWER_ON`] or [`POWER_RESET`].
    pub power: u32,
}

/// The numbers; 402 and 403 are ours, for the disk.
const ACTIONS: [(u32, BootFrom, u32); 19] = [
    (100, BootFrom::BiosSetup, POWER_ON),
    (101, BootFrom::BiosSetup, POWER_RESET),
    (104, BootFrom::Normal, POWER_ON),
    (105, BootFrom::Https, POWER_RESET),
    (106, BootFrom::Https, POWER_ON),
    (107, BootFrom::Image, POWER_RESET),
    (108, BootFrom::Image, POWER_ON),
    (109, BootFrom::WinRe, POWER_RESET),
    (110, BootFrom::WinRe, POWER_ON),
    (200, BootFrom::IderFloppy, POWER_RESET),
    (201, BootFrom::IderFloppy, POWER_ON),
    (202, BootFrom::IderCd, POWER_RESET),
    (203, BootFrom::IderCd, POWER_ON),
    (300, BootFrom::Diagnostic, POWER_ON),
    (301, BootFrom::Diagnostic, POWER_RESET),
    (400, BootFrom::Pxe, POWER_RESET),
    (401, BootFrom::Pxe, POWER_ON),
    (402, BootFrom::Disk, POWER_RESET),
    (403, BootFrom::Disk, POWER_ON),
];

impl BootAction {
    /// The action of a number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        ACTIONS
            .into_iter()
            .find(|(known, ..)| *known == number)
            .map(|(_, from, power)| Self { from, power })
    }
}

impl BootFrom {
    /// Whether it is one-click recovery.
    #[must_use]
    pub const fn is_recovery(self) -> bool {
        matches!(self, Self::Https | Self::Image | Self::WinRe)
    }
}

/// What the platform computes itself and refuses to be given.
const READ_ONLY: [&str; 10] = [
    "WinREBootEnabled",
    "UEFILocalPBABootEnabled",
    "UEFIHTTPSBootEnabled",
    "SecureBootControlEnabled",
    "BootguardStatus",
    "OptionsCleared",
    "BIOSLastStatus",
    "RPEEnabled",
    "RSEPassword",
    "UefiBootParametersArray",
];
/// Flags that one boot may set; each boot clears them.
const FLAGS: [&str; 14] = [
    "BIOSPause",
    "BIOSSetup",
    "ConfigurationDataReset",
    "ForcedProgressEvents",
    "LockKeyboard",
    "LockPowerButton",
    "LockResetButton",
    "LockSleepButton",
    "ReflashBIOS",
    "SecureErase",
    "UseIDER",
    "UseSOL",
    "UseSafeMode",
    "UserPasswordBypass",
];
const NUMBERS: [&str; 4] =
    ["BootMediaIndex", "FirmwareVerbosity", "IDERBootDevice", "UefiBootNumberOfParams"];

/// Makes of the settings that were read those that can be written: nothing special at the next boot.
#[must_use]
pub fn cleared(mut settings: Instance) -> Instance {
    settings.properties.retain(|(name, _)| !READ_ONLY.contains(&name.as_str()));
    for flag in FLAGS {
        set_known(&mut settings, flag, false.into());
    }
    for number in NUMBERS {
        set_known(&mut settings, number, 0.into());
    }
    settings
}

/// Firmware refuses properties that its generation does not have.
fn set_known(settings: &mut Instance, name: &str, value: Value) {
    if settings.get(name).is_some() {
        settings.set(name, [value]);
    }
}

/// Parameters of one-click recovery, as the platform's firmware reads them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecoveryParameters {
    bytes: Vec<u8>,
    count: u32,
}

/// A parameter is longer than firmware takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} has more than {limit} bytes")]
pub struct TooLong {
    /// Which one.
    pub what: &'static str,
    /// Its limit.
    pub limit: usize,
}

/// Intel's number in the parameters.
const INTEL: u16 = 0x8086;

impl RecoveryParameters {
    /// For a boot over HTTPS.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn https(url: &str, user: Option<&str>, password: Option<&str>) -> Result<Self, TooLong> {
        let mut all = Self::default();
        all.add(1, "the URL", url.as_bytes(), 300)?;
        all.add(20, "the flag", &[1], 1)?;
        if let Some(user) = user.filter(|text| !text.is_empty()) {
            all.add(40, "the user", user.as_bytes(), 16)?;
        }
        if let Some(password) = password.filter(|text| !text.is_empty()) {
            all.add(41, "the password", password.as_bytes(), 16)?;
        }
        Ok(all)
    }

    /// For a file on the disk.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn file(path: &str) -> Result<Self, TooLong> {
        let mut all = Self::default();
        all.add(2, "the path", path.as_bytes(), 300)?;
        let length = u16::try_from(path.len()).unwrap_or(u16::MAX);
        all.add(3, "the length", &length.to_le_bytes(), 2)?;
        Ok(all)
    }

    /// For the erasure of a platform: what, and the password of its SSDs.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn erase(mask: u32, ssd_password: Option<&str>) -> Result<Self, TooLong> {
        let mut all = Self::default();
        all.add(1, "the mask", &mask.to_le_bytes(), 4)?;
        if let Some(password) = ssd_password.filter(|text| !text.is_empty()) {
            all.add(20, "the SSD password", password.as_bytes(), 64)?;
        }
        Ok(all)
    }

    /// The bytes: for each parameter vendor, type, length, and value, little-endian.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    fn add(
        &mut self,
        kind: u16,
        what: &'static str,
        value: &[u8],
        limit: usize,
    ) -> Result<(), TooLong> {
        if value.len() > limit {
            return Err(TooLong { what, limit });
        }
        self.bytes.extend_from_slice(&INTEL.to_le_bytes());
        self.bytes.extend_from_slice(&kind.to_le_bytes());
        self.bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
        self.bytes.extend_from_slice(value);
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BootAction, BootFrom, POWER_ON, RecoveryParameters, TooLong, cleared};
    use crate::wsman::{Instance, ResourceUri};

    #[test]
    fn the_numbers_of_the_toolkit_mean_what_they_mean_there() {
        let action = BootAction::from_number(401).unwrap();
        assert_eq!((action.from, action.power), (BootFrom::Pxe, POWER_ON));
        for number in [0, 99, 102, 103, 111, 204, 302, 404, 500, 501] {
            assert_eq!(BootAction::from_number(number), None, "{number}");
        }
    }

    #[test]
    fn settings_are_cleared_and_what_the_platform_computes_is_left_out() {
        let mut read = Instance::new(ResourceUri::of_class("AMT_BootSettingData").unwrap());
        for (name, value) in [
            ("BIOSLastStatus", "2"),
            ("BIOSSetup", "true"),
            ("BootMediaIndex", "3"),
            ("ElementName", "Intel(r) AMT Boot Configuration Settings"),
            ("OptionsCleared", "true"),
            ("UseSOL", "true"),
        ] {
            read.set(name, [value.into()]);
        }
        let written = cleared(read);
        let names: Vec<&str> = written.properties.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["BIOSSetup", "BootMediaIndex", "ElementName", "UseSOL"]);
        assert_eq!(written.text("UseSOL"), Some("false"));
        assert_eq!(written.text("BootMediaIndex"), Some("0"));
    }

    #[test]
    fn parameters_are_vendor_type_length_value_in_little_endian() {
        let all = RecoveryParameters::https("https://x", None, Some("pw")).unwrap();
        assert_eq!(all.count(), 3);
        let expected = [
            &b"\x86\x80\x01\x00\x09\x00\x00\x00https://x"[..],
            b"\x86\x80\x14\x00\x01\x00\x00\x00\x01",
            b"\x86\x80\x29\x00\x02\x00\x00\x00pw",
        ]
        .concat();
        assert_eq!(all.bytes(), expected);
        let long = "p".repeat(17);
        assert_eq!(
            RecoveryParameters::https("https://x", None, Some(&long)),
            Err(TooLong { what: "the password", limit: 16 })
        );
    }
}
