//! T-27: whatever page a browser is on, it changes nothing here and opens no stream with the cookie of somebody who is
//! signed in; this server's own pages always can. And nobody switches that off with a wildcard.

use crate::harness::{Curl, Demo, Device, Directory, clean, output, pages, viaduct};
use serde_json::{Value, json};
use std::process::Command;

/// A browser's request: its cookie, and the page that it is on.
struct Browser<'a> {
    demo: &'a Demo,
    cookie: String,
}

impl Browser<'_> {
    /// Status and code of the answer.
    fn send(
        &self,
        origin: &str,
        method: &str,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> (u16, String) {
        let mut curl = Curl::new(&format!("{}{path}", self.demo.get("api")))
            .arg("--cacert")
            .arg(self.demo.get("ca_file"))
            .arg("--request")
            .arg(method)
            .arg("--cookie")
            .arg(&self.cookie)
            .arg("--header")
            .arg(&format!("Origin: {origin}"));
        if path.starts_with("/events") {
            // What has begun has no end of its own.
            curl = curl.arg("--max-time").arg("2");
        }
        if let Some((kind, body)) = body {
            let kind = format!("Content-Type: {kind}");
            curl = curl.arg("--header").arg(&kind).arg("--data").arg(&body.to_string());
        }
        let answer = curl.run();
        assert!(answer.header("access-control-allow-credentials").is_none(), "{answer:?}");
        let code = answer.header("x-viaduct-code").unwrap_or_default().to_owned();
        (answer.status, code)
    }
}

/// Everything that the requests below would change.
fn state(demo: &Demo) -> Value {
    let (_, mut devices) = demo.rest("GET", "/devices", None);
    let seen = ["address", "lastSeen", "tunnel", "lastConnected", "deviceInfo"];
    for device in devices.as_array_mut().unwrap() {
        device.as_object_mut().unwrap().retain(|key, _| !seen.contains(&key.as_str()));
    }
    let lists = ["/users", "/redirections", "/tunnels"].map(|path| {
        let (_, list) = demo.rest("GET", path, None);
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["id"], one["name"], one["role"]]))
            .collect::<Vec<_>>()
    });
    let (_, tokens) = demo.rest("GET", "/tokens", None);
    let tokens: Vec<_> =
        tokens.as_array().unwrap().iter().map(|token| token["name"].clone()).collect();
    json!([devices, lists, tokens])
}

/// Requests that change something, begin a stream, or give a right.
fn wishes(device: &Device) -> Vec<(&'static str, String, Option<Value>)> {
    let guid = &device.guid;
    vec![
        (
            "POST",
            "/devices".into(),
            Some(json!({ "guid": "11111111-2222-4333-8444-555555555555", "name": "evil" })),
        ),
        ("PATCH", format!("/devices/{guid}"), Some(json!({ "name": "evil" }))),
        ("DELETE", format!("/devices/{guid}"), None),
        ("POST", format!("/amt/power/action/{guid}"), Some(json!({ "action": 8 }))),
        ("POST", "/tokens".into(), Some(json!({ "name": "evil", "scope": "admin" }))),
        (
            "POST",
            "/users".into(),
            Some(json!({ "name": "evil", "password": "Correct-Horse-1!", "role": "owner" })),
        ),
        ("POST", "/redirections/tickets".into(), Some(json!({ "device": guid, "mode": "kvm" }))),
        ("DELETE", "/tunnels/1".into(), None),
        ("DELETE", "/session".into(), None),
        ("GET", "/events".into(), None),
    ]
}

/// Pages that are not ours, some of them nearly.
fn foreign_origins(host: &str) -> [String; 10] {
    let (name, port) = host.rsplit_once(':').unwrap();
    [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("https://sub.{host}"),
        format!("http://{host}"),
        format!("https://{name}"),
        format!("https://{name}:1{port}"),
        format!("https://{host}.evil.example"),
        format!("https://{host}@evil.example"),
        "https://*".to_owned(),
        "*".to_owned(),
    ]
}

#[test]
fn no_other_page_changes_anything_or_opens_a_stream_and_our_own_does() {
    let demo = Demo::start(1);
    let device = &demo.devices[0];
    let own = demo.get("api").trim_end_matches("/api/v1").to_owned();
    let host = own.trim_start_matches("https://").to_owned();
    let signed_in = Curl::new(&format!("{}/session", demo.get("api")))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--json")
        .arg(&json!({ "username": demo.get("user"), "password": demo.get("password") }).to_string())
        .run();
    let cookie = signed_in.header("set-cookie").unwrap_or_else(|| panic!("{signed_in:?}"));
    assert!(
        cookie.contains("SameSite=Strict")
            && cookie.contains("HttpOnly")
            && cookie.contains("Secure")
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let browser = Browser { demo: &demo, cookie: cookie.clone() };
    let (_, token) = demo.rest("GET", &format!("/authorize/redirection/{}", device.guid), None);
    let relay = format!("/relay/webrelay.ashx?p=2&host={}&port=16994&mode=sol", device.guid);
    let origins = foreign_origins(&host);
    let before = state(&demo);
    let (mut refused, mut upgrades) = (0, 0);
    for origin in &origins {
        for (method, path, body) in wishes(device) {
            // A form can send text without asking beforehand.
            for kind in ["application/json", "text/plain"] {
                let answer =
                    browser.send(origin, method, &path, body.as_ref().map(|body| (kind, body)));
                assert_eq!(answer, (403, "E3010".into()), "{method} {path} for {origin} as {kind}");
                refused += 1;
            }
        }
    }
    let sockets: Vec<_> = origins
        .iter()
        .map(|origin| json!({
            "name": origin, "path": relay, "protocols": [token["token"]], "origin": origin, "wait": "open",
            "headers": { "cookie": cookie },
        }))
        .collect();
    for result in pages::attempts(&demo, device, &sockets) {
        upgrades += u32::from(result["status"].is_null());
        assert_eq!(result["status"], 403, "{result}");
    }
    assert_eq!(state(&demo), before);
    println!(
        "{refused} requests and {} sockets of {} origins: {upgrades} upgrades, 0 changes",
        sockets.len(),
        origins.len()
    );

    // The same cookie, on a page of ours.
    let ticket = json!({ "device": device.guid, "mode": "sol" });
    let json = "application/json";
    assert_eq!(browser.send(&own, "POST", "/redirections/tickets", Some((json, &ticket))).0, 201);
    let label = json!({ "labels": { "seen": "yes" } });
    assert_eq!(
        browser.send(&own, "PATCH", &format!("/devices/{}", device.guid), Some((json, &label))).0,
        200
    );
    assert_eq!(browser.send(&own, "GET", "/events", None).0, 200);
    let socket = json!({
        "name": "own", "path": relay, "protocols": [token["token"]], "origin": own, "wait": "open",
        "headers": { "cookie": cookie },
    });
    assert_eq!(pages::attempts(&demo, device, &[socket])[0]["open"], true);
    assert_eq!(browser.send(&own, "DELETE", "/session", None).0, 204);
}

#[test]
fn a_wildcard_is_refused_when_the_server_starts() {
    for origins in
        ["[\"*\"]", "[\"https://*.example.com\"]", "[\"null\"]", "[\"https://x.example/path\"]"]
    {
        let place = Directory::new();
        let mut command = Command::new(viaduct());
        let data = place.join("data");
        command
            .args(["serve", "--data"])
            .arg(&data)
            .arg("--set")
            .arg(format!("web.origins={origins}"));
        let done = output(clean(&mut command));
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{origins}: {said}");
        assert!(said.contains("web.origins") && said.contains("without wildcard"), "{said}");
    }
}
