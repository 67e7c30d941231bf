//! A PC whose setting-up broke off, at whatever stage and by whomever, is told as it is and completed: the stages outlive
//! the server, going on needs nothing typed again, and nothing doubles.

use crate::harness::{
    Directory, Platform, Process, Server, Settings, eventually, free_port, lan_address,
};
use serde_json::Value;

const PASSWORD: &str = "P@ssw0rd1!";
/// What the PC gives no answer to, and how many steps the job has done by then.
const STAGES: [(&str, usize); 5] = [
    ("AddTrustedRootCertificate", 0),
    ("AddMpServer", 1),
    ("AddRemoteAccessPolicyRule", 1),
    ("RequestStateChange", 3),
    ("AMT_EnvironmentDetectionSettingData", 1),
];

fn steps(job: &Value, state: &str) -> usize {
    let steps = job[0]["steps"].as_array().unwrap();
    steps.iter().filter(|step| step["state"] == state).count()
}

fn job(server: &Server, id: &str) -> Value {
    server.cli_json(&["enroll", "status", id])
}

#[test]
fn a_server_that_is_killed_at_any_stage_shows_it_and_goes_on() {
    // The PC is told a port that must be the same after each start.
    let port = free_port();
    // The server is killed while it waits, however late it is seen to wait.
    let toml = format!(
        "[limits]\nenroll_deadline = \"10m\"\n[[cira.extra]]\nlisten = \"127.0.0.1:{port}\"\n"
    );
    let settings = Settings { toml };
    let (files, address) = (Directory::new(), lan_address());
    let pc = Platform::on_the_local_network("15.0", "pc-half", &address, PASSWORD, &[]);
    let amt = files.write("amt-password", PASSWORD);
    let mps = format!("127.0.0.1:{port}");

    let mut server = Server::start(&settings);
    for (number, (stage, done)) in STAGES.into_iter().enumerate() {
        pc.ask(&["fault", &format!("swallow-actions={stage}")]);
        let last = number.to_string();
        let begin = [
            "enroll",
            "lan",
            &address,
            "--amt-password-file",
            amt.to_str().unwrap(),
            "--yes",
            "--mps",
            &mps,
        ];
        let resume = ["enroll", "resume", &last];
        let command = server.cli_process(if number == 0 { &begin } else { &resume });
        let _client = Process::start(&command);
        let id = (number + 1).to_string();
        eventually("the PC gives no answer at that stage", || {
            let all = server.cli_json(&["enroll", "status"]);
            if all.as_array().unwrap().len() <= number {
                return Err(all.to_string());
            }
            let job = job(&server, &id);
            let there = job[0]["state"] == "changing" && steps(&job, "done") == done;
            if there { Ok(()) } else { Err(job.to_string()) }
        });
        let data = server.end(Process::kill);
        server = Server::start_in(data, &settings);

        let kept = job(&server, &id);
        assert_eq!(
            (&kept[0]["state"], steps(&kept, "done")),
            (&"failed".into(), done),
            "{stage}: {kept:#}"
        );
        assert!(steps(&kept, "planned") > 0, "{kept:#}");
        let told = server.try_cli(&["enroll", "status", &id]);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        let count = |sign: &str| told.lines().filter(|line| line.contains(sign)).count();
        assert_eq!((count(" ✓ "), count("○ not yet")), (done, steps(&kept, "planned")), "{told}");
        for words in ["why: the server stopped after", &format!("viaduct enroll resume {id}")] {
            assert!(told.contains(words), "{told}");
        }
    }
    pc.ask(&["fault", "swallow-actions=off"]);
    let last = STAGES.len().to_string();
    let ended = server.cli_json(&["enroll", "resume", &last]);
    assert_eq!(ended[0]["state"], "done", "{ended:#}");

    let there = server.cli_json(&["remote-access", "show", "pc-half"]);
    let count = |key: &str| there[key].as_array().unwrap().len();
    assert_eq!((count("mps"), count("policies"), count("roots")), (1, 3, 1), "{there:#}");
    let again = server.try_cli(&["enroll", "resume", &(STAGES.len() + 1).to_string()]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing is left to do"), "{again:?}");
}

#[test]
fn what_somebody_else_left_behind_is_told_and_completed() {
    let (server, files, address) =
        (Server::start(&Settings::default()), Directory::new(), lan_address());
    let _pc = Platform::on_the_local_network("15.0", "pc-left", &address, PASSWORD, &[]);
    let amt = files.write("amt-password", PASSWORD);
    let line = ["enroll", "lan", &address, "--amt-password-file", amt.to_str().unwrap(), "--yes"];
    // Another server was set up once, with its policies.
    let other = ["--no-wait", "--mps", "other.example=other.example"];
    server.cli(&[&line[..], &other].concat());
    let notes = |more: &[&str]| {
        let device = server.cli_json(&[&line[..], more].concat());
        (device[0]["notes"].to_string(), device[0]["state"].clone())
    };
    let (said, _) = notes(&["--dry-run"]);
    assert!(
        said.contains(
            "it was begun with already and has this server's root, policies, environment detection"
        ),
        "{said}"
    );
    assert_eq!(notes(&[]).1, "done");
    let (said, state) = notes(&["--dry-run"]);
    assert!(!said.contains("begun with already") && state == "planned", "{said}");
}

#[test]
fn a_password_that_was_refused_or_that_nobody_remembers_is_asked_for() {
    let (server, files, address) =
        (Server::start(&Settings::default()), Directory::new(), lan_address());
    let wrong = files.write("wrong", "Wr0ng!word");
    let right = files.write("right", PASSWORD);
    let _pc = Platform::on_the_local_network("15.0", "pc-asked", &address, PASSWORD, &[]);
    let failed = server.try_cli(&[
        "enroll",
        "lan",
        &address,
        "--amt-password-file",
        wrong.to_str().unwrap(),
        "--yes",
    ]);
    assert_eq!(failed.status.code(), Some(9), "{failed:?}");
    // What the PC refused is not tried on it once more.
    let same = server.try_cli(&["enroll", "resume", "1"]);
    let words = String::from_utf8_lossy(&same.stderr).into_owned();
    assert!(
        words.contains("is not tried again") && words.contains("--amt-password-file"),
        "{words}"
    );
    let data = server.end(Process::kill);
    let server = Server::start_in(data, &Settings::default());
    let refused = server.try_cli(&["enroll", "resume", "1"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        words.contains("is not known here any more") && words.contains("--amt-password-file"),
        "{words}"
    );
    let ended =
        server.cli_json(&["enroll", "resume", "1", "--amt-password-file", right.to_str().unwrap()]);
    assert_eq!(ended[0]["state"], "done", "{ended:#}");
}

#[test]
fn a_pc_that_refused_the_password_is_named_when_the_others_go_on_without_it() {
    let (server, files) = (Server::start(&Settings::default()), Directory::new());
    let [refusing, late] = [lan_address(), lan_address()];
    let other = "0ther!Password";
    let (first, second) = (files.write("first", PASSWORD), files.write("second", other));
    let _refusing = Platform::on_the_local_network("15.0", "pc-else", &refusing, other, &[]);
    let file = first.to_str().unwrap();
    let line = ["enroll", "lan", &refusing, &late, "--amt-password-file", file, "--yes"];
    // Nobody is at the second address yet, which is another reason than the first one's.
    assert_eq!(server.try_cli(&line).status.code(), Some(12));
    let _late = Platform::on_the_local_network("15.0", "pc-late", &late, PASSWORD, &[]);
    let went_on = server.try_cli(&["enroll", "resume", "1"]);
    let words = String::from_utf8_lossy(&went_on.stderr).into_owned();
    assert_eq!(went_on.status.code(), Some(12), "{words}");
    let why = format!("{refusing} refused the AMT password, so it is not tried again with it");
    let next = "viaduct enroll resume 2 --amt-password-file FILE";
    assert!(words.contains(&why) && words.contains(next), "{words}");
    let file = second.to_str().unwrap();
    let ended = server.cli_json(&["enroll", "resume", "2", "--amt-password-file", file]);
    let ended = ended.as_array().unwrap();
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!((&ended[0]["address"], &ended[0]["state"]), (&refusing.into(), &"done".into()));
}
