//! Certificates: shown, exported, reloaded.

use super::{Api, guard::Authorized, refusal::Refusal};
use crate::tls;
use axum::{Json, extract::State, http::header, response::IntoResponse};
use std::sync::Arc;
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
        not_before: info.begins(),
        not_after: info.ends(),
        listener: info.listener,
        subject: info.subject,
        names: info.names,
        key_bits: info.key_bits,
        signature: info.signature,
        sha256: info.sha256,
        pem: info.pem,
    }
}
