//! Who may do what, as the one authorisation function judges it: for pages and people who ask why.

use super::{
    Api, devices,
    guard::{Authorized, Guard, not_allowed},
    refusal::Refusal,
    routes::Routes,
    show, users,
};
use crate::access::{Action, Principal, Rights, Role, Scope};
use axum::{
    Json,
    extract::{Query, State},
    http::Method,
};
use std::{collections::BTreeMap, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::{Code, Permission, Permissions, PermissionsOf};

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(&Method::GET, "/api/v1/permissions", Guard::Needs(Action::SignIn), show)
}

/// Whose permissions are asked for.
struct Subject {
    kind: PermissionsOf,
    who: Principal,
    /// Why it may do nothing at all at the moment.
    inactive: Option<&'static str>,
}

/// `GET /permissions?user=|token=|role=|scope=[&device=]`; without any of the four, those of the caller.
async fn show(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Query(pairs): Query<BTreeMap<String, String>>,
) -> Result<Json<Permissions>, Refusal> {
    let known = ["user", "token", "role", "scope", "device"];
    if let Some((key, value)) = pairs.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        let why = "expected user, token, role, scope or device";
        return Err(Refusal::invalid(key, "query", value.clone().into(), why));
    }
    let subject = subject(&api, &caller, &pairs)?;
    let device = pairs.get("device").map(|name| devices::find(&api, name)).transpose()?;
    let seen = device.as_ref().map(|device| subject.who.sees(device));
    let actions = Action::ALL.iter().map(|action| permission(&api, &subject, seen, *action));
    Ok(Json(Permissions {
        of: subject.kind,
        name: subject.who.name.clone(),
        rights: subject.who.rights.name().to_owned(),
        tenant_id: subject.who.tenant.clone(),
        labels: subject.who.labels.clone(),
        inactive: subject.inactive.map(str::to_owned),
        device: device.map(|device| device.id),
        sees_device: seen,
        actions: actions.collect(),
    }))
}

fn permission(api: &Api, subject: &Subject, seen: Option<bool>, action: Action) -> Permission {
    let who = &subject.who;
    let judged = api.access.authorise(who, action);
    let why = match (judged, subject.inactive, seen) {
        (Err(denied), ..) => Some(not_allowed(who, &denied)),
        (Ok(()), Some(why), _) => Some(format!("{} {why}", who.name)),
        (Ok(()), None, Some(false)) if action.is_about_a_device() => Some(format!(
            "{} does not see this device: it has not the labels {}",
            who.name,
            who.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
        )),
        (Ok(()), None, _) => None,
    };
    let roles = Role::ALL.iter().filter(|role| Rights::from(**role).allow(action));
    let scopes = Scope::ALL.iter().filter(|scope| Rights::from(**scope).allow(action));
    Permission {
        action: action.name().to_owned(),
        about: action.words().to_owned(),
        allowed: why.is_none(),
        why,
        roles: roles.map(|role| role.name().to_owned()).collect(),
        scopes: scopes.map(|scope| show::scope(*scope)).collect(),
    }
}

fn subject(
    api: &Api,
    caller: &Authorized,
    pairs: &BTreeMap<String, String>,
) -> Result<Subject, Refusal> {
    let given: Vec<_> = pairs.iter().filter(|(key, _)| *key != "device").collect();
    let [(key, name)] = given[..] else {
        if given.is_empty() {
            let who = caller.principal.clone();
            return Ok(Subject { kind: PermissionsOf::Caller, who, inactive: None });
        }
        let detail = "user, token, role and scope exclude each other";
        return Err(Refusal::new(Code::BadRequest, detail));
    };
    let of_nobody = |kind, rights: Rights| {
        let mut who = Principal::new(rights.name(), rights);
        who.tenant.clone_from(&caller.principal.tenant);
        Subject { kind, who, inactive: None }
    };
    match key.as_str() {
        "role" => Ok(of_nobody(PermissionsOf::Role, users::role_of(name)?.into())),
        "scope" => {
            let scope = Scope::from_name(name).ok_or_else(|| {
                let why = "expected proxy, read, operate or admin";
                Refusal::invalid("scope", "query", name.clone().into(), why)
            })?;
            Ok(of_nobody(PermissionsOf::Scope, scope.into()))
        }
        "user" => user(api, caller, name),
        _ => token(api, caller, name),
    }
}

/// Oneself, or whoever sees users.
fn user(api: &Api, caller: &Authorized, name: &str) -> Result<Subject, Refusal> {
    if !caller.principal.name.eq_ignore_ascii_case(name) {
        caller.may(api, Action::ReadUsers)?;
    }
    let found = users::find(api, caller, name)?;
    let mut who = Principal::new(found.name, found.role);
    who.tenant = found.tenant;
    who.labels = found.labels;
    let inactive = found.disabled.then_some("is disabled and cannot sign in");
    Ok(Subject { kind: PermissionsOf::User, who, inactive })
}

fn token(api: &Api, caller: &Authorized, name: &str) -> Result<Subject, Refusal> {
    caller.may(api, Action::ReadTokens)?;
    let tenant = &caller.principal.tenant;
    let mut all = api.access.tokens().into_iter();
    let found = all
        .find(|token| token.name == name && token.tenant == *tenant)
        .ok_or_else(|| Refusal::new(Code::UnknownToken, format!("no token is called `{name}`")))?;
    let over = found.expires.is_some_and(|end| end <= OffsetDateTime::now_utc());
    let mut who = Principal::new(format!("token:{}", found.name), found.scope);
    who.tenant = found.tenant;
    who.labels = found.labels;
    let inactive = over.then_some("has expired");
    Ok(Subject { kind: PermissionsOf::Token, who, inactive })
}
