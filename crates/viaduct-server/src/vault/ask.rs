//! One request to Vault, bounded in time.

use super::VaultError;
use crate::{fetch::fetch, tls::OutgoingTls};
use hyper::Request;
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::timeout;

/// A secret has a handful of fields; certificates are the longest.
const ANSWER_MAX: usize = 256 << 10;
const NOT_FOUND: u16 = 404;

/// The fields of a secret; None when there is none, or its newest version is deleted.
pub(super) type Fields = Option<Map<String, Value>>;

/// Reads one secret of a KV store of version 2.
pub(super) async fn read(
    tls: &OutgoingTls,
    url: &str,
    token: &str,
    deadline: Duration,
) -> Result<Fields, VaultError> {
    let request =
        Request::get("/").header("x-vault-token", token).header("x-vault-request", "true");
    let answer = fetch(tls, url, request, String::new(), ANSWER_MAX);
    match timeout(deadline, answer).await {
        Ok(Ok((status, body))) => judge(url, status.as_u16(), &body),
        Ok(Err(why)) => Err(VaultError::Away(format!("{url}: {why}"))),
        Err(_) => Err(VaultError::Away(format!("{url}: no answer within {deadline:?}"))),
    }
}

/// Only Vault's own "there is nothing" counts as nothing: an absent secret is never concluded from a fault.
fn judge(url: &str, status: u16, body: &[u8]) -> Result<Fields, VaultError> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let errors = answer.as_ref().and_then(|answer| answer.get("errors")?.as_array().cloned());
    let data = answer.as_ref().and_then(|answer| answer.get("data")?.as_object().cloned());
    let said = || {
        let list = errors.iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        let text: String = list.join("; ").chars().take(200).collect();
        crate::events::record::inert(text.trim())
    };
    match (status, data) {
        (200, Some(data)) => match data.get("data") {
            Some(Value::Object(fields)) => Ok(Some(fields.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(VaultError::Unusable(format!(
                "{url} has no `data.data`; is the mount a KV store of version 2?"
            ))),
        },
        // A deleted version comes with its metadata, a path without any with an empty list.
        (NOT_FOUND, Some(data)) if data.contains_key("metadata") => Ok(None),
        (NOT_FOUND, None) if errors.as_ref().is_some_and(Vec::is_empty) => Ok(None),
        (403, _) => Err(VaultError::Denied(format!("{url}: {}", said()))),
        (status, _) => Err(VaultError::Unusable(format!("{url} answers {status}: {}", said()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Result<Fields, VaultError> {
        judge("u", status, body.as_bytes())
    }

    #[test]
    fn nothing_is_concluded_from_vaults_own_word_only() {
        assert!(matches!(judged(404, r#"{"errors":[]}"#), Ok(None)));
        let deleted =
            r#"{"data":{"data":null,"metadata":{"deletion_time":"2026-11-01T00:00:00Z"}}}"#;
        assert!(matches!(judged(404, deleted), Ok(None)));
        for (status, body) in [
            (404, r#"{"errors":["no handler for route \"x/data/y\""]}"#),
            (404, "<html>not found</html>"),
            (404, ""),
            (200, "{}"),
            (200, r#"{"data":{"AMT_PASSWORD":"kv-1"}}"#),
            (200, "[]"),
            (403, r#"{"errors":["permission denied"]}"#),
            (503, r#"{"errors":["Vault is sealed"]}"#),
            (302, ""),
        ] {
            assert!(judged(status, body).is_err(), "{status} {body}");
        }
        let denied = judged(403, r#"{"errors":["permission denied"]}"#).unwrap_err();
        assert!(denied.to_string().contains("permission denied"), "{denied}");
        let found = judged(200, r#"{"data":{"data":{"A":"b"},"metadata":{"version":1}}}"#);
        assert_eq!(found.unwrap().unwrap()["A"], "b");
    }
}
