//! What may be asked of the next boot, by whom, and together with what.

use amt::wsman::{Fault, Properties, Subcode, Target};

use super::parameters;
use crate::services::{
    host::Host,
    live::Live,
    methods::{INVALID_PARAMETER, NOT_SUPPORTED, SUCCESS, number},
    store::{Plan, refused},
};

/// Options and the capability that each needs.
const OPTIONS: [(&str, &str); 15] = [
    ("BIOSPause", "BIOSPause"),
    ("BIOSSetup", "BIOSSetup"),
    ("ReflashBIOS", "BIOSReflash"),
    ("ConfigurationDataReset", "ConfigurationDataReset"),
    ("UseIDER", "IDER"),
    ("UseSOL", "SOL"),
    ("UseSafeMode", "ForceHardDriveSafeModeBoot"),
    ("UserPasswordBypass", "UserPasswordBypass"),
    ("LockKeyboard", "KeyboardLock"),
    ("LockPowerButton", "PowerButtonLock"),
    ("LockResetButton", "ResetButtonLock"),
    ("LockSleepButton", "SleepButtonLock"),
    ("ForcedProgressEvents", "ForcedProgressEvents"),
    ("SecureErase", "SecureErase"),
    ("EnforceSecureBoot", "BIOSSecureBoot"),
];
/// Those that need the consent of the person at the PC.
const NEED_CONSENT: [&str; 8] = [
    "BIOSPause",
    "BIOSSetup",
    "ReflashBIOS",
    "UseIDER",
    "UseSOL",
    "UserPasswordBypass",
    "SecureErase",
    "PlatformErase",
];
/// Those that cannot go with a boot source.
const NOT_WITH_A_SOURCE: [&str; 6] =
    ["BIOSPause", "BIOSSetup", "ReflashBIOS", "UseIDER", "UseSOL", "UseSafeMode"];
const CD: &str = "Intel(r) AMT: Force CD/DVD Boot";
/// Bits of CIM_BootService.EnabledState.
const STATES: u32 = 32768;
const RECOVERY: u32 = 1;
const ERASURE: u32 = 2;

/// Judges a Put of AMT_BootSettingData.
pub(in crate::services) fn before_put(host: &Host, plan: &Plan) -> Result<(), Fault> {
    let is_set = |name: &str| plan.after.text(name) == Some("true");
    for (option, capability) in OPTIONS {
        let capable = host.store().truth("AMT_BootCapabilities", capability);
        if is_set(option) && plan.changes(option) && !capable {
            return Err(refused(format!("this PC cannot do {option}: see AMT_BootCapabilities")));
        }
    }
    let number = |name: &str| plan.after.text(name).and_then(|text| text.parse::<u32>().ok());
    if number("IDERBootDevice").is_some_and(|device| device > 1) {
        return Err(refused("IDERBootDevice is 0 for a floppy or 1 for a CD".into()));
    }
    if number("FirmwareVerbosity").is_some_and(|verbosity| verbosity > 3) {
        return Err(refused("FirmwareVerbosity is 0 to 3".into()));
    }
    if plan.after.get("UefiBootNumberOfParams").is_some() {
        parameters::check(&plan.after).map_err(refused)?;
    }
    if is_set("PlatformErase") && service_state(host) & ERASURE == 0 {
        let reason = "platform erase is switched off: see CIM_BootService.RequestStateChange";
        return Err(Fault::sender(Subcode::AccessDenied, reason));
    }
    let source = host.boot().order.clone();
    if let Some(source) = source
        && let Some(option) = clash(
            &source,
            |name| plan.after.text(name) == Some("true"),
            || number("IDERBootDevice").unwrap_or(0),
        )
    {
        return Err(refused(format!("{option} cannot go with the boot source {source}")));
    }
    if host.consent_is_missing(false) && NEED_CONSENT.into_iter().any(is_set) {
        let reason = "the person at the PC must consent first: see IPS_OptInService";
        return Err(Fault::sender(Subcode::AccessDenied, reason));
    }
    Ok(())
}

/// Something is asked of the next boot unless every option was taken back.
pub(in crate::services) fn after_put(host: &Host, plan: &Plan) {
    let is_set = |name: &str| plan.after.text(name) == Some("true");
    let any = OPTIONS.iter().any(|(option, _)| is_set(option)) || is_set("PlatformErase");
    let mut boot = host.boot();
    boot.cleared = !any && boot.order.is_none();
}

/// CIM_BootConfigSetting.ChangeBootOrder: what to boot from, or nothing.
pub(in crate::services) fn change_order(host: &Host, arguments: &Properties) -> Result<u32, Fault> {
    let sources: Vec<_> = arguments.iter().filter(|(name, _)| name == "Source").collect();
    let wanted = match sources.as_slice() {
        [] => None,
        [(_, value)] => match value.as_reference() {
            Some(reference) => Some(reference),
            None if value.as_text().is_none_or(|text| text.trim().is_empty()) => None,
            None => return Ok(INVALID_PARAMETER),
        },
        _ => return Ok(INVALID_PARAMETER),
    };
    let Some(reference) = wanted else {
        let mut boot = host.boot();
        boot.order = None;
        return Ok(SUCCESS);
    };
    if reference.resource.class_name() != "CIM_BootSourceSetting" {
        return Ok(INVALID_PARAMETER);
    }
    let target =
        Target { resource: reference.resource.clone(), selectors: reference.selectors.clone() };
    let Ok(source) = host.store().get(&target, &Live::default()) else {
        return Ok(INVALID_PARAMETER);
    };
    let source = source.text("InstanceID").unwrap_or_default().to_owned();
    if host.consent_is_missing(false) {
        let reason = "the person at the PC must consent first: see IPS_OptInService";
        return Err(Fault::sender(Subcode::AccessDenied, reason));
    }
    if source.contains("Force OCR") && service_state(host) & RECOVERY == 0 {
        return Ok(NOT_SUPPORTED);
    }
    let clashes = {
        let store = host.store();
        let flag = |name: &str| store.truth("AMT_BootSettingData", name);
        let device = || store.number("AMT_BootSettingData", "IDERBootDevice").unwrap_or(0);
        clash(&source, flag, device).is_some()
    };
    if clashes {
        return Ok(INVALID_PARAMETER);
    }
    let mut boot = host.boot();
    boot.order = Some(source);
    boot.cleared = false;
    Ok(SUCCESS)
}

/// The option that cannot go with a source. A redirected CD goes with the source CD: both name the
/// same drive, and consoles set both.
fn clash(
    source: &str,
    is_set: impl Fn(&str) -> bool,
    device: impl FnOnce() -> u32,
) -> Option<&'static str> {
    let redirected_cd = source == CD && is_set("UseIDER") && device() == 1;
    let clashing = NOT_WITH_A_SOURCE.into_iter().filter(|option| is_set(option));
    clashing.into_iter().find(|option| !(redirected_cd && *option == "UseIDER"))
}

/// CIM_BootService.SetBootConfigRole: whether the configuration counts for the next boot.
pub(in crate::services) fn set_role(host: &Host, arguments: &Properties) -> Result<u32, Fault> {
    let role = match number(arguments, "Role")? {
        1 => true,
        0 | 32768 => false,
        _ => return Ok(INVALID_PARAMETER),
    };
    host.boot().role = role;
    Ok(SUCCESS)
}

/// CIM_BootService.RequestStateChange: recovery boot and platform erase, on or off.
pub(in crate::services) fn set_service_state(
    host: &Host,
    target: &Target,
    arguments: &Properties,
) -> Result<u32, Fault> {
    let state = number(arguments, "RequestedState")?;
    let Some(bits) = state.checked_sub(STATES).filter(|bits| *bits <= RECOVERY | ERASURE) else {
        return Ok(INVALID_PARAMETER);
    };
    let can_erase = host.store().number("AMT_BootCapabilities", "PlatformErase").unwrap_or(0) != 0;
    if bits & ERASURE != 0 && !can_erase {
        return Ok(NOT_SUPPORTED);
    }
    host.store().set(target, "EnabledState", state);
    Ok(SUCCESS)
}

/// Whether the platform may be erased.
pub(in crate::services) fn erasure_is_on(host: &Host) -> bool {
    service_state(host) & ERASURE != 0
}

fn service_state(host: &Host) -> u32 {
    let state = host.store().number("CIM_BootService", "EnabledState").unwrap_or(0);
    state.saturating_sub(STATES)
}

/// What is to be erased at the next boot: only what this PC can erase.
pub(super) fn wanted_erasure(host: &Host) -> u32 {
    let (erase, able) = {
        let store = host.store();
        let able = store.number("AMT_BootCapabilities", "PlatformErase").unwrap_or(0);
        (store.truth("AMT_BootSettingData", "PlatformErase"), able)
    };
    if !erase || !host.boot().role {
        return 0;
    }
    parameters::erasure(host).unwrap_or(super::erase::DRIVES) & able
}
