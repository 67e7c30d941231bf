//! Signing in at the identity provider: off to its page, and back with a code.

use super::{
    Api, authorize,
    guard::{Guard, Origin},
    pages::{escape, page},
    refusal::Refusal,
    routes::Routes,
};
use crate::{
    access::{Provider, ProviderError},
    audit::Outcome,
};
use axum::{
    Extension,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;
use viaduct_api::Code;

/// Binds a sign-in to the browser that began it: nobody can be signed in by a link of somebody else. Lax, because the
/// provider's page sends the browser back.
const COOKIE: &str = "__Host-viaduct-oidc";

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(&Method::GET, "/api/v1/oidc/login", Guard::Open, begin).add(
        &Method::GET,
        "/api/v1/oidc/callback",
        Guard::Open,
        callback,
    )
}

fn provider(api: &Api) -> Result<&Provider, Refusal> {
    api.provider.as_deref().ok_or_else(|| {
        Refusal::new(Code::NoSuchRoute, "no identity provider is configured")
            .next("Name one in the section [oidc] of viaduct.toml.")
    })
}

/// `GET /oidc/login`.
async fn begin(State(api): State<Arc<Api>>) -> Result<Response, Refusal> {
    let start = provider(&api)?.begin().await.map_err(refused)?;
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
    if answer.state.is_empty() || !begun_here(&headers, &answer.state) {
        return Ok(failed(&ProviderError::NotBegun));
    }
    if let Some(error) = &answer.error {
        let why = format!("it says {}", error.escape_debug());
        return Ok(failed(&ProviderError::Unbelievable(why)));
    }
    let who = match api.access.sign_in_at(provider, &answer.state, &answer.code).await {
        Ok(who) => who,
        Err(error) => {
            tracing::info!(%error, "a sign-in at the identity provider was refused");
            return Ok(failed(&error));
        }
    };
    let who = match origin {
        Origin::Network(peer) | Origin::Trusted(peer) => who.at(peer.ip().to_canonical()),
        Origin::Local => who,
    };
    authorize::note(&api, &who, "sign in at the identity provider", &Outcome::Done).await;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    let set = response.headers_mut();
    set.append(header::SET_COOKIE, authorize::cookie(&api, &who)?);
    set.append(header::SET_COOKIE, value(&state_cookie("", 0))?);
    Ok(response)
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
