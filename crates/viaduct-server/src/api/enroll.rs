//! Enrolling PCs of the local network: jobs that go on when whoever asked has gone.

use super::{
    Api,
    body::{Json as Body, OptionalJson as Optional},
    guard::{Authorized, Guard},
    refusal::Refusal,
    routes::Routes,
};
use crate::{access::Action, enroll};
use axum::{
    Json,
    extract::{Path, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use viaduct_api::{
    Code, EnrollScripts, Enrollment, NewEnrollScripts, NewEnrollment, ResumeEnrollment,
};

/// The routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let enroll = Guard::Needs(Action::Enroll);
    routes
        .add(&get, "/api/v1/enroll", enroll, list)
        .add(&post, "/api/v1/enroll", enroll, begin)
        .add(&post, "/api/v1/enroll/scripts", enroll, scripts)
        .add(&get, "/api/v1/enroll/{id}", enroll, show)
        .add(&delete, "/api/v1/enroll/{id}", enroll, cancel)
        .add(&post, "/api/v1/enroll/{id}/resume", enroll, resume)
}

/// `GET /enroll`: the jobs that are kept, the latest first.
async fn list(State(api): State<Arc<Api>>) -> Json<Vec<Enrollment>> {
    Json(api.enroller.list())
}

/// `POST /enroll`: begins a job and tells its number at once.
async fn begin(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Body(wish): Body<NewEnrollment>,
) -> Result<Response, Refusal> {
    let by = caller.principal.name.clone();
    let job = caller
        .audited(&api, None, describe(&wish), async { Ok(api.enroller.begin(wish, &by)?) })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(job)).into_response())
}

/// `POST /enroll/scripts`: what to run on a PC that this server cannot reach. Nothing is changed.
async fn scripts(
    State(api): State<Arc<Api>>,
    Body(wish): Body<NewEnrollScripts>,
) -> Result<Json<EnrollScripts>, Refusal> {
    Ok(Json(enroll::scripts(api.enroller.parts(), &wish)?))
}

/// `GET /enroll/{id}`.
async fn show(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Enrollment>, Refusal> {
    let job = id.parse().ok().and_then(|id| api.enroller.get(id));
    job.map(Json).ok_or_else(|| unknown(&id))
}

/// `DELETE /enroll/{id}`: stops it; what has begun with a PC is brought to a safe end.
async fn cancel(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    caller: Authorized,
) -> Result<Json<Enrollment>, Refusal> {
    let stop = async {
        let job = id.parse().ok().and_then(|id| api.enroller.cancel(id));
        job.map(Json).ok_or_else(|| unknown(&id))
    };
    caller.audited(&api, None, format!("stop enrollment {id}"), stop).await
}

/// `POST /enroll/{id}/resume`: begins a job for what is left of one that broke off.
async fn resume(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    caller: Authorized,
    Optional(wish): Optional<ResumeEnrollment>,
) -> Result<Response, Refusal> {
    let by = caller.principal.name.clone();
    let begin = async {
        let number = id.parse().map_err(|_| unknown(&id))?;
        let begun = api.enroller.resume(number, wish.amt_password.as_deref(), &by).await;
        Ok(begun.ok_or_else(|| unknown(&id))??)
    };
    let job = caller.audited(&api, None, format!("go on with enrollment {id}"), begin).await?;
    Ok((StatusCode::ACCEPTED, Json(job)).into_response())
}

/// For the audit log: which PCs, and what is done with them.
fn describe(wish: &NewEnrollment) -> String {
    let what = match (wish.remove, wish.dry_run) {
        (_, true) => "plan for",
        (true, false) => "remove remote access of",
        (false, false) => "enroll",
    };
    let addresses: Vec<&str> = wish.devices.iter().map(|pc| pc.address.as_str()).take(20).collect();
    let more = wish.devices.len().saturating_sub(addresses.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{what} {}{more}", addresses.join(", "))
}

fn unknown(id: &str) -> Refusal {
    let detail = format!("there is no enrollment with the number {id} (the latest 64 are kept)");
    Refusal::new(Code::UnknownEnrollment, detail)
}
