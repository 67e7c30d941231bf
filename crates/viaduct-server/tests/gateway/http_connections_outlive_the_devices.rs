//! A console's connection goes on whatever the device does with its own; and no request is ever sent twice.

use super::{
    device::{PATIENCE, Service},
    site::Site,
};
use tokio::time::timeout;

const UNAUTHORISED: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"Digest:0\", nonce=\"1\"\r\n\
                            Content-Length: 4\r\nConnection: close\r\n\r\nno!\n";
const FINE: &str =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0000\r\n\r\n";

async fn request(service: &mut Service) -> String {
    service.read_until("\r\n\r\n").await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_401_with_close_the_next_request_gets_a_fresh_channel() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(site.request("GET http://pc-07:16992/index.htm")).await;
    let mut first = device.service().await;
    assert!(request(&mut first).await.starts_with("GET /index.htm HTTP/1.1\r\n"));
    first.send(UNAUTHORISED);
    first.close();
    let answer = console.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (401, "no!\n"));
    assert_eq!(answer.field("Connection"), None, "{}", answer.head);
    assert!(answer.field("WWW-Authenticate").is_some_and(|value| value.starts_with("Digest ")));

    console.send(site.request("GET http://pc-07:16992/index.htm")).await;
    let mut second = device.service().await;
    request(&mut second).await;
    second.send(FINE);
    let answer = console.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_the_device_keeps_serves_the_next_request() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(site.request("GET http://pc-07:16992/1")).await;
    let mut service = device.service().await;
    request(&mut service).await;
    service.send(FINE);
    assert_eq!(console.answer().await.body, "hello");
    console.send(site.request("GET http://PC-07.example.com:16992/2")).await;
    assert!(request(&mut service).await.starts_with("GET /2 "));
    service.send(FINE);
    assert_eq!(console.answer().await.body, "hello");
    assert!(device.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_says_unasked_is_answer_to_nothing() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(site.request("GET http://pc-07:16992/1")).await;
    let mut first = device.service().await;
    request(&mut first).await;
    first.send(FINE);
    assert_eq!(console.answer().await.body, "hello");
    // The channel is dropped for it, so the poison cannot become the answer to the next request.
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    assert!(first.closed().await.is_empty());
    console.send(site.request("GET http://pc-07:16992/2")).await;
    let mut second = device.service().await;
    request(&mut second).await;
    second.send(FINE);
    assert_eq!(console.answer().await.body, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_answer_is_not_repeated() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    let post = format!(
        "POST http://pc-07:16992/wsman HTTP/1.1\r\nHost: pc-07\r\nContent-Length: 5\r\n{}\r\nreset",
        site.authorization()
    );
    console.send(&post).await;
    let mut service = device.service().await;
    service.read_until("reset").await;
    service.close();
    let answer = console.answer().await;
    assert_eq!((answer.status, answer.code()), (502, Some("E2006")));
    assert!(answer.body.contains("whether the request was acted on is unknown"), "{}", answer.body);
    // Also on a channel that was kept from an earlier request.
    console.send(site.request("GET http://pc-07:16992/")).await;
    let mut service = device.service().await;
    request(&mut service).await;
    service.send(FINE);
    assert_eq!(console.answer().await.status, 200);
    console.send(&post).await;
    service.read_until("reset").await;
    service.close();
    assert_eq!(console.answer().await.status, 502);
    assert!(device.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_learns_at_once_that_the_tunnel_ended() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(site.request("GET http://pc-07:16992/")).await;
    let mut service = device.service().await;
    request(&mut service).await;
    drop(device);
    let answer = timeout(PATIENCE, console.answer()).await.unwrap();
    assert_eq!((answer.status, answer.code()), (502, Some("E2006")));
    assert!(answer.body.contains("the tunnel ended"), "{}", answer.body);
    // In the middle of an answer the end of the connection is all that HTTP has.
    let mut device = site.device().await;
    console.send(site.request("GET http://pc-07:16992/")).await;
    let mut service = device.service().await;
    request(&mut service).await;
    service.send("HTTP/1.1 200 OK\r\n\r\nhel");
    console.head().await;
    assert_eq!(console.bytes(8).await, b"3\r\nhel\r\n");
    drop(device);
    let rest = timeout(PATIENCE, console.rest()).await.unwrap();
    assert!(rest.is_empty(), "no end of the body is claimed: {rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_leaves_gives_its_channel_back() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(site.request("GET http://pc-07:16992/")).await;
    let mut service = device.service().await;
    request(&mut service).await;
    drop(console);
    timeout(PATIENCE, service.closed()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_passes_what_was_sent_ahead_and_then_every_byte() {
    let site = Site::start().await;
    let mut device = site.device().await;
    for line in [
        "CONNECT pc-07:16993 HTTP/1.0\r\n",
        "CONNECT pc-07:16993 HTTP/1.1\r\nHost: pc-07:16993\r\n",
    ] {
        let mut console = site.http().await;
        console.send(format!("{line}{}\r\nahead", site.authorization())).await;
        let answer = console.head().await;
        assert_eq!(answer.status, 200, "{}", answer.head);
        let mut service = device.service().await;
        assert_eq!(service.port, 16993);
        assert_eq!(service.read_until("ahead").await, "ahead");
        service.send("HTTP/1.1 is not looked at\n");
        assert_eq!(console.bytes(26).await, b"HTTP/1.1 is not looked at\n");
        console.send("\r\n\r\n\0").await;
        service.read_until("\r\n\r\n\0").await;
        service.close();
        assert!(console.rest().await.is_empty());
    }
}
