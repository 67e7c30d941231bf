//! What a PC boots next: chosen, and then booted.

use super::{
    features::class,
    hardware::list,
    json::{number, text},
    power::{change_boot_order, change_state, checked, consent, run},
    visit::{Asked, Fields, Visit},
};
use crate::{
    access::Action,
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands},
};
use amt::{
    boot::{self, BootAction, BootFrom, RecoveryParameters},
    wsman::{Instance, Reference, Value as Wsman},
};
use axum::Json;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use viaduct_api::Code;

/// `GET /amt/power/bootSources`.
pub(super) async fn sources(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("boot sources").await?;
    let sources = device.enumerate("CIM_BootSourceSetting").await?;
    Ok(Json(sources.iter().map(source).collect()))
}

fn source(source: &Instance) -> Value {
    json!({
        "biosBootString": text(source, "BIOSBootString"),
        "bootString": text(source, "BootString"),
        "elementName": text(source, "ElementName"),
        "failThroughSupported": number(source, "FailThroughSupported"),
        "instanceID": text(source, "InstanceID"),
        "structuredBiosBootString": text(source, "StructuredBootString"),
    })
}

/// Details of one-click recovery.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    url: String,
    username: String,
    password: String,
    boot_path: String,
    enforce_secure_boot: Option<bool>,
}

/// What shall boot.
#[derive(Debug, Clone)]
struct Wish {
    action: BootAction,
    use_sol: bool,
    enforce_secure_boot: bool,
    path: String,
    parameters: Option<RecoveryParameters>,
}

/// `POST /amt/power/bootOptions`.
pub(super) async fn options(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let msg = "expected a boot action: 100 to 110, 200 to 203, 300, 301, 400 to 403, 500 or 501";
    let number = fields.required::<u32>("action", msg)?;
    let use_sol = fields.required::<bool>("useSOL", "expected true or false")?;
    if matches!(number, 500 | 501) {
        return run(asked, number).await;
    }
    let action =
        BootAction::from_number(number).ok_or_else(|| Fields::bad("action", number.into(), msg))?;
    let details = fields.optional::<Details>("bootDetails", "expected an object of texts")?;
    let wish = wish(action, use_sol, details.unwrap_or_default())?;
    asked.caller.may(&asked.api, right(action))?;
    let visit = asked.connected()?;
    let detail = format!("boot {:?}, then power {}", action.from, super::power::name(action.power));
    visit.command(detail, start(visit.clone(), wish)).await.map(Json)
}

fn right(action: BootAction) -> Action {
    super::power::right(action.power)
}

fn wish(action: BootAction, use_sol: bool, details: Details) -> Result<Wish, Refusal> {
    let bad = |name: &str, msg: String| Fields::bad(name, Value::Null, &msg);
    // Firmware knows the serial console only with the boot order as it is, or with a mounted image.
    if use_sol && matches!(action.from, BootFrom::Pxe | BootFrom::Disk | BootFrom::Diagnostic) {
        let msg = "a chosen boot source and the serial console exclude each other in AMT";
        return Err(Fields::bad("useSOL", true.into(), msg).next(
            "Send useSOL false and open the serial console beside it, or leave the boot source as it is.",
        ));
    }
    let parameters = match action.from {
        BootFrom::Https => {
            if !is_url(&details.url) {
                return Err(bad("bootDetails.url", "expected an http or https URL".to_owned()));
            }
            let (user, password) = (&details.username, &details.password);
            let all = RecoveryParameters::https(&details.url, Some(user), Some(password));
            Some(all.map_err(|error| bad("bootDetails", error.to_string()))?)
        }
        BootFrom::Image | BootFrom::WinRe if !details.boot_path.is_empty() => {
            let all = RecoveryParameters::file(&details.boot_path);
            Some(all.map_err(|error| bad("bootDetails.bootPath", error.to_string()))?)
        }
        _ => None,
    };
    Ok(Wish {
        action,
        use_sol,
        enforce_secure_boot: details.enforce_secure_boot.unwrap_or(true),
        path: details.boot_path,
        parameters,
    })
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(uri) = rest.and(text.parse::<axum::http::Uri>().ok()) else { return false };
    uri.host().is_some_and(|host| !host.is_empty())
}

/// The sequence, in its turn: nobody else's steps come between.
async fn start(visit: Visit, wish: Wish) -> Result<Value, Refusal> {
    let _turn = visit.api.commands.boot_turn(visit.device.id).await?;
    let mut device = visit.commands("boot").await?;
    if wish.action.from.is_recovery() && !wish.enforce_secure_boot {
        let setup = device.get("AMT_SetupAndConfigurationService").await?;
        if number(&setup, "ProvisioningMode") == 4 {
            let detail = "secure boot cannot be left out in client control mode";
            return Err(Refusal::invalid("enforceSecureBoot", "body", false.into(), detail));
        }
    }
    let source = choose(&mut device, &wish).await?;
    let read = device.get("AMT_BootSettingData").await?;
    change_boot_order(&mut device, None).await.map_err(consent)?;
    let settings = settings_for(read.clone(), &wish);
    begin(&mut device, read, settings, source.as_deref(), wish.action.power).await
}

/// Writes what is asked of the next boot, then lets the PC boot. What AMT says to the last step is the answer. Unless it
/// boots, everything is taken back: nobody who switches the PC on later may be surprised.
pub(super) async fn begin(
    device: &mut DeviceCommands,
    read: Instance,
    settings: Instance,
    source: Option<&str>,
    power: u32,
) -> Result<Value, Refusal> {
    let result = steps(device, settings, source, power).await;
    let boots = result.as_ref().is_ok_and(|answer| answer["Body"]["ReturnValue"] == 0);
    // When the answer got lost the PC may be booting: the next to come begins by clearing.
    let in_doubt = result.as_ref().is_err_and(|refusal| refusal.code() == Code::OutcomeUnknown);
    if !boots && !in_doubt {
        take_back(device, read).await;
    }
    result
}

async fn steps(
    device: &mut DeviceCommands,
    settings: Instance,
    source: Option<&str>,
    power: u32,
) -> Result<Value, Refusal> {
    device.put(class("AMT_BootSettingData")?, settings).await.map_err(consent)?;
    use_configuration(device).await.map_err(consent)?;
    if source.is_some() {
        change_boot_order(device, source).await.map_err(consent)?;
    }
    Ok(change_state(device, power).await?)
}

async fn take_back(device: &mut DeviceCommands, read: Instance) {
    let order = change_boot_order(device, None).await;
    let put = match class("AMT_BootSettingData") {
        Ok(target) => device.put(target, boot::cleared(read)).await.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = order.and(put) {
        device.about().in_scope(|| {
            tracing::warn!("what was asked of the next boot could not be taken back: {error}");
        });
    }
}

/// Makes the boot configuration the one for the next boot.
async fn use_configuration(device: &mut DeviceCommands) -> Result<(), CommandError> {
    let keys = [("InstanceID", boot::CONFIGURATION)];
    let configuration = Reference::of_class("CIM_BootConfigSetting", &keys).unwrap_or_default();
    let arguments =
        vec![("BootConfigSetting".to_owned(), configuration.into()), ("Role".to_owned(), 1.into())];
    let service = class("CIM_BootService")?;
    let output = device.invoke(service, "SetBootConfigRole", arguments).await?;
    checked("CIM_BootService", "SetBootConfigRole", output.value)
}

/// The `InstanceID` of the source, where the boot needs one.
async fn choose(device: &mut DeviceCommands, wish: &Wish) -> Result<Option<String>, Refusal> {
    let fixed = |id: &str| Ok(Some(id.to_owned()));
    match wish.action.from {
        BootFrom::BiosSetup | BootFrom::Normal | BootFrom::IderFloppy => Ok(None),
        // Firmware takes no source together with SOL; the settings alone name the drive then.
        BootFrom::IderCd if wish.use_sol => Ok(None),
        BootFrom::IderCd => fixed(boot::SOURCE_CD),
        BootFrom::Pxe => fixed(boot::SOURCE_PXE),
        BootFrom::Disk => fixed(boot::SOURCE_DISK),
        BootFrom::Https => fixed(boot::SOURCE_HTTPS),
        BootFrom::Diagnostic => {
            let sources = list(device, "CIM_BootSourceSetting").await?;
            let found = sources.iter().map(|source| text(source, "InstanceID"));
            Ok(found.into_iter().find(|id| *id == boot::SOURCE_DIAGNOSTIC).map(str::to_owned))
        }
        from @ (BootFrom::Image | BootFrom::WinRe) => {
            let sources = list(device, "CIM_BootSourceSetting").await?;
            let fits = |source: &&Instance| match wish.path.is_empty() {
                false => text(source, "BootString") == wish.path,
                true => {
                    from == BootFrom::WinRe
                        && text(source, "InstanceID").starts_with(boot::SOURCE_OPTION)
                        && text(source, "BIOSBootString").to_ascii_lowercase().contains("winre")
                }
            };
            let found = sources.iter().find(fits).map(|source| text(source, "InstanceID"));
            let missing = || {
                let what = if wish.path.is_empty() { "of this kind" } else { wish.path.as_str() };
                Refusal::new(Code::AmtRefused, format!("the PC has no boot source {what}"))
                    .next("`viaduct boot sources DEVICE` lists them (GET /api/v1/amt/power/bootSources/GUID).")
            };
            found.map(|id| Some(id.to_owned())).ok_or_else(missing)
        }
    }
}

fn settings_for(settings: Instance, wish: &Wish) -> Instance {
    let mut settings = boot::cleared(settings);
    let from = wish.action.from;
    let mut set = |name: &str, value: Wsman| settings.set(name, [value]);
    if from.is_recovery() {
        set("ForcedProgressEvents", true.into());
        set("EnforceSecureBoot", wish.enforce_secure_boot.into());
        if let Some(parameters) = &wish.parameters {
            let bytes = BASE64_STANDARD.encode(parameters.bytes());
            set("UefiBootParametersArray", bytes.into());
            set("UefiBootNumberOfParams", parameters.count().into());
        }
        return settings;
    }
    set("BIOSSetup", (from == BootFrom::BiosSetup).into());
    set("UseSOL", wish.use_sol.into());
    set("UseIDER", matches!(from, BootFrom::IderFloppy | BootFrom::IderCd).into());
    set("IDERBootDevice", u32::from(from == BootFrom::IderCd).into());
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::ResourceUri;

    fn wish_for(number: u32, details: Value) -> Result<Wish, Refusal> {
        let action = BootAction::from_number(number).unwrap();
        wish(action, false, serde_json::from_value(details).unwrap_or_default())
    }

    fn read() -> Instance {
        let mut read = Instance::new(ResourceUri::of_class("AMT_BootSettingData").unwrap());
        for name in ["BIOSSetup", "UseIDER", "UseSOL", "ForcedProgressEvents"] {
            read.set(name, [true.into()]);
        }
        read.set("IDERBootDevice", [1.into()]);
        read
    }

    #[test]
    fn each_boot_sets_its_own_flags_only() {
        for (number, setup, ider, device) in
            [(100, "true", "false", "0"), (202, "false", "true", "1"), (400, "false", "false", "0")]
        {
            let settings = settings_for(read(), &wish_for(number, json!({})).unwrap());
            assert_eq!(settings.text("BIOSSetup"), Some(setup), "{number}");
            assert_eq!(settings.text("UseIDER"), Some(ider), "{number}");
            assert_eq!(settings.text("IDERBootDevice"), Some(device), "{number}");
            assert_eq!(settings.text("UseSOL"), Some("false"), "{number}");
        }
    }

    #[test]
    fn the_serial_console_goes_with_no_boot_source_of_its_own() {
        for (number, goes) in [(100, true), (202, true), (300, false), (400, false), (402, false)] {
            let action = BootAction::from_number(number).unwrap();
            let made = wish(action, true, Details::default());
            assert_eq!(made.is_ok(), goes, "{number}");
        }
    }

    #[test]
    fn a_boot_over_https_needs_a_url_and_carries_its_sign_in() {
        for url in ["", "ftp://x/y", "https://", "nonsense"] {
            assert!(wish_for(105, json!({ "url": url })).is_err(), "{url}");
        }
        let details = json!({ "url": "https://x/y.efi", "username": "u", "password": "p" });
        let settings = settings_for(read(), &wish_for(105, details).unwrap());
        assert_eq!(settings.text("UefiBootNumberOfParams"), Some("4"));
        assert_eq!(settings.text("ForcedProgressEvents"), Some("true"));
        let long = json!({ "url": "https://x/y.efi", "password": "p".repeat(17) });
        assert!(wish_for(105, long).is_err());
    }
}
