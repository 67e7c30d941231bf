//! The management engine itself: its TLS, its clock, its accounts, and taking it out of service.

use super::{
    json::{flag, text},
    visit::Asked,
};
use crate::{api::refusal::Refusal, command::CommandError};
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_api::Code;

const CLOCK: &str = "AMT_TimeSynchronizationService";
const ACCOUNTS: &str = "AMT_AuthorizationService";
const SETUP: &str = "AMT_SetupAndConfigurationService";
/// AMT keeps no more accounts than this.
const ACCOUNTS_MAX: usize = 50;

/// `GET /amt/tls`.
pub(super) async fn tls(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("TLS settings").await?;
    let settings = super::hardware::list(&mut device, "AMT_TLSSettingData").await?;
    let shaped = settings.iter().map(|setting| {
        json!({
            "elementName": text(setting, "ElementName"),
            "instanceID": text(setting, "InstanceID"),
            "mutualAuthentication": flag(setting, "MutualAuthentication"),
            "enabled": flag(setting, "Enabled"),
            "trustedCN": setting.all("TrustedCN").filter_map(|cn| cn.as_text()).collect::<Vec<_>>(),
            "acceptNonSecureConnections": flag(setting, "AcceptNonSecureConnections"),
            "nonSecureConnectionsSupported": flag(setting, "NonSecureConnectionsSupported"),
        })
    });
    Ok(Json(shaped.collect()))
}

/// `GET /amt/time`: the platform's clock beside ours.
pub(super) async fn time(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("clock").await?;
    let output = device.call(CLOCK, "GetLowAccuracyTimeSynch", Vec::new()).await?;
    let now = OffsetDateTime::now_utc();
    let seconds = output.text("Ta0").and_then(|text| text.trim().parse::<i64>().ok());
    let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let (Some(seconds), Some(time)) = (seconds, time) else {
        return Err(Refusal::new(Code::AmtUnusable, "the platform's time makes no sense"));
    };
    Ok(Json(json!({
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "offsetSeconds": seconds - now.unix_timestamp(),
    })))
}

/// `POST /amt/time`: sets the platform's clock by ours.
pub(super) async fn set_time(asked: Asked) -> Result<Json<Value>, Refusal> {
    let visit = asked.connected()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("set clock").await?;
        let output = device.call(CLOCK, "GetLowAccuracyTimeSynch", Vec::new()).await?;
        let theirs = output.text("Ta0").unwrap_or_default().to_owned();
        let ours = u32::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default();
        let arguments = vec![
            ("Ta0".to_owned(), theirs.into()),
            ("Tm1".to_owned(), ours.into()),
            ("Tm2".to_owned(), ours.into()),
        ];
        device.call(CLOCK, "SetHighAccuracyTimeSynch", arguments).await?;
        Ok(json!({ "status": "SUCCESS" }))
    };
    visit.change("set the clock", work).await.map(Json)
}

/// `GET /amt/users`: who has an account in AMT. Passwords cannot be read.
pub(super) async fn users(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("accounts").await?;
    let admin = device.call(ACCOUNTS, "GetAdminAclEntry", Vec::new()).await?;
    let mut all =
        vec![json!({ "name": admin.text("Username").unwrap_or_default(), "admin": true })];
    let start = vec![("StartIndex".to_owned(), 1.into())];
    let listed = match device.call(ACCOUNTS, "EnumerateUserAclEntries", start).await {
        Ok(listed) => listed,
        Err(error @ (CommandError::Returned { .. } | CommandError::Fault { .. })) => {
            device.about().in_scope(|| tracing::debug!("accounts: {error}"));
            return Ok(Json(Value::Array(all)));
        }
        Err(error) => return Err(error.into()),
    };
    for handle in listed.texts("Handles").take(ACCOUNTS_MAX) {
        let arguments = vec![("Handle".to_owned(), handle.into())];
        let entry = match device.call(ACCOUNTS, "GetUserAclEntryEx", arguments).await {
            Ok(entry) => entry,
            Err(CommandError::Returned { .. } | CommandError::Fault { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let kerberos = entry.text("KerberosUserSid").is_some();
        let realms: Vec<u32> =
            entry.texts("Realms").filter_map(|realm| realm.trim().parse().ok()).collect();
        let name = entry.text("DigestUsername").or(entry.text("KerberosUserSid"));
        all.push(json!({
            "name": name.unwrap_or_default(),
            "admin": false,
            "handle": handle,
            "kerberos": kerberos,
            "access": match entry.text("AccessPermission") {
                Some("0") => "local",
                Some("1") => "network",
                _ => "any",
            },
            "realms": realms,
        }));
    }
    Ok(Json(Value::Array(all)))
}

/// `DELETE /amt/deactivate`: takes AMT out of service and forgets the device.
pub(super) async fn deactivate(asked: Asked) -> Result<Json<Value>, Refusal> {
    let visit = asked.connected()?;
    visit.interrupt()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("deactivate").await?;
        let mode = vec![("ProvisioningMode".to_owned(), 1.into())];
        device.call(SETUP, "Unprovision", mode).await?;
        drop(device);
        own.api.inventory.remove(own.device.id).await?;
        if let Some(tunnel) = own.api.registry.lookup(own.device.id) {
            let detail = "its AMT was taken out of service";
            tunnel.disconnect(crate::registry::TunnelEnd::by_us("user request", detail));
        }
        Ok(json!({ "status": "SUCCESS" }))
    };
    visit.change("deactivate AMT and forget the device", work).await.map(Json)
}

/// `GET /devices/cert`: the certificate that the device's TLS ports are known by.
pub(super) async fn pin(asked: Asked) -> Result<Json<Value>, Refusal> {
    let device = asked.known()?;
    match asked.api.inventory.amt_pin(device.id) {
        Some(pin) => {
            let hex: String = pin.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Json(json!({ "guid": device.id, "sha256Fingerprint": hex })))
        }
        None => {
            let detail = "its TLS ports have not been visited yet, so no certificate is known";
            Err(Refusal::new(Code::UnknownDevice, detail)
                .next("Any command to a PC that forwards 16993 and not 16992 visits them; then ask again.")
                .sent_as(StatusCode::NOT_FOUND)
                .shaped([("error", "no certificate is known".into())]))
        }
    }
}

/// `DELETE /devices/cert`: the next one that the device shows will be remembered.
pub(super) async fn forget_pin(asked: Asked) -> Result<StatusCode, Refusal> {
    let device = asked.known()?;
    let work = async { Ok(asked.api.inventory.pin_amt(device.id, None).await?) };
    let detail = "forget the certificate of its TLS ports";
    asked.caller.audited(&asked.api, Some(device.id), detail, work).await?;
    Ok(StatusCode::NO_CONTENT)
}
