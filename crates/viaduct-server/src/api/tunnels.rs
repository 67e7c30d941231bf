//! Live tunnels: listed and ended.

use super::{Api, devices, guard::Authorized, refusal::Refusal, show};
use crate::{
    registry::TunnelEnd,
    tunnel::{TunnelHandle, TunnelId},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use std::sync::Arc;
use viaduct_api::{Code, Tunnel};

/// `GET /tunnels`, the oldest first.
pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<Vec<Tunnel>> {
    let mut tunnels = seen(&api);
    tunnels.sort_unstable_by_key(TunnelHandle::id);
    Json(tunnels.iter().map(|tunnel| show::tunnel(&api, tunnel)).collect())
}

/// Those of devices that the caller sees.
pub(super) fn seen(api: &Api) -> Vec<TunnelHandle> {
    let mut tunnels = api.registry.list();
    tunnels.retain(|tunnel| api.inventory.get(tunnel.device()).is_some());
    tunnels
}

/// `DELETE /tunnels/{id}`: ends exactly this tunnel; the device dials in again by itself.
pub(super) async fn disconnect(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let tunnel = id.parse().ok().and_then(|id| api.registry.get(TunnelId(id)));
    let tunnel = tunnel.filter(|tunnel| api.inventory.get(tunnel.device()).is_some());
    let Some(tunnel) = tunnel else {
        return Err(Refusal::new(
            Code::UnknownTunnel,
            format!("no live tunnel has the number `{id}`"),
        ));
    };
    end(&api, &caller, &tunnel).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /devices/disconnect/{device}`, as Open AMT answers it.
pub(super) async fn disconnect_device(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let device = devices::find(&api, &name).map_err(|refusal| not_connected(refusal, &name))?;
    let Some(tunnel) = api.registry.lookup(device.id) else {
        let detail = format!("{} has no tunnel to end", device.name);
        let refusal = Refusal::new(Code::DeviceAway, detail).sent_as(StatusCode::NOT_FOUND);
        return Err(not_connected(refusal, &device.id.to_string()));
    };
    end(&api, &caller, &tunnel).await?;
    let description = format!("CIRA connection disconnected : {}", device.id);
    Ok(Json(json!({ "success": 200, "description": description })))
}

/// `DELETE /devices/refresh/{device}`, as Open AMT answers it: the credentials in store count from here on. They are
/// read for every command anyway, so what is left to do is to try again where the old ones were refused.
pub(super) async fn refresh_device(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let device = devices::find(&api, &name)?;
    if api.registry.lookup(device.id).is_none() {
        let detail = format!("{} has no tunnel", device.name);
        let refusal = Refusal::new(Code::DeviceAway, detail).sent_as(StatusCode::NOT_FOUND);
        return Err(not_connected(refusal, &device.id.to_string()));
    }
    api.commands.forget_refusal(device.id);
    let description = format!("CIRA connection refreshed : {}", device.id);
    Ok(Json(json!({ "success": 200, "description": description })))
}

/// Open AMT's shape of a device that is not connected.
fn not_connected(refusal: Refusal, name: &str) -> Refusal {
    refusal.shaped([
        ("error", "Device not found/connected. Please connect again using CIRA.".into()),
        ("errorDescription", format!("guid : {name}").into()),
    ])
}

async fn end(api: &Api, caller: &Authorized, tunnel: &TunnelHandle) -> Result<(), Refusal> {
    let what = format!("end tunnel {}", tunnel.id().0);
    let work = async {
        tunnel.disconnect(asked_by(caller));
        Ok(())
    };
    caller.audited(api, Some(tunnel.device()), what, work).await
}

fn asked_by(caller: &Authorized) -> TunnelEnd {
    let by = &caller.principal.name;
    TunnelEnd::by_us("user request", format!("{by} asked the device to dial in again"))
}
