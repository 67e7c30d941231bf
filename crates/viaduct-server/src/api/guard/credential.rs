//! What a request is signed in with: a token, user and password, or the cookie of a browser on a page of ours.

use super::Asked;
use crate::{
    access::{Principal, SignInError},
    api::{
        Api,
        refusal::Refusal,
        site::{self, Page},
    },
    config::Secret,
};
use axum::http::{HeaderMap, Method, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::net::IpAddr;
use viaduct_api::Code;

/// The cookie of a browser that is signed in. The prefix keeps other hosts of the domain from setting it.
pub(in crate::api) const COOKIE: &str = "__Host-viaduct";

pub(super) async fn sign_in(
    api: &Api,
    from: IpAddr,
    asked: Asked<'_>,
) -> Result<Principal, Refusal> {
    let headers = asked.headers;
    if headers.get(header::AUTHORIZATION).is_none()
        && let Some(token) = cookie(headers)
    {
        same_site(asked)?;
        return api.access.browser(&token).map_err(|error| turned_down(&error, "Bearer"));
    }
    let missing =
        || Refusal::new(Code::NotSignedIn, "the request has no usable Authorization header");
    // As clients of the key-value store send it.
    if let Some(token) = headers.get("x-vault-token") {
        let token = token.to_str().map_err(|_| missing())?;
        return bearer(api, &Secret::new(token.to_owned()), from);
    }
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, credential) =
        value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(missing)?;
    let credential = credential.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        let token = Secret::new(credential.to_owned());
        return bearer(api, &token, from);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(missing());
    }
    // A browser that was given a password sends it along whoever's page asks.
    if headers.contains_key(header::ORIGIN) {
        same_site(asked)?;
    }
    let decoded = BASE64_STANDARD.decode(credential).ok().map(String::from_utf8);
    let Some(Ok(decoded)) = decoded else { return Err(missing()) };
    let (user, password) = decoded.split_once(':').ok_or_else(missing)?;
    let password = Secret::new(password.to_owned());
    let signed_in = api.access.sign_in_with_request(user, &password, from).await;
    signed_in.map_err(|error| turned_down(&error, "Basic"))
}

/// Who has this token. One that is none is a failed sign-in; one that has run out is an accident.
fn bearer(api: &Api, token: &Secret<String>, from: IpAddr) -> Result<Principal, Refusal> {
    api.access.bearer(token).map_err(|error| match error {
        SignInError::Wrong => {
            api.access.failed_at(from);
            Refusal::new(Code::NotSignedIn, "the token is not known, or was revoked")
        }
        other => turned_down(&other, "Bearer"),
    })
}

/// The cookie's value, where there is one.
pub(super) fn cookie(headers: &HeaderMap) -> Option<Secret<String>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| Secret::new(value.to_owned()))
}

/// What a browser sends along by itself counts only on our own pages: a request that changes something, or that begins
/// a stream, says where it comes from, and that is here. (A browser that says nothing on those is none.)
fn same_site(asked: Asked<'_>) -> Result<(), Refusal> {
    let headers = asked.headers;
    let reads = matches!(*asked.method, Method::GET | Method::HEAD)
        && !headers.contains_key(header::UPGRADE);
    let from = match site::page(headers, asked.extensions) {
        Page::Own => return Ok(()),
        Page::Unnamed if reads && !site::fetched_by_others(headers) => return Ok(()),
        Page::Unnamed => "a page that it does not name",
        Page::Other(page) => page,
    };
    let from: String = from.chars().take(100).collect();
    Err(Refusal::new(Code::CrossSite, format!("the browser sent it for {}", from.escape_debug())))
}

/// The refusal of a credential. `Basic` is only offered to those who tried it: a browser would ask its user.
fn turned_down(error: &SignInError, scheme: &'static str) -> Refusal {
    let detail = error.to_string();
    match error {
        SignInError::Wrong => Refusal::new(Code::NotSignedIn, detail).challenge(scheme),
        // The body that Open AMT's gateway sends, which makes its web UI ask to sign in again.
        SignInError::Expired => Refusal::new(Code::Expired, detail)
            .challenge(scheme)
            .shaped([("exp", "token expired".into())]),
        SignInError::CodeNeeded => Refusal::new(Code::SecondFactor, detail).challenge(scheme),
        SignInError::Throttled(wait) => {
            Refusal::new(Code::Throttled, detail).retry_after(wait.as_secs().max(1))
        }
    }
}
