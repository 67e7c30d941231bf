//! Devices: listed, counted, shown.

use super::{Api, guard::Authorized, query::DeviceQuery, refusal::Refusal, show};
use crate::{
    inventory::{self, FindError, Noted},
    tunnel::TunnelHandle,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use time::{Duration, OffsetDateTime};
use viaduct_api::{Device, DeviceId, DevicePage, DeviceStats, Notice};

/// A certificate of a platform that ends sooner is shown.
const CERTIFICATE_SOON: Duration = Duration::days(30);

/// `GET /devices`: filters first, then the page; `totalCount` counts what fits the filters.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let query = DeviceQuery::parse(&pairs)?;
    let (live, noted) = (live(&api), api.inventory.all_noted());
    let mut devices = api.inventory.list();
    devices.retain(|device| query.fits(device, live.contains_key(&device.id)));
    query.order(&mut devices, |device| live.contains_key(&device.id));
    let total_count = devices.len();
    let data: Vec<Device> = devices
        .iter()
        .skip(query.skip)
        .take(query.top)
        .map(|device| {
            let tunnel = live.get(&device.id);
            let shown = noted.get(&device.id).copied().unwrap_or_default();
            seen(&api, device, tunnel, shown)
        })
        .collect();
    Ok(if query.count {
        Json(DevicePage { data, total_count }).into_response()
    } else {
        Json(data).into_response()
    })
}

/// Live tunnels by device; one lock for a whole list.
fn live(api: &Api) -> HashMap<DeviceId, TunnelHandle> {
    api.registry.list().into_iter().map(|tunnel| (tunnel.device(), tunnel)).collect()
}

/// `GET /devices/stats`.
pub(super) async fn stats(State(api): State<Arc<Api>>) -> Json<DeviceStats> {
    let live = live(&api);
    let devices = api.inventory.list();
    let connected = devices.iter().filter(|device| live.contains_key(&device.id)).count();
    Json(DeviceStats {
        total_count: devices.len(),
        connected_count: connected,
        disconnected_count: devices.len() - connected,
    })
}

/// `GET /devices/tags`: every tag once.
pub(super) async fn tags(State(api): State<Arc<Api>>) -> Json<BTreeSet<String>> {
    let devices = api.inventory.list();
    Json(devices.iter().flat_map(|device| super::labels::tags(&device.labels)).collect())
}

/// `GET /devices/{device}`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let device = match find(&api, &name) {
        Ok(device) => device,
        // Provisioning must know that the PC is somebody else's, and would learn it by adding it too.
        Err(_)
            if caller.is_provisioning()
                && name.parse::<DeviceId>().is_ok_and(|id| api.inventory.has_any(id)) =>
        {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        Err(refusal) => return Err(refusal),
    };
    Ok(Json(now(&api, &device)).into_response())
}

/// The device as it is at this moment.
pub(super) fn now(api: &Api, device: &inventory::Device) -> Device {
    let tunnel = api.registry.lookup(device.id);
    seen(api, device, tunnel.as_ref(), api.inventory.noted(device.id))
}

/// The device with what to know of it.
fn seen(
    api: &Api,
    device: &inventory::Device,
    tunnel: Option<&TunnelHandle>,
    noted: Noted,
) -> Device {
    let conflict = api.registry.conflict(device.id);
    let notices = notices(api, (device, conflict.is_some()), tunnel, noted);
    let mut shown = show::device(device, tunnel, notices);
    let addresses = conflict.into_iter().flatten();
    shown.conflict = addresses.map(|address| address.to_string()).collect();
    shown
}

/// What a person should know of a device before working with it.
fn notices(
    api: &Api,
    (device, has_twin): (&inventory::Device, bool),
    tunnel: Option<&TunnelHandle>,
    shown: Noted,
) -> Vec<Notice> {
    let soon = OffsetDateTime::now_utc() + CERTIFICATE_SOON;
    [
        (shown.consent, Notice::Consent),
        (shown.refused, Notice::Credentials),
        (has_twin, Notice::Identity),
        (shown.certificate_ends.is_some_and(|end| end < soon), Notice::Certificate),
        (tunnel.is_none() && !device.blocked && device.is_not_back(api.started), Notice::NotBack),
        (tunnel.is_some_and(TunnelHandle::is_silent), Notice::Silent),
    ]
    .into_iter()
    .filter_map(|(is, notice)| is.then_some(notice))
    .collect()
}

/// A device by GUID, name or FQDN. What cannot be found is refused in Open AMT's shapes: 404 for a GUID, 400 for what
/// is none.
pub(super) fn find(api: &Api, name: &str) -> Result<Arc<inventory::Device>, Refusal> {
    api.inventory.find(name).map_err(|error| {
        let unknown = matches!(error, FindError::Unknown(_));
        if !unknown {
            return error.into();
        }
        if name.parse::<DeviceId>().is_ok() {
            return not_found(name, error.into());
        }
        let invalid = serde_json::json!([{
            "type": "field", "value": name, "msg": "neither a GUID nor the name of a device",
            "path": "guid", "location": "params",
        }]);
        Refusal::from(error).sent_as(StatusCode::BAD_REQUEST).shaped([("errors", invalid)])
    })
}

/// Open AMT's shape of a device that is not there.
pub(super) fn not_found(name: &str, refusal: Refusal) -> Refusal {
    refusal.shaped([
        ("error", "NOT FOUND".into()),
        ("message", format!("Device ID {name} not found").into()),
    ])
}
