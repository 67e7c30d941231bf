//! Redirections: tickets, who is on what, and Open AMT's routes beside them.

use super::{
    Api,
    body::Json,
    devices,
    guard::{self, Asks, Authorized, Guard, Origin},
    refusal::Refusal,
    refusal_said, relay,
    routes::Routes,
};
use crate::{
    access::{Action, Principal},
    audit::Outcome,
    redirect::{Entry, Grant, LIFE, action},
};
use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use serde_json::{Value, json};
use std::sync::Arc;
use time::OffsetDateTime;
use viaduct_api::{Bytes, Code, DeviceId, NewTicket, Redirection, RedirectionMode, Ticket};

/// This area's lines of the table. Whether a ticket may be had depends on what it is for, so its handler asks.
pub(super) fn area(routes: Routes) -> Routes {
    let read = Guard::Needs(Action::ReadDevices);
    routes
        .add(&Method::GET, "/api/v1/devices/redirectstatus/{device}", read, status)
        .add(&Method::GET, "/api/v1/redirections", read, list)
        .add(&Method::DELETE, "/api/v1/redirections/{id}", Guard::SignedIn, end)
        .add(&Method::POST, "/api/v1/redirections/tickets", Guard::Depends(Asks::Ticket), ticket)
        .add(&Method::GET, "/relay/webrelay.ashx", Guard::Open, relay::relay)
        .add(&Method::GET, "/ws/relay/webrelay.ashx", Guard::Open, relay::relay)
}

/// The right that the ticket in a body needs.
pub(super) fn right(body: &[u8]) -> Option<Action> {
    serde_json::from_slice::<NewTicket>(body).ok().map(|wish| action(wish.mode))
}

/// `POST /redirections/tickets`.
async fn ticket(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wish): Json<NewTicket>,
) -> Result<(StatusCode, axum::Json<Ticket>), Refusal> {
    let mode = wish.mode;
    permit(&api, &caller.principal, mode)?;
    let device = api.inventory.find(&wish.device)?;
    if api.registry.lookup(device.id).is_none() {
        return Err(Refusal::new(Code::DeviceAway, format!("{} has no tunnel now", device.name))
            .said(refusal_said::away(&device.name)));
    }
    if let Some(holder) = api.redirections.holder(device.id, mode) {
        let (user, since) = (&holder.user, holder.since);
        let (hour, minute, _) = since.time().as_hms();
        let detail =
            format!("{mode} of {} is used by {user} since {hour:02}:{minute:02} UTC", device.name);
        let may = api.redirections.may_take_over(&caller.principal, device.id, mode);
        if !wish.take_over {
            return Err(Refusal::new(Code::RedirectionInUse, detail));
        }
        if !may {
            let detail = format!("{detail}; ending it needs the right to end tunnels");
            return Err(guard::own_only(
                &api,
                &caller.principal,
                &detail,
                Action::DisconnectTunnel,
            ));
        }
    }
    let grant = Grant {
        principal: caller.principal,
        device: device.id,
        mode: Some(mode),
        take_over: wish.take_over,
    };
    let ticket = api.redirections.issue(grant)?;
    let (p, port) = if mode == RedirectionMode::Wsman { (1, 16992) } else { (2, 16994) };
    let path = format!(
        "/relay/webrelay.ashx?p={p}&host={}&port={port}&tls=0&mode={}",
        device.id,
        mode.name()
    );
    let expires = OffsetDateTime::now_utc() + LIFE;
    let answer = Ticket { ticket, path, guid: device.id, mode, expires };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

pub(super) fn permit(api: &Api, who: &Principal, mode: RedirectionMode) -> Result<(), Refusal> {
    api.access.authorise(who, action(mode)).map_err(|denied| guard::refused(api, who, &denied))
}

/// `GET /devices/redirectstatus/{guid}`, as Open AMT answers it.
async fn status(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
) -> Result<axum::Json<Value>, Refusal> {
    let absent = |refusal: Refusal| {
        refusal.shaped([
            ("error", "Device not found/connected. Please connect again using CIRA.".into()),
            ("errorDescription", format!("guid : {name}").into()),
        ])
    };
    let device = devices::find(&api, &name).map_err(absent)?;
    if api.registry.lookup(device.id).is_none() {
        let refusal = Refusal::new(Code::DeviceAway, format!("{} has no tunnel", device.name));
        return Err(absent(refusal.sent_as(StatusCode::NOT_FOUND)));
    }
    let used = |mode| api.redirections.holder(device.id, mode).is_some();
    Ok(axum::Json(json!({
        "isKVMConnected": used(RedirectionMode::Kvm),
        "isSOLConnected": used(RedirectionMode::Sol),
        "isIDERConnected": used(RedirectionMode::Ider),
    })))
}

/// `GET /redirections`, the oldest first.
async fn list(State(api): State<Arc<Api>>) -> axum::Json<Vec<Redirection>> {
    axum::Json(seen(&api).iter().map(|entry| shown(&api, entry)).collect())
}

/// One of them by its number.
pub(super) fn find(api: &Api, id: &str) -> Result<Arc<Entry>, Refusal> {
    let found = seen(api).into_iter().find(|entry| id.parse() == Ok(entry.id));
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Refusal {
    let detail = format!("no live redirection has the number `{id}`");
    Refusal::new(Code::UnknownRedirection, detail)
}

/// Those of devices that the caller sees.
fn seen(api: &Api) -> Vec<Arc<Entry>> {
    let mut list = api.redirections.list();
    list.retain(|entry| api.inventory.get(entry.device).is_some());
    list
}

fn shown(api: &Api, entry: &Entry) -> Redirection {
    let (from_device, to_device) = entry.transferred();
    let guid: DeviceId = entry.device;
    Redirection {
        id: entry.id,
        guid,
        name: api.inventory.get(guid).map(|device| device.name.clone()),
        mode: entry.mode,
        user: entry.principal.name.clone(),
        console: entry.console.map(|console| console.to_string()),
        since: entry.since,
        bytes: Bytes { from_device, to_device },
        idle_seconds: entry.idle_seconds(),
    }
}

/// `DELETE /redirections/{id}`: one's own, or any with the right to end tunnels.
async fn end(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let found = find(&api, &id);
    let own = found.as_ref().is_ok_and(|entry| entry.principal.name == caller.principal.name);
    let may = api.access.authorise(&caller.principal, Action::DisconnectTunnel).is_ok();
    if !own && !may && !matches!(caller.origin, Origin::Local) {
        let detail = format!(
            "{} may end only redirections of their own, and not those of others",
            caller.principal.name
        );
        return Err(guard::own_only(&api, &caller.principal, &detail, Action::DisconnectTunnel));
    }
    let entry = found?;
    let what = format!("end {} of {}", entry.mode, entry.principal.name);
    let (who, right) = (&caller.principal, Action::DisconnectTunnel);
    let intent = api.audit.intent(who, right, Some(entry.device), what).await?;
    if api.redirections.end(entry.id, who) {
        intent.done(Outcome::Done).await;
        return Ok(StatusCode::NO_CONTENT);
    }
    intent.done(Outcome::Failed("it had ended already".into())).await;
    Err(unknown(&id))
}
