//! What a PC boots from.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::parameters::{self, Parameter};
use crate::services::{host::Host, logs::Event};

/// What a PC has booted from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootSource {
    /// Its own drive: the operating system.
    #[default]
    HardDrive,
    /// The network (PXE).
    Network,
    /// A disc in its own drive.
    Optical,
    /// The BIOS set-up, waiting for somebody.
    Setup,
    /// A floppy that a console redirects.
    RedirectedFloppy,
    /// A disc that a console redirects.
    RedirectedDisc,
    /// An image from a URL (UEFI HTTPS boot).
    Https {
        /// Where from.
        url: String,
    },
    /// A file on its own drive: Windows recovery, or a pre-boot application.
    File {
        /// Which one.
        path: String,
    },
    /// There was nothing to boot from.
    Nothing,
}

impl fmt::Display for BootSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HardDrive => f.write_str("hard drive"),
            Self::Network => f.write_str("network (PXE)"),
            Self::Optical => f.write_str("CD/DVD"),
            Self::Setup => f.write_str("BIOS setup"),
            Self::RedirectedFloppy => f.write_str("redirected floppy (IDE-R)"),
            Self::RedirectedDisc => f.write_str("redirected CD/DVD (IDE-R)"),
            Self::Https { url } => write!(f, "HTTPS boot of {url}"),
            Self::File { path } => write!(f, "boot of {path}"),
            Self::Nothing => f.write_str("nothing: no bootable medium"),
        }
    }
}

/// The last boot of a PC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastBoot {
    /// What it booted from.
    pub source: BootSource,
    /// A console had asked for something, and this boot used it up.
    pub by_amt: bool,
    /// It was a recovery for which a console did not want Secure Boot enforced.
    pub unguarded: bool,
    /// When, in seconds since 1970 by the platform's clock.
    pub at: i64,
}

impl fmt::Display for LastBoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without = if self.unguarded { ", without Secure Boot" } else { "" };
        write!(f, "{}{without}", self.source)
    }
}

/// What was asked for, if it counts and can be had. With nothing asked, the PC takes a redirected disc
/// first where there is one, as a BIOS does with removable media.
pub(super) fn choose(host: &Host) -> BootSource {
    let (order, counts) = {
        let boot = host.boot();
        (boot.order.clone(), boot.role)
    };
    let usual = match host.seats().drives_are_on() {
        true => BootSource::RedirectedDisc,
        false => BootSource::HardDrive,
    };
    if !counts {
        return usual;
    }
    let (setup, use_ider, device) = {
        let store = host.store();
        let flag = |name| store.truth("AMT_BootSettingData", name);
        let device = store.number("AMT_BootSettingData", "IDERBootDevice").unwrap_or(0);
        (flag("BIOSSetup"), flag("UseIDER"), device)
    };
    if setup {
        return BootSource::Setup;
    }
    if use_ider {
        if !host.seats().drives_are_on() {
            host.record(Event::no_bootable_medium());
            return BootSource::HardDrive;
        }
        return if device == 0 { BootSource::RedirectedFloppy } else { BootSource::RedirectedDisc };
    }
    match order.as_deref() {
        Some("Intel(r) AMT: Force PXE Boot") => BootSource::Network,
        Some("Intel(r) AMT: Force CD/DVD Boot") => BootSource::Optical,
        Some("Intel(r) AMT: Force OCR UEFI HTTPS Boot") => from_url(host),
        Some(option) if option.starts_with("Intel(r) AMT: Force OCR UEFI Boot Option") => {
            from_file(host, option)
        }
        Some(_) => BootSource::HardDrive,
        None => usual,
    }
}

fn from_url(host: &Host) -> BootSource {
    let found = parameters::of(host).into_iter().find_map(|parameter| match parameter {
        Parameter::Url(url) => Some(url),
        Parameter::Path(_) | Parameter::Other { .. } => None,
    });
    found.map_or(BootSource::Nothing, |url| BootSource::Https { url })
}

/// The path that was given, or the one that the option names itself.
fn from_file(host: &Host, option: &str) -> BootSource {
    let given = parameters::of(host).into_iter().find_map(|parameter| match parameter {
        Parameter::Path(path) if !path.is_empty() => Some(path),
        Parameter::Path(_) | Parameter::Url(_) | Parameter::Other { .. } => None,
    });
    let own = || {
        let target = amt::wsman::Target::class("CIM_BootSourceSetting")?.with("InstanceID", option);
        let instance = host.store().get(&target, &super::super::live::Live::default()).ok()?;
        instance.text("BootString").map(str::to_owned)
    };
    given.or_else(own).map_or(BootSource::Nothing, |path| BootSource::File { path })
}
