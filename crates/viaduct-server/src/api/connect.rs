//! A byte stream to a service port of a device, over the API's own listener (`viaduct forward`).
//!
//! `GET /devices/{device}/connect/{port}` with `Connection: Upgrade` and `Upgrade: tcp` is answered 101; from then on the
//! connection belongs to the channel.

use super::{
    Api,
    guard::{Authorized, Origin},
    refusal::Refusal,
};
use crate::gateway::Target;
use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use viaduct_api::Code;

/// The protocol that the connection is switched to: plain bytes.
const PROTOCOL: &str = "tcp";

pub(super) async fn connect(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path((device, port)): Path<(String, String)>,
    mut request: Request,
) -> Result<Response, Refusal> {
    if !asks_for_upgrade(request.headers()) {
        let detail = "the request does not ask to switch to `tcp`";
        return Err(Refusal::new(Code::UpgradeNeeded, detail));
    }
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        let detail = "this connection cannot be switched; HTTP/1.1 is needed";
        return Err(Refusal::new(Code::UpgradeNeeded, detail));
    };
    // A name may have spaces, which no proxy target has, so it is looked up here.
    let known = super::devices::find(&api, &device)?;
    let target = Target::parse(&format!("{}:{port}", known.id))
        .map_err(|error| Refusal::new(Code::BadRequest, format!("port `{port}`: {error}")))?;
    let console = match caller.origin {
        Origin::Network(peer) | Origin::Trusted(peer) => Some(peer),
        Origin::Local => None,
    };
    let reached = api.gateway.reach(Some(&caller.principal), &target, console).await?;
    let (gateway, who) = (api.gateway.clone(), caller.principal.clone());
    tokio::spawn(async move {
        // An upgrade that fails means that the client left; dropping the channel closes it.
        if let Ok(stream) = upgrade.await {
            gateway.relay(&who, reached, TokioIo::new(stream), Bytes::new()).await;
        }
    });
    let switch = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static(PROTOCOL)),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, switch).into_response())
}

fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    let names = |name, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value: &HeaderValue| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    names(header::CONNECTION, "upgrade") && names(header::UPGRADE, PROTOCOL)
}
