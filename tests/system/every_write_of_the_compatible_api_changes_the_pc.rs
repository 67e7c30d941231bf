//! Every write of Open AMT's API changes the simulated PC, is read back from it, and what it cannot do is told in the
//! documented shape.

use crate::harness::{Curl, Platform, Server, Settings, eventually, run};
use serde_json::{Value, json};

const GUID: &str = "5a1d0c6e-3f52-4b7a-9d10-0f6e2c1b7a01";

struct Site {
    server: Server,
    platform: Platform,
    token: String,
    root: std::path::PathBuf,
}

impl Site {
    fn start(firmware: &str) -> Self {
        let server = Server::start(&Settings::default());
        let secret = server.data.write("pc.amt-password", "Amt-Pw-1!");
        let secret = secret.to_str().unwrap();
        let cira = server.data.write("pc.cira-password", "Cira-Pw-1!");
        let known = ["devices", "add", "pc", "--guid", GUID, "--cira-user", "pc"];
        let passwords = ["--cira-password-file", cira.to_str().unwrap()];
        let amt = ["--amt-user", "admin", "--amt-password-file", secret];
        server.cli(&[&known[..], &passwords, &amt].concat());
        let root = server.root_certificate();
        let mps = server.device_listeners().remove(0);
        let more = ["--firmware", firmware, "--amt-password-file", secret];
        let platform =
            Platform::dial_with(&mps, &root, GUID, "pc", "Cira-Pw-1!", &more).connected();
        let token = server.token("test", "admin");
        let site = Self { server, platform, token, root };
        eventually("the PC answers", || match site.call("GET", "/amt/version/G", Value::Null) {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        site
    }

    fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let address = self.server.address("web and API");
        let path = path.replace('G', GUID).replace(' ', "%20");
        let mut curl = Curl::new(&format!("https://{address}/api/v1{path}"))
            .arg("--cacert")
            .arg(self.root.to_str().unwrap())
            .arg("--request")
            .arg(method)
            .arg("--header")
            .arg(&format!("Authorization: Bearer {}", self.token));
        if !body.is_null() {
            curl = curl.arg("--header").arg("Content-Type: application/json");
            curl = curl.arg("--data").arg(&body.to_string());
        }
        let answer = curl.run();
        (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
    }

    /// A write with its status, and what a read then shows at a place.
    #[track_caller]
    fn write(&self, (method, path, body): (&str, &str, Value), status: u16) -> Value {
        let (got, answer) = self.call(method, path, body.clone());
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        answer
    }

    #[track_caller]
    fn shows(&self, path: &str, pointer: &str, expected: &Value) {
        let (status, answer) = self.call("GET", path, Value::Null);
        assert_eq!(answer.pointer(pointer), Some(expected), "{path} {pointer} {status}: {answer}");
    }

    /// A boot, and what the PC then says that it has booted from.
    #[track_caller]
    fn boots(&self, action: u32, details: Value, from: &str) {
        let mut body = json!({ "action": action, "useSOL": false });
        if !details.is_null() {
            body["bootDetails"] = details;
        }
        // It may be busy with the boot before: the server asks it again then.
        let (status, answer) = self.call("POST", "/amt/power/bootOptions/G", body);
        assert_eq!(answer["Body"]["ReturnValue"], 0, "{action}: {status} {answer}");
        eventually("it boots from what was chosen", || {
            let status = self.platform.ask(&["status"]);
            let fits = status.to_lowercase().contains(&format!("booted from: {from}"));
            if fits { Ok(()) } else { Err(status) }
        });
    }
}

/// A fresh self-signed certificate and its key, DER in base64.
fn certificate(site: &Site, name: &str) -> (String, String) {
    let path = |end: &str| site.server.data.join(&format!("{name}.{end}")).display().to_string();
    let (key, pem) = (path("key"), path("pem"));
    let subject = format!("/CN={name}");
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", &subject];
    run("openssl", make.into_iter().chain(["-keyout", &key, "-out", &pem]));
    let plain = path("rsa");
    run("openssl", ["rsa", "-in", &key, "-traditional", "-out", &plain]);
    let body = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        text.lines().filter(|line| !line.starts_with("-----")).collect::<String>()
    };
    (body(&pem), body(&plain))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of writes")]
fn settings_are_changed_and_read_back() {
    let site = Site::start("15.0");
    let wired = "/amt/networkSettings/wired/G";
    let fixed = json!({
        "dhcpEnabled": false, "ipAddress": "10.0.0.5", "subnetMask": "255.255.255.0",
        "defaultGateway": "10.0.0.1", "primaryDNS": "10.0.0.2",
    });
    let state = "/amt/networkSettings/wireless/state/G";
    let sync = "/amt/networkSettings/wireless/profileSync/G";
    let alarms = "/amt/alarmOccurrences/G";
    let alarm = json!({
        "ElementName": "wake", "StartTime": "2036-01-01T08:00:00Z", "Interval": 1440,
        "DeleteOnCompletion": false,
    });
    let all = "/amt/features/G";
    let fewer = json!({
        "userConsent": "all", "enableSOL": false, "enableIDER": true, "enableKVM": false,
    });
    let back = json!({
        "userConsent": "none", "enableSOL": true, "enableIDER": true, "enableKVM": true,
    });
    let stricter = json!({
        "userConsent": "all", "enableSOL": true, "enableIDER": true, "enableKVM": true,
    });
    let off = json!({
        "userConsent": "none", "enableSOL": true, "enableIDER": true, "enableKVM": false,
    });
    let mut meant = back.clone();
    meant["lowerConsent"] = true.into();
    let link = json!({ "linkPreference": 1, "timeout": 60 });
    // What is written, and where a read then shows what.
    let table = [
        ("PATCH", wired, fixed, 204, wired, "/ipAddress", json!("10.0.0.5")),
        ("PATCH", wired, json!({ "dhcpEnabled": true }), 204, wired, "/dhcpEnabled", json!(true)),
        (
            "POST",
            state,
            json!({ "state": "WifiEnabledS0SxAC" }),
            200,
            state,
            "/state",
            json!("WifiEnabledS0SxAC"),
        ),
        (
            "POST",
            sync,
            json!({ "localProfileSync": true }),
            200,
            sync,
            "/localProfileSync",
            json!(true),
        ),
        (
            "POST",
            "/amt/network/linkPreference/G",
            link,
            200,
            "/amt/networkSettings/G",
            "/wireless/linkPreference",
            json!("Management Engine"),
        ),
        (
            "PUT",
            "/amt/kvm/displays/G",
            json!({ "displayIndex": 1 }),
            200,
            "/amt/kvm/displays/G",
            "/displays/1/isDefault",
            json!(true),
        ),
        ("POST", alarms, alarm, 200, alarms, "/0/IntervalInMinutes", json!(1440)),
        ("DELETE", alarms, json!({ "Name": "wake" }), 200, alarms, "", json!([])),
        ("POST", all, fewer, 200, all, "/KVM", json!(false)),
        // Switching on never lowers consent by the way.
        ("POST", all, back.clone(), 200, all, "/userConsent", json!("all")),
        // Nor does the same request again, which switches nothing on any more.
        ("POST", all, back, 200, all, "/userConsent", json!("all")),
        ("POST", all, meant.clone(), 200, all, "/userConsent", json!("none")),
        // Nor together with switching something off.
        ("POST", all, stricter, 200, all, "/userConsent", json!("all")),
        ("POST", all, off, 200, all, "/userConsent", json!("all")),
        ("POST", all, meant, 200, all, "/userConsent", json!("none")),
        (
            "POST",
            "/amt/power/action/G",
            json!({ "action": 501 }),
            200,
            "/amt/power/state/G",
            "/OSPowerSavingState",
            json!(3),
        ),
        (
            "POST",
            "/amt/power/action/G",
            json!({ "action": 500 }),
            200,
            "/amt/power/state/G",
            "/OSPowerSavingState",
            json!(2),
        ),
        (
            "POST",
            "/amt/power/action/G",
            json!({ "action": 12 }),
            200,
            "/amt/power/state/G",
            "/powerstate",
            json!(8),
        ),
        (
            "POST",
            "/amt/power/action/G",
            json!({ "action": 2 }),
            200,
            "/amt/power/state/G",
            "/powerstate",
            json!(2),
        ),
    ];
    for (method, path, body, status, read, pointer, expected) in table {
        site.write((method, path, body), status);
        site.shows(read, pointer, &expected);
    }
    site.platform.ask(&["fault", "clock-skew=86400"]);
    site.write(("POST", "/amt/time/G", Value::Null), 200);
    let (_, time) = site.call("GET", "/amt/time/G", Value::Null);
    assert!(time["offsetSeconds"].as_i64().is_some_and(|offset| offset.abs() < 60), "{time}");
    let refused = [
        ("PATCH", wired, json!({ "dhcpEnabled": true, "ieee8021x": {} }), 501),
        ("PATCH", wired, json!({ "dhcpEnabled": true, "ipAddress": "10.0.0.5" }), 400),
        ("POST", sync, json!({ "uefiProfileSync": true }), 409),
        ("PUT", "/amt/kvm/displays/G", json!({ "displayIndex": 9 }), 400),
        ("DELETE", alarms, json!({ "Name": "wake" }), 404),
        ("POST", all, json!({ "userConsent": "none" }), 400),
        ("POST", "/amt/power/action/G", json!({ "action": 99 }), 400),
    ];
    for (method, path, body, status) in refused {
        site.write((method, path, body), status);
    }
}

#[test]
fn certificates_and_wireless_profiles_belong_together() {
    let site = Site::start("15.0");
    let ((root, _), (client, key)) =
        (certificate(&site, "authority"), certificate(&site, "client"));
    let (certificates, profiles) =
        ("/amt/certificates/G", "/amt/networkSettings/wireless/profile/G");
    let trusted = json!({ "cert": root, "isTrusted": true });
    let made = site.write(("POST", certificates, trusted.clone()), 200);
    let handle = made["handle"].as_str().unwrap().to_owned();
    let twice = site.write(("POST", certificates, trusted), 400);
    assert_eq!(twice["error"], "Incorrect URI or Bad Request");
    let psk = json!({
        "profileName": "office", "ssid": "Office", "priority": 1, "password": "12345678",
        "authenticationMethod": "WPA2PSK", "encryptionMethod": "CCMP",
    });
    let mut corp = json!({
        "profileName": "corp", "ssid": "Corp", "priority": 2,
        "authenticationMethod": "WPA2IEEE8021x", "encryptionMethod": "CCMP",
        "ieee8021x": {
            "username": "u", "authenticationProtocol": 0, "clientCert": client,
            "privateKey": key, "caCert": root,
        },
    });
    site.write(("POST", profiles, psk.clone()), 204);
    site.write(("POST", profiles, psk), 409);
    site.write(("POST", profiles, corp.clone()), 204);
    site.shows(profiles, "/1/ieee8021x/username", &json!("u"));
    corp["ssid"] = "Corp2".into();
    site.write(("PATCH", profiles, corp.clone()), 204);
    site.shows(profiles, "/1/ssid", &json!("Corp2"));
    let one = format!("{certificates}/{handle}");
    let (_, listed) = site.call("GET", certificates, Value::Null);
    assert_eq!(listed["profileAssociation"][0]["profileID"], "corp", "{listed}");
    assert_eq!(listed["profileAssociation"][0]["rootCertificate"]["instanceID"], *handle);
    assert!(listed["profileAssociation"][0]["publicKey"].is_object(), "{listed}");
    site.write(("DELETE", &one, Value::Null), 409);
    for (name, status) in [("corp", 204), ("corp", 404), ("office", 204)] {
        site.write(("DELETE", &format!("{profiles}/{name}"), Value::Null), status);
    }
    site.shows(profiles, "", &json!([]));
    site.write(("DELETE", &one, Value::Null), 200);
    site.write(("DELETE", &one, Value::Null), 404);
    // The root that its own server needs stays.
    let (_, listed) = site.call("GET", certificates, Value::Null);
    let own = listed["certificates"]["publicKeyCertificateItems"][0]["instanceID"].clone();
    let own = format!("{certificates}/{}", own.as_str().unwrap());
    site.write(("DELETE", &own, Value::Null), 409);
}

#[test]
fn boots_consent_erasure_and_the_end() {
    let site = Site::start("16.1");
    site.boots(101, Value::Null, "bios setup");
    site.boots(400, Value::Null, "network");
    let https = json!({ "url": "https://boot.example/x.efi", "username": "u", "password": "p" });
    site.boots(105, https, "https boot of https://boot.example/x.efi");
    // A plain boot after one with parameters is plain.
    site.boots(402, Value::Null, "hard drive");
    site.boots(
        107,
        json!({ "bootPath": "\\EFI\\OEM\\oempba.efi" }),
        "boot of \\efi\\oem\\oempba.efi",
    );
    site.boots(109, Value::Null, "boot of \\recovery\\windowsre\\winre.wim");
    let boot = "/amt/power/bootOptions/G";
    site.write(("POST", boot, json!({ "action": 105, "useSOL": false })), 400);
    let features = "/amt/features/G";
    let consent = json!({
        "userConsent": "all", "enableSOL": true, "enableIDER": true, "enableKVM": true,
    });
    site.write(("POST", features, consent), 200);
    site.write(("POST", boot, json!({ "action": 101, "useSOL": false })), 403);
    let code = "/amt/userConsentCode/G";
    site.write(("GET", code, Value::Null), 200);
    let screen = site.platform.ask(&["status"]);
    let (_, rest) = screen.split_once("the code is ").unwrap_or_else(|| panic!("{screen}"));
    let shown: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let wrong = if shown == "111111" { "222222" } else { "111111" };
    let no = site.write(("POST", code, json!({ "consentCode": wrong })), 400);
    assert_ne!(no["Body"]["ReturnValue"], 0, "{no}");
    site.write(("POST", code, json!({ "consentCode": shown })), 200);
    site.shows(features, "/optInState", &json!(3));
    site.boots(101, Value::Null, "bios setup");
    site.write(("GET", "/amt/userConsentCode/cancel/G", Value::Null), 200);
    site.shows(features, "/optInState", &json!(0));
    let erase = "/amt/boot/remoteErase/G";
    site.write(("POST", erase, json!({ "secureEraseAllSSDs": true })), 403);
    let none = json!({
        "userConsent": "none", "enableSOL": true, "enableIDER": true, "enableKVM": true,
    });
    site.write(("POST", features, none), 200);
    site.write(("POST", erase, json!({})), 400);
    site.write(("POST", erase, json!({ "secureEraseAllSSDs": true, "ssdPassword": "s" })), 200);
    eventually("its drive is empty", || {
        let status = site.platform.ask(&["status"]);
        if status.contains("no bootable medium") { Ok(()) } else { Err(status) }
    });
    site.write(("DELETE", "/amt/deactivate/G", Value::Null), 200);
    eventually("AMT is not set up", || {
        let status = site.platform.ask(&["status"]);
        if status.contains("not set up") { Ok(()) } else { Err(status) }
    });
    let gone = site.write(("GET", "/amt/power/state/G", Value::Null), 404);
    assert_eq!(gone["error"], "Device not found/connected. Please connect again using CIRA.");
}
