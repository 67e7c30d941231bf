//! Pages of other origins: those of the list in the configuration, exactly, and by default none.
//!
//! They may use the API with a token. Cookies stay with our own pages: no answer allows credentials.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// What clients of this API send beside what every page may send.
const FIELDS: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, x-viaduct-reason";
const SHOWN: &str = "x-viaduct-code, retry-after, allow";
/// A browser need not ask again for so many seconds.
const AGE: &str = "600";

/// Lets pages of these origins read answers, and tells their browsers so beforehand.
pub(super) async fn allow(
    State(origins): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    let known = |value: &&HeaderValue| {
        value.to_str().is_ok_and(|text| origins.iter().any(|it| it.eq_ignore_ascii_case(text)))
    };
    let origin = request.headers().get(header::ORIGIN).filter(known).cloned();
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (&origin, asks) {
        (Some(_), true) => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    if !origins.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(headers, asks);
    }
    response
}

fn set(headers: &mut HeaderMap, asks: bool) {
    let beforehand: &[(HeaderName, &'static str)] = &[
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, FIELDS),
        (header::ACCESS_CONTROL_MAX_AGE, AGE),
    ];
    let with_answers: &[(HeaderName, &'static str)] =
        &[(header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN)];
    for (name, value) in if asks { beforehand } else { with_answers } {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
