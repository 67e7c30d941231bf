//! The dashboard's files over HTTP, under a policy that lets nothing in from elsewhere.

use super::{pages, refusal::Refusal};
use crate::web;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};
use viaduct_api::Code;

/// Scripts and style only from here and never from text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The name of such a file changes with its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /`: the dashboard, or a page that says that there is none.
pub(super) async fn front() -> Response {
    match page("/", false) {
        Some(response) => response,
        None => pages::front().await,
    }
}

/// What is no route: a place or file of the dashboard, or nothing.
pub(super) async fn other(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let of_api = ["/api", "/mps", "/relay", "/v1"].iter().any(|prefix| {
        path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    });
    // A probe that asks at a path of its own must not take the dashboard for a sign of health.
    let is_place = web::is_file(path) || web::is_page(path) || wants_page(&headers);
    let shown = match method == Method::GET && !of_api && is_place {
        true => page(path, takes_gzip(&headers)),
        false => None,
    };
    if let Some(response) = shown {
        return response;
    }
    let refusal = Refusal::new(Code::NoSuchRoute, format!("`{path}` is no route of this server"));
    let last = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    if !["health", "healthz", "livez", "readyz", "version", "metrics"].contains(&last.as_str()) {
        return refusal.into_response();
    }
    refusal
        .next(
            "Whether it is well is at /api/v1/health, its version at /api/v1/version; /livez, /readyz and /metrics are on \
             the listener of [metrics].",
        )
        .into_response()
}

/// Whether somebody in a browser asks, who is shown that there is no such page.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|text| text.split(',')).any(|one| {
        one.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
    })
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|text| text.split(',').any(|one| one.trim() == "gzip"))
}

/// The file that a path means, packed where that is wanted and there.
pub(super) fn page(path: &str, gzip: bool) -> Option<Response> {
    let (file, kind) = web::file(path)?;
    let packed = if gzip { web::gzipped(path) } else { None };
    let is_packed = packed.is_some();
    let mut response = Body::from(packed.unwrap_or(file).data).into_response();
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if path.starts_with("/assets/") {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    }
    Some(response)
}
