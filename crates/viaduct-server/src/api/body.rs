//! Request bodies: JSON, bounded in size and time.

use super::refusal::Refusal;
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;
use viaduct_api::Code;

/// No request of this API needs more.
const LIMIT: usize = 1 << 20;
/// A body must be complete so soon after its head.
const DEADLINE: Duration = Duration::from_secs(30);

/// A JSON body.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

/// A JSON body that may be missing.
#[derive(Debug)]
pub(super) struct OptionalJson<T>(pub(super) T);

/// Reads a body to its end.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    match timeout(DEADLINE, Limited::new(body, LIMIT).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::new(Code::TooLarge, format!("the body has more than {LIMIT} bytes")))
        }
        Ok(Err(error)) => {
            Err(Refusal::new(Code::BadRequest, format!("the body cannot be read: {error}")))
        }
        Err(_) => Err(Refusal::new(
            Code::SlowRequest,
            format!("the body was not complete after {} s", DEADLINE.as_secs()),
        )),
    }
}

/// Reads JSON text.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(text).map_err(|error| {
        Refusal::new(Code::BadRequest, format!("the body is not what is expected: {error}"))
            .shaped([("error", "Incorrect URI or Bad Request".into())])
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        parse(&read(request.into_body()).await?).map(Json)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let text = read(request.into_body()).await?;
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(T::default()));
        }
        parse(&text).map(Self)
    }
}
