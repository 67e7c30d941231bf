//! T-26: a request that two readers could read differently is refused with 400, the connection ends, and what hides
//! behind it is never carried out: by the API, the relay, the HTTP proxy and the PC behind that.

use crate::harness::{ForeignAmt, PATIENCE, base64, eventually};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

const PLAIN: &str = "[web]\nplain_listen = \"127.0.0.1:0\"\n";

/// A listener and how one asks it for something.
struct Port {
    name: &'static str,
    address: String,
    /// Request target, and fields that every request needs.
    target: &'static str,
    fields: String,
    host: &'static str,
    /// A whole request that must not be carried out.
    hidden: String,
}

impl Port {
    /// What the listener says to these bytes, to its end.
    fn says(&self, wire: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may have ended the connection before all of it was sent: that is an answer, too.
        let _sent = stream.write_all(wire);
        let mut said = Vec::new();
        let _reset = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    }

    fn request(&self, method: &str, fields: &str) -> String {
        let Self { target, host, fields: own, .. } = self;
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{own}{fields}")
    }

    /// The corpus: heads and bodies of which one reader sees another end than the next.
    fn corpus(&self) -> Vec<(&'static str, String)> {
        let post = |fields: &str| self.request("POST", fields);
        let get = |fields: &str| self.request("GET", fields);
        let chunked = "Transfer-Encoding: chunked\r\n";
        vec![
            ("CL.TE", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
            ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")),
            ("TE.TE", post(&format!("{chunked}Transfer-Encoding: x\r\n\r\n0\r\n\r\n"))),
            ("two equal lengths", post("Content-Length: 0\r\nContent-Length: 0\r\n\r\n")),
            ("two lengths", post("Content-Length: 0\r\nContent-Length: 9\r\n\r\n")),
            ("a list of lengths", post("Content-Length: 0, 0\r\n\r\n")),
            ("a signed length", post("Content-Length: +0\r\n\r\n")),
            ("a length in hexadecimal", post("Content-Length: 0x0\r\n\r\n")),
            ("a negative length", post("Content-Length: -1\r\n\r\n")),
            ("a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n\r\n")),
            ("blank before the colon", post("Content-Length : 0\r\n\r\n")),
            ("tab before the colon", post("Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n")),
            ("folded field", post("X: a\r\n Content-Length: 9\r\n\r\n")),
            ("folded encoding", post("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")),
            ("a field that begins with a blank", post(" Content-Length: 9\r\n\r\n")),
            ("bare LF behind a field", post("X: a\nContent-Length: 9\r\n\r\n")),
            ("bare LF at the end of the head", post("X: a\r\n\n")),
            ("bare LF everywhere", post("X: a\r\n\r\n").replace("\r\n", "\n")),
            ("bare CR", post("X: a\rContent-Length: 9\r\n\r\n")),
            ("NUL", post("X: a\0b\r\n\r\n")),
            ("odd encoding", post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
            ("gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")),
            ("chunked, identity", post("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
            ("quoted encoding", post("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")),
            (
                "encoding with a vertical tab",
                post("Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
            ),
            (
                "encoding in HTTP/1.0",
                get(&format!("{chunked}\r\n0\r\n\r\n")).replacen("1.1", "1.0", 1),
            ),
            ("chunk extension", post(&format!("{chunked}\r\n1;a=b\r\nx\r\n0\r\n\r\n"))),
            ("chunk extension with LF", post(&format!("{chunked}\r\n1;\nx\r\n0\r\n\r\n"))),
            ("bare LF behind a chunk size", post(&format!("{chunked}\r\n1\nx\r\n0\r\n\r\n"))),
            ("no line end behind a chunk", post(&format!("{chunked}\r\n1\r\nxy0\r\n\r\n"))),
            ("signed chunk size", post(&format!("{chunked}\r\n+1\r\nx\r\n0\r\n\r\n"))),
            ("chunk size with 0x", post(&format!("{chunked}\r\n0x1\r\nx\r\n0\r\n\r\n"))),
            (
                "chunk size beyond 64 bits",
                post(&format!("{chunked}\r\n10000000000000001\r\nx\r\n")),
            ),
            ("two hosts", get("Host: other\r\n\r\n")),
            ("two equal hosts", get(&format!("Host: {}\r\n\r\n", self.host))),
            ("no host", get("\r\n").replacen("Host:", "X-Host:", 1)),
            ("a host with a path", get("\r\n").replacen("Host: ", "Host: a/b@", 1)),
            ("blank in the target", get("\r\n").replacen(" HTTP/1.1", " x HTTP/1.1", 1)),
            ("no version", get("\r\n").replacen(" HTTP/1.1", "", 1)),
            ("another version", get("\r\n").replacen("HTTP/1.1", "HTTP/1.2\r\nX: HTTP/1.1", 1)),
            ("TLS on a port without it", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\r\n\r\n".into()),
            ("HTTP/2 on a port without it", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        ]
    }
}

fn ports(pc: &ForeignAmt) -> [Port; 3] {
    let web = pc.server.address("web, plain");
    let token = pc.server.token("smuggler", "admin");
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let proxy = pc.server.token("proxy", "proxy");
    let basic = format!("Proxy-Authorization: Basic {}\r\n", base64(&format!("token:{proxy}")));
    // If it is carried out, there is a device of this name.
    let body = json!({ "guid": "99999999-2222-4333-8444-555555555555", "hostname": "smuggled" })
        .to_string();
    let add = format!(
        "POST /api/v1/devices HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{bearer}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let relay = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    [
        Port {
            name: "API",
            address: web.clone(),
            target: "/api/v1/devices",
            fields: bearer.clone(),
            host: "a",
            hidden: add.clone(),
        },
        Port {
            name: "relay",
            address: web,
            target: "/relay/webrelay.ashx?p=2&port=16994&mode=sol",
            fields: format!("{bearer}{relay}"),
            host: "a",
            hidden: add,
        },
        Port {
            name: "HTTP proxy",
            address: pc.server.address("HTTP proxy"),
            target: "http://pc-amt:16992/wsman",
            fields: basic.clone(),
            host: "pc-amt",
            hidden: format!(
                "GET http://pc-amt:16992/smuggled HTTP/1.1\r\nHost: pc-amt\r\nConnection: close\r\n{basic}\r\n"
            ),
        },
    ]
}

/// How many answers there are; the body of one may end without a line end.
fn answers(said: &str) -> usize {
    let lines = said.split("HTTP/1.").skip(1);
    lines.filter(|rest| rest.get(2..5).is_some_and(|status| status.parse::<u16>().is_ok())).count()
}

/// That nothing hidden was carried out, anywhere.
fn nothing_happened(pc: &ForeignAmt, what: &str) {
    let lines = pc.told("line");
    assert!(!lines.iter().any(|line| line.contains("smuggled")), "{what}: {lines:?}");
    let devices = pc.call("GET", "/devices", &serde_json::Value::Null);
    assert!(devices.status == 200 && !devices.body.contains("smuggled"), "{what}: {devices:#?}");
}

#[test]
fn what_can_be_read_in_two_ways_ends_the_connection_and_hides_nothing() {
    let pc = ForeignAmt::start(PLAIN, &json!({}));
    let mut wrong = Vec::new();
    for port in ports(&pc) {
        // The corpus is only worth something when the same request without its fault is carried out.
        let fine = port.says(
            format!(
                "{}{}",
                port.request("GET", "\r\n").replacen("Upgrade: websocket\r\n", "", 1),
                port.hidden
            )
            .as_bytes(),
        );
        assert_eq!(answers(&fine), 2, "{}: {fine}", port.name);
        assert!(!fine.starts_with("HTTP/1.1 400"), "{}: {fine}", port.name);
        if port.name == "HTTP proxy" {
            // Both have reached the PC, which is heard of a moment later.
            eventually("the PC tells of both", || match pc.told("line").len() {
                2 => Ok(()),
                count => Err(format!("{count}")),
            });
        } else {
            pc.call("DELETE", "/devices/smuggled", &serde_json::Value::Null);
        }
        let before = pc.told("line").len();
        for (what, wire) in port.corpus() {
            let said = port.says(format!("{wire}{}", port.hidden).as_bytes());
            // The relay too, though it has no use for a body.
            let refused = said.starts_with("HTTP/1.1 400") || said.starts_with("HTTP/1.0 400");
            if !refused || answers(&said) != 1 {
                wrong.push(format!("{} {what}: {said}", port.name));
            }
        }
        assert_eq!(pc.told("line").len(), before, "the PC saw something of it");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let seen = pc.told("line").iter().filter(|line| line.contains("smuggled")).count();
    assert_eq!(seen, 1, "only the one that was sent in the open");
    let devices = pc.call("GET", "/devices", &serde_json::Value::Null);
    assert!(devices.status == 200 && !devices.body.contains("smuggled"), "{devices:#?}");
}

#[test]
fn a_body_is_a_body_and_a_refused_switch_changes_nothing() {
    let pc = ForeignAmt::start(PLAIN, &json!({}));
    let all = ports(&pc);
    for port in &all {
        let length = port.hidden.len();
        // CL.0: a request that needs no body has one all the same.
        let fields =
            format!("Connection: close\r\nContent-Length: {length}\r\n\r\n{}", port.hidden);
        let plain = port.request("GET", &fields).replacen("Upgrade: websocket\r\n", "", 1);
        let said = port.says(plain.as_bytes());
        assert_eq!(answers(&said), 1, "{}: {said}", port.name);
        nothing_happened(&pc, "CL.0");
        // And in chunks.
        let fields = format!(
            "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{}\r\n0\r\n\r\n",
            port.hidden
        );
        let plain = port.request("GET", &fields).replacen("Upgrade: websocket\r\n", "", 1);
        let said = port.says(plain.as_bytes());
        assert_eq!(answers(&said), 1, "{}: {said}", port.name);
        nothing_happened(&pc, "TE.0");
    }
    // A switch that is refused: what comes then is judged as strictly as before.
    let [api, ..] = &all;
    let mut stream = TcpStream::connect(&api.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(api.request("GET", "Connection: upgrade\r\nUpgrade: x\r\n\r\n").as_bytes())
        .unwrap();
    let answer = one_answer(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let hidden = &api.hidden;
    let twofold = api.request(
        "POST",
        &format!("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
    );
    stream.write_all(twofold.as_bytes()).unwrap();
    let mut said = String::new();
    let _reset = stream.read_to_string(&mut said);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400") && answers(&said) == 1, "{said}");
    nothing_happened(&pc, "behind a refused switch");
    // What is sent ahead of the answer to a switch could be read as either protocol, so it is not read.
    let h2c =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    let said = api.says(format!("{}{hidden}", api.request("GET", h2c)).as_bytes());
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    nothing_happened(&pc, "ahead of h2c");
}

/// The next answer of a connection that goes on.
fn one_answer(stream: &mut TcpStream) -> String {
    let mut said = String::new();
    let mut more = |said: &mut String, count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        said.push_str(std::str::from_utf8(&bytes).unwrap());
    };
    while !said.ends_with("\r\n\r\n") {
        more(&mut said, 1);
    }
    let length = said.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.unwrap().parse().unwrap();
    more(&mut said, length);
    said
}
