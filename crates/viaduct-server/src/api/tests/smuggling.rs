//! Requests that two readers could read differently are refused on the API's own listener, and nothing behind them is
//! read.

use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A request that is answered 200, as it would be smuggled.
const HIDDEN: &str = "GET /api/v1/health HTTP/1.1\r\nHost: a\r\n\r\n";

/// Everything that comes back until the server closes.
async fn answers(bytes: &str) -> String {
    let bench = Bench::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, down) = watch::channel(false);
    tokio::spawn(serve_http(router(bench.api.clone()), listener, None, down));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(bytes.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    // A server that closes with bytes unread may reset the connection.
    let mut piece = [0; 4096];
    while let Ok(count) = client.read(&mut piece).await {
        if count == 0 {
            break;
        }
        text.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn ambiguous_requests_are_answered_400_and_the_connection_is_closed() {
    for fields in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "Content-Length: 6\r\nContent-Length: 6\r\n",
        "Content-Length: 6\r\nContent-Length: 0\r\n",
        "Content-Length: 6, 6\r\n",
        "Content-Length: +6\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X-Folded: a\r\n b\r\n",
        "X-Bare: a\nContent-Length: 6\r\n",
        "Host: b\r\n",
    ] {
        let request =
            format!("POST /api/v1/authorize HTTP/1.1\r\nHost: a\r\n{fields}\r\n0\r\n\r\n");
        let text = answers(&format!("{request}{HIDDEN}")).await;
        assert!(text.starts_with("HTTP/1.1 400 "), "{fields:?}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{fields:?}: {text}");
    }
}

#[tokio::test]
async fn what_is_clear_is_answered_and_the_connection_goes_on() {
    let close = "GET /api/v1/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let chunked = "POST /api/v1/authorize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\n{}\r\n0\r\n\r\n";
    let text = answers(&format!("{HIDDEN}{chunked}{HIDDEN}{close}")).await;
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "400", "200", "200"], "{text}");
    // Chunks with extensions are read differently by different readers.
    let extended = "POST /api/v1/authorize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        2;a=b\r\n{}\r\n0\r\n\r\n";
    let text = answers(&format!("{extended}{HIDDEN}")).await;
    assert!(!text.contains("HTTP/1.1 200"), "{text}");
}

#[tokio::test]
async fn behind_a_switch_that_was_refused_nothing_is_read() {
    let asks =
        "GET /api/v1/health HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n";
    let text = answers(&format!("{asks}{HIDDEN}")).await;
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
    assert!(text.to_lowercase().contains("connection: close"), "{text}");
}
