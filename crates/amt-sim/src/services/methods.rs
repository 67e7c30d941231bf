//! What methods do, by the effect that the profile gives them.

use std::sync::Arc;

use amt::wsman::{Fault, Properties, Subcode, Target, Value};

use super::{
    alarms, boot, clock, host::Host, live::Live, logs, power, profile::Effect, setup, users, wifi,
};

/// Return values that most methods share.
pub(super) const SUCCESS: u32 = 0;
pub(super) const NOT_SUPPORTED: u32 = 1;
pub(super) const NOT_READY: u32 = 2;
/// CIM's word for an argument out of range.
pub(super) const INVALID_PARAMETER: u32 = 5;
const NOT_PERMITTED: u32 = 16;

/// Calls a method of an instance that data describes; what it returns.
pub(super) fn invoke(
    host: &Arc<Host>,
    target: &Target,
    name: &str,
    arguments: &Properties,
) -> Result<Properties, Fault> {
    let class = target.resource.class_name();
    host.store().get(target, &Live::default())?;
    let methods = host.profile().class(class).map(|data| &data.methods);
    let effect = methods.and_then(|methods| methods.get(name)).cloned().ok_or_else(|| {
        Fault::sender(Subcode::ActionNotSupported, format!("{class} has no method {name}"))
    })?;
    let output = perform(host, target, name, arguments, &effect)?;
    host.changed();
    Ok(output)
}

fn perform(
    host: &Arc<Host>,
    target: &Target,
    name: &str,
    arguments: &Properties,
    effect: &Effect,
) -> Result<Properties, Fault> {
    let value = match effect {
        Effect::Reply(results) => {
            let mut output = host.store().filler().properties(results);
            output.extend(returned(SUCCESS));
            return Ok(output);
        }
        Effect::SetState { allowed } => set_state(host, target, arguments, allowed)?,
        Effect::NotPermitted => NOT_PERMITTED,
        Effect::Power => power::request(host, number(arguments, "PowerState")?) as u32,
        Effect::OsPowerSaving => power::request_os_saving(host, arguments)?,
        Effect::ChangeBootOrder => boot::change_order(host, arguments)?,
        Effect::SetBootConfigRole => boot::set_role(host, arguments)?,
        Effect::BootServiceState => boot::set_service_state(host, target, arguments)?,
        Effect::KvmState => set_kvm_state(host, target, arguments)?,
        Effect::SetSessionState => set_state(host, target, arguments, &[0, 1, 2, 3])?,
        Effect::StartOptIn => host.start_consent(),
        Effect::SendOptInCode => {
            let code = argument(arguments, "OptInCode").and_then(Value::as_text);
            host.send_consent_code(code.unwrap_or_default().trim())
        }
        Effect::CancelOptIn => host.cancel_consent(),
        Effect::EventLog => return logs::invoke_event_log(host, name, arguments),
        Effect::AuditLog => return logs::invoke_audit_log(host, name, arguments),
        Effect::Users => return users::invoke(host, name, arguments),
        Effect::GetTime => return Ok(clock::get(host)),
        Effect::SetTime => clock::set(host, arguments)?,
        Effect::AddAlarm => return alarms::add(host, arguments),
        Effect::SetLinkPreference => wifi::set_link_preference(host, target, arguments)?,
        Effect::AddWifiSettings => return wifi::add(host, arguments),
        Effect::UpdateWifiSettings => return wifi::update(host, arguments),
        Effect::SetCertificates => SUCCESS,
        Effect::CommitChanges => setup::commit(host),
        Effect::SetMebxPassword => setup::set_mebx_password(arguments)?,
        Effect::Unprovision | Effect::PartialUnprovision => {
            setup::unprovision(host);
            SUCCESS
        }
    };
    Ok(returned(value))
}

/// A state that is nothing but kept.
fn set_state(
    host: &Host,
    target: &Target,
    arguments: &Properties,
    allowed: &[u32],
) -> Result<u32, Fault> {
    let argument_name = if argument(arguments, "SessionState").is_some() {
        "SessionState"
    } else {
        "RequestedState"
    };
    let state = number(arguments, argument_name)?;
    if !allowed.contains(&state) {
        return Ok(INVALID_PARAMETER);
    }
    let mut store = host.store();
    store.set(target, "EnabledState", state);
    Ok(SUCCESS)
}

/// CIM_KVMRedirectionSAP.RequestStateChange: 2 on, 3 off.
fn set_kvm_state(host: &Host, target: &Target, arguments: &Properties) -> Result<u32, Fault> {
    let state = number(arguments, "RequestedState")?;
    if !matches!(state, 2 | 3) {
        return Ok(INVALID_PARAMETER);
    }
    host.store().get(target, &Live::default())?;
    host.switch_kvm(state == 2);
    Ok(SUCCESS)
}

/// The results of a method that only says how it went.
pub(super) fn returned(value: u32) -> Properties {
    vec![("ReturnValue".to_owned(), value.into())]
}

/// The first argument of this name.
pub(super) fn argument<'a>(arguments: &'a Properties, name: &str) -> Option<&'a Value> {
    arguments.iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

pub(super) fn number(arguments: &Properties, name: &str) -> Result<u32, Fault> {
    argument(arguments, name)
        .and_then(Value::as_text)
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| {
            let reason = format!("the argument {name} is missing or not a number");
            Fault::sender(Subcode::InvalidParameter, reason)
        })
}
