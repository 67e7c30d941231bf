//! Whatever change of door A goes wrong, and in whatever way: it is told where, why and what to do next, going on
//! finishes it, and nothing is there twice or lost that somebody else set.

use crate::harness::{Directory, Platform, Server, Settings, eventually, lan_addresses};
use serde_json::Value;

const PASSWORD: &str = "P@ssw0rd1!";
/// A PC that says nothing is waited for so long: also those that answer, on a machine that stands still for a moment.
const QUICK: &str = "[limits]\nenroll_deadline = \"8s\"\n";
/// How a change goes wrong: whether it is refused (a PC's word for it), lost on its way, or answered by silence.
const WAYS: [&str; 8] =
    ["fault", "returns-1", "status-401", "status-500", "cut", "cut-done", "silent", "silent-done"];

/// A change, as `amt-sim` names it, and what people read of the step that it is for.
struct Stage {
    action: &'static str,
    step: &'static str,
}

const fn stage(action: &'static str, step: &'static str) -> Stage {
    Stage { action, step }
}

const FRESH: [Stage; 7] = [
    stage("AddTrustedRootCertificate", "trust the root"),
    stage("AddMpServer", "add the MPS"),
    stage("AddRemoteAccessPolicyRule", "add the policy user"),
    stage("AddRemoteAccessPolicyRule#2", "add the policy periodic"),
    stage("AddRemoteAccessPolicyRule#3", "add the policy alert"),
    stage("RequestStateChange", "let a user ask"),
    stage("AMT_EnvironmentDetectionSettingData", "let the PC be at home only under"),
];
/// Another server has all its policies.
const MANAGED: [Stage; 3] = [
    stage("AddMpServer", "add the MPS"),
    stage("AMT_RemoteAccessPolicyRule#2", "replace the policy periodic"),
    stage("AddRemoteAccessPolicyRule#2", "replace the policy periodic"),
];
/// An entry leads here and expects another certificate.
const STALE: [Stage; 3] = [
    stage("AMT_RemoteAccessPolicyRule#2", "remove the policy"),
    stage("AMT_ManagementPresenceRemoteSAP", "remove the MPS"),
    stage("AddMpServer", "add the MPS"),
];
const LOGIN: [Stage; 1] = [stage("AMT_MPSUsernamePassword", "set the credential")];

/// What a PC must be configured with in the end.
struct Sound {
    servers: usize,
    roots: usize,
}

struct Site {
    server: Server,
    files: Directory,
    fleet: Platform,
    addresses: Vec<String>,
    cases: Vec<(&'static Stage, &'static str)>,
}

impl Site {
    /// A PC for each stage and way.
    fn new(name: &str, stages: &'static [Stage]) -> Self {
        let fits =
            |stage: &Stage, way: &str| !(way.starts_with("returns") && stage.action.contains('_'));
        let ways = |stage| {
            WAYS.into_iter().filter(move |way| fits(stage, way)).map(move |way| (stage, way))
        };
        let cases: Vec<_> = stages.iter().flat_map(ways).collect();
        let addresses = lan_addresses(u32::try_from(cases.len()).unwrap());
        let fleet =
            Platform::fleet_on_the_local_network(cases.len(), name, &addresses[0], PASSWORD);
        let server = Server::start(&Settings { toml: QUICK.into() });
        Self { server, files: Directory::new(), fleet, addresses, cases }
    }

    /// Runs a job for all PCs; its outcome for each.
    fn enroll(&self, more: &[&str]) -> Vec<Value> {
        let file = self.files.write("amt-password", PASSWORD);
        let mut line = vec!["enroll", "lan"];
        line.extend(self.addresses.iter().map(String::as_str));
        line.extend(["--amt-password-file", file.to_str().unwrap(), "--yes", "-o", "json"]);
        line.extend(more);
        let done = self.server.try_cli(&line);
        let devices: Vec<Value> = serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|error| panic!("{error}: {done:?}"));
        assert_eq!(devices.len(), self.cases.len());
        devices
    }

    fn fails_and_goes_on(&self, more: &[&str], sound: &Sound) {
        let (job, devices) = self.fails(more);
        self.goes_on(&job, &devices, sound);
    }

    /// Lets each PC fail in its own way, and sees that it is told; the job, and what it says of each.
    fn fails(&self, more: &[&str]) -> (String, Vec<Value>) {
        let prefix = self.names();
        for (name, (stage, way)) in prefix.iter().zip(&self.cases) {
            let fault = format!("spoil-actions={}:{way}", stage.action);
            self.fleet.ask(&["fault", "--device", name, &fault]);
        }
        let before = self.jobs();
        let devices = self.enroll(more);
        let job = (before + 1).to_string();
        let told = self.server.try_cli(&["enroll", "status", &job]);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        for ((device, (stage, way)), address) in
            devices.iter().zip(&self.cases).zip(&self.addresses)
        {
            is_told(device, stage, way, &job);
            let lines: Vec<&str> =
                told.lines().filter(|line| line.contains(&format!("{address}  "))).collect();
            if device["state"] == "failed" {
                for sign in ["why: ", "next: ", stage.step] {
                    assert!(lines.iter().any(|line| line.contains(sign)), "{sign}: {lines:#?}");
                }
            }
        }
        self.fleet.ask(&["fault", "spoil-actions=off"]);
        (job, devices)
    }

    /// Goes on with what failed, and sees that all is well.
    fn goes_on(&self, job: &str, devices: &[Value], sound: &Sound) {
        let ended = self.server.cli_json(&["enroll", "resume", job]);
        for device in ended.as_array().unwrap() {
            assert_eq!(device["state"], "done", "{device:#}");
        }
        let left = devices.iter().filter(|device| device["state"] != "done").count();
        assert_eq!(ended.as_array().unwrap().len(), left);
        self.are_sound(sound);
    }

    /// What the PCs keep, and what the server knows.
    fn are_sound(&self, sound: &Sound) {
        eventually("each PC is set up once", || {
            for kept in self.fleet.kept() {
                let count = |what: &Value| what.as_array().map_or(0, Vec::len);
                let access = &kept["remote_access"];
                let certificates = kept["certificates"]["certificates"].as_array().unwrap();
                let roots = certificates.iter().filter(|one| one["trusted_root"] == true).count();
                let there = (count(&access["servers"]), count(&access["policies"]), roots);
                if there != (sound.servers, 3, sound.roots) {
                    return Err(format!("{there:?}: {kept:#}"));
                }
            }
            Ok(())
        });
        let known = self.server.cli_json(&["devices", "ls"]);
        let known = known.as_array().unwrap();
        let here = known.iter().filter(|device| device["connectionStatus"] == true).count();
        assert_eq!((known.len(), here), (self.cases.len(), self.cases.len()));
    }

    fn jobs(&self) -> usize {
        self.server.cli_json(&["enroll", "status"]).as_array().unwrap().len()
    }

    /// As `amt-sim` calls them, in the order of the cases.
    fn names(&self) -> Vec<String> {
        let line = self.fleet.process.line(|line| line.starts_with('{'));
        let ready: Value = serde_json::from_str(&line).unwrap();
        let devices = ready["devices"].as_array().unwrap();
        devices.iter().map(|device| device["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// The stage, the reason and the next step.
#[track_caller]
fn is_told(device: &Value, stage: &Stage, way: &str, job: &str) {
    let case = format!("{}:{way}: {device:#}", stage.action);
    let steps = device["steps"].as_array().unwrap();
    if device["state"] == "done" {
        // The last change may end the connection; the PC was asked again and has it.
        assert!(way.ends_with("-done") && stage.action.contains("Environment"), "{case}");
        return;
    }
    assert_eq!(device["state"], "failed", "{case}");
    let at =
        steps.iter().position(|step| step["state"] != "done").expect("a step that is not done");
    assert!(steps[at]["text"].as_str().unwrap().contains(stage.step), "{case}");
    // Only what was surely refused is called so.
    let lost = way.starts_with("cut") || way.starts_with("silent");
    let asked_again = stage.action.contains("Environment");
    let state = if lost && !asked_again { "unknown" } else { "failed" };
    assert_eq!(steps[at]["state"], state, "{case}");
    assert!(steps[at + 1..].iter().all(|step| step["state"] == "planned"), "{case}");
    let says = |key: &str| device["problem"][key].as_str().unwrap().to_owned();
    assert!(says("detail").contains(stage.step), "{case}");
    assert!(says("next").contains(&format!("viaduct enroll resume {job}")), "{case}");
}

#[test]
fn of_a_pc_that_nobody_has_set_up() {
    let site = Site::new("fresh", &FRESH);
    site.fails_and_goes_on(&[], &Sound { servers: 1, roots: 1 });
}

#[test]
fn of_a_pc_that_another_server_manages() {
    let site = Site::new("managed", &MANAGED);
    let other = [
        "--no-wait",
        "--mps",
        "127.0.0.1:1=other.example",
        "--trigger",
        "user,periodic=3600s,alert",
    ];
    assert!(site.enroll(&other).iter().all(|device| device["problem"].is_null()));
    site.fails_and_goes_on(&[], &Sound { servers: 2, roots: 1 });
}

#[test]
fn of_a_pc_that_expects_another_certificate_here() {
    let site = Site::new("stale", &STALE);
    let own = site.server.cli_json(&[
        "enroll",
        "lan",
        &site.addresses[0],
        "--dry-run",
        "--amt-password-file",
        site.files.write("pw", PASSWORD).to_str().unwrap(),
    ]);
    let text = own[0]["steps"].to_string();
    let at = text.find("127.0.0.1:").expect("the address of the server");
    let place: String =
        text[at..].chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    let wrong = format!("{place}=wrong.example");
    let begun = site.enroll(&["--no-wait", "--mps", &wrong]);
    assert!(begun.iter().all(|device| device["problem"].is_null()), "{begun:#?}");
    let (job, devices) = site.fails(&[]);
    // What it had to give up for the new entry comes back at once, unless it takes no entry at all.
    let takes =
        |(stage, way): &(&Stage, &str)| stage.action != "AddMpServer" || way.ends_with("-done");
    for (device, case) in devices.iter().zip(&site.cases) {
        let notes = device["notes"].to_string();
        let word = if takes(case) { "was given back" } else { "may not dial in by itself" };
        assert!(notes.contains(word), "{} {}: {notes}", case.0.action, case.1);
    }
    let expected = site.cases.iter().filter(|case| takes(case)).count();
    let whole = |kept: &&Value| kept["remote_access"]["policies"].as_array().unwrap().len() == 3;
    assert_eq!(site.fleet.kept().iter().filter(whole).count(), expected);
    site.goes_on(&job, &devices, &Sound { servers: 1, roots: 1 });
}

#[test]
fn of_a_pc_that_gets_another_credential() {
    let site = Site::new("login", &LOGIN);
    assert!(site.enroll(&[]).iter().all(|device| device["state"] == "done"));
    let (job, devices) = site.fails(&["--new-credential"]);
    // Whether it has the new one, surely not, or perhaps: it signs in with what it has.
    let guids = devices.iter().map(|device| device["guid"].as_str().unwrap());
    let back: Vec<&str> =
        ["devices", "reconnect", "--wait", "--yes"].into_iter().chain(guids).collect();
    site.server.cli(&back);
    site.goes_on(&job, &devices, &Sound { servers: 1, roots: 1 });
}
