//! Devices that knocked without being known: approved, blocked, ignored, forgotten. Also blocking known ones.

use super::{
    Api, CHANGE, READ, attempts, body::OptionalJson, change, devices, guard::Authorized,
    refusal::Refusal, refusal_said, routes::Routes, show,
};
use crate::{
    config::Secret,
    inventory::{self, FindError, Issued, StoreError},
    registry::TunnelEnd,
};
use axum::{
    Json,
    extract::{Path, State},
    http::{Method, StatusCode},
};
use std::sync::Arc;
use viaduct_api::{Claim, Code, Device, DeviceId, Unclaimed, WrittenDevice};

/// This area's lines of the table, and that of attempts that failed.
pub(super) fn routes(routes: Routes) -> Routes {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    routes
        .add(&get, "/api/v1/attempts", READ, attempts::list)
        .add(&get, "/api/v1/unclaimed", READ, list)
        .add(&delete, "/api/v1/unclaimed/{guid}", CHANGE, forget)
        .add(&post, "/api/v1/unclaimed/{device}/approve", CHANGE, approve)
        .add(&post, "/api/v1/unclaimed/{device}/block", CHANGE, block)
        .add(&post, "/api/v1/unclaimed/{device}/ignore", CHANGE, ignore)
        .add(&delete, "/api/v1/unclaimed/{device}/ignore", CHANGE, heed_again)
}

/// `GET /unclaimed`.
async fn list(State(api): State<Arc<Api>>) -> Json<Vec<Unclaimed>> {
    Json(api.inventory.unclaimed().into_iter().map(show::unclaimed).collect())
}

/// `DELETE /unclaimed/{guid}`: forgets that it knocked. It comes back if it knocks again.
async fn forget(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(guid): Path<String>,
) -> Result<StatusCode, Refusal> {
    let id = guid.parse::<DeviceId>().map_err(|_| never_knocked(&guid))?;
    let work = async {
        match api.inventory.forget_unclaimed(id) {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(never_knocked(&guid)),
        }
    };
    caller.audited(&api, Some(id), "forget that it knocked", work).await
}

/// `POST …/ignore`: it may knock on, and nobody hears of it.
async fn ignore(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(guid): Path<String>,
) -> Result<StatusCode, Refusal> {
    heed(&api, &caller, &guid, true).await
}

/// `DELETE …/ignore`: it is shown among the others again.
async fn heed_again(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(guid): Path<String>,
) -> Result<StatusCode, Refusal> {
    heed(&api, &caller, &guid, false).await
}

async fn heed(
    api: &Api,
    caller: &Authorized,
    guid: &str,
    ignored: bool,
) -> Result<StatusCode, Refusal> {
    let id = guid.parse::<DeviceId>().map_err(|_| never_knocked(guid))?;
    let what = if ignored { "ignore that it knocks" } else { "heed that it knocks" };
    let work = async {
        match api.inventory.ignore_unclaimed(id, ignored) {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(never_knocked(guid)),
        }
    };
    caller.audited(api, Some(id), what, work).await
}

/// `POST …/approve`: lets a blocked device in again, or takes a device in that knocked.
pub(super) async fn approve(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
    OptionalJson(claim): OptionalJson<Claim>,
) -> Result<Json<WrittenDevice>, Refusal> {
    let found = api.inventory.find(&name);
    let id = found.as_ref().map_or_else(|_| name.parse().ok(), |device| Some(device.id));
    let work = async {
        match found {
            Ok(device) => {
                api.inventory.set_blocked(device.id, false).await?;
                Ok((api.inventory.get(device.id).unwrap_or(device), None))
            }
            Err(error) => take_in(&api, &name, claim, error).await,
        }
    };
    let (device, issued) = caller.audited(&api, id, "approve", work).await?;
    api.events
        .about(device.id)
        .in_scope(|| tracing::info!(by = caller.principal.name, "device approved"));
    Ok(Json(change::written(&api, &device, issued)))
}

/// `POST …/block`: turns a device away from now on, known or not, and ends its tunnel.
pub(super) async fn block(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<Json<Device>, Refusal> {
    let id = match api.inventory.find(&name) {
        Ok(device) => device.id,
        Err(error) => knocked(&api, &name, error)?.id,
    };
    let work = async { Ok(api.inventory.set_blocked(id, true).await?) };
    caller.audited(&api, Some(id), "block", work).await?;
    let device = api.inventory.get(id).ok_or(StoreError::NotFound(id))?;
    if let Some(tunnel) = api.registry.lookup(device.id) {
        let by = &caller.principal.name;
        tunnel.disconnect(TunnelEnd::by_us("user request", format!("{by} blocked the device")));
    }
    api.events
        .about(device.id)
        .in_scope(|| tracing::info!(by = caller.principal.name, "device blocked"));
    Ok(Json(devices::now(&api, &device)))
}

/// Adds a device that knocked. Its credential is, in this order: the one of the request; the one it has always
/// presented; a new one, which the PC must then be given.
async fn take_in(
    api: &Api,
    name: &str,
    claim: Claim,
    error: FindError,
) -> Result<(Arc<inventory::Device>, Option<Issued>), Refusal> {
    let knocked = knocked(api, name, error)?;
    let user = claim.cira_user.or(knocked.cira_user).filter(|user| !user.is_empty());
    let password = claim.cira_password.filter(|password| !password.is_empty());
    let new = inventory::NewDevice {
        id: knocked.id,
        name: claim.name.unwrap_or_else(|| knocked.id.to_string()),
        fqdn: claim.fqdn,
        labels: claim.labels,
        cira: password.map(|p| (user.unwrap_or_else(|| "admin".into()), Some(Secret::new(p)))),
        certificate: None,
        amt: None,
    };
    Ok(api.inventory.approve(new).await?)
}

/// The device that knocked and has this GUID.
fn knocked(api: &Api, name: &str, error: FindError) -> Result<inventory::Unclaimed, Refusal> {
    if matches!(error, FindError::Ambiguous(..)) {
        return Err(error.into());
    }
    let id = name.parse::<DeviceId>().map_err(|_| never_knocked(name))?;
    api.inventory
        .unclaimed()
        .into_iter()
        .find(|unclaimed| unclaimed.id == id)
        .ok_or_else(|| never_knocked(name))
}

fn never_knocked(name: &str) -> Refusal {
    Refusal::new(
        Code::UnknownDevice,
        format!("`{name}` is neither the name of a device nor the GUID of one that knocked"),
    )
    .said(refusal_said::found(&FindError::Unknown(name.to_owned())))
}
