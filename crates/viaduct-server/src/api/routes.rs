//! The table of routes: each with the right it needs, matched in any case.

use super::{Api, body, cors, dashboard, guard, guard::Guard, kv, refusal::Refusal};
use axum::{
    Router,
    extract::{Request, State},
    handler::Handler,
    http::{HeaderValue, Method, StatusCode, Uri, header, uri::PathAndQuery},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use futures_util::{FutureExt, future::BoxFuture};
use std::sync::Arc;
use tower::ServiceExt;
use viaduct_api::Code;

/// Prefix under which a gateway in front of Open AMT's MPS shows it.
const MPS_PREFIX: &str = "mps";

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) guard: Guard,
}

/// A handler whatever it takes out of a request.
type Answer = dyn Fn(Request, Arc<Api>) -> BoxFuture<'static, Response> + Send + Sync;

/// Routes while they are being entered.
pub(super) struct Routes {
    api: Arc<Api>,
    router: Router<Arc<Api>>,
    table: Vec<Entry>,
}

impl Routes {
    pub(super) fn new(api: Arc<Api>) -> Self {
        Self { api, router: Router::new(), table: Vec::new() }
    }

    /// Enters a route. The guard stands in front of the handler, which cannot be reached otherwise.
    pub(super) fn add<H, T>(
        self,
        method: &Method,
        path: &'static str,
        guard: Guard,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<Api>>,
        T: 'static,
    {
        let answer = move |request, api| handler.clone().call(request, api).boxed();
        self.enter(method, path, guard, Arc::new(answer))
    }

    /// Behind a handler of one type for all routes: around one of each route's own type, the router's layers are thousands of
    /// functions, and the compiler looks through the whole of a handler for each of them.
    fn enter(
        mut self,
        method: &Method,
        path: &'static str,
        guard: Guard,
        answer: Arc<Answer>,
    ) -> Self {
        let filter = match *method {
            Method::POST => MethodFilter::POST,
            Method::PUT => MethodFilter::PUT,
            Method::PATCH => MethodFilter::PATCH,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let handler =
            async move |State(api): State<Arc<Api>>, request: Request| answer(request, api).await;
        let checked = on(filter, handler)
            .layer(from_fn_with_state((Arc::clone(&self.api), guard), guard::check));
        self.router = self.router.route(path, checked);
        self.table.push(Entry { method: method.clone(), path, guard });
        self
    }

    /// What has been entered so far.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.table
    }

    pub(super) fn finish(self) -> Router {
        let patterns: Arc<[&'static str]> = self.table.iter().map(|entry| entry.path).collect();
        let vault = from_fn(kv::in_vaults_words);
        let cors = from_fn_with_state(Arc::clone(&self.api.origins), cors::allow);
        let inner = self
            .router
            .fallback(dashboard::other)
            .method_not_allowed_fallback(method_not_allowed)
            .with_state(self.api);
        // Routing happens inside a router, so the path must be put right before it is reached.
        Router::new()
            .fallback_service(inner.map_request(move |request| canonical(request, &patterns)))
            .layer(vault)
            .layer(cors)
            .layer(map_response(harden))
    }
}

/// OPTIONS is answered with what there is; the router adds the `Allow` header to both answers.
async fn method_not_allowed(method: Method, uri: Uri, request: Request) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    // A body that cannot be understood is told as such by every route, also by those that have no use for one.
    if let Err(refusal) = body::read(request.into_body()).await {
        return refusal.into_response();
    }
    let detail = format!("`{}` does not know {method}", uri.path());
    Refusal::new(Code::MethodNotAllowed, detail).into_response()
}

/// Nothing here is to be cached unless its handler says so, guessed at, framed or leaked by a Referer (the setup link is a secret).
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

/// Gives the path the spelling that the router knows; leaves a path alone that fits no route.
fn canonical(mut request: Request, patterns: &[&'static str]) -> Request {
    kv::listing(&mut request);
    let Some(path) = spelling(request.uri().path(), patterns) else { return request };
    let text = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    if let Ok(path_and_query) = text.parse::<PathAndQuery>() {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// The path with the fixed segments as the table spells them and the variable ones as they came.
fn spelling(path: &str, patterns: &[&'static str]) -> Option<String> {
    let mut segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    if segments.len() > 1 && segments.last() == Some(&"") {
        segments.pop();
    }
    if segments.len() > 1 && segments[0].eq_ignore_ascii_case(MPS_PREFIX) {
        segments.remove(0);
    }
    let fits = |pattern: &&&'static str| {
        let expected: Vec<&str> = pattern[1..].split('/').collect();
        expected.len() == segments.len()
            && expected.iter().zip(&segments).all(|(expected, given)| match variable(expected) {
                true => !given.is_empty(),
                false => expected.eq_ignore_ascii_case(given),
            })
    };
    // `/devices/stats` fits `/devices/{device}` too: the one with the fewest variables is meant.
    let pattern =
        patterns.iter().filter(fits).min_by_key(|pattern| pattern.matches('{').count())?;
    let spelled: Vec<&str> = pattern[1..]
        .split('/')
        .zip(&segments)
        .map(|(expected, given)| if variable(expected) { given } else { expected })
        .collect();
    Some(format!("/{}", spelled.join("/")))
}

fn variable(segment: &str) -> bool {
    segment.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERNS: [&str; 5] = [
        "/",
        "/api/v1/devices",
        "/api/v1/devices/stats",
        "/api/v1/devices/{device}",
        "/api/v1/devices/{device}/why-offline",
    ];

    #[test]
    fn paths_are_matched_in_any_case_and_with_one_trailing_slash() {
        for (given, expected) in [
            ("/api/v1/devices", Some("/api/v1/devices")),
            ("/API/V1/Devices/", Some("/api/v1/devices")),
            ("/mps/api/v1/devices", Some("/api/v1/devices")),
            ("/MPS/Api/v1/devices/Stats", Some("/api/v1/devices/stats")),
            ("/api/v1/devices/Pc-01", Some("/api/v1/devices/Pc-01")),
            ("/api/v1/devices/Pc-01/Why-Offline/", Some("/api/v1/devices/Pc-01/why-offline")),
            ("/", Some("/")),
            ("/api/v1/devices//", None),
            ("/api/v1", None),
            ("/mps", None),
            ("*", None),
        ] {
            assert_eq!(spelling(given, &PATTERNS).as_deref(), expected, "{given}");
        }
    }
}
