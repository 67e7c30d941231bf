//! Digest with firmware of all manners: a challenge is asked for once and serves until the device wants another; a stale
//! nonce costs one more try and nobody notices.

use crate::harness::ForeignAmt;
use serde_json::json;
use std::thread;

#[test]
fn many_calls_cost_one_challenge() {
    let pc = ForeignAmt::start("", &json!({}));
    for _ in 0..20 {
        pc.assert_works();
    }
    assert_eq!(pc.told("challenged").len(), 1);
    assert_eq!(pc.count("AMT_GeneralSettings"), 20);
    // Beside each other as well.
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| pc.assert_works());
        }
    });
    assert_eq!(pc.count("AMT_GeneralSettings"), 26);
}

#[test]
fn a_stale_nonce_costs_one_more_try() {
    let pc = ForeignAmt::start("", &json!({}));
    pc.assert_works();
    pc.behaves(&json!({ "nonce": "stale" }));
    pc.assert_works();
    assert_eq!((pc.told("challenged").len(), pc.count("AMT_GeneralSettings")), (2, 2));
}

#[test]
fn a_device_that_accepts_each_nonce_once_is_served() {
    let pc = ForeignAmt::start("", &json!({ "nonce": "once" }));
    for _ in 0..5 {
        pc.assert_works();
    }
    assert_eq!((pc.told("challenged").len(), pc.count("AMT_GeneralSettings")), (5, 5));
}

#[test]
fn a_device_that_never_changes_its_nonce_is_served_by_callers_beside_each_other() {
    let pc = ForeignAmt::start("", &json!({ "nonce": "same" }));
    for _ in 0..4 {
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| pc.assert_works());
            }
        });
    }
    assert_eq!(pc.count("AMT_GeneralSettings"), 24);
}

#[test]
fn every_quality_of_protection_that_a_device_offers_is_served() {
    for qop in [
        json!("auth"),
        json!("auth-int"),
        json!("auth,auth-int"),
        json!("auth-int, auth"),
        json!(null),
    ] {
        let pc = ForeignAmt::start("", &json!({ "qop": qop }));
        for _ in 0..3 {
            pc.assert_works();
        }
        let answer = pc.power(2);
        assert!(
            answer.status == 200 && answer.body.contains("\"ReturnValue\":0"),
            "{qop}: {answer:#?}"
        );
    }
}

#[test]
fn an_unknown_quality_beside_a_known_one_is_passed_over_and_alone_is_told() {
    let pc = ForeignAmt::start("", &json!({ "qop": "token,auth" }));
    pc.assert_works();
    let pc = ForeignAmt::start("", &json!({ "qop": "token" }));
    pc.read().assert_refused(502, "E2014");
}
