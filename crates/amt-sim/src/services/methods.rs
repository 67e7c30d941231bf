//! What methods do: those of class groups, and the others by the effect that the profile gives them.

use std::sync::Arc;

use amt::wsman::{Fault, Outcome, Properties, Subcode, Target};

use super::{group, host::Host, power, profile::Effect};

/// CIM's word for an argument out of range.
const INVALID_PARAMETER: u32 = 5;

/// Calls a method of an instance.
pub(super) fn invoke(
    host: &Arc<Host>,
    target: &Target,
    name: &str,
    arguments: &Properties,
) -> Result<Outcome, Fault> {
    if let Some(returned) = group::invoke(host, target, name, arguments) {
        return returned.map(|output| Outcome::Invoked { method: name.to_owned(), output });
    }
    let class = target.resource.class_name();
    host.store().get(target, host.power())?;
    let method = host.profile().method(class, name).ok_or_else(|| {
        Fault::sender(Subcode::ActionNotSupported, format!("{class} has no method {name}"))
    })?;
    let mut output = Properties::new();
    let value = match &method.effect {
        Effect::Reply(results) => {
            output = host.store().filler().properties(results);
            0
        }
        Effect::SetNumber { argument, property, allowed } => {
            let number = number(arguments, argument)?;
            let right = allowed.contains(&number);
            let done = right && host.store().set_number(target, property, number);
            if done { 0 } else { INVALID_PARAMETER }
        }
        Effect::Power => power::request(host, number(arguments, "PowerState")?) as u32,
    };
    output.push(("ReturnValue".into(), value.into()));
    Ok(Outcome::Invoked { method: name.to_owned(), output })
}

fn number(arguments: &Properties, name: &str) -> Result<u32, Fault> {
    arguments
        .iter()
        .find(|(n, _)| n == name)
        .and_then(|(_, value)| value.as_text())
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| {
            let reason = format!("the argument {name} is missing or not a number");
            Fault::sender(Subcode::InvalidParameter, reason)
        })
}
