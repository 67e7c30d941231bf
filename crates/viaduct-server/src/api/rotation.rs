//! Rotation of the root and of the server's name.

use super::{
    Api,
    body::OptionalJson,
    guard::{Authorized, Guard},
    refusal::Refusal,
    routes::Routes,
};
use crate::access::Action;
use axum::{Json, extract::State, http::Method};
use std::sync::Arc;
use viaduct_api::{RotationActivate, RotationActivated, RotationPush, RotationStatus};

/// The routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let change = Guard::Needs(Action::ChangeCertificates);
    let read = Guard::Needs(Action::ReadCertificates);
    routes
        .add(&Method::GET, "/api/v1/certificates/rotation", read, show)
        .add(&Method::POST, "/api/v1/certificates/rotation", change, push)
        .add(&Method::DELETE, "/api/v1/certificates/rotation", change, abandon)
        .add(&Method::POST, "/api/v1/certificates/rotation/activate", change, activate)
}

/// `GET /certificates/rotation`.
async fn show(State(api): State<Arc<Api>>) -> Result<Json<RotationStatus>, Refusal> {
    Ok(Json(api.rotator.status()?))
}

/// `POST /certificates/rotation`: begins to push; how far it is stands in the status.
async fn push(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    OptionalJson(wish): OptionalJson<RotationPush>,
) -> Result<Json<RotationStatus>, Refusal> {
    let what = match &wish.name {
        Some(name) => format!("push the name {name} to all connected devices"),
        None => "push what is coming to all connected devices".to_owned(),
    };
    let by = caller.principal.name.clone();
    let begin = async {
        api.rotator.push(wish.name, &by)?;
        Ok(api.rotator.status()?)
    };
    caller.audited(&api, None, what, begin).await.map(Json)
}

/// `POST /certificates/rotation/activate`.
async fn activate(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    OptionalJson(wish): OptionalJson<RotationActivate>,
) -> Result<Json<RotationActivated>, Refusal> {
    let what = if wish.force { "use the new root, whoever is lost" } else { "use the new root" };
    let work = async { Ok(RotationActivated { done: api.rotator.activate(wish.force).await? }) };
    caller.audited(&api, None, what, work).await.map(Json)
}

/// `DELETE /certificates/rotation`.
async fn abandon(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<Json<RotationStatus>, Refusal> {
    let work = async {
        api.rotator.abandon()?;
        Ok(api.rotator.status()?)
    };
    caller.audited(&api, None, "give up the new root or name", work).await.map(Json)
}
