//! `GET /attempts`: who tried to dial in and did not come in, by address, over the last seven days.

use super::{Api, refusal::Refusal};
use crate::{inventory::Attempt, why_offline};
use axum::{
    Json,
    extract::{Query, State},
};
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};
use viaduct_api::FailedAttempt;

/// The latest first; of one address when `address` is given.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Vec<FailedAttempt>>, Refusal> {
    let wanted = address(&pairs)?;
    let attempts = api.inventory.attempts().into_iter();
    let here = attempts.filter(|it| wanted.is_none_or(|ip| it.address.to_canonical() == ip));
    Ok(Json(here.map(|attempt| shown(&api, attempt)).collect()))
}

fn address(pairs: &[(String, String)]) -> Result<Option<IpAddr>, Refusal> {
    let text = pairs.iter().find(|(name, _)| name == "address").map(|(_, value)| value.as_str());
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = text.parse::<IpAddr>().map(|ip| Some(ip.to_canonical()));
    parsed.map_err(|_| {
        let value = Value::from(text.to_owned());
        Refusal::invalid("address", "query", value, "an IP address without a port")
    })
}

fn shown(api: &Api, attempt: Attempt) -> FailedAttempt {
    let device = attempt.device.and_then(|id| api.inventory.get(id));
    let cause = why_offline::of_attempt(&attempt, device.as_deref());
    FailedAttempt {
        address: attempt.address.to_canonical().to_string(),
        stage: attempt.stage.name().to_ascii_lowercase(),
        guid: attempt.device,
        name: device.map(|device| device.name.clone()),
        reason: attempt.reason,
        tls_alert: attempt.tls_alert,
        offered: attempt.hello.map(|hello| hello.summary()),
        first: attempt.first,
        last: attempt.last,
        count: attempt.count,
        likely: cause.likely,
        next: cause.next,
        code: cause.code.map(|code| code.as_str().to_owned()),
        cause: Some(cause.said),
    }
}
