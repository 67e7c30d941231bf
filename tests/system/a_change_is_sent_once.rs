//! What changes a PC is sent once, whatever becomes of the answer; what AMT says to it is passed on.

use crate::harness::ForeignAmt;
use serde_json::{Value, json};

/// For the one that waits for it, and long enough for a machine that stands still for a moment.
const QUICK: &str = "[limits]\ncommand_deadline = \"8s\"\n";
const SWITCH: &str = "RequestPowerStateChange_INPUT";

#[test]
fn a_power_action_whose_answer_is_lost_is_sent_once_and_told_as_unknown() {
    for answer in ["silent", "close", "cut", "garbage"] {
        let pc = ForeignAmt::start(QUICK, &json!({ "answer": answer, "only": SWITCH }));
        pc.power(10).assert_refused(504, "E2045");
        pc.assert_works();
        pc.await_requests("GeneralSettings", 1);
        assert_eq!(pc.count(SWITCH), 1, "{answer}");
    }
}

#[test]
fn a_power_action_is_sent_once_when_its_nonce_was_stale() {
    let pc = ForeignAmt::start("", &json!({}));
    pc.assert_works();
    pc.behaves(&json!({ "nonce": "stale" }));
    let answer = pc.power(10);
    assert!(answer.status == 200 && answer.body.contains("\"ReturnValue\":0"), "{answer:#?}");
    assert_eq!(pc.count(SWITCH), 1);
}

#[test]
fn a_return_value_that_is_not_zero_is_reported() {
    let pc = ForeignAmt::start("", &json!({ "value": 2, "only": SWITCH }));
    let answer = pc.power(10);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["Body"]["ReturnValue"], 2, "{answer:#?}");
    assert_eq!(body["Body"]["ReturnValueStr"], "NOT_READY", "{answer:#?}");
    assert_eq!(pc.count(SWITCH), 1, "it is not tried again");
}

#[test]
fn a_read_over_a_connection_that_ended_is_asked_again() {
    // The second request of a call goes over the connection of the first; the device ends it without a word.
    let second = "CIM_AssociatedPowerManagementService";
    let pc = ForeignAmt::start("", &json!({ "answer": "close-kept", "only": second }));
    let answer = pc.call("GET", "/amt/power/state/G", &Value::Null);
    assert!(answer.status == 200 && answer.body.contains("\"powerstate\":2"), "{answer:#?}");
    pc.await_requests(second, 2);
    assert_eq!(pc.count(second), 2, "once over the kept connection, once over a fresh one");
}
