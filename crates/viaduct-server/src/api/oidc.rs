//! Signing in at the identity provider: off to its page, and back with a code.

use super::{
    Api, authorize,
    body::Json,
    guard::{Guard, Origin},
    pages::{escape, page},
    refusal::Refusal,
    routes::Routes,
    site,
};
use crate::{
    access::{Program, Provider, ProviderError},
    audit::Outcome,
};
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use viaduct_api::Code;

/// Binds a sign-in to the browser that began it: nobody can be signed in by a link of somebody else. Lax, because the
/// provider's page sends the browser back.
const COOKIE: &str = "__Host-viaduct-oidc";

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(&Method::GET, "/api/v1/oidc/login", Guard::Open, begin)
        .add(&Method::GET, "/api/v1/oidc/callback", Guard::Open, callback)
        .add(&Method::POST, "/api/v1/oidc/token", Guard::Open, token)
}

fn provider(api: &Api) -> Result<&Provider, Refusal> {
    api.provider.as_deref().ok_or_else(|| {
        Refusal::new(Code::NoSuchRoute, "no identity provider is configured")
            .next("Name one in the section [oidc] of viaduct.toml.")
    })
}

/// A program that signs somebody in: where it listens on the machine of the browser, and what it will prove.
#[derive(Deserialize)]
struct Wish {
    port: Option<u16>,
    #[serde(default)]
    challenge: String,
    #[serde(default)]
    state: String,
    /// The browser was sent to the name that it comes back by: not again, whatever a gateway makes of that name.
    #[serde(default)]
    sent: String,
}

/// `GET /oidc/login`. The cookie of the sign-in must be there when the provider sends the browser back, and it comes back
/// by one certain name of this server: a browser that knows us by another one is sent to that one first.
async fn begin(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Response, Refusal> {
    let strange = || {
        let detail = "port, challenge and state are not those of a program that signs in";
        Refusal::new(Code::BadRequest, detail)
            .next("Use `viaduct login URL`, or leave all three out.")
    };
    let Query(wish) = wish.map_err(|_| strange())?;
    let program = match wish.port {
        None => None,
        Some(port) => Some(Program::new(port, &wish.challenge, &wish.state).ok_or_else(strange)?),
    };
    let provider = provider(&api)?;
    if program.is_none()
        && wish.sent.is_empty()
        && let Some(place) = provider.login_elsewhere(site::host(&headers))
    {
        return Ok((StatusCode::FOUND, [(header::LOCATION, value(&place)?)]).into_response());
    }
    let start = provider.begin(program).await.map_err(refused)?;
    let headers = [
        (header::LOCATION, value(&start.url)?),
        (header::SET_COOKIE, value(&state_cookie(&start.state, 600))?),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    error: Option<String>,
}

/// `GET /oidc/callback`.
async fn callback(
    State(api): State<Arc<Api>>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Refusal> {
    let provider = provider(&api)?;
    let program = provider.waiting(&answer.state);
    // A program knows by its own state that it began, and its browser may have come by another name of this server.
    if answer.state.is_empty() || (program.is_none() && !begun_here(&headers, &answer.state)) {
        return Ok(failed(&ProviderError::NotBegun));
    }
    let failed = |error: &ProviderError| match &program {
        Some(program) => back(program, "error", &error.to_string()),
        None => Ok(failed(error)),
    };
    if let Some(error) = &answer.error {
        let why = format!("it says {}", error.escape_debug());
        return failed(&ProviderError::Unbelievable(why));
    }
    let who = match api.access.sign_in_at(provider, &answer.state, &answer.code).await {
        Ok(who) => who,
        Err(error) => {
            tracing::info!(%error, "a sign-in at the identity provider was refused");
            return failed(&error);
        }
    };
    let who = match origin {
        Origin::Network(peer) | Origin::Trusted(peer) => who.at(peer.ip().to_canonical()),
        Origin::Local => who,
    };
    authorize::note(&api, &who, "sign in at the identity provider", &Outcome::Done).await;
    if let Some(program) = &program {
        return back(program, "code", &provider.give(program, &who)?);
    }
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    let set = response.headers_mut();
    set.append(header::SET_COOKIE, authorize::cookie(&api, &who)?);
    set.append(header::SET_COOKIE, value(&state_cookie("", 0))?);
    Ok(response)
}

/// Back to the program that began; the browser itself is not signed in.
fn back(program: &Program, name: &str, text: &str) -> Result<Response, Refusal> {
    let headers = [
        (header::LOCATION, value(&program.place(name, text))?),
        (header::SET_COOKIE, value(&state_cookie("", 0))?),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// What a program got by the browser, and what shows that it began.
#[derive(Deserialize)]
struct Redeemed {
    code: String,
    verifier: String,
}

/// `POST /oidc/token`: a token as of `POST /authorize`, for the code of a sign-in that a program began.
async fn token(
    State(api): State<Arc<Api>>,
    Json(given): Json<Redeemed>,
) -> Result<axum::Json<Value>, Refusal> {
    let who = provider(&api)?.redeem(&given.code, &given.verifier).ok_or_else(|| {
        Refusal::new(
            Code::NotSignedIn,
            "this code is not known, was used, or is older than a minute",
        )
        .next("Begin again: `viaduct login URL`.")
    })?;
    let token = api.access.login_token(&who)?;
    Ok(axum::Json(json!({ "token": token.expose() })))
}

fn state_cookie(state: &str, seconds: u32) -> String {
    format!("{COOKIE}={state}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
}

fn value(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text).map_err(|e| Refusal::new(Code::Internal, e.to_string()))
}

fn begun_here(headers: &HeaderMap, state: &str) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .any(|pair| pair.trim().split_once('=') == Some((COOKIE, state)))
}

/// People see this, so it is a page.
fn failed(error: &ProviderError) -> Response {
    let status = match error {
        ProviderError::NotBegun => StatusCode::BAD_REQUEST,
        ProviderError::Unreachable(_) | ProviderError::Unbelievable(_) => StatusCode::BAD_GATEWAY,
        ProviderError::NoRole { .. } | ProviderError::Disabled(_) => StatusCode::FORBIDDEN,
        ProviderError::NameTaken(_) => StatusCode::CONFLICT,
        ProviderError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = escape(&error.to_string());
    let body = format!(
        "<p class=\"wrong\" role=\"alert\">{text}.</p>\n<p><a href=\"/api/v1/oidc/login\">Try again</a>, or ask \
         whoever runs this server.</p>"
    );
    page(status, "Not signed in", &body)
}

fn refused(error: ProviderError) -> Refusal {
    let detail = error.to_string();
    match error {
        ProviderError::Store(error) => error.into(),
        _ => Refusal::new(Code::Unreachable, detail).next(
            "Is the provider up, and issuer right in [oidc]? Users with a password here can sign in meanwhile.",
        ),
    }
}
