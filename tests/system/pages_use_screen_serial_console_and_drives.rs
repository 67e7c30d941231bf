//! Open AMT's own toolkit opens KVM, SOL and IDE-R of a PC through the relay, all at once, and never sees a password.

use crate::harness::{Demo, Device, demo, pages, wsman};
use serde_json::{Value, json};

fn reset(demo: &Demo, device: &Device) {
    let url = format!("http://{}:16992/wsman", device.name);
    let answer = demo.curl("absolute URI", &url).digest(device).post(&wsman::power(10)).run();
    answer.assert_contains("ReturnValue>0<");
}

fn token(demo: &Demo, path: &str) -> String {
    let answer = rest(demo, "GET", path, None);
    answer["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn rest(demo: &Demo, method: &str, path: &str, body: Option<Value>) -> Value {
    let mut curl = crate::harness::Curl::new(&format!("{}{path}", demo.get("api")))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--request")
        .arg(method)
        .arg("--header")
        .arg(&format!("Authorization: Bearer {}", demo.get("token")))
        .arg("--header")
        .arg("Content-Type: application/json");
    if let Some(body) = body {
        curl = curl.arg("--data").arg(&body.to_string());
    }
    serde_json::from_str(&curl.run().body).unwrap_or(Value::Null)
}

fn ticket(demo: &Demo, device: &Device, mode: &str) -> Value {
    let wish = json!({ "device": device.name, "mode": mode });
    rest(demo, "POST", "/redirections/tickets", Some(wish))
}

#[test]
fn the_toolkit_uses_all_three_at_once_and_the_pc_boots_from_its_image() {
    let demo = Demo::start(2);
    for (device, bytes_per_pixel) in demo.devices.iter().zip([1, 2]) {
        let page = pages::toolkit(&demo, device, bytes_per_pixel, 70);
        let open: Value =
            serde_json::from_str(&page.line(|line| line.contains("\"open\""))).unwrap();
        let all = json!({
            "isKVMConnected": true, "isSOLConnected": true, "isIDERConnected": true,
        });
        assert_eq!(open["open"], all);
        reset(&demo, device);
        let read: Value =
            serde_json::from_str(&page.line(|line| line.contains("\"sha256\""))).unwrap();
        assert_eq!(read["blocks"], 70, "to the last block, each once");
        page.line(|line| line.contains("\"done\""));
        assert!(!page.all().contains(&device.password));
    }
}

#[test]
fn what_gives_no_right_opens_nothing() {
    let demo = demo();
    let (device, other) = (&demo.devices[2], &demo.devices[3]);
    let path = |device: &Device, mode: &str| {
        format!(
            "/relay/webrelay.ashx?p=2&host={}&port=16994&tls=0&tls1only=0&mode={mode}",
            device.guid
        )
    };
    let good = token(demo, &format!("/authorize/redirection/{}", device.guid));
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let forged = format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43));
    let sol = ticket(demo, device, "sol")["ticket"].as_str().unwrap().to_owned();
    let refused = [
        json!({ "name": "nothing", "path": path(device, "kvm") }),
        json!({ "name": "an API token", "path": path(device, "kvm"), "protocols": [demo.get("token")] }),
        json!({ "name": "a token of another device", "path": path(other, "kvm"), "protocols": [good] }),
        json!({ "name": "no signature", "path": path(device, "kvm"), "protocols": [unsigned] }),
        json!({ "name": "a forged signature", "path": path(device, "kvm"), "protocols": [forged] }),
        json!({ "name": "a ticket of another mode", "path": path(device, "kvm"), "protocols": [sol] }),
        json!({ "name": "the same ticket again, right", "path": path(device, "sol"), "protocols": [sol] }),
    ];
    for result in pages::attempts(demo, device, &refused) {
        assert_eq!(result["status"], 401, "{result}");
    }
    // Made now: it is good for half a minute.
    let sol_twice = ticket(demo, device, "sol")["ticket"].as_str().unwrap().to_owned();
    let once = [
        json!({ "name": "a ticket", "path": path(device, "sol"), "protocols": [sol_twice], "wait": "open" }),
        json!({ "name": "replayed", "path": path(device, "sol"), "protocols": [sol_twice] }),
    ];
    let results = pages::attempts(demo, device, &once);
    assert_eq!((&results[0]["open"], &results[0]["protocol"]), (&json!(true), &json!(sol_twice)));
    assert_eq!(results[1]["status"], 401, "{results:?}");
    let bad = [
        json!({ "name": "another port", "path": path(device, "kvm").replace("16994", "22"), "protocols": [good] }),
        json!({ "name": "an address", "path": path(device, "kvm").replace(&device.guid, "127.0.0.1"), "protocols": [good] }),
    ];
    for result in pages::attempts(demo, device, &bad) {
        assert_eq!(result["status"], 400, "{result}");
    }
}

#[test]
fn pages_of_other_origins_open_nothing_and_those_of_this_server_do() {
    let demo = demo();
    let device = &demo.devices[2];
    let path = format!("/mps/ws/relay/WebRelay.ashx?p=2&host={}&port=16994&mode=sol", device.guid);
    let good = token(demo, &format!("/authorize/redirection/{}", device.guid));
    let own = demo.get("api").trim_end_matches("/api/v1").to_owned();
    let strangers =
        ["https://evil.example", "null", "https://127.0.0.1", &format!("{own}.evil.example")];
    let attempts: Vec<_> = strangers
        .iter()
        .map(
            |origin| json!({ "name": origin, "path": path, "protocols": [good], "origin": origin }),
        )
        .collect();
    for result in pages::attempts(demo, device, &attempts) {
        assert_eq!(
            (&result["status"], &result["code"]),
            (&json!(403), &json!("E3004")),
            "{result}"
        );
    }
    let own =
        json!({ "name": "own", "path": path, "protocols": [good], "origin": own, "wait": "open" });
    assert_eq!(pages::attempts(demo, device, &[own])[0]["open"], true);
}

#[test]
fn the_end_of_a_redirection_has_a_code_and_a_reason() {
    let demo = &Demo::start(1);
    let device = &demo.devices[0];
    let path = |mode: &str| {
        format!("/relay/webrelay.ashx?p=2&host={}&port=16994&mode={mode}", device.guid)
    };
    let good = token(demo, &format!("/authorize/redirection/{}", device.guid));
    let start = "\x10\u{0}\u{0}\u{0}SOL ";
    let attempts = [
        json!({ "name": "text", "path": path("sol"), "protocols": [good], "first": start, "wait": "message" }),
        json!({ "name": "binary", "path": path("sol") + "&binary=1&takeover=1", "protocols": [good], "first": start, "wait": "message" }),
        json!({ "name": "another kind", "path": path("kvm"), "protocols": [good], "first": start }),
        json!({ "name": "rubbish", "path": path("kvm"), "protocols": [good], "first": "GET / HTTP/1.1" }),
    ];
    let results = pages::attempts(demo, device, &attempts);
    assert_eq!((&results[0]["kind"], &results[1]["kind"]), (&json!("text"), &json!("binary")));
    assert_eq!(results[0]["message"], results[1]["message"], "the same bytes");
    for result in &results[2..] {
        assert_eq!(result["close"], 4038, "{result}");
        assert!(result["reason"].as_str().unwrap().starts_with("E2038 "), "{result}");
    }
}
