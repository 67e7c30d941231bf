//! Consent of the person at the PC: a code is shown there, read out, and passed on. It is never written down here.

use super::{
    features::class,
    json,
    visit::{Asked, Fields, Visit},
};
use crate::api::refusal::Refusal;
use amt::wsman::Properties;
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;

/// `GET /amt/userConsentCode`: shows a code at the PC.
pub(super) async fn start(asked: Asked) -> Result<Response, Refusal> {
    call(asked.connected()?, "StartOptIn", Properties::new(), "request consent").await
}

/// `GET /amt/userConsentCode/cancel`.
pub(super) async fn cancel(asked: Asked) -> Result<Response, Refusal> {
    call(asked.connected()?, "CancelOptIn", Properties::new(), "cancel consent").await
}

/// `POST /amt/userConsentCode`: passes the code on.
pub(super) async fn send(asked: Asked, fields: Fields) -> Result<Response, Refusal> {
    let msg = "expected the digits that the PC shows";
    let code = match fields.get("consentCode") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) if text.len() <= 10 => text.trim().parse().ok(),
        _ => None,
    };
    let code = code.and_then(|code| u32::try_from(code).ok());
    let code = code.ok_or_else(|| Fields::bad("consentCode", Value::Null, msg))?;
    let arguments = vec![("OptInCode".to_owned(), code.into())];
    call(asked.connected()?, "SendOptInCode", arguments, "send consent").await
}

async fn call(
    visit: Visit,
    method: &'static str,
    arguments: Properties,
    what: &'static str,
) -> Result<Response, Refusal> {
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands(what).await?;
        let output = device.invoke(class("IPS_OptInService")?, method, arguments).await?;
        Ok(json::method(device.envelope(), output.value))
    };
    let answer = visit.command(what, work).await?;
    let done = answer["Body"]["ReturnValue"] == 0;
    let status = if done { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Ok((status, Json(answer)).into_response())
}
