//! What people keep for themselves: saved views of the list of devices. Nobody else sees or changes them.

use super::{
    Api,
    body::Json,
    guard::{Authorized, Guard},
    refusal::Refusal,
    routes::Routes,
    users::person,
};
use crate::access::Action;
use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use std::sync::Arc;
use viaduct_api::{NewView, SavedView};

/// The routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let own = Guard::Needs(Action::SignIn);
    routes
        .add(&Method::GET, "/api/v1/me/views", own, list)
        .add(&Method::PUT, "/api/v1/me/views/{name}", own, keep)
        .add(&Method::DELETE, "/api/v1/me/views/{name}", own, forget)
}

/// `GET /me/views`: the caller's own, by name.
async fn list(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<axum::Json<Vec<SavedView>>, Refusal> {
    let me = person(&api, &caller)?;
    Ok(axum::Json(api.access.views(&me.name).await?))
}

/// `PUT /me/views/{name}`: in place of the one of that name.
async fn keep(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
    Json(view): Json<NewView>,
) -> Result<StatusCode, Refusal> {
    let me = person(&api, &caller)?;
    api.access.keep_view(&me.name, &name, &view.query).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /me/views/{name}`: afterwards there is none, whether there was one or not.
async fn forget(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let me = person(&api, &caller)?;
    api.access.forget_view(&me.name, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
