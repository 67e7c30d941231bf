//! The audit log as clients see it.

use super::*;

async fn rows(bench: &Bench, query: &str) -> Vec<Value> {
    // Outcomes are written behind; a check is written after them.
    bench.local("GET", "/api/v1/audit/verify", "").await;
    let reply = bench.local("GET", &format!("/api/v1/audit{query}"), "").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn every_change_is_an_intent_and_an_outcome() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    for (method, path, body) in [
        ("PATCH", "/api/v1/devices/pc-1", r#"{"name":"pc-2"}"#),
        ("POST", "/api/v1/devices/pc-2/block", ""),
        ("POST", "/api/v1/devices/pc-2/approve", ""),
        ("POST", "/api/v1/tokens", r#"{"name":"ci","scope":"read"}"#),
        ("DELETE", "/api/v1/tokens/ci", ""),
        ("POST", "/api/v1/certificates/reload", ""),
        ("DELETE", "/api/v1/devices/pc-2", ""),
    ] {
        let reply = bench.local(method, path, body).await;
        assert!(reply.status.is_success(), "{method} {path}: {}", reply.text);
    }
    let rows = rows(&bench, "?after=0&actor=local&$top=1000").await;
    let intents: Vec<&Value> = rows.iter().filter(|row| row["result"] == "intent").collect();
    let actions: Vec<&str> = intents.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "devices.change",
            "devices.change",
            "devices.change",
            "devices.change",
            "tokens.manage",
            "tokens.manage",
            "certificates.change",
            "devices.remove"
        ]
    );
    assert!(intents.iter().all(|row| row["outcome"] == "done"), "{intents:?}");
    assert!(intents[..4].iter().all(|row| row["device"] == GUID));
}

#[tokio::test]
async fn a_change_that_fails_says_so_and_nothing_happens_that_cannot_be_recorded() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let again = format!(r#"{{"guid":"{OTHER}","name":"pc-1"}}"#);
    let reply = bench.local("POST", "/api/v1/devices", &again).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    let failed = rows(&bench, "?result=failed").await;
    assert_eq!(failed.len(), 1);
    assert!(failed[0]["detail"].as_str().unwrap().starts_with("E2004 "), "{failed:?}");

    bench.api.inventory.store().limit_pages(1).await;
    let refused = loop {
        let body = r#"{"labels":{"site":"x"}}"#;
        let reply = bench.local("PATCH", "/api/v1/devices/pc-1", body).await;
        if !reply.status.is_success() && reply.header("x-viaduct-code") == "E4002" {
            break reply;
        }
    };
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.json()["detail"].as_str().unwrap().contains("cannot be written"));
    let read = bench.local("GET", "/api/v1/devices", "").await;
    assert_eq!(read.status, StatusCode::OK, "reading goes on");
    let health = bench.local("GET", "/api/v1/health", "").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    let status = bench.local("GET", "/api/v1/status", "").await;
    assert!(status.text.contains("E4002"), "{}", status.text);
    bench.api.inventory.store().limit_pages(1_000_000).await;
    let reply = bench.local("PATCH", "/api/v1/devices/pc-1", r#"{"name":"pc-9"}"#).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let health = bench.local("GET", "/api/v1/health", "").await;
    assert_eq!(health.status, StatusCode::OK);
}

#[tokio::test]
async fn who_may_not_see_what_others_did_sees_its_own() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let token = bench.token(Scope::Operate).await;
    let headers = [("authorization", token.as_str())];
    let reply = bench.remote("GET", "/api/v1/audit", &headers, "").await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, "[]"));
    let reply = bench.remote("GET", "/api/v1/audit?actor=local", &headers, "").await;
    assert_eq!(reply.text, "[]", "another name does not widen it");
    let reply = bench.remote("GET", "/api/v1/audit/export", &headers, "").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let page = bench.local("GET", "/api/v1/audit?$count=true&$top=1", "").await.json();
    assert_eq!((page["data"].as_array().unwrap().len(), &page["totalCount"]), (1, &2.into()));
    let export = bench.local("GET", "/api/v1/audit/export", "").await;
    assert_eq!(export.text.lines().count(), 3, "the export itself is recorded too");
    assert_eq!(export.header("content-type"), "application/x-ndjson");
}

#[tokio::test]
async fn failed_sign_ins_are_rows_and_a_flood_of_them_is_few() {
    let bench = Bench::new().await;
    let (stop, down) = tokio::sync::watch::channel(false);
    let follow = bench.api.audit.clone().follow_sign_ins(bench.api.access.clone(), down);
    let follow = tokio::spawn(follow);
    let wrong = r#"{"username":"admin\u0007","password":"wrong"}"#;
    let reply = bench.remote("POST", "/api/v1/authorize", &[], wrong).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", reply.text);
    for _ in 0..100 {
        let headers = [("authorization", "Bearer vdt_wrong")];
        let reply = bench.remote("GET", "/api/v1/whoami", &headers, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", reply.text);
    }
    stop.send(true).unwrap();
    follow.await.unwrap();
    let rows = rows(&bench, "?action=sign-in&result=failed&after=0").await;
    assert!((2..=3).contains(&rows.len()), "{rows:?}");
    let of = |actor: &str| rows.iter().find(|row| row["actor"] == actor).unwrap();
    assert_eq!(of("admin\\u{7}")["detail"], "sign in: refused");
    assert!(of("token")["source"].is_string());
    let text = rows.iter().map(|row| row["detail"].as_str().unwrap()).collect::<String>();
    assert!(text.contains("times"), "{text}");
    assert!(!text.contains("wrong"), "{text}");
}
