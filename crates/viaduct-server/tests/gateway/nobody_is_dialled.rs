//! The proxies are no way into the network: whatever is named, nothing is dialled or looked up.

use super::site::{Site, socks_request};
use std::{fs, path::Path};
use tokio::net::TcpListener;

/// Whatever some program somewhere takes for this machine, or for a network behind it.
const NAMES: [&str; 27] = [
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0.0.0.0",
    "0",
    "::1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "localhost",
    "LOCALHOST.",
    "pc-07.localhost",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "pc-07@127.0.0.1",
    "127.0.0.1@pc-07",
    "pc-07%40127.0.0.1",
    "pc-07#@127.0.0.1",
    "127.0.0.1\\pc-07",
    "",
    "１２７.0.0.1",
];

/// Names that a resolver would be asked about.
const UNKNOWN: [&str; 5] =
    ["example.org", "metadata.google.internal", "ip6-localhost", "localhost.localdomain", "wpad"];

fn inodes_towards(port: u16) -> usize {
    let suffix = format!(":{port:04X}");
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .map(|table| fs::read_to_string(table).unwrap())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| {
            line.split_whitespace().nth(2).is_some_and(|remote| remote.ends_with(&suffix))
        })
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_target_opens_a_socket() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let bait = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let bait_port = bait.local_addr().unwrap().port();
    for name in NAMES.into_iter().chain(UNKNOWN).chain(["pc-07"]) {
        for port in [bait_port, 0, 22, 25, 80, 443] {
            let known = name == "pc-07";
            let grammar = !UNKNOWN.contains(&name) && !known;
            let status: &[u16] = if grammar { &[400] } else { &[403, 404] };
            let reply = if grammar { 8 } else { 2 };
            for line in [format!("CONNECT {name}:{port}"), format!("GET http://{name}:{port}/")] {
                let mut console = site.http().await;
                console.send(site.request(&line)).await;
                let answer = console.answer().await;
                assert!(status.contains(&answer.status), "{line}: {}", answer.head);
            }
            let mut console = site.socks().await;
            console.send([5, 1, 2]).await;
            console.send(site.socks_sign_in()).await;
            console.send(socks_request(name, port)).await;
            let answer = console.rest().await;
            assert_eq!(answer.get(4..6), Some(&[5, reply][..]), "{name}:{port}: {answer:?}");
        }
    }
    assert!(device.is_untouched(), "no channel was opened");
    assert_eq!(inodes_towards(bait_port), 0, "no socket leads there");
    let knock = tokio::time::timeout(std::time::Duration::ZERO, bait.accept()).await;
    assert!(knock.is_err(), "nobody knocked");
}

fn sources(folder: &Path, texts: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else {
            texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_gateway_names_nothing_that_can_dial() {
    let mut texts = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/gateway")), &mut texts);
    assert!(texts.len() > 10, "the sources are where this test looks");
    for (path, text) in texts {
        for word in [
            "TcpStream::connect",
            "TcpSocket",
            "UdpSocket",
            "UnixStream",
            "lookup_host",
            "to_socket_addrs",
            "ToSocketAddrs",
            "socket2",
            "std::net::TcpStream",
            "hyper",
            "getaddrinfo",
            "Command::new",
        ] {
            let named = text
                .lines()
                .find(|line| line.contains(word) && !line.trim_start().starts_with("//"));
            assert_eq!(named, None, "{path} names {word}");
        }
    }
}
