//! Refusals as Vault words them: whoever may not gets 403, signed in or not, and `errors` says why.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// Under this, everything is Vault's.
const VAULT: &str = "/v1/";
/// No refusal of ours is longer.
const REFUSAL_MAX: usize = 64 << 10;

/// Rewords what is refused below Vault's paths; our own keys stay beside `errors`.
pub(in crate::api) async fn in_vaults_words(request: Request, next: Next) -> Response {
    let vault = request.uri().path().starts_with(VAULT);
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if !vault || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, REFUSAL_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    let detail = body.get("detail").and_then(Value::as_str).map(str::to_owned);
    let why = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => vec!["permission denied".to_owned()],
        StatusCode::NOT_FOUND if detail.is_some() => vec![format!("no handler for route {path:?}")],
        _ => detail.into_iter().collect(),
    };
    body.entry("errors").or_insert_with(|| json!(why));
    if status == StatusCode::UNAUTHORIZED {
        head.status = StatusCode::FORBIDDEN;
        head.headers.remove(header::WWW_AUTHENTICATE);
    }
    if body.contains_key("status") {
        body.insert("status".to_owned(), head.status.as_u16().into());
    }
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    head.headers.remove(header::CONTENT_LENGTH);
    (head, Json(Value::Object(body))).into_response()
}
