//! A screen or console that somebody has: others watch it, or ask for it.

use super::{
    Api, body,
    guard::{Authorized, Guard},
    redirections,
    refusal::Refusal,
    routes::Routes,
};
use crate::{
    access::Action,
    audit::Outcome,
    events::{Event, Wish},
    redirect::{Entry, Picture, action},
};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use tokio::time::Instant;
use viaduct_api::{Code, RedirectionMode, Watchers};

/// Kinds of pictures that pages send; nothing else is handed on.
const KINDS: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// This area's lines of the table.
pub(super) fn routes(routes: Routes) -> Routes {
    let screen = Guard::Needs(Action::RedirectKvm);
    routes
        .add(&Method::POST, "/api/v1/redirections/{id}/ask", Guard::SignedIn, ask)
        .add(&Method::POST, "/api/v1/redirections/{id}/keep", Guard::SignedIn, keep)
        .add(&Method::POST, "/api/v1/redirections/{id}/watch", screen, watch)
        .add(&Method::GET, "/api/v1/redirections/{id}/picture", screen, picture)
        .add(&Method::PUT, "/api/v1/redirections/{id}/picture", Guard::SignedIn, show)
}

/// `POST …/ask`: tells whoever has it that the caller would like to have it. They decide.
async fn ask(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let entry = redirections::find(&api, &id)?;
    redirections::permit(&api, &caller.principal, entry.mode)?;
    tell(&api, &caller, &entry, Wish::Ask).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/keep`: tells those who asked that whoever has it goes on with it.
async fn keep(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let entry = redirections::find(&api, &id)?;
    if entry.principal.name != caller.principal.name {
        return Err(Refusal::new(
            Code::NotAllowed,
            "only whoever has it can say that they keep it",
        )
        .next(
            "Sign in as they did: `viaduct login URL --user NAME`; a token is somebody of its own.",
        ));
    }
    tell(&api, &caller, &entry, Wish::Keep).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/watch`: begins to watch a screen; whoever has it is told.
async fn watch(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let entry = redirections::find(&api, &id)?;
    if entry.mode != RedirectionMode::Kvm {
        return Err(Refusal::new(Code::BadRequest, "only screens can be watched"));
    }
    if !entry.guests.welcome(&caller.principal.name, Instant::now()) {
        return Err(Refusal::new(Code::RedirectionInUse, "too many watch this screen already"));
    }
    tell(&api, &caller, &entry, Wish::Watch).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// It is written down before anybody hears of it.
async fn tell(api: &Api, caller: &Authorized, entry: &Entry, wish: Wish) -> Result<(), Refusal> {
    let holder = entry.principal.name.clone();
    let what = match wish {
        Wish::Ask => format!("ask {holder} for {}", entry.mode),
        Wish::Watch => format!("watch {} of {holder}", entry.mode),
        Wish::Keep => format!("keep {}", entry.mode),
    };
    let (who, right) = (&caller.principal, action(entry.mode));
    let intent = api.audit.intent(who, right, Some(entry.device), what).await?;
    api.events.publish(Event::RedirectionWanted {
        device: entry.device,
        mode: entry.mode.name(),
        user: who.name.clone(),
        holder,
        wish,
    });
    intent.done(Outcome::Done).await;
    Ok(())
}

/// `GET …/picture`: the last picture, or nothing while none has come. Who does not ask for a while watches no more.
async fn picture(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let entry = redirections::find(&api, &id)?;
    match entry.guests.look(&caller.principal.name, Instant::now()) {
        (false, _) => Err(Refusal::new(Code::BadRequest, "you do not watch this screen")
            .next("Begin with `POST /api/v1/redirections/{id}/watch`.")),
        (true, None) => Ok(StatusCode::NO_CONTENT.into_response()),
        (true, Some(Picture { kind, bytes })) => {
            Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
        }
    }
}

/// `PUT …/picture`: what the caller's own console shows, for those who watch; the answer says who they are.
async fn show(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Watchers>, Refusal> {
    let entry = redirections::find(&api, &id)?;
    if entry.principal.name != caller.principal.name || entry.mode != RedirectionMode::Kvm {
        let detail = "only whoever has a screen shows it to others";
        return Err(Refusal::new(Code::NotAllowed, detail));
    }
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = KINDS.into_iter().find(|kind| Some(*kind) == given).ok_or_else(|| {
        Refusal::new(Code::BadRequest, format!("a picture is one of {}", KINDS.join(", ")))
    })?;
    let bytes = body::read(request.into_body()).await?;
    let names = entry.guests.show(Picture { kind, bytes }, Instant::now());
    Ok(Json(Watchers { names }))
}
