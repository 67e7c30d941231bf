//! When devices were connected.

use super::{Api, READ, devices, refusal::Refusal, routes::Routes};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::Method,
};
use std::{sync::Arc, time::Duration};
use viaduct_api::{Availability, DeviceAvailability};

/// What may be asked for, and how long that is in hours.
pub(super) const RANGES: [(&str, u64); 3] = [("24h", 24), ("7d", 7 * 24), ("30d", 30 * 24)];

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(&Method::GET, "/api/v1/devices/{device}/availability", READ, show).add(
        &Method::GET,
        "/api/v1/stats/availability",
        READ,
        all,
    )
}

/// `GET /devices/{device}/availability?range=24h|7d|30d`.
async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Availability>, Refusal> {
    let device = devices::find(&api, &name)?;
    let range =
        pairs.iter().find(|(key, _)| key == "range").map_or(RANGES[0].0, |(_, range)| range);
    let Some((_, hours)) = RANGES.iter().find(|(name, _)| *name == range) else {
        let why = "expected 24h, 7d or 30d";
        return Err(Refusal::invalid("range", "query", range.into(), why));
    };
    let length = Duration::from_secs(hours * 3_600);
    Ok(Json(api.inventory.availability(device.id, length).await?))
}

/// `GET /stats/availability`: the last 24 hours of all devices, hour by hour.
async fn all(State(api): State<Arc<Api>>) -> Result<Json<Vec<DeviceAvailability>>, Refusal> {
    Ok(Json(api.inventory.availabilities().await?))
}
