//! Chromium on the dashboard, driven by the scenarios of `tests/browser`.

use super::{Demo, Device, PATIENCE, Process, Server, run};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The driver with its packages, installed once from its lock file.
pub(super) fn driver() -> &'static PathBuf {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/browser"));
        let stamp = directory.join("node_modules/.package-lock.json");
        let time = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
        if time(&stamp) < time(&directory.join("package-lock.json")) {
            let prefix = directory.to_string_lossy().into_owned();
            let args = ["ci", "--prefix", &prefix, "--no-audit", "--no-fund", "--ignore-scripts"];
            run("npm", args);
            // npm leaves the time of the lock file of an earlier run when nothing is new.
            run("touch", [stamp.to_string_lossy().as_ref()]);
        }
        directory
    })
}

/// Debian calls it `chromium`; other systems have names of their own.
fn chromium() -> String {
    let names = "command -v chromium || command -v chromium-browser || command -v google-chrome";
    let found = Command::new("sh").args(["-c", names]).output().expect("a shell");
    assert!(found.status.success(), "chromium is missing: scripts/prerequisites test installs it");
    String::from_utf8_lossy(&found.stdout).trim().to_owned()
}

/// A scenario that runs.
pub(crate) struct Scenario(Process);

impl Scenario {
    /// Starts it; the task says where the dashboard is and who signs in.
    pub(crate) fn start(name: &str, mut task: Value) -> Self {
        task["chromium"] = chromium().into();
        let mut node = Command::new("node");
        node.arg("run.mjs").arg(name).arg(task.to_string()).current_dir(driver());
        Self(Process::start(super::serve::clean(&mut node)))
    }

    /// Waits for a line of it that has this word. Each of its steps has a deadline, so it ends by itself, however many
    /// steps there are.
    pub(crate) fn says(&self, word: &str) -> String {
        let fits = |line: &str| line.contains(word) || line.contains("\"failed\"");
        let line = self.0.line_within(PATIENCE * 10, fits);
        assert!(line.contains(word), "{}", unfolded(&line));
        line
    }

    /// Waits for its good end; everything it said.
    pub(crate) fn done(self) -> String {
        self.says("\"done\"");
        self.0.all()
    }
}

/// With the line breaks of what it complains about.
fn unfolded(line: &str) -> String {
    line.replace("\\n", "\n")
}

/// What a scenario needs to use a PC of a demonstration.
pub(crate) fn task(demo: &Demo, device: &Device) -> Value {
    json!({
        "dashboard": demo.get("dashboard"), "user": demo.get("user"),
        "password": demo.get("password"), "token": demo.get("token"), "device": device.guid,
    })
}

/// The dashboard of a server in a directory of its own, and its first user.
pub(crate) fn own(server: &Server) -> Value {
    json!({
        "dashboard": format!("https://{}/", server.address("web and API")),
        "user": "ines", "password": "correct horse battery", "token": server.token("test", "admin"),
    })
}

/// Follows the link that the server printed; adds a PC where the task names one.
pub(crate) fn first_steps(server: &Server, mut task: Value) {
    let link = server.process.any_line(|line| line.contains("https://") && line.contains("setup"));
    let link = link.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
    task["link"] = link.into();
    Scenario::start("firstSteps", task).done();
}
