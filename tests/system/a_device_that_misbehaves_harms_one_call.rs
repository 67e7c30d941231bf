//! A device that accepts a channel and then is silent, cuts its answer, talks too much or nonsense, refuses channels or
//! leaves: the call ends in time with a code that says so, and the next call works.

use crate::harness::ForeignAmt;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Shorter than usual, and long enough for a machine that stands still for a moment: what answers must do so in time.
const QUICK: &str = "[limits]\ncommand_deadline = \"8s\"\nopen_deadline = \"16s\"\n";
const DEADLINE: Duration = Duration::from_secs(8);

#[test]
fn silence_ends_at_the_deadline_and_the_next_call_works() {
    let pc = ForeignAmt::start(QUICK, &json!({}));
    pc.assert_works();
    pc.behaves(&json!({ "answer": "silent" }));
    for path in ["/amt/generalSettings/G", "/amt/power/state/G", "/amt/version/G"] {
        let before = Instant::now();
        pc.call("GET", path, &Value::Null).assert_refused(504, "E2008");
        assert!(before.elapsed() >= DEADLINE, "not before it: {:?}", before.elapsed());
    }
    pc.behaves(&json!({}));
    pc.assert_works();
}

#[test]
fn what_cannot_be_used_is_told_and_the_next_call_works() {
    let pc = ForeignAmt::start(QUICK, &json!({}));
    for (answer, word) in [
        ("close", "closed"),
        ("cut", "ended"),
        ("cut-chunked", "ended"),
        ("long", "bytes"),
        ("garbage", "read"),
    ] {
        pc.behaves(&json!({ "answer": answer, "only": "GeneralSettings" }));
        let refused = pc.read();
        refused.assert_refused(502, "E2014");
        assert!(refused.body.contains(word), "{answer}: {}", refused.body);
        pc.behaves(&json!({}));
        pc.assert_works();
    }
    // In chunks is fine when it is whole.
    pc.behaves(&json!({ "answer": "chunked" }));
    pc.assert_works();
}

#[test]
fn a_refused_channel_is_told_and_the_next_call_works() {
    // Firmware says 2 when it is busy as well, so that one is tried again for a moment.
    let pc = ForeignAmt::start("", &json!({ "refuse": 2 }));
    pc.read().assert_refused(502, "E2006");
    pc.behaves(&json!({ "refuse": 3 }));
    for _ in 0..8 {
        pc.read().assert_refused(502, "E2006");
    }
    pc.behaves(&json!({}));
    pc.assert_works();
}

#[test]
fn a_refused_channel_is_told_also_to_those_who_have_no_time_for_all_tries() {
    let pc = ForeignAmt::start(QUICK, &json!({ "refuse": 2 }));
    pc.read().assert_refused(502, "E2006");
    assert!(pc.told("refused").len() > 1, "it was tried again as long as there was time");
}

#[test]
fn a_tunnel_that_is_lost_during_a_call_ends_the_call_and_the_pc_may_come_back() {
    let mut pc = ForeignAmt::start(QUICK, &json!({ "answer": "leave" }));
    let ended = pc.read();
    // Waiting for an answer that cannot come would end with that of the deadline.
    ended.assert_refused(503, "E2002");
    assert!(ended.body.contains("goodbye"), "{}", ended.body);
    pc.read().assert_refused(404, "E2002");
    pc.behaves(&json!({}));
    pc.comes_back();
    pc.assert_works();
}
