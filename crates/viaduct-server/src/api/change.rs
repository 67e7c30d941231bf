//! Devices: added, merged, renamed, removed.

use super::{
    Api, body::Json, devices, guard::Authorized, kv, labels, refusal::Refusal, refusal_said,
    validate::ValidDevice,
};
use crate::{
    config::Secret,
    inventory::{self, DeviceChange, Issued, StoreError},
    registry::TunnelEnd,
};
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};
use viaduct_api::{
    Code, Device, DeviceId, DevicePatch, IssuedCredential, NewDevice, WrittenDevice,
};

/// Longest host name, DNS suffix and other text of a profile (DNS, RFC 1035 §2.3.4).
const TEXT: usize = 255;
/// What AMT's port 5900 takes as a password.
const RFB_LENGTH: usize = 8;
/// The CIRA user when a password is given without one: what provisioning tools write.
const DEFAULT_USER: &str = "admin";

/// `POST /devices`: adds a device (201) or merges into the one with this GUID (200). With `If-None-Match: *` a known
/// one is a conflict.
pub(super) async fn upsert(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    headers: HeaderMap,
    ValidDevice(wish): ValidDevice,
) -> Result<Response, Refusal> {
    let id = checked(&wish)?;
    let known = api.inventory.get(id).is_some();
    let what = if known { "merge" } else { "add" };
    let work = upsert_now(&api, &caller, known, &headers, id, wish);
    caller.audited(&api, Some(id), what, work).await
}

async fn upsert_now(
    api: &Api,
    caller: &Authorized,
    known: bool,
    headers: &HeaderMap,
    id: DeviceId,
    wish: NewDevice,
) -> Result<Response, Refusal> {
    if known {
        if headers.contains_key(header::IF_NONE_MATCH) {
            return Err(Refusal::new(Code::DeviceExists, format!("{id} is known already"))
                .said(refusal_said::taken(&id.to_string())));
        }
        let device = merge_into(api, id, wish).await?;
        return Ok(axum::Json(device).into_response());
    }
    let (device, issued) = match add(api, id, wish).await {
        Ok(added) => added,
        // Somebody else's. Open AMT's page takes a 409 for a change that came in between.
        Err(refusal) if refusal.code() == Code::DeviceExists && api.inventory.has_any(id) => {
            return Err(refusal.sent_as(StatusCode::BAD_REQUEST).shaped([
                ("error", "Unique key violation".into()),
                ("message", format!("Device ID: {id} already exists").into()),
            ]));
        }
        Err(refusal) => return Err(refusal),
    };
    api.events.about(id).in_scope(|| tracing::info!(by = caller.principal.name, "device added"));
    Ok((StatusCode::CREATED, axum::Json(written(api, &device, issued))).into_response())
}

/// `PATCH /devices`: merges into a known device.
pub(super) async fn merge(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    ValidDevice(wish): ValidDevice,
) -> Result<axum::Json<Device>, Refusal> {
    let id = checked(&wish)?;
    if api.inventory.get(id).is_none() {
        let name = id.to_string();
        let refusal = Refusal::new(Code::UnknownDevice, format!("no device {name}"));
        return Err(devices::not_found(&name, refusal));
    }
    // Provisioning takes a password away by an empty one. Nobody signs in with an empty one: the device is refused then.
    let clears = wish.cira_password.as_deref() == Some("");
    let what = if clears { "merge, without CIRA password" } else { "merge" };
    let work = async {
        if clears {
            api.inventory.forget_cira_password(id).await?;
        }
        merge_into(&api, id, wish).await
    };
    caller.audited(&api, Some(id), what, work).await.map(axum::Json)
}

/// `PATCH /devices/{device}`: name, domain name, labels, the passwords that the server signs in to it with.
pub(super) async fn patch(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
    Json(patch): Json<DevicePatch>,
) -> Result<axum::Json<Device>, Refusal> {
    let device = devices::find(&api, &name)?;
    let what = match &patch.name {
        Some(name) => format!("rename {} to {name}", device.name),
        None => format!("change {}", device.name),
    };
    let work = patch_now(&api, &device, patch);
    caller.audited(&api, Some(device.id), what, work).await.map(axum::Json)
}

async fn patch_now(
    api: &Api,
    device: &inventory::Device,
    patch: DevicePatch,
) -> Result<Device, Refusal> {
    rfb_fits(patch.rfb_password.as_deref())?;
    if patch.amt_user.is_some() && patch.amt_password.is_none() {
        let why = "needs amtPassword beside it";
        return Err(Refusal::invalid("amtUser", "body", Value::Null, why));
    }
    let amt_user = patch.amt_user.or_else(|| device.amt_user.clone());
    if let Some(amt) = credential(amt_user, patch.amt_password) {
        let change = DeviceChange { amt: Some(amt), ..DeviceChange::default() };
        api.inventory.change(device.id, change).await?;
        api.commands.forget_refusal(device.id);
    }
    kv::keep(api, device.id, None, patch.rfb_password).await?;
    if let Some(fqdn) = patch.fqdn {
        let change = DeviceChange { fqdn: Some(fqdn), ..DeviceChange::default() };
        api.inventory.change(device.id, change).await?;
    }
    if !patch.labels.is_empty() {
        let (set, remove): (Vec<_>, Vec<_>) =
            patch.labels.into_iter().partition(|(_, value)| value.is_some());
        let set = set.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let remove = remove.into_iter().map(|(key, _)| key).collect();
        api.inventory.set_labels(device.id, set, remove).await?;
    }
    if let Some(name) = patch.name {
        api.inventory.rename(device.id, name).await?;
    }
    current(api, device.id)
}

/// What goes with a device.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Removal {
    is_secret_to_be_deleted: bool,
}

/// `DELETE /devices/{device}`: forgets it and ends its tunnel. What provisioning keeps among the secrets goes with it
/// when that is asked for.
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
    query: Result<Query<Removal>, QueryRejection>,
) -> Result<StatusCode, Refusal> {
    let Query(removal) = query.map_err(|_| {
        let key = "isSecretToBeDeleted";
        Refusal::invalid(key, "query", Value::Null, "expected true or false")
    })?;
    let device = devices::find(&api, &name)?;
    let what = format!("remove {}", device.name);
    let work = async {
        api.inventory.remove(device.id).await?;
        if removal.is_secret_to_be_deleted {
            kv::forget(&api, device.id).await?;
        }
        Ok(())
    };
    // Whoever it was is known only until it is removed.
    let about = api.events.about(device.id);
    caller.audited(&api, Some(device.id), what, work).await?;
    if let Some(tunnel) = api.registry.lookup(device.id) {
        let by = &caller.principal.name;
        tunnel.disconnect(TunnelEnd::by_us("user request", format!("{by} removed the device")));
    }
    about.in_scope(|| tracing::info!(by = caller.principal.name, "device removed"));
    Ok(StatusCode::NO_CONTENT)
}

/// The device with what was issued for it.
pub(super) fn written(
    api: &Api,
    device: &inventory::Device,
    issued: Option<Issued>,
) -> WrittenDevice {
    WrittenDevice {
        device: devices::now(api, device),
        issued: issued.map(|issued| IssuedCredential {
            user: issued.user,
            password: issued.password.expose().clone(),
        }),
    }
}

fn current(api: &Api, id: DeviceId) -> Result<Device, Refusal> {
    let device = api.inventory.get(id).ok_or(StoreError::NotFound(id))?;
    Ok(devices::now(api, &device))
}

/// The GUID, once everything else passes too.
pub(super) fn checked(wish: &NewDevice) -> Result<DeviceId, Refusal> {
    let guid = wish.guid.clone().unwrap_or(Value::Null);
    let Some(id) = wish.device_id() else {
        return Err(Refusal::invalid("guid", "body", guid, "expected a UUID"));
    };
    let texts = [
        ("hostname", wish.hostname.as_ref()),
        ("dnsSuffix", wish.dns_suffix.as_ref()),
        ("friendlyName", wish.friendly_name.as_ref()),
    ];
    for (path, text) in texts {
        if let Some(Some(text)) = text
            && text.len() > TEXT
        {
            let msg = format!("longer than {TEXT} characters");
            return Err(Refusal::invalid(path, "body", text.clone().into(), msg));
        }
    }
    rfb_fits(wish.rfb_password.as_deref())?;
    Ok(id)
}

/// AMT takes eight characters for its port 5900, neither more nor fewer. An empty text takes ours away.
fn rfb_fits(password: Option<&str>) -> Result<(), Refusal> {
    match password {
        None | Some("") => Ok(()),
        Some(text) if text.len() == RFB_LENGTH && text.is_ascii() => Ok(()),
        Some(_) => {
            let why = format!("an RFB password of AMT has {RFB_LENGTH} characters");
            Err(Refusal::invalid("rfbPassword", "body", Value::Null, why))
        }
    }
}

async fn add(
    api: &Api,
    id: DeviceId,
    mut wish: NewDevice,
) -> Result<(Arc<inventory::Device>, Option<Issued>), Refusal> {
    let given = wish.name.is_some();
    let given_password = wish.cira_password.as_ref().is_some_and(|password| !password.is_empty());
    let (mebx, rfb) = (wish.mebx_password.take(), wish.rfb_password.take());
    let new = device(id, &mut wish);
    let added = match api.inventory.add(new.clone()).await {
        // A name that we made up must not stand in the way of provisioning.
        Err(StoreError::Exists(_) | StoreError::Invalid { field: "name" | "fqdn", .. })
            if !given && api.inventory.get(id).is_none() =>
        {
            api.inventory.add(named_by_id(new)).await?
        }
        other => other?,
    };
    let profile = profile(Map::new(), wish);
    if !profile.is_empty() {
        let change = DeviceChange { profile: Some(profile), ..DeviceChange::default() };
        api.inventory.change(id, change).await?;
    }
    kv::keep(api, id, mebx, rfb).await?;
    // Provisioning may have put the passwords down before. Then what was made in their place is void.
    let void = !given_password && kv::apply_known(api, id).await?;
    let issued = added.1.filter(|_| !void);
    let device = api.inventory.get(id).unwrap_or(added.0);
    Ok((device, issued))
}

/// What the inventory is told of it; the profile stays in the wish.
pub(super) fn device(id: DeviceId, wish: &mut NewDevice) -> inventory::NewDevice {
    let mut labels = wish.tags.take().map(|tags| labels::from_tags(&tags)).unwrap_or_default();
    labels.extend(wish.labels.take().unwrap_or_default());
    inventory::NewDevice {
        id,
        name: wish.name.take().unwrap_or_else(|| name_for(id, wish)),
        fqdn: wish.fqdn.take().unwrap_or_else(|| fqdn_for(wish)),
        labels,
        cira: wished(wish.mpsusername.take(), wish.cira_password.take()),
        certificate: wish.certificate.take(),
        amt: credential(wish.amt_user.take(), wish.amt_password.take()),
    }
}

/// The same under a name that nobody else has.
pub(super) fn named_by_id(device: inventory::NewDevice) -> inventory::NewDevice {
    inventory::NewDevice { name: device.id.to_string(), fqdn: None, ..device }
}

async fn merge_into(api: &Api, id: DeviceId, mut wish: NewDevice) -> Result<Device, Refusal> {
    let known = api.inventory.get(id).ok_or(StoreError::NotFound(id))?;
    kv::keep(api, id, wish.mebx_password.take(), wish.rfb_password.take()).await?;
    if let Some(name) = wish.name.take().filter(|name| *name != known.name) {
        api.inventory.rename(id, name).await?;
    }
    set_labels(api, &known, wish.tags.take(), wish.labels.take()).await?;
    let user = wish.mpsusername.take().or_else(|| known.cira_user.clone());
    let amt_user = wish.amt_user.take().or_else(|| known.amt_user.clone());
    let change = DeviceChange {
        fqdn: wish.fqdn.take(),
        cira: credential(user, wish.cira_password.take()),
        certificate: wish.certificate.take().map(Some),
        amt: credential(amt_user, wish.amt_password.take()),
        profile: Some(profile(known.profile.as_ref().clone(), wish)),
    };
    api.inventory.change(id, change).await?;
    current(api, id)
}

/// `tags` stand for all labels, `labels` are set beside.
async fn set_labels(
    api: &Api,
    known: &inventory::Device,
    tags: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
) -> Result<(), Refusal> {
    if tags.is_none() && labels.is_none() {
        return Ok(());
    }
    let mut set = tags.as_ref().map(|tags| labels::from_tags(tags)).unwrap_or_default();
    set.extend(labels.unwrap_or_default());
    let remove = match tags {
        Some(_) => known.labels.keys().filter(|key| !set.contains_key(*key)).cloned().collect(),
        None => Vec::new(),
    };
    Ok(api.inventory.set_labels(known.id, set, remove).await?)
}

/// A credential, when there is a password. An empty one is none: an absent secret never equals an empty one.
fn credential(user: Option<String>, password: Option<String>) -> Option<(String, Secret<String>)> {
    let password = password.filter(|password| !password.is_empty())?;
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| DEFAULT_USER.to_owned());
    Some((user, Secret::new(password)))
}

/// The credential of a new device. A user without password keeps the name; the inventory makes the password.
fn wished(
    user: Option<String>,
    password: Option<String>,
) -> Option<(String, Option<Secret<String>>)> {
    let alone = user.clone().filter(|user| !user.is_empty());
    let both = credential(user, password).map(|(user, password)| (user, Some(password)));
    both.or_else(|| Some((alone?, None)))
}

/// What provisioning reports, over what it reported before. Null removes a key.
pub(super) fn profile(mut known: Map<String, Value>, wish: NewDevice) -> Map<String, Value> {
    let texts = [
        ("hostname", wish.hostname),
        ("friendlyName", wish.friendly_name),
        ("dnsSuffix", wish.dns_suffix),
    ];
    let reported = texts
        .into_iter()
        .map(|(key, text)| (key, text.map(|text| text.map(Value::String))))
        .chain([("deviceInfo", wish.device_info.map(|info| info.map(Value::Object)))]);
    for (key, value) in reported {
        match value {
            None => {}
            Some(None) => drop(known.remove(key)),
            Some(Some(value)) => drop(known.insert(key.to_owned(), value)),
        }
    }
    known
}

fn text(value: Option<&Option<String>>) -> Option<&str> {
    value?.as_deref().filter(|text| !text.is_empty())
}

fn name_for(id: DeviceId, wish: &NewDevice) -> String {
    text(wish.friendly_name.as_ref())
        .or_else(|| text(wish.hostname.as_ref()))
        .map_or_else(|| id.to_string(), str::to_owned)
}

fn fqdn_for(wish: &NewDevice) -> Option<String> {
    let host = text(wish.hostname.as_ref())?;
    if host.contains('.') {
        return Some(host.to_owned());
    }
    text(wish.dns_suffix.as_ref()).map(|suffix| format!("{host}.{}", suffix.trim_end_matches('.')))
}
