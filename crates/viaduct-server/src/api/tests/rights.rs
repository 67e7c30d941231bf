//! Who may do what: the table of routes, and what callers without the right are told.

use super::*;

/// Every route with what it asks for. A new route must be entered here, with thought.
const ROUTES: &str = "\
DELETE /api/v1/amt/alarmOccurrences/{device} Needs(ChangeAmt)
DELETE /api/v1/amt/certificates/{device}/{item} Needs(ChangeAmt)
DELETE /api/v1/amt/deactivate/{device} Needs(Erase)
DELETE /api/v1/amt/networkSettings/wireless/profile/{device}/{item} Needs(ChangeAmt)
DELETE /api/v1/certificates/rotation Needs(ChangeCertificates)
DELETE /api/v1/devices/cert/{device} Needs(ChangeDevices)
DELETE /api/v1/devices/disconnect/{device} Needs(DisconnectTunnel)
DELETE /api/v1/devices/refresh/{device} Needs(ChangeDevices)
DELETE /api/v1/devices/{device} Needs(RemoveDevices)
DELETE /api/v1/enroll/{id} Needs(Enroll)
DELETE /api/v1/me/views/{name} Needs(SignIn)
DELETE /api/v1/media/{media} Needs(ChangeDevices)
DELETE /api/v1/mounts/{id} Needs(RedirectIder)
DELETE /api/v1/redirections/{id} SignedIn
DELETE /api/v1/session SignedIn
DELETE /api/v1/tokens/{name} Needs(ManageTokens)
DELETE /api/v1/tunnels/{id} Needs(DisconnectTunnel)
DELETE /api/v1/unclaimed/{device}/ignore Needs(ChangeDevices)
DELETE /api/v1/unclaimed/{guid} Needs(ChangeDevices)
DELETE /api/v1/users/{name} Needs(ManageUsers)
DELETE /api/v1/whoami/second-factor Needs(SignIn)
DELETE /v1/secret/data/{kind}/{name} Needs(RotateCredentials)
DELETE /v1/secret/data/{name} Needs(RotateCredentials)
DELETE /v1/secret/metadata/{kind}/{name} Needs(RotateCredentials)
DELETE /v1/secret/metadata/{name} Needs(RotateCredentials)
GET / Open
GET /api/v1/amt/alarmOccurrences/{device} Needs(ReadDevices)
GET /api/v1/amt/boot/remoteErase/{device} Needs(ReadDevices)
GET /api/v1/amt/certificates/{device} Needs(ReadDevices)
GET /api/v1/amt/diskInfo/{device} Needs(ReadDevices)
GET /api/v1/amt/explorer Needs(ReadDevices)
GET /api/v1/amt/explorer/{device}/{item} Needs(ReadWsman)
GET /api/v1/amt/features/{device} Needs(ReadDevices)
GET /api/v1/amt/generalSettings/{device} Needs(ReadDevices)
GET /api/v1/amt/hardwareInfo/{device} Needs(ReadDevices)
GET /api/v1/amt/kvm/displays/{device} Needs(ReadDevices)
GET /api/v1/amt/log/audit/{device} Needs(ReadDeviceLogs)
GET /api/v1/amt/log/audit/{device}/download Needs(ReadDeviceLogs)
GET /api/v1/amt/log/event/{device} Needs(ReadDeviceLogs)
GET /api/v1/amt/log/event/{device}/download Needs(ReadDeviceLogs)
GET /api/v1/amt/networkSettings/wired/{device} Needs(ReadDevices)
GET /api/v1/amt/networkSettings/wireless/profile/{device} Needs(ReadDevices)
GET /api/v1/amt/networkSettings/wireless/profileSync/{device} Needs(ReadDevices)
GET /api/v1/amt/networkSettings/wireless/state/{device} Needs(ReadDevices)
GET /api/v1/amt/networkSettings/{device} Needs(ReadDevices)
GET /api/v1/amt/power/bootSources/{device} Needs(ReadDevices)
GET /api/v1/amt/power/capabilities/{device} Needs(ReadDevices)
GET /api/v1/amt/power/state/{device} Needs(ReadDevices)
GET /api/v1/amt/time/{device} Needs(ReadDevices)
GET /api/v1/amt/tls/{device} Needs(ReadDevices)
GET /api/v1/amt/userConsentCode/cancel/{device} Needs(Consent)
GET /api/v1/amt/userConsentCode/{device} Needs(Consent)
GET /api/v1/amt/users/{device} Needs(ReadDevices)
GET /api/v1/amt/version/{device} Needs(ReadDevices)
GET /api/v1/attempts Needs(ReadDevices)
GET /api/v1/audit Needs(ReadAudit)
GET /api/v1/audit/export Needs(ReadAllAudit)
GET /api/v1/audit/verify Needs(ReadAllAudit)
GET /api/v1/authorize/redirection/{guid} Needs(Redirect)
GET /api/v1/certificates Needs(ReadCertificates)
GET /api/v1/certificates/rotation Needs(ReadCertificates)
GET /api/v1/ciracert Needs(ReadCertificates)
GET /api/v1/config Needs(ReadConfig)
GET /api/v1/devices Needs(ReadDevices)
GET /api/v1/devices/cert/{device} Needs(ReadDevices)
GET /api/v1/devices/redirectstatus/{device} Needs(ReadDevices)
GET /api/v1/devices/stats Needs(ReadDevices)
GET /api/v1/devices/tags Needs(ReadDevices)
GET /api/v1/devices/{device} Needs(ReadDevices)
GET /api/v1/devices/{device}/availability Needs(ReadDevices)
GET /api/v1/devices/{device}/connect/{port} Needs(UseProxy)
GET /api/v1/devices/{device}/why-offline Needs(ReadDevices)
GET /api/v1/enroll Needs(Enroll)
GET /api/v1/enroll/{id} Needs(Enroll)
GET /api/v1/events Needs(ReadEvents)
GET /api/v1/exports Needs(RevealSecrets)
GET /api/v1/health Open
GET /api/v1/me/views Needs(SignIn)
GET /api/v1/media Needs(ReadDevices)
GET /api/v1/media/limits Needs(ReadDevices)
GET /api/v1/media/{media} Needs(ReadDevices)
GET /api/v1/mounts Needs(ReadDevices)
GET /api/v1/mounts/{id} Needs(ReadDevices)
GET /api/v1/oidc/callback Open
GET /api/v1/oidc/login Open
GET /api/v1/permissions Needs(SignIn)
GET /api/v1/redirections Needs(ReadDevices)
GET /api/v1/redirections/{id}/picture Needs(RedirectKvm)
GET /api/v1/remote-access/{device} Needs(ReadDevices)
GET /api/v1/roles Needs(SignIn)
GET /api/v1/session Open
GET /api/v1/setup Open
GET /api/v1/stats/availability Needs(ReadDevices)
GET /api/v1/stats/health Needs(ReadConfig)
GET /api/v1/stats/history Needs(ReadDevices)
GET /api/v1/status Needs(ReadDevices)
GET /api/v1/support-bundle Needs(ReadConfig)
GET /api/v1/tokens Needs(ReadTokens)
GET /api/v1/tunnels Needs(ReadDevices)
GET /api/v1/unclaimed Needs(ReadDevices)
GET /api/v1/users Needs(ReadUsers)
GET /api/v1/users/{name} Needs(ReadUsers)
GET /api/v1/version SignedIn
GET /api/v1/whoami SignedIn
GET /api/v1/wsman/{device} Needs(ReadWsman)
GET /relay/webrelay.ashx Open
GET /setup Open
GET /v1/secret/data/{kind}/{name} Needs(RevealSecrets)
GET /v1/secret/data/{name} Needs(RevealSecrets)
GET /v1/secret/metadata/{kind}/{name} Needs(RevealSecrets)
GET /v1/secret/metadata/{name} Needs(RevealSecrets)
GET /v1/sys/health Open
GET /ws/relay/webrelay.ashx Open
PATCH /api/v1/amt/networkSettings/wired/{device} Needs(ChangeAmt)
PATCH /api/v1/amt/networkSettings/wireless/profile/{device} Needs(ChangeAmt)
PATCH /api/v1/devices Needs(ChangeDevices)
PATCH /api/v1/devices/{device} Needs(ChangeDevices)
PATCH /api/v1/media/{media} Needs(ChangeDevices)
PATCH /api/v1/remote-access/{device} Needs(ChangeRemoteAccess)
PATCH /api/v1/users/{name} Needs(ManageUsers)
POST /api/v1/amt/alarmOccurrences/{device} Needs(ChangeAmt)
POST /api/v1/amt/boot/remoteErase/{device} Needs(Erase)
POST /api/v1/amt/certificates/{device} Needs(ChangeAmt)
POST /api/v1/amt/features/{device} Needs(ChangeFeatures)
POST /api/v1/amt/network/linkPreference/{device} Needs(ChangeAmt)
POST /api/v1/amt/networkSettings/wireless/profile/{device} Needs(ChangeAmt)
POST /api/v1/amt/networkSettings/wireless/profileSync/{device} Needs(ChangeAmt)
POST /api/v1/amt/networkSettings/wireless/state/{device} Needs(ChangeAmt)
POST /api/v1/amt/power/action/{device} Depends(Power)
POST /api/v1/amt/power/bootOptions/{device} Depends(Boot)
POST /api/v1/amt/time/{device} Needs(ChangeAmt)
POST /api/v1/amt/userConsentCode/{device} Needs(Consent)
POST /api/v1/authorize Open
POST /api/v1/certificates/reload Needs(ChangeCertificates)
POST /api/v1/certificates/rotation Needs(ChangeCertificates)
POST /api/v1/certificates/rotation/activate Needs(ChangeCertificates)
POST /api/v1/devices Needs(ChangeDevices)
POST /api/v1/devices/{device}/approve Needs(ChangeDevices)
POST /api/v1/devices/{device}/block Needs(ChangeDevices)
POST /api/v1/devices/{device}/why-offline Needs(ReadDevices)
POST /api/v1/enroll Needs(Enroll)
POST /api/v1/enroll/scripts Needs(Enroll)
POST /api/v1/enroll/{id}/resume Needs(Enroll)
POST /api/v1/imports Needs(ChangeDevices)
POST /api/v1/imports/check Needs(ChangeDevices)
POST /api/v1/media Needs(ChangeDevices)
POST /api/v1/mounts Needs(RedirectIder)
POST /api/v1/oidc/token Open
POST /api/v1/redirections/tickets Depends(Ticket)
POST /api/v1/redirections/{id}/ask SignedIn
POST /api/v1/redirections/{id}/keep SignedIn
POST /api/v1/redirections/{id}/watch Needs(RedirectKvm)
POST /api/v1/session Open
POST /api/v1/session/proxy Needs(UseProxy)
POST /api/v1/setup Open
POST /api/v1/tokens Needs(ManageTokens)
POST /api/v1/unclaimed/{device}/approve Needs(ChangeDevices)
POST /api/v1/unclaimed/{device}/block Needs(ChangeDevices)
POST /api/v1/unclaimed/{device}/ignore Needs(ChangeDevices)
POST /api/v1/users Needs(ManageUsers)
POST /api/v1/users/{name}/sign-out Needs(ManageUsers)
POST /api/v1/whoami/password Needs(SignIn)
POST /api/v1/whoami/second-factor Needs(SignIn)
POST /api/v1/whoami/second-factor/verify Needs(SignIn)
POST /api/v1/wsman/{device} Depends(Wsman)
POST /login/api/v1/authorize Open
POST /setup Open
POST /v1/secret/data/{kind}/{name} Needs(RotateCredentials)
POST /v1/secret/data/{name} Needs(RotateCredentials)
PUT /api/v1/amt/kvm/displays/{device} Needs(ChangeAmt)
PUT /api/v1/me/views/{name} Needs(SignIn)
PUT /api/v1/redirections/{id}/picture SignedIn
PUT /v1/secret/data/{kind}/{name} Needs(RotateCredentials)
PUT /v1/secret/data/{name} Needs(RotateCredentials)
";

async fn entries(bench: &Bench) -> Vec<(String, &'static str, Guard)> {
    let table = table(Arc::new(bench.api.clone()));
    table.entries().iter().map(|e| (e.method.to_string(), e.path, e.guard)).collect()
}

#[tokio::test]
async fn every_route_asks_for_one_right() {
    let bench = Bench::new().await;
    let mut lines: Vec<String> = entries(&bench)
        .await
        .into_iter()
        .map(|(method, path, guard)| format!("{method} {path} {guard:?}\n"))
        .collect();
    lines.sort();
    assert_eq!(lines.concat(), ROUTES);
}

#[tokio::test]
async fn no_route_with_a_right_answers_a_stranger() {
    let bench = Bench::new().await;
    for (method, path, guard) in entries(&bench).await {
        let path = path.replace(['{', '}'], "");
        let reply = bench.remote(&method, &path, &[], "{}").await;
        // Vault's clients are told in Vault's way.
        let vault = path.starts_with("/v1/");
        let turned_away = if vault { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        let stranger = reply.status == turned_away;
        assert_eq!(stranger, guard != Guard::Open, "{method} {path}: {}", reply.status);
        if stranger {
            let json = reply.json();
            assert_eq!(json["code"], "E3001");
            assert_eq!(reply.header("x-viaduct-code"), "E3001");
            if vault {
                assert_eq!(reply.header("content-type"), "application/json");
            } else {
                assert_eq!(reply.header("content-type"), "application/problem+json");
                assert!(reply.header("www-authenticate").starts_with("Bearer"));
            }
            assert!(!json["next"].as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn a_scope_opens_exactly_the_routes_whose_action_it_has() {
    let bench = Bench::new().await;
    for scope in [Scope::Proxy, Scope::Read, Scope::Operate, Scope::Admin] {
        let token = bench.token(scope).await;
        let principal = crate::access::Principal::new("x", scope);
        for (method, path, guard) in entries(&bench).await {
            let Some(action) = guard.least() else { continue };
            // With the right, a request for what does not exist is refused for another reason.
            let path = path.replace(['{', '}'], "");
            if path.ends_with("/reload") {
                continue;
            }
            // Without a type, events would be a stream that has no end.
            let headers = [("authorization", token.as_str()), ("accept", "application/json")];
            let reply = bench.remote(&method, &path, &headers, "{").await;
            let may = bench.api.access.authorise(&principal, action).is_ok();
            let refused = reply.header("x-viaduct-code") == "E3004";
            assert_eq!(refused, !may, "{scope:?} {method} {path}: {}", reply.text);
            if refused {
                assert_eq!(reply.status, StatusCode::FORBIDDEN);
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_names_the_right_that_this_very_request_needs() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let envelope = |action: &str| {
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
             xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><s:Header><a:Action>{action}</a:Action>\
             <w:ResourceURI>http://intel.com/wbem/wscim/1/amt-schema/1/AMT_GeneralSettings</w:ResourceURI>\
             <a:MessageID>1</a:MessageID></s:Header><s:Body/></s:Envelope>"
        )
    };
    let transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
    let (get, delete) =
        (envelope(&format!("{transfer}/Get")), envelope(&format!("{transfer}/Delete")));
    let power = format!("/api/v1/amt/power/action/{GUID}");
    let boot = format!("/api/v1/amt/power/bootOptions/{GUID}");
    let raw = format!("/api/v1/wsman/{GUID}");
    let ticket = |mode: &str| format!(r#"{{"device":"{GUID}","mode":"{mode}"}}"#);
    let tickets = "/api/v1/redirections/tickets";
    let json = "application/json";
    let asked = [
        (power.as_str(), json, r#"{"action":2}"#.to_owned(), "power.on"),
        (&power, json, r#"{"action":10}"#.into(), "power.reset"),
        (&power, json, r#"{"action":8}"#.into(), "power.off"),
        (&power, json, r#"{"action":4}"#.into(), "power.sleep"),
        (&power, json, r#"{"action":500}"#.into(), "power.on"),
        (&power, json, "{".into(), "power.on"),
        (&power, json, String::new(), "power.on"),
        (&boot, json, r#"{"action":400,"useSOL":false}"#.into(), "boot"),
        (&boot, json, r#"{"action":500,"useSOL":false}"#.into(), "power.on"),
        (tickets, json, ticket("kvm"), "redirect.kvm"),
        (tickets, json, ticket("sol"), "redirect.sol"),
        (tickets, json, ticket("ider"), "redirect.ider"),
        (tickets, json, "[]".into(), "redirect"),
        (&raw, json, r#"{"operation":"get","class":"AMT_GeneralSettings"}"#.into(), "wsman.read"),
        (&raw, json, r#"{"operation":"put","class":"AMT_GeneralSettings"}"#.into(), "wsman.write"),
        (&raw, "application/soap+xml", get, "wsman.read"),
        (&raw, "application/soap+xml", delete, "wsman.write"),
    ];
    // A proxy's token has none of these.
    let token = bench.token(Scope::Proxy).await;
    for (path, kind, body, right) in asked {
        let headers = [("authorization", token.as_str()), ("content-type", kind)];
        let reply = bench.remote("POST", path, &headers, &body).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {body}: {}", reply.text);
        assert_eq!(reply.json()["right"], right, "{path} {body}: {}", reply.text);
        assert!(reply.text.contains(&format!("(right `{right}`)")), "{}", reply.text);
    }
}

#[tokio::test]
async fn users_sign_in_with_basic_and_wrong_ones_are_told_nothing_more() {
    let bench = Bench::new().await;
    let password = config::Secret::new("a long password".to_owned());
    bench.api.access.add_user("ines", password, Scope::Read).await.unwrap();
    let basic = |text: &str| {
        use base64::Engine;
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(text))
    };
    let good = basic("ines:a long password");
    let reply = bench.remote("GET", "/api/v1/whoami", &[("authorization", &good)], "").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.json()["name"], "ines");
    assert_eq!(reply.json()["scope"], "read");
    let mut bodies = Vec::new();
    for wrong in ["ines:wrong", "nobody:wrong"] {
        let wrong = basic(wrong);
        let reply = bench.remote("GET", "/api/v1/whoami", &[("authorization", &wrong)], "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert!(reply.header("www-authenticate").starts_with("Basic"));
        bodies.push(reply.text);
    }
    assert_eq!(bodies[0], bodies[1]);
    for malformed in ["", "Bearer", "Basic !!", "Digest x", "Basic aW5lcw=="] {
        let headers = [("authorization", malformed)];
        let reply = bench.remote("GET", "/api/v1/whoami", &headers, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{malformed}");
    }
}

#[tokio::test]
async fn an_expired_token_is_answered_with_the_body_that_clients_look_for() {
    let bench = Bench::new().await;
    // As soon as this machine makes one before it has expired.
    let mut token = None;
    let mut ahead = std::time::Duration::from_millis(20);
    while token.is_none() {
        assert!(ahead.as_secs() < 60, "none can be made at all");
        let soon = OffsetDateTime::now_utc() + ahead;
        token = bench.api.access.create_token("brief", Scope::Read, Some(soon)).await.ok();
        ahead *= 2;
    }
    let token = token.unwrap();
    let bearer = format!("Bearer {}", token.expose());
    let expired = async {
        loop {
            let headers = [("authorization", bearer.as_str())];
            let reply = bench.remote("GET", "/api/v1/devices", &headers, "").await;
            if reply.status == StatusCode::UNAUTHORIZED {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    };
    let reply = tokio::time::timeout(std::time::Duration::from_secs(120), expired).await.unwrap();
    assert_eq!(reply.json()["exp"], "token expired");
    assert_eq!(reply.json()["code"], "E3002");
    assert_eq!(reply.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_can_be_revoked() {
    let bench = Bench::new().await;
    let wish = r#"{"name":"ci","scope":"read","expires":"1h"}"#;
    let made = bench.local("POST", "/api/v1/tokens", wish).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let list = bench.local("GET", "/api/v1/tokens", "").await;
    assert_eq!(list.json()[0]["name"], "ci");
    assert!(!list.text.contains(&token));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let reply = bench.remote("GET", "/api/v1/devices", &headers, "").await;
    assert_eq!(reply.status, StatusCode::OK);
    let again = bench.local("POST", "/api/v1/tokens", wish).await;
    assert_eq!(
        (again.status, again.json()["code"].clone()),
        (StatusCode::CONFLICT, "E3006".into())
    );
    let gone = bench.local("DELETE", "/api/v1/tokens/ci", "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let reply = bench.remote("GET", "/api/v1/devices", &headers, "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let gone = bench.local("DELETE", "/api/v1/tokens/ci", "").await;
    assert_eq!((gone.status, gone.json()["code"].clone()), (StatusCode::NOT_FOUND, "E3007".into()));
}
