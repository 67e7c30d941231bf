//! Why is this device away? Asked over REST.

use super::{Api, devices, refusal::Refusal};
use crate::why_offline;
use axum::{
    Json,
    extract::{Path, State},
};
use std::sync::Arc;
use viaduct_api::WhyOffline;

/// `GET /devices/{device}/why-offline`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<Json<WhyOffline>, Refusal> {
    let device = devices::find(&api, &name)?;
    Ok(Json(why_offline::explain(sources(&api), &device, None)))
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
