//! Every command that asks a server, tried by people who may not, without a server, and for PCs that are not there: the exit
//! code is that of the contract, standard output stays empty, the words say what is missing and who can help, and nothing
//! is left half done. The list of commands is the program's own.

use crate::harness::{Demo, Directory, clean, output, run, succeed, viaduct};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
};

const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";

/// Commands that need no server, or are one.
const WITHOUT_A_SERVER: [&str; 13] = [
    "serve",
    "demo",
    "completions",
    "config check",
    "config show",
    "explain",
    "host cira-log",
    "host connect",
    "host disconnect",
    "host status",
    "login",
    "logout",
    "version",
];

/// Every other command with what it is tried with, and the right of it that a viewer lacks; `-`: none. PC stands for a
/// device, ISO, PW, CSV and XML for files.
const TABLE: &str = "
amt audit-log PC | -
amt certificates PC | -
amt event-log PC | -
amt features PC | -
amt features PC --kvm on | amt.features
amt hardware PC | -
amt info PC | -
amt network PC | -
amt time PC | -
amt users PC | -
audit export | audit.read-all
audit tail | audit.read
audit verify | audit.read-all
bench PC -n 2 | -
boot bios PC | boot
boot disk PC | boot
boot https PC --url https://boot.example.com/a.efi | boot
boot ider PC | boot
boot local PC --path x | boot
boot pxe PC | boot
boot sources PC | -
boot winre PC | boot
cert export | -
cert reload | certificates.change
cert rotate --push | certificates.change
cert show | -
consent cancel PC | consent
consent request PC | -
consent status PC | -
consent submit PC 123456 | consent
devices add pc-new --guid GUID | devices.change
devices approve GUID | devices.change
devices attempts | -
devices availability PC | -
devices block PC | devices.change
devices certificate PC | -
devices export | devices.secrets
devices ignore GUID | devices.change
devices import CSV | devices.change
devices label PC site=berlin | devices.change
devices ls | -
devices password PC --amt-password-file PW | devices.change
devices reconnect PC | tunnels.disconnect
devices rename PC pc-renamed | devices.change
devices rm PC --yes | devices.remove
devices show PC | -
devices views ls | -
devices views rm none | -
devices views save mine q=till | -
devices why-offline PC | -
doctor | -
enroll cancel 7 | devices.enroll
enroll lan 127.0.0.9 --yes --amt-password-file PW | devices.enroll
enroll mebx pc-new --guid GUID | devices.enroll
enroll mescript pc-new --guid GUID | devices.enroll
enroll resume 7 --amt-password-file PW | devices.enroll
enroll script pc-new --guid GUID | devices.enroll
enroll status | devices.enroll
events | -
forward PC:16992 | proxy
ider eject PC | -
ider mount PC ISO | redirect
ider status PC | -
kvm PC --once | redirect
media ls | -
media rm none.iso | devices.change
media show none.iso | -
media upload ISO | devices.change
power cycle PC | power.reset
power graceful-off PC | power.off
power graceful-reset PC | power.reset
power hibernate PC | power.sleep
power nmi PC | power.reset
power off PC | power.off
power on PC | power.on
power reset PC | power.reset
power sleep PC | power.sleep
power state PC | -
proxy env | proxy
redirections ask 7 | -
redirections close 7 | tunnels.disconnect
redirections keep 7 | -
redirections ls | -
redirections watch 7 --to none.jpg | redirect.kvm
remote-access add-mps PC mps.example.com | amt.remote-access
remote-access policy PC user | amt.remote-access
remote-access rm-mps PC mps.example.com | amt.remote-access
remote-access set PC --always-outside | amt.remote-access
remote-access show PC | -
remote-access trigger PC user | amt.remote-access
sol PC | redirect
status | -
tokens create new --scope read | tokens.manage
tokens ls | tokens.read
tokens revoke new | tokens.manage
users add ines --role viewer --password-file PW | users.manage
users disable demo | users.manage
users enable demo | users.manage
users ls | users.read
users passwd demo --password-file PW | users.manage
users permissions | -
users reset-second-factor demo | users.manage
users rm demo --yes | users.manage
users role demo viewer | users.manage
users roles | -
users sign-out demo | users.manage
users totp confirm --code-file PW | -
users totp disable --code-file PW | -
users totp enroll | -
whoami | -
wsman enum PC CIM_Chassis | wsman.read
wsman get PC AMT_GeneralSettings | wsman.read
wsman identify PC | wsman.read
wsman invoke PC CIM_PowerManagementService RequestPowerStateChange PowerState=10 | wsman.write
wsman put PC AMT_GeneralSettings HostName=x | wsman.write
wsman raw PC XML | wsman.read
";

/// A line of the table.
struct Row {
    words: Vec<&'static str>,
    missing: Option<&'static str>,
}

impl Row {
    fn has_device(&self) -> bool {
        self.words.iter().any(|word| word.starts_with("PC"))
    }
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter_map(|line| line.split_once(" | "));
    let row = |(words, right): (&'static str, &'static str)| Row {
        words: words.split_whitespace().collect(),
        missing: Some(right).filter(|right| *right != "-"),
    };
    lines.map(row).collect()
}

/// A demonstration and what the commands are tried with.
struct Site {
    demo: Demo,
    files: Directory,
}

impl Site {
    fn new() -> Self {
        let files = Directory::new();
        files.write("pw", "Office1Password!\n");
        files.write("list.csv", &format!("name,guid\npc-new,{GUID}\n"));
        files.write("ask.xml", crate::harness::wsman::IDENTIFY);
        std::fs::write(files.join("disc.iso"), vec![0; 1 << 16]).unwrap();
        Self { demo: Demo::start(1), files }
    }

    fn server(&self) -> &str {
        self.demo.get("dashboard").trim_end_matches('/')
    }

    /// A line of the table as a command, for that device, by somebody who is not signed in.
    fn command(&self, row: &Row, device: &str) -> Command {
        let mut command = Command::new(viaduct());
        for word in &row.words {
            let file = |name| self.files.join(name).to_str().unwrap().to_owned();
            command.arg(match *word {
                "PW" => file("pw"),
                "CSV" => file("list.csv"),
                "ISO" => file("disc.iso"),
                "XML" => file("ask.xml"),
                "GUID" => GUID.to_owned(),
                word if word.starts_with("PC") => word.replacen("PC", device, 1),
                word => word.to_owned(),
            });
        }
        clean(&mut command);
        command.env("XDG_CONFIG_HOME", self.files.path()).stdin(Stdio::null());
        command
    }

    fn at_the_demo(&self, row: &Row, device: &str, token: Option<&str>) -> Command {
        let mut command = self.command(row, device);
        command.args(["--server", self.server(), "--ca", self.demo.get("ca_file")]);
        if let Some(token) = token {
            command.env("VIADUCT_TOKEN", token);
        }
        command
    }

    /// Everything that these commands could have changed.
    fn state(&self) -> Vec<Value> {
        let lists: [&[&str]; 8] = [
            &["devices", "export"],
            &["tokens", "ls"],
            &["users", "ls"],
            &["media", "ls"],
            &["redirections", "ls"],
            &["amt", "features", "pc-01"],
            &["remote-access", "show", "pc-01"],
            &["power", "state", "pc-01"],
        ];
        let read = |line: &&[&str]| {
            let text = self.demo.viaduct(&[line, &["-o", "json"][..]].concat());
            let mut all: Value = serde_json::from_str(&text).unwrap();
            for one in all.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                // When a token was used is no change of it, nor is what a PC has said of itself meanwhile.
                one.retain(|key, _| !["lastUsed", "deviceInfo"].contains(&key.as_str()));
            }
            all
        };
        lists.iter().map(read).collect()
    }
}

#[track_caller]
fn assert_refused(command: &mut Command, exit: i32, words: &[&str]) -> String {
    let done = output(command);
    let said = String::from_utf8_lossy(&done.stderr);
    let data = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(exit), "{command:?}:\n{data}{said}");
    assert_eq!(data, "", "a failure leaves the output empty: {command:?}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not said by {command:?}:\n{said}");
    }
    said.into_owned()
}

#[test]
fn every_command_is_in_the_table() {
    let pages = Directory::new();
    succeed(Command::new(viaduct()).args(["reference", "man"]).arg(pages.path()));
    let names: BTreeSet<String> = std::fs::read_dir(pages.path())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_prefix("viaduct-")?.strip_suffix(".1").map(str::to_owned)
        })
        .collect();
    assert!(names.len() > 100, "{names:?}");
    let is_group = |name: &String| names.iter().any(|other| other.starts_with(&format!("{name}-")));
    // `graceful-off` has a dash of its own; compared are names in which blanks are dashes too.
    let tried: BTreeSet<String> = rows()
        .iter()
        .flat_map(|row| (1..=row.words.len().min(3)).map(|n| row.words[..n].join("-")))
        .chain(WITHOUT_A_SERVER.iter().map(|name| name.replace(' ', "-")))
        .collect();
    let is_help = |name: &&String| name.split('-').any(|word| word == "help");
    let left: Vec<&String> = names
        .iter()
        .filter(|name| !is_group(name) && !is_help(name) && !tried.contains(*name))
        .collect();
    assert!(left.is_empty(), "not in the table: {left:?}");
}

#[test]
fn who_may_not_is_told_which_right_is_missing_and_nothing_is_done() {
    let site = Site::new();
    let password = site.files.join("pw");
    let password = password.to_str().unwrap();
    site.demo.viaduct(&["users", "add", "noor", "--role", "owner", "--password-file", password]);
    site.demo.viaduct(&["users", "add", "vera", "--role", "viewer", "--password-file", password]);
    let token = site.demo.viaduct(&["tokens", "create", "reader", "--scope", "read"]);
    let token = token.lines().last().unwrap().to_owned();
    let sign_in = ["login", site.server(), "--user", "vera", "--password-file", password];
    let sign_in =
        Row { words: sign_in.map(|word| &*word.to_owned().leak()).to_vec(), missing: None };
    let done = output(site.command(&sign_in, "").args(["--ca", site.demo.get("ca_file")]));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let before = site.state();
    for row in rows() {
        // As somebody who has signed in, from the table's point of view; then as a program with a token.
        let mut vera = site.command(&row, "pc-01");
        let Some(right) = row.missing else {
            let done = output(&mut vera);
            assert!(!matches!(done.status.code(), None | Some(6 | 101)), "{vera:?}: {done:?}");
            continue;
        };
        let right = format!("(right `{right}");
        let words = ["E3004", "vera", &right, "next: Ask ", "noor", "owner"];
        assert_refused(&mut vera, 6, &words);
        assert_refused(site.command(&row, "pc-01").args(["-o", "json"]), 6, &[&right]);
        let mut program = site.at_the_demo(&row, "pc-01", Some(&token));
        // A token for reading reads what a viewer does not.
        if !matches!(row.missing, Some("wsman.read")) {
            let said =
                assert_refused(&mut program, 6, &["E3004", "scope", "(right `", "next: Ask "]);
            assert!(!said.contains("noor"), "programs are told no names: {said}");
        }
    }
    assert_eq!(site.state(), before, "nothing was done by halves");
}

#[test]
fn without_a_server_a_sign_in_or_its_certificate_each_command_says_so() {
    let site = Site::new();
    let key = site.files.join("key.pem");
    let other = site.files.join("other.pem");
    let [key, other] = [&key, &other].map(|path: &std::path::PathBuf| path.to_str().unwrap());
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=x"];
    run("openssl", [&make[..], &["-keyout", key, "-out", other]].concat());
    let token = site.demo.get("token");
    // It reports what it finds, and says by its exit code that something is wrong.
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.words != ["doctor"]).collect();
    for row in &rows {
        let mut nobody = site.at_the_demo(row, "pc-01", None);
        let next = format!("viaduct login {}", site.server());
        assert_refused(&mut nobody, 4, &["E3001", "nobody is signed in", &next]);
        let mut gone = site.command(row, "pc-01");
        gone.args(["--server", "https://127.0.0.1:1"]).env("VIADUCT_TOKEN", token);
        assert_refused(&mut gone, 3, &["E1110", "127.0.0.1:1", "next: "]);
        let mut wrong = site.command(row, "pc-01");
        wrong.args(["--server", site.server(), "--ca", other]).env("VIADUCT_TOKEN", token);
        assert_refused(&mut wrong, 3, &["E1111", "--ca FILE"]);
    }
}

#[test]
fn a_pc_that_is_unknown_or_meant_by_two_names_is_not_guessed() {
    let site = Site::new();
    let token = site.demo.get("token");
    for (name, last) in [("till-a", 1), ("till-b", 2)] {
        let (guid, fqdn) = (
            format!("4c4c4544-004b-4210-8033-b6c04f5046{last:02}"),
            format!("till.{name}.example"),
        );
        site.demo.viaduct(&["devices", "add", name, "--guid", &guid, "--fqdn", &fqdn]);
    }
    let before = site.state();
    for row in rows().iter().filter(|row| row.has_device()) {
        let mut unknown = site.at_the_demo(row, "no-such-pc", Some(token));
        assert_refused(&mut unknown, 5, &["E2001", "no-such-pc", "viaduct devices ls"]);
        let mut both = site.at_the_demo(row, "till", Some(token));
        assert_refused(&mut both, 5, &["E2003", "till-a", "till-b"]);
        let mut slip = site.at_the_demo(row, "til-a", Some(token));
        assert_refused(&mut slip, 5, &["E2001", "til-a", "Is `till-a` meant?"]);
    }
    assert_eq!(site.state(), before);
    assert!(Path::new(site.demo.get("ca_file")).exists());
}
