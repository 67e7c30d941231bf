//! What is said about devices that are away.

use super::*;
use crate::{inventory::TunnelEndRecord, tls::HelloFacts};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use time::{Duration, macros::datetime};
use viaduct_api::DeviceId;

const NOW: OffsetDateTime = datetime!(2026-11-23 14:00:00 UTC);
const HOME: &str = "198.51.100.9:41000";

fn id(text: &str) -> DeviceId {
    text.parse().unwrap()
}

fn device() -> Device {
    Device {
        tenant: String::new(),
        id: id("4c4c4544-004b-4210-8033-b6c04f504633"),
        name: "lab-nuc-2".into(),
        fqdn: None,
        labels: BTreeMap::new(),
        blocked: false,
        cira_user: Some("u".into()),
        certificate: None,
        amt_user: None,
        has_amt_password: false,
        added: NOW - Duration::days(30),
        last_connected: Some(NOW - Duration::days(3) - Duration::hours(2)),
        last_seen: Some(NOW - Duration::hours(2)),
        last_disconnected: Some(NOW - Duration::hours(2)),
        last_address: Some(HOME.parse::<SocketAddr>().unwrap()),
        last_end: Some(TunnelEndRecord {
            reason: "keep-alive expired".into(),
            detail: "silent for 90 s".into(),
            by_device: true,
        }),
        hello: None,
        ports: vec![16992],
        profile: Arc::default(),
    }
}

fn never_seen() -> Device {
    Device {
        last_connected: None,
        last_seen: None,
        last_disconnected: None,
        last_address: None,
        last_end: None,
        ..device()
    }
}

fn attempt(address: &str, stage: Stage, device: Option<DeviceId>, alert: Option<u8>) -> Attempt {
    Attempt {
        address: address.parse().unwrap(),
        stage,
        device,
        reason: "the reason".into(),
        tls_alert: alert,
        hello: Some(Arc::new(HelloFacts {
            version: "TLS 1.2".into(),
            suites: vec![0x009c],
            groups: Vec::new(),
            signature_algorithms: Vec::new(),
            server_name: None,
        })),
        first: NOW - Duration::hours(1),
        last: NOW - Duration::minutes(5),
        count: 17,
    }
}

fn case<'a>(device: &'a Device, attempts: &'a [Attempt]) -> Case<'a> {
    Case {
        device,
        expected: None,
        connected: None,
        attempts,
        listeners: vec!["[::]:4433".into()],
        others: 3,
        newest: Some(NOW - Duration::minutes(1)),
        conflict: None,
        now: NOW,
        started: NOW - Duration::days(10),
    }
}

fn explain(device: &Device, attempts: &[Attempt]) -> WhyOffline {
    case(device, attempts).explain()
}

fn all_text(why: &WhyOffline) -> String {
    serde_json::to_string(why).unwrap()
}

#[test]
fn a_silent_device_is_described_by_its_last_tunnel_and_no_claim_is_made() {
    let why = explain(&device(), &[]);
    assert_eq!(why.summary, "lab-nuc-2 has been away for 2 h");
    let text = all_text(&why);
    for part in [
        "3 other devices are connected",
        "lasted 3 d",
        "keep-alive expired",
        "no attempt from 198.51.100.9",
        "nothing was seen that says which",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert_eq!(why.code, None);
    assert!(!why.next.is_empty());
}

#[test]
fn a_device_that_was_told_not_to_call_is_no_riddle_until_it_calls_again() {
    let told = |at: &str| {
        let mut device = device();
        let why = serde_json::json!({ "toldNotToCall": { "at": at, "why": "no policy is left" } });
        device.profile = Arc::new(why.as_object().unwrap().clone());
        explain(&device, &[])
    };
    let why = told("2026-11-23T11:00:00Z");
    assert!(why.likely.contains("taken away here, 3 h ago: no policy is left"), "{}", why.likely);
    assert!(why.next.iter().any(|step| step.contains("viaduct enroll lan")), "{:?}", why.next);
    // It was connected after that.
    assert!(told("2026-11-19T11:00:00Z").likely.contains("no standby power"));
}

#[test]
fn firmware_that_gives_up_is_known_by_its_version() {
    let with = |version: &str| {
        let profile = serde_json::json!({ "deviceInfo": { "fwVersion": version } });
        Device { profile: Arc::new(profile.as_object().cloned().unwrap()), ..device() }
    };
    for (version, next) in
        [("11.8.94", "re-plug"), ("9.1.45", "re-plug"), ("16.1.25", "plug in power")]
    {
        let why = explain(&with(version), &[]);
        assert!(why.next[0].contains(next), "{version}: {:?}", why.next);
    }
}

#[test]
fn a_device_that_was_made_to_call_and_does_not_is_judged_by_its_firmware_and_its_address() {
    let with = |amt: u64, fixed: bool, at: &str| {
        let told = serde_json::json!({ "at": at, "amt": amt, "fixedAddress": fixed });
        let profile = serde_json::json!({ "toldToCall": told });
        Device { profile: Arc::new(profile.as_object().cloned().unwrap()), ..never_seen() }
    };
    let at = "2026-11-23T13:50:00Z";
    for (amt, fixed, likely, next) in [
        (11, false, "only after its network link was down", "re-plug"),
        (16, false, "none of its triggers has fired", "port 4433"),
        (11, true, "as this one is, knows only from DHCP", "from DHCP"),
        (16, true, "without it only some does", "from DHCP"),
    ] {
        let why = explain(&with(amt, fixed, at), &[]);
        assert!(why.likely.contains(likely), "AMT {amt}: {}", why.likely);
        assert!(why.likely.contains("10 min ago"), "{}", why.likely);
        assert!(why.next[0].contains(next), "AMT {amt}: {:?}", why.next);
    }
    let seen = explain(&with(11, true, at), &[attempt("198.51.100.9", Stage::Tls, None, Some(48))]);
    assert_eq!(seen.code.as_deref(), Some("E2060"), "what was seen goes first");
    let came = Device { last_connected: Some(NOW), ..with(11, true, at) };
    assert!(!explain(&came, &[]).likely.contains("from DHCP"), "it has come since");
}

#[test]
fn a_device_that_does_not_trust_our_root_is_named_by_its_tls_alert() {
    for (alert, words) in [(48, "unknown CA"), (46, "certificate unknown"), (42, "bad certificate")]
    {
        let why = explain(&device(), &[attempt("198.51.100.9", Stage::Tls, None, Some(alert))]);
        assert_eq!(why.code.as_deref(), Some("E2060"));
        let text = all_text(&why);
        assert!(text.contains(words) && text.contains("17 times"), "{text}");
        assert!(why.likely.contains("probably this PC"), "{}", why.likely);
        assert!(why.next.iter().any(|step| step.contains("cert export")), "{:?}", why.next);
    }
}

#[test]
fn a_device_without_common_tls_is_told_from_one_that_distrusts() {
    for alert in [40, 70] {
        let why = explain(&device(), &[attempt("198.51.100.9", Stage::Tls, None, Some(alert))]);
        assert_eq!(why.code.as_deref(), Some("E2061"));
        assert!(all_text(&why).contains("009c"), "what it offered is said");
    }
}

#[test]
fn a_code_has_its_own_place_and_is_in_no_sentence_besides() {
    let mut old = attempt("198.51.100.9", Stage::Tls, None, None);
    old.reason =
        "unsupported protocol (it offered TLS 1.0); update its firmware (E2061)".to_owned();
    let mut wrong = attempt("198.51.100.9", Stage::Login, Some(device().id), None);
    wrong.reason = "it gave a wrong CIRA user or password (E2019)".to_owned();
    for (attempt, code) in [(old, "E2061"), (wrong, "E2019")] {
        let why = explain(&device(), &[attempt]);
        assert_eq!(why.code.as_deref(), Some(code));
        let mut sentences = why.checks.iter().map(|check| &check.text).chain([&why.likely]);
        assert!(sentences.all(|sentence| !sentence.contains(code)), "{why:?}");
    }
}

#[test]
fn a_failure_from_elsewhere_is_never_laid_to_a_device_that_was_here_before() {
    let why = explain(&device(), &[attempt("203.0.113.7", Stage::Tls, None, Some(48))]);
    assert_eq!(why.code, None);
    let elsewhere = why.checks.iter().find(|check| check.about == "elsewhere").unwrap();
    assert!(elsewhere.text.contains("did not say which device"), "{}", elsewhere.text);
}

#[test]
fn a_device_that_never_came_may_be_the_stranger_and_the_words_say_so() {
    let why = explain(&never_seen(), &[attempt("203.0.113.7", Stage::Tls, None, Some(48))]);
    assert_eq!(why.code.as_deref(), Some("E2060"));
    assert!(why.likely.contains("nothing proves it"), "{}", why.likely);
    let why = explain(&never_seen(), &[]);
    assert!(why.summary.contains("never been connected"), "{}", why.summary);
    assert!(why.likely.contains("never told to dial in"), "{}", why.likely);
}

#[test]
fn a_wrong_credential_wins_over_what_other_addresses_do() {
    let device = device();
    let attempts = [
        attempt("198.51.100.9", Stage::Tls, None, Some(48)),
        attempt("203.0.113.7", Stage::Login, Some(device.id), None),
    ];
    let why = explain(&device, &attempts);
    assert_eq!(why.code.as_deref(), Some("E2019"));
}

#[test]
fn attempts_of_other_devices_and_from_before_do_not_count() {
    let device = device();
    let mut old = attempt("198.51.100.9", Stage::Tls, None, Some(48));
    old.last = NOW - Duration::hours(3);
    let other = id("00000000-0000-0000-0000-000000000001");
    let attempts = [old, attempt("198.51.100.9", Stage::Login, Some(other), None)];
    let why = explain(&device, &attempts);
    assert_eq!(why.code, None, "{why:?}");
}

#[test]
fn a_blocked_device_is_said_to_be_blocked() {
    let why = explain(&Device { blocked: true, ..device() }, &[]);
    assert_eq!(why.code.as_deref(), Some("E2012"));
    assert!(why.next[0].contains("approve lab-nuc-2"));
}

#[test]
fn silence_before_the_server_was_started_is_not_claimed() {
    let device = device();
    let started = NOW - Duration::minutes(10);
    let case = Case { others: 0, newest: None, started, ..case(&device, &[]) };
    let text = all_text(&case.explain());
    assert!(text.contains("since this server was started 10 min ago"), "{text}");
    assert!(text.contains("not proven that the port can be reached"), "{text}");
}

#[test]
fn a_connected_device_is_not_away() {
    let device = device();
    let connected = Some(NOW - Duration::minutes(12));
    let case = Case { connected, ..case(&device, &[]) };
    let why = case.explain();
    assert!(why.connected && why.likely.is_empty());
    assert!(why.summary.contains("connected for 12 min"), "{}", why.summary);
}

/// The names of sentences and causes that the sources hand out, as the dashboard's German words must have them.
#[test]
fn what_is_said_by_name_has_german_words() {
    let words = include_str!("../../../../web/src/i18n/de/said.ts");
    let sources = [
        include_str!("mod.rs"),
        include_str!("cause.rs"),
        include_str!("../api/stats.rs"),
        include_str!("../api/refusal_said.rs"),
        include_str!("../remote_access/change.rs"),
    ]
    .concat();
    let quoted = |text: &str| text.split('"').next().unwrap_or_default().to_owned();
    let literal = sources.split("Said::new(\"").skip(1).map(quoted);
    let stages =
        sources.split("\"attempt.").skip(1).map(|rest| format!("attempt.{}", quoted(rest)));
    let causes =
        sources.split("said(\"cause.").skip(1).map(|rest| format!("cause.{}", quoted(rest)));
    let names: Vec<String> = literal.chain(stages).chain(causes).collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        let known = [format!("\n  {name}: "), format!("'{name}': ")];
        assert!(known.iter().any(|line| words.contains(line)), "{name} has no German words");
    }
}

/// Sentences without a name are found by their form, so their left side in the dashboard must be what the sources say.
#[test]
fn what_is_said_as_a_text_has_german_words() {
    let words = include_str!("../../../../web/src/i18n/de/phrases.ts");
    let sources = [
        include_str!("../tunnel/end.rs"),
        include_str!("../tunnel/driver.rs"),
        include_str!("../server.rs"),
        include_str!("../admission.rs"),
        include_str!("../api/change.rs"),
        include_str!("../api/tunnels.rs"),
        include_str!("../api/claim.rs"),
        include_str!("../api/media.rs"),
        include_str!("../media/mod.rs"),
        include_str!("../enroll/address.rs"),
        include_str!("../enroll/follow.rs"),
        include_str!("../enroll/run.rs"),
        include_str!("../enroll/put_back.rs"),
        include_str!("../remote_access/change.rs"),
        include_str!("../redirect/mod.rs"),
        include_str!("../redirect/end.rs"),
        include_str!("../redirect/mount.rs"),
        include_str!("../redirect/session.rs"),
        include_str!("../redirect/begin.rs"),
        include_str!("../redirect/live.rs"),
        include_str!("../redirect/bare.rs"),
        include_str!("../redirect/login.rs"),
        include_str!("../../../amt/src/remote_access/plan.rs"),
        include_str!("../../../amt/src/remote_access/removal.rs"),
        include_str!("../../../amt/src/remote_access/rotation.rs"),
    ];
    let literals: Vec<String> =
        sources.iter().flat_map(|source| source.split('"')).map(nameless).collect();
    let forms = words.lines().filter_map(|line| line.strip_prefix("  '")?.split_once("':"));
    let forms: Vec<String> =
        forms.map(|(theirs, _)| nameless(&theirs.replace("\\'", "'"))).collect();
    assert!(forms.len() > 50, "{forms:?}");
    for form in &forms {
        assert!(literals.contains(form), "nobody says `{form}`");
    }
    for source in &sources[sources.len() - 3..] {
        for told in ["notes.push(", "cuts = Some("] {
            for text in source.split(told).skip(1).filter_map(|rest| rest.split('"').nth(1)) {
                assert!(forms.contains(&nameless(text)), "`{text}` has no German words");
            }
        }
    }
}

/// A text in which each value is a mere place.
fn nameless(text: &str) -> String {
    let mut pieces = text.split('{');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |before, piece| {
        format!("{before}{{}}{}", piece.split_once('}').map_or("", |(_, after)| after))
    })
}

#[test]
fn two_machines_of_one_identity_are_named_by_both_addresses_whether_one_is_here_or_not() {
    let device = device();
    let two = ["198.51.100.9:41000".parse().unwrap(), "203.0.113.7:5000".parse().unwrap()];
    for connected in [None, Some(NOW - Duration::minutes(1))] {
        let why = Case { conflict: Some(two), connected, ..case(&device, &[]) }.explain();
        let named = |check: &Check| two.iter().all(|at| check.text.contains(&at.to_string()));
        assert!(why.checks.iter().any(named), "{why:?}");
    }
}

#[test]
fn of_a_device_that_never_came_a_failure_elsewhere_is_not_the_only_thing_to_look_at() {
    let mut device = device();
    (device.last_connected, device.last_seen, device.last_disconnected) = (None, None, None);
    (device.last_address, device.last_end) = (None, None);
    let elsewhere = [attempt("203.0.113.7", Stage::Tls, None, Some(48))];
    let why = explain(&device, &elsewhere);
    assert!(why.likely.contains("nothing proves it"), "{why:?}");
    assert!(why.next.iter().any(|step| step.contains("environment detection")), "{why:?}");
}

#[test]
fn of_a_device_that_was_here_when_the_server_stopped_the_outage_is_the_likely_cause() {
    let mut device = device();
    (device.last_disconnected, device.last_end) = (None, None);
    let case = Case { started: NOW - Duration::minutes(10), ..case(&device, &[]) };
    let why = case.explain();
    assert!(why.likely.contains("when this server stopped"), "{why:?}");
    assert!(why.next.iter().any(|step| step.contains("--not-back")), "{why:?}");
}
