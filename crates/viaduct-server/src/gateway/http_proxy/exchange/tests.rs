//! Exchanges over pairs of streams in memory: what a device says, and what its console then reads.

use super::*;
use tokio::io::{DuplexStream, duplex};

const STALL: Duration = Duration::from_secs(5);

struct Ends {
    console: Console<DuplexStream>,
    console_far: DuplexStream,
    link: Link<DuplexStream>,
    device: DuplexStream,
}

fn ends() -> Ends {
    let (near, console_far) = duplex(256 << 10);
    let (stream, device) = duplex(256 << 10);
    Ends { console: Console::new(near, STALL), console_far, link: Link::new(stream), device }
}

/// What the console reads when a device answers `GET` with these bytes (and closes, or not), and whether the link can
/// be used again.
async fn answered(wire: &[u8], close: bool, minor: u8) -> (Result<bool, Trouble>, Vec<u8>) {
    answered_by(wire, close, minor, true).await
}

async fn answered_by(
    wire: &[u8],
    close: bool,
    minor: u8,
    ends_well: bool,
) -> (Result<bool, Trouble>, Vec<u8>) {
    let Ends { mut console, mut console_far, mut link, mut device } = ends();
    let request = b"GET / HTTP/1.1\r\n\r\n";
    let far = async {
        let mut read = vec![0; request.len()];
        device.read_exact(&mut read).await.unwrap();
        device.write_all(wire).await.unwrap();
        (!close).then_some(device)
    };
    let mut body = Body::Length(0);
    let asked = link.ask(&mut console, request, &mut body, false, STALL);
    let (asked, device) = tokio::join!(asked, far);
    let result = match asked {
        Ok(mut response) => link
            .relay(&mut console, &mut response, minor, true, |_| ends_well)
            .await
            .map_err(|Cut| Trouble::Ended),
        Err(trouble) => Err(trouble),
    };
    drop((console, device));
    let mut read = Vec::new();
    console_far.read_to_end(&mut read).await.unwrap();
    (result, read)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn chunks_of_firmware_are_passed_on_in_plain_chunks() {
    let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0001\r\n!\r\n0000\r\n\r\n";
    let (reusable, read) = answered(wire, false, 1).await;
    assert_eq!(reusable, Ok(true));
    assert!(text(&read).ends_with("\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), "{}", text(&read));
    let (_, read) = answered(wire, false, 0).await;
    assert!(text(&read).ends_with("\r\n\r\nhello!"), "{}", text(&read));
}

#[tokio::test]
async fn a_body_until_close_keeps_the_consoles_connection_in_1_1() {
    let (reusable, read) = answered(b"HTTP/1.1 200 OK\r\n\r\nhello", true, 1).await;
    assert_eq!(reusable, Ok(false));
    assert!(text(&read).ends_with("5\r\nhello\r\n0\r\n\r\n"), "{}", text(&read));
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_complete() {
    for wire in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhelloXX",
    ] {
        let (result, read) = answered(wire, true, 1).await;
        assert_eq!(result, Err(Trouble::Ended));
        assert!(!text(&read).ends_with("0\r\n\r\n"), "{}", text(&read));
    }
}

#[tokio::test]
async fn a_body_until_close_is_cut_when_the_tunnel_ended_instead() {
    let (result, read) = answered_by(b"HTTP/1.1 200 OK\r\n\r\nhello", true, 1, false).await;
    assert_eq!(result, Err(Trouble::Ended));
    assert!(text(&read).ends_with("5\r\nhello\r\n"), "{}", text(&read));
}

#[tokio::test]
async fn bytes_behind_an_answer_end_the_link_and_reach_nobody() {
    let wire =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX: poison\r\n\r\n";
    let (reusable, read) = answered(wire, false, 1).await;
    assert_eq!(reusable, Ok(false));
    assert!(text(&read).ends_with("\r\n\r\nok"), "{}", text(&read));
}

#[tokio::test]
async fn interim_answers_are_dropped_and_too_many_are_refused() {
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    let wire = format!("{go_on}{go_on}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let (reusable, read) = answered(wire.as_bytes(), false, 1).await;
    assert_eq!(
        (reusable, text(&read)),
        (Ok(true), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    );
    let (result, _) = answered(go_on.repeat(20).as_bytes(), false, 1).await;
    assert!(matches!(result, Err(Trouble::Bad(_))), "{result:?}");
    let (result, _) = answered(b"HTTP/1.1 101 x\r\n\r\n", false, 1).await;
    assert!(matches!(result, Err(Trouble::Bad(_))), "{result:?}");
}

#[tokio::test]
async fn a_head_without_end_and_a_missing_answer_are_told_apart() {
    let endless = [&b"HTTP/1.1 200 OK\r\nX: "[..], &[b'a'; 2 * HEAD_LIMIT]].concat();
    let (result, _) = answered(&endless, false, 1).await;
    assert_eq!(result, Err(Trouble::Bad("the head of its answer is larger than 16 KiB")));
    let (result, _) = answered(b"HTTP/1.1 200", true, 1).await;
    assert!(matches!(result, Err(Trouble::Bad(_))), "{result:?}");
}

#[tokio::test]
async fn a_link_that_has_ended_takes_nothing_and_says_so() {
    let Ends { mut console, console_far: _far, mut link, device } = ends();
    drop(device);
    link.disturbed().await;
    let mut body = Body::Length(0);
    let asked = link.ask(&mut console, b"GET", &mut body, false, STALL);
    assert_eq!(asked.await, Err(Trouble::NotSent));
}

#[tokio::test]
async fn the_body_is_streamed_and_nothing_behind_it() {
    let Ends { mut console, mut console_far, mut link, mut device } = ends();
    let body = vec![b'x'; 100_000];
    let mut wire = body.clone();
    wire.extend_from_slice(b"GET next");
    console_far.write_all(&wire).await.unwrap();
    let mut left = Body::Length(100_000);
    let far = async {
        let mut read = vec![0; 4 + 100_000];
        device.read_exact(&mut read).await.unwrap();
        device.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        (read, device)
    };
    let (response, (read, _device)) =
        tokio::join!(link.ask(&mut console, b"HEAD", &mut left, false, STALL), far);
    let response = response.unwrap();
    assert_eq!((response.status, response.persistent), (204, true));
    assert_eq!((&read[..4], &read[4..]), (&b"HEAD"[..], &body[..]));
    while console.inbox.len() < b"GET next".len() {
        console.fill(HEAD_LIMIT, Instant::now() + STALL).await.unwrap();
    }
    assert_eq!(&console.inbox[..], b"GET next");
}

#[tokio::test]
async fn an_early_answer_is_passed_on_though_the_body_is_not_all_sent() {
    let Ends { mut console, console_far: _far, mut link, mut device } = ends();
    device.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let mut body = Body::Length(10);
    let asked = link.ask(&mut console, b"POST", &mut body, false, STALL);
    let response = asked.await.unwrap();
    assert_eq!((response.status, response.persistent), (401, false));
}
