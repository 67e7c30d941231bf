//! Why is this device away? Asked over REST.

use super::{Api, body, devices, refusal::Refusal};
use crate::why_offline;
use axum::{
    Json,
    extract::{Path, Request, State},
};
use std::sync::Arc;
use viaduct_api::{Code, WhyOffline};

/// `GET /devices/{device}/why-offline`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<WhyOffline>, Refusal> {
    let device = devices::find(&api, &name)?;
    Ok(Json(why_offline::explain(sources(&api), &device, None)))
}

/// `POST /devices/{device}/why-offline`: the same, with the CIRA log that the PC keeps itself as the body.
pub(super) async fn show_with_log(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<WhyOffline>, Refusal> {
    let device = devices::find(&api, &name)?;
    let log = body::read(request.into_body()).await?;
    let log = why_offline::read_log(&log)
        .map_err(|error| Refusal::new(Code::BadRequest, error.to_string()))?;
    let mut why = why_offline::explain(sources(&api), &device, None);
    why_offline::add_log(&mut why, &log, api.certificates.names());
    Ok(Json(why))
}

/// What the server knows.
pub(super) fn sources(api: &Api) -> why_offline::Sources<'_> {
    why_offline::Sources {
        registry: &api.registry,
        inventory: &api.inventory,
        listeners: &api.addresses.cira,
        started: api.started,
    }
}
