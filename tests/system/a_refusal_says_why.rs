//! Whoever is refused at a proxy learns why: status, code and what to do over HTTP, reply byte over
//! SOCKS5. One row of the table for each test.

use crate::harness::{Answer, Curl, Server, Settings, demo, wsman};
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::OnceLock,
    thread,
};

const AWAY: &str = "11111111-2222-4333-8444-555555555555";

/// A server with one device that never comes, shared by tests that only look.
fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        let server = Server::start(&Settings::default());
        server.add_device("pc-away", AWAY, "pcaway", "Away1Password");
        server
    })
}

/// Asks by absolute URI, CONNECT and SOCKS5.
fn ask(url: &str, scope: &str) -> [Answer; 3] {
    static TOKENS: OnceLock<[(&str, String); 2]> = OnceLock::new();
    let server = server();
    let tokens =
        TOKENS.get_or_init(|| ["proxy", "read"].map(|scope| (scope, server.token(scope, scope))));
    let (_, token) = tokens.iter().find(|(known, _)| *known == scope).unwrap();
    let sign_in = format!("token:{token}");
    let (proxy, socks) = (server.address("HTTP proxy"), server.address("SOCKS5"));
    [
        Curl::new(url).proxy(&proxy, Some(&sign_in)).run(),
        Curl::new(url).connect(&proxy, Some(&sign_in)).run(),
        Curl::new(url).socks(&socks, Some(&sign_in)).run(),
    ]
}

#[track_caller]
fn assert_refused(answers: &[Answer; 3], status: u16, code: &str, reply: u8) {
    let [uri, connect, socks] = answers;
    assert_eq!(uri.status, status, "{uri:#?}");
    assert_eq!(uri.header("X-Viaduct-Code"), Some(code), "{uri:#?}");
    assert_eq!(uri.header("Content-Type"), Some("application/problem+json"), "{uri:#?}");
    let problem: serde_json::Value = serde_json::from_str(&uri.body).unwrap();
    assert_eq!(problem["code"], code);
    for key in ["title", "detail", "next"] {
        assert!(problem[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {problem}");
    }
    assert_eq!(connect.connect, status, "{connect:#?}");
    assert_eq!(connect.header("X-Viaduct-Code"), Some(code), "{connect:#?}");
    assert_eq!(socks.socks_reply(), Some(reply), "{socks:#?}");
}

#[test]
fn without_sign_in() {
    let demo = demo();
    let url = format!("http://{}:16992/", demo.devices[0].name);
    for sign_in in [None, Some("demo:wrong"), Some("nobody:wrong"), Some("token:wrong")] {
        let uri = demo.curl_as("absolute URI", &url, sign_in).run();
        assert_eq!((uri.status, uri.header("X-Viaduct-Code")), (407, Some("E3001")), "{uri:#?}");
        let challenge = uri.header("Proxy-Authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Basic "), "{uri:#?}");
        let connect = demo.curl_as("CONNECT", &url, sign_in).run();
        assert_eq!(connect.connect, 407, "{connect:#?}");
        let socks = demo.curl_as("SOCKS5", &url, sign_in).run();
        assert_eq!((socks.exit, socks.status), (97, 0), "{socks:#?}");
        assert_eq!(socks.socks_reply(), None, "refused before any target is named: {socks:#?}");
    }
}

#[test]
fn a_wrong_socks_password_gets_status_one() {
    let mut socks = TcpStream::connect(demo().get("socks5")).unwrap();
    socks.write_all(b"\x05\x01\x02").unwrap();
    let mut choice = [0; 2];
    socks.read_exact(&mut choice).unwrap();
    assert_eq!(choice, [5, 2]);
    socks.write_all(b"\x01\x04demo\x05wrong").unwrap();
    let mut rest = Vec::new();
    socks.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, [1, 1], "and nothing after it");
}

#[test]
fn socks_without_sign_in_is_not_acceptable() {
    let mut socks = TcpStream::connect(demo().get("socks5")).unwrap();
    socks.write_all(b"\x05\x01\x00").unwrap();
    let mut rest = Vec::new();
    socks.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, [5, 0xff], "no acceptable method, and the end");
}

#[test]
fn not_allowed() {
    assert_refused(&ask("http://pc-away:16992/", "read"), 403, "E3004", 2);
}

#[test]
fn unknown_device() {
    assert_refused(&ask("http://pc-nowhere:16992/", "proxy"), 404, "E2001", 4);
    let unknown = "http://99999999-2222-4333-8444-555555555555:16992/";
    assert_refused(&ask(unknown, "proxy"), 404, "E2001", 4);
}

#[test]
fn known_but_away() {
    let answers = ask("http://pc-away:16992/", "proxy");
    assert_refused(&answers, 503, "E2002", 3);
    let wait = answers[0].header("Retry-After").unwrap_or_default();
    assert!(wait.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{:#?}", answers[0]);
}

#[test]
fn port_not_forwarded() {
    let demo = demo();
    for port in [22, 80, 443, 8080, 65535] {
        let url = format!("http://{}:{port}/", demo.devices[0].name);
        let answers = ["absolute URI", "CONNECT", "SOCKS5"].map(|way| demo.curl(way, &url).run());
        assert_refused(&answers, 403, "E2005", 2);
    }
}

#[test]
fn bad_grammar() {
    for target in ["127.0.0.1:16992", "[::1]:16992", "10.1.2.3:16992"] {
        let answers = ask(&format!("http://{target}/"), "proxy");
        assert_refused(&answers, 400, "E1400", 8);
    }
}

#[test]
fn a_socks_command_other_than_connect() {
    let demo = demo();
    for command in [2, 3, 9] {
        let mut socks = signed_in_socks();
        let name = demo.devices[0].name.as_bytes();
        let mut request = vec![5, command, 0, 3, u8::try_from(name.len()).unwrap()];
        request.extend_from_slice(name);
        request.extend_from_slice(&16992u16.to_be_bytes());
        socks.write_all(&request).unwrap();
        let mut reply = Vec::new();
        socks.read_to_end(&mut reply).unwrap();
        assert_eq!(reply.get(..2), Some(&[5, 7][..]), "command {command}: {reply:?}");
    }
}

fn signed_in_socks() -> TcpStream {
    let demo = demo();
    let mut socks = TcpStream::connect(demo.get("socks5")).unwrap();
    let (user, password) = (demo.get("user").as_bytes(), demo.get("password").as_bytes());
    let mut hello = vec![5, 1, 2, 1, u8::try_from(user.len()).unwrap()];
    hello.extend_from_slice(user);
    hello.push(u8::try_from(password.len()).unwrap());
    hello.extend_from_slice(password);
    socks.write_all(&hello).unwrap();
    let mut welcome = [0; 4];
    socks.read_exact(&mut welcome).unwrap();
    assert_eq!(welcome, [5, 2, 1, 0], "signed in");
    socks
}

#[test]
fn all_channels_busy() {
    let settings = Settings { toml: "[limits]\nopen_deadline = \"10s\"\n".into() };
    let server = Server::start(&settings);
    let guid = "22222222-2222-4333-8444-555555555555";
    server.add_device("pc-busy", guid, "pcbusy", "Busy1Password");
    let root = server.root_certificate();
    let mps = &server.device_listeners()[0];
    let _platform =
        crate::harness::Platform::dial(mps, &root, guid, "pcbusy", "Busy1Password").connected();
    let sign_in = format!("token:{}", server.token("busy", "proxy"));
    let proxy = server.address("HTTP proxy");
    let url = "http://pc-busy:16992/";

    // Consoles that hold their channel of a WS-Man port and say nothing.
    let basic = crate::harness::run(
        "sh",
        ["-c", "printf %s \"$1\" | openssl base64 -A", "sh", sign_in.as_str()],
    );
    let hold = || {
        let mut console = TcpStream::connect(&proxy).unwrap();
        let request = format!(
            "CONNECT pc-busy:16992 HTTP/1.1\r\nHost: pc-busy:16992\r\n\
             Proxy-Authorization: Basic {basic}\r\n\r\n"
        );
        console.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        console.read_exact(&mut status).unwrap();
        (console, String::from_utf8_lossy(&status).into_owned())
    };
    let held: Vec<_> = (0..3).map(|_| hold()).collect();
    assert!(held.iter().all(|(_, status)| status == "HTTP/1.1 200"), "{held:?}");

    // Both wait for the deadline, so they wait together.
    let (answer, socks) = thread::scope(|scope| {
        let socks =
            scope.spawn(|| Curl::new(url).socks(&server.address("SOCKS5"), Some(&sign_in)).run());
        (Curl::new(url).proxy(&proxy, Some(&sign_in)).run(), socks.join().unwrap())
    });
    assert_eq!(
        (answer.status, answer.header("X-Viaduct-Code")),
        (503, Some("E2007")),
        "{answer:#?}"
    );
    assert_eq!(socks.socks_reply(), Some(5), "{socks:#?}");

    drop(held);
    // A channel that was given back is there for the next one.
    let free = Curl::new(url).proxy(&proxy, Some(&sign_in)).post(wsman::IDENTIFY).run();
    assert_eq!(free.status, 401, "the device asks who we are: {free:#?}");
}
