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
    // Clients of other tests come from 127.1.0.0/16, and may have this port there.
    let guests = format!("017F{suffix}");
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .map(|table| fs::read_to_string(table).unwrap())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| {
            line.split_whitespace()
                .nth(2)
                .is_some_and(|remote| remote.ends_with(&suffix) && !remote.ends_with(&guests))
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

/// T-25: addresses in every notation, user information, names, and ports that nobody forwards, from a printed seed.
struct Targets(u64);

impl Targets {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % most
    }

    /// A host, none of which is a device, and a port.
    fn next(&mut self, bait: u16) -> (String, u16) {
        let address = u32::try_from(self.below(1 << 32)).unwrap();
        // Half of them are of this machine or of a network that is nobody else's business.
        let places = [0x7f00_0001, 0x0a00_0001, 0xc0a8_0101, 0xa9fe_a9fe, 0];
        let address = match self.below(2) {
            0 => address,
            _ => places[usize::try_from(self.below(5)).unwrap()],
        };
        let dotted = std::net::Ipv4Addr::from(address);
        let [a, b, c, d] = address.to_be_bytes();
        let (high, low) = (address >> 16, address & 0xffff);
        let name = format!("host-{address:x}.example.org");
        let host = match self.below(14) {
            0 => dotted.to_string(),
            1 => address.to_string(),
            2 => format!("0x{address:x}"),
            3 => format!("{a:#o}.{b:#o}.{c:#o}.{d:#o}").replace("0o", "0"),
            4 => format!("[::ffff:{dotted}]"),
            5 => format!("[::ffff:{high:x}:{low:x}]"),
            6 => format!("[64:ff9b::{high:x}:{low:x}]"),
            7 => format!("[fe80::{low:x}%25eth0]"),
            8 => format!("pc-07@{dotted}"),
            9 => format!("user:pc-07@{name}"),
            10 => format!("pc-07.{dotted}.nip.io"),
            11 => name,
            12 => format!("pc-07{}", "x".repeat(usize::try_from(self.below(400)).unwrap() + 1)),
            _ => format!("{a}.{b}.{}", address & 0xffff),
        };
        let ports = [bait, 0, 25, 80, 22, 443, 16992, 65535];
        (host, ports[usize::try_from(self.below(8)).unwrap()])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_targets_open_no_socket() {
    const EACH_WAY: usize = 3400;
    const AT_ONCE: usize = 16;
    let site = std::sync::Arc::new(Site::start().await);
    let mut device = site.device().await;
    let bait = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = bait.local_addr().unwrap().port();
    let seed = u64::from(std::process::id()) << 16 | u64::from(port);
    println!("seed {seed}");
    let mut hands = tokio::task::JoinSet::new();
    for hand in 0..AT_ONCE {
        let site = std::sync::Arc::clone(&site);
        let mut targets = Targets((seed + hand as u64) | 1);
        hands.spawn(async move {
            for _ in 0..EACH_WAY.div_ceil(AT_ONCE) {
                let (host, port) = targets.next(port);
                for line in [format!("CONNECT {host}:{port}"), format!("GET http://{host}:{port}/")]
                {
                    let mut console = site.http().await;
                    console.send(site.request(&line)).await;
                    let answer = console.answer().await;
                    assert!((400..500).contains(&answer.status), "{line}: {}", answer.head);
                    assert!(answer.code().is_some(), "{line}: {}", answer.head);
                }
                // Longer ones cannot be said in SOCKS5.
                if host.len() < 256 {
                    let mut console = site.socks().await;
                    console.send([5, 1, 2]).await;
                    console.send(site.socks_sign_in()).await;
                    console.send(socks_request(&host, port)).await;
                    let answer = console.rest().await;
                    assert!(
                        matches!(answer.get(4..6), Some([5, 2 | 4 | 8])),
                        "{host}:{port}: {answer:?}"
                    );
                }
            }
        });
    }
    while let Some(done) = hands.join_next().await {
        done.unwrap();
    }
    assert!(device.is_untouched(), "no channel was opened");
    assert_eq!(inodes_towards(port), 0, "no socket leads there");
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
