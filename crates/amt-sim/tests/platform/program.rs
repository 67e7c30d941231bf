//! The program: `run` until a signal, and `fire`, `fault` and `log` beside it.

use crate::mps::{DEADLINE, Manners, Mps, NAME, soon};
use apf::{DisconnectReason, EndReason, server::Event};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// A directory that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("amt-sim-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("password"), "secret-of-the-tunnel\n").unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn amt_sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amt-sim"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(arguments: &[&str]) -> Output {
    soon("the program ends", amt_sim(arguments).output()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running program; `ready` is its line of JSON.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn command(mps: &Mps, scratch: &Scratch, more: &[&str]) -> Command {
        fs::write(scratch.file("root.pem"), mps.authority.root_pem()).unwrap();
        let mut command = amt_sim(&["run", "--json", "--cn", NAME, "--user", "fleet"]);
        command
            .args(["--mps", &mps.address.to_string(), "--root", &scratch.file("root.pem")])
            .args(["--password-file", &scratch.file("password"), "--state", &scratch.file("state")])
            .args(more)
            .stdout(Stdio::piped());
        command
    }

    fn start(mps: &Mps, scratch: &Scratch, more: &[&str]) -> Self {
        let mut child = Self::command(mps, scratch, more).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn ready(&mut self) -> Value {
        let line = soon("the program is ready", self.lines.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// As a service manager ends it.
    async fn terminate(mut self) -> Option<i32> {
        let kill = format!("kill -TERM {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
        timeout(DEADLINE, self.child.wait()).await.unwrap().unwrap().code()
    }
}

#[tokio::test]
async fn a_fleet_runs_is_fired_misbehaves_on_command_and_ends_cleanly() {
    let mut mps = Mps::start(Manners::default()).await;
    let scratch = Scratch::new();
    let state = scratch.file("state");
    let mut running = Running::start(&mps, &scratch, &["--count", "2", "--fault", "piece=7"]);
    let ready = running.ready().await;
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["pid"], running.child.id().unwrap());
    let names: Vec<&str> =
        ready["devices"].as_array().unwrap().iter().filter_map(|d| d["name"].as_str()).collect();
    assert_eq!(names, ["pc-01", "pc-02"]);
    assert!(ready["devices"][0]["amt_password"].as_str().unwrap().len() == 16);

    // Which tunnel is whose.
    let (mut one, mut two) = (mps.tunnel().await, mps.tunnel().await);
    let Event::Greeted { uuid, .. } = one.event().await else { panic!() };
    if ready["devices"][0]["guid"] != uuid.to_string() {
        std::mem::swap(&mut one, &mut two);
    }

    let fired = output(&["fire", "alert", "--state", &state, "--device", "pc-02"]).await;
    assert!(fired.status.success(), "{}", text(&fired.stderr));
    assert!(text(&fired.stdout).contains("1 platform"), "{}", text(&fired.stdout));
    two.until(|event| matches!(event, Event::Alert { .. })).await;

    let fault = output(&["fault", "direct=10.0.0.9:80", "--state", &state]).await;
    assert!(text(&fault.stdout).contains("2 platforms"), "{}", text(&fault.stderr));
    one.until(|event| matches!(event, Event::DeviceChannel { .. })).await;
    two.until(|event| matches!(event, Event::DeviceChannel { .. })).await;

    let log = output(&["log", "--state", &state, "--device", "pc-01"]).await;
    let log = text(&log.stdout);
    assert!(log.starts_with("pc-01") && log.contains("tunnel:     open"), "{log}");

    assert_eq!(running.terminate().await, Some(0));
    let goodbye = EndReason::ByPeer(DisconnectReason::BY_APPLICATION);
    assert_eq!((one.ended().await, two.ended().await), (goodbye, goodbye));
    assert!(!Path::new(&state).join("control.sock").exists());

    // What it remembers outlives it.
    let log = output(&["log", "--json", "--state", &state]).await;
    let log: Value = serde_json::from_slice(&log.stdout).unwrap();
    assert_eq!(log[1]["name"], "pc-02");
    assert_eq!(log[0]["log"]["entries"][0]["closure"]["amt_reason"], "user-request");
    let nobody = output(&["fire", "user", "--state", &state]).await;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("amt-sim run"), "{}", text(&nobody.stderr));
}

#[tokio::test]
async fn one_state_directory_has_one_program_and_a_log_that_goes_on() {
    let mut mps = Mps::start(Manners::default()).await;
    let scratch = Scratch::new();
    let guid = "12345678-9abc-def0-1122-334455667788";
    let mut first = Running::start(&mps, &scratch, &["--guid", guid]);
    assert_eq!(first.ready().await["devices"][0]["guid"], guid);
    mps.settled().await;

    let mut second = Running::command(&mps, &scratch, &[]);
    let refused = soon("the second is refused", second.output()).await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("another amt-sim"), "{}", text(&refused.stderr));
    assert_eq!(first.terminate().await, Some(0));

    let mut again = Running::start(&mps, &scratch, &["--guid", guid]);
    again.ready().await;
    let log = output(&["log", "--json", "--state", &scratch.file("state")]).await;
    let log: Value = serde_json::from_slice(&log.stdout).unwrap();
    assert_eq!(log[0]["log"]["entries"].as_array().unwrap().len(), 2);
    assert_eq!(again.terminate().await, Some(0));
}

#[tokio::test]
async fn what_a_platform_is_configured_with_survives_a_restart() {
    let mut mps = Mps::start(Manners::default()).await;
    let scratch = Scratch::new();
    let state = scratch.file("state");
    let mut first = Running::start(&mps, &scratch, &[]);
    let password = first.ready().await["devices"][0]["amt_password"].clone();
    mps.settled().await;
    let stored = || {
        let mut files = fs::read_dir(scratch.0.join("state/platform")).unwrap();
        let file = files.next().unwrap().unwrap().path();
        serde_json::from_slice::<Value>(&fs::read(file).unwrap()).unwrap()
    };
    let mut held = stored()["configuration"].clone();
    // By which root it verified its server it has found out by itself.
    for server in held["remote_access"]["servers"].as_array_mut().unwrap() {
        server.as_object_mut().unwrap().remove("root");
    }
    assert_eq!(held, stored()["given"]);
    assert_eq!(first.terminate().await, Some(0));

    // A console had taken the policies away: nothing is dialled any more.
    let mut changed = stored();
    changed["configuration"]["remote_access"]["policies"] = Value::Array(Vec::new());
    let file = fs::read_dir(scratch.0.join("state/platform")).unwrap().next().unwrap().unwrap();
    fs::write(file.path(), changed.to_string()).unwrap();
    let mut again = Running::command(&mps, &scratch, &[]).spawn().unwrap();
    let fired = loop {
        let fired = output(&["fire", "user", "--state", &state]).await;
        if !text(&fired.stderr).contains("no platform is running") {
            break fired;
        }
    };
    assert!(text(&fired.stderr).contains("no remote-access policy"), "{}", text(&fired.stderr));
    assert_eq!(stored()["amt_password"], password);
    again.start_kill().unwrap();
    soon("it ends", again.wait()).await.unwrap();

    // One that is given something else starts anew.
    let mut other = Running::start(&mps, &scratch, &["--interval", "7"]);
    other.ready().await;
    let status = output(&["status", "--state", &state]).await;
    assert!(text(&status.stdout).contains("connected"), "{}", text(&status.stdout));
    let moved = output(&["network", "inside", "--state", &state]).await;
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    let fired = output(&["fire", "alert", "--state", &state]).await;
    assert!(text(&fired.stderr).contains("inside"), "{}", text(&fired.stderr));
    assert_eq!(other.terminate().await, Some(0));
}

#[tokio::test]
async fn power_is_touched_from_a_shell_and_stays_as_it_was_over_a_restart() {
    let mps = Mps::start(Manners::default()).await;
    let scratch = Scratch::new();
    let state = scratch.file("state");
    let mut first = Running::start(&mps, &scratch, &[]);
    first.ready().await;
    let pressed = output(&["power", "button", "--state", &state]).await;
    assert_eq!(text(&pressed.stdout), "button pressed on 1 platform\n");
    let status = output(&["status", "--state", &state]).await;
    assert!(text(&status.stdout).contains("power: off"), "{}", text(&status.stdout));
    assert_eq!(first.terminate().await, Some(0));

    let mut second = Running::start(&mps, &scratch, &[]);
    second.ready().await;
    let pressed = output(&["power", "button", "--state", &state]).await;
    assert!(pressed.status.success(), "{}", text(&pressed.stderr));
    let status = output(&["status", "--state", &state]).await;
    // It was off, so the button switched it on.
    assert!(text(&status.stdout).contains("power: on"), "{}", text(&status.stdout));
    assert_eq!(second.terminate().await, Some(0));
}

#[tokio::test]
async fn a_file_has_the_same_settings_and_flags_override_it() {
    let mut mps = Mps::start(Manners::default()).await;
    let scratch = Scratch::new();
    fs::write(scratch.file("root.pem"), mps.authority.root_pem()).unwrap();
    let config = format!(
        "mps = '{}'\nroot = 'root.pem'\ncn = '{NAME}'\nuser = 'u'\npassword-file = 'password'\nname = 'desk'\n\
         trigger = 'user'\n[faults]\nmissing-ports = [5900]\n",
        mps.address
    );
    fs::write(scratch.file("platform.toml"), config).unwrap();
    let (file, state) = (scratch.file("platform.toml"), scratch.file("state"));
    let mut command = amt_sim(&["run", "--config", &file, "--trigger", "alert", "--state", &state]);
    let _child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut tunnel = mps.tunnel().await;
    let Event::Greeted { trigger, .. } = tunnel.event().await else { panic!() };
    assert_eq!(trigger.0, 2);
    let (events, _) = tunnel.until(|event| matches!(event, Event::Settled)).await;
    assert!(events.iter().any(|event| matches!(event, Event::PortForwarded { port: 16992, .. })));
    assert!(!events.iter().any(|event| matches!(event, Event::PortForwarded { port: 5900, .. })));
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_the_next_step() {
    for (arguments, code, says) in [
        (&["run"][..], 1, "--mps HOST:PORT"),
        (&["run", "--mps", "a:1"], 1, "--root"),
        (&["run", "--mps", "a:1", "--root", "/nonexistent/root.pem"], 1, "--password-file"),
        (&["run", "--mps", "nowhere", "--root", "root.pem", "--user", "u"], 1, "HOST:PORT"),
        (&["run", "--fault", "fragments=1"], 2, "unknown field"),
        (&["run", "--trigger", "boredom"], 2, "user, alert or periodic"),
        (&["run", "--config", "/nonexistent/platform.toml"], 1, "cannot be read"),
        (&["fire", "user", "--state", "/nonexistent"], 1, "no platform is running"),
        (&["log", "--state", "/nonexistent"], 1, "no platform is running"),
    ] {
        let output = output(arguments).await;
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
