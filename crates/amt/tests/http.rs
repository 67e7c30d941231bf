//! HTTP in pieces: the same messages whatever the pieces, strict where two readings are possible,
//! and no panic on anything.

use amt::http::{
    Framing, Headers, HttpError, Limits, Message, MessageReader, Request, RequestHead, Response,
    ResponseHead, digest, write_chunked,
};
use proptest::prelude::*;

fn limits() -> Limits {
    Limits { head: 1024, headers: 20, body: 2000 }
}

/// All messages of a stream that comes in pieces of these sizes, in turn, and how it ended.
fn read_all<H: amt::http::Head>(
    stream: &[u8],
    pieces: &[usize],
) -> (Vec<Message<H>>, Result<(), HttpError>) {
    let mut reader = MessageReader::new(limits());
    let mut messages = Vec::new();
    let mut rest = stream;
    let mut sizes = pieces.iter().copied().cycle();
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        rest = after;
        while !piece.is_empty() {
            match reader.handle_bytes(piece) {
                Err(error) => return (messages, Err(error)),
                Ok((taken, message)) => {
                    piece = &piece[taken..];
                    messages.extend(message);
                }
            }
        }
    }
    match reader.handle_end() {
        Err(error) => (messages, Err(error)),
        Ok(message) => {
            messages.extend(message);
            (messages, Ok(()))
        }
    }
}

fn one_request(text: &str) -> Result<Request, HttpError> {
    let (mut messages, end) = read_all(text.as_bytes(), &[usize::MAX]);
    end.map(|()| messages.pop().expect("a message"))
}

fn one_response(text: &str) -> Result<Response, HttpError> {
    let (mut messages, end) = read_all(text.as_bytes(), &[usize::MAX]);
    end.map(|()| messages.pop().expect("a message"))
}

#[test]
fn what_is_written_is_read_back() {
    let headers = Headers::new().with("Host", "pc-01:16992").with("X", "a, b");
    let head = RequestHead::new("POST", "/wsman", headers.clone());
    let request = Message { head, body: b"body".to_vec() };
    let text = String::from_utf8(request.to_bytes()).unwrap();
    assert_eq!(
        text,
        "POST /wsman HTTP/1.1\r\nHost: pc-01:16992\r\nX: a, b\r\nContent-Length: 4\r\n\r\nbody"
    );
    let read = one_request(&text).unwrap();
    assert_eq!(read.head.headers, headers.with("Content-Length", "4"));
    assert_eq!((read.body, read.head.target.as_str()), (request.body, "/wsman"));
}

#[test]
fn values_cannot_smuggle_a_line_end() {
    let head = ResponseHead::new(200, Headers::new().with("Server", "a\r\nSet-Cookie: b"));
    let mut out = Vec::new();
    head.write(&mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 200 OK\r\nServer: a  Set-Cookie: b\r\n\r\n"
    );
}

#[test]
fn requests_that_can_be_read_in_two_ways_are_refused() {
    use HttpError::{AmbiguousLength, Header, LineEnd, StartLine, TransferCoding};
    for (head, error) in [
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", AmbiguousLength),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", AmbiguousLength),
        ("POST / HTTP/1.1\r\nContent-Length: 1, 1", AmbiguousLength),
        ("POST / HTTP/1.1\r\nContent-Length: +1", AmbiguousLength),
        ("POST / HTTP/1.1\r\nContent-Length: 0x1", AmbiguousLength),
        ("POST / HTTP/1.1\r\nContent-Length:", AmbiguousLength),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999", AmbiguousLength),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked", TransferCoding),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: identity", TransferCoding),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded", Header),
        ("GET / HTTP/1.1\r\nHost : a", Header),
        ("GET / HTTP/1.1\r\n: a", Header),
        ("GET / HTTP/1.1\r\nHost", Header),
        ("GET / HTTP/1.1\r\nHost: a\0b", Header),
        ("GET / HTTP/1.1\nHost: a", LineEnd),
        ("GET / HTTP/1.1\rHost: a", LineEnd),
        ("GET  / HTTP/1.1", StartLine),
        ("GET / HTTP/1.1 ", StartLine),
        ("GET /a b HTTP/1.1", StartLine),
        ("GET / HTTP/2.0", StartLine),
        ("GET /", StartLine),
        ("G\u{e9}T / HTTP/1.1", StartLine),
    ] {
        assert_eq!(one_request(&format!("{head}\r\n\r\n")), Err(error), "{head:?}");
    }
}

#[test]
fn limits_hold_before_anything_is_kept() {
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(1024));
    assert_eq!(one_request(&long), Err(HttpError::HeadTooLong { limit: 1024 }));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(21));
    assert_eq!(one_request(&many), Err(HttpError::TooManyHeaders { limit: 20 }));
    let announced = "POST / HTTP/1.1\r\nContent-Length: 2001\r\n\r\n";
    assert_eq!(one_request(announced), Err(HttpError::BodyTooLong { limit: 2000 }));
    let chunked = format!(
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7D1\r\n{}\r\n0\r\n\r\n",
        "x".repeat(2001)
    );
    assert_eq!(one_request(&chunked), Err(HttpError::BodyTooLong { limit: 2000 }));
    let line =
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;{}\r\n", "x".repeat(2000));
    assert!(matches!(one_request(&line), Err(HttpError::HeadTooLong { .. })));
}

#[test]
fn chunks_are_written_as_firmware_writes_them_and_read_back() {
    let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    write_chunked(b"hello", &mut out);
    assert!(out.ends_with(b"0005\r\nhello\r\n0\r\n\r\n"));
    assert_eq!(one_response(std::str::from_utf8(&out).unwrap()).unwrap().body, b"hello");
    let foreign = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n\
        000a;x=y\r\n0123456789\r\n1\r\nA\r\n000\r\nTrailer: t\r\n\r\n";
    assert_eq!(one_response(foreign).unwrap().body, b"0123456789A");
    for wrong in ["5\r\nhelloX\r\n", "-5\r\nhello\r\n", "\r\n", "fffffffffffffffff\r\n", "5 \r\n"] {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{wrong}0\r\n\r\n");
        assert_eq!(one_response(&text), Err(HttpError::Chunk), "{wrong:?}");
    }
}

#[test]
fn a_response_without_length_ends_with_the_stream_and_others_must_not() {
    let open = one_response("HTTP/1.0 200 OK\r\n\r\nall of it").unwrap();
    assert_eq!(open.body, b"all of it");
    assert!(!open.head.keep_alive());
    let cut = one_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour");
    assert_eq!(cut, Err(HttpError::Truncated));
    assert_eq!(one_response("HTTP/1.1 200 O"), Err(HttpError::Truncated));
}

#[test]
fn interim_responses_are_skipped_and_bodiless_ones_have_none() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n\
        HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (messages, end) = read_all::<ResponseHead>(text.as_bytes(), &[7]);
    assert_eq!(end, Ok(()));
    assert_eq!(messages.iter().map(|m| m.head.status).collect::<Vec<_>>(), [204, 200]);
}

#[test]
fn keep_alive_follows_version_and_connection() {
    for (text, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true),
    ] {
        assert_eq!(one_response(text).unwrap().head.keep_alive(), expected, "{text}");
    }
}

#[test]
fn a_body_can_be_passed_on_without_being_kept() {
    let mut reader = amt::http::BodyReader::new(Framing::Length(5));
    let mut out = Vec::new();
    assert_eq!(reader.read(b"he", &mut out), Ok(2));
    out.clear();
    assert_eq!(reader.read(b"lloGET /", &mut out), Ok(3));
    assert_eq!((out.as_slice(), reader.is_done()), (&b"llo"[..], true));
}

/// Streams near to what HTTP is, so that much of them is understood.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        "GET / HTTP/1.1\r\n",
        "POST /wsman HTTP/1.1\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "\r\n",
        "\r\n\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "hello",
        "\n",
        "\r",
        ":",
        "\u{0}",
    ]);
    let text = prop::collection::vec(parts, 0..12).prop_map(|p| p.concat().into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn any_pieces_give_the_same_requests(
        stream in streams(),
        pieces in prop::collection::vec(1..20_usize, 1..8),
    ) {
        let whole = read_all::<RequestHead>(&stream, &[usize::MAX]);
        prop_assert_eq!(whole, read_all(&stream, &pieces));
    }

    #[test]
    fn any_pieces_give_the_same_responses(
        stream in streams(),
        pieces in prop::collection::vec(1..20_usize, 1..8),
    ) {
        let whole = read_all::<ResponseHead>(&stream, &[usize::MAX]);
        prop_assert_eq!(whole, read_all(&stream, &pieces));
    }

    #[test]
    fn any_body_survives_chunking(
        body in prop::collection::vec(any::<u8>(), 0..2000),
        pieces in prop::collection::vec(1..2000_usize, 1..8),
    ) {
        let mut stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        write_chunked(&body, &mut stream);
        let (messages, end) = read_all::<ResponseHead>(&stream, &pieces);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(&messages[0].body, &body);
    }

    #[test]
    fn no_authentication_header_makes_it_panic(text in ".{0,200}", tail in ".{0,80}") {
        let _ = (digest::Challenge::parse(&text), digest::Answer::parse(&text));
        let text = format!("Digest realm=\"{tail}\", nonce={text}");
        let _ = (digest::Challenge::parse(&text), digest::Answer::parse(&text));
    }

    #[test]
    fn any_challenge_survives_writing_and_reading(realm in ".{0,40}", nonce in ".{0,40}") {
        let challenge = digest::Challenge {
            realm, nonce, opaque: None, stale: true, qop: vec![digest::Qop::AuthInt],
        };
        prop_assert_eq!(digest::Challenge::parse(&challenge.to_header()), Ok(challenge));
    }
}
