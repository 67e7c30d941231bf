//! T-15: PCs that ask for all of a mounted image and take no byte of it: each costs the server little memory, the mount
//! ends when its time is over and says why, and the tunnel stays as long as keep-alives go to and fro.

use crate::harness::{ForeignAmt, eventually};
use serde_json::{Value, json};
use std::{env, fs, thread};

/// How many PCs, `VIADUCT_STALLED_PCS`.
fn many() -> usize {
    env::var("VIADUCT_STALLED_PCS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

/// When they lose their drive, `VIADUCT_STALLED_SECONDS`; 60 in an installation.
fn seconds() -> u32 {
    env::var("VIADUCT_STALLED_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(15)
}

/// Resident memory in bytes: `VmRSS:` of this moment, `VmHWM:` the most that there ever was.
fn resident(pid: u32, which: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(which)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn each_costs_little_ends_with_its_reason_and_stays_connected() {
    takes_nothing(false);
}

/// It grants 64 MiB, but TCP's window is closed: no answer to its keep-alives reaches it either.
#[test]
fn one_that_reads_nothing_at_all_costs_as_little_and_loses_its_tunnel() {
    takes_nothing(true);
}

#[expect(clippy::print_stdout, reason = "the figures of the promise")]
fn takes_nothing(deaf: bool) {
    let stall = seconds();
    // A tunnel without keep-alives would end long before the test does.
    let settings = format!(
        "[limits]\nstall_deadline = \"{stall}s\"\n[keepalive]\ninterval = \"2s\"\nwait = \"8s\"\n"
    );
    let guids: Vec<String> =
        (0..many()).map(|number| format!("55555555-2222-4333-8444-{number:012}")).collect();
    let fleet = ForeignAmt::fleet(&settings, &guids, deaf);
    let pid = fleet.server.process.pid();
    let content = "0123456789abcdef".repeat(128 << 10);
    let image = fleet.server.data.write("image.iso", &content);
    let begun = fleet.call("POST", "/media", &json!({ "name": "image", "size": content.len() }));
    assert_eq!(begun.status, 201, "{begun:#?}");
    let upload = fleet.curl("PATCH", "/media/image").arg("--header").arg("Upload-Offset: 0");
    let upload = upload.arg("--header").arg("Content-Type: application/offset+octet-stream");
    let done = upload.arg("--data-binary").arg(&format!("@{}", image.display())).run();
    assert_eq!(done.status, 200, "{done:#?}");
    let mount = |guid: &String| {
        let wish = json!({ "media": "image", "device": guid, "now": true });
        let answer = fleet.call("POST", "/mounts", &wish);
        assert_eq!(answer.status, 201, "{answer:#?}");
    };
    // The first one pays for what all share.
    mount(&guids[0]);
    eventually("the first one asks", || match fleet.told("greedy").len() {
        0 => Err(fleet.device.all()),
        _ => Ok(()),
    });
    let before = resident(pid, "VmRSS:");
    thread::scope(|scope| {
        for part in guids[1..].chunks(guids.len().div_ceil(4)) {
            scope.spawn(|| part.iter().for_each(mount));
        }
    });
    eventually("all of them ask", || match fleet.told("greedy").len() {
        count if count == guids.len() => Ok(()),
        count => Err(format!("{count} of {}", guids.len())),
    });
    let mounts = || -> Vec<Value> {
        let answer = fleet.call("GET", "/mounts", &Value::Null);
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:#?}"))
    };
    eventually("every mount has ended", || {
        let live = mounts().iter().filter(|mount| mount["ended"].is_null()).count();
        if live == 0 { Ok(()) } else { Err(format!("{live} are live")) }
    });
    let each = resident(pid, "VmHWM:").saturating_sub(before) / (guids.len() - 1).max(1);
    println!("at most {each} bytes for each of {} PCs", guids.len());
    assert!(each <= 512 << 10, "{each} bytes each");
    let why = if deaf { "tunnel ended" } else { "took no data for too long" };
    for mount in mounts() {
        assert!(mount["reason"].as_str().is_some_and(|said| said.contains(why)), "{mount}");
    }
    let connected = || -> Vec<Value> {
        let answer = fleet.call("GET", "/tunnels", &Value::Null);
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:#?}"))
    };
    if deaf {
        eventually("the tunnels have ended", || match connected().len() {
            0 => Ok(()),
            left => Err(format!("{left} are there")),
        });
        return;
    }
    let all = connected();
    assert_eq!(all.len(), guids.len(), "{all:?}");
    let first = |tunnel: &Value| tunnel["id"].as_u64().is_some_and(|id| id <= guids.len() as u64);
    assert!(all.iter().all(first), "a tunnel ended and another one came: {all:?}");
    let said = fleet.device.all();
    assert!(!said.contains("violation") && !said.contains("Traceback"), "{said}");
}
