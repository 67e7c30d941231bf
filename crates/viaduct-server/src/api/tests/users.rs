//! Users, roles, and second factors as clients see them.

use super::*;
use crate::{
    access::{Principal, Role},
    config::Secret,
};
use serde_json::json;
use totp_rs::{Algorithm, Builder, Secret as Bytes};

const PASSWORD: &str = "correct horse";

async fn bearer(bench: &Bench, user: &str, code: Option<&str>) -> Reply {
    let mut body = json!({ "username": user, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = code.into();
    }
    bench.remote("POST", "/api/v1/authorize", &[], &body.to_string()).await
}

async fn sign_in(bench: &Bench, user: &str) -> String {
    let reply = bearer(bench, user, None).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    format!("Bearer {}", reply.json()["token"].as_str().unwrap())
}

async fn add(bench: &Bench, tenant: &str, name: &str, role: Role) -> String {
    let (access, password) = (&bench.api.access, Secret::new(PASSWORD.into()));
    access.add_user_in(tenant, name, password, role, Default::default()).await.unwrap();
    let mut who = Principal::new(name, role);
    tenant.clone_into(&mut who.tenant);
    format!("Bearer {}", access.login_token(&who).unwrap().expose())
}

#[tokio::test]
async fn whoever_is_signed_out_everywhere_signs_in_anew() {
    let bench = Bench::new().await;
    let root = add(&bench, "", "root", Role::Owner).await;
    add(&bench, "", "ines", Role::Helpdesk).await;
    let (first, second) = (sign_in(&bench, "ines").await, sign_in(&bench, "ines").await);
    let status = async |token: &str| {
        bench.remote("GET", "/api/v1/whoami", &[("authorization", token)], "").await.status
    };
    assert_eq!(status(&first).await, StatusCode::OK);
    let path = "/api/v1/users/INES/sign-out";
    let refused = bench.remote("POST", path, &[("authorization", &second)], "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let done = bench.remote("POST", path, &[("authorization", &root)], "").await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    for old in [&first, &second] {
        assert_eq!(status(old).await, StatusCode::UNAUTHORIZED);
    }
    // At once, in the same second even, and nobody else is touched.
    let anew = sign_in(&bench, "ines").await;
    assert_eq!((status(&anew).await, status(&root).await), (StatusCode::OK, StatusCode::OK));
    let path = "/api/v1/users/nobody/sign-out";
    let nobody = bench.remote("POST", path, &[("authorization", &root)], "").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_user_is_made_changed_and_removed() {
    let bench = Bench::new().await;
    let root = add(&bench, "", "root", Role::Owner).await;
    let headers = [("authorization", root.as_str())];
    let wish = json!({ "name": "ines", "password": PASSWORD, "role": "helpdesk", "labels": { "site": "berlin" } });
    let made = bench.remote("POST", "/api/v1/users", &headers, &wish.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(
        (&made.json()["role"], &made.json()["secondFactor"]),
        (&"helpdesk".into(), &false.into())
    );
    assert!(!made.text.contains(PASSWORD));
    let again = bench.remote("POST", "/api/v1/users", &headers, &wish.to_string()).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let ines = sign_in(&bench, "ines").await;
    let reply = bench.remote("PATCH", "/api/v1/users/INES", &headers, r#"{"role":"viewer"}"#).await;
    assert_eq!((reply.status, &reply.json()["role"]), (StatusCode::OK, &"viewer".into()));
    let old = bench.remote("GET", "/api/v1/devices", &[("authorization", &ines)], "").await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let list = bench.remote("GET", "/api/v1/users", &headers, "").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    for (body, word) in
        [(r#"{"role":"king"}"#, "viewer"), (r#"{"x":1}"#, "x"), (r#"{"password":"x"}"#, "password")]
    {
        let reply = bench.remote("PATCH", "/api/v1/users/ines", &headers, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(reply.text.contains(word), "{}", reply.text);
    }
    let gone = bench.remote("DELETE", "/api/v1/users/ines", &headers, "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let gone = bench.remote("DELETE", "/api/v1/users/ines", &headers, "").await;
    assert_eq!((gone.status, gone.json()["code"].clone()), (StatusCode::NOT_FOUND, "E3009".into()));
    let last = bench.remote("DELETE", "/api/v1/users/root", &headers, "").await;
    assert_eq!(last.status, StatusCode::BAD_REQUEST, "the last owner stays");
}

#[tokio::test]
async fn nobody_makes_anybody_who_may_do_more_or_belongs_elsewhere() {
    let bench = Bench::new().await;
    add(&bench, "", "root", Role::Owner).await;
    let red = add(&bench, "red", "admin", Role::TenantAdmin).await;
    add(&bench, "red", "boss", Role::Owner).await;
    let headers = [("authorization", red.as_str())];
    let wish = |role: &str, tenant: Option<&str>| {
        let mut wish = json!({ "name": "x", "password": PASSWORD, "role": role });
        if let Some(tenant) = tenant {
            wish["tenantId"] = tenant.into();
        }
        wish.to_string()
    };
    for (role, tenant) in [("viewer", Some("")), ("viewer", Some("blue"))] {
        let reply = bench.remote("POST", "/api/v1/users", &headers, &wish(role, tenant)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{role} {tenant:?}");
    }
    let reply = bench.remote("POST", "/api/v1/users", &headers, &wish("auditor", None)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    assert_eq!(reply.json()["tenantId"], "red");
    for (method, body) in [("GET", ""), ("PATCH", r#"{"disabled":true}"#), ("DELETE", "")] {
        let reply = bench.remote(method, "/api/v1/users/root", &headers, body).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method}: another tenant's");
    }
    let list = bench.remote("GET", "/api/v1/users", &headers, "").await;
    assert!(!list.text.contains("root"));
    let helpdesk = add(&bench, "red", "help", Role::Helpdesk).await;
    let reply = bench.remote("GET", "/api/v1/users", &[("authorization", &helpdesk)], "").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let roles =
        bench.remote("GET", "/api/v1/roles", &[("authorization", &helpdesk)], "").await.json();
    assert_eq!(roles.as_array().unwrap().len(), Role::ALL.len());
    let viewer = roles.as_array().unwrap().iter().find(|role| role["name"] == "viewer").unwrap();
    assert!(viewer["actions"].as_array().unwrap().contains(&"devices.read".into()));
    assert!(!viewer["actions"].as_array().unwrap().contains(&"power.off".into()));
}

#[tokio::test]
async fn the_own_password_is_changed_with_the_old_one() {
    let bench = Bench::new().await;
    add(&bench, "", "root", Role::Owner).await;
    add(&bench, "", "ines", Role::Viewer).await;
    let ines = sign_in(&bench, "ines").await;
    let headers = [("authorization", ines.as_str())];
    let wish = |old: &str| json!({ "password": old, "new": "another horse" }).to_string();
    let reply = bench.remote("POST", "/api/v1/whoami/password", &headers, &wish("wrong")).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let reply = bench.remote("POST", "/api/v1/whoami/password", &headers, &wish(PASSWORD)).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
    let reply = bench.remote("GET", "/api/v1/whoami", &headers, "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "what was issued before is worth nothing");
    assert_eq!(bearer(&bench, "ines", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_browser_that_changes_the_own_password_stays_signed_in_and_no_other_does() {
    let bench = Bench::new().await;
    add(&bench, "", "ines", Role::Viewer).await;
    let begin = json!({ "username": "ines", "password": PASSWORD }).to_string();
    let mut cookies = Vec::new();
    for _ in 0..2 {
        let reply = bench.remote("POST", "/api/v1/session", &[], &begin).await;
        cookies.push(reply.header("set-cookie").split(';').next().unwrap().to_owned());
    }
    let page = [("host", "mps.example"), ("origin", "https://mps.example")];
    let of = |cookie: &str| -> Vec<(&str, String)> {
        let mut headers: Vec<_> = page.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        headers.push(("cookie", cookie.to_owned()));
        headers
    };
    let send = async |method: &str, path: &str, cookie: &str, body: &str| {
        let headers = of(cookie);
        let headers: Vec<_> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
        bench.remote(method, path, &headers, body).await
    };
    let wish = json!({ "password": PASSWORD, "new": "another horse" }).to_string();
    let done = send("POST", "/api/v1/whoami/password", &cookies[0], &wish).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    let renewed = done.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(send("GET", "/api/v1/whoami", &renewed, "").await.status, StatusCode::OK);
    for old in &cookies {
        let reply = send("GET", "/api/v1/whoami", old, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_proven_and_each_code_is_good_once() {
    let bench = Bench::new().await;
    add(&bench, "", "root", Role::Owner).await;
    add(&bench, "", "ines", Role::Operator).await;
    let ines = sign_in(&bench, "ines").await;
    let headers = [("authorization", ines.as_str())];
    let path = "/api/v1/whoami/second-factor";
    let begun = bench.remote("POST", path, &headers, "").await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    assert!(begun.json()["uri"].as_str().unwrap().starts_with("otpauth://totp/Viaduct:ines?"));
    let secret = Bytes::try_from_base32(begun.json()["secret"].as_str().unwrap()).unwrap();
    // The authenticator of this test looks one step ahead, so that it has two codes in a row.
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(secret).build().unwrap();
    let code = |ahead: i64| {
        let now = OffsetDateTime::now_utc().unix_timestamp() + 30 * ahead;
        totp.generate(u64::try_from(now).unwrap()).to_string()
    };
    assert_eq!(bearer(&bench, "ines", None).await.status, StatusCode::OK, "not proven yet");
    let wrong =
        bench.remote("POST", &format!("{path}/verify"), &headers, r#"{"code":"000000x"}"#).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let first = json!({ "code": code(0) }).to_string();
    let proven = bench.remote("POST", &format!("{path}/verify"), &headers, &first).await;
    assert_eq!(proven.status, StatusCode::OK, "{}", proven.text);
    let recovery: Vec<String> =
        serde_json::from_value(proven.json()["recoveryCodes"].clone()).unwrap();
    assert_eq!(recovery.len(), 8);

    let needed = bearer(&bench, "ines", None).await;
    assert_eq!(
        (needed.status, needed.json()["code"].clone()),
        (StatusCode::UNAUTHORIZED, "E3008".into())
    );
    let next = code(1);
    assert_eq!(bearer(&bench, "ines", Some(&next)).await.status, StatusCode::OK);
    assert_eq!(bearer(&bench, "ines", Some(&next)).await.status, StatusCode::UNAUTHORIZED, "used");
    let saved = &recovery[0];
    assert_eq!(bearer(&bench, "ines", Some(saved)).await.status, StatusCode::OK);
    assert_eq!(bearer(&bench, "ines", Some(saved)).await.status, StatusCode::UNAUTHORIZED, "used");
    let basic = {
        use base64::Engine;
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(format!("ines:{PASSWORD}")))
    };
    let reply = bench.remote("GET", "/api/v1/devices", &[("authorization", &basic)], "").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "the password alone is not enough anywhere");

    let again = bearer(&bench, "ines", Some(&recovery[1])).await;
    let token = format!("Bearer {}", again.json()["token"].as_str().unwrap());
    let headers = [("authorization", token.as_str())];
    let off = json!({ "code": recovery[2] }).to_string();
    let reply = bench.remote("DELETE", path, &headers, &off).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
    assert_eq!(bearer(&bench, "ines", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn saved_views_are_of_one_person_and_go_with_it() {
    let bench = Bench::new().await;
    let ines = add(&bench, "", "ines", Role::Viewer).await;
    let noor = add(&bench, "", "noor", Role::Owner).await;
    let ask = async |who: &str, method: &str, name: &str, body: &str| {
        let path = match name {
            "" => "/api/v1/me/views".to_owned(),
            name => format!("/api/v1/me/views/{name}"),
        };
        bench.remote(method, &path, &[("authorization", who)], body).await
    };
    let names = async |who: &str| {
        let list = ask(who, "GET", "", "").await.json();
        let all = list.as_array().unwrap().iter();
        all.map(|view| view["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let query = |text: &str| json!({ "query": text }).to_string();
    for (name, text) in [("b%2F%C3%BC", "q=1"), ("a", "q=2"), ("a", "q=3")] {
        let reply = ask(&ines, "PUT", name, &query(text)).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
    }
    assert_eq!(names(&ines).await, ["a", "b/ü"]);
    assert_eq!(ask(&ines, "GET", "", "").await.json()[0]["query"], "q=3", "the newer one");
    assert!(names(&noor).await.is_empty(), "nobody else sees them");
    for (name, text) in [("a%20", "q"), ("x%00", "q"), ("x", &*"q".repeat(2049))] {
        let reply = ask(&ines, "PUT", name, &query(text)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{name}: {}", reply.text);
    }
    for n in 2..50 {
        ask(&ines, "PUT", &format!("n{n}"), &query("q")).await;
    }
    assert_eq!(ask(&ines, "PUT", "more", &query("q")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(ask(&ines, "PUT", "a", &query("q=4")).await.status, StatusCode::NO_CONTENT);
    for _ in 0..2 {
        assert_eq!(ask(&ines, "DELETE", "a", "").await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(names(&ines).await.len(), 49);
    assert_eq!(bench.local("GET", "/api/v1/me/views", "").await.status, StatusCode::BAD_REQUEST);
    let path = "/api/v1/users/ines";
    bench.remote("DELETE", path, &[("authorization", &noor)], "").await;
    let again = add(&bench, "", "ines", Role::Viewer).await;
    assert!(names(&again).await.is_empty(), "another person of that name begins anew");
}
