//! Tickets and tokens for redirections: who gets them, and what they are no good for.

use super::*;

async fn ask(bench: &Bench, token: &str, mode: &str) -> Reply {
    let wish = format!("{{\"device\":\"{GUID}\",\"mode\":\"{mode}\"}}");
    let headers = [("authorization", token), ("content-type", "application/json")];
    bench.remote("POST", "/api/v1/redirections/tickets", &headers, &wish).await
}

#[tokio::test]
async fn a_ticket_needs_the_right_for_its_mode_and_a_device_that_is_here() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-01").await;
    let cases: [(Scope, &[(&str, &str)]); 3] = [
        (Scope::Read, &[("sol", "E3004")]),
        (Scope::Operate, &[("kvm", "E3004"), ("sol", "E2002"), ("wsman", "E2002")]),
        (Scope::Admin, &[("kvm", "E2002"), ("floppy", "E1400")]),
    ];
    for (scope, modes) in cases {
        let token = bench.token(scope).await;
        for (mode, code) in modes {
            let reply = ask(&bench, &token, mode).await;
            assert_eq!(reply.header("x-viaduct-code"), *code, "{scope:?} {mode}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn a_redirection_token_signs_nobody_in_and_another_key_signs_no_token() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-01").await;
    let token = bench.token(Scope::Operate).await;
    let path = format!("/api/v1/authorize/redirection/{}", GUID.to_uppercase());
    let reply = bench.remote("GET", &path, &[("authorization", &token)], "").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let issued = reply.json()["token"].as_str().unwrap().to_owned();
    let access = &bench.api.access;
    let grant = access.redirection(&config::Secret::new(issued.clone())).unwrap();
    assert_eq!(grant.device.to_string(), GUID);
    let bearer = format!("Bearer {issued}");
    let reply = bench.remote("GET", "/api/v1/whoami", &[("authorization", &bearer)], "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    // Another installation has another key.
    let other = Bench::new().await;
    assert!(other.api.access.redirection(&config::Secret::new(issued.clone())).is_err());
    let parts: Vec<&str> = issued.split('.').collect();
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    for wrong in [none.as_str(), "", "a.b.c", parts[1], token.as_str()] {
        assert!(access.redirection(&config::Secret::new(wrong.to_owned())).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn the_status_of_a_device_that_is_away_is_not_known_here() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-01").await;
    let token = bench.token(Scope::Read).await;
    let path = format!("/api/v1/devices/redirectStatus/{GUID}");
    let reply = bench.remote("GET", &path, &[("authorization", &token)], "").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.json()["error"].as_str().unwrap().starts_with("Device not found/connected"));
    let none = bench.remote("GET", "/api/v1/redirections", &[("authorization", &token)], "").await;
    assert_eq!(none.text, "[]");
    let admin = bench.token(Scope::Admin).await;
    let by_admin = [("authorization", admin.as_str())];
    let end = bench.remote("DELETE", "/api/v1/redirections/7", &by_admin, "").await;
    assert_eq!(end.header("x-viaduct-code"), "E2039");
}
