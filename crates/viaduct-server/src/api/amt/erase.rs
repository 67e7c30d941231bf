//! Remote platform erase.

use super::{
    boot::begin,
    features::set_state,
    json::number,
    power::{change_boot_order, consent, is_on},
    visit::{Asked, Fields, Visit},
};
use crate::api::refusal::Refusal;
use amt::boot::{self, RecoveryParameters};
use axum::Json;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use viaduct_api::Code;

/// What can be erased: the bit of `PlatformErase`, and its key in the API.
const PARTS: [(u32, &str); 4] = [
    (0x4, "secureEraseAllSSDs"),
    (0x40, "tpmClear"),
    (0x400_0000, "restoreBIOSToEOM"),
    (0x1_0000, "unconfigureCSME"),
];

/// `GET /amt/boot/remoteErase`.
pub(super) async fn capabilities(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("erase capabilities").await?;
    let can = device.get("AMT_BootCapabilities").await?;
    let mask = u32::try_from(number(&can, "PlatformErase")).unwrap_or_default();
    Ok(Json(Value::Object(
        PARTS.iter().map(|(bit, key)| ((*key).to_owned(), (mask & bit != 0).into())).collect(),
    )))
}

/// `POST /amt/boot/remoteErase`.
pub(super) async fn erase(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let mut mask = 0;
    for (bit, key) in PARTS {
        if fields.optional::<bool>(key, "expected true or false")?.unwrap_or_default() {
            mask |= bit;
        }
    }
    if mask == 0 {
        return Err(Fields::bad(PARTS[0].1, Value::Null, "nothing is chosen to be erased"));
    }
    let password = fields.optional::<String>("ssdPassword", "expected a text")?;
    let parameters = RecoveryParameters::erase(mask, password.as_deref())
        .map_err(|error| Fields::bad("ssdPassword", Value::Null, &error.to_string()))?;
    let visit = asked.connected()?;
    visit.interrupt()?;
    let chosen: Vec<&str> =
        PARTS.iter().filter(|(bit, _)| mask & bit != 0).map(|(_, key)| *key).collect();
    let work = start(visit.clone(), mask, parameters);
    visit.change(format!("erase: {}", chosen.join(", ")), work).await?;
    Ok(Json(json!({ "status": "success" })))
}

async fn start(visit: Visit, mask: u32, parameters: RecoveryParameters) -> Result<(), Refusal> {
    let _turn = visit.api.commands.boot_turn(visit.device.id).await?;
    let mut device = visit.commands("erase").await?;
    let can = device.get("AMT_BootCapabilities").await?;
    let able = u32::try_from(number(&can, "PlatformErase")).unwrap_or_default();
    if mask & !able != 0 {
        let detail = format!("this PC can erase {able:#x}, not all of {mask:#x}");
        return Err(Refusal::new(Code::AmtRefused, detail));
    }
    let service = device.get("CIM_BootService").await?;
    let wanted = match number(&service, "EnabledState") {
        32770 | 32771 => None,
        32769 => Some(32771),
        _ => Some(32770),
    };
    if let Some(wanted) = wanted {
        set_state(&mut device, "CIM_BootService", wanted).await.map_err(consent)?;
    }
    let read = device.get("AMT_BootSettingData").await?;
    change_boot_order(&mut device, None).await.map_err(consent)?;
    let mut settings = boot::cleared(read.clone());
    settings.set("PlatformErase", [true.into()]);
    let bytes = BASE64_STANDARD.encode(parameters.bytes());
    settings.set("UefiBootParametersArray", [bytes.into()]);
    settings.set("UefiBootNumberOfParams", [parameters.count().into()]);
    let power = if is_on(&mut device).await? { boot::POWER_RESET } else { boot::POWER_ON };
    let answer = begin(&mut device, read, settings, None, power).await?;
    let value = answer["Body"]["ReturnValue"].as_u64().unwrap_or_default();
    match u32::try_from(value) {
        Ok(0) => Ok(()),
        Ok(value) => {
            let (class, method) =
                ("CIM_PowerManagementService".to_owned(), "RequestPowerStateChange".to_owned());
            Err(crate::command::CommandError::Returned { class, method, value }.into())
        }
        Err(_) => Err(Refusal::new(Code::AmtUnusable, "the answer's status is out of range")),
    }
}
