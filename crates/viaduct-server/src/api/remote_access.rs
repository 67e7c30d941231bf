//! Remote access of a connected device, read and changed through its tunnel.

use super::{
    Api,
    body::Json as Body,
    devices,
    guard::{Authorized, Guard, Origin},
    refusal::Refusal,
    routes::Routes,
};
use crate::{access::Action, remote_access, tunnel::Opener};
use axum::{
    Json,
    extract::{Path, State},
    http::Method,
};
use std::sync::Arc;
use viaduct_api::{RemoteAccess, RemoteAccessChange, RemoteAccessChanged};

/// The routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let change = Guard::Needs(Action::ChangeRemoteAccess);
    let read = Guard::Needs(Action::ReadDevices);
    routes.add(&Method::GET, "/api/v1/remote-access/{device}", read, show).add(
        &Method::PATCH,
        "/api/v1/remote-access/{device}",
        change,
        patch,
    )
}

/// `GET /remote-access/{guid}`.
async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    caller: Authorized,
) -> Result<Json<RemoteAccess>, Refusal> {
    let device = devices::find(&api, &name)?;
    let parts = api.enroller.parts();
    let (_, state) = remote_access::read(parts, &device, opener(&caller))
        .await
        .map_err(|error| Refusal::new(error.code(), format!("{}: {error}", device.name)))?;
    Ok(Json(remote_access::show(parts, device.id, &state)))
}

/// `PATCH /remote-access/{guid}`: what is absent stays as it is.
async fn patch(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    caller: Authorized,
    Body(change): Body<RemoteAccessChange>,
) -> Result<Json<RemoteAccessChanged>, Refusal> {
    let device = devices::find(&api, &name)?;
    let (api, opener) = (Arc::clone(&api), opener(&caller));
    // To its end even when the caller goes away: half a change is the worst of all.
    let work = tokio::spawn(async move {
        let parts = api.enroller.parts();
        let work = async { Ok(remote_access::change(parts, &device, &change, opener).await?) };
        match change.dry_run {
            true => work.await,
            false => caller.audited(&api, Some(device.id), describe(&change), work).await,
        }
    });
    let done = work.await.map_err(|error| {
        Refusal::new(viaduct_api::Code::Internal, format!("the change broke off: {error}"))
    })?;
    Ok(Json(done?))
}

/// For the audit log: what is changed.
fn describe(change: &RemoteAccessChange) -> String {
    let mut parts = Vec::new();
    parts.extend(change.mps.as_ref().map(|mps| format!("servers {}", mps.join(", "))));
    parts.extend(change.add_mps.iter().map(|mps| format!("add {mps}")));
    parts.extend(change.remove_mps.iter().map(|mps| format!("remove {mps}")));
    parts.extend(change.triggers.as_ref().map(|triggers| format!("policies {triggers}")));
    parts.extend(change.remove_triggers.iter().map(|trigger| format!("no policy {trigger}")));
    parts.extend(change.inside.as_ref().map(|inside| format!("at home [{}]", inside.join(", "))));
    parts.extend(change.user_initiated.as_ref().map(|from| format!("user may ask: {from}")));
    parts.join("; ")
}

fn opener(caller: &Authorized) -> Opener {
    let console = match caller.origin {
        Origin::Local => None,
        Origin::Network(peer) | Origin::Trusted(peer) => Some(peer),
    };
    Opener { user: caller.principal.name.clone(), console }
}
