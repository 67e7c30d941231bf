//! A request that two readers could read differently is answered with 400, and nothing behind it is read.

use super::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_end_the_connection_and_touch_no_device() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let post = |fields: &str| {
        format!(
            "POST http://pc-07:16992/ HTTP/1.1\r\nHost: pc-07\r\n{}{fields}",
            site.authorization()
        )
    };
    let inner = "GET http://pc-07:16992/smuggled HTTP/1.1\r\nHost: pc-07\r\n\r\n";
    for (name, wire) in [
        ("CL.TE", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")),
        ("two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n\r\n")),
        ("equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")),
        ("odd encoding", post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("two encodings", post("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")),
        ("blank before the colon", post("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")),
        ("folded line", post("X: a\r\n b\r\n\r\n")),
        ("bare LF", post("X: a\nContent-Length: 5\r\n\r\n")),
        ("bare LF alone", post("\n").replace("\r\n", "\n")),
        ("bare CR", post("X: a\rContent-Length: 5\r\n\r\n")),
        ("NUL", post("X: a\0\r\n\r\n")),
        ("chunk extension", post("Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n")),
        ("bare LF in chunks", post("Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n")),
        ("signed chunk size", post("Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n")),
        ("two hosts", post("Host: pc-08\r\n\r\n")),
        ("no head at all", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned()),
    ] {
        let mut console = site.http().await;
        console.send(format!("{wire}{inner}")).await;
        let answer = console.answer().await;
        assert_eq!((answer.status, answer.code()), (400, Some("E1400")), "{name}: {}", answer.head);
        assert_eq!(answer.field("Connection"), Some("close"), "{name}");
        let rest = console.rest().await;
        assert!(rest.is_empty(), "{name}: {}", String::from_utf8_lossy(&rest));
    }
    assert!(device.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_sent_ahead_of_a_refused_tunnel_are_not_read_as_a_request() {
    let site = Site::start().await;
    let mut device = site.device().await;
    for target in ["pc-08:16992", "pc-07:22", "127.0.0.1:16992"] {
        let mut console = site.http().await;
        let inner = site.request("GET http://pc-07:16992/smuggled");
        console.send(site.request(&format!("CONNECT {target}")) + &inner).await;
        assert!(console.answer().await.status >= 400);
        assert!(console.rest().await.is_empty(), "{target}");
    }
    let mut console = site.http().await;
    let inner = site.request("GET http://pc-07:16992/smuggled");
    console.send(format!("CONNECT pc-07:16992 HTTP/1.1\r\nHost: pc-07\r\n\r\n{inner}")).await;
    assert_eq!(console.answer().await.status, 407);
    assert!(console.rest().await.is_empty());
    assert!(device.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_forms_of_request_are_explained() {
    let site = Site::start().await;
    for (line, word) in [
        ("GET /", "This is an HTTP proxy"),
        ("GET https://pc-07:16993/", "Use CONNECT"),
        ("GET ftp://pc-07/", "neither an http:// URI"),
        ("CONNECT pc-07", "no port"),
    ] {
        let mut console = site.http().await;
        console.send(site.request(line)).await;
        let answer = console.answer().await;
        assert_eq!((answer.status, answer.code()), (400, Some("E1400")), "{line}");
        assert!(answer.body.contains(word), "{line}: {}", answer.body);
    }
    let mut console = site.http().await;
    console.send(format!("GET http://pc-07:16992/ HTTP/1.1\r\nX: {}", "a".repeat(17 << 10))).await;
    assert_eq!(console.answer().await.status, 431);
}
