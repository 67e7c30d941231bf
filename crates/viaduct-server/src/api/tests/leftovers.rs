//! A refusal that needs no body leaves the connection as usable as the answer says.

use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A client of a server of its own, and what keeps that running.
async fn client() -> (TcpStream, watch::Sender<bool>) {
    let bench = Bench::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, down) = watch::channel(false);
    tokio::spawn(serve_http(router(bench.api.clone()), listener, None, down));
    (TcpStream::connect(address).await.unwrap(), stop)
}

/// The next answer's head, in small letters; its body is short and comes with it or is not waited for.
async fn head(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.windows(4).any(|end| end == b"\r\n\r\n") {
        let byte = client.read_u8().await.expect("an answer");
        text.push(byte);
    }
    String::from_utf8(text).unwrap().to_lowercase()
}

/// Reads the body of an answer with this head.
async fn body(client: &mut TcpStream, head: &str) {
    let length = head.split("content-length: ").nth(1).expect("a length");
    let length = length.lines().next().unwrap().parse().unwrap();
    client.read_exact(&mut vec![0; length]).await.unwrap();
}

#[tokio::test]
async fn a_body_that_comes_after_its_refusal_was_made_does_not_end_the_connection() {
    let (mut client, _stop) = client().await;
    for _ in 0..3 {
        for (asks, status) in [("POST /api/v1/devices", 401), ("POST /api/v1/nowhere", 404)] {
            let asks = format!("{asks} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
            client.write_all(asks.as_bytes()).await.unwrap();
            // Without this the body may come with the head, and the server has it in time by luck.
            tokio::task::yield_now().await;
            client.write_all(b"{}").await.unwrap();
            let head = head(&mut client).await;
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
            assert!(!head.contains("connection: close"), "{head}");
            body(&mut client, &head).await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_to_read_for_nothing_ends_the_connection_and_the_answer_says_so() {
    for fields in ["Content-Length: 100000\r\n", "Content-Length: 2\r\nExpect: 100-continue\r\n"] {
        let (mut client, _stop) = client().await;
        let asks = format!("POST /api/v1/devices HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        client.write_all(asks.as_bytes()).await.unwrap();
        let head = head(&mut client).await;
        assert!(head.starts_with("http/1.1 401 "), "{fields:?}: {head}");
        assert!(head.contains("connection: close"), "{fields:?}: {head}");
    }
}
