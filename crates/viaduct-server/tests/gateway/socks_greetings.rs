//! SOCKS5 on the wire: however the bytes arrive, and however they are wrong.

use super::site::{GUID, Site, event, socks_request};
use viaduct_server::events::Event;

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_sends_byte_by_byte_or_all_at_once_gets_the_same() {
    let site = Site::start().await;
    let mut device = site.device().await;
    let everything = [
        &[5, 2, 0, 2][..],
        &site.socks_sign_in(),
        &socks_request(&GUID.to_uppercase(), 16994),
        b"first words",
    ]
    .concat();
    for size in [1, 3, 64, everything.len()] {
        let mut console = site.socks().await;
        for piece in everything.chunks(size) {
            console.send(piece).await;
        }
        let answer = console.bytes(14).await;
        assert_eq!(answer, [5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        let mut service = device.service().await;
        assert_eq!(service.port, 16994);
        assert_eq!(service.read_until("words").await, "first words");
        service.send("back");
        assert_eq!(console.bytes(4).await, b"back");
        drop(console);
        service.closed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_has_its_reply() {
    let site = Site::start().await;
    let mut device = site.device_with(&[16993]).await;
    let signed = [&[5, 1, 2][..], &site.socks_sign_in()].concat();
    for (request, reply) in [
        (vec![5, 2, 0, 3, 1, b'x', 0, 80], 7),
        (vec![5, 3, 0, 1, 0, 0, 0, 0, 0, 80], 7),
        (vec![5, 1, 0, 1, 127, 0, 0, 1, 0, 80], 8),
        ([&[5, 1, 0, 4][..], &[0; 15], &[1, 0, 80]].concat(), 8),
        (vec![5, 1, 0, 9, 0, 80], 8),
        (socks_request("127.0.0.1", 16993), 8),
        (socks_request("a@pc-07", 16993), 8),
        (socks_request("", 16993), 8),
        (socks_request("pc-07\r\n", 16993), 8),
        (socks_request("pc-08", 16993), 4),
        (socks_request("pc-07", 16992), 2),
        (socks_request("pc-07", 0), 2),
    ] {
        let mut console = site.socks().await;
        console.send([&signed[..], &request].concat()).await;
        let answer = console.rest().await;
        assert_eq!(answer.get(..6), Some(&[5, 2, 1, 0, 5, reply][..]), "{request:?}");
        assert_eq!(answer.len(), 14, "{request:?}");
    }
    for (greeting, answer) in [
        (&[5, 1, 0][..], &[5, 0xff][..]),
        (&[5, 0], &[5, 0xff]),
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (&[4, 1, 0, 80, 127, 0, 0, 1, 0], b""),
    ] {
        let mut console = site.socks().await;
        console.send(greeting).await;
        assert_eq!(console.rest().await, answer, "{greeting:?}");
    }
    assert!(device.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_falls_silent_is_let_go_at_the_deadline() {
    let site = Site::with(|config| {
        config.limits.greeting_deadline = "200ms".parse().unwrap();
    })
    .await;
    let mut events = site.running.events().subscribe();
    let refused = |event: &Event| match event {
        Event::ConsoleRefused { code, .. } => Some(*code),
        _ => None,
    };
    for beginning in [&[][..], &[5], &[5, 1, 2], &[5, 1, 2, 1, 5, b't']] {
        let mut console = site.socks().await;
        console.send(beginning).await;
        assert!(console.rest().await.len() <= 2);
        assert_eq!(event(&mut events, refused).await, "E1408");
    }
    for (beginning, status) in [
        ("", None),
        ("\r\n", None),
        ("G", Some(408)),
        ("GET http://pc-07:16992/ HTTP/1.1\r\nHos", Some(408)),
    ] {
        let mut console = site.http().await;
        console.send(beginning).await;
        match status {
            Some(status) => assert_eq!(console.answer().await.status, status),
            None => assert!(console.rest().await.is_empty(), "{beginning:?}"),
        }
    }
}
