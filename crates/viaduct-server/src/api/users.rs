//! People: listed, made, changed, removed; roles; and what everybody may change about themselves.

use super::{
    Api,
    authorize::renewed,
    body::Json,
    guard::{Authorized, Guard, Origin},
    refusal::Refusal,
    refusal_said,
    routes::Routes,
    tokens::may_give,
};
use crate::{
    access::{self, Action, Rights, Role, SignInError, UserChange},
    config::Secret,
    inventory::StoreError,
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};
use time::OffsetDateTime;
use viaduct_api::{Code, NewUser, RoleInfo, User, UserPatch};

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    let (read, manage) = (Guard::Needs(Action::ReadUsers), Guard::Needs(Action::ManageUsers));
    let own = Guard::Needs(Action::SignIn);
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    routes
        .add(&get, "/api/v1/roles", own, roles)
        .add(&get, "/api/v1/users", read, list)
        .add(&post, "/api/v1/users", manage, create)
        .add(&get, "/api/v1/users/{name}", read, show)
        .add(&Method::PATCH, "/api/v1/users/{name}", manage, change)
        .add(&delete, "/api/v1/users/{name}", manage, remove)
        .add(&post, "/api/v1/users/{name}/sign-out", manage, sign_out)
        .add(&post, "/api/v1/whoami/password", own, own_password)
        .add(&post, "/api/v1/whoami/second-factor", own, begin)
        .add(&post, "/api/v1/whoami/second-factor/verify", own, prove)
        .add(&delete, "/api/v1/whoami/second-factor", own, end)
}

/// `GET /roles`: what there is, and what each may do.
async fn roles() -> axum::Json<Vec<RoleInfo>> {
    let actions = |role: Role| {
        let allowed = Action::ALL.iter().filter(|action| Rights::from(role).allow(**action));
        allowed.map(|action| action.name().to_owned()).collect()
    };
    let info = |role: &Role| RoleInfo {
        name: role.name().to_owned(),
        about: role.words().to_owned(),
        actions: actions(*role),
    };
    axum::Json(Role::ALL.iter().map(info).collect())
}

/// `GET /users`: those of the caller's tenant; whoever has the data directory sees all.
async fn list(State(api): State<Arc<Api>>, caller: Authorized) -> axum::Json<Vec<User>> {
    axum::Json(seen(&api, &caller).map(user).collect())
}

/// `GET /users/{name}`.
async fn show(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<axum::Json<User>, Refusal> {
    find(&api, &caller, &name).map(|found| axum::Json(user(found)))
}

/// `POST /users`.
async fn create(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wish): Json<NewUser>,
) -> Result<(StatusCode, axum::Json<User>), Refusal> {
    let role = role_of(&wish.role)?;
    let own = &caller.principal.tenant;
    let tenant = wish.tenant_id.unwrap_or_else(|| own.clone());
    // Somebody must make the first user of a new tenant: an owner of the server, or who has its data directory.
    let founds = own.is_empty() && caller.principal.rights.allow(Action::Maintain);
    if tenant != *own && !founds {
        let detail = format!("you are not of the tenant `{tenant}`");
        return Err(Refusal::new(Code::NotAllowed, detail));
    }
    may_give(&caller, role.into(), &wish.labels)?;
    let what = format!("make user {} with role {}", wish.name, role.name());
    let password = Secret::new(wish.password);
    let work = async {
        let made = api.access.add_user_in(&tenant, &wish.name, password, role, wish.labels).await;
        made.map_err(|error| match error {
            StoreError::Exists(_) => {
                Refusal::new(Code::TokenExists, format!("the user name `{}` is taken", wish.name))
                    .said(refusal_said::taken(&wish.name))
            }
            other => other.into(),
        })
    };
    caller.audited(&api, None, what, work).await?;
    let made = api.access.users().into_iter().find(|u| u.name.eq_ignore_ascii_case(&wish.name));
    let made = made.ok_or_else(|| unknown(&wish.name))?;
    Ok((StatusCode::CREATED, axum::Json(user(made))))
}

/// `PATCH /users/{name}`: also ends what was issued to the user before.
async fn change(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
    Json(patch): Json<UserPatch>,
) -> Result<axum::Json<User>, Refusal> {
    let found = within_reach(&api, &caller, &name)?;
    // What the user becomes may be no more than the caller either.
    let role = patch.role.as_deref().map(role_of).transpose()?;
    let labels = patch.labels.as_ref().unwrap_or(&found.labels);
    may_give(&caller, role.unwrap_or(found.role).into(), labels)?;
    let what = format!("change user {}: {}", found.name, changed(&patch));
    let change = UserChange {
        password: patch.password.map(Secret::new),
        role,
        labels: patch.labels,
        disabled: patch.disabled,
        without_second_factor: patch.second_factor == Some(false),
    };
    let work = async { Ok(api.access.change_user(&found.name, change).await?) };
    caller.audited(&api, None, what, work).await?;
    find(&api, &caller, &name).map(|found| axum::Json(user(found)))
}

/// `DELETE /users/{name}`.
async fn remove(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let found = within_reach(&api, &caller, &name)?;
    let work = async { Ok(api.access.remove_user(&found.name).await?) };
    caller.audited(&api, None, format!("remove user {}", found.name), work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /users/{name}/sign-out`: every sign-in of the user ends; the password stays.
async fn sign_out(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let found = within_reach(&api, &caller, &name)?;
    let work = async { Ok(api.access.sign_out_everywhere(&found.name).await?) };
    caller.audited(&api, None, format!("sign user {} out everywhere", found.name), work).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    password: String,
    new: String,
}

/// `POST /whoami/password`: the old one is asked for, so that an open browser is not enough.
async fn own_password(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    headers: HeaderMap,
    Json(wish): Json<PasswordChange>,
) -> Result<(StatusCode, HeaderMap), Refusal> {
    let me = person(&api, &caller)?;
    let from = match caller.origin {
        Origin::Network(peer) | Origin::Trusted(peer) => peer.ip().to_canonical(),
        Origin::Local => IpAddr::from([127, 0, 0, 1]),
    };
    let old = Secret::new(wish.password);
    api.access.confirm(&caller.principal, &old, from).await.map_err(|error| match error {
        SignInError::Throttled(wait) => {
            Refusal::new(Code::Throttled, error.to_string()).retry_after(wait.as_secs().max(1))
        }
        _ => Refusal::new(Code::NotAllowed, "the old password is wrong"),
    })?;
    let change = UserChange { password: Some(Secret::new(wish.new)), ..UserChange::default() };
    let work = async { Ok(api.access.change_user(&me.name, change).await?) };
    caller.audited(&api, None, "change the own password", work).await?;
    Ok((StatusCode::NO_CONTENT, renewed(&api, &caller.principal, &headers)?))
}

/// `POST /whoami/second-factor`: a secret for the authenticator; asked for only once a code has proven it.
async fn begin(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<axum::Json<Value>, Refusal> {
    person(&api, &caller)?;
    let begun = api.access.begin_second_factor(&caller.principal)?;
    Ok(axum::Json(json!({ "secret": begun.secret.expose(), "uri": begun.uri.expose() })))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeOf {
    code: String,
}

/// `POST /whoami/second-factor/verify`: from now on a code is asked for. The recovery codes are shown this once.
async fn prove(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    headers: HeaderMap,
    Json(CodeOf { code }): Json<CodeOf>,
) -> Result<(HeaderMap, axum::Json<Value>), Refusal> {
    person(&api, &caller)?;
    let work = async { Ok(api.access.prove_second_factor(&caller.principal, &code).await?) };
    let codes = caller.audited(&api, None, "switch the second factor on", work).await?;
    let codes: Vec<&String> = codes.iter().map(Secret::expose).collect();
    let mut who = caller.principal.clone();
    who.second_factor = Some(OffsetDateTime::now_utc());
    let set = renewed(&api, &who, &headers)?;
    Ok((set, axum::Json(json!({ "recoveryCodes": codes }))))
}

/// `DELETE /whoami/second-factor`, with a code or recovery code in the body.
async fn end(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    headers: HeaderMap,
    Json(CodeOf { code }): Json<CodeOf>,
) -> Result<(StatusCode, HeaderMap), Refusal> {
    person(&api, &caller)?;
    let work = async { Ok(api.access.end_second_factor(&caller.principal, &code).await?) };
    caller.audited(&api, None, "switch the second factor off", work).await?;
    Ok((StatusCode::NO_CONTENT, renewed(&api, &caller.principal, &headers)?))
}

/// The user that the caller is.
pub(super) fn person(api: &Api, caller: &Authorized) -> Result<access::User, Refusal> {
    let name = &caller.principal.name;
    let me = api.access.users().into_iter().find(|user| user.name == *name);
    me.ok_or_else(|| {
        let detail = format!("{name} is no user; sign in with user and password");
        Refusal::new(Code::BadRequest, detail)
            .next(
                "On a command line: `viaduct login URL --user NAME`, or `--provider` for people of the identity provider; \
                 then this again, without VIADUCT_TOKEN and --data.",
            )
    })
}

fn seen<'a>(api: &Api, caller: &'a Authorized) -> impl Iterator<Item = access::User> + use<'a> {
    let tenant = caller.principal.view().map(|view| view.tenant);
    api.access.users().into_iter().filter(move |u| tenant.as_ref().is_none_or(|t| u.tenant == *t))
}

/// A user of another tenant is one that does not exist.
pub(super) fn find(api: &Api, caller: &Authorized, name: &str) -> Result<access::User, Refusal> {
    let found = seen(api, caller).find(|user| user.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| unknown(name))
}

/// A user who is no more than the caller, and so may be changed.
fn within_reach(api: &Api, caller: &Authorized, name: &str) -> Result<access::User, Refusal> {
    let found = find(api, caller, name)?;
    may_give(caller, found.role.into(), &found.labels)?;
    Ok(found)
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(Code::UnknownUser, format!("no user is called `{name}`"))
        .said(refusal_said::missing(name))
}

pub(super) fn role_of(name: &str) -> Result<Role, Refusal> {
    Role::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        let detail = format!("`{name}` is no role; there are {}", known.join(", "));
        Refusal::new(Code::BadRequest, detail)
    })
}

/// Which things, never which values.
fn changed(patch: &UserPatch) -> String {
    let things = [
        (patch.password.is_some(), "password"),
        (patch.role.is_some(), "role"),
        (patch.labels.is_some(), "labels"),
        (patch.disabled == Some(true), "disabled"),
        (patch.disabled == Some(false), "enabled"),
        (patch.second_factor == Some(false), "without second factor"),
    ];
    let named: Vec<&str> = things.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    let role = patch.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
    named.join(", ") + &role
}

fn user(user: access::User) -> User {
    User {
        name: user.name,
        role: user.role.name().to_owned(),
        tenant_id: user.tenant,
        labels: user.labels,
        disabled: user.disabled,
        second_factor: user.second_factor,
        provider: user.provider,
        created: user.created,
    }
}
