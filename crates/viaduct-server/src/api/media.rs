//! The library of images: list, resumable upload, removal; and mounts, which put an image into the CD drive of a PC.

use super::{
    Api,
    body::Json,
    guard::{self, Authorized, Guard, Origin},
    refusal::Refusal,
    routes::Routes,
};
use crate::{
    access::Action,
    events::{Event, MediaFacts},
    inventory::View,
    media::{MediaError, Record},
    redirect::{End, Grant, Mounted, Mounting},
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use viaduct_api::{Code, MediaImage, MediaLimits, Mount, NewImage, NewMount, RedirectionMode};

/// Where the next byte goes, as resumable uploads on the web have it.
const OFFSET: &str = "upload-offset";
/// A sender may be silent so long in the middle of a piece.
const STALL: Duration = Duration::from_secs(30);
/// Written to the disk at once.
const PIECE: usize = 1 << 20;

/// This area's lines of the table.
pub(super) fn routes(routes: Routes) -> Routes {
    let read = Guard::Needs(Action::ReadDevices);
    let use_it = Guard::Needs(Action::RedirectIder);
    let change = Guard::Needs(Action::ChangeDevices);
    routes
        .add(&Method::GET, "/api/v1/media", read, list)
        .add(&Method::POST, "/api/v1/media", change, begin)
        .add(&Method::GET, "/api/v1/media/limits", read, limits)
        .add(&Method::GET, "/api/v1/media/{media}", read, show)
        .add(&Method::PATCH, "/api/v1/media/{media}", change, append)
        .add(&Method::DELETE, "/api/v1/media/{media}", change, remove)
        .add(&Method::GET, "/api/v1/mounts", read, mounts)
        .add(&Method::POST, "/api/v1/mounts", use_it, mount)
        .add(&Method::GET, "/api/v1/mounts/{id}", read, mounted)
        .add(&Method::DELETE, "/api/v1/mounts/{id}", use_it, eject)
}

impl From<MediaError> for Refusal {
    fn from(error: MediaError) -> Self {
        let code = match &error {
            MediaError::Unknown(_) => Code::UnknownMedia,
            MediaError::Invalid { .. } => Code::BadRequest,
            MediaError::Exists(_) => Code::MediaExists,
            MediaError::TooLarge { .. } => Code::TooLarge,
            MediaError::NoRoom { .. } | MediaError::Full { .. } => Code::MediaRoom,
            MediaError::Offset { .. } | MediaError::Sending(_) => Code::UploadOffset,
            MediaError::Incomplete { .. } => Code::MediaIncomplete,
            MediaError::Hash { .. } | MediaError::Changed { .. } => Code::MediaHash,
            MediaError::Disk(_) => Code::Store,
        };
        let refusal = Self::new(code, error.to_string());
        match error {
            MediaError::Offset { offset, .. } => refusal.extended([("offset", offset.into())]),
            MediaError::Changed { name, .. } => refusal.next(format!(
                "Nothing was mounted. Remove it (`viaduct media rm {name}`) and upload it again."
            )),
            _ => refusal,
        }
    }
}

fn ended(end: &End) -> Refusal {
    Refusal::new(end.code().unwrap_or(Code::RedirectionClosed), end.detail())
}

fn live(api: &Api, record: &Record) -> u64 {
    let has = |one: &&Arc<Mounted>| one.media == record.facts.id && !one.is_over();
    api.redirections.mounts().iter().filter(has).count() as u64
}

fn shown(api: &Api, record: &Record) -> MediaImage {
    record.show(live(api, record))
}

async fn list(State(api): State<Arc<Api>>, caller: Authorized) -> axum::Json<Vec<MediaImage>> {
    let all = api.media.list(&caller.principal);
    axum::Json(all.iter().map(|record| shown(&api, record)).collect())
}

/// `GET /media/limits`.
async fn limits(State(api): State<Arc<Api>>) -> Result<axum::Json<MediaLimits>, Refusal> {
    Ok(axum::Json(api.media.limits()?))
}

async fn show(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    caller: Authorized,
) -> Result<Response, Refusal> {
    let record = api.media.find(&caller.principal, &name)?;
    Ok(answer(&api, &record, StatusCode::OK))
}

/// The image, and in the header where its upload goes on.
fn answer(api: &Api, record: &Record, status: StatusCode) -> Response {
    let headers = [(OFFSET, record.offset().to_string())];
    (status, headers, axum::Json(shown(api, record))).into_response()
}

async fn begin(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wish): Json<NewImage>,
) -> Result<Response, Refusal> {
    let detail = format!("upload image {}, {} bytes", wish.name, wish.size);
    let work = async { Ok(api.media.begin(&caller.principal, wish)?) };
    let record = caller.audited(&api, None, detail, work).await?;
    api.events.publish(Event::MediaBegun(facts(&record, &caller)));
    Ok(answer(&api, &record, StatusCode::CREATED))
}

/// `PATCH /media/{media}`: the next bytes, `Upload-Offset` says from where on.
async fn append(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    caller: Authorized,
    request: Request,
) -> Result<Response, Refusal> {
    let offset = offset(request.headers())?;
    let record = api.media.find(&caller.principal, &name)?;
    let mut upload = api.media.resume(&record, offset).await?;
    let mut body = request.into_body();
    let mut piece = Vec::new();
    let mut broken = None;
    loop {
        match timeout(STALL, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    piece.extend_from_slice(&bytes);
                }
            }
            Ok(Some(Err(error))) => broken = Some((Code::BadRequest, error.to_string())),
            Err(_) => {
                broken = Some((Code::SlowRequest, format!("silent for {} s", STALL.as_secs())));
            }
        }
        if piece.len() >= PIECE {
            upload.write(std::mem::take(&mut piece)).await?;
        }
        if broken.is_some() {
            break;
        }
    }
    // What came of a broken piece is kept: that is what resuming is for.
    upload.write(piece).await?;
    if let Some((code, detail)) = broken {
        return Err(Refusal::new(code, detail));
    }
    match upload.finish().await {
        Err(error @ MediaError::Hash { .. }) => {
            api.media.remove(&record)?;
            api.events.publish(Event::MediaRemoved(facts(&record, &caller)));
            Err(error.into())
        }
        Err(error) => Err(error.into()),
        Ok(()) => {
            if record.sha256().is_some() {
                api.events.publish(Event::MediaAdded(facts(&record, &caller)));
            }
            Ok(answer(&api, &record, StatusCode::OK))
        }
    }
}

fn offset(headers: &HeaderMap) -> Result<u64, Refusal> {
    let value = headers.get(OFFSET).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    value.ok_or_else(|| {
        Refusal::new(Code::BadRequest, "the header Upload-Offset is missing or no number")
            .next("Ask for the image first: its `offset` is the value.")
    })
}

async fn remove(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    caller: Authorized,
) -> Result<StatusCode, Refusal> {
    let record = api.media.find(&caller.principal, &name)?;
    let detail = format!("remove image {}", record.facts.name);
    let work = async {
        match live(&api, &record) {
            0 => Ok(api.media.remove(&record)?),
            some => {
                let detail = format!("{some} PCs have `{}` mounted", record.facts.name);
                Err(Refusal::new(Code::MediaInUse, detail))
            }
        }
    };
    caller.audited(&api, None, detail, work).await?;
    api.events.publish(Event::MediaRemoved(facts(&record, &caller)));
    Ok(StatusCode::NO_CONTENT)
}

/// For those who follow what happens.
fn facts(record: &Record, by: &Authorized) -> MediaFacts {
    MediaFacts {
        id: record.facts.id.clone(),
        name: record.facts.name.clone(),
        size: record.facts.size,
        tenant: record.facts.tenant.clone(),
        user: by.principal.name.clone(),
    }
}

/// Mounts at devices that the caller sees; the name of each.
fn seen(api: &Api) -> Vec<Mount> {
    let view = View::current();
    let all = api.redirections.mounts();
    let shown = all.iter().filter_map(|one| {
        let device = api.inventory.get(one.entry.device)?;
        let seen = view.as_ref().is_none_or(|view| view.shows(&device));
        seen.then(|| one.show(Some(device.name.clone())))
    });
    shown.collect()
}

async fn mounts(State(api): State<Arc<Api>>) -> axum::Json<Vec<Mount>> {
    axum::Json(seen(&api))
}

fn number(api: &Api, id: &str) -> Result<Mount, Refusal> {
    let found = seen(api).into_iter().find(|one| id.parse() == Ok(one.id));
    found.ok_or_else(|| {
        Refusal::new(Code::UnknownRedirection, format!("no mount has the number `{id}`"))
    })
}

async fn mounted(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<axum::Json<Mount>, Refusal> {
    Ok(axum::Json(number(&api, &id)?))
}

async fn mount(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wish): Json<NewMount>,
) -> Result<(StatusCode, axum::Json<Mount>), Refusal> {
    let record = api.media.find(&caller.principal, &wish.media)?;
    let (file, path) = api.media.file(&record).await?;
    let device = api.inventory.find(&wish.device)?;
    let mode = RedirectionMode::Ider;
    if wish.take_over && !api.redirections.may_take_over(&caller.principal, device.id, mode) {
        let detail = "taking over from somebody else needs the right to end tunnels";
        return Err(guard::own_only(&api, &caller.principal, detail, Action::DisconnectTunnel));
    }
    let console = match caller.origin {
        Origin::Network(peer) | Origin::Trusted(peer) => Some(peer),
        Origin::Local => None,
    };
    let grant = Grant {
        principal: caller.principal,
        device: device.id,
        mode: Some(mode),
        take_over: wish.take_over,
    };
    let mounting = Mounting {
        media: (record.facts.id.clone(), record.facts.name.clone()),
        file,
        path,
        size: record.facts.size,
        now: wish.now,
    };
    let mounted =
        api.redirections.mount(grant, mounting, console).await.map_err(|end| ended(&end))?;
    Ok((StatusCode::CREATED, axum::Json(mounted.show(Some(device.name.clone())))))
}

async fn eject(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    caller: Authorized,
) -> Result<StatusCode, Refusal> {
    let mount = number(&api, &id)?;
    let own = mount.user == caller.principal.name;
    if !own && !matches!(caller.origin, Origin::Local) {
        caller.may(&api, Action::DisconnectTunnel)?;
    }
    let detail = format!("eject {}", mount.media_name);
    let work = async {
        if mount.ended.is_none() && api.redirections.end(mount.id, &caller.principal) {
            return Ok(());
        }
        Err(Refusal::new(Code::UnknownRedirection, "it has ended already"))
    };
    caller.audited(&api, Some(mount.guid), detail, work).await?;
    Ok(StatusCode::NO_CONTENT)
}
