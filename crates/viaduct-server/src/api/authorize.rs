//! Signing in as Open AMT's clients do (a signed token), and as browsers do (a cookie), and signing out.

use super::{
    Api,
    body::{Json, OptionalJson},
    devices,
    guard::{Authorized, COOKIE, Guard, Origin, has_cookie, is_signed_in},
    refusal::Refusal,
    routes::Routes,
};
use crate::{
    access::{Action, BROWSER, PASSWORD_MIN, Principal, SignInError},
    audit::Outcome,
    config::Secret,
};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};
use viaduct_api::{Code, ProxyToken, SignInWays};

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    let (post, ticket) = (Method::POST, Guard::Needs(Action::Redirect));
    routes
        .add(&post, "/api/v1/authorize", Guard::Open, login)
        .add(&post, "/login/api/v1/authorize", Guard::Open, login)
        .add(&Method::GET, "/api/v1/authorize/redirection/{guid}", ticket, redirection)
        .add(&Method::GET, "/api/v1/session", Guard::Open, ways)
        .add(&post, "/api/v1/session", Guard::Open, begin)
        .add(&Method::DELETE, "/api/v1/session", Guard::SignedIn, end)
        .add(&post, "/api/v1/session/proxy", Guard::Needs(Action::UseProxy), proxy)
}

/// Read by hand, so that what is missing is answered in Open AMT's shape.
#[derive(Deserialize, Default)]
pub(super) struct Credentials {
    username: Option<Value>,
    password: Option<Value>,
    /// One-time code or recovery code, for those who have a second factor.
    code: Option<String>,
}

/// `POST /authorize`.
pub(super) async fn login(
    State(api): State<Arc<Api>>,
    Extension(origin): Extension<Origin>,
    OptionalJson(credentials): OptionalJson<Credentials>,
) -> Result<axum::Json<Value>, Refusal> {
    let who = sign_in(&api, origin, &credentials, "sign in").await?;
    let token = api.access.login_token(&who)?;
    Ok(axum::Json(json!({ "token": token.expose() })))
}

/// `GET /session`: how one can sign in here, for a page that nobody has signed in to.
async fn ways(
    State(api): State<Arc<Api>>,
    Extension(origin): Extension<Origin>,
    method: Method,
    headers: HeaderMap,
) -> axum::Json<SignInWays> {
    axum::Json(SignInWays {
        signed_in: is_signed_in(&api, origin, &method, &headers).await,
        set_up: api.access.has_users(),
        provider: api.provider.is_some(),
        password_min: PASSWORD_MIN,
    })
}

/// `POST /session`: the same, for a browser: the token is in a cookie that no script can read.
pub(super) async fn begin(
    State(api): State<Arc<Api>>,
    Extension(origin): Extension<Origin>,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Refusal> {
    let who = sign_in(&api, origin, &credentials, "sign in with a browser").await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&api, &who)?)]).into_response())
}

/// `DELETE /session`: what the caller signed in with is worthless from now on.
pub(super) async fn end(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<Response, Refusal> {
    if api.access.sign_out(&caller.principal).await? {
        note(&api, &caller.principal, "sign out", &Outcome::Done).await;
    }
    let gone = format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    let headers = HeaderValue::from_str(&gone).map(|value| [(header::SET_COOKIE, value)]);
    let headers = headers.map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// `POST /session/proxy`: a token for the proxies that ends with the caller's sign-in.
async fn proxy(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<(StatusCode, axum::Json<ProxyToken>), Refusal> {
    let make = async { Ok(api.access.proxy_token(&caller.principal)?) };
    let (token, expires) = caller.audited(&api, None, "make a token for the proxies", make).await?;
    let issued = ProxyToken { token: token.expose().clone(), expires };
    Ok((StatusCode::CREATED, axum::Json(issued)))
}

/// `GET /authorize/redirection/{guid}`: a token for the relay, for this device and five minutes.
pub(super) async fn redirection(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(guid): Path<String>,
) -> Result<axum::Json<Value>, Refusal> {
    let device = devices::find(&api, &guid)?;
    let token = api.access.redirection_token(&caller.principal, device.id)?;
    Ok(axum::Json(json!({ "token": token.expose() })))
}

/// The cookie of somebody who has just signed in. `__Host-` keeps other hosts of the domain from setting it.
pub(super) fn cookie(api: &Api, who: &Principal) -> Result<HeaderValue, Refusal> {
    let token = api.access.browser_token(who)?;
    let text = format!(
        "{COOKIE}={}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Strict",
        token.expose(),
        BROWSER.as_secs()
    );
    let mut value =
        HeaderValue::from_str(&text).map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// For somebody who has just changed what protects the own account: everything that was issued before is worthless, and
/// the browser it was done with stays signed in.
pub(super) fn renewed(
    api: &Api,
    who: &Principal,
    headers: &HeaderMap,
) -> Result<HeaderMap, Refusal> {
    let mut set = HeaderMap::new();
    if has_cookie(headers) {
        set.insert(header::SET_COOKIE, cookie(api, who)?);
    }
    Ok(set)
}

async fn sign_in(
    api: &Api,
    origin: Origin,
    credentials: &Credentials,
    what: &str,
) -> Result<Principal, Refusal> {
    let (user, password) = checked(credentials)?;
    let from = match origin {
        Origin::Network(peer) | Origin::Trusted(peer) => peer.ip().to_canonical(),
        Origin::Local => IpAddr::from([127, 0, 0, 1]),
    };
    let signed_in =
        api.access.sign_in_person(&user, &password, credentials.code.as_deref(), from).await;
    match signed_in {
        Ok(who) => {
            let who = who.at(from);
            note(api, &who, what, &Outcome::Done).await;
            Ok(who)
        }
        Err(error) => {
            tracing::info!(user = %user.escape_debug(), %from, %error, "a sign-in was refused");
            Err(refused(&error))
        }
    }
}

/// That it is not recorded must keep nobody out who is to free the disk.
pub(super) async fn note(api: &Api, who: &Principal, what: &str, outcome: &Outcome) {
    if let Err(error) = api.audit.note(who, Action::SignIn, None, what, outcome).await {
        tracing::warn!(user = who.name, %error, "a sign-in is not recorded");
    }
}

fn refused(error: &SignInError) -> Refusal {
    const WRONG: &str = "Incorrect Username and/or Password!";
    match error {
        SignInError::Wrong | SignInError::Expired => {
            Refusal::new(Code::NotSignedIn, error.to_string()).shaped([("message", WRONG.into())])
        }
        SignInError::CodeNeeded => Refusal::new(Code::SecondFactor, error.to_string())
            .shaped([("message", "A one-time code is needed".into())]),
        SignInError::Throttled(wait) => Refusal::new(Code::Throttled, error.to_string())
            .retry_after(wait.as_secs().max(1))
            .shaped([("message", error.to_string().into())]),
    }
}

fn checked(credentials: &Credentials) -> Result<(String, Secret<String>), Refusal> {
    let mut errors = Vec::new();
    let mut text = |path: &str, value: &Option<Value>| match value {
        Some(Value::String(text)) => text.clone(),
        other => {
            let mut error = json!({
                "type": "field", "msg": format!("{path} is required, as text"), "path": path,
                "location": "body",
            });
            // A password that is no text is not to be sent back.
            if let (Some(value), true) = (other, path == "username") {
                error["value"] = value.clone();
            }
            errors.push(error);
            String::new()
        }
    };
    let user = text("username", &credentials.username);
    let password = text("password", &credentials.password);
    if errors.is_empty() {
        return Ok((user, Secret::new(password)));
    }
    Err(Refusal::new(Code::BadRequest, "username and password are needed")
        .shaped([("errors", Value::Array(errors))]))
}
