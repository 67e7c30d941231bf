//! A file for whoever helps from outside, so that nobody pastes logs.

mod redact;

use super::{
    Api, certificates, devices,
    guard::{Authorized, Guard},
    refusal::Refusal,
    routes::Routes,
    service, stats,
};
use crate::{access::Action, config, events::Cursor, tls};
use axum::{Json, extract::State, http::Method};
use redact::Redactor;
use serde_json::{Value, json};
use std::sync::Arc;
use time::OffsetDateTime;
use viaduct_api::{Code, Event, SupportBundle};

/// Events that go with it, the latest; an hour of a busy fleet says no more than its last minutes.
const EVENTS: usize = 2000;
/// Devices that go with it.
const DEVICES: usize = 2000;

/// The route of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(&Method::GET, "/api/v1/support-bundle", Guard::Needs(Action::ReadConfig), bundle)
}

/// `GET /support-bundle`: for those who see the whole server, because it tells of all of it.
async fn bundle(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<Json<SupportBundle>, Refusal> {
    if caller.principal.view().is_some_and(|view| !view.is_whole()) {
        let detail = "it tells of the whole server, and you see a part of its devices";
        return Err(Refusal::new(Code::NotAllowed, detail));
    }
    let work = async { Ok(make(&api)) };
    caller.audited(&api, None, "make a support bundle", work).await.map(Json)
}

fn make(api: &Api) -> SupportBundle {
    let mut redactor = knowing(api);
    let mut health = stats::checks(api);
    for check in &mut health {
        *check = without_names(&mut redactor, check);
    }
    SupportBundle {
        about: "Viaduct support bundle. Names, addresses and UUIDs are replaced, secrets are left out; \
            look it over before you pass it on."
            .to_owned(),
        made: OffsetDateTime::now_utc(),
        version: config::VERSION.to_owned(),
        started: api.started,
        counts: service::counts(api),
        health,
        config: redactor.text(&redact::config(&api.config_text)),
        certificates: api.certificates.show().into_iter().map(certificate).collect(),
        devices: fleet(api, &mut redactor),
        attempts: attempts(api, &mut redactor),
        events: events(api, &mut redactor),
    }
}

/// All names that this server knows.
fn knowing(api: &Api) -> Redactor {
    let mut redactor = Redactor::default();
    for name in api.certificates.names() {
        redactor.know(name, "this-server");
    }
    for (at, user) in api.access.users().iter().enumerate() {
        redactor.know(&user.name, &format!("user-{}", at + 1));
    }
    for (at, token) in api.access.tokens().iter().enumerate() {
        redactor.know(&token.name, &format!("token-{}", at + 1));
    }
    for (at, device) in api.inventory.list().iter().enumerate() {
        let word = format!("pc-{}", at + 1);
        let profile = |key: &str| device.profile.get(key).and_then(Value::as_str);
        let names = [
            Some(device.name.as_str()),
            device.fqdn.as_deref(),
            device.cira_user.as_deref(),
            profile("hostname"),
            profile("friendlyName"),
        ];
        redactor.know(&device.id.to_string(), &word);
        for name in names.into_iter().flatten() {
            redactor.know(name, &word);
        }
    }
    redactor
}

/// A record as it is shown, with its texts redacted; one that would not be a record any more is left empty.
fn without_names<T>(redactor: &mut Redactor, record: &T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned + Clone,
{
    let mut value = serde_json::to_value(record).unwrap_or_default();
    redactor.value(&mut value);
    serde_json::from_value(value).unwrap_or_else(|_| record.clone())
}

fn certificate(shown: tls::CertificateInfo) -> Value {
    let info = certificates::info(shown);
    json!({
        "listener": info.listener, "keyBits": info.key_bits, "signature": info.signature,
        "notBefore": info.not_before.map(|at| at.to_string()), "notAfter": info.not_after.map(|at| at.to_string()),
    })
}

fn fleet(api: &Api, redactor: &mut Redactor) -> Vec<Value> {
    let list = api.inventory.list();
    let shown = list.iter().take(DEVICES).enumerate().map(|(at, device)| {
        let tunnel = api.registry.lookup(device.id);
        let shown = devices::now(api, device);
        let mut value = json!({
            "name": format!("pc-{}", at + 1), "connected": tunnel.is_some(), "blocked": device.blocked,
            "ports": shown.ports, "tunnel": shown.tunnel, "lastEnd": shown.last_end,
            "firmware": shown.device_info.as_ref().and_then(|info| info.get("fwVersion")),
            "hasAmtPassword": shown.has_amt_password, "notices": shown.notices,
            "lastConnected": shown.last_connected.map(|at| at.to_string()),
            "lastDisconnected": shown.last_disconnected.map(|at| at.to_string()),
        });
        redactor.value(&mut value);
        value
    });
    shown.collect()
}

fn attempts(api: &Api, redactor: &mut Redactor) -> Vec<Value> {
    let shown = api.inventory.attempts().into_iter().map(|attempt| {
        let mut value = json!({
            "address": attempt.address.to_string(), "stage": attempt.stage.name(),
            "device": attempt.device.map(|id| id.to_string()), "reason": attempt.reason,
            "tlsAlert": attempt.tls_alert, "hello": attempt.hello.map(|hello| hello.summary()),
            "count": attempt.count, "last": attempt.last.to_string(),
        });
        redactor.value(&mut value);
        value
    });
    shown.collect()
}

/// Their device is named by the word that stands for it, so the number of the device is left out.
fn events(api: &Api, redactor: &mut Redactor) -> Vec<Event> {
    let followed = api.events.history().follow(Cursor::Start);
    let skipped = followed.backlog.len().saturating_sub(EVENTS);
    let mut shown = Vec::new();
    for event in followed.backlog.iter().skip(skipped) {
        let mut plain = Event { guid: None, ..event.as_ref().clone() };
        plain.name = plain.name.or_else(|| event.guid.map(|id| id.to_string()));
        shown.push(without_names(redactor, &plain));
    }
    shown
}
