//! A file for whoever helps.

use super::*;

#[tokio::test]
async fn a_support_bundle_names_nobody_and_keeps_what_helps() {
    let bench = Bench::new().await;
    let guid = "4c4c4544-004b-4210-8033-b6c04f504633";
    let device = format!(
        r#"{{"guid":"{guid}","name":"till-118","mpsusername":"till118","mpspassword":"S3cret-pass"}}"#
    );
    let made = bench.local("POST", "/api/v1/devices", &device).await;
    assert!(made.status.is_success(), "{:?}", made.status);
    let reply = bench.local("GET", "/api/v1/support-bundle", "").await;
    assert_eq!(reply.status, StatusCode::OK);
    let bundle = reply.json();
    assert_eq!(bundle["devices"][0]["name"], "pc-1");
    assert_eq!(bundle["counts"]["devices"], 1);
    assert!(bundle["health"].as_array().is_some_and(|checks| checks.len() > 4), "{bundle}");
    assert!(bundle["config"].as_str().is_some_and(|text| text.contains("[cira]")), "{bundle}");
    let text = bundle.to_string();
    for secret in [guid, "till-118", "till118", "S3cret-pass"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
