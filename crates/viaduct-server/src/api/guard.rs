//! Who asks, and whether they may: one check in front of every handler.

mod credential;
mod denied;

pub(super) use credential::COOKIE;
pub(super) use denied::{not_allowed, own_only, refused};

use super::{Api, amt, body, redirections, refusal::Refusal, wsman};
use crate::{
    access::{Action, Principal, Scope},
    audit::Outcome,
    config::Secret,
    inventory::TENANT_MAX,
};
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{Extensions, HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use credential::{cookie, sign_in};
use futures_util::{FutureExt, future::BoxFuture};
use std::{net::SocketAddr, sync::Arc};
use viaduct_api::{Code, DeviceId};

/// What a route asks of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing.
    Open,
    /// Only to be signed in.
    SignedIn,
    /// The right to do this.
    Needs(Action),
    /// The right to do what the body asks for.
    Depends(Asks),
}

/// What the body of a route's request decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Which power action it is.
    Power,
    /// What to boot, or only a power action.
    Boot,
    /// What a ticket is for.
    Ticket,
    /// Whether WS-Man is to change something.
    Wsman,
}

impl Asks {
    /// The right that each request of the route needs.
    pub(super) const fn least(self) -> Action {
        match self {
            Self::Power => Action::PowerOn,
            Self::Boot => Action::Boot,
            Self::Ticket => Action::Redirect,
            Self::Wsman => Action::ReadWsman,
        }
    }

    /// The right that this one needs beside it, where its body can be read.
    fn named(self, body: &[u8], headers: &HeaderMap) -> Option<Action> {
        match self {
            Self::Power => amt::power_right(body),
            Self::Boot => amt::power_right(body).filter(|right| *right == Action::PowerOn),
            Self::Ticket => redirections::right(body),
            Self::Wsman => wsman::right(body, headers),
        }
    }
}

impl Guard {
    /// The right that a route asks for, whatever the request says.
    pub(super) const fn least(self) -> Option<Action> {
        match self {
            Self::Open | Self::SignedIn => None,
            Self::Needs(action) => Some(action),
            Self::Depends(asks) => Some(asks.least()),
        }
    }
}

/// How the request reached us; set by the listener, never by the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The socket in the data directory: who can open it owns the keys anyway.
    Local,
    /// A network listener.
    Network(SocketAddr),
    /// The plain listener, while the configuration lets provisioning in there without signing in.
    Trusted(SocketAddr),
}

/// What provisioning is called in the audit log.
const PROVISIONER: &str = "provisioning";

/// What provisioning may do on a trusted listener: what Open AMT's RPS does with devices, and nothing else. By route, because
/// the same rights also open much that is about devices and not for everybody in a network.
const PROVISIONING: [(Method, &str); 6] = [
    (Method::GET, "/api/v1/devices"),
    (Method::POST, "/api/v1/devices"),
    (Method::PATCH, "/api/v1/devices"),
    (Method::GET, "/api/v1/devices/{device}"),
    (Method::DELETE, "/api/v1/devices/{device}"),
    (Method::DELETE, "/api/v1/devices/refresh/{device}"),
];

/// The caller, after the check.
#[derive(Debug, Clone)]
pub(super) struct Authorized {
    pub(super) principal: Principal,
    pub(super) origin: Origin,
    /// The right that the route asked for.
    pub(super) action: Option<Action>,
}

impl Authorized {
    /// Whether this is provisioning on the listener that asks it for no token.
    pub(super) fn is_provisioning(&self) -> bool {
        matches!(self.origin, Origin::Trusted(_)) && self.principal.name == PROVISIONER
    }

    /// Asks for a right beyond the one of the route, where it depends on what the body says.
    pub(super) fn may(&self, api: &Api, action: Action) -> Result<(), Refusal> {
        api.access
            .authorise(&self.principal, action)
            .map_err(|denied| refused(api, &self.principal, &denied))
    }

    /// Does something that changes something: recorded before it happens, and how it ended afterwards. `work` does not
    /// begin when it cannot be recorded. It is boxed: nested as it is, the compiler looks through it again and again.
    pub(super) fn audited<'a, T: Send + 'a>(
        &'a self,
        api: &'a Api,
        device: Option<DeviceId>,
        detail: impl Into<String>,
        work: impl Future<Output = Result<T, Refusal>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Refusal>> {
        self.judged(api, device, detail.into(), work.boxed(), |_| None)
    }

    /// As [`audited`](Self::audited), where an answer may still say that it was refused: `why` finds that out.
    pub(super) fn judged<'a, T: Send + 'a>(
        &'a self,
        api: &'a Api,
        device: Option<DeviceId>,
        detail: String,
        work: BoxFuture<'a, Result<T, Refusal>>,
        why: fn(&T) -> Option<String>,
    ) -> BoxFuture<'a, Result<T, Refusal>> {
        let judged = async move {
            let action = self.action.ok_or_else(|| {
                Refusal::new(Code::Internal, "this route changes something and asks for no right")
            })?;
            let intent = api.audit.intent(&self.principal, action, device, detail).await?;
            let result = work.await;
            let refused = result.as_ref().ok().and_then(why);
            intent.done(refused.map_or_else(|| outcome(&result), Outcome::Failed)).await;
            result
        };
        judged.boxed()
    }
}

/// How the answer to a request shows that it ended.
fn outcome<T>(result: &Result<T, Refusal>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(refusal) => {
            let why = format!("{} {}", refusal.code(), refusal.detail());
            match refusal.code() {
                Code::DeviceSilent | Code::OutcomeUnknown => Outcome::Unknown(why),
                _ => Outcome::Failed(why),
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Authorized {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Refusal::new(Code::NotSignedIn, "this route was entered as open to all"))
    }
}

/// Runs the handler only for those who may.
pub(super) async fn check(
    State((api, guard)): State<(Arc<Api>, Guard)>,
    mut request: Request,
    next: Next,
) -> Response {
    if guard != Guard::Open {
        let origin = request.extensions().get::<Origin>().copied();
        let mut caller = match admit(&api, guard, origin, Asked::of(&request)).await {
            Ok(caller) => caller,
            Err(refusal) => return refusal.into_response(),
        };
        if let Guard::Depends(asks) = guard {
            request = match depends(&api, &caller, asks, request).await {
                Ok(request) => request,
                Err(refusal) => return refusal.into_response(),
            };
        }
        if caller.is_provisioning() {
            request = match tenant_named(request).await {
                Ok((tenant, request)) => {
                    caller.principal.tenant = tenant;
                    request
                }
                Err(refusal) => return refusal.into_response(),
            };
        }
        let view = caller.principal.view();
        request.extensions_mut().insert(caller);
        // Whatever the handler does, it does not see the devices of others.
        if let Some(view) = view {
            return view.around(next.run(request)).await;
        }
    }
    next.run(request).await
}

/// Asks for the right of the route. Who has not even that is told the one that this very request needs.
async fn depends(
    api: &Api,
    caller: &Authorized,
    asks: Asks,
    request: Request,
) -> Result<Request, Refusal> {
    // What is beside it is asked for by the handler, which has understood the body.
    let Err(refusal) = caller.may(api, asks.least()) else { return Ok(request) };
    let (parts, body) = request.into_parts();
    let bytes = body::read(body).await?;
    if let Some(action) = asks.named(&bytes, &parts.headers) {
        caller.may(api, action)?;
    }
    Err(refusal)
}

/// Provisioning says itself for which tenant it works: Open AMT's does it in the body, and in the query where there is none.
async fn tenant_named(request: Request) -> Result<(String, Request), Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let named = query.split('&').find_map(|pair| pair.strip_prefix("tenantId="));
    let named = named.unwrap_or_default().to_owned();
    let (parts, body) = request.into_parts();
    let bytes = body::read(body).await?;
    let device: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    let tenant = device.as_ref().and_then(|device| device.get("tenantId")?.as_str());
    let tenant = tenant.map_or(named, str::to_owned);
    let possible = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if tenant.len() > TENANT_MAX || !tenant.bytes().all(possible) {
        let why = "letters, digits, `.`, `_` and `-` are possible, at most 36 of them";
        return Err(Refusal::invalid("tenantId", "body", tenant.into(), why));
    }
    Ok((tenant, Request::from_parts(parts, bytes.into())))
}

/// What a request says about who sends it.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request) -> Self {
        Self {
            method: request.method(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

async fn admit(
    api: &Api,
    guard: Guard,
    origin: Option<Origin>,
    asked: Asked<'_>,
) -> Result<Authorized, Refusal> {
    let Some(origin) = origin else {
        return Err(Refusal::new(
            Code::Internal,
            "the listener did not say where a request is from",
        ));
    };
    let principal = match origin {
        Origin::Local => Principal::local(),
        Origin::Trusted(peer) if is_provisioning(asked) => {
            Principal::new(PROVISIONER, Scope::Admin).at(peer.ip().to_canonical())
        }
        Origin::Network(peer) | Origin::Trusted(peer) => {
            let from = peer.ip().to_canonical();
            sign_in(api, from, asked).await?.at(from)
        }
    };
    let action = guard.least();
    if let Guard::Needs(action) = guard {
        api.access
            .authorise(&principal, action)
            .map_err(|denied| refused(api, &principal, &denied))?;
    }
    let principal = principal.because(reason(asked.headers)?);
    Ok(Authorized { principal, origin, action })
}

/// Whether whoever asks is signed in, without a refusal for those who are not.
pub(super) async fn is_signed_in(
    api: &Api,
    origin: Origin,
    method: &Method,
    headers: &HeaderMap,
) -> bool {
    let known = headers.contains_key(header::AUTHORIZATION) || cookie(headers).is_some();
    let extensions = &Extensions::new();
    (known || origin == Origin::Local)
        && admit(api, Guard::SignedIn, Some(origin), Asked { method, headers, extensions })
            .await
            .is_ok()
}

/// The name of whoever a request is signed in as, by cookie or token, where one is given and good. Not a check: the
/// relay's right is its ticket.
pub(super) fn name_in(api: &Api, headers: &HeaderMap) -> Option<String> {
    let by_token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| api.access.bearer(&Secret::new(token.trim().to_owned())).ok());
    let who = by_token.or_else(|| api.access.browser(&cookie(headers)?).ok())?;
    Some(who.name)
}

/// Whether the caller is known by the cookie of a browser.
pub(super) fn has_cookie(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::AUTHORIZATION) && cookie(headers).is_some()
}

/// Whoever signs in is judged by that; and no browser comes from provisioning, whatever a page makes it send.
fn is_provisioning(asked: Asked<'_>) -> bool {
    let headers = asked.headers;
    // The router answers HEAD by the routes of GET.
    let method = if asked.method == Method::HEAD { &Method::GET } else { asked.method };
    let route = asked.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let known = PROVISIONING.iter().any(|(wanted, path)| wanted == method && *path == route);
    let browser = [header::ORIGIN, header::COOKIE].iter().any(|name| headers.contains_key(name))
        || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    known && !headers.contains_key(header::AUTHORIZATION) && !browser
}

/// Names why something is done; kept in the audit log with it.
const REASON: &str = "x-viaduct-reason";
/// Longest reason, in characters; a row of the audit log has room for it beside what was done.
const REASON_MAX: usize = 200;

fn reason(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(REASON) else { return Ok(None) };
    let possible = |text: &&str| {
        !text.is_empty()
            && text.chars().count() <= REASON_MAX
            && !text.chars().any(char::is_control)
    };
    let text = std::str::from_utf8(value.as_bytes()).ok().map(str::trim).filter(possible);
    text.map(|text| Some(text.to_owned())).ok_or_else(|| {
        let detail = format!("X-Viaduct-Reason: 1 to {REASON_MAX} characters of UTF-8 in one line");
        Refusal::new(Code::BadRequest, detail)
    })
}
