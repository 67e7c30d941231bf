//! The proxies are no way into the network: whatever a console names, no connection is opened.

use crate::harness::{Curl, Demo};
use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
};

/// Remote ends of all TCP connections of a process and of those that only exist to be tried.
fn remote_ends(pid: u32) -> Vec<String> {
    let mut ends = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap();
        // Columns: number, local address, remote address, state; 02 is SYN_SENT.
        let rows = text.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
        ends.extend(rows.filter(|row| row[3] == "02").map(|row| row[2].to_owned()));
    }
    ends
}

#[test]
fn no_target_makes_the_server_connect_anywhere() {
    let demo = Demo::start(1);
    // Where a server that dials would end up.
    let bait = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    bait.set_nonblocking(true).unwrap();
    let port = bait.local_addr().unwrap().port();
    let pc = &demo.devices[0].name;
    let targets = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("0.0.0.0:{port}"),
        format!("2130706433:{port}"),
        format!("0x7f000001:{port}"),
        format!("127.1:{port}"),
        format!("{pc}.localhost:{port}"),
        format!("{pc}:{port}"),
        "169.254.169.254:80".into(),
        "metadata.google.internal:80".into(),
        "localhost:16992".into(),
        "example.org:443".into(),
        "192.0.2.1:16992".into(),
    ];
    for target in &targets {
        for way in ["SOCKS5", "absolute URI", "CONNECT"] {
            let answer = demo.curl(way, &format!("http://{target}/")).run();
            let status = if way == "CONNECT" { answer.connect } else { answer.status };
            let refused = if way == "SOCKS5" { answer.exit == 97 } else { status >= 400 };
            assert!(refused, "{target} through {way}: {answer:#?}");
        }
    }
    // What only the proxy can mistake for a target: userinfo and other schemes.
    let proxy = demo.get("http_proxy");
    for target in
        [format!("http://{pc}:16992@127.0.0.1:{port}/"), format!("ftp://127.0.0.1:{port}/")]
    {
        let sign_in = demo.sign_in();
        let answer = Curl::new("http://unused/")
            .proxy(proxy, Some(&sign_in))
            .arg("--request-target")
            .arg(&target)
            .run();
        assert!(answer.status >= 400, "{target}: {answer:#?}");
    }
    let knocked = bait.accept().map(|(_, from)| from).map_err(|error| error.kind());
    assert_eq!(knocked, Err(ErrorKind::WouldBlock), "the server dialled");
    assert_eq!(remote_ends(demo.process.pid()), [""; 0], "the server tries to dial");
}
