//! What the device reads of a proxied request, and what comes back of its answer.

use super::site::Site;

const NOTHING: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn origin_form_kept_fields_and_no_word_of_the_proxy() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    let request = format!(
        "POST http://PC-07:16992/wsman?x HTTP/1.1\r\nHost: PC-07:16992\r\n{}Proxy-Connection: Keep-Alive\r\n\
         Authorization: Digest response=0123456789abcdef0123456789abcdef\r\nX-Own: 1\r\nConnection: TE, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n\
         Content-Length: 4\r\n\r\nbody",
        site.authorization()
    );
    console.send(request).await;
    let mut service = device.service().await;
    assert_eq!(service.port, 16992);
    assert_eq!(
        service.read_until("body").await,
        "POST /wsman?x HTTP/1.1\r\nHost: PC-07:16992\r\nAuthorization: Digest response=0123456789abcdef0123456789abcdef\r\nX-Own: 1\r\n\
         Content-Length: 4\r\n\r\nbody"
    );
    service.send(NOTHING);
    assert_eq!(console.head().await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_become_a_length_and_the_proxy_answers_the_expectation() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console
        .send(format!(
            "POST http://pc-07:16992/ HTTP/1.1\r\nHost: pc-07:16992\r\n{}Transfer-Encoding: chunked\r\n\
             Expect: 100-continue\r\n\r\n",
            site.authorization()
        ))
        .await;
    assert_eq!(console.head().await.status, 100);
    console.send("5\r\nhello\r\n06\r\n world\r\n0\r\nTrailer: x\r\n\r\n").await;
    let mut service = device.service().await;
    assert_eq!(
        service.read_until("world").await,
        "POST / HTTP/1.1\r\nHost: pc-07:16992\r\nContent-Length: 11\r\n\r\nhello world"
    );
    service.send(NOTHING);
    assert_eq!(console.head().await.status, 204);
    // The same with a length.
    console
        .send(format!(
            "POST http://pc-07:16992/ HTTP/1.1\r\nHost: pc-07:16992\r\n{}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
            site.authorization()
        ))
        .await;
    assert_eq!(console.head().await.status, 100);
    console.send("hello").await;
    service.read_until("hello").await;
    service.send(NOTHING);
    assert_eq!(console.head().await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_one_mebibyte_passes_and_a_larger_one_is_refused() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    let head = |length| {
        format!(
            "POST http://pc-07:16992/ HTTP/1.1\r\nHost: pc-07\r\n{}Content-Length: {length}\r\n\r\n",
            site.authorization()
        )
    };
    let body: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
    console.send(head(body.len())).await;
    let sent = body.clone();
    let writer = tokio::spawn(async move {
        console.send(sent).await;
        console
    });
    let mut service = device.service().await;
    service.read_until("\r\n\r\n").await;
    assert!(service.read_bytes(body.len()).await == body, "the body is unharmed");
    service.send(NOTHING);
    let mut console = writer.await.unwrap();
    assert_eq!(console.head().await.status, 204);

    console.send(head((1 << 20) + 1)).await;
    let answer = console.answer().await;
    assert_eq!((answer.status, answer.code()), (413, Some("E1413")));
    assert!(console.rest().await.is_empty());
    let mut console = site.http().await;
    let chunk = "x".repeat(1 << 16);
    console
        .send(format!(
            "POST http://pc-07:16992/ HTTP/1.1\r\nHost: pc-07\r\n{}Transfer-Encoding: chunked\r\n\r\n",
            site.authorization()
        ))
        .await;
    for _ in 0..17 {
        console.send(format!("10000\r\n{chunk}\r\n")).await;
    }
    assert_eq!(console.answer().await.status, 413);
    assert!(device.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_console_gets_a_body_of_unknown_length_until_the_end() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    console.send(format!("GET http://pc-07:16992/ HTTP/1.0\r\n{}\r\n", site.authorization())).await;
    let mut service = device.service().await;
    let head = service.read_until("\r\n\r\n").await;
    assert_eq!(head, "GET / HTTP/1.1\r\nHost: pc-07:16992\r\n\r\n");
    service.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0002\r\nhi\r\n0000\r\n\r\n");
    let answer = console.answer().await;
    assert_eq!((answer.body.as_str(), answer.field("Connection")), ("hi", Some("close")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_answer_reaches_nobody() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    for wire in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\n\r\n",
        "HTTP/1.1 407 Sign in\r\nProxy-Authenticate: Basic realm=\"viaduct\"\r\nContent-Length: 0\r\n\r\n",
        "\u{1b}]0;hello\u{7}\r\n\r\n",
    ] {
        console.send(site.request("GET http://pc-07:16992/")).await;
        let mut service = device.service().await;
        service.read_until("\r\n\r\n").await;
        service.send(wire);
        let answer = console.answer().await;
        assert_eq!((answer.status, answer.code()), (502, Some("E2006")), "{wire:?}");
        assert!(!answer.body.contains('\u{1b}'), "{}", answer.body);
        service.closed().await;
    }
}
