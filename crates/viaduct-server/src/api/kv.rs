//! A key-value store in the shape of Vault's KV version 2, so that Open AMT's provisioning service needs no Vault: its
//! secrets, sealed like everything here, and those of devices taken over at once.
//!
//! Only the newest version of a secret is kept. The token is one of ours, in `X-Vault-Token` as Vault's clients send it.

mod words;

pub(super) use words::in_vaults_words;

use super::{Api, body, guard::Authorized, refusal::Refusal, routes::Routes};
use crate::{
    access::Action,
    config::{Secret, VERSION},
    inventory::{DeviceChange, RFB, StoreError, View},
};
use axum::{
    Json,
    extract::{Path, Query, Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_api::{Code, DeviceId};

/// Where the secrets of devices are.
const DEVICES: &str = "devices/";
/// The user of AMT's own services; provisioning knows no other.
const AMT_USER: &str = "admin";
/// The CIRA user when provisioning has named none.
const CIRA_USER: &str = "admin";

/// The routes, in Vault's places.
pub(super) fn routes(routes: Routes) -> Routes {
    use super::guard::Guard;
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let reveal = Guard::Needs(Action::RevealSecrets);
    let change = Guard::Needs(Action::RotateCredentials);
    routes
        .add(&get, "/v1/sys/health", Guard::Open, health)
        .add(&get, "/v1/secret/data/{name}", reveal, read)
        .add(&post, "/v1/secret/data/{name}", change, write)
        .add(&put, "/v1/secret/data/{name}", change, write)
        .add(&delete, "/v1/secret/data/{name}", change, remove)
        .add(&delete, "/v1/secret/metadata/{name}", change, remove)
        .add(&get, "/v1/secret/metadata/{name}", reveal, list)
        .add(&get, "/v1/secret/data/{kind}/{name}", reveal, read)
        .add(&post, "/v1/secret/data/{kind}/{name}", change, write)
        .add(&put, "/v1/secret/data/{kind}/{name}", change, write)
        .add(&delete, "/v1/secret/data/{kind}/{name}", change, remove)
        .add(&delete, "/v1/secret/metadata/{kind}/{name}", change, remove)
        .add(&get, "/v1/secret/metadata/{kind}/{name}", reveal, list)
}

/// `sys/health`: open as long as the server runs.
async fn health() -> Json<Value> {
    Json(json!({
        "initialized": true, "sealed": false, "standby": false, "performance_standby": false,
        "replication_performance_mode": "disabled", "replication_dr_mode": "disabled",
        "server_time_utc": OffsetDateTime::now_utc().unix_timestamp(),
        "version": VERSION, "cluster_name": "viaduct",
    }))
}

/// The one or two segments of a path; device names in lower case, as provisioning does not care about it.
fn path_of(segments: &[(String, String)]) -> String {
    let path = segments.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("/");
    match device_of(&path) {
        Some(id) => format!("{DEVICES}{id}"),
        None => path,
    }
}

fn device_of(path: &str) -> Option<DeviceId> {
    path.strip_prefix(DEVICES)?.parse().ok()
}

fn answer(data: &Value) -> Json<Value> {
    Json(json!({
        "request_id": uuid::Uuid::new_v4().to_string(), "lease_id": "", "renewable": false,
        "lease_duration": 0, "data": data, "wrap_info": null, "warnings": null, "auth": null,
    }))
}

fn metadata(version: u64, created: OffsetDateTime) -> Value {
    json!({
        "created_time": created.format(&Rfc3339).unwrap_or_default(), "custom_metadata": null,
        "deletion_time": "", "destroyed": false, "version": version,
    })
}

async fn read(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(segments): Path<Vec<(String, String)>>,
    Query(query): Pairs,
) -> Result<Response, Refusal> {
    whole(&caller)?;
    let asked = match value(&query, "version").map(str::parse::<u64>) {
        None => 0,
        Some(Ok(version)) => version,
        Some(Err(_)) => return Err(wrong("version: expected a number")),
    };
    // Older versions are not kept; the newest is never given out as one of them.
    let secret = api.inventory.secret(&path_of(&segments)).await?;
    let Some(secret) = secret.filter(|secret| asked == 0 || asked == secret.version) else {
        return Ok(nothing());
    };
    let data: Value = serde_json::from_str(secret.data.expose()).unwrap_or(Value::Null);
    let metadata = metadata(secret.version, secret.created);
    Ok(answer(&json!({ "data": data, "metadata": metadata })).into_response())
}

async fn list(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(segments): Path<Vec<(String, String)>>,
    Query(query): Pairs,
) -> Result<Response, Refusal> {
    whole(&caller)?;
    if value(&query, "list") != Some("true") {
        return about(&api, &path_of(&segments)).await;
    }
    let names = api.inventory.secret_names(&path_of(&segments)).await?;
    if names.is_empty() {
        return Ok(nothing());
    }
    Ok(answer(&json!({ "keys": names })).into_response())
}

/// What is known of a secret beside what it says.
async fn about(api: &Api, path: &str) -> Result<Response, Refusal> {
    let Some(secret) = api.inventory.secret(path).await? else { return Ok(nothing()) };
    let created = secret.created.format(&Rfc3339).unwrap_or_default();
    let version = json!({ "created_time": created, "deletion_time": "", "destroyed": false });
    let about = json!({
        "cas_required": false, "created_time": created, "current_version": secret.version,
        "custom_metadata": null, "delete_version_after": "0s", "max_versions": 1,
        "oldest_version": secret.version, "updated_time": created,
        "versions": { secret.version.to_string(): version },
    });
    Ok(answer(&about).into_response())
}

/// How Vault says that there is nothing.
fn nothing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "errors": [] }))).into_response()
}

type Pairs = Query<Vec<(String, String)>>;

fn value<'a>(query: &'a [(String, String)], key: &str) -> Option<&'a str> {
    query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// Vault's clients list with a method of its own, which means the same as `GET` with `?list=true`.
pub(super) fn listing(request: &mut Request) {
    let path = request.uri().path();
    if request.method().as_str() == "LIST" && path.starts_with("/v1/secret/metadata/") {
        let path = format!("{path}?list=true");
        if let Ok(uri) = path.parse() {
            *request.uri_mut() = uri;
            *request.method_mut() = Method::GET;
        }
    }
}

/// What is written.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SecretsWrite")]
pub(super) struct Write {
    data: Map<String, Value>,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Options {
    cas: Option<u64>,
}

async fn write(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(segments): Path<Vec<(String, String)>>,
    body::Json(Write { data, options }): body::Json<Write>,
) -> Result<Response, Refusal> {
    whole(&caller)?;
    let path = path_of(&segments);
    let device = device_of(&path);
    let work = async {
        let text = Secret::new(Value::Object(data).to_string());
        let version = api.inventory.put_secret(path, text.clone(), options.cas).await?;
        let Some(version) = version else {
            return Err(wrong("check-and-set parameter did not match the current version"));
        };
        if let Some(id) = device.filter(|id| api.inventory.get(*id).is_some()) {
            apply(&api, id, &text).await?;
        }
        Ok(answer(&metadata(version, OffsetDateTime::now_utc())).into_response())
    };
    caller.audited(&api, device, "write secret", work).await
}

async fn remove(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(segments): Path<Vec<(String, String)>>,
) -> Result<StatusCode, Refusal> {
    whole(&caller)?;
    let path = path_of(&segments);
    let device = device_of(&path);
    let work = async {
        api.inventory.delete_secret(path).await?;
        Ok(StatusCode::NO_CONTENT)
    };
    caller.audited(&api, device, "delete secret", work).await
}

/// The store belongs to the whole server, so nobody gets in who sees only a part of it.
fn whole(caller: &Authorized) -> Result<(), Refusal> {
    let part = |view: &View| !view.tenant.is_empty() || !view.labels.is_empty();
    match caller.principal.view() {
        Some(view) if part(&view) => Err(Refusal::new(
            Code::NotAllowed,
            format!(
                "the store of secrets belongs to the whole server, and {} sees a part of it",
                caller.principal.name
            ),
        )),
        _ => Ok(()),
    }
}

fn wrong(why: &str) -> Refusal {
    Refusal::new(Code::BadRequest, why).shaped([("errors", json!([why]))])
}

/// The secrets of a device that has just been added, if provisioning wrote them before. True when they have a CIRA
/// password.
pub(super) async fn apply_known(api: &Api, id: DeviceId) -> Result<bool, StoreError> {
    match api.inventory.secret(&format!("{DEVICES}{id}")).await? {
        Some(secret) => apply(api, id, &secret.data).await,
        None => Ok(false),
    }
}

/// Keeps passwords of a device beside its other secrets, where provisioning looks for them: those of its MEBx menu and of
/// its port 5900.
pub(super) async fn keep(
    api: &Api,
    id: DeviceId,
    mebx: Option<String>,
    rfb: Option<String>,
) -> Result<(), StoreError> {
    if let Some(password) = mebx.filter(|password| !password.is_empty()) {
        api.inventory.keep_beside(id, "MEBX_PASSWORD", Some(Secret::new(password))).await?;
    }
    let Some(password) = rfb else { return Ok(()) };
    let password = Some(password).filter(|password| !password.is_empty()).map(Secret::new);
    api.inventory.keep_beside(id, RFB, password).await
}

/// Forgets what is kept among the secrets of a device.
pub(super) async fn forget(api: &Api, id: DeviceId) -> Result<(), StoreError> {
    api.inventory.delete_secret(format!("{DEVICES}{id}")).await.map(drop)
}

/// Takes the passwords over that this server uses itself.
async fn apply(api: &Api, id: DeviceId, text: &Secret<String>) -> Result<bool, StoreError> {
    let data: Map<String, Value> = serde_json::from_str(text.expose()).unwrap_or_default();
    let password = |key: &str| {
        let text = data.get(key)?.as_str().filter(|text| !text.is_empty())?;
        Some(Secret::new(text.to_owned()))
    };
    let known = api.inventory.get(id).ok_or(StoreError::NotFound(id))?;
    let user = known.cira_user.clone().unwrap_or_else(|| CIRA_USER.to_owned());
    let change = DeviceChange {
        cira: password("MPS_PASSWORD").map(|password| (user, password)),
        amt: password("AMT_PASSWORD").map(|password| (AMT_USER.to_owned(), password)),
        ..DeviceChange::default()
    };
    let cira = change.cira.is_some();
    if cira || change.amt.is_some() {
        api.inventory.change(id, change).await?;
        api.commands.forget_refusal(id);
    }
    Ok(cira)
}
