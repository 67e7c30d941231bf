//! Signing in with Open AMT's route and with a cookie, and what ends a sign-in.

use super::*;
use crate::{
    access::{Role, UserChange},
    config::Secret,
};
use serde_json::json;

const PASSWORD: &str = "correct horse";

async fn bench(role: Role) -> Bench {
    let bench = Bench::new().await;
    bench.api.access.add_user("root", Secret::new(PASSWORD.into()), Role::Owner).await.unwrap();
    bench.api.access.add_user("ines", Secret::new(PASSWORD.into()), role).await.unwrap();
    bench
}

async fn login(bench: &Bench, user: &str) -> String {
    let body = json!({ "username": user, "password": PASSWORD }).to_string();
    let reply = bench.remote("POST", "/api/v1/authorize", &[], &body).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    format!("Bearer {}", reply.json()["token"].as_str().unwrap())
}

async fn status(bench: &Bench, method: &str, path: &str, bearer: &str) -> u16 {
    bench.remote(method, path, &[("authorization", bearer)], "").await.status.as_u16()
}

#[tokio::test]
async fn the_route_of_open_amt_answers_in_its_shapes() {
    let bench = bench(Role::Operator).await;
    for path in ["/api/v1/authorize", "/mps/api/v1/authorize", "/mps/login/api/v1/authorize"] {
        let body = json!({ "username": "INES", "password": PASSWORD }).to_string();
        let reply = bench.remote("POST", path, &[], &body).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
        assert_eq!(reply.json().as_object().unwrap().len(), 1);
        let bearer = format!("Bearer {}", reply.json()["token"].as_str().unwrap());
        let me = bench.remote("GET", "/api/v1/whoami", &[("authorization", &bearer)], "").await;
        assert_eq!(
            (me.json()["name"].clone(), me.json()["role"].clone()),
            ("ines".into(), "operator".into())
        );
        assert_eq!(me.json()["scope"], "operate");
    }
    let mut bodies = Vec::new();
    for user in ["ines", "nobody"] {
        let body = json!({ "username": user, "password": "wrong" }).to_string();
        let reply = bench.remote("POST", "/api/v1/authorize", &[], &body).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.json()["message"], "Incorrect Username and/or Password!");
        bodies.push(reply.text);
    }
    assert_eq!(bodies[0], bodies[1]);
    for body in ["", "{}", r#"{"username":"ines"}"#, r#"{"username":"ines","password":7}"#] {
        let reply = bench.remote("POST", "/api/v1/authorize", &[], body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        assert!(errors.iter().any(|error| error["path"] == "password"), "{body}: {errors:?}");
        assert!(errors.iter().all(|error| error["location"] == "body"));
    }
    let reply = bench.remote("POST", "/api/v1/authorize", &[], "{").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.json()["error"], "Incorrect URI or Bad Request");
}

#[tokio::test]
async fn a_signed_token_ends_with_its_sign_in_its_user_and_its_rights() {
    let bench = bench(Role::Viewer).await;
    let path = "/api/v1/devices";
    let access = bench.api.access.clone();
    let (one, two) = (login(&bench, "ines").await, login(&bench, "ines").await);
    assert_eq!(status(&bench, "DELETE", "/api/v1/session", &one).await, 204);
    assert_eq!(status(&bench, "GET", path, &one).await, 401, "signed out");
    assert_eq!(status(&bench, "GET", path, &two).await, 200, "another sign-in lives on");

    let changes = [
        UserChange { role: Some(Role::Operator), ..UserChange::default() },
        UserChange { password: Some(Secret::new("another horse".into())), ..UserChange::default() },
        UserChange { password: Some(Secret::new(PASSWORD.into())), ..UserChange::default() },
        UserChange { disabled: Some(true), ..UserChange::default() },
    ];
    let mut bearer = two;
    for change in changes {
        let back = change.password.is_none() || change.disabled.is_none();
        access.change_user("ines", change.clone()).await.unwrap();
        assert_eq!(status(&bench, "GET", path, &bearer).await, 401, "{change:?}");
        let password = change.password.as_ref().map_or(PASSWORD, |p| p.expose().as_str());
        if change.disabled.is_none() && back {
            let body = json!({ "username": "ines", "password": password }).to_string();
            let reply = bench.remote("POST", "/api/v1/authorize", &[], &body).await;
            bearer = format!("Bearer {}", reply.json()["token"].as_str().unwrap());
        }
    }
    let body = json!({ "username": "ines", "password": PASSWORD }).to_string();
    let reply = bench.remote("POST", "/api/v1/authorize", &[], &body).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "disabled");
    let root = login(&bench, "root").await;
    access.add_user("zoe", Secret::new(PASSWORD.into()), Role::Owner).await.unwrap();
    access.remove_user("root").await.unwrap();
    assert_eq!(status(&bench, "GET", path, &root).await, 401, "removed");
}

#[tokio::test]
async fn a_redirection_token_is_for_one_device_and_for_nothing_else() {
    let bench = bench(Role::Helpdesk).await;
    bench.add(GUID, "pc-1").await;
    let bearer = login(&bench, "ines").await;
    let headers = [("authorization", bearer.as_str())];
    let path = format!("/api/v1/authorize/redirection/{GUID}");
    let reply = bench.remote("GET", &path, &headers, "").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let token = Secret::new(reply.json()["token"].as_str().unwrap().to_owned());
    let grant = bench.api.access.redirection(&token).unwrap();
    assert_eq!((grant.device.to_string().as_str(), grant.principal.name.as_str()), (GUID, "ines"));
    let as_bearer = format!("Bearer {}", token.expose());
    assert_eq!(status(&bench, "GET", "/api/v1/devices", &as_bearer).await, 401);
    let login_token = Secret::new(bearer.trim_start_matches("Bearer ").to_owned());
    assert!(bench.api.access.redirection(&login_token).is_err(), "a sign-in opens no relay");
    let unknown = format!("/api/v1/authorize/redirection/{OTHER}");
    assert_eq!(status(&bench, "GET", &unknown, &bearer).await, 404);
    assert_eq!(status(&bench, "DELETE", "/api/v1/session", &bearer).await, 204);
    assert!(bench.api.access.redirection(&token).is_err(), "it ends with its sign-in");

    let again = login(&bench, "ines").await;
    let reply = bench.remote("GET", &path, &[("authorization", &again)], "").await;
    let token = Secret::new(reply.json()["token"].as_str().unwrap().to_owned());
    let viewer = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    bench.api.access.change_user("ines", viewer).await.unwrap();
    assert!(bench.api.access.redirection(&token).is_err(), "and with the role it was given for");
    let viewer = login(&bench, "ines").await;
    assert_eq!(status(&bench, "GET", &path, &viewer).await, 403);
}

#[tokio::test]
async fn a_cookie_counts_on_our_own_pages_only() {
    let bench = bench(Role::Owner).await;
    bench.add(GUID, "pc-1").await;
    let body = json!({ "username": "ines", "password": PASSWORD }).to_string();
    let reply = bench.remote("POST", "/api/v1/session", &[], &body).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
    let set = reply.header("set-cookie").to_owned();
    for word in ["__Host-viaduct=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(set.contains(word), "{set}");
    }
    let cookie = set.split(';').next().unwrap();
    let host = ("host", "mps.example.com:8443");
    let at = |origin: Option<&'static str>| {
        let mut headers = vec![("cookie", cookie), host];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers
    };
    let ours = "https://mps.example.com:8443";
    let read = bench.remote("GET", "/api/v1/devices", &at(None), "").await;
    assert_eq!(read.status, StatusCode::OK, "a link on our own page");
    let change = r#"{"name":"pc-2"}"#;
    let path = format!("/api/v1/devices/{GUID}");
    let reply = bench.remote("PATCH", &path, &at(Some(ours)), change).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    for origin in [
        "https://evil.example",
        "https://mps.example.com",
        "https://mps.example.com:8444",
        "https://sub.mps.example.com:8443",
        "https://mps.example.com:8443.evil.example",
        "https://evil.example/mps.example.com:8443",
        "null",
        "",
    ] {
        for (method, path) in
            [("PATCH", path.as_str()), ("DELETE", path.as_str()), ("GET", path.as_str())]
        {
            let reply = bench.remote(method, path, &at(Some(origin)), "{}").await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{method} {origin}");
            assert_eq!(reply.header("x-viaduct-code"), "E3010");
        }
    }
    let silent = bench.remote("DELETE", &path, &at(None), "").await;
    assert_eq!(silent.status, StatusCode::FORBIDDEN, "a change says where it comes from");
    let mut upgrade = at(None);
    upgrade.extend([("connection", "upgrade"), ("upgrade", "websocket")]);
    let stream = bench.remote("GET", &path, &upgrade, "").await;
    assert_eq!(stream.status, StatusCode::FORBIDDEN, "so does a stream");
    // What a browser keeps is no token for programs, and the other way round.
    let value = cookie.split_once('=').unwrap().1;
    assert_eq!(status(&bench, "GET", "/api/v1/devices", &format!("Bearer {value}")).await, 401);
    let bearer = login(&bench, "ines").await;
    let wrong = format!("__Host-viaduct={}", bearer.trim_start_matches("Bearer "));
    let reply = bench.remote("GET", "/api/v1/devices", &[("cookie", &wrong), host], "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let out = bench.remote("DELETE", "/api/v1/session", &at(Some(ours)), "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let read = bench.remote("GET", "/api/v1/devices", &at(None), "").await;
    assert_eq!(read.status, StatusCode::UNAUTHORIZED, "signed out");
}

#[tokio::test]
async fn a_password_that_a_browser_remembers_does_not_work_for_other_pages() {
    use base64::Engine;
    let bench = bench(Role::Owner).await;
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("ines:{PASSWORD}"));
    let basic = format!("Basic {basic}");
    let with = |origin| [("authorization", basic.as_str()), ("host", "mps:1"), ("origin", origin)];
    let evil = bench.remote("GET", "/api/v1/devices", &with("https://evil.example"), "").await;
    assert_eq!(evil.status, StatusCode::FORBIDDEN);
    let ours = bench.remote("GET", "/api/v1/devices", &with("https://mps:1"), "").await;
    assert_eq!(ours.status, StatusCode::OK);
}

#[tokio::test]
async fn who_guesses_is_slowed_down_and_told_so() {
    let bench = bench(Role::Viewer).await;
    for user in ["ines", "nobody"] {
        let body = json!({ "username": user, "password": "wrong" }).to_string();
        for _ in 0..5 {
            let reply = bench.remote("POST", "/api/v1/authorize", &[], &body).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        }
        let reply = bench.remote("POST", "/api/v1/authorize", &[], &body).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{user}");
        assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
}
