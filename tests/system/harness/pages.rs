//! Consoles as pages have them: Open AMT's toolkit and bare WebSockets, in Node.

use super::{Demo, Device, Process, Server, run};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command, sync::OnceLock};

const DRIVER: &str = include_str!("../drivers/relay.cjs");
const TOOLKIT: &str = "@device-management-toolkit/ui-toolkit@3.3.12";
const WEBSOCKET: &str = "ws@8.18.3";
const MESSAGES: &str = "@device-management-toolkit/wsman-messages@5.14.1";
const MESSAGES_DRIVER: &str = include_str!("../drivers/messages.cjs");

/// Where npm put the packages, once for this run of the tests.
fn modules() -> &'static PathBuf {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
        let toolkit = directory.join("node_modules/@device-management-toolkit/ui-toolkit");
        let messages = directory.join("node_modules/@device-management-toolkit/wsman-messages");
        let there = [toolkit.join("bundles"), directory.join("node_modules/ws"), messages];
        if !there.iter().all(|path| path.exists()) {
            std::fs::create_dir_all(&directory).expect("a directory for packages");
            std::fs::write(directory.join("package.json"), "{\"private\":true}").expect("writable");
            let prefix = directory.to_string_lossy().into_owned();
            let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save"];
            let args = ["install", "--prefix", &prefix, TOOLKIT, WEBSOCKET, MESSAGES];
            run("npm", args.into_iter().chain(quiet));
        }
        directory
    })
}

/// MeshCentral, whose package brings the interpreter of MeshCommander's scripts, with the hash that its registry gives.
const MESHCENTRAL: &str = "meshcentral@1.1.55";
const MESHCENTRAL_HASH: &str = "sha512-imC+3LRoM+01+Rhcm1vg5WMKFiKUx/eAkM1AUUEVuVZxGuxVFHn9QaxKoI9xXIEJosg3+1391KBoXL7ZWjIf9w==";

/// The parts of MeshCentral's package that speak to AMT, unpacked once. What it needs to be a server stays away.
pub(crate) fn meshcentral() -> &'static PathBuf {
    static UNPACKED: OnceLock<PathBuf> = OnceLock::new();
    UNPACKED.get_or_init(|| {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(MESHCENTRAL);
        let package = directory.join("package");
        if !package.join("whole").exists() {
            std::fs::create_dir_all(&directory).expect("a directory for the package");
            let place = directory.to_string_lossy().into_owned();
            let told = run("npm", ["pack", MESHCENTRAL, "--json", "--pack-destination", &place]);
            let told: Value = serde_json::from_str(&told).expect("what npm packed");
            assert_eq!(told[0]["integrity"], MESHCENTRAL_HASH, "another package under this name");
            let archive = directory.join(told[0]["filename"].as_str().expect("a file"));
            let parts = ["package/amt", "package/public/scripts/common-0.0.1.js"];
            let script = "package/public/scripts/amt-script-0.2.0.js";
            let archive_text = archive.to_string_lossy();
            run("tar", ["xzf", &*archive_text, "-C", &*place, parts[0], parts[1], script]);
            std::fs::remove_file(&archive).expect("the archive is ours");
            std::fs::write(package.join("whole"), "").expect("writable");
        }
        package
    })
}

/// Envelopes that Open AMT's own library writes: the name, the envelope, and where it begins an enumeration the next one,
/// with `CONTEXT` in the place of the context.
pub(crate) fn messages() -> Vec<(String, String, String)> {
    let task = json!({ "modules": modules() });
    let text = run("node", ["-e", MESSAGES_DRIVER, &task.to_string()]);
    let line = text.lines().find(|line| line.starts_with('[')).expect("a list of envelopes");
    serde_json::from_str(line).expect("names and envelopes")
}

/// Starts the driver on a device of the demo. What it is to do stands in `more`.
fn driver(demo: &Demo, device: &Device, more: Value) -> Process {
    let task = json!({
        "ca": demo.get("ca_file"), "token": demo.get("token"), "api": demo.get("api"),
        "guid": device.guid,
    });
    node(task, more)
}

fn node(mut task: Value, more: Value) -> Process {
    let api = task["api"].as_str().expect("an address").to_owned();
    task["relay"] = api.replace("https://", "wss://").replace("/api/v1", "/relay").into();
    task["modules"] = json!(modules());
    let Value::Object(more) = more else { panic!("an object") };
    task.as_object_mut().expect("an object").extend(more);
    let mut node = Command::new("node");
    node.args(["-e", DRIVER, &task.to_string()]);
    node.env("NODE_NO_WARNINGS", "1");
    Process::start(&node)
}

/// The toolkit opens screen, serial console and drives of the device at once.
pub(crate) fn toolkit(demo: &Demo, device: &Device, bytes_per_pixel: u8, blocks: usize) -> Process {
    driver(demo, device, json!({ "bpp": bytes_per_pixel, "blocks": blocks }))
}

/// A page that opens the bare screen of a device and takes nothing of it.
pub(crate) fn hold(server: &Server, token: &str, guid: &str) -> Process {
    let api = format!("https://{}/api/v1", server.address("web and API"));
    let task = json!({ "ca": server.root_certificate(), "token": token, "api": api, "guid": guid });
    node(task, json!({ "hold": true }))
}

/// Bare WebSockets, one after the other; what became of each.
pub(crate) fn attempts(demo: &Demo, device: &Device, attempts: &[Value]) -> Vec<Value> {
    let node = driver(demo, device, json!({ "attempts": attempts }));
    node.line(|line| line.contains("\"done\""));
    let all = node.all();
    let results = all.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let results: Vec<_> = results.filter(|value| value["name"].is_string()).collect();
    assert_eq!(results.len(), attempts.len(), "{all}");
    results
}
