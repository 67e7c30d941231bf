//! The PC's power: as it is, and as it shall be.

use super::{
    features::class,
    hardware::{get, list},
    json::{self, flag, number, text},
    visit::{Asked, Fields, Visit},
};
use crate::{
    access::Action,
    api::{refusal::Refusal, refusal_said},
    command::{CommandError, DeviceCommands},
};
use amt::{
    boot,
    wsman::{Instance, Properties, Reference},
};
use axum::{Json, http::StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use viaduct_api::Code;

/// Clients ask for the power state every few seconds; a device that is slow to tell is as good as silent.
const STATE_DEADLINE: Duration = Duration::from_secs(10);
/// The one association that every platform has of those that tell the power state.
const POWER: &str = "CIM_AssociatedPowerManagementService";
const SAVING: &str = "IPS_PowerManagementService";
/// What `RequestPowerStateChange` answers while an earlier request is under way (DMTF, CIM_PowerManagementService): it
/// did nothing, so that it may be asked again.
const BUSY: u32 = 4099;
/// How often and how many times a busy PC is asked again: a reset keeps it busy for a few seconds.
const BUSY_PAUSE: Duration = Duration::from_millis(500);
const BUSY_TRIES: usize = 20;

/// `GET /amt/power/state`.
pub(super) async fn state(asked: Asked) -> Result<Json<Value>, Refusal> {
    let visit = asked.connected()?;
    let read = async {
        let mut device = visit.commands("power state").await?;
        let saving = saving(&mut device).await?;
        let saving = saving.map_or(0, |service| number(&service, "OSPowerSavingState"));
        let power = power_state(&mut device).await?;
        Ok(json!({ "powerstate": power, "OSPowerSavingState": saving }))
    };
    match timeout(STATE_DEADLINE, read).await {
        Ok(result) => result.map(Json),
        Err(_) => Err(CommandError::Silent.into()),
    }
}

/// The operating system's power saving, where the platform tells of it. One that is silent here is not asked further.
async fn saving(device: &mut DeviceCommands) -> Result<Option<Instance>, CommandError> {
    match device.get_if_had(SAVING).await {
        Err(error) if error.is_answer() => Ok(None),
        other => other,
    }
}

/// The power state by one request; by two where the platform only lists what it is a kind of, as Open AMT's MPS asks.
async fn power_state(device: &mut DeviceCommands) -> Result<i64, CommandError> {
    match device.get_if_had(POWER).await {
        Ok(Some(service)) if service.get("PowerState").is_some() => {
            return Ok(number(&service, "PowerState"));
        }
        Err(error) if !error.is_answer() => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let services = device.enumerate("CIM_ServiceAvailableToElement").await?;
    let power = services.iter().find(|service| service.get("PowerState").is_some());
    Ok(power.map_or(0, |service| number(service, "PowerState")))
}

/// Whether the PC is on, so that a reset would boot it; else it must be switched on.
pub(super) async fn is_on(device: &mut DeviceCommands) -> Result<bool, CommandError> {
    Ok(power_state(device).await? == 2)
}

/// What `POST /amt/power/action` takes.
const ACTIONS: std::ops::RangeInclusive<u32> = 2..=17;

/// The right that a power request needs beyond the one to switch on.
pub(super) fn right(action: u32) -> Action {
    match action {
        2 | 500 | 501 => Action::PowerOn,
        3 | 4 | 7 => Action::PowerSleep,
        5 | 10 | 11 | 14..=17 => Action::PowerReset,
        _ => Action::PowerOff,
    }
}

/// The right that the power request in a body needs.
pub(in crate::api) fn right_of(body: &[u8]) -> Option<Action> {
    let action: u32 = Fields::parse(body).ok()?.optional("action", "").ok()??;
    Some(right(action))
}

/// `POST /amt/power/action`.
pub(super) async fn action(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let msg = "expected a power action: 2 to 17, 500 or 501";
    let action = fields.required::<u32>("action", msg)?;
    if !ACTIONS.contains(&action) && !matches!(action, 500 | 501) || action == 9 {
        return Err(Fields::bad("action", action.into(), msg));
    }
    run(asked, action).await
}

/// Runs a power action that has been checked.
pub(super) async fn run(asked: Asked, action: u32) -> Result<Json<Value>, Refusal> {
    asked.caller.may(&asked.api, right(action))?;
    let visit = asked.connected()?;
    let mut as_what = visit.clone();
    as_what.caller.action = Some(right(action));
    as_what.command(format!("power {}", name(action)), request(visit, action)).await.map(Json)
}

/// By what the command goes in events and figures.
fn command_name(action: u32) -> &'static str {
    match right(action) {
        Action::PowerSleep => "power sleep",
        Action::PowerReset => "power reset",
        Action::PowerOff => "power off",
        _ if matches!(action, 500 | 501) => "power saving",
        _ => "power on",
    }
}

async fn request(visit: Visit, action: u32) -> Result<Value, Refusal> {
    let _turn = visit.api.commands.boot_turn(visit.device.id).await?;
    let mut device = visit.commands(command_name(action)).await?;
    if let Some(settings) = get(&mut device, "AMT_BootSettingData").await? {
        let settings = boot::cleared(settings);
        device.put(class("AMT_BootSettingData")?, settings).await.map_err(consent)?;
    }
    if let Some(saving) = action.checked_sub(498).filter(|state| matches!(state, 2 | 3)) {
        return Ok(save(&mut device, saving).await?);
    }
    // A boot source that an earlier caller chose must not surprise this one.
    clear_source(&mut device).await?;
    if action == boot::POWER_ON {
        wake(&mut device).await?;
    }
    Ok(change_state(&mut device, action).await?)
}

/// Takes a boot source back that was chosen and not used. Platforms without boot control have none.
async fn clear_source(device: &mut DeviceCommands) -> Result<(), Refusal> {
    match change_boot_order(device, None).await {
        Err(error) if error.is_absent() => Ok(()),
        other => other.map_err(consent),
    }
}

/// The operating system's power saving: 2 on, 3 off.
async fn save(device: &mut DeviceCommands, state: u32) -> Result<Value, CommandError> {
    let service = device.get(SAVING).await?;
    if number(&service, "OSPowerSavingState") == i64::from(state) {
        return Ok(json!({ "Body": saved(0) }));
    }
    let output = request_saving(device, state).await?;
    Ok(json!({ "Body": saved(output) }))
}

/// A PC in modern standby does not wake up by being switched on, only by leaving power saving.
async fn wake(device: &mut DeviceCommands) -> Result<(), CommandError> {
    let service = saving(device).await?;
    if service.is_some_and(|service| number(&service, "OSPowerSavingState") == 3) {
        request_saving(device, 2).await?;
    }
    Ok(())
}

async fn request_saving(device: &mut DeviceCommands, state: u32) -> Result<u32, CommandError> {
    let arguments = vec![
        ("OSPowerSavingState".to_owned(), state.into()),
        ("ManagedElement".to_owned(), system().into()),
    ];
    let method = "RequestOSPowerSavingStateChange";
    Ok(device.invoke(class(SAVING)?, method, arguments).await?.value)
}

fn saved(value: u32) -> Value {
    let name = amt::status::cim_name(value).unwrap_or("UNKNOWN");
    json!({ "ReturnValue": value, "ReturnValueStr": name })
}

/// The request itself. What AMT says to it is the answer, also when it is no; only a PC that is still busy with the
/// request before is asked again for a while.
pub(super) async fn change_state(
    device: &mut DeviceCommands,
    state: u32,
) -> Result<Value, CommandError> {
    let arguments: Properties = vec![
        ("PowerState".to_owned(), state.into()),
        ("ManagedElement".to_owned(), system().into()),
    ];
    let service = class("CIM_PowerManagementService")?;
    let method = "RequestPowerStateChange";
    let mut tries = 0;
    loop {
        let output = device.invoke(service.clone(), method, arguments.clone()).await?;
        if output.value != BUSY || tries == BUSY_TRIES {
            return Ok(json::method(device.envelope(), output.value));
        }
        tries += 1;
        sleep(BUSY_PAUSE).await;
    }
}

/// Chooses what boots next; none takes the choice back.
pub(super) async fn change_boot_order(
    device: &mut DeviceCommands,
    source: Option<&str>,
) -> Result<(), CommandError> {
    let source = source.and_then(|id| {
        Reference::of_class("CIM_BootSourceSetting", &[("InstanceID", id)])
            .map(|source| ("Source".to_owned(), source.into()))
    });
    let arguments = source.into_iter().collect();
    let target = class("CIM_BootConfigSetting")?.with("InstanceID", boot::CONFIGURATION);
    let output = device.invoke(target, "ChangeBootOrder", arguments).await?;
    checked("CIM_BootConfigSetting", "ChangeBootOrder", output.value)
}

pub(super) fn checked(class: &str, method: &str, value: u32) -> Result<(), CommandError> {
    match value {
        0 => Ok(()),
        value => {
            let (class, method) = (class.to_owned(), method.to_owned());
            Err(CommandError::Returned { class, method, value })
        }
    }
}

/// Steps of a boot that AMT denies: somebody at the PC must agree first.
pub(super) fn consent(error: CommandError) -> Refusal {
    let denied =
        error.is_denied() || matches!(&error, CommandError::Returned { value: 16 | 2081, .. });
    match denied {
        // 409 would tell Open AMT's web page that somebody else changed the object.
        true => Refusal::new(Code::ConsentNeeded, error.to_string())
            .said(refusal_said::consent())
            .sent_as(StatusCode::FORBIDDEN),
        false => error.into(),
    }
}

fn system() -> Reference {
    let keys = [("CreationClassName", "CIM_ComputerSystem"), ("Name", "ManagedSystem")];
    Reference::of_class("CIM_ComputerSystem", &keys).unwrap_or_default()
}

/// A power action in words.
pub(super) fn name(action: u32) -> String {
    let word = match action {
        2 => "on",
        3 => "light sleep",
        4 => "sleep",
        5 => "cycle",
        6 => "off (hard)",
        7 => "hibernate",
        8 => "off",
        10 => "reset",
        11 => "non-maskable interrupt",
        12 => "graceful off",
        14 => "graceful reset",
        15 | 16 => "graceful cycle",
        17 => "diagnostic interrupt",
        500 => "power saving on",
        501 => "power saving off",
        other => return format!("action {other}"),
    };
    word.to_owned()
}

/// `GET /amt/power/capabilities`: what can be asked for, with the number of each action.
pub(super) async fn capabilities(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("power capabilities").await?;
    let software = list(&mut device, "CIM_SoftwareIdentity").await?;
    let _setup = device.get("AMT_SetupAndConfigurationService").await?;
    let can = device.get("AMT_BootCapabilities").await?;
    let amt = software.iter().find(|entry| text(entry, "InstanceID") == "AMT");
    let version = amt.map(|entry| text(entry, "VersionString")).unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let mut all = Map::new();
    let mut add = |entries: &[(&str, u32)]| {
        all.extend(entries.iter().map(|(label, action)| ((*label).to_owned(), (*action).into())));
    };
    add(&[("Power up", 2), ("Power cycle", 5), ("Power down", 8), ("Reset", 10)]);
    // From AMT 10 on the operating system can be asked.
    if major.is_none_or(|major| major > 9) {
        add(&[("Soft-off", 12), ("Soft-reset", 14), ("Sleep", 4), ("Hibernate", 7)]);
    }
    if flag(&can, "BIOSSetup") {
        add(&[("Power up to BIOS", 100), ("Reset to BIOS", 101)]);
    }
    if flag(&can, "SecureErase") {
        add(&[("Reset to Secure Erase", 104)]);
    }
    add(&[
        ("Reset to IDE-R Floppy", 200),
        ("Power on to IDE-R Floppy", 201),
        ("Reset to IDE-R CDROM", 202),
        ("Power on to IDE-R CDROM", 203),
    ]);
    if flag(&can, "ForceDiagnosticBoot") {
        add(&[("Power on to diagnostic", 300), ("Reset to diagnostic", 301)]);
    }
    add(&[("Reset to PXE", 400), ("Power on to PXE", 401)]);
    Ok(Json(Value::Object(all)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_action_is_recorded_as_what_it_is() {
        for (actions, right_of) in [
            (&[2, 500, 501][..], Action::PowerOn),
            (&[3, 4, 7], Action::PowerSleep),
            (&[5, 10, 11, 14, 15, 16, 17], Action::PowerReset),
            (&[6, 8, 12, 13], Action::PowerOff),
        ] {
            for action in actions {
                assert_eq!(right(*action), right_of, "{action}");
            }
        }
    }
}
