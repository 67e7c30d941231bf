//! The requests that Open AMT's own library writes reach the PC through the raw route as they are, each with the right
//! that it needs, and `viaduct wsman raw` follows the pulls of an Enumerate.

use crate::harness::{Answer, Curl, Demo, clean, pages, viaduct};
use serde_json::Value;
use std::{
    io::Write,
    process::{Command, Stdio},
};

fn send(demo: &Demo, token: &str, guid: &str, envelope: &str) -> Answer {
    Curl::new(&format!("{}/wsman/{guid}", demo.get("api")))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--header")
        .arg(&format!("Authorization: Bearer {token}"))
        .post(envelope)
        .run()
}

fn read_token(demo: &Demo) -> String {
    let answer = Curl::new(&format!("{}/tokens", demo.get("api")))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--header")
        .arg(&format!("Authorization: Bearer {}", demo.get("token")))
        .arg("--header")
        .arg("Content-Type: application/json")
        .arg("--data")
        .arg(r#"{"name":"wsman-reader","scope":"read"}"#)
        .run();
    let made: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    made["token"].as_str().unwrap_or_else(|| panic!("{answer:#?}")).to_owned()
}

/// That an answer is about the class of the request.
#[track_caller]
fn is_answered(name: &str, envelope: &str, answer: &Answer) {
    let (_, uri) = envelope.split_once("ResourceURI>").expect("a request names its class");
    let uri = uri.split('<').next().unwrap_or_default();
    let class = uri.rsplit('/').next().filter(|class| class.contains('_')).expect(name);
    assert!(answer.body.contains("Envelope"), "{name}: {answer:#?}");
    let fault = answer.body.contains(":Fault>");
    // A class that this generation lacks, or one with several instances of which none was named.
    let expected = ["DestinationUnreachable", "InvalidSelectors"];
    let is_expected = expected.iter().any(|code| answer.body.contains(code));
    assert!(!fault || is_expected, "{name}: {answer:#?}");
    let about = answer.body.contains(class) || answer.body.contains("EnumerationContext") || fault;
    assert!(about, "{name}: {answer:#?}");
}

/// The context for what an enumeration has left.
fn context(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("EnumerationContext>")?;
    rest.split('<').next().filter(|context| !context.is_empty()).map(str::to_owned)
}

#[test]
fn every_request_is_answered_and_a_reader_may_not_write() {
    let demo = &Demo::start(1);
    let (device, reader) = (&demo.devices[0], read_token(demo));
    let all = pages::messages();
    let reads: Vec<_> = all.iter().filter(|(name, ..)| !name.starts_with("write")).collect();
    assert!(reads.len() > 60, "the library has that many classes: {}", reads.len());
    let mut known = 0;
    for (name, envelope, pull) in &reads {
        let answer = send(demo, &reader, &device.guid, envelope);
        is_answered(name, envelope, &answer);
        known += usize::from(answer.status == 200);
        let mut context = context(&answer.body);
        while let Some(known) = context {
            let answer = send(demo, &reader, &device.guid, &pull.replace("CONTEXT", &known));
            assert_eq!(answer.status, 200, "{name}: {answer:#?}");
            let ends = answer.body.contains("EndOfSequence");
            context = self::context(&answer.body);
            assert_ne!(ends, context.is_some(), "{name}: {answer:#?}");
        }
    }
    assert!(known * 10 > reads.len() * 7, "only {known} of {} are known", reads.len());
    let writes: Vec<_> = all.iter().filter(|(name, ..)| name.starts_with("write")).collect();
    assert_eq!(writes.len(), 3);
    for (name, envelope, _) in &writes {
        let refused = send(demo, &reader, &device.guid, envelope);
        assert_eq!(refused.status, 403, "{name}: {refused:#?}");
    }
    for (name, envelope, _) in &writes {
        let done = send(demo, demo.get("token"), &device.guid, envelope);
        assert!(done.status == 200 && done.body.contains("ReturnValue>0<"), "{name}: {done:#?}");
    }
    let state = Curl::new(&format!("{}/amt/power/state/{}", demo.get("api"), device.guid))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--header")
        .arg(&format!("Authorization: Bearer {}", demo.get("token")))
        .run();
    assert!(state.body.contains("\"powerstate\":8"), "it is off now: {state:#?}");
}

#[test]
fn the_command_line_sends_an_envelope_and_follows_its_pulls() {
    let demo = &Demo::start(1);
    let device = &demo.devices[0];
    let all = pages::messages();
    let envelope = |wanted: &str| &all.iter().find(|(name, ..)| name == wanted).expect(wanted).1;
    let run = |text: &str, more: &[&str]| {
        let mut command = Command::new(viaduct());
        command.args(["wsman", "raw", &device.name, "-"]).args(more);
        command.args(["--server", demo.get("api").trim_end_matches("/api/v1")]);
        clean(&mut command).env("VIADUCT_TOKEN", demo.get("token"));
        command.args(["--ca-file", demo.get("ca_file")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    };
    // Chips come one for each pull.
    let done = run(envelope("CIM.Chip.Enumerate"), &[]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{done:?}");
    assert!(text.contains("EndOfSequence") && text.contains("CIM_Chip>"), "{text}");
    let once = run(envelope("CIM.Chip.Enumerate"), &["--once"]);
    assert!(!String::from_utf8_lossy(&once.stdout).contains("EndOfSequence"));
    let nonsense = run("<nonsense/>", &[]);
    assert_eq!(nonsense.status.code(), Some(2), "{nonsense:?}");
    assert!(nonsense.stdout.is_empty());
}
