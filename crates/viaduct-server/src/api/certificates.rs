//! Certificates: shown, exported, reloaded.

use super::{Api, guard::Authorized, refusal::Refusal};
use crate::tls;
use axum::{Json, extract::State, http::header, response::IntoResponse};
use std::sync::Arc;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};
use viaduct_api::{CertificateInfo, Code, Reloaded};

/// `GET /certificates`.
pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<Vec<CertificateInfo>> {
    Json(api.certificates.show().into_iter().map(info).collect())
}

/// `POST /certificates/reload`: reads the files again. When one is not usable, all stay as they are.
pub(super) async fn reload(
    State(api): State<Arc<Api>>,
    caller: Authorized,
) -> Result<Json<Reloaded>, Refusal> {
    let work = async {
        match api.certificates.reload().await {
            Ok(reloaded) => Ok(Json(Reloaded { reloaded })),
            Err(why) => Err(Refusal::new(Code::CertificatesRefused, why)),
        }
    };
    caller.audited(&api, None, "reload certificates", work).await
}

/// `GET /ciracert`: the root that devices are to trust, as PEM text.
pub(super) async fn root(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, Refusal> {
    let pem = api.certificates.root_pem().map_err(|error| {
        Refusal::new(Code::Internal, format!("the root cannot be read: {error}"))
    })?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], pem))
}

/// A certificate in REST's words.
pub(super) fn info(info: tls::CertificateInfo) -> CertificateInfo {
    CertificateInfo {
        listener: info.listener,
        subject: info.subject,
        names: info.names,
        not_before: time_of(&info.not_before),
        not_after: time_of(&info.not_after),
        key_bits: info.key_bits,
        signature: info.signature,
        sha256: info.sha256,
        pem: info.pem,
    }
}

/// A time as the TLS library prints it: `Nov 23 10:51:09 2026 GMT`.
fn time_of(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!(
        "[month repr:short] [day padding:space] [hour]:[minute]:[second] [year] GMT"
    );
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_of_certificates_are_read() {
        assert_eq!(time_of("Nov 23 10:51:09 2026 GMT"), Some(datetime!(2026-11-23 10:51:09 UTC)));
        assert_eq!(time_of("Jan  3 00:00:00 2050 GMT"), Some(datetime!(2050-01-03 00:00:00 UTC)));
        assert_eq!(time_of("soon"), None);
    }
}
