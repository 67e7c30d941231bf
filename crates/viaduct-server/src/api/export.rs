//! All devices, for another server with the same key files.

use super::{Api, guard::Authorized, refusal::Refusal};
use crate::inventory::{Portable, Sealed};
use axum::extract::State;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::sync::Arc;
use viaduct_api::{NewDevice, PortableDevice, SealedCredentials};

/// `GET /exports`: every device that the caller sees, with its credentials hashed and sealed as they are kept.
pub(super) async fn export(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<axum::Json<Vec<PortableDevice>>, Refusal> {
    let work = async { Ok(api.inventory.export()) };
    let devices = caller.audited(&api, None, "export the devices", work).await?;
    Ok(axum::Json(devices.into_iter().map(portable).collect()))
}

fn portable(portable: Portable) -> PortableDevice {
    let Portable { device, sealed } = portable;
    let text = |key: &str| device.profile.get(key).and_then(Value::as_str).map(str::to_owned);
    let info = device.profile.get("deviceInfo").and_then(Value::as_object).cloned();
    let base64 = |bytes: Option<Vec<u8>>| bytes.map(|bytes| STANDARD.encode(bytes));
    let Sealed { keys, cira, amt_password } = sealed;
    PortableDevice {
        device: NewDevice {
            guid: Some(device.id.to_string().into()),
            name: Some(device.name.clone()),
            fqdn: device.fqdn.clone().map(Some),
            labels: Some(device.labels.clone()),
            hostname: text("hostname").map(Some),
            friendly_name: text("friendlyName").map(Some),
            dns_suffix: text("dnsSuffix").map(Some),
            device_info: info.map(Some),
            mpsusername: device.cira_user.clone(),
            certificate: device.certificate.clone(),
            amt_user: device.amt_user.clone(),
            ..NewDevice::default()
        },
        blocked: device.blocked,
        sealed: Some(SealedCredentials {
            keys,
            cira: base64(cira),
            amt_password: base64(amt_password),
        }),
    }
}
