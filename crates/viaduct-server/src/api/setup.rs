//! The first user: a one-time link, a form, no default password.

use super::{
    Api, body, dashboard,
    pages::{escape, page},
    refusal::Refusal,
};
use crate::{
    access::{Action, PASSWORD_MIN, Principal, Role, SetUpError},
    audit::Outcome,
    config::Secret,
};
use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;
use viaduct_api::{Code, SetUp};

/// The form's fields.
#[derive(Deserialize)]
struct Form {
    #[serde(flatten)]
    set_up: SetUp,
    again: String,
}

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    secret: String,
}

/// `GET /setup?secret=…`: the form, which a browser finds in the dashboard. It says nothing about whether the secret is
/// right: trying costs a submit.
pub(super) async fn form(
    State(api): State<Arc<Api>>,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/html"))
        && let Some(page) = dashboard::page("/", false)
    {
        return page;
    }
    if api.access.has_users() {
        return page(
            StatusCode::GONE,
            "Set up already",
            "<p>A user exists, so this link does nothing any more.</p>",
        );
    }
    form_page(StatusCode::OK, &link.secret, "admin", None)
}

/// `POST /setup`: JSON, or the form.
pub(super) async fn submit(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let text = body::read(request.into_body()).await?;
    if !is_form {
        let set_up: SetUp = body::parse(&text)?;
        first_user(&api, &set_up).await?;
        return Ok(StatusCode::CREATED.into_response());
    }
    // A form is a query in a body.
    let text = String::from_utf8_lossy(&text);
    let uri = format!("/?{text}").parse().ok();
    let form = uri.as_ref().and_then(|uri| Query::<Form>::try_from_uri(uri).ok());
    let Some(Query(Form { set_up, again })) = form else {
        return Err(Refusal::new(Code::BadRequest, "the form is not complete"));
    };
    let done = if again == set_up.password {
        first_user(&api, &set_up).await
    } else {
        Err(Refusal::new(Code::BadRequest, "the two passwords differ"))
    };
    Ok(match done {
        Ok(()) => page(
            StatusCode::CREATED,
            "Done",
            &format!(
                "<p>User <b>{}</b> exists now. Sign in with the command line:</p>\n<p><code>viaduct login</code></p>",
                escape(&set_up.user)
            ),
        ),
        Err(refusal) => {
            form_page(StatusCode::BAD_REQUEST, &set_up.secret, &set_up.user, Some(refusal.detail()))
        }
    })
}

async fn first_user(api: &Api, set_up: &SetUp) -> Result<(), Refusal> {
    let secret = Secret::new(set_up.secret.clone());
    let password = Secret::new(set_up.password.clone());
    let who = Principal::new(set_up.user.as_str(), Role::Owner);
    if !api.access.is_setup_secret(&secret) {
        // Strangers who guess are no reason to write anything.
        return Err(Refusal::new(Code::SetupLink, SetUpError::LinkInvalid.to_string()));
    }
    let what = "make the first user with the setup link";
    let intent = api.audit.intent(&who, Action::ManageUsers, None, what).await?;
    let made = api.access.set_up(&secret, &set_up.user, password).await;
    intent
        .done(made.as_ref().map_or_else(|e| Outcome::Failed(e.to_string()), |()| Outcome::Done))
        .await;
    match made {
        Ok(()) => {
            tracing::info!(user = set_up.user, "first user created with the setup link");
            Ok(())
        }
        Err(error @ SetUpError::LinkInvalid) => {
            Err(Refusal::new(Code::SetupLink, error.to_string()))
        }
        Err(SetUpError::Store(error)) => Err(error.into()),
    }
}

fn form_page(status: StatusCode, secret: &str, user: &str, wrong: Option<&str>) -> Response {
    let wrong = wrong
        .map(|wrong| format!("<p class=\"wrong\" role=\"alert\">{}</p>\n", escape(wrong)))
        .unwrap_or_default();
    let body = format!(
        "<p>Create the first user of this server. The link works once.</p>\n{wrong}\
         <form method=\"post\" action=\"/setup\" autocomplete=\"off\">\n\
         <input type=\"hidden\" name=\"secret\" value=\"{secret}\">\n\
         <label>User <input name=\"user\" value=\"{user}\" required maxlength=\"64\"></label>\n\
         <label>Password, at least {PASSWORD_MIN} characters <input name=\"password\" type=\"password\" \
         required minlength=\"{PASSWORD_MIN}\" autocomplete=\"new-password\"></label>\n\
         <label>Password again <input name=\"again\" type=\"password\" required autocomplete=\"new-password\"></label>\n\
         <button>Create user</button>\n</form>",
        secret = escape(secret),
        user = escape(user),
    );
    page(status, "First start", &body)
}
