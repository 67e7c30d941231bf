//! A console that stops reading fills its own window and nothing else: the other channels of the
//! same tunnel go on, and the server's memory does not grow.

use crate::harness::{Foreign, Manner, Server, Settings, pages, socks};
use std::{
    fs,
    io::{Read, Write},
};

const GUID: &str = "88888888-2222-4333-8444-555555555555";
const MIB: usize = 1 << 20;

/// Resident memory in bytes.
fn resident(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn the_flood_waits_and_the_neighbour_works() {
    let server = Server::start(&Settings::default());
    let manner = Manner { fragments: &[16384], window: 65536, credit: 32768 };
    let device = Foreign::dial(&server, "pc-flood", GUID, &manner);
    let token = server.token("flood", "proxy");
    let address = server.address("SOCKS5");
    // Its device sends for as long as it may; nobody reads.
    let mut idle = socks(&address, &token, "pc-flood", 5900);
    let mut busy = socks(&address, &token, "pc-flood", 16994);
    let block = vec![7; 64 << 10];
    let mut back = vec![0; block.len()];
    let mut round = || {
        busy.write_all(&block).unwrap();
        busy.read_exact(&mut back).unwrap();
        assert_eq!(block, back);
    };

    round();
    let before = resident(server.process.pid());
    for _ in 0..64 {
        round();
    }
    let after = resident(server.process.pid());
    assert!(after < before + 8 * MIB, "{before} grew to {after} bytes");

    // It was waiting, not lost: whoever reads again gets the stream.
    let mut late = vec![0; MIB];
    idle.read_exact(&mut late).unwrap();
    device.assert_content();
}

#[test]
fn a_page_that_takes_nothing_is_sent_away_and_the_neighbour_works() {
    let limits = "[limits]\nstall_deadline = \"8s\"\n";
    let server = Server::start(&Settings { toml: limits.into() });
    let manner = Manner { fragments: &[16384], window: 65536, credit: 32768 };
    let device = Foreign::dial(&server, "pc-flood", GUID, &manner);
    let mut busy =
        socks(&server.address("SOCKS5"), &server.token("busy", "proxy"), "pc-flood", 16994);
    let mut round = || {
        let (block, mut back) = (vec![7; 64 << 10], vec![0; 64 << 10]);
        busy.write_all(&block).unwrap();
        busy.read_exact(&mut back).unwrap();
        assert_eq!(block, back);
    };

    round();
    let before = resident(server.process.pid());
    let page = pages::hold(&server, &server.token("page", "admin"), GUID);
    page.line(|line| line.contains("holding"));
    round();
    let why = "redirection ended: the console took nothing for 8 s";
    server.process.any_line(|line| line.contains(why));
    round();
    let after = resident(server.process.pid());
    assert!(after < before + 8 * MIB, "{before} grew to {after} bytes");
    device.assert_content();
}
