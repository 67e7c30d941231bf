//! Who may use the proxies, and what those learn who may not.

use super::site::{GUID, Site, event, socks_request};
use viaduct_server::{access::Scope, events::Event};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_goes_on_after_407() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let mut console = site.http().await;
    let bare = "POST http://pc-07:16992/ HTTP/1.1\r\nHost: pc-07\r\nContent-Length: 5\r\n\r\nhello";
    console.send(bare).await;
    let answer = console.answer().await;
    assert_eq!((answer.status, answer.code()), (407, Some("E3001")));
    let challenge = answer.field("Proxy-Authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Basic realm=\"viaduct\""), "{challenge}");
    assert_eq!(answer.field("Connection"), Some("keep-alive"));
    console.send("CONNECT pc-07:16992 HTTP/1.1\r\nHost: pc-07\r\n\r\n").await;
    assert_eq!(console.answer().await.status, 407);
    console.send(site.request("CONNECT pc-07:16992")).await;
    assert_eq!(console.head().await.status, 200);
    device.service().await.send("hello");
    assert_eq!(console.bytes(5).await, b"hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_does_not_learn_which_devices_exist() {
    let site = Site::start().await;
    let _device = site.device().await;
    let mut answers = Vec::new();
    for name in ["pc-07", "pc-08", GUID] {
        let mut console = site.http().await;
        console.send(format!("GET http://{name}:16992/ HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let answer = console.answer().await;
        answers.push((answer.head, answer.body));
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert!(answers[0].0.starts_with("HTTP/1.1 407 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_right_is_forbidden_before_the_device_is_looked_up() {
    let site = Site::start().await;
    let token = site.running.access().create_token("reader", Scope::Read, None).await.unwrap();
    let site = Site { token: token.expose().clone(), ..site };
    for name in ["pc-07", "pc-08"] {
        let mut console = site.http().await;
        console.send(site.request(&format!("GET http://{name}:16992/"))).await;
        let answer = console.answer().await;
        assert_eq!((answer.status, answer.code()), (403, Some("E3004")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sign_in_everybody_is_anonymous() {
    let site = Site::with(|config| {
        config.socks.sign_in = false;
        config.http_proxy.sign_in = false;
    })
    .await;
    let mut device = site.device().await;
    let mut events = site.running.events().subscribe();
    let opened = |event: &Event| match event {
        Event::ChannelOpened { user, .. } => Some(user.clone()),
        _ => None,
    };
    let mut console = site.http().await;
    console.send("CONNECT pc-07:16992 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(console.head().await.status, 200);
    device.service().await;
    assert_eq!(event(&mut events, opened).await, "anonymous");
    // "None" where it is offered; user and password, unchecked, for a console that knows nothing else.
    for (offer, method) in [(&[5, 2, 2, 0][..], 0), (&[5, 1, 2], 2)] {
        let mut console = site.socks().await;
        console.send(offer).await;
        assert_eq!(console.bytes(2).await, [5, method]);
        if method == 2 {
            console.send([1, 1, b'x', 1, b'y']).await;
            assert_eq!(console.bytes(2).await, [1, 0]);
        }
        console.send(socks_request("pc-07", 5900)).await;
        assert_eq!(console.bytes(10).await[..2], [5, 0]);
        device.service().await;
        assert_eq!(event(&mut events, opened).await, "anonymous");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_an_event() {
    let site = Site::start().await;
    let mut events = site.running.events().subscribe();
    let refused = |event: &Event| match event {
        Event::ConsoleRefused { user, target, code, .. } => {
            Some((user.clone(), target.clone(), *code))
        }
        _ => None,
    };
    let me = Some("token:test".to_owned());
    for (line, expected) in [
        ("GET http://pc-07:16992/", (me.clone(), "pc-07:16992", "E2002")),
        ("GET http://pc-08:16992/", (me.clone(), "pc-08:16992", "E2001")),
        ("GET http://pc-07:25/", (me, "pc-07:25", "E2005")),
        ("GET http://127.0.0.1:16992/", (None, "", "E1400")),
    ] {
        let mut console = site.http().await;
        console.send(site.request(line)).await;
        let answer = console.answer().await;
        assert_eq!(answer.code(), Some(expected.2), "{line}");
        let (user, target, code) = event(&mut events, refused).await;
        assert_eq!((user, target.as_str(), code), expected, "{line}");
    }
    let mut console = site.socks().await;
    console.send([5, 1, 2, 1, 4, b'd', b'e', b'm', b'o', 1, b'x']).await;
    assert_eq!(console.rest().await, [5, 2, 1, 1]);
    let expected = (Some("demo".to_owned()), String::new(), "E3001");
    assert_eq!(event(&mut events, refused).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_16992_is_told_that_only_16993_is_there() {
    let site = Site::start().await;
    let _device = site.device_with(&[16993, 16995]).await;
    for (port, other) in [(16992, "16993"), (16994, "16995")] {
        let mut console = site.http().await;
        console.send(site.request(&format!("GET http://pc-07:{port}/"))).await;
        let answer = console.answer().await;
        assert_eq!((answer.status, answer.code()), (403, Some("E2005")));
        assert!(answer.body.contains(&format!("use {other}")), "{}", answer.body);
    }
}
