//! Setting a platform up and taking that back (AMT_SetupAndConfigurationService).

use std::{convert::Infallible, sync::Arc, time::Duration};

use amt::wsman::{Fault, Properties};

use crate::Configuration;

use super::{
    boot::Boot,
    host::Host,
    methods::{INVALID_PARAMETER, SUCCESS, argument},
    users::Accounts,
};

/// The answer to whoever asked for it still gets out.
const FAREWELL: Duration = Duration::from_millis(300);

/// Takes all settings back: the platform leaves its server and serves nobody until somebody sets it
/// up again at the PC. What the BIOS knows of its last boot stays. Must run within a tokio runtime.
pub(super) fn unprovision(host: &Arc<Host>) {
    host.store().reset();
    *host.accounts() = Accounts::new(host.config());
    host.cancel_consent();
    {
        let mut boot = host.boot();
        *boot = Boot {
            last: boot.last.clone(),
            drive_is_empty: boot.drive_is_empty,
            erased: boot.erased,
            previous_sx: boot.previous_sx,
            ..Boot::default()
        };
    }
    let host = Arc::clone(host);
    tokio::spawn(async move {
        tokio::time::sleep(FAREWELL).await;
        host.set_provisioned(false);
        let forget = |configuration: &mut Configuration| -> Result<(), Infallible> {
            *configuration = Configuration::default();
            Ok(())
        };
        let Ok(()) = host.shared().change(forget);
        host.shared().close_tunnel();
        host.changed();
    });
}

/// Settings of TLS count from here on.
pub(super) fn commit(host: &Host) -> u32 {
    host.commit_tls();
    SUCCESS
}

/// The password of the menu at the PC: eight to 32 characters of four kinds.
pub(super) fn set_mebx_password(arguments: &Properties) -> Result<u32, Fault> {
    let password = argument(arguments, "Password").and_then(|v| v.as_text()).unwrap_or_default();
    Ok(if is_strong(password) { SUCCESS } else { INVALID_PARAMETER })
}

/// AMT's rule for passwords.
pub(super) fn is_strong(password: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| password.as_bytes().iter().any(kind);
    (8..=32).contains(&password.len())
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_punctuation)
}
