//! Whatever keeps a page from a screen, a serial console or a drive, or takes it away: the socket ends with a close code
//! and a reason that the page can show. Programs get a status where the request itself is wrong.

use crate::harness::{Amtterm, Demo, Device, demo, eventually, pages};
use serde_json::{Value, json};
use std::thread;

const SOL: &str = "\x10\u{0}\u{0}\u{0}SOL ";
const KVM: &str = "\x10\u{1}\u{0}\u{0}KVMR";

fn own(demo: &Demo) -> String {
    demo.get("api").trim_end_matches("/api/v1").to_owned()
}

fn path(device: &Device, mode: &str) -> String {
    format!("/relay/webrelay.ashx?p=2&host={}&port=16994&tls=0&mode={mode}", device.guid)
}

fn ticket(demo: &Demo, device: &Device, mode: &str, take_over: bool) -> String {
    let wish = json!({ "device": device.guid, "mode": mode, "takeOver": take_over });
    let (status, answer) = demo.rest("POST", "/redirections/tickets", Some(&wish));
    assert_eq!(status, 201, "{answer}");
    answer["ticket"].as_str().unwrap().to_owned()
}

/// As a page of the server: what the socket ended with.
fn page(
    demo: &Demo,
    device: &Device,
    path: &str,
    protocols: &[&str],
    first: &str,
) -> (u64, String) {
    let attempt = json!({ "name": path, "path": path, "protocols": protocols, "first": first, "origin": own(demo) });
    let result = pages::attempts(demo, device, &[attempt]).remove(0);
    let close = result["close"].as_u64().unwrap_or_else(|| panic!("{result}"));
    let reason = result["reason"].as_str().unwrap().to_owned();
    assert!(reason.len() <= 123, "{reason}");
    (close, reason)
}

#[track_caller]
fn ends(ended: &(u64, String), code: u64, begin: &str) {
    assert!(ended.0 == code && ended.1.starts_with(begin), "{ended:?} is not {code} {begin}");
}

/// A socket that stays open until somebody ends it, and what is done meanwhile; what it ended with.
fn held(
    demo: &Demo,
    device: &Device,
    ticket: &str,
    meanwhile: impl FnOnce(&Value),
) -> (u64, String) {
    thread::scope(|scope| {
        let socket = scope.spawn(|| page(demo, device, &path(device, "sol"), &[ticket], SOL));
        let mut live = Value::Null;
        eventually("a live redirection", || {
            let (_, list) = demo.rest("GET", "/redirections", None);
            let mut all = list.as_array().unwrap().iter();
            let found = all.find(|one| one["guid"] == *device.guid);
            live = found.cloned().unwrap_or_default();
            if live.is_null() && !socket.is_finished() { Err(list.to_string()) } else { Ok(()) }
        });
        meanwhile(&live);
        socket.join().unwrap()
    })
}

#[test]
fn a_right_that_is_none_is_told_apart_to_pages_and_a_status_to_programs() {
    let demo = Demo::start(2);
    let (device, other) = (&demo.devices[0], &demo.devices[1]);
    let sol = path(device, "sol");
    let token = demo.get("token").to_owned();
    let (_, login) = demo.rest(
        "POST",
        "/authorize",
        Some(&json!({ "username": demo.get("user"), "password": demo.get("password") })),
    );
    let login = login["token"].as_str().unwrap().to_owned();
    let (_, redirection) =
        demo.rest("GET", &format!("/authorize/redirection/{}", other.guid), None);
    let redirection = redirection["token"].as_str().unwrap().to_owned();
    let used = ticket(&demo, device, "sol", false);
    let opened = json!({ "name": "once", "path": sol, "protocols": [used], "wait": "open" });
    assert_eq!(pages::attempts(&demo, device, &[opened])[0]["open"], true);
    // A ticket is good for half a minute, so each is made when its turn comes.
    let another_mode = || ticket(&demo, device, "kvm", false);
    let another_device = || ticket(&demo, other, "sol", false);
    let known = |text: &str| {
        let text = text.to_owned();
        move || text.clone()
    };
    let [unknown, token, login, redirection, used] =
        ["unknown", token.as_str(), &login, &redirection, &used].map(known);
    let port = sol.replace("16994", "22");
    let vnc = sol.replace("16994", "5900");
    let mode = sol.replace("sol", "root");
    let cases: [(_, &dyn Fn() -> String, _, _, _); 10] = [
        (&sol, &unknown, 4301, "E3001 the subprotocol is no ticket", 401),
        (&sol, &token, 4301, "E3001 a token for the API", 401),
        (&sol, &login, 4301, "E3001 a token for the API", 401),
        (&sol, &redirection, 4312, "E3012 this ticket is for another device", 401),
        (&sol, &used, 4311, "E3011 this ticket was used already", 401),
        (&sol, &another_mode, 4312, "E3012 this ticket is for another kind", 401),
        (&sol, &another_device, 4312, "E3012 this ticket is for another device", 401),
        (&port, &used, 4400, "E1400 port = `22`", 400),
        (&vnc, &used, 4400, "E1400 port = `5900`", 400),
        (&mode, &used, 4400, "E1400 mode = `root`", 400),
    ];
    for (path, right, code, begin, status) in cases {
        ends(&page(&demo, device, path, &[&right()], SOL), code, begin);
        let program = json!({ "name": "program", "path": path, "protocols": [right()] });
        let result = pages::attempts(&demo, device, &[program]).remove(0);
        assert_eq!(result["status"], status, "{begin}: {result}");
    }
    ends(&page(&demo, device, &sol, &[], SOL), 4301, "E3001 no ticket");
    // The ticket of one, shown by a browser that somebody else is signed in at.
    let boss = json!({ "name": "ines", "password": "Correct-Horse-1!", "role": "owner" });
    assert_eq!(demo.rest("POST", "/users", Some(&boss)).0, 201);
    let (_, theirs) = demo.rest(
        "POST",
        "/authorize",
        Some(&json!({ "username": "ines", "password": "Correct-Horse-1!" })),
    );
    let authorization = format!("Bearer {}", theirs["token"].as_str().unwrap());
    let foreign = json!({
        "name": "foreign", "path": sol, "protocols": [ticket(&demo, device, "sol", false)], "origin": own(&demo),
        "headers": { "authorization": authorization },
    });
    let result = pages::attempts(&demo, device, &[foreign]).remove(0);
    assert_eq!((&result["close"], &result["bytes"]), (&json!(4312), &json!(0)), "{result}");
}

#[test]
fn what_is_no_websocket_ends_with_the_close_code_of_its_standard() {
    let demo = demo();
    let device = &demo.devices[0];
    for (what, wire, close) in [
        ("not masked", "820810000000534f4c20".to_owned(), 1002),
        ("a reserved bit", "c28800000000".to_owned() + "10000000534f4c20", 1002),
        ("an unknown opcode", "838000000000".to_owned(), 1002),
        ("a large ping", "89fe007e00000000".to_owned() + &"61".repeat(126), 1002),
        ("text that is none", "818400000000".to_owned() + "1000fffe", 1007),
        ("a large message", "82ff000000000020000000000000".to_owned(), 1009),
    ] {
        let attempt = json!({
            "name": what, "path": path(device, "sol"), "wire": wire, "origin": own(demo),
            "protocols": [ticket(demo, device, "sol", false)],
        });
        let result = pages::attempts(demo, device, &[attempt]).remove(0);
        assert_eq!(result["close"], close, "{what}: {result}");
        let reason = result["reason"].as_str().unwrap();
        assert!(reason.starts_with("E2038 what came is no WebSocket: "), "{what}: {reason}");
    }
}

/// While a console that goes through a proxy, not through the relay, has the serial console.
fn busy(demo: &Demo, device: &Device) {
    let sign_in = (demo.get("user"), demo.get("password"));
    let amtterm = Amtterm::through(demo.get("socks5"), sign_in, &device.name, device);
    let begin =
        || page(demo, device, &path(device, "sol"), &[&ticket(demo, device, "sol", false)], SOL);
    thread::scope(|scope| {
        // It waits for a text that never comes, until its tunnel ends.
        let talk = [("serial console of a simulated PC", ""), ("never said", "")];
        let holds = scope.spawn(move || amtterm.talk(&talk));
        eventually("amtterm is connected", || {
            let (_, tunnels) = demo.rest("GET", "/tunnels", None);
            let mut all = tunnels.as_array().unwrap().iter();
            let channels =
                all.find(|one| one["guid"] == *device.guid).map(|one| one["channels"].clone());
            if channels == Some(json!(1)) { Ok(()) } else { Err(tunnels.to_string()) }
        });
        eventually("the PC says that it is busy", || match begin() {
            (4030, reason)
                if reason.starts_with("E2030 SOL is in use by a console that does not") =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        });
        end_tunnel(demo, device);
        assert!(holds.join().unwrap().is_err());
    });
    eventually("the PC is back", || {
        let (_, found) = demo.rest("GET", &format!("/devices/{}", device.guid), None);
        if found["connectionStatus"] == true { Ok(()) } else { Err(found.to_string()) }
    });
}

fn end_tunnel(demo: &Demo, device: &Device) {
    let (_, tunnels) = demo.rest("GET", "/tunnels", None);
    let mut all = tunnels.as_array().unwrap().iter();
    let id = all.find(|one| one["guid"] == *device.guid).unwrap()["id"].clone();
    assert_eq!(demo.rest("DELETE", &format!("/tunnels/{id}"), None).0, 204, "{tunnels}");
}

#[test]
fn what_the_pc_says_no_to_is_told_in_words() {
    let demo = Demo::start(2);
    let (device, other) = (&demo.devices[0], &demo.devices[1]);
    let features = format!("/amt/features/{}", device.guid);
    let begin = |mode: &str, first: &str| {
        page(&demo, device, &path(device, mode), &[&ticket(&demo, device, mode, false)], first)
    };
    busy(&demo, device);
    let change = |consent: &str, sol: bool| {
        let wish = json!({ "userConsent": consent, "enableSOL": sol, "enableIDER": true, "enableKVM": true });
        let (status, answer) = demo.rest("POST", &features, Some(&wish));
        assert_eq!(status, 200, "{answer}");
    };
    change("all", true);
    ends(&begin("kvm", KVM), 4032, "E2032 KVM needs the consent");
    change("none", false);
    ends(&begin("sol", SOL), 4031, "E2031 SOL is switched off");
    change("none", true);
    // The stored password is wrong, and then not tried again at once.
    let wrong = json!({ "amtUser": "admin", "amtPassword": "Wrong-1-Password" });
    assert_eq!(demo.rest("PATCH", &format!("/devices/{}", other.guid), Some(&wrong)).0, 200);
    for reason in ["E2010 the device refuses the stored", "E2010 the device refused the stored"] {
        let right = ticket(&demo, other, "sol", false);
        ends(&page(&demo, other, &path(other, "sol"), &[&right], SOL), 4010, reason);
    }
}

#[test]
fn what_takes_a_live_one_away_is_told_too() {
    let demo = Demo::start(1);
    let device = &demo.devices[0];
    let new = || ticket(&demo, device, "sol", false);
    let closed = held(&demo, device, &new(), |live| {
        let status = demo.rest("DELETE", &format!("/redirections/{}", live["id"]), None).0;
        assert_eq!(status, 204, "{live}");
    });
    ends(&closed, 4036, "E2036 ");
    let taken = held(&demo, device, &new(), |_| {
        let again = ticket(&demo, device, "sol", true);
        let attempt = json!({ "name": "again", "path": path(device, "sol"), "protocols": [again], "first": SOL, "wait": "message" });
        pages::attempts(&demo, device, &[attempt]);
    });
    ends(&taken, 4035, "E2035 ");
    let gone = held(&demo, device, &new(), |_| {
        end_tunnel(&demo, device);
    });
    ends(&gone, 4002, "E2002 ");
}

#[test]
fn the_bare_screen_is_signed_in_to_by_the_server() {
    let demo = Demo::start(1);
    let device = &demo.devices[0];
    let vnc = format!("/relay/webrelay.ashx?p=2&host={}&port=5900&mode=kvm", device.guid);
    let look = |path: &str, wait: Value| {
        let right = ticket(&demo, device, "kvm", false);
        let attempt = json!({
            "name": path, "path": path, "protocols": [right], "origin": own(&demo), "first": "RFB 003.008\n\u{1}\u{1}",
            "wait": wait,
        });
        pages::attempts(&demo, device, &[attempt]).remove(0)
    };
    let ended = |result: &Value| {
        (result["close"].as_u64().unwrap_or(0), result["reason"].as_str().unwrap_or("").to_owned())
    };
    ends(&ended(&look(&vnc, Value::Null)), 4011, "E2011 no RFB password");
    let keep = |password: &str| {
        demo.rest(
            "PATCH",
            &format!("/devices/{}", device.guid),
            Some(&json!({ "rfbPassword": password })),
        )
        .0
    };
    assert_eq!(keep("too long for AMT"), 400);
    assert_eq!(keep("P@ssw0r1"), 200);
    ends(&ended(&look(&vnc, Value::Null)), 4006, "E2006 ");
    let on = ["Is5900PortEnabled=true", "RFBPassword=P@ssw0r1"];
    let put = demo.viaduct(&[
        "wsman",
        "put",
        &device.name,
        "IPS_KVMRedirectionSettingData",
        on[0],
        on[1],
    ]);
    assert!(put.contains("\"Is5900PortEnabled\": true") && !put.contains("P@ssw0r1"), "{put}");
    // Version, one way without password, its result, and what the PC says of its screen.
    let seen = look(&vnc, json!({ "text": device.name }));
    let begin = seen["text"].as_str().unwrap_or_default();
    assert!(begin.starts_with("RFB 003.008\n\u{1}\u{1}\0\0\0\0"), "{seen}");
    assert_eq!(keep("P@ssw0r2"), 200);
    ends(&ended(&look(&vnc, Value::Null)), 4010, "E2010 port 5900 refuses the stored RFB password");
    // Nobody reads it back, and whoever wants the bytes as they are gets them.
    let (_, shown) = demo.rest("GET", &format!("/devices/{}", device.guid), None);
    assert!(!shown.to_string().contains("P@ssw0r"), "{shown}");
    let raw = look(&vnc.replace("p=2", "p=1"), json!({ "text": "\u{1}\u{2}" }));
    assert_eq!(raw["text"], "RFB 003.008\n\u{1}\u{2}", "{raw}");
}
