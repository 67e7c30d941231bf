//! Nobody interrupts more PCs in a minute than the server allows, by whatever way, and a request that comes twice under
//! one number is carried out once.

use crate::harness::{Curl, Directory, Platform, Process, Server, Settings};
use serde_json::{Value, json};

const GUID: &str = "44444444-2222-4333-8444-5555555555ab";

/// A server that lets everybody interrupt `most` PCs a minute, and a PC.
fn start(most: usize) -> (Server, Platform) {
    let toml = format!("[limits]\ninterruptions = {most}\n");
    let server = Server::start(&Settings { toml });
    server.add_device("pc-1", GUID, "pcone", "Known1Password");
    let root = server.root_certificate();
    let mps = server.device_listeners().remove(0);
    let files = Directory::new();
    let secret = files.write("amt", "Own-Amt-Passw0rd!");
    let secret = secret.to_str().unwrap();
    let more = ["--amt-password-file", secret];
    let pc = Platform::dial_with(&mps, &root, GUID, "pcone", "Known1Password", &more).connected();
    server.cli(&["devices", "password", "pc-1", "--amt-password-file", secret]);
    (server, pc)
}

struct Reply {
    status: u16,
    retry_after: Option<u64>,
    body: Value,
}

/// `POST /amt/power/action`.
fn order(server: &Server, token: &str, action: u32, number: Option<&str>) -> Reply {
    let url = format!("https://{}/api/v1/amt/power/action/pc-1", server.address("web and API"));
    let mut curl =
        Curl::new(&url).arg("--cacert").arg(&server.root_certificate().display().to_string());
    curl = curl.arg("--header").arg(&format!("Authorization: Bearer {token}"));
    curl = curl.arg("--header").arg("Content-Type: application/json");
    if let Some(number) = number {
        curl = curl.arg("--header").arg(&format!("Idempotency-Key: {number}"));
    }
    let answer = curl.post(&json!({ "action": action }).to_string()).run();
    let retry_after = answer.header("Retry-After").and_then(|value| value.parse().ok());
    let body = serde_json::from_str(&answer.body).unwrap_or_default();
    Reply { status: answer.status, retry_after, body }
}

/// Resets that were sent to the PC, as the audit log has them.
fn resets(server: &Server) -> usize {
    let records = server.cli(&["audit", "export"]);
    let records = records.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records.filter(|it| it["detail"] == "power reset" && it["intent"].is_null()).count()
}

#[test]
fn more_than_is_allowed_get_429_and_when_to_come_again_and_others_are_not_held_up() {
    let (server, _pc) = start(2);
    let [ines, noor] = ["ines", "noor"].map(|name| server.token(name, "operate"));
    for _ in 0..2 {
        assert_eq!(order(&server, &ines, 10, None).status, 200);
    }
    let refused = order(&server, &ines, 10, None);
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("E1430")), "{}", refused.body);
    assert!(refused.retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)));
    assert!(refused.body["detail"].as_str().unwrap().contains("nothing was sent"));
    assert_eq!(order(&server, &ines, 2, None).status, 200, "switching on interrupts nobody");
    assert_eq!(order(&server, &noor, 10, None).status, 200, "everybody has a limit of their own");
}

#[test]
fn a_request_that_comes_twice_under_one_number_is_carried_out_once() {
    let (server, _pc) = start(50);
    let token = server.token("ines", "operate");
    let before = resets(&server);
    let first = order(&server, &token, 10, Some("order-1"));
    let second = order(&server, &token, 10, Some("order-1"));
    assert_eq!((first.status, second.status, &first.body), (200, 200, &second.body));
    assert_eq!(resets(&server), before + 1, "{}", server.cli(&["audit", "export"]));
    let other = order(&server, &token, 8, Some("order-1"));
    assert_eq!((other.status, &other.body["code"]), (400, &json!("E1400")), "{}", other.body);
    assert_eq!(order(&server, &token, 10, Some("order-2")).status, 200);
    assert_eq!(resets(&server), before + 2);
}

#[test]
fn the_command_line_waits_for_its_turn_and_says_so() {
    let (server, _pc) = start(1);
    let reset = ["power", "reset", "pc-1"];
    assert!(server.try_cli(&reset).status.success());
    let second = Process::start(&server.cli_process(&reset));
    second.any_line(|line| line.contains("pc-1") && line.contains("waits for its turn"));
    assert!(!second.all().contains("accepted"), "{}", second.all());
    second.terminate();
}

#[test]
fn the_command_line_numbers_its_orders_and_says_why_they_are_given() {
    let (server, _pc) = start(50);
    let reset = ["power", "reset", "pc-1", "--request-id", "INC-5512", "--reason"];
    for reason in ["till frozen, Zürich", "again, because the line was lost"] {
        server.cli(&[&reset[..], &[reason]].concat());
    }
    let records = server.cli(&["audit", "export"]);
    let of_resets = records.lines().filter(|line| line.contains("power reset")).collect::<Vec<_>>();
    assert_eq!(of_resets.len(), 1, "carried out once: {records}");
    assert!(of_resets[0].contains("power reset; because: till frozen, Zürich"), "{of_resets:?}");
    let other = server.try_cli(&["power", "off", "pc-1", "--request-id", "INC-5512"]);
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    let long = "x".repeat(201);
    for (option, value) in [("--reason", ""), ("--reason", &*long), ("--request-id", "a b")] {
        let refused = server.try_cli(&["power", "reset", "pc-1", option, value]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{option} {value}: {said}");
        assert!(said.contains(option), "{said}");
    }
    assert!(!server.cli(&["audit", "export"]).contains("power off"));
}
