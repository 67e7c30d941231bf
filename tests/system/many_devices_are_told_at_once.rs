//! Many devices at once: chosen by label, told some at a time, each once; the list is shown before, the end can be asked
//! for in the middle, and `--dry-run` changes nothing at all.

use crate::harness::{Demo, Process, on_terminal, output, run, viaduct};
use serde_json::Value;
use std::process::Command;

fn words(demo: &Demo, args: &[&str]) -> Vec<String> {
    let server = demo.get("dashboard").trim_end_matches('/');
    let program = viaduct().display().to_string();
    let token = format!("VIADUCT_TOKEN={}", demo.get("token"));
    let own = ["env", &token, "NO_COLOR=1", &program, "--server", server];
    let ca = ["--ca", demo.get("ca_file")];
    [&own[..], &ca, args].concat().into_iter().map(str::to_owned).collect()
}

fn command(demo: &Demo, args: &[&str]) -> Command {
    let words = words(demo, args);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// Exit code, data and notes.
fn cli(demo: &Demo, args: &[&str]) -> (i32, String, String) {
    let done = output(&mut command(demo, args));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the server keeps of its devices, and what it wrote down about who did what.
fn all(demo: &Demo) -> (Value, String) {
    let (_, devices, _) = cli(demo, &["devices", "ls", "-o", "json"]);
    let mut devices: Value = serde_json::from_str(&devices).unwrap();
    for device in devices.as_array_mut().unwrap() {
        for key in ["tunnel", "lastSeen", "traffic", "deviceInfo"] {
            device.as_object_mut().unwrap().remove(key);
        }
    }
    (devices, cli(demo, &["audit", "tail", "-o", "json"]).1)
}

#[test]
fn devices_are_chosen_by_label_and_told_with_a_line_for_each() {
    let demo = Demo::start(4);
    let names: Vec<&str> = demo.devices.iter().map(|device| device.name.as_str()).collect();
    for name in &names[..2] {
        assert_eq!(cli(&demo, &["devices", "label", name, "role=till"]).0, 0);
    }
    let (exit, out, _) = cli(&demo, &["power", "state", "label:site=demo,role=till", "-o", "csv"]);
    assert_eq!((exit, out.lines().count()), (0, 3), "{out}");

    let (exit, out, err) = cli(&demo, &["power", "reset", "-l", "role=till"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(names[..2].iter().all(|name| err.contains(name)) && err.contains("--yes"), "{err}");
    let (exit, _, err) =
        cli(&demo, &["power", "reset", "-l", "site=demo", "--max-devices", "3", "-y"]);
    assert!(exit == 13 && err.contains("--max-devices 4"), "{exit} {err}");

    let away = "4c4c4544-004b-4210-8033-b6c04f504698";
    cli(&demo, &["devices", "add", "pc-away", "--guid", away, "--label", "role=till"]);
    let reset = ["power", "reset", "-l", "role=till", "--yes", "-o", "ndjson"];
    let (exit, out, err) = cli(&demo, &[&reset[..], &["--max-parallel", "1"]].concat());
    let told = rows(&out);
    assert_eq!((exit, told.len()), (12, 3), "{out}{err}");
    let failed = told.iter().find(|row| row["name"] == "pc-away").unwrap();
    assert_eq!((&failed["result"], &failed["code"]), (&"away".into(), &"E2002".into()));
    assert!(err.contains("2 of 3 done"), "{err}");

    // In the order of their names the one that is away comes last; now first.
    cli(&demo, &["devices", "rename", "pc-away", "a-pc-away"]);
    let stop = ["--max-parallel", "1", "--stop-after-failures", "1"];
    let (exit, out, err) = cli(&demo, &[&reset[..], &stop].concat());
    let told = rows(&out);
    assert_eq!(exit, 8, "nothing was done: {out}{err}");
    let unbegun = told.iter().filter(|row| row["result"] == "not begun").count();
    assert!(unbegun == 2 && err.contains("not begun: "), "{out}{err}");

    let list = [names[0], names[1]].join("\n");
    let file = crate::harness::Directory::new();
    let file = file.write("list", &list);
    let (exit, out, _) = cli(&demo, &["power", "state", &format!("@{}", file.display())]);
    assert_eq!((exit, out.lines().count()), (0, 3), "{out}");
}

#[test]
fn on_a_terminal_the_number_is_asked_for_and_progress_is_shown() {
    let demo = Demo::start(3);
    let wrong = words(&demo, &["power", "reset", "-l", "site=demo"]);
    let said =
        on_terminal(&wrong, &[("Type 3 to reset these devices: ", "2\n"), ("not confirmed", "")]);
    assert!(said.unwrap().contains(&demo.devices[2].name));
    let talk = [("Type 3 to reset these devices: ", "3\n"), ("3 of 3 done", "")];
    let said = on_terminal(&wrong, &talk).unwrap();
    assert!(said.contains("▕") && said.contains("of 3"), "{said}");
}

/// Halts server and PCs while something is done, so that no PC gets on with its reset meanwhile.
fn halted<T>(demo: &Demo, meanwhile: impl FnOnce() -> T) -> T {
    let pid = demo.process.pid().to_string();
    run("kill", ["-STOP", &pid]);
    let done = meanwhile();
    run("kill", ["-CONT", &pid]);
    done
}

#[test]
fn ctrl_c_begins_nothing_new_and_a_second_one_waits_for_nothing() {
    let demo = Demo::start(6);
    let names: Vec<&str> = demo.devices.iter().map(|device| device.name.as_str()).collect();
    let slow = ["power", "reset", "-l", "site=demo", "--yes", "--wait", "--max-parallel", "1"];
    // Which of them it finds under way depends on how soon it comes; how many were begun by then.
    let interrupt = |process: &Process| {
        run("kill", ["-INT", &process.pid().to_string()]);
        let line = process.any_line(|line| line.contains(" are not begun"));
        let left = line.split(' ').find_map(|word| word.parse::<usize>().ok());
        let begun = names.len() - left.unwrap();
        assert!(begun < names.len() && line.contains(names[begun - 1]), "{line}");
        begun
    };

    let once = Process::start(&command(&demo, &slow));
    once.any_line(|line| line.contains("accepted by AMT"));
    let begun = halted(&demo, || interrupt(&once));
    assert_eq!(once.wait().code(), Some(12), "{}", once.all());
    let left = format!("not begun: {}", names[begun..].join(", "));
    let done = format!("{begun} of {} done", names.len());
    assert!(once.all().contains(&left) && once.all().contains(&done), "{}", once.all());

    let twice = Process::start(&command(&demo, &slow));
    twice.any_line(|line| line.contains("accepted by AMT"));
    let begun = halted(&demo, || {
        let begun = interrupt(&twice);
        twice.any_line(|line| line.contains("Ctrl-C again"));
        run("kill", ["-INT", &twice.pid().to_string()]);
        twice.any_line(|line| line.contains("not waited for") && line.contains(names[begun - 1]));
        begun
    });
    let exit = if begun == 1 { 11 } else { 12 };
    assert_eq!(twice.wait().code(), Some(exit), "{}", twice.all());
    assert!(twice.all().contains("E2045"), "{}", twice.all());
}

#[test]
fn a_rehearsal_changes_nothing() {
    let demo = Demo::start(2);
    let one = demo.devices[0].name.as_str();
    let guid = "4c4c4544-004b-4210-8033-b6c04f504697";
    let file = crate::harness::Directory::new();
    let list = file.write("list.csv", &format!("name,guid\nnew,{guid}\n"));
    let secret = file.write("secret", "S3cret-Passw0rd");
    let (list, secret) = (list.to_str().unwrap(), secret.to_str().unwrap());
    let iso = file.write("boot.iso", &"x".repeat(4096));
    let iso = iso.to_str().unwrap();
    let before = all(&demo);
    for line in [
        &["devices", "add", "new", "--guid", guid, "--amt-password-file", secret][..],
        &["devices", "import", list],
        &["devices", "rename", one, "other"],
        &["devices", "label", one, "a=b"],
        &["devices", "block", one],
        &["devices", "approve", one],
        &["devices", "rm", one],
        &["devices", "reconnect", one],
        &["amt", "features", one, "--kvm", "off"],
        &["devices", "password", one, "--amt-password-file", secret],
        &["tokens", "create", "t", "--scope", "read"],
        &["users", "add", "ines", "--role", "operator", "--password-file", secret],
        &["power", "off", one],
        &["boot", "bios", one],
        &["consent", "cancel", one],
        &["wsman", "put", one, "AMT_GeneralSettings", "HostName=x"],
        &["wsman", "invoke", one, "CIM_PowerManagementService", "RequestPowerStateChange"],
        &["remote-access", "trigger", one, "off"],
        &["ider", "mount", one, iso],
        &["sol", one],
        &["kvm", one],
        &["cert", "reload"],
        &["cert", "rotate", "--push"],
    ] {
        let (exit, out, err) = cli(&demo, &[line, &["--dry-run"]].concat());
        assert_eq!(exit, 0, "{line:?}: {out}{err}");
        let said = format!("{out}{err}");
        assert!(said.contains("would ") || said.contains("could "), "{line:?}: {said}");
        assert!(!said.contains("S3cret"), "{line:?}: {said}");
    }
    assert_eq!(all(&demo), before);
    assert!(cli(&demo, &["power", "state", one]).1.contains("on"));
    assert_eq!(cli(&demo, &["devices", "rm", "nobody", "--dry-run"]).0, 5);
    assert_eq!(cli(&demo, &["serve", "--dry-run"]).0, 2);
}
