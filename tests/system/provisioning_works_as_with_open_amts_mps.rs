//! What Open AMT's provisioning service asks of an MPS, call by call and with curl, while the PC that it provisions dials
//! in: with the secrets in this server's own store, and in a Vault (a stand-in that follows its published API).

use crate::harness::{Curl, Platform, Process, Server, Settings, clean, eventually};
use serde_json::{Value, json};
use std::{process::Command, time::Instant};

const GUID: &str = "5a1d0c6e-3f52-4b7a-9d10-0f6e2c1b7a11";
const CIRA: &str = "Mps-Passw0rd";
const AMT: &str = "Amt-Passw0rd";
const TOKEN: &str = "hvs.stand-in";

/// A call of its HTTP client.
fn ask(base: &str, method: &str, path: &str, body: &Value, token: Option<&str>) -> (u16, Value) {
    let mut curl = Curl::new(&format!("{base}{path}")).arg("--request").arg(method);
    if !body.is_null() {
        curl = curl.arg("--header").arg("Content-Type: application/json");
        curl = curl.arg("--data").arg(&body.to_string());
    }
    if let Some(token) = token {
        curl = curl.arg("--header").arg(&format!("X-Vault-Token: {token}"));
    }
    let answer = curl.run();
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

/// The MPS and the place of the secrets, as the service is told them.
struct Site {
    server: Server,
    mps: String,
    secrets: String,
    token: String,
}

impl Site {
    fn start(vault: Option<&Vault>) -> Self {
        let mut toml = "[web]\nplain_listen = \"127.0.0.1:0\"\nplain_trusted = true\n".to_owned();
        if let Some(Vault { url, .. }) = vault {
            toml += &format!(
                "[vault]\nurl = \"{url}\"\ntoken = \"{TOKEN}\"\ntimeout = \"10s\"\ncache = \"1h\"\n"
            );
        }
        let server = Server::start(&Settings { toml });
        let mps = format!("http://{}", server.address("web, plain"));
        let (secrets, token) = match vault {
            Some(vault) => (vault.url.clone(), TOKEN.to_owned()),
            None => (mps.clone(), server.token("rps", "admin")),
        };
        Self { server, mps, secrets, token }
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let (got, answer) = ask(&self.mps, method, path, body, None);
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }

    /// Writes what the service generated; it never goes through the MPS.
    #[track_caller]
    fn keep(&self, secrets: &Value) {
        let path = format!("/v1/secret/data/devices/{GUID}");
        let body = json!({ "data": secrets });
        let (status, answer) = ask(&self.secrets, "POST", &path, &body, Some(&self.token));
        assert_eq!(status, 200, "{answer}");
    }

    fn dial(&self, cira: &str) -> Platform {
        let root = self.server.root_certificate();
        let amt = self.server.data.write("amt", AMT);
        let more = ["--amt-password-file", amt.to_str().unwrap()];
        Platform::dial_with(&self.server.device_listeners()[0], &root, GUID, "admin", cira, &more)
    }

    /// The power state, asked of AMT itself with the password that the service wrote.
    fn answers(&self) -> Result<(), String> {
        let out = self.server.try_cli(&["power", "state", GUID]);
        if out.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

/// Everything that the service does with one PC, in its order.
fn provision(site: &Site) {
    let one = format!("/api/v1/devices/{GUID}");
    let lookup = format!("{one}?tenantId=");
    let nothing = Value::Null;
    // Before activation nobody knows it.
    site.call("GET", &lookup, &nothing, 404);
    site.keep(&json!({ "AMT_PASSWORD": AMT, "MEBX_PASSWORD": "Mebx-1", "MPS_PASSWORD": CIRA }));
    let cira = json!({
        "guid": GUID, "hostname": "pc-1", "mpsusername": "admin", "tags": ["lab"], "tenantId": "",
    });
    site.call("POST", "/api/v1/devices", &cira, 201);
    let platform = site.dial(CIRA).connected();
    // The end of activation; its user is not known there any more, and must stay.
    let info = json!({
        "fwVersion": "16.1.30", "fwBuild": "2307", "fwSku": "16392", "currentMode": "1",
        "features": "AMT Pro Corporate", "ipAddress": "192.0.2.7", "status": "", "activatedAt": "x",
        "lastProvisionedAt": "x", "lastUpdated": "x",
    });
    let active = json!({
        "guid": GUID, "hostname": "pc-1", "mpsusername": null, "tags": ["lab"], "tenantId": "",
        "dnsSuffix": "lab.example", "deviceInfo": info, "friendlyName": "Lab PC",
    });
    let merged = site.call("POST", "/api/v1/devices", &active, 200);
    assert_eq!((&merged["mpsusername"], &merged["deviceInfo"]), (&"admin".into(), &info));
    eventually("AMT answers", || site.answers());
    // Re-activation and maintenance.
    assert_eq!(site.call("GET", &lookup, &nothing, 200)["guid"], GUID);
    for (patch, pointer) in [
        (json!({ "guid": GUID, "tags": ["floor"] }), "/tags"),
        (
            json!({ "guid": GUID, "deviceInfo": { "fwVersion": "16.1.31", "lastUpdated": "y" } }),
            "/deviceInfo/fwVersion",
        ),
        (json!({ "guid": GUID, "hostname": "pc-2", "dnsSuffix": "x.example" }), "/hostname"),
    ] {
        let patched = site.call("PATCH", "/api/v1/devices", &patch, 200);
        assert_eq!(patched.pointer(pointer), patch.pointer(pointer), "{patched}");
    }
    site.keep(&json!({ "AMT_PASSWORD": AMT, "MPS_PASSWORD": CIRA, "MEBX_PASSWORD": "Mebx-2" }));
    let refreshed = site.call("DELETE", &format!("/api/v1/devices/refresh/{GUID}"), &nothing, 200);
    assert_eq!(refreshed["success"], 200, "{refreshed}");
    eventually("AMT still answers", || site.answers());
    // Deactivation: the secrets first, then the device.
    let path = format!("/v1/secret/metadata/devices/{GUID}");
    let (status, _) = ask(&site.secrets, "DELETE", &path, &nothing, Some(&site.token));
    assert_eq!(status, 204);
    site.call("DELETE", &lookup, &nothing, 204);
    site.call("GET", &lookup, &nothing, 404);
    site.call("DELETE", &format!("/api/v1/devices/refresh/{GUID}"), &nothing, 404);
    drop(platform);
}

#[test]
fn a_pc_lives_through_it_with_its_secrets_in_our_store() {
    provision(&Site::start(None));
}

/// The stand-in.
struct Vault {
    _process: Process,
    url: String,
}

impl Vault {
    fn start() -> Self {
        let mut python = Command::new("python3");
        python.args(["-u", "-c", include_str!("drivers/vault.py"), TOKEN]);
        let process = Process::start(clean(&mut python));
        let url = process.line(|line| line.starts_with("http://"));
        Self { _process: process, url }
    }

    fn mode(&self, mode: &str) {
        assert_eq!(ask(&self.url, "POST", "/mode", &mode.into(), None).0, 204);
    }

    fn asked(&self) -> Vec<String> {
        let (_, asked) = ask(&self.url, "GET", "/asked", &Value::Null, None);
        serde_json::from_value(asked).unwrap()
    }
}

#[test]
fn a_pc_lives_through_it_with_its_secrets_in_a_vault() {
    let vault = Vault::start();
    provision(&Site::start(Some(&vault)));
    let own = format!("/v1/secret/data/devices/{GUID}");
    assert!(vault.asked().iter().all(|asked| *asked == own), "{:?}", vault.asked());
}

#[test]
fn a_vault_that_is_sealed_lets_nobody_in_and_ends_nothing() {
    let vault = Vault::start();
    let site = Site::start(Some(&vault));
    let device = json!({ "guid": GUID, "hostname": "pc-1", "mpsusername": "admin", "tags": [] });
    site.keep(&json!({ "AMT_PASSWORD": AMT, "MPS_PASSWORD": CIRA }));
    site.call("POST", "/api/v1/devices", &device, 201);
    vault.mode("sealed");
    let refused = site.dial(CIRA);
    eventually("why it is away is known", || {
        let why = site.server.cli(&["devices", "why-offline", GUID]);
        if why.contains("Vault is sealed") { Ok(()) } else { Err(why) }
    });
    drop(refused);
    vault.mode("fine");
    let _platform = site.dial(CIRA).connected();
    eventually("AMT answers", || site.answers());
    vault.mode("sealed");
    site.answers().unwrap();
}

#[test]
fn the_clock_does_not_tell_a_stranger_which_uuids_are_known() {
    let vault = Vault::start();
    let site = Site::start(Some(&vault));
    let device = json!({ "guid": GUID, "hostname": "pc-1", "mpsusername": "admin", "tags": [] });
    site.keep(&json!({ "AMT_PASSWORD": AMT, "MPS_PASSWORD": CIRA }));
    site.call("POST", "/api/v1/devices", &device, 201);
    vault.mode("slow");
    let stranger = GUID.replace("5a1d", "6b2e");
    let root = site.server.root_certificate();
    let took = |guid: &str| {
        let before = Instant::now();
        let mps = &site.server.device_listeners()[0];
        let platform = Platform::dial_with(mps, &root, guid, "admin", "Wrong-Passw0rd", &[]);
        site.server
            .process
            .any_line(|line| line.contains(guid) && line.contains("connection failed"));
        drop(platform);
        before.elapsed()
    };
    let (known, unknown) = (took(GUID), took(&stranger));
    // Vault takes a second.
    assert!(known.as_secs() >= 1 && unknown.as_secs() >= 1, "{known:?} {unknown:?}");
    let asked = vault.asked();
    assert!(asked.iter().any(|path| path.ends_with(&stranger)), "{asked:?}");
    let unclaimed = site.server.cli_json(&["devices", "ls", "--unclaimed"]);
    assert!(unclaimed.to_string().contains(&stranger), "{unclaimed}");
}
