//! `viaduct media` brings an image into the server's library, also after a broken upload, and `viaduct ider mount` gives
//! it to a PC and tells how far it is until the PC has started from it; bad images are refused with a reason.

use crate::harness::{
    Demo, Directory, Process, demo, eventually, output, run, terminal::steps, viaduct,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output},
};

fn command(demo: &Demo, args: &[&str]) -> Command {
    let mut command = Command::new(viaduct());
    let server = demo.get("dashboard").trim_end_matches('/').to_owned();
    command.args(args).args(["--server", &server, "--ca", demo.get("ca_file")]);
    command.env("VIADUCT_TOKEN", demo.get("token")).env("NO_COLOR", "1");
    command
}

fn cli(demo: &Demo, args: &[&str]) -> Output {
    output(&mut command(demo, args))
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[track_caller]
fn ends(demo: &Demo, args: &[&str], code: i32, words: &[&str]) -> Output {
    let done = cli(demo, args);
    let text = said(&done);
    assert_eq!(done.status.code(), Some(code), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?} does not say {word}: {text}");
    }
    done
}

/// A disc with a boot record; what it boots is at its last quarter.
fn bootable(blocks: usize, seed: u8) -> Vec<u8> {
    let mut image: Vec<u8> = (0..blocks * 2048).map(|at| (at % 251) as u8 ^ seed).collect();
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    put(16 * 2048, b"\x01CD001\x01");
    put(16 * 2048 + 80, &number(blocks));
    put(17 * 2048, b"\0CD001\x01EL TORITO SPECIFICATION");
    put(17 * 2048 + 71, &number(19));
    put(18 * 2048, b"\xffCD001\x01");
    put(19 * 2048, &[0; 2048]);
    put(19 * 2048, &[1]);
    put(19 * 2048 + 32, &[0x88]);
    put(19 * 2048 + 40, &number(blocks * 3 / 4));
    image
}

fn write(directory: &Directory, name: &str, bytes: &[u8]) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

fn sha256(path: &str) -> String {
    run("sha256sum", [path]).split(' ').next().unwrap().to_owned()
}

#[test]
fn an_image_is_uploaded_with_its_hash_booted_from_and_removed() {
    let (demo, directory) = (demo(), Directory::new());
    let pc = &demo.devices[0].name;
    let iso = write(&directory, "rescue.iso", &bootable(2000, 1));
    let up = ends(demo, &["media", "upload", &iso], 0, &["has the same hash there"]);
    let expected = format!("{}  rescue.iso\n", sha256(&iso));
    assert_eq!(String::from_utf8_lossy(&up.stdout), expected, "as sha256sum has it");
    ends(demo, &["media", "upload", &iso], 0, &["is in the library already", &sha256(&iso)]);
    let other = write(&directory, "other.iso", &bootable(100, 2));
    let again = ["media", "upload", &other, "--name", "rescue.iso"];
    ends(demo, &again, 7, &["another image", "viaduct media rm rescue.iso"]);
    ends(demo, &["media", "show", "rescue.iso"], 0, &[&sha256(&iso), "complete"]);
    let wrong = ends(demo, &["ider", "mount", pc, "rescue.iso"], 2, &["--from-library rescue.iso"]);
    assert!(wrong.stdout.is_empty());

    let mount = ["ider", "mount", pc, "--from-library", "rescue.iso", "--boot", "--wait"];
    let words =
        ["link: ", " there and back", "the PC starts from rescue.iso", "viaduct ider eject"];
    ends(demo, &mount, 0, &words);
    ends(demo, &["ider", "status", pc], 0, &["rescue.iso of the library", "started from it"]);
    ends(demo, &["media", "show", "rescue.iso"], 0, &["in the drive of", pc]);
    ends(demo, &["media", "rm", "rescue.iso"], 7, &["mounted"]);
    ends(demo, &["ider", "eject", pc], 0, &["is out"]);
    ends(demo, &["media", "rm", "rescue.iso"], 0, &["removed"]);
    ends(demo, &["media", "show", "rescue.iso"], 5, &["rescue.iso"]);
}

#[test]
fn an_upload_that_broke_off_goes_on_where_it_stopped() {
    let (demo, directory) = (demo(), Directory::new());
    let iso = write(&directory, "broken.iso", &bootable(1000, 3));
    let wish = json!({ "name": "broken.iso", "size": 2_048_000, "sha256": sha256(&iso) });
    let (status, begun) = demo.rest("POST", "/media", Some(&wish));
    assert_eq!(status, 201, "{begun}");
    let part = write(&directory, "part", &bootable(1000, 3)[..500_000]);
    let url = format!("{}/media/{}", demo.get("api"), begun["id"].as_str().unwrap());
    let token = format!("Authorization: Bearer {}", demo.get("token"));
    let body = format!("@{part}");
    let ca = demo.get("ca_file");
    run(
        "curl",
        [
            "-fsS",
            "--cacert",
            ca,
            "-X",
            "PATCH",
            "-H",
            &token,
            "-H",
            "Upload-Offset: 0",
            "--data-binary",
            &body,
            &url,
        ],
    );
    ends(demo, &["media", "ls"], 0, &["24 % uploaded"]);
    ends(demo, &["media", "upload", &iso], 0, &["goes on behind 488.2 KiB", "same hash"]);
    let list = cli(demo, &["media", "ls", "-o", "json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let one = list.as_array().unwrap().iter().find(|one| one["name"] == "broken.iso").unwrap();
    assert_eq!((&one["complete"], &one["sha256"]), (&true.into(), &sha256(&iso).into()));
    ends(demo, &["media", "rm", "broken.iso"], 0, &[]);
}

#[test]
fn an_image_that_is_none_is_refused_with_its_reason() {
    let (demo, directory) = (demo(), Directory::new());
    let pc = &demo.devices[1].name;
    let empty = write(&directory, "empty.iso", &[]);
    let short = write(&directory, "short.iso", &[1; 2047]);
    let folder = directory.path().to_string_lossy().into_owned();
    let missing = directory.path().join("missing.iso").to_string_lossy().into_owned();
    for (path, why) in [
        (&missing, "does not exist"),
        (&empty, "is empty"),
        (&short, "has 2047 bytes"),
        (&folder, "is a directory"),
    ] {
        ends(demo, &["ider", "mount", pc, path], 2, &[path, why, "  next: "]);
        ends(demo, &["media", "upload", path], 2, &[path, why]);
    }
    ends(demo, &["ider", "mount", pc, "--from-library", "nowhere.iso"], 5, &["nowhere.iso"]);
    ends(demo, &["ider", "mount", pc], 2, &["--from-library"]);
}

#[test]
fn an_image_with_another_hash_than_its_publisher_says_is_not_sent() {
    let (demo, directory) = (demo(), Directory::new());
    let iso = write(&directory, "published.iso", &bootable(100, 7));
    let none = "0".repeat(64);
    let wrong = ["media", "upload", &iso, "--sha256", &none];
    ends(demo, &wrong, 14, &["E2203", &none, &sha256(&iso), "Nothing was sent"]);
    ends(demo, &["media", "show", "published.iso"], 5, &[]);
    ends(demo, &["media", "upload", &iso, "--sha256", "abc"], 2, &["64 hexadecimal digits"]);
    let line = run("sha256sum", [&iso]).to_uppercase();
    ends(demo, &["media", "upload", &iso, "--sha256", &line], 0, &["has the same hash there"]);
    ends(demo, &["media", "rm", "published.iso"], 0, &[]);
}

#[test]
fn an_image_that_changes_while_a_pc_has_it_ends_there_with_the_reason() {
    let (demo, directory) = (&Demo::start(1), Directory::new());
    let pc = &demo.devices[0].name;
    let iso = write(&directory, "changing.iso", &bootable(1000, 8));
    ends(demo, &["media", "upload", &iso], 0, &[]);
    ends(demo, &["ider", "mount", pc, "--from-library", "changing.iso"], 0, &[]);
    let (_, image) = demo.rest("GET", "/media/changing.iso", None);
    let library = Path::new(demo.get("ca_file")).ancestors().nth(2).unwrap().join("media");
    let file = library.join(format!("{}.iso", image["id"].as_str().unwrap()));
    std::fs::write(&file, bootable(999, 8)).unwrap();
    let mounted = |mount: &Value| mount["mediaName"] == "changing.iso";
    let mut ended = Value::Null;
    eventually("the mount ends", || {
        let (_, mounts) = demo.rest("GET", "/mounts", None);
        ended = mounts.as_array().unwrap().iter().find(|one| mounted(one)).unwrap().clone();
        if ended["state"] == "ended" { Ok(()) } else { Err(ended.to_string()) }
    });
    assert_eq!(ended["code"], "E2203", "{ended}");
    let reason = ended["reason"].as_str().unwrap();
    assert!(reason.contains("it had 2048000 bytes and has 2045952"), "{reason}");

    // The same with one that the command line serves itself.
    let serving = Process::start(&command(demo, &["ider", "mount", pc, &iso]));
    serving.any_line(|line| line.contains("is offered to"));
    let other = write(&directory, "other", &bootable(1000, 9));
    std::fs::rename(other, &iso).unwrap();
    serving.any_line(|line| line.contains("another file is in its place"));
    assert_eq!(serving.wait().code(), Some(14), "{}", serving.all());
    ends(demo, &["media", "rm", "changing.iso"], 0, &[]);
}

#[test]
fn on_a_terminal_progress_is_seen_and_ctrl_c_once_takes_the_image_out() {
    let (demo, directory) = (demo(), Directory::new());
    let pc = &demo.devices[2].name;
    // Cut off by 48 bytes, which is said and does not matter to the PC here.
    let image = bootable(3000, 4);
    let iso = write(&directory, "local.iso", &image[..image.len() - 48]);
    let ended = steps(
        &command(demo, &["ider", "mount", pc, &iso, "--boot"]),
        &json!([
            { "expect": "is cut off" },
            { "expect": "is offered to" },
            { "expect": "the PC reads the image" },
            { "expect": "the PC starts from local.iso" },
            { "expect": "100 %" },
            { "expect": "sectors/s" },
            { "type": "\u{3}" },
            { "expect": "bytes read" },
        ]),
    );
    assert_eq!((ended.exit, ended.restored), (Some(0), true), "{ended:?}");
    ends(demo, &["ider", "status", pc], 5, &["has no CD"]);
}

#[test]
fn shells_complete_the_names_of_devices_and_images_that_the_server_has() {
    let (demo, directory) = (demo(), Directory::new());
    let iso = write(&directory, "completed.iso", &bootable(50, 5));
    ends(demo, &["media", "upload", &iso], 0, &[]);
    let pc = &demo.devices[3].name;
    for (line, expected) in [
        (format!("viaduct sol {pc}"), pc.as_str()),
        ("viaduct power reset pc-".to_owned(), pc.as_str()),
        ("viaduct media rm compl".to_owned(), "completed.iso"),
        (format!("viaduct ider mount {pc} --from-library compl"), "completed.iso"),
    ] {
        let found = completed(demo, &line);
        assert!(found.lines().any(|word| word.trim() == expected), "{line}: {found}");
    }
    ends(demo, &["media", "rm", "completed.iso"], 0, &[]);
}

/// What bash offers behind this line.
fn completed(demo: &Demo, line: &str) -> String {
    let program = viaduct();
    let directory = Path::new(&program).parent().unwrap().display();
    let script = format!(
        "PATH={directory}:$PATH; source <(viaduct completions bash); COMP_WORDS=({line}); \
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; \
         function=$(complete -p viaduct | sed 's/.*-F \\([^ ]*\\).*/\\1/'); \
         $function viaduct \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).env("VIADUCT_TOKEN", demo.get("token"));
    bash.env("VIADUCT_SERVER", demo.get("dashboard").trim_end_matches('/'));
    bash.env("VIADUCT_CA", demo.get("ca_file"));
    said(&output(&mut bash))
}
