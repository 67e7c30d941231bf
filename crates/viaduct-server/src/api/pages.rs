//! The few pages that the server renders itself: no script, nothing from elsewhere.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;\
color:#1c2430;background:#fff}label{display:block;margin-top:1rem}input{font:inherit;width:100%;padding:.5rem;\
box-sizing:border-box}button{font:inherit;margin-top:1.5rem;padding:.6rem 1.2rem}code{background:#eef1f5;padding:0 .3em}\
p.wrong{color:#a4262c}@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}code{background:#232a35}\
p.wrong{color:#ff8a8a}}";

/// A page. `body` is HTML: texts from outside must have gone through [`escape`].
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} - Viaduct</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body></html>\n"
    );
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Text that is inert inside HTML, also inside an attribute in quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// `GET /`: this build has no dashboard, and says so.
pub(super) async fn front() -> Response {
    page(
        StatusCode::OK,
        "Viaduct is running",
        "<p>This build carries no dashboard. Everything can be done with the command line and the API:</p>\n\
         <p><code>viaduct status</code><br><code>viaduct devices ls</code><br><code>viaduct --help</code></p>\n\
         <p>The API lives under <code>/api/v1</code> and wants <code>Authorization: Bearer TOKEN</code>.</p>",
    )
}
