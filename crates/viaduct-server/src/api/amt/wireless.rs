//! The wireless port: its radio, who prefers it, and whether its profiles follow the host's.

use super::{
    features::{class, set_state},
    hardware::list,
    json::{self, flag, number, text},
    network::no_port,
    visit::{Asked, Fields},
};
use crate::{api::refusal::Refusal, command::DeviceCommands};
use amt::wsman::{Instance, Value as Wsman};
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};
use viaduct_api::Code;

const PORT: &str = "CIM_WiFiPort";
const SERVICE: &str = "AMT_WiFiPortConfigurationService";
/// `EnabledState` and its names.
const STATES: [(u32, &str); 3] =
    [(3, "WifiDisabled"), (32768, "WifiEnabledS0"), (32769, "WifiEnabledS0SxAC")];

/// The Wi-Fi port; 404 where there is none.
pub(super) async fn port(device: &mut DeviceCommands) -> Result<Instance, Refusal> {
    let ports = list(device, PORT).await?;
    ports.into_iter().next().ok_or_else(|| no_port("the platform has no Wi-Fi port"))
}

fn name(port: &Instance) -> &'static str {
    let state = number(port, "EnabledState");
    STATES.iter().find(|(value, _)| i64::from(*value) == state).map_or("Unknown", |(_, name)| name)
}

/// `GET /amt/networkSettings/wireless/state`.
pub(super) async fn state(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("Wi-Fi state").await?;
    let port = port(&mut device).await?;
    Ok(Json(json!({ "state": name(&port) })))
}

/// `POST /amt/networkSettings/wireless/state`.
pub(super) async fn change_state(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let msg = "expected WifiDisabled, WifiEnabledS0 or WifiEnabledS0SxAC";
    let wanted = fields.required::<String>("state", msg)?;
    let known = STATES.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(&wanted));
    let (state, wanted) = known.ok_or_else(|| Fields::bad("state", wanted.into(), msg))?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("change Wi-Fi state").await?;
        if name(&port(&mut device).await?) != wanted {
            set_state(&mut device, PORT, state).await?;
        }
        Ok(json!({ "state": wanted }))
    };
    visit.change(format!("Wi-Fi: {wanted}"), work).await.map(Json)
}

/// Whether the UEFI can share profiles, and what is shared.
struct Sync {
    service: Instance,
    supported: bool,
}

impl Sync {
    async fn read(device: &mut DeviceCommands) -> Result<Self, Refusal> {
        port(device).await?;
        let service = device.get(SERVICE).await?;
        let capabilities = device.get("AMT_BootCapabilities").await?;
        Ok(Self { service, supported: flag(&capabilities, "UEFIWiFiCoExistenceAndProfileShare") })
    }

    fn local(&self) -> bool {
        number(&self.service, "localProfileSynchronizationEnabled") != 0
    }

    fn uefi(&self) -> bool {
        flag(&self.service, "UEFIWiFiProfileShareEnabled")
    }

    fn json(&self) -> Value {
        json!({
            "localProfileSync": self.local(),
            "uefiProfileSync": self.uefi(),
            "uefiProfileSyncSupported": self.supported,
        })
    }
}

/// `GET /amt/networkSettings/wireless/profileSync`.
pub(super) async fn sync(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("Wi-Fi profiles of the host").await?;
    Ok(Json(Sync::read(&mut device).await?.json()))
}

/// `POST /amt/networkSettings/wireless/profileSync`.
pub(super) async fn change_sync(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let truth = "expected true or false";
    let local = fields.optional::<bool>("localProfileSync", truth)?;
    let uefi = fields.optional::<bool>("uefiProfileSync", truth)?;
    if local.is_none() && uefi.is_none() {
        return Err(Fields::bad("localProfileSync", Value::Null, truth));
    }
    let visit = asked.connected()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("share Wi-Fi profiles").await?;
        let mut sync = Sync::read(&mut device).await?;
        if uefi == Some(true) && !sync.supported {
            let detail = "this platform's UEFI does not share Wi-Fi profiles";
            return Err(Refusal::new(Code::AmtRefused, detail).sent_as(StatusCode::CONFLICT));
        }
        let local = local.unwrap_or_else(|| sync.local());
        let uefi = uefi.unwrap_or_else(|| sync.uefi());
        if local != sync.local() || uefi != sync.uefi() {
            // 3 means always; firmware takes 0 and 1 besides.
            let value: u32 = if local { 3 } else { 0 };
            sync.service.set("localProfileSynchronizationEnabled", [value.into()]);
            if sync.supported {
                sync.service.set("UEFIWiFiProfileShareEnabled", [uefi.into()]);
            } else {
                sync.service.properties.retain(|(name, _)| name != "UEFIWiFiProfileShareEnabled");
            }
            device.put(class(SERVICE)?, sync.service.clone()).await?;
        }
        Ok(sync.json())
    };
    visit.change("share Wi-Fi profiles with the host", work).await.map(Json)
}

/// `POST /amt/network/linkPreference`.
pub(super) async fn prefer(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let msg = "expected 1 (management engine) or 2 (host)";
    let preference = fields.required::<u32>("linkPreference", msg)?;
    if !matches!(preference, 1 | 2) {
        return Err(Fields::bad("linkPreference", preference.into(), msg));
    }
    let timeout = fields.required::<u32>("timeout", "expected seconds, 0 or more")?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("link preference").await?;
        let ports = device.enumerate("AMT_EthernetPortSettings").await?;
        let is_wifi = |port: &&Instance| {
            text(port, "InstanceID").ends_with("Settings 1")
                || number(port, "PhysicalConnectionType") == 3
        };
        let port = ports.iter().find(is_wifi);
        let port = port.ok_or_else(|| no_port("the platform has no Wi-Fi port"))?;
        let id: Wsman = text(port, "InstanceID").into();
        let target = class("AMT_EthernetPortSettings")?.with("InstanceID", id);
        let arguments = vec![
            ("LinkPreference".to_owned(), preference.into()),
            ("Timeout".to_owned(), timeout.into()),
        ];
        let output = device.invoke(target, "SetLinkPreference", arguments).await?;
        Ok(json::result(output.value))
    };
    visit.command(format!("prefer link {preference}"), work).await.map(Json)
}
