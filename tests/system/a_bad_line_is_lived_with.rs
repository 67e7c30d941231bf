//! Who sits behind a bad line is not left alone with it: an upload whose connection dies goes on by itself or says how it goes
//! on, and a drive over a long way says beforehand what it will take and what to use instead.

use crate::harness::{Demo, Directory, Platform, Process, Server, Settings, output, run, viaduct};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// A relay to a server, over a line that is bad in one way or the other.
struct Line {
    address: String,
}

impl Line {
    /// One that cuts connections: `budget` bytes go to the server in all, then every connection ends; a cut gives the next
    /// one so much again, until nothing more is given.
    fn to(server: &str, budget: u64, cuts: u64) -> Self {
        let (left, cuts) = (AtomicU64::new(budget), AtomicU64::new(cuts));
        Self::that(server, move || may_go(&left, &cuts, budget), || true)
    }

    /// One that is long: each part takes a while on its way, in both directions.
    fn long(server: &str, way: Duration) -> Self {
        let takes = move || {
            thread::park_timeout(way);
            true
        };
        Self::that(server, takes, takes)
    }

    fn that(
        server: &str,
        there: impl Fn() -> bool + Send + Sync + 'static,
        back: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = server.to_owned();
        let (there, back) = (Arc::new(there), Arc::new(back));
        thread::spawn(move || {
            for console in listener.incoming() {
                let (Ok(console), Ok(to)) = (console, TcpStream::connect(&server)) else { return };
                let (there, back) = (Arc::clone(&there), Arc::clone(&back));
                let ends = (to.try_clone().unwrap(), console.try_clone().unwrap());
                thread::spawn(move || copy(&ends.0, &ends.1, &*back));
                thread::spawn(move || copy(&console, &to, &*there));
            }
        });
        Self { address }
    }
}

/// Whether another part may pass; a cut gives the next connection its budget.
fn may_go(left: &AtomicU64, cuts: &AtomicU64, budget: u64) -> bool {
    let less = |counter: &AtomicU64, by| {
        let taken = |value: u64| value.checked_sub(by);
        counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, taken).is_ok()
    };
    let goes = less(left, PART as u64);
    if !goes && less(cuts, 1) {
        left.store(budget, Ordering::SeqCst);
    }
    goes
}

/// Bytes that are passed on at once.
const PART: usize = 16 << 10;

fn copy(mut from: &TcpStream, mut to: &TcpStream, goes: impl Fn() -> bool) {
    let mut part = vec![0; PART];
    while let Ok(read @ 1..) = from.read(&mut part) {
        if !goes() || to.write_all(&part[..read]).is_err() {
            break;
        }
    }
    // It fails where the other side has left already.
    for side in [from, to] {
        drop(side.shutdown(Shutdown::Both));
    }
}

fn upload(demo: &Demo, server: &str, iso: &PathBuf) -> (Option<i32>, String) {
    let mut command = Command::new(viaduct());
    command.args(["media", "upload"]).arg(iso).args(["--ca", demo.get("ca_file")]);
    command.args(["--server", &format!("https://{server}")]);
    let done = output(crate::harness::clean(&mut command).env("VIADUCT_TOKEN", demo.get("token")));
    let said = [&done.stdout[..], &done.stderr[..]].concat();
    (done.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn an_upload_whose_connection_dies_goes_on_by_itself_or_says_how() {
    let (demo, files) = (Demo::start(1), Directory::new());
    let web = demo.get("dashboard").trim_start_matches("https://").trim_end_matches('/');
    let image = |name: &str, seed: u8| {
        let bytes: Vec<u8> = (0..4 << 20).map(|at: u32| (at % 253) as u8 ^ seed).collect();
        std::fs::write(files.join(name), bytes).unwrap();
        files.join(name)
    };
    let hash = |iso: &PathBuf| run("sha256sum", [iso]).split(' ').next().unwrap().to_owned();

    // Cut again and again, each time somewhere else in a piece.
    let iso = image("cut.iso", 1);
    let (exit, said) = upload(&demo, &Line::to(web, 1_500_000, 20).address, &iso);
    assert_eq!(exit, Some(0), "{said}");
    for words in ["interrupted: ", "goes on as soon as it can", "the same hash there", &hash(&iso)]
    {
        assert!(said.contains(words), "{words}: {said}");
    }

    // Cut for good: what came is kept, and the next run sends the rest.
    let iso = image("gone.iso", 2);
    let (exit, said) = upload(&demo, &Line::to(web, 2_000_000, 0).address, &iso);
    assert_eq!(exit, Some(3), "{said}");
    assert!(said.contains("Run the same command again: it goes on at "), "{said}");
    assert!(!said.contains("it goes on at 0 %"), "{said}");
    let (exit, said) = upload(&demo, web, &iso);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("goes on behind ") && said.contains(&hash(&iso)), "{said}");
}

#[test]
fn a_drive_over_a_long_way_says_what_it_takes_and_what_helps() {
    let server = Server::start(&Settings::default());
    let files = Directory::new();
    let password = files.write("amt", "Office1Password!");
    let password = password.to_str().unwrap();
    let guid = "4c4c4544-004b-4210-8033-b6c04f504681";
    server.add_device("pc-far", guid, "far", "Cira1Password");
    server.cli(&["devices", "password", "pc-far", "--amt-password-file", password]);
    let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
    let far = ["--amt-password-file", password];
    let line = Line::long(&mps, Duration::from_millis(150));
    let _platform =
        Platform::dial_with(&line.address, &root, guid, "far", "Cira1Password", &far).connected();
    let mount = |name: &str, size: u64| {
        let iso = files.join(name);
        std::fs::File::create(&iso).unwrap().set_len(size).unwrap();
        let line = ["ider", "mount", "pc-far", iso.to_str().unwrap(), "--take-over"];
        Process::start(&server.cli_process(&line))
    };
    let large = mount("system.iso", 4 << 30);
    let line = large.any_line(|line| line.starts_with("link: "));
    for words in [
        "ms there and back",
        "for all of it",
        "use a small netboot image (2.0 MiB",
        "netboot-image",
    ] {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert!(line.contains("h "), "it takes hours: {line}");
    let way = line.strip_prefix("link: ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    // Twice 150 ms, and what a busy machine adds.
    assert!(way.is_some_and(|ms: u32| (300..60_000).contains(&ms)), "{line}");
    large.terminate();
    let small = mount("netboot.iso", 2 << 20);
    let line = small.any_line(|line| line.starts_with("link: "));
    assert!(line.contains("expect about") && !line.contains("netboot"), "{line}");
    small.terminate();
}
