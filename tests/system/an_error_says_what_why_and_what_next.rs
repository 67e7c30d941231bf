//! The errors that people meet first: each is provoked through the real programs, has its code, names what it is about
//! and says what to do; `viaduct explain` knows every code.

use crate::harness::{
    Directory, Platform, Process, Server, Settings, eventually, handshake, output, run, viaduct,
};
use std::{
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::Command,
};

const PASSWORD: &str = "Office1Password!";
const CIRA: &str = "Cira1Password";

fn guid(n: u32) -> String {
    format!("4c4c4544-004b-4210-8033-b6c04f5046{n:02}")
}

/// What a command said, and its exit code.
fn said(command: &mut Command) -> (i32, String) {
    let done = output(command.env("NO_COLOR", "1"));
    let text = [&done.stdout[..], &done.stderr[..]].concat();
    (done.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn assert_says((exit, text): &(i32, String), expected: i32, words: &[&str]) {
    assert_eq!(*exit, expected, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not said:\n{text}");
    }
}

/// Server, platforms and what they need.
struct Site {
    server: Server,
    files: Directory,
    mps: String,
}

impl Site {
    fn new(toml: &str) -> Self {
        let server = Server::start(&Settings { toml: toml.into() });
        let mps = server.device_listeners().remove(0);
        Self { server, files: Directory::new(), mps }
    }

    /// A device that is known, with the AMT password of all platforms here.
    fn add(&self, name: &str, number: u32, cira: &str) {
        let amt = self.files.write("amt", PASSWORD);
        let cira = self.files.write("cira", cira);
        let (amt, cira) = (amt.to_str().unwrap(), cira.to_str().unwrap());
        let guid = guid(number);
        let line = ["devices", "add", name, "--guid", &guid, "--cira-user", "u"];
        let files = ["--cira-password-file", cira, "--amt-password-file", amt];
        self.server.cli(&[&line[..], &files[..]].concat());
    }

    fn dial(&self, number: u32, more: &[&str]) -> Platform {
        let amt = self.files.write("amt", PASSWORD);
        let root = self.server.root_certificate();
        let more = [&["--amt-password-file", amt.to_str().unwrap()], more].concat();
        Platform::dial_with(&self.mps, &root, &guid(number), "u", CIRA, &more)
    }

    fn cli(&self, args: &[&str]) -> (i32, String) {
        let done = self.server.try_cli(args);
        let text = [&done.stdout[..], &done.stderr[..]].concat();
        (done.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
    }

    #[track_caller]
    fn eventually_says(&self, args: &[&str], words: &[&str]) {
        eventually(&format!("{words:?} of {args:?}"), || {
            let (_, text) = self.cli(args);
            let all = words.iter().all(|word| text.contains(word));
            if all { Ok(()) } else { Err(text) }
        });
    }
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let files = Directory::new();
    let serve = |data: &std::path::Path, more: &[&str]| {
        let mut command = Server::command(data, &files.write("empty.toml", ""));
        said(command.args(more))
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = serve(&files.join("one"), &["--set", &format!("cira.listen={address}")]);
    let pid = format!("pid {}", std::process::id());
    assert_says(&told, 2, &["E1001", &address, "used by", &pid, "Stop that program"]);

    let open = files.join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o755)).unwrap();
    let path = open.to_str().unwrap();
    let told = serve(&open, &[]);
    assert_says(&told, 2, &["E1007", path, "0755", "holds keys", &format!("chmod 700 {path}")]);

    let file = files.write("bad.toml", "[keepalive]\n\nwait = 5\n");
    let told = said(Command::new(viaduct()).args(["config", "check", "--config"]).arg(&file));
    let place = format!("{} line 3", file.display());
    assert_says(&told, 2, &["E1012", &place, "`keepalive.wait`", "accepted: a duration from 1s"]);
}

#[test]
fn another_name_of_the_server_is_warned_of() {
    let server = Server::start(&Settings::default());
    let data = server.end(|process| assert!(process.terminate().success()));
    let files = Directory::new();
    let mut command = Server::command(data.path(), &files.write("empty.toml", ""));
    command.args(["--set", "cira.names=[\"mps.new.example\"]"]);
    let process = Process::start(&command);
    let line = process.any_line(|line| line.contains("E1103"));
    for word in ["from 127.0.0.1 to mps.new.example", "names = [", "viaduct cert rotate --plan"] {
        assert!(line.contains(word), "{word} is not said: {line}");
    }
    process.any_line(|line| line.starts_with("root "));
    let times = process.all().matches("E1103").count();
    assert_eq!(times, 1, "{}", process.all());
}

#[test]
fn a_device_that_is_away_or_turned_away_says_so() {
    let site = Site::new("");
    site.add("pc-away", 1, CIRA);
    let away = site.cli(&["power", "reset", "pc-away"]);
    let why = "`viaduct devices why-offline pc-away`";
    assert_says(&away, 8, &["E2002", "pc-away has no tunnel", "nothing was sent to reset it", why]);

    site.add("pc-wrong", 2, "Other1Password");
    let _wrong = site.dial(2, &[]);
    site.eventually_says(&["status"], &["E2019", "pc-wrong", "wrong CIRA user or password"]);
    let why = site.cli(&["devices", "why-offline", "pc-wrong"]);
    assert_says(&why, 0, &["E2019", "127.0.0.1", "devices add pc-wrong"]);

    let _unknown = site.dial(3, &[]);
    site.eventually_says(&["status"], &["E2017", &guid(3), "127.0.0.1", "devices approve"]);

    drop(handshake(&site.mps, "-tls1 -cipher ALL:@SECLEVEL=0"));
    let line = site.server.process.any_line(|line| line.contains("E2061"));
    for word in ["TLS 1.0", "127.0.0.1", "update its firmware", "legacy"] {
        assert!(line.contains(word), "{word} is not said: {line}");
    }
}

#[test]
fn two_machines_of_one_identity_are_named() {
    let site = Site::new("");
    site.add("pc-twin", 4, CIRA);
    let _one = site.dial(4, &["--source", "127.0.0.31", "--retry", "eager"]);
    let _other = site.dial(4, &["--source", "127.0.0.32", "--retry", "eager"]);
    let words = ["E2023", "pc-twin", "127.0.0.31", "127.0.0.32", "another UUID"];
    site.eventually_says(&["status"], &words);
    // Whom it would hit is not known, so nobody is.
    let words = ["E2023", "127.0.0.31", "127.0.0.32", "nothing was sent", "another UUID"];
    site.eventually_says(&["power", "reset", "pc-twin"], &words);
    site.eventually_says(&["devices", "show", "pc-twin"], &["127.0.0.31", "127.0.0.32"]);
}

#[test]
fn what_a_pc_refuses_is_said_with_the_way_out() {
    let site = Site::new("[limits]\ncommand_deadline = \"8s\"\n");
    site.add("pc-1", 5, CIRA);
    site.add("pc-2", 6, CIRA);
    let one = site.dial(5, &[]).connected();
    let two = site.dial(6, &["--provisioning", "ccm"]).connected();

    let wrong = site.files.write("wrong", "Wrong1Password!");
    let right = site.files.write("right", PASSWORD);
    let store = |file: &std::path::Path| {
        let file = file.to_str().unwrap();
        assert_says(
            &site.cli(&["devices", "password", "pc-1", "--amt-password-file", file]),
            0,
            &[],
        );
    };
    store(&wrong);
    let refused = site.cli(&["power", "state", "pc-1"]);
    assert_says(
        &refused,
        9,
        &["E2010", "pc-1", "probably changed", "viaduct devices password pc-1"],
    );
    store(&right);
    assert_says(&site.cli(&["power", "state", "pc-1"]), 0, &["on"]);

    assert_says(&site.cli(&["amt", "features", "pc-1", "--kvm", "off"]), 0, &["KVM: false"]);
    let off = site.cli(&["kvm", "pc-1", "--once"]);
    assert_says(&off, 9, &["E2031", "KVM is switched off", "viaduct amt features pc-1 --kvm on"]);
    assert_says(&site.cli(&["amt", "features", "pc-1", "--kvm", "on"]), 0, &["KVM: true"]);

    let needed = site.cli(&["kvm", "pc-2", "--once"]);
    assert_says(&needed, 10, &["E2032", "pc-2", "viaduct consent request pc-2"]);
    assert_says(&site.cli(&["consent", "request", "pc-2"]), 0, &["consent submit pc-2 CODE"]);
    let is_it = two.ask(&["status"]).contains("the code is 000001");
    let code = if is_it { "000002" } else { "000001" };
    let submit = || site.cli(&["consent", "submit", "pc-2", code]);
    let again = "Ask the person at the PC to read it again";
    assert_says(&submit(), 10, &["E2040", "pc-2", "2 tries are left", again]);
    assert_says(&submit(), 10, &["E2040", "pc-2", "1 try is left", again]);
    let (wait, ask) = ("Wait a minute or more", "viaduct consent request pc-2");
    let last = submit();
    assert_says(&last, 10, &["E2040", "pc-2", "that was the last try", wait, ask]);
    assert!(!last.1.contains("2066"), "{}", last.1);
    for step in [&["request", "pc-2"][..], &["submit", "pc-2", code]] {
        let told = site.cli(&[&["consent"], step].concat());
        assert_says(&told, 10, &["E2032", "pc-2: too many wrong codes", wait, ask]);
    }

    one.ask(&["fault", "swallow-requests=1"]);
    let call = ["CIM_PowerManagementService", "RequestPowerStateChange", "PowerState=10"];
    let unknown = site.cli(&[&["wsman", "invoke", "pc-1"][..], &call].concat());
    let next = "viaduct power state";
    assert_says(&unknown, 11, &["E2045", "It is not sent again", next]);

    let token = site.server.token("reader", "read");
    let mut reset = Command::new(viaduct());
    reset.args(["power", "reset", "pc-1", "--server"]);
    reset.arg(format!("https://{}", site.server.address("web and API")));
    reset.arg("--ca").arg(site.server.root_certificate()).env("VIADUCT_TOKEN", token);
    assert_says(
        &said(&mut reset),
        6,
        &["E3004", "pc-1", "scope `read`", "one of the scope `operate` or `admin`"],
    );

    one.ask(&["fault", "no-picture=true"]);
    let kvm = Process::start(&site.server.cli_process(&["kvm", "pc-1"]));
    let address = kvm.line(|line| line.starts_with("127.0.0.1:"));
    // A viewer that says nothing, and stays.
    let _viewer = TcpStream::connect(&address).unwrap();
    kvm.any_line(|line| line.contains("E2034"));
    kvm.any_line(|line| line.contains("pc-1 has sent none for 5 s"));
    kvm.any_line(|line| line.contains("next:") && line.contains("viaduct power state pc-1"));
}

#[test]
fn without_an_audit_record_nothing_is_done() {
    let site = Site::new("");
    site.add("pc-1", 7, CIRA);
    let platform = site.dial(7, &[]).connected();
    let pid = site.server.process.pid().to_string();
    run("prlimit", ["--pid", &pid, "--fsize=1:unlimited"]);
    let told = site.cli(&["power", "off", "pc-1"]);
    assert_says(&told, 1, &["E4002", "pc-1", "nothing was done", "Make room on the disk"]);
    assert_says(&site.cli(&["power", "state", "pc-1"]), 0, &["on"]);
    assert!(!platform.ask(&["status"]).contains("power: off"), "nothing reached it");
    run("prlimit", ["--pid", &pid, "--fsize=unlimited:unlimited"]);
    eventually("the recovery", || match site.cli(&["power", "off", "pc-1"]) {
        (0, _) => Ok(()),
        (_, text) => Err(text),
    });
}

#[test]
fn every_code_is_explained() {
    let list = said(Command::new(viaduct()).args(["explain", "-o", "json"]));
    let list: serde_json::Value = serde_json::from_str(&list.1).unwrap();
    let codes = list.as_array().unwrap();
    assert!(codes.len() > 90, "{}", codes.len());
    for row in codes {
        let code = row["code"].as_str().unwrap();
        let told = said(Command::new(viaduct()).args(["help", "errors", code]));
        let words = ["code", "title", "cause", "next"].map(|key| row[key].as_str().unwrap());
        assert_says(&told, 0, &words);
    }
    for code in [
        "E1001", "E1007", "E1012", "E1103", "E2001", "E2010", "E2017", "E2019", "E2023", "E2031",
        "E2034", "E2040", "E2045", "E2061", "E3004", "E4002",
    ] {
        assert!(codes.iter().any(|row| row["code"] == code), "{code} is not there");
    }
    assert_says(&said(Command::new(viaduct()).args(["explain", "E9999"])), 2, &["no code"]);
}
