//! CVE-2017-5689: AMT 6 to 11.6 took an empty or short digest for the right one. Through the HTTP proxy nobody gets one to a
//! PC, and the server's own calls carry whole ones whatever a caller sends.

use crate::harness::{Curl, ForeignAmt, wsman};
use serde_json::json;

const DIGEST: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn partial_answers_are_refused_and_whole_ones_are_the_pcs_to_judge() {
    let pc = ForeignAmt::start("", &json!({}));
    let proxy = pc.server.address("HTTP proxy");
    let sign_in = format!("token:{}", pc.server.token("console", "proxy"));
    let ask = |response: &str| {
        let answer = format!(
            "Authorization: Digest username=\"admin\", realm=\"Digest:0\", nonce=\"n\", uri=\"/wsman\", {response}"
        );
        Curl::new("http://pc-amt:16992/wsman")
            .proxy(&proxy, Some(&sign_in))
            .arg("--header")
            .arg(&answer)
            .post(wsman::IDENTIFY)
            .run()
    };
    for response in [
        "response=\"\"",
        "response=",
        "qop=auth",
        &format!("response=\"{}\"", &DIGEST[1..]),
        &format!("response=\"{DIGEST}0\""),
        &format!("response=\"\", response=\"{DIGEST}\""),
    ] {
        ask(response).assert_refused(400, "E1400");
    }
    assert_eq!(pc.told("line").len(), 0, "the PC has seen none of them");
    let whole = format!("qop=auth, nc=00000001, cnonce=\"c\", response=\"{DIGEST}\"");
    let judged = ask(&whole);
    assert_eq!(judged.status, 401, "{judged:#?}");
    assert_eq!(pc.told("line"), ["line POST /wsman HTTP/1.1"]);
}
