//! A server with one PC whose firmware shares no code with it: APF, TLS, digest and WS-Man in Python. What the firmware
//! does is changed while it runs, and it tells which requests have reached it.

use super::{
    Answer, Certificate, Curl, Directory, Process, Server, Settings, eventually, serve::clean,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const DEVICE: &str = include_str!("../drivers/device.py");
const AMT: &str = include_str!("../drivers/amt.py");
pub(crate) const GUID: &str = "66666666-2222-4333-8444-555555555555";
/// What the firmware has said.
const NOTES: &str = "told";
const AMT_PASSWORD: &str = "Foreign-Amt-1!";

/// The PC and its server.
pub(crate) struct ForeignAmt {
    pub(crate) server: Server,
    pub(crate) device: Process,
    token: String,
    root: PathBuf,
    ports: Vec<u16>,
    directory: Directory,
}

impl ForeignAmt {
    /// A PC that forwards 16992 and does as `manner` says; see the driver. The settings are the server's.
    pub(crate) fn start(settings: &str, manner: &Value) -> Self {
        Self::start_with(settings, &[16992], manner)
    }

    /// The same with other ports.
    pub(crate) fn start_with(settings: &str, ports: &[u16], manner: &Value) -> Self {
        let server = Server::start(&Settings { toml: settings.into() });
        let directory = drivers();
        let file = |name: &str, text: &str| directory.write(name, text).display().to_string();
        let (cira, amt) = (file("cira", "Foreign1Password"), file("amt", AMT_PASSWORD));
        let known = ["devices", "add", "pc-amt", "--guid", GUID, "--cira-user", "foreign"];
        let passwords = ["--cira-password-file", &cira, "--amt-password-file", &amt];
        server.cli(&[&known[..], &passwords].concat());
        let (token, root) = (server.token("test", "admin"), server.root_certificate());
        directory.write("manner.json", &manner.to_string());
        let device = dial(&server, &root, &directory, ports);
        Self { server, device, token, root, ports: ports.to_vec(), directory }
    }

    /// Many PCs in one process, which take nothing of what is mounted, and read nothing at all when they are deaf; see the
    /// driver.
    pub(crate) fn fleet(settings: &str, guids: &[String], deaf: bool) -> Self {
        let server = Server::start(&Settings { toml: settings.into() });
        let directory = drivers();
        let mut known = "name,guid,cira_user,cira_password,amt_user,amt_password\n".to_owned();
        for (number, guid) in guids.iter().enumerate() {
            known.push_str(&format!(
                "pc-{number},{guid},foreign,Foreign1Password,admin,{AMT_PASSWORD}\n"
            ));
        }
        let file = directory.write("known.csv", &known);
        server.cli(&["devices", "import", file.to_str().expect("a path in UTF-8"), "--yes"]);
        let (token, root) = (server.token("test", "admin"), server.root_certificate());
        directory.write("manner.json", "{}");
        let ports = vec![16994];
        let more = json!({ "guids": guids, "alive": 2, "deaf": deaf });
        let device = start(&server, &root, &directory, &ports, more);
        let fleet = Self { server, device, token, root, ports, directory };
        eventually("all of them are there", || match fleet.told("ready").len() {
            count if count == guids.len() => Ok(()),
            count => Err(format!("{count} of {}", guids.len())),
        });
        fleet
    }

    /// From here on the firmware does this.
    pub(crate) fn behaves(&self, manner: &Value) {
        let next = self.directory.write("manner.next", &manner.to_string());
        fs::rename(next, self.directory.join("manner.json")).expect("a file can be moved");
    }

    /// The PC dials in again, after it had left.
    pub(crate) fn comes_back(&mut self) {
        self.device = dial(&self.server, &self.root, &self.directory, &self.ports);
    }

    /// A certificate and its key for 16993, as a file that a manner can name.
    pub(crate) fn identity(&self, name: &str) -> String {
        let made = Certificate::new("127.0.0.1");
        let read = |path: &PathBuf| fs::read_to_string(path).expect("openssl has written it");
        let text = format!("{}{}", read(&made.certificate), read(&made.key));
        self.directory.write(name, &text).display().to_string()
    }

    /// A call of the API; `G` in the path stands for the PC.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let curl = self.curl(method, path);
        if body.is_null() { curl.run() } else { curl.arg("--json").arg(&body.to_string()).run() }
    }

    /// The same, to be completed.
    pub(crate) fn curl(&self, method: &str, path: &str) -> Curl {
        let address = self.server.address("web and API");
        Curl::new(&format!("https://{address}/api/v1{}", path.replace('G', GUID)))
            .arg("--cacert")
            .arg(self.root.to_str().expect("a path in UTF-8"))
            .arg("--request")
            .arg(method)
            .arg("--header")
            .arg(&format!("Authorization: Bearer {}", self.token))
    }

    /// Reads something that takes one request.
    pub(crate) fn read(&self) -> Answer {
        self.call("GET", "/amt/generalSettings/G", &Value::Null)
    }

    /// Switches the PC.
    pub(crate) fn power(&self, action: u32) -> Answer {
        self.call("POST", "/amt/power/action/G", &json!({ "action": action }))
    }

    /// That the next call works.
    #[track_caller]
    pub(crate) fn assert_works(&self) {
        let answer = self.read();
        assert!(answer.status == 200 && answer.body.contains("foreign"), "{answer:#?}");
        let said = self.device.all();
        assert!(!said.contains("violation"), "{said}");
    }

    /// What the firmware has said of this kind, in order: `request`, `challenged`, `opened`. It notes each before it
    /// answers, so all that led to an answer is there.
    pub(crate) fn told(&self, kind: &str) -> Vec<String> {
        let all = fs::read_to_string(self.directory.join(NOTES)).expect("it has begun its notes");
        all.lines().filter(|line| line.split(' ').next() == Some(kind)).map(Into::into).collect()
    }

    /// How many requests with this text the firmware has believed.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.told("request").iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until so many requests with this text have come.
    #[track_caller]
    pub(crate) fn await_requests(&self, text: &str, many: usize) {
        eventually(text, || match self.count(text) {
            count if count >= many => Ok(()),
            count => Err(format!("{count} of {many}")),
        });
    }
}

impl Answer {
    /// That this refusal was sent, in words.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        let found = self.header("x-viaduct-code");
        assert_eq!((self.status, found), (status, Some(code)), "{self:#?}");
        let body: Value = serde_json::from_str(&self.body).expect("a problem document");
        for key in ["title", "detail", "next"] {
            assert!(body[key].as_str().is_some_and(|text| text.len() > 5), "{key}: {body}");
        }
    }
}

/// A directory with the programs of the firmware.
fn drivers() -> Directory {
    let directory = Directory::new();
    for (name, text) in [("device.py", DEVICE), ("amt.py", AMT)] {
        directory.write(name, text);
    }
    directory
}

fn dial(server: &Server, root: &Path, directory: &Directory, ports: &[u16]) -> Process {
    let process = start(server, root, directory, ports, json!({}));
    process.line(|line| line == "ready");
    process
}

/// Starts the firmware; `more` is what its task has beside the usual.
fn start(
    server: &Server,
    root: &Path,
    directory: &Directory,
    ports: &[u16],
    more: Value,
) -> Process {
    let listener = server.device_listeners().remove(0);
    let (address, port) = listener.rsplit_once(':').expect("ADDRESS:PORT");
    let mut task = json!({
        "address": address,
        "port": port.parse::<u16>().expect("a port"),
        "root": root,
        "guid": GUID,
        "user": "foreign",
        "password": "Foreign1Password",
        "ports": ports,
        "fragments": [65536],
        "window": 4096,
        "credit": 2048,
        "amt_user": "admin",
        "amt_password": AMT_PASSWORD,
        "manner": directory.join("manner.json"),
        "notes": directory.join(NOTES),
    });
    let fields = task.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().unwrap_or_default());
    directory.write(NOTES, "");
    let mut python = Command::new("python3");
    python.arg(directory.join("amt.py")).arg(task.to_string());
    Process::start(clean(&mut python))
}
