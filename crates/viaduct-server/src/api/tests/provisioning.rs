//! What Open AMT's provisioning service asks of an MPS, in its order, on the listener where it need not sign in.

use super::*;
use serde_json::json;

/// The client that it uses takes any answer below 400 as success, and an empty 2xx to a look-up as "somebody else's".
async fn ask(bench: &Bench, method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    bench.trusted(method, path, &[("content-type", "application/json")], &body).await
}

#[tokio::test]
async fn a_device_lives_through_provisioning_maintenance_and_deactivation() {
    let bench = Bench::new().await;
    let one = format!("/api/v1/devices/{GUID}");
    let lookup = format!("{one}?tenantId=");
    // Before activation: nobody knows it.
    assert_eq!(ask(&bench, "GET", &lookup, &Value::Null).await.status, StatusCode::NOT_FOUND);
    // The CIRA step, before the PC dials in for the first time.
    let cira = json!({
        "guid": GUID, "hostname": "pc-1", "mpsusername": "admin", "tags": ["lab"], "tenantId": "",
    });
    let made = ask(&bench, "POST", "/api/v1/devices", &cira).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    // The end of activation; the user is not known there, and what is stored stays.
    let info = json!({
        "fwVersion": "16.1.30", "fwBuild": "2307", "fwSku": "16392", "currentMode": "1",
        "features": "AMT Pro Corporate", "ipAddress": "192.0.2.7", "status": "", "activatedAt": "x",
        "lastProvisionedAt": "x", "lastUpdated": "x",
    });
    let active = json!({
        "guid": GUID, "hostname": "pc-1", "tags": ["lab"], "tenantId": "", "friendlyName": "Lab PC",
        "dnsSuffix": "lab.example", "deviceInfo": info,
    });
    let merged = ask(&bench, "POST", "/api/v1/devices", &active).await;
    assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
    let device = merged.json();
    assert_eq!((&device["mpsusername"], &device["tenantId"]), (&"admin".into(), &"".into()));
    assert_eq!(device["deviceInfo"], info);
    for key in ["lastConnected", "lastSeen", "lastDisconnected"] {
        assert!(device.get(key).is_some(), "{key} is missing");
    }
    // Re-activation, and before it the look-up that must carry the GUID.
    let known = ask(&bench, "GET", &lookup, &Value::Null).await;
    assert_eq!((known.status, &known.json()["guid"]), (StatusCode::OK, &GUID.into()));
    for patch in [
        json!({"guid": GUID, "tags": ["lab", "floor=2"]}),
        json!({"guid": GUID, "deviceInfo": {"fwVersion": "16.1.31", "lastUpdated": "y"}}),
        json!({"guid": GUID, "hostname": "pc-2", "dnsSuffix": "lab.example"}),
    ] {
        let patched = ask(&bench, "PATCH", "/api/v1/devices", &patch).await;
        assert_eq!(patched.status, StatusCode::OK, "{}", patched.text);
    }
    let device = ask(&bench, "GET", &one, &Value::Null).await.json();
    assert_eq!(device["tags"], json!(["floor=2", "lab"]));
    assert_eq!((&device["hostname"], &device["friendlyName"]), (&"pc-2".into(), &"Lab PC".into()));
    // A changed password: 404 is what a device that is away gets, and what is accepted.
    let refresh = format!("/api/v1/devices/refresh/{GUID}");
    let away = ask(&bench, "DELETE", &refresh, &Value::Null).await;
    assert_eq!(away.status, StatusCode::NOT_FOUND, "{}", away.text);
    // Deactivation.
    let gone = ask(&bench, "DELETE", &lookup, &Value::Null).await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(ask(&bench, "DELETE", &lookup, &Value::Null).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_other_provisioning_client_sends_passwords_that_are_kept_and_never_shown() {
    let bench = Bench::new().await;
    let body = json!({
        "guid": GUID, "hostname": "pc-1", "friendlyName": "", "tags": ["t"], "mpsusername": "admin",
        "username": "admin", "password": "Amt-Passw0rd", "mebxpassword": "Mebx-Passw0rd",
        "mpspassword": "Mps-Passw0rd", "useTLS": true, "allowSelfSigned": true,
        "deviceInfo": {"fwVersion": "18.0.5", "certHashes": ["x"], "dhcpEnabled": true},
    });
    let made = ask(&bench, "POST", "/api/v1/devices", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("Passw0rd"), "{}", made.text);
    assert_eq!(
        (&made.json()["hasAmtPassword"], &made.json()["amtUser"]),
        (&true.into(), &"admin".into())
    );
    let id = GUID.parse().unwrap();
    let verdict = bench.api.inventory.verify(id, b"admin", b"Mps-Passw0rd");
    assert_eq!(verdict, crate::inventory::Verdict::Admit);
    // What this server has no use for is kept where provisioning looks for it.
    let path = format!("devices/{GUID}");
    let kept = bench.api.inventory.secret(&path).await.unwrap().unwrap();
    let kept: Value = serde_json::from_str(kept.data.expose()).unwrap();
    assert_eq!(kept, json!({"MEBX_PASSWORD": "Mebx-Passw0rd"}));
    // An empty CIRA password takes it away, and then nobody signs in, with an empty one least of all.
    let cleared = json!({"guid": GUID, "mpspassword": ""});
    let patched = ask(&bench, "PATCH", "/api/v1/devices", &cleared).await;
    assert_eq!(patched.status, StatusCode::OK, "{}", patched.text);
    assert_eq!(patched.json()["mpsusername"], "admin");
    for password in [&b"Mps-Passw0rd"[..], b""] {
        let verdict = bench.api.inventory.verify(id, b"admin", password);
        assert_ne!(verdict, crate::inventory::Verdict::Admit);
    }
    let gone = format!("/api/v1/devices/{GUID}?isSecretToBeDeleted=true");
    assert_eq!(ask(&bench, "DELETE", &gone, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert!(bench.api.inventory.secret(&path).await.unwrap().is_none());
}

#[tokio::test]
async fn trust_ends_where_provisioning_does() {
    let bench = Bench::new().await;
    let body = json!({"guid": GUID}).to_string();
    // Other routes, a wrong token, and everything a browser could be made to send.
    for (method, path, headers) in [
        ("GET", "/api/v1/tokens", vec![]),
        ("GET", "/api/v1/config", vec![]),
        ("POST", "/api/v1/certificates/reload", vec![]),
        // The rights that provisioning has over devices open these elsewhere.
        ("GET", "/api/v1/tunnels", vec![]),
        ("GET", "/api/v1/unclaimed", vec![]),
        ("GET", "/api/v1/redirections", vec![]),
        ("GET", &format!("/api/v1/amt/users/{GUID}"), vec![]),
        ("GET", &format!("/api/v1/amt/power/state/{GUID}"), vec![]),
        ("POST", &format!("/api/v1/devices/{GUID}/block"), vec![]),
        ("POST", &format!("/api/v1/devices/{GUID}/approve"), vec![]),
        ("PATCH", &format!("/api/v1/devices/{GUID}"), vec![]),
        ("POST", "/api/v1/devices", vec![("authorization", "Bearer wrong")]),
        ("POST", "/api/v1/devices", vec![("origin", "https://evil.example")]),
        ("GET", "/api/v1/devices", vec![("sec-fetch-site", "cross-site")]),
    ] {
        let reply = bench.trusted(method, path, &headers, &body).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}: {}", reply.text);
    }
    // And on an ordinary listener there is none.
    let reply = bench.remote("POST", "/api/v1/devices", &[], &body).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn everything_wrong_with_a_device_is_named_at_once() {
    let bench = Bench::new().await;
    let bad =
        json!({"guid": "x", "hostname": 7, "tags": "lab", "deviceInfo": [], "dnsSuffix": "a b"});
    for method in ["POST", "PATCH"] {
        let reply = ask(&bench, method, "/api/v1/devices", &bad).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        let paths: Vec<_> = errors.iter().map(|error| error["path"].clone()).collect();
        assert_eq!(paths, ["guid", "hostname", "dnsSuffix", "tags", "deviceInfo"]);
    }
}

#[tokio::test]
async fn options_says_what_there_is() {
    let bench = Bench::new().await;
    let reply = bench.remote("OPTIONS", "/API/v1/Devices/", &[], "").await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::NO_CONTENT, ""));
    for method in ["GET", "HEAD", "POST", "PATCH"] {
        assert!(reply.header("allow").contains(method), "{}", reply.header("allow"));
    }
    let refused = bench.remote("PUT", "/api/v1/devices", &[], "").await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
}

async fn kv(bench: &Bench, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    bench.trusted(method, path, &[("x-vault-token", token)], &body).await
}

#[tokio::test]
async fn secrets_of_provisioning_are_kept_as_vault_keeps_them_and_count_for_the_device() {
    let bench = Bench::new().await;
    let token = bench.token(Scope::Admin).await;
    let token = token.strip_prefix("Bearer ").unwrap();
    let health = bench.remote("GET", "/v1/sys/health?standbyok=true", &[], "").await.json();
    assert_eq!((&health["initialized"], &health["sealed"]), (&true.into(), &false.into()));
    // Before the device is registered, as provisioning does it; the case of its UUID does not matter.
    let path = format!("/v1/secret/data/devices/{}", GUID.to_uppercase());
    let missing = kv(&bench, token, "GET", &path, &Value::Null).await;
    assert_eq!((missing.status, missing.json()), (StatusCode::NOT_FOUND, json!({"errors": []})));
    let secret = json!({"data": {
        "AMT_PASSWORD": "Amt-Passw0rd", "MEBX_PASSWORD": "Mebx-Passw0rd", "MPS_PASSWORD": "Mps-Passw0rd",
    }});
    let written = kv(&bench, token, "POST", &path, &secret).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text);
    assert_eq!(written.json()["data"]["version"], 1);
    let made = json!({"guid": GUID, "hostname": "pc-1", "mpsusername": "admin", "tags": []});
    let made = ask(&bench, "POST", "/api/v1/devices", &made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(made.json().get("issued").is_none(), "{}", made.text);
    let id = GUID.parse().unwrap();
    let admit = |password: &str| {
        let verdict = bench.api.inventory.verify(id, b"admin", password.as_bytes());
        verdict == crate::inventory::Verdict::Admit
    };
    assert!(admit("Mps-Passw0rd"));
    let (user, password) = bench.api.inventory.amt_credential(id).unwrap().unwrap();
    assert_eq!((user.as_str(), password.expose().as_str()), ("admin", "Amt-Passw0rd"));
    // A changed one counts at once.
    let changed = json!({"data": {"MPS_PASSWORD": "Other-Passw0rd"}, "options": {"cas": 1}});
    assert_eq!(kv(&bench, token, "PUT", &path, &changed).await.json()["data"]["version"], 2);
    assert!(admit("Other-Passw0rd") && !admit("Mps-Passw0rd"));
    let late = kv(&bench, token, "PUT", &path, &changed).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST, "{}", late.text);
    assert!(late.json()["errors"][0].as_str().unwrap().contains("check-and-set"));
    let read = kv(&bench, token, "GET", &path, &Value::Null).await.json();
    assert_eq!(read["data"]["data"], changed["data"]);
    assert_eq!(read["data"]["metadata"]["version"], 2);
    let listed = kv(&bench, token, "GET", "/v1/secret/metadata/devices?list=true", &Value::Null);
    assert_eq!(listed.await.json()["data"]["keys"], json!([GUID]));
    let listed = kv(&bench, token, "LIST", "/v1/secret/metadata/devices/", &Value::Null).await;
    assert_eq!(listed.json()["data"]["keys"], json!([GUID]), "{}", listed.text);
    let metadata = path.replace("/data/", "/metadata/");
    let about = kv(&bench, token, "GET", &metadata, &Value::Null).await.json();
    assert_eq!(about["data"]["current_version"], 2);
    assert_eq!(about["data"]["versions"]["2"]["destroyed"], false);
    // Only the newest version is there; it is not given out as another one.
    for (version, status) in [(0, StatusCode::OK), (2, StatusCode::OK), (1, StatusCode::NOT_FOUND)]
    {
        let asked = format!("{path}?version={version}");
        let reply = kv(&bench, token, "GET", &asked, &Value::Null).await;
        assert_eq!(reply.status, status, "{version}: {}", reply.text);
    }
    assert_eq!(
        kv(&bench, token, "DELETE", &metadata, &Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(kv(&bench, token, "GET", &path, &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert!(admit("Other-Passw0rd"), "what the device signs in with stays");
}

#[tokio::test]
async fn secrets_need_a_token_that_may_see_them() {
    let bench = Bench::new().await;
    let path = "/v1/secret/data/profiles/one";
    let body = json!({"data": {"AMT_PASSWORD": "x"}});
    for scope in [Scope::Proxy, Scope::Read, Scope::Operate] {
        let token = bench.token(scope).await;
        let token = token.strip_prefix("Bearer ").unwrap();
        for method in ["GET", "POST", "DELETE"] {
            let reply = kv(&bench, token, method, path, &body).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{method}: {}", reply.text);
        }
    }
    // As Vault says it, which has no 401: its clients ask nobody to sign in.
    let denied = |reply: &Reply| {
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", reply.text);
        assert_eq!(reply.json()["errors"], json!(["permission denied"]), "{}", reply.text);
        assert!(reply.headers.get("www-authenticate").is_none());
    };
    for token in ["", "wrong"] {
        denied(&kv(&bench, token, "GET", path, &Value::Null).await);
    }
    denied(&bench.trusted("GET", path, &[], "").await);
}

#[tokio::test]
async fn what_the_store_of_secrets_cannot_do_is_told_in_vaults_words() {
    let bench = Bench::new().await;
    let token = bench.token(Scope::Admin).await;
    let token = token.strip_prefix("Bearer ").unwrap();
    let other = kv(&bench, token, "GET", "/v1/auth/token/lookup-self", &Value::Null).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let errors = json!(["no handler for route \"/v1/auth/token/lookup-self\""]);
    assert_eq!(other.json()["errors"], errors, "{}", other.text);
    let nonsense = [("x-vault-token", token)];
    let reply = bench.trusted("POST", "/v1/secret/data/one", &nonsense, "{bad").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.json()["errors"][0].is_string(), "{}", reply.text);
}
