//! Setup, service routes, and what every answer has in common.

use super::*;

#[tokio::test]
async fn the_setup_link_makes_the_first_user_once() {
    let bench = Bench::new().await;
    let secret = bench.api.access.setup_secret().unwrap().expose().clone();
    let form = bench.remote("GET", &format!("/setup?secret={secret}"), &[], "").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.text.contains(&secret) && form.text.contains("<form"));
    let policy = form.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(form.header("referrer-policy"), "no-referrer");

    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let body = |secret: &str, again: &str| {
        format!("secret={secret}&user=ines&password=correct+horse+battery&again={again}")
    };
    let good = body(&secret, "correct+horse+battery");
    for (wrong, why) in [
        (body(&secret, "another"), "differ"),
        (body("guess", "correct+horse+battery"), "setup link"),
        (format!("secret={secret}&user=ines&password=short&again=short"), "password"),
    ] {
        let reply = bench.remote("POST", "/setup", &kind, &wrong).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{why}");
        assert!(reply.text.contains(why) && reply.text.contains("<form"), "{}", reply.text);
        assert!(!bench.api.access.has_users());
    }
    let done = bench.remote("POST", "/setup", &kind, &good).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.text);
    assert!(bench.api.access.has_users());
    let again = bench.remote("POST", "/setup", &kind, &good).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "{}", again.text);
    let closed = bench.remote("GET", "/setup", &[], "").await;
    assert_eq!(closed.status, StatusCode::GONE);
}

#[tokio::test]
async fn the_first_user_can_be_made_with_json() {
    let bench = Bench::new().await;
    let secret = bench.api.access.setup_secret().unwrap().expose().clone();
    let wrong = r#"{"secret":"guess","user":"ines","password":"correct horse battery"}"#;
    let reply = bench.remote("POST", "/api/v1/setup", &[], wrong).await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (StatusCode::FORBIDDEN, "E3005".into())
    );
    let body = wrong.replace("guess", &secret);
    let reply = bench.remote("POST", "/mps/API/v1/setup/", &[], &body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
}

#[tokio::test]
async fn text_from_outside_is_inert_in_pages() {
    let bench = Bench::new().await;
    let reply =
        bench.remote("GET", "/setup?secret=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", &[], "").await;
    assert!(!reply.text.contains("<script"), "{}", reply.text);
    assert!(reply.text.contains("&lt;script&gt;"));
}

#[tokio::test]
async fn service_routes_answer_in_the_known_shapes() {
    let bench = Bench::new().await;
    let health = bench.remote("GET", "/api/v1/health", &[], "").await;
    assert_eq!(health.status, StatusCode::OK);
    let health = health.json();
    assert_eq!(health["db"]["status"], "OK");
    assert_eq!(health["secretStore"]["status"]["initialized"], true);
    assert_eq!(health["secretStore"]["status"]["sealed"], false);
    let version = bench.local("GET", "/api/v1/version", "").await.json();
    assert_eq!(version["serviceVersion"], config::VERSION);
    let root = bench.local("GET", "/mps/api/v1/CiraCert", "").await;
    assert!(root.text.starts_with("-----BEGIN CERTIFICATE-----"), "{}", root.text);
    assert!(root.header("content-type").starts_with("text/plain"));
    let config = bench.local("GET", "/api/v1/config", "").await.json();
    assert_eq!(config["toml"], "[cira]\n");
    let whoami = bench.local("GET", "/api/v1/whoami", "").await.json();
    assert_eq!((&whoami["name"], &whoami["scope"]), (&"local".into(), &"admin".into()));
    let certificates = bench.local("GET", "/api/v1/certificates", "").await.json();
    assert_eq!(certificates[0]["listener"], "root");
    assert!(certificates[0]["notAfter"].is_string(), "{certificates}");
    let reloaded = bench.local("POST", "/api/v1/certificates/reload", "").await.json();
    assert!(!reloaded["reloaded"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn status_counts_and_names_what_wants_attention() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let peer = "192.0.2.7:5000".parse().unwrap();
    bench.api.inventory.note_unclaimed(OTHER.parse().unwrap(), peer, Some("admin".into()));
    let status = bench.local("GET", "/api/v1/status", "").await.json();
    assert_eq!(status["counts"]["devices"], 1);
    assert_eq!(status["counts"]["connected"], 0);
    assert_eq!(status["counts"]["unclaimed"], 1);
    let codes: Vec<_> =
        status["attention"].as_array().unwrap().iter().map(|a| a["code"].clone()).collect();
    assert!(codes.contains(&"E2017".into()) && codes.contains(&"E3005".into()), "{codes:?}");
    assert_eq!(status["certificates"][0]["pem"], "");
}

#[tokio::test]
async fn devices_that_refuse_their_password_want_attention_until_they_take_one() {
    let bench = Bench::new().await;
    let ids = [GUID, OTHER].map(|guid| guid.parse().unwrap());
    bench.add(GUID, "pc-1").await;
    bench.add(OTHER, "pc-2").await;
    let refused = async || {
        let status = bench.local("GET", "/api/v1/status", "").await.json();
        let list = status["attention"].as_array().unwrap().clone();
        list.into_iter().find(|item| item["code"] == "E2010")
    };
    assert_eq!(refused().await, None);
    let note = |id, is| bench.api.inventory.note_shown(id, |shown| shown.refused = is);
    note(ids[0], true);
    let one = refused().await.unwrap();
    assert_eq!(one["detail"], "pc-1 refuses the password kept for it");
    assert!(one["next"].as_str().unwrap().contains("viaduct devices password pc-1 "), "{one}");
    note(ids[1], true);
    let two = refused().await.unwrap();
    assert!(two["detail"].as_str().unwrap().starts_with("2 devices, pc-"), "{two}");
    for id in ids {
        note(id, false);
    }
    assert_eq!(refused().await, None);
}

#[tokio::test]
async fn unknown_paths_methods_and_bodies_are_told_apart() {
    let bench = Bench::new().await;
    for (method, path, body, status, code) in [
        ("GET", "/api/v1/nothing", "", 404, "E1404"),
        ("GET", "/api/v2/devices", "", 404, "E1404"),
        ("GET", "/healthz", "", 404, "E1404"),
        ("GET", "/health", "", 404, "E1404"),
        ("GET", "/mps/livez", "", 404, "E1404"),
        ("GET", "/version", "", 404, "E1404"),
        ("GET", "/login/status", "", 404, "E1404"),
        ("PUT", "/api/v1/devices", "", 405, "E1405"),
        ("POST", "/api/v1/tokens", "{", 400, "E1400"),
        ("POST", "/api/v1/tokens", r#"{"name":"x","scope":"god"}"#, 400, "E1400"),
        ("GET", "/api/v1/devices/x/connect/16992", "", 426, "E1426"),
        ("DELETE", "/api/v1/tunnels/99", "", 404, "E2009"),
        ("DELETE", "/api/v1/tunnels/x", "", 404, "E2009"),
    ] {
        let reply = bench.local(method, path, body).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}");
        assert_eq!(reply.json()["code"], code, "{method} {path}");
        assert_eq!(reply.json()["status"], status, "{method} {path}");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    let reply = bench.local("POST", "/api/v1/tokens", &large).await;
    assert_eq!((reply.status.as_u16(), reply.json()["code"].clone()), (413, "E1413".into()));
}

#[tokio::test]
async fn a_head_request_is_answered_like_get_without_the_body() {
    let bench = Bench::new().await;
    let reply = bench.local("HEAD", "/api/v1/devices", "").await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
}
