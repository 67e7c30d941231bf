//! Boot: what consoles ask for, what the PC then boots from, and that it does so once.

mod options;
mod parameters;
mod source;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use source::{BootSource, LastBoot};

pub(super) use options::{
    after_put, before_put, change_order, erasure_is_on, set_role, set_service_state,
};
pub(super) use parameters::without_stale as without_stale_parameters;

use super::{
    host::Host,
    logs::{Event, progress},
    power, setup,
};

/// Bits of AMT_BootCapabilities.PlatformErase.
pub(super) mod erase {
    /// All solid-state drives.
    pub(in crate::services) const DRIVES: u32 = 0x4;
    /// The management engine's own configuration.
    pub(in crate::services) const ENGINE: u32 = 0x1_0000;
}

/// What is asked of the next boot, beside AMT_BootSettingData, and what became of the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Boot {
    /// The InstanceID of a CIM_BootSourceSetting.
    pub(super) order: Option<String>,
    /// The configuration counts for the next boot.
    pub(super) role: bool,
    /// Nothing is asked of the next boot any more.
    pub(super) cleared: bool,
    pub(super) last: LastBoot,
    pub(super) bios_status: [u32; 2],
    /// The sleep state before the last boot (0 none, 3 to 5).
    pub(super) previous_sx: u32,
    /// What was erased at the last boot, as bits.
    pub(super) erased: u32,
    /// The drive has nothing to boot from.
    pub(super) drive_is_empty: bool,
}

impl Default for Boot {
    fn default() -> Self {
        Self {
            order: None,
            role: false,
            cleared: true,
            last: LastBoot::default(),
            bios_status: [2, 0],
            previous_sx: 0,
            erased: 0,
            drive_is_empty: false,
        }
    }
}

/// The PC starts: it follows what was asked for, once.
pub(super) fn boot(host: &Arc<Host>, from: u8) {
    // A consent that has lapsed meanwhile takes what was asked for along.
    drop(host.consent());
    host.record(Event::firmware_started());
    host.record(Event::progress(progress::MEMORY));
    let erased = options::wanted_erasure(host);
    let source = source::choose(host);
    host.record(Event::progress(progress::VIDEO));
    host.record(Event::progress(progress::PCI));
    let by_amt = !host.boot().cleared;
    let is_recovery = matches!(source, BootSource::Https { .. } | BootSource::File { .. });
    let unguarded = is_recovery && !host.store().truth("AMT_BootSettingData", "EnforceSecureBoot");
    clear(host);
    let nothing_to_boot = {
        let mut boot = host.boot();
        boot.previous_sx = match from {
            power::HIBERNATE => 4,
            _ => 5,
        };
        boot.erased = erased;
        boot.drive_is_empty |= erased & erase::DRIVES != 0;
        let source = match source {
            BootSource::HardDrive if boot.drive_is_empty => BootSource::Nothing,
            other => other,
        };
        boot.last = LastBoot { source, by_amt, unguarded, at: host.clock().now() };
        boot.last.source == BootSource::Nothing
    };
    if nothing_to_boot {
        host.record(Event::no_bootable_medium());
    } else if host.boot().last.source == BootSource::Setup {
        host.record(Event::progress(progress::SETUP));
    } else {
        host.record(Event::progress(progress::OPERATING_SYSTEM));
    }
    if erased & erase::ENGINE != 0 {
        setup::unprovision(host);
    }
    host.changed();
}

/// Nothing is asked of the next boot any more: it was done, or consent or power were lost.
pub(super) fn clear(host: &Host) {
    host.store().restore("AMT_BootSettingData");
    let mut boot = host.boot();
    boot.order = None;
    boot.role = false;
    boot.cleared = true;
}
