//! Who may do what, asked for and explained.

use super::*;
use crate::access::{Principal, Role};
use std::collections::BTreeMap;

#[tokio::test]
async fn what_is_said_of_a_role_is_what_the_authorisation_function_does() {
    let bench = Bench::new().await;
    for role in Role::ALL {
        let path = format!("/api/v1/permissions?role={}", role.name());
        let said = bench.local("GET", &path, "").await.json();
        let actions = said["actions"].as_array().unwrap();
        assert_eq!(actions.len(), Action::ALL.len());
        for (said, action) in actions.iter().zip(Action::ALL) {
            let may = bench.api.access.authorise(&Principal::new("x", *role), *action).is_ok();
            assert_eq!(said["allowed"], may, "{role:?} {action}");
            assert_eq!(said["why"].is_null(), may, "{said}");
            let among = said["roles"].as_array().unwrap().contains(&role.name().into());
            assert_eq!(among, may, "{said}");
        }
    }
    for bad in
        ["role=king", "scope=all", "user=nobody", "token=none", "role=owner&scope=read", "x=1"]
    {
        let reply = bench.local("GET", &format!("/api/v1/permissions?{bad}"), "").await;
        assert!(reply.status.is_client_error(), "{bad}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_refusal_names_the_right_and_the_permissions_say_why_of_user_and_device() {
    let bench = Bench::new().await;
    let guid = "4c4c4544-004b-4210-8033-b6c04f504633";
    bench.add(guid, "till-1").await;
    let password = || config::Secret::new("a long password".to_owned());
    let labels = BTreeMap::from([("site".to_owned(), "berlin".to_owned())]);
    let access = &bench.api.access;
    access.add_user_in("", "marek", password(), Role::Helpdesk, labels).await.unwrap();
    access.add_user("vera", password(), Scope::Read).await.unwrap();
    let basic = |user: &str| {
        use base64::Engine;
        let text = format!("{user}:a long password");
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(text))
    };
    let vera = basic("vera");
    let headers = [("authorization", vera.as_str())];

    let path = format!("/api/v1/amt/power/action/{guid}");
    let refused = bench.remote("POST", &path, &headers, r#"{"action":2}"#).await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (StatusCode::FORBIDDEN, "application/problem+json")
    );
    assert_eq!(refused.json()["right"], "power.on");
    assert!(refused.json()["detail"].as_str().unwrap().contains("power.on"), "{}", refused.text);

    let own = bench.remote("GET", "/api/v1/permissions", &headers, "").await.json();
    assert_eq!((&own["of"], &own["name"]), (&"caller".into(), &"vera".into()));
    let other = bench.remote("GET", "/api/v1/permissions?user=marek", &headers, "").await;
    assert_eq!(other.json()["right"], "users.read");
    let self_ = bench.remote("GET", "/api/v1/permissions?user=vera", &headers, "").await;
    assert_eq!(self_.status, StatusCode::OK);

    let marek = bench.local("GET", "/api/v1/permissions?user=marek&device=till-1", "").await.json();
    let action = |of: &Value, name: &str| {
        let all = of["actions"].as_array().unwrap();
        all.iter().find(|one| one["action"] == name).unwrap().clone()
    };
    assert_eq!(marek["seesDevice"], false);
    let reset = action(&marek, "power.reset");
    assert!(reset["why"].as_str().unwrap().contains("site=berlin"), "{reset}");
    assert_eq!(action(&marek, "events.read")["allowed"], true, "that is about no device");
    bench
        .local("PATCH", &format!("/api/v1/devices/{guid}"), r#"{"labels":{"site":"berlin"}}"#)
        .await;
    let marek = bench.local("GET", "/api/v1/permissions?user=marek&device=till-1", "").await.json();
    assert_eq!(action(&marek, "power.reset")["allowed"], true);
    bench.local("PATCH", "/api/v1/users/marek", r#"{"disabled":true}"#).await;
    let marek = bench.local("GET", "/api/v1/permissions?user=marek", "").await.json();
    assert!(action(&marek, "power.reset")["why"].as_str().unwrap().contains("disabled"), "{marek}");
}
