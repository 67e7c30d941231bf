//! The power state in Open AMT's shape costs a PC as few requests as its firmware allows: what a class is that it has not is
//! asked once in a tunnel, and what is one instance is not listed.

use crate::harness::ForeignAmt;
use serde_json::{Value, json};

const SAVING: &str = "IPS_PowerManagementService";
const POWER: &str = "CIM_AssociatedPowerManagementService";
/// Asked for behind each call: when the PC has told of this, it has told of all that came before.
const MARK: &str = "AMT_GeneralSettings";

/// How many requests each of three calls costs, whose answers are all this.
fn costs(absent: &[&str], saving: u32) -> [usize; 3] {
    let mut pc = ForeignAmt::start("", &json!({ "absent": absent }));
    let state = json!({ "powerstate": 2, "OSPowerSavingState": saving });
    let ask = |pc: &ForeignAmt| {
        let others = || pc.told("request").iter().filter(|line| !line.contains(MARK)).count();
        let (before, marks) = (others(), pc.count(MARK));
        let answer = pc.call("GET", "/amt/power/state/G", &Value::Null);
        let body: Value = serde_json::from_str(&answer.body).expect(&answer.body);
        assert_eq!((answer.status, &body), (200, &state), "{absent:?}");
        assert_eq!(pc.read().status, 200);
        pc.await_requests(MARK, marks + 1);
        others() - before
    };
    let costs = [ask(&pc), ask(&pc), ask(&pc)];
    // With other firmware it may have what it had not.
    pc.behaves(&json!({ "answer": "leave" }));
    pc.read().assert_refused(503, "E2002");
    pc.behaves(&json!({ "absent": absent }));
    pc.comes_back();
    assert_eq!(ask(&pc), costs[0], "{absent:?}");
    costs
}

#[test]
fn two_with_modern_standby_and_one_without() {
    assert_eq!(costs(&[], 2), [2, 2, 2]);
    assert_eq!(costs(&[SAVING], 0), [2, 1, 1]);
}

#[test]
fn firmware_that_only_lists_it_is_asked_as_open_amts_mps_asks() {
    assert_eq!(costs(&[POWER], 2), [4, 3, 3]);
    assert_eq!(costs(&[SAVING, POWER], 0), [4, 2, 2]);
}
