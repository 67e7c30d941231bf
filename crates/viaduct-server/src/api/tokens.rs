//! API tokens: listed, made, revoked.

use super::{
    Api,
    body::Json,
    guard::{Authorized, Guard},
    refusal::Refusal,
    refusal_said,
    routes::Routes,
    show,
};
use crate::{
    access::{self, Action, Rights},
    config::Span,
    inventory::StoreError,
};
use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use viaduct_api::{Code, NewToken, Token, TokenIssued};

/// A token lives so long unless told otherwise.
const LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    let (read, manage) = (Guard::Needs(Action::ReadTokens), Guard::Needs(Action::ManageTokens));
    routes
        .add(&Method::GET, "/api/v1/tokens", read, list)
        .add(&Method::POST, "/api/v1/tokens", manage, create)
        .add(&Method::DELETE, "/api/v1/tokens/{name}", manage, revoke)
}

/// `GET /tokens`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> axum::Json<Vec<Token>> {
    let tenant = &caller.principal.tenant;
    let tokens = api.access.tokens().into_iter().filter(|token| token.tenant == *tenant);
    let mut tokens: Vec<_> = tokens.map(token).collect();
    tokens.sort_by(|a, b| a.name.cmp(&b.name));
    axum::Json(tokens)
}

/// `POST /tokens`: the only moment in which its value is shown.
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wish): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<TokenIssued>), Refusal> {
    let created = OffsetDateTime::now_utc();
    let expires = end(wish.expires.as_deref(), created)?;
    let what = format!("make token {} with scope {}", wish.name, wish.scope);
    let work = async {
        let scope = show::scope_of(wish.scope);
        may_give(&caller, scope.into(), &wish.labels)?;
        let (tenant, labels) = (&caller.principal.tenant, wish.labels.clone());
        let made = api.access.create_token_in(tenant, &wish.name, scope, labels, expires).await;
        made.map_err(|error| match error {
            StoreError::Exists(_) => {
                Refusal::new(Code::TokenExists, format!("`{}` is taken", wish.name))
                    .said(refusal_said::taken(&wish.name))
            }
            other => other.into(),
        })
    };
    let value = caller.audited(&api, None, what, work).await?;
    tracing::info!(by = caller.principal.name, token = wish.name, scope = %wish.scope, "token made");
    let about = Token {
        name: wish.name,
        scope: wish.scope,
        tenant_id: caller.principal.tenant.clone(),
        labels: wish.labels,
        created,
        expires,
        last_used: None,
    };
    Ok((StatusCode::CREATED, axum::Json(TokenIssued { token: value.expose().clone(), about })))
}

/// `DELETE /tokens/{name}`.
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let tenant = &caller.principal.tenant;
    if !api.access.tokens().iter().any(|t| t.name == name && t.tenant == *tenant) {
        return Err(Refusal::new(Code::UnknownToken, format!("no token is called `{name}`")));
    }
    let work = async { Ok(api.access.revoke_token(&name).await?) };
    caller.audited(&api, None, format!("revoke token {name}"), work).await?;
    tracing::info!(by = caller.principal.name, token = name, "token revoked");
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody gives away more than they have.
pub(super) fn may_give(
    caller: &Authorized,
    rights: Rights,
    labels: &BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let who = &caller.principal;
    if !who.rights.cover(rights, &who.tenant) {
        let detail = format!(
            "`{}` may do things that your {} `{}` does not cover",
            rights.name(),
            if matches!(who.rights, Rights::Role(_)) { "role" } else { "scope" },
            who.rights.name()
        );
        return Err(Refusal::new(Code::NotAllowed, detail));
    }
    match who.labels.iter().find(|label| labels.get(label.0) != Some(label.1)) {
        None => Ok(()),
        Some((key, value)) => Err(Refusal::new(
            Code::NotAllowed,
            format!("you see devices with {key}={value} only, so that must be among the labels"),
        )),
    }
}

fn token(token: access::Token) -> Token {
    Token {
        name: token.name,
        scope: show::scope(token.scope),
        tenant_id: token.tenant,
        labels: token.labels,
        created: token.created,
        expires: token.expires,
        last_used: token.last_used,
    }
}

/// When a token ends: a span from now, a time, or never.
fn end(text: Option<&str>, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, Refusal> {
    let bad = |why: &str| {
        let value = text.unwrap_or_default();
        Refusal::new(Code::BadRequest, format!("expires = `{value}` {why}")).next(
            "Write a duration such as 90d or 12h, a time such as 2027-01-31T00:00:00Z, or never.",
        )
    };
    let span = match text {
        Some("never") => return Ok(None),
        None => LIFE,
        Some(text) => match (text.parse::<Span>(), OffsetDateTime::parse(text, &Rfc3339)) {
            (Ok(span), _) => span.0,
            (_, Ok(time)) if time > now => return Ok(Some(time)),
            (_, Ok(_)) => return Err(bad("is in the past")),
            _ => return Err(bad("is neither a duration nor a time")),
        },
    };
    if span.is_zero() {
        return Err(bad("is no time at all"));
    }
    let span = time::Duration::try_from(span).map_err(|_| bad("is too long"))?;
    now.checked_add(span).map(Some).ok_or_else(|| bad("is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_after_90_days_unless_told_otherwise() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(end(None, now).unwrap(), Some(now + LIFE));
        assert_eq!(end(Some("12h"), now).unwrap(), Some(now + Duration::from_secs(12 * 3600)));
        assert_eq!(end(Some("never"), now).unwrap(), None);
        let time = "2027-01-31T00:00:00Z";
        assert_eq!(end(Some(time), now).unwrap(), OffsetDateTime::parse(time, &Rfc3339).ok());
        for bad in ["", "soon", "0s", "1969-01-01T00:00:00Z", "200000000000d"] {
            assert!(end(Some(bad), now).is_err(), "{bad}");
        }
    }
}
