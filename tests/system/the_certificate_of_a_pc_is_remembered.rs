//! A PC that forwards 16993 alone: TLS inside the tunnel. Its certificate is remembered at the first visit, another one is
//! refused until an administrator says that it is fine.

use crate::harness::ForeignAmt;
use serde_json::{Value, json};

#[test]
fn another_certificate_is_refused_until_the_old_one_is_forgotten() {
    let pc = ForeignAmt::start_with("", &[16993], &json!({}));
    let (first, second) = (pc.identity("first.pem"), pc.identity("second.pem"));
    pc.behaves(&json!({ "identity": first }));
    for _ in 0..3 {
        pc.assert_works();
    }
    assert!(pc.told("opened").iter().all(|line| line == "opened 16993"));
    let known = pc.call("GET", "/devices/cert/G", &Value::Null);
    let pin: Value = serde_json::from_str(&known.body).unwrap();
    let pin = pin["sha256Fingerprint"].as_str().unwrap().to_owned();

    pc.behaves(&json!({ "identity": second }));
    let before = pc.told("request").len();
    for _ in 0..2 {
        let refused = pc.read();
        refused.assert_refused(502, "E2062");
        assert!(refused.body.contains(&pin), "{}", refused.body);
        // The way out is in the answer.
        assert!(refused.body.contains("devices/cert"), "{}", refused.body);
    }
    assert_eq!(pc.told("request").len(), before, "no request and no password went to it");
    assert_eq!(pc.told("challenged").len(), 1);
    assert_eq!(pc.power(2).status, 502);

    // The right one is still believed.
    pc.behaves(&json!({ "identity": first }));
    pc.assert_works();

    pc.behaves(&json!({ "identity": second }));
    assert_eq!(pc.call("DELETE", "/devices/cert/G", &Value::Null).status, 204);
    pc.assert_works();
    let known = pc.call("GET", "/devices/cert/G", &Value::Null);
    assert!(known.status == 200 && !known.body.contains(&pin), "{known:#?}");

    // The same from the command line.
    let certificate =
        |more: &[&str]| pc.server.cli(&[&["devices", "certificate", "pc-amt"][..], more].concat());
    assert!(!certificate(&[]).contains(&pin), "the second one is known");
    pc.behaves(&json!({ "identity": first }));
    pc.read().assert_refused(502, "E2062");
    certificate(&["--forget", "--yes"]);
    pc.assert_works();
    assert!(certificate(&[]).contains(&pin), "the first one again");
}
