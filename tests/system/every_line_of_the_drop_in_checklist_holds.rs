//! What whoever puts this server in the place of Open AMT's MPS ticks off, line by line, where no other file does it:
//! paths, tokens that a gateway and this server both believe, tenants, arrays that stay arrays, and health.

use crate::harness::{Curl, Demo, Platform, Process, Server, Settings, clean, demo, eventually};
use serde_json::{Value, json};
use std::process::Command;

const GUID: &str = "5a1d0c6e-3f52-4b7a-9d10-0f6e2c1b7a12";
const CIRA: &str = "Mps-Passw0rd";
const SECRET: &str = "a secret that Kong and the MPS share";
const ISSUER: &str = "9EmRJTbIiIb4bIeSsmgcWIjrR6HyETqc";

/// A call, and its answer as JSON.
fn ask(url: &str, method: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
    let mut curl = Curl::new(url).arg("--insecure").arg("--request").arg(method);
    if !body.is_null() {
        curl = curl.arg("--json").arg(&body.to_string());
    }
    if let Some(token) = token {
        curl = curl.arg("--header").arg(&format!("Authorization: Bearer {token}"));
    }
    let answer = curl.run();
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

/// What a request for a WebSocket is answered with when its token is none.
fn knock(origin: &str, path: &str) -> u16 {
    let mut curl = Curl::new(&format!("{origin}{path}?p=2&host={GUID}&port=16994&tls=0&mode=kvm"));
    for header in [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: no-token",
    ] {
        curl = curl.arg("--header").arg(header);
    }
    curl.arg("--insecure").arg("--http1.1").run().status
}

fn origin(demo: &Demo) -> &str {
    demo.get("dashboard").trim_end_matches('/')
}

#[test]
fn every_prefix_is_there_in_every_case() {
    let demo = demo();
    let (origin, token) = (origin(demo), Some(demo.get("token")));
    for path in ["/API/V1/Devices", "/mps/api/v1/devices", "/Mps/Api/V1/DEVICES/Stats/"] {
        assert_eq!(ask(&format!("{origin}{path}"), "GET", token, &Value::Null).0, 200, "{path}");
    }
    let sign_in = json!({ "username": demo.get("user"), "password": demo.get("password") });
    for path in ["/MPS/Login/API/V1/Authorize", "/Api/v1/AUTHORIZE/"] {
        let (status, answer) = ask(&format!("{origin}{path}"), "POST", None, &sign_in);
        assert_eq!((status, answer["token"].is_string()), (200, true), "{path}: {answer}");
    }
    for path in [
        "/relay/webrelay.ashx",
        "/Relay/WebRelay.ashx",
        "/mps/ws/relay/webrelay.ashx",
        "/MPS/WS/Relay/webrelay.ASHX",
    ] {
        assert_eq!(knock(origin, path), 401, "{path}");
    }
    assert_eq!(knock(origin, "/mps/ws/relay/other.ashx"), 404);
}

/// Node's HMAC: a signer that has never seen this server.
fn signed(secret: &str, claims: &Value) -> String {
    let script = "const [secret, claims] = process.argv.slice(1), { createHmac } = require('node:crypto');\
        const text = [JSON.stringify({ alg: 'HS256', typ: 'JWT' }), claims].map((part) => Buffer.from(part).toString('base64url')).join('.');\
        process.stdout.write(text + '.' + createHmac('sha256', secret).update(text).digest('base64url'));";
    let mut node = Command::new("node");
    node.args(["-e", script, secret, &claims.to_string()]);
    let out = crate::harness::output(clean(&mut node));
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

fn seconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

#[test]
fn a_gateway_and_this_server_believe_each_others_tokens() {
    let secret = crate::harness::Directory::new();
    let file = secret.write("jwt.secret", &format!("{SECRET}\n"));
    let toml = format!("[jwt]\nsecret_file = \"{}\"\nuser = \"gateway\"\n", file.display());
    let server = Server::start(&Settings { toml });
    let password = secret.write("password", "a long enough password");
    let password = password.to_str().unwrap();
    server.cli(&["users", "add", "gateway", "--role", "operator", "--password-file", password]);
    server.add_device("pc-1", GUID, "pc1user", CIRA);
    let api = format!("https://{}/api/v1", server.address("web and API"));
    let stats = format!("{api}/devices/stats");
    let claims = json!({ "tenantId": "", "iss": ISSUER, "deviceId": "*", "exp": seconds() + 600 });
    let with = |key: &str, value: Value| {
        let mut changed = claims.clone();
        changed[key] = value;
        changed
    };
    let asked = |token: &str| ask(&stats, "GET", Some(token), &Value::Null);

    // One that the gateway's side made.
    let theirs = signed(SECRET, &claims);
    assert_eq!(
        asked(&theirs),
        (200, json!({ "totalCount": 1, "connectedCount": 0, "disconnectedCount": 1 }))
    );
    let (_, me) = ask(&format!("{api}/whoami"), "GET", Some(&theirs), &Value::Null);
    assert_eq!((&me["name"], &me["role"]), (&"gateway".into(), &"operator".into()));
    // One that this server made, looked at as the gateway does.
    let sign_in = json!({ "username": "gateway", "password": "a long enough password" });
    let (_, answer) = ask(&format!("{api}/authorize"), "POST", None, &sign_in);
    let ours = answer["token"].as_str().unwrap();
    let (text, signature) = ours.rsplit_once('.').unwrap();
    let script = "printf %s \"$1\" | openssl dgst -sha256 -hmac \"$2\" -binary | openssl base64 -A | tr '+/' '-_' | tr -d =";
    let mut openssl = Command::new("sh");
    openssl.args(["-c", script, "sh", text, SECRET]);
    let expected = String::from_utf8(crate::harness::output(&mut openssl).stdout).unwrap();
    assert_eq!(signature, expected);
    assert_eq!(asked(ours).0, 200);

    // What is wrong with one is told as the web page understands it.
    let late = signed(SECRET, &with("exp", (seconds() - 1).into()));
    let (status, body) = asked(&late);
    assert_eq!((status, &body["exp"]), (401, &"token expired".into()), "{body}");
    for (what, token) in [
        ("another secret", signed("another secret of some length....", &claims)),
        ("another issuer", signed(SECRET, &with("iss", "x".into()))),
        ("another tenant", signed(SECRET, &with("tenantId", "b".into()))),
        ("for a redirection", signed(SECRET, &with("deviceId", GUID.into()))),
    ] {
        assert_eq!(asked(&token).0, 401, "{what}");
    }
    // A user who is disabled, or signed out everywhere, takes the gateway's tokens along.
    server.cli(&["users", "sign-out", "gateway"]);
    assert_eq!(asked(&theirs).0, 401, "signed out everywhere");
    server.cli(&["users", "disable", "gateway", "--yes"]);
    let later = signed(SECRET, &with("iat", (seconds() + 5).into()));
    assert_eq!(asked(&later).0, 401, "disabled");
}

#[test]
fn tenants_and_tunnels_are_told_apart_as_provisioning_expects() {
    let toml = "[web]\nplain_listen = \"127.0.0.1:0\"\nplain_trusted = true\n".to_owned();
    let server = Server::start(&Settings { toml });
    let mps = format!("http://{}/api/v1", server.address("web, plain"));
    let call =
        |method: &str, path: &str, body: &Value| ask(&format!("{mps}{path}"), method, None, body);
    let device = json!({ "guid": GUID, "hostname": "pc-1", "mpsusername": "pc1user", "tags": [], "tenantId": "" });
    assert_eq!(call("POST", "/devices", &device).0, 201);
    assert_eq!(call("POST", "/devices", &device).0, 200);
    let (status, patched) = call("PATCH", "/devices", &json!({ "guid": GUID, "tags": ["lab"] }));
    assert_eq!((status, &patched["tags"][0]), (200, &"lab".into()));
    // Of another tenant: something is there, and nothing is told about it.
    let one = format!("/devices/{GUID}");
    assert_eq!(call("GET", &format!("{one}?tenantId=other"), &Value::Null), (204, Value::Null));
    assert_eq!(call("GET", &format!("{one}?tenantId="), &Value::Null).0, 200);
    let absent = format!("/devices/{}?tenantId=other", GUID.replace("5a1d", "6a1d"));
    assert_eq!(call("GET", &absent, &Value::Null).0, 404);
    // And one that lives in another tenant from the beginning to the end.
    let second = GUID.replace("5a1d", "7a1d");
    let theirs = json!({ "guid": second, "hostname": "pc-1", "mpsusername": "u", "tags": [], "tenantId": "other" });
    assert_eq!(call("POST", "/devices", &theirs).0, 201);
    let two = format!("/devices/{second}");
    assert_eq!(call("GET", &format!("{two}?tenantId=other"), &Value::Null).1["tenantId"], "other");
    assert_eq!(call("GET", &format!("{two}?tenantId="), &Value::Null).0, 204);
    assert_eq!(call("DELETE", &format!("{two}?tenantId="), &Value::Null).0, 404);
    assert_eq!(call("DELETE", &format!("{two}?tenantId=other"), &Value::Null).0, 204);
    let mut elsewhere = device;
    elsewhere["tenantId"] = "other".into();
    let (status, taken) = call("POST", "/devices", &elsewhere);
    assert_eq!((status, &taken["error"]), (400, &"Unique key violation".into()), "{taken}");
    // The listener that asks provisioning for no token is open for provisioning only.
    for path in ["/users", "/tokens", "/audit"] {
        assert_eq!(call("GET", path, &Value::Null).0, 401, "{path}");
    }
    let off = json!({ "action": 8 });
    let (status, _) = call("POST", &format!("/amt/power/action/{GUID}"), &off);
    assert_eq!(status, 401, "a command is for whoever is signed in");
    // A tunnel is ended by DELETE, and once.
    let password = json!({ "guid": GUID, "mpspassword": CIRA });
    assert_eq!(call("PATCH", "/devices", &password).0, 200);
    let root = server.root_certificate();
    let platform =
        Platform::dial(&server.device_listeners()[0], &root, GUID, "pc1user", CIRA).connected();
    let admin = server.token("admin", "admin");
    let end = format!("{mps}/devices/disconnect/{GUID}");
    let (status, ended) = ask(&end, "DELETE", Some(&admin), &Value::Null);
    assert_eq!((status, &ended["success"]), (200, &200.into()), "{ended}");
    assert!(ended["description"].as_str().unwrap().ends_with(&format!(" : {GUID}")), "{ended}");
    drop(platform);
    eventually("it is away", || match ask(&end, "DELETE", Some(&admin), &Value::Null) {
        (404, body) if body["errorDescription"] == format!("guid : {GUID}") => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn lists_are_flat_and_one_of_a_kind_is_a_list_as_well() {
    let demo = Demo::start(1);
    let guid = &demo.devices[0].guid;
    let get = |path: &str| {
        let (status, body) = demo.rest("GET", &format!("/amt/{path}/{guid}"), None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    let hardware = get("hardwareInfo");
    for (class, answer) in hardware.as_object().unwrap() {
        let responses = answer["responses"].as_array().unwrap_or_else(|| panic!("{class}"));
        assert!(
            !responses.is_empty() && responses.iter().all(Value::is_object),
            "{class}: {answer}"
        );
    }
    // One alarm, with both spellings of its interval.
    let alarm = json!({
        "ElementName": "Wake", "StartTime": "2031-01-01T08:00:00Z", "Interval": 90, "DeleteOnCompletion": false,
    });
    let path = format!("/amt/alarmOccurrences/{guid}");
    assert_eq!(demo.rest("POST", &path, Some(&alarm)).0, 200);
    let alarms = get("alarmOccurrences");
    assert_eq!(alarms.as_array().map(Vec::len), Some(1), "{alarms}");
    for name in ["InternalInMinutes", "IntervalInMinutes"] {
        assert_eq!(alarms[0][name], 90, "{alarms}");
    }
    assert_eq!(alarms[0]["Interval"]["Interval"], "P0DT1H30M", "{alarms}");
    // Events: an array, or a page when one is asked for; both have both times.
    let all = get("log/event");
    let page = {
        let (status, body) =
            demo.rest("GET", &format!("/amt/log/event/{guid}?$skip=1&$top=2"), None);
        assert_eq!(status, 200, "{body}");
        body
    };
    assert_eq!(page["records"].as_array().map(Vec::len), Some(2), "{page}");
    assert_eq!(page["hasMoreRecords"], all.as_array().unwrap().len() > 3);
    assert_eq!(page["records"][0], all[1]);
    assert!(all[0]["TimeStamp"].is_number() && all[0]["Time"].is_string(), "{}", all[0]);
    // The simulated PC gives the last two one by one; the explorer shows all of them in one answer.
    for (class, key) in [
        ("CIM_SoftwareIdentity", "InstanceID"),
        ("CIM_PhysicalPackage", "Tag"),
        ("CIM_Chip", "Tag"),
    ] {
        let (status, shown) = demo.rest("GET", &format!("/amt/explorer/{guid}/{class}"), None);
        assert_eq!(status, 200, "{shown}");
        let xml = shown["xmlOutput"].as_str().unwrap();
        let listed = demo.viaduct(&["wsman", "enum", guid, class, "-o", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let listed = listed.as_array().unwrap().len();
        assert_eq!(xml.matches(&format!("{key}>")).count(), 2 * listed, "{class}: {xml}");
        assert!(listed > usize::from(class != "CIM_Chip"), "{class}: {xml}");
        assert!(xml.contains("EndOfSequence"), "{class}: {xml}");
    }
}

#[test]
fn health_is_503_while_the_secrets_cannot_be_read() {
    let own = Server::start(&Settings::default());
    let url = |server: &Server| format!("https://{}/api/v1/health", server.address("web and API"));
    let (status, fine) = ask(&url(&own), "GET", None, &Value::Null);
    assert_eq!((status, &fine["db"]["status"]), (200, &"OK".into()), "{fine}");
    assert_eq!(fine["secretStore"]["status"], json!({ "initialized": true, "sealed": false }));

    let mut python = Command::new("python3");
    python.args(["-u", "-c", include_str!("drivers/vault.py"), "hvs.token"]);
    let vault = Process::start(clean(&mut python));
    let address = vault.line(|line| line.starts_with("http://"));
    let toml = format!("[vault]\nurl = \"{address}\"\ntoken = \"hvs.token\"\n");
    let server = Server::start(&Settings { toml });
    let now = |expected: (u16, bool)| {
        eventually("health follows Vault", || {
            let (status, body) = ask(&url(&server), "GET", None, &Value::Null);
            let secrets = &body["secretStore"];
            assert_eq!((&secrets["name"], &body["db"]["status"]), (&"VAULT".into(), &"OK".into()));
            match (status, secrets["status"]["sealed"].as_bool()) {
                (status, Some(sealed)) if (status, sealed) == expected => Ok(()),
                _ => Err(body.to_string()),
            }
        });
    };
    now((200, false));
    assert_eq!(ask(&format!("{address}/mode"), "POST", None, &"sealed".into()).0, 204);
    now((503, true));
    assert_eq!(ask(&format!("{address}/mode"), "POST", None, &"fine".into()).0, 204);
    now((200, false));
    drop(vault);
    now((503, true));
}
