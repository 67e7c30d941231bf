//! `viaduct kvm` shows a PC's screen to a VNC viewer that knows nothing of AMT, `viaduct sol` works in a
//! pipe, and `viaduct ider` gives a PC an image that it reads to the end.

use crate::harness::{
    Demo, Device, Directory, PATIENCE, Process, demo, eventually, output, viaduct, wsman,
};
use serde_json::json;
use std::{
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

fn command(demo: &Demo, args: &[&str]) -> Command {
    let mut command = Command::new(viaduct());
    let server = demo.get("dashboard").trim_end_matches('/').to_owned();
    command.args(["--server", &server, "--ca", demo.get("ca_file")]).args(args);
    command.env("VIADUCT_TOKEN", demo.get("token")).env("NO_COLOR", "1");
    command
}

fn run(demo: &Demo, args: &[&str]) -> Output {
    output(&mut command(demo, args))
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn reset(demo: &Demo, device: &Device) {
    let url = format!("http://{}:16992/wsman", device.name);
    let answer = demo.curl("absolute URI", &url).digest(device).post(&wsman::power(10)).run();
    answer.assert_contains("ReturnValue>0<");
}

#[test]
fn a_vnc_viewer_takes_a_picture_of_the_screen() {
    let (demo, directory) = (demo(), Directory::new());
    let device = &demo.devices[0];
    let kvm = Process::start(&command(demo, &["kvm", &device.name, "--once"]));
    let address = kvm.line(|line| line.starts_with("127.0.0.1:"));
    let port: u32 = address.rsplit(':').next().unwrap().parse().unwrap();
    let picture = directory.path().join("screen.jpg");
    // To this viewer a port is a display, counted from 5900.
    let mut viewer = Command::new("vncsnapshot");
    viewer.args(["-allowblank", "-quiet", &format!("127.0.0.1:{}", port - 5900)]).arg(&picture);
    let taken = output(&mut viewer);
    assert!(taken.status.success(), "{}\n{}", said(&taken), kvm.all());
    let bytes = std::fs::read(&picture).unwrap();
    assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.len() > 5000, "a JPEG with something on it");
    assert!(kvm.wait().success(), "{}", kvm.all());
}

/// Runs a viewer on an X server of its own until it shows enough of the desktop's blue, and moves.
const VIEWER: &str = include_str!("drivers/viewer.py");

#[test]
fn the_viewers_of_debian_show_the_screen_and_its_changes() {
    let demo = &Demo::start(1);
    let device = &demo.devices[0];
    let kvm = Process::start(&command(demo, &["kvm", &device.name, "--vnc", "127.0.0.1:0"]));
    let address = kvm.line(|line| line.starts_with("127.0.0.1:")).replace(':', "::");
    for viewer in ["xtightvncviewer", "xtigervncviewer"] {
        let task = json!({
            "viewer": [viewer, address], "seconds": PATIENCE.as_secs(),
            "colour": [0, 113, 197], "least": 100_000,
        });
        let shown = output(Command::new("python3").args(["-c", VIEWER, &task.to_string()]));
        assert!(shown.status.success(), "{viewer}: {}\n{}", said(&shown), kvm.all());
    }
    assert!(kvm.terminate().success(), "{}", kvm.all());
}

#[test]
fn the_browser_opens_the_page_of_the_screen() {
    let (demo, directory) = (demo(), Directory::new());
    let device = &demo.devices[0];
    let opened = directory.path().join("opened");
    let script = format!("#!/bin/sh\nprintf %s \"$1\" > '{}'\n", opened.display());
    let browser = directory.write("browser", &script);
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut kvm = command(demo, &["kvm", &device.name, "--browser"]);
    // Without a desktop xdg-open asks this variable.
    for desktop in ["DISPLAY", "WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION"] {
        kvm.env_remove(desktop);
    }
    let done = output(kvm.env("BROWSER", &browser));
    let address = format!("{}devices/{}/screen", demo.get("dashboard"), device.guid);
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), address, "{}", said(&done));
    assert!(said(&done).contains("opened in the browser"), "{}", said(&done));
    assert_eq!(std::fs::read_to_string(opened).unwrap(), address);
}

#[test]
fn a_second_viewer_is_told_who_is_there_and_may_take_over() {
    let demo = &Demo::start(1);
    let device = &demo.devices[0];
    let first = Process::start(&command(demo, &["kvm", &device.name]));
    first.line(|line| line.starts_with("127.0.0.1:"));
    let second = run(demo, &["kvm", &device.name]);
    let text = said(&second);
    assert_eq!(second.status.code(), Some(7), "{text}");
    assert!(text.contains("E2030") && text.contains("token:"), "{text}");
    let third = Process::start(&command(demo, &["kvm", &device.name, "--take-over"]));
    third.line(|line| line.starts_with("127.0.0.1:"));
    first.any_line(|line| line.contains("E2035"));
    assert_eq!(first.wait().code(), Some(7));
    let list = said(&run(demo, &["redirections", "ls", "-o", "json"]));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let id = list.as_array().unwrap().iter().find(|one| one["name"] == device.name.as_str());
    let id = id.unwrap()["id"].to_string();
    assert!(run(demo, &["redirections", "close", &id]).status.success());
    third.any_line(|line| line.contains("E2036"));
}

#[test]
fn a_screen_that_only_a_viewer_has_cannot_be_watched() {
    let (demo, directory) = (&Demo::start(1), Directory::new());
    let kvm = Process::start(&command(demo, &["kvm", &demo.devices[0].name]));
    kvm.line(|line| line.starts_with("127.0.0.1:"));
    let list = said(&run(demo, &["redirections", "ls", "-o", "json"]));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let (id, picture) = (list[0]["id"].to_string(), directory.join("screen.jpg"));
    let watch = run(demo, &["redirections", "watch", &id, "--to", picture.to_str().unwrap()]);
    let text = said(&watch);
    assert_eq!(watch.status.code(), Some(9), "{text}");
    for words in ["E2034", "within 15 s", "Only a page of the dashboard", "redirections ask"] {
        assert!(text.contains(words), "{text}");
    }
    assert!(!picture.exists(), "a file without a picture");
    assert!(kvm.terminate().success(), "{}", kvm.all());
}

#[test]
fn the_serial_console_works_in_a_pipe() {
    let demo = demo();
    let sol = run(demo, &["sol", &demo.devices[2].name]);
    assert!(sol.status.success(), "{}", said(&sol));
    assert!(String::from_utf8_lossy(&sol.stdout).contains("shell>"), "{}", said(&sol));
}

#[test]
fn a_pc_reads_an_image_of_this_machine_to_its_end() {
    let (demo, directory) = (demo(), Directory::new());
    let device = &demo.devices[3];
    let iso = directory.path().join("boot.iso");
    let image: Vec<u8> = (0..1_500 * 2048_u32).map(|at| (at % 253) as u8).collect();
    std::fs::write(&iso, &image).unwrap();
    let iso = iso.to_string_lossy().into_owned();
    let mount = Process::start(&command(demo, &["ider", "mount", &device.name, &iso]));
    mount.any_line(|line| line.contains("is offered to"));
    reset(demo, device);
    mount.any_line(|line| line.contains("the PC reads the image"));
    eventually("all of it is read", || {
        let text = said(&run(demo, &["ider", "status", &device.name]));
        let sent = text.rsplit("; ").next().and_then(|rest| rest.split(' ').next());
        let sent = sent.and_then(|sent| sent.parse::<usize>().ok());
        if sent.is_some_and(|sent| sent > image.len()) { Ok(()) } else { Err(text) }
    });
    assert!(run(demo, &["ider", "eject", &device.name]).status.success());
    mount.line(|line| line == format!("{} bytes read", image.len()));
    let none = run(demo, &["ider", "status", &device.name]);
    assert_eq!(none.status.code(), Some(5), "{}", said(&none));
}
