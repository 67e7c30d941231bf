//! Many callers of one PC: some are served, some wait, and who is too many is told when to come again. Sequences that
//! change what the PC boots do not mix.

use crate::harness::{Answer, Demo, ForeignAmt};
use serde_json::json;
use std::thread;

const TIGHT: &str =
    "[limits]\nwsman_channels = 1\ncommand_deadline = \"8s\"\nopen_deadline = \"8s\"\n";

#[test]
fn too_many_callers_are_told_when_to_come_again_and_nobody_hangs() {
    let pc = ForeignAmt::start(TIGHT, &json!({ "answer": "silent" }));
    let answers: Vec<Answer> = thread::scope(|scope| {
        let callers: Vec<_> = (0..80).map(|_| scope.spawn(|| pc.read())).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let (silent, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 504);
    // How many of each depends on how soon the last of them has come.
    assert!(!silent.is_empty() && !busy.is_empty(), "{} silent, {} busy", silent.len(), busy.len());
    for answer in busy {
        answer.assert_refused(503, "E2007");
        let wait = answer.header("retry-after").and_then(|value| value.parse::<u32>().ok());
        assert!(wait.is_some_and(|seconds| (1..=60).contains(&seconds)), "{answer:#?}");
    }
    pc.behaves(&json!({}));
    pc.assert_works();
}

#[test]
fn all_who_wait_their_turn_are_served() {
    // The last one waits for all others, however long a busy machine takes for them.
    let patient = "[limits]\nwsman_channels = 1\nopen_deadline = \"10m\"\n";
    let pc = ForeignAmt::start(patient, &json!({}));
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| pc.assert_works());
        }
    });
    assert_eq!(pc.count("AMT_GeneralSettings"), 40);
}

/// What a request is about, for the order of a sequence.
fn step(request: &str) -> &'static str {
    let steps = [
        "RequestPowerStateChange_INPUT",
        "ChangeBootOrder_INPUT",
        "SetBootConfigRole_INPUT",
        "transfer/Put",
        "transfer/Get",
    ];
    steps.into_iter().find(|step| request.contains(step)).unwrap_or("other")
}

#[test]
fn boot_sequences_of_several_callers_do_not_mix() {
    let pc = ForeignAmt::start("", &json!({}));
    let boot = |action: u32| {
        let wish = json!({ "action": action, "useSOL": false });
        let answer = pc.call("POST", "/amt/power/bootOptions/G", &wish);
        assert!(answer.status == 200 && answer.body.contains("\"ReturnValue\":0"), "{answer:#?}");
    };
    boot(101);
    let alone: Vec<_> = pc.told("request").iter().map(|request| step(request)).collect();
    assert_eq!(alone.last(), Some(&"RequestPowerStateChange_INPUT"));
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| boot(101));
        }
    });
    let all: Vec<_> = pc.told("request").iter().map(|request| step(request)).collect();
    assert_eq!(all.len(), 6 * alone.len(), "{all:?}");
    for sequence in all.chunks(alone.len()) {
        assert_eq!(sequence, alone, "one whole sequence after the other");
    }
}

/// Uses of one nonce overtake each other on their ways; that is no wrong password.
#[test]
fn callers_beside_each_other_are_never_told_that_the_password_is_refused() {
    let demo = Demo::start(1);
    let device = demo.devices[0].name.as_str();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..10 {
                    demo.viaduct(&["amt", "hardware", device, "-o", "json"]);
                    demo.viaduct(&["amt", "features", device, "-o", "json"]);
                }
            });
        }
    });
}
