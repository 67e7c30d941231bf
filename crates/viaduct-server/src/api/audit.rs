//! The audit log: read, exported, checked. Who may not see what others did sees what they did themselves.

use super::{
    Api,
    guard::{Authorized, Guard},
    refusal::Refusal,
    routes::Routes,
};
use crate::{
    access::Action,
    audit::{AuditFilter, Outcome},
};
use axum::{
    Json,
    body::Body,
    extract::{Query, State},
    http::{Method, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{convert::Infallible, sync::Arc};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use viaduct_api::{AuditEntry, AuditPage, AuditReport};

/// Rows of a page when the client does not say.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 10_000;
/// Rows that are read at a time for an export.
const EXPORT_CHUNK: u32 = 1000;
/// Pieces of an export that wait for a slow reader.
const EXPORT_QUEUE: usize = 4;

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    let (own, all) = (Guard::Needs(Action::ReadAudit), Guard::Needs(Action::ReadAllAudit));
    routes
        .add(&Method::GET, "/api/v1/audit", own, list)
        .add(&Method::GET, "/api/v1/audit/verify", all, verify)
        .add(&Method::GET, "/api/v1/audit/export", all, export)
}

/// `GET /audit`: the newest first, or with `after` the ones after that number, the oldest first.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let (mut filter, count) = parse(&pairs)?;
    narrow(&api, &caller, &mut filter);
    let (data, total_count) = api.audit.list(&filter).await?;
    Ok(match count {
        true => Json(AuditPage { data, total_count }).into_response(),
        false => Json(data).into_response(),
    })
}

/// `GET /audit/verify`: reads the whole chain. A fault is part of the answer.
pub(super) async fn verify(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<Json<AuditReport>, Refusal> {
    let report = api.audit.verify().await?;
    let found = match &report.fault {
        None => Outcome::Done,
        Some(fault) => Outcome::Failed(format!("row {}: {}", fault.seq, fault.why)),
    };
    let looked = api.audit.note(
        &caller.principal,
        Action::ReadAllAudit,
        None,
        "check the audit log",
        &found,
    );
    if let Err(error) = looked.await {
        tracing::warn!(%error, "that the audit log was checked is not recorded");
    }
    Ok(Json(report))
}

/// `GET /audit/export`: every row, one JSON object a line, the oldest first.
pub(super) async fn export(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<Response, Refusal> {
    let what = "export the audit log";
    api.audit.note(&caller.principal, Action::ReadAllAudit, None, what, &Outcome::Done).await?;
    // The chain is the server's. The default tenant keeps it; another one gets its own rows, which are no chain.
    let tenant = Some(caller.principal.tenant.clone()).filter(|tenant| !tenant.is_empty());
    let (send, receive) = mpsc::channel::<Result<String, Infallible>>(EXPORT_QUEUE);
    tokio::spawn(async move {
        let mut after = 0;
        loop {
            let filter = AuditFilter {
                tenant: tenant.clone(),
                after: Some(after),
                ascending: true,
                top: EXPORT_CHUNK,
                ..AuditFilter::default()
            };
            let rows = match api.audit.list(&filter).await {
                Ok((rows, _)) => rows,
                Err(error) => return tracing::warn!(%error, "an export of the audit log broke off"),
            };
            let Some(last) = rows.last() else { return };
            after = last.seq;
            let text: String = rows.iter().map(line).collect();
            if send.send(Ok(text)).await.is_err() {
                return;
            }
        }
    });
    let body = Body::from_stream(ReceiverStream::new(receive));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn line(entry: &AuditEntry) -> String {
    let mut text = serde_json::to_string(entry).unwrap_or_default();
    text.push('\n');
    text
}

/// To what the caller may see.
fn narrow(api: &Api, caller: &Authorized, filter: &mut AuditFilter) {
    filter.tenant = Some(caller.principal.tenant.clone());
    if api.access.authorise(&caller.principal, Action::ReadAllAudit).is_err() {
        filter.actor = Some(caller.principal.name.clone());
    }
}

/// The filter, and whether the answer shall carry the number of all that fit.
fn parse(pairs: &[(String, String)]) -> Result<(AuditFilter, bool), Refusal> {
    let mut filter = AuditFilter { top: PAGE, ..AuditFilter::default() };
    let mut count = false;
    for (key, value) in pairs {
        let bad = |msg: &str| Refusal::invalid(key, "query", Value::from(value.clone()), msg);
        let number = || value.parse::<u32>().map_err(|_| bad("expected a number, 0 or more"));
        let time = || {
            OffsetDateTime::parse(value, &Rfc3339)
                .map_err(|_| bad("expected a time such as 2027-01-31T00:00:00Z"))
        };
        match key.as_str() {
            "$top" => filter.top = number()?.min(PAGE_MAX),
            "$skip" => filter.skip = number()?,
            "$count" => {
                count = match value.as_str() {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err(bad("expected true or false")),
                }
            }
            "after" => {
                let after: u64 = value.parse().map_err(|_| bad("expected the number of a row"))?;
                filter.after = Some(after);
                filter.ascending = true;
            }
            "actor" => filter.actor = Some(value.clone()),
            "action" => filter.action = Some(value.clone()),
            "device" | "guid" => filter.device = Some(value.to_ascii_lowercase()),
            "result" => filter.result = Some(value.clone()),
            "since" => filter.since = Some(time()?),
            "until" => filter.until = Some(time()?),
            _ => {}
        }
    }
    Ok((filter, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[(&str, &str)]) -> Result<(AuditFilter, bool), Refusal> {
        let pairs: Vec<_> = text.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parse(&pairs)
    }

    #[test]
    fn filters_are_read_and_bad_ones_refused_by_name() {
        let (filter, count) = read(&[("$top", "5"), ("after", "7"), ("$count", "true")]).unwrap();
        assert_eq!((filter.top, filter.after, filter.ascending, count), (5, Some(7), true, true));
        assert_eq!(read(&[("$top", "999999")]).unwrap().0.top, PAGE_MAX);
        for (key, value) in
            [("$top", "x"), ("$skip", "-1"), ("$count", "x"), ("after", "x"), ("since", "x")]
        {
            assert!(read(&[(key, value)]).unwrap_err().detail().contains(key));
        }
    }
}
