//! What of a console's request is refused, understood, and sent on.

use super::*;
use crate::gateway::TargetError;

fn parse(head: &str) -> Result<Request, Refusal> {
    Request::parse(head.as_bytes())
}

fn parsed(head: &str) -> Request {
    parse(head).unwrap_or_else(|refusal| panic!("{head:?}: {refusal:?}"))
}

fn error(head: &str) -> RequestError {
    match parse(head) {
        Err(Refusal::Request(error)) => error,
        other => panic!("{head:?}: {other:?}"),
    }
}

#[test]
fn smuggling_shapes_are_refused() {
    let with =
        |fields: &str| format!("POST http://pc-01:16992/ HTTP/1.1\r\nHost: pc-01\r\n{fields}\r\n");
    for (fields, expected) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", RequestError::LengthAndEncoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", RequestError::LengthAndEncoding),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", RequestError::SeveralLengths),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", RequestError::SeveralLengths),
        ("Content-Length: 5, 5\r\n", RequestError::SeveralLengths),
        ("Content-Length: +5\r\n", RequestError::BadLength),
        ("Content-Length: 0x5\r\n", RequestError::BadLength),
        ("Content-Length: \r\n", RequestError::BadLength),
        ("Transfer-Encoding: xchunked\r\n", RequestError::BadEncoding),
        ("Transfer-Encoding: chunked, identity\r\n", RequestError::BadEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", RequestError::BadEncoding),
        ("Transfer-Encoding : chunked\r\n", RequestError::Malformed),
        ("Content-Length : 5\r\n", RequestError::Malformed),
        (" Content-Length: 5\r\n", RequestError::Malformed),
        ("X: a\r\n b\r\n", RequestError::Malformed),
        ("X: a\r\n\tTransfer-Encoding: chunked\r\n", RequestError::Malformed),
        ("X: a\0b\r\n", RequestError::Malformed),
        ("X\u{e9}: a\r\n", RequestError::Malformed),
        (": a\r\n", RequestError::Malformed),
        ("X\r\n", RequestError::Malformed),
        ("Host: other\r\n", RequestError::BadHost),
        ("Expect: 200-maybe\r\n", RequestError::BadExpectation),
        ("Authorization: Digest response=\"\"\r\n", RequestError::PartialDigest),
        (
            "Proxy-Authorization: Basic a\r\nProxy-Authorization: Basic b\r\n",
            RequestError::SeveralCredentials,
        ),
    ] {
        assert_eq!(error(&with(fields)), expected, "{fields:?}");
    }
    for (head, expected) in [
        ("GET http://pc-01:16992/ HTTP/1.1\r\n\r\n", RequestError::BadHost),
        ("GET http://pc-01:16992/ HTTP/1.1\r\nHost: a b\r\n\r\n", RequestError::BadHost),
        ("GET http://pc-01:16992/ HTTP/1.1\r\nHost: a@b\r\n\r\n", RequestError::BadHost),
        (
            "POST http://pc-01:16992/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            RequestError::BadEncoding,
        ),
        ("GET  http://pc-01:16992/ HTTP/1.1\r\nHost: a\r\n\r\n", RequestError::Malformed),
        ("GET http://pc-01:16992/ HTTP/2.0\r\nHost: a\r\n\r\n", RequestError::Malformed),
        ("GET http://pc-01:16992/\r\n\r\n", RequestError::Malformed),
        (
            "CONNECT pc-01:16992 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
            RequestError::ConnectBody,
        ),
        ("\u{5}\u{1}\u{0}\r\n\r\n", RequestError::Malformed),
    ] {
        assert_eq!(error(head), expected, "{head:?}");
    }
    let many = "X: y\r\n".repeat(FIELD_LIMIT);
    assert_eq!(parse(&with(&many)), Err(Refusal::HeadTooLarge));
}

#[test]
fn targets_are_read_from_connect_and_from_absolute_uris() {
    let asked = |line: &str| parsed(&format!("{line}\r\nHost: pc-01\r\n\r\n")).asked;
    assert_eq!(
        asked("CONNECT PC-01.demo.example:16993 HTTP/1.1"),
        Ok(Asked::Connect(Target::new(b"pc-01.demo.example", 16993).unwrap()))
    );
    for (uri, path) in [
        ("http://PC-01:16992/wsman", "/wsman"),
        ("HTTP://PC-01:16992/a?b=c://d", "/a?b=c://d"),
        ("http://PC-01:16992?x", "/?x"),
        ("http://PC-01:16992", "/"),
    ] {
        let target = Target::new(b"pc-01", 16992).unwrap();
        let (authority, path) = ("PC-01:16992".to_owned(), path.to_owned());
        let expected = Ok(Asked::Forward { target, authority, path });
        assert_eq!(asked(&format!("GET {uri} HTTP/1.1")), expected, "{uri}");
    }
    for (line, expected) in [
        ("GET / HTTP/1.1", Refusal::Request(RequestError::NotProxied)),
        ("OPTIONS * HTTP/1.1", Refusal::Request(RequestError::NotProxied)),
        ("GET https://pc-01:16993/ HTTP/1.1", Refusal::Request(RequestError::HttpsUri)),
        ("GET ftp://pc-01/ HTTP/1.1", Refusal::Request(RequestError::OtherScheme)),
        ("GET pc-01:16992 HTTP/1.1", Refusal::Request(RequestError::OtherScheme)),
        ("connect pc-01:16992 HTTP/1.1", Refusal::Request(RequestError::OtherScheme)),
        ("GET http://pc-01:16992/a#b HTTP/1.1", Refusal::Request(RequestError::BadPath)),
        ("GET http://u:p@pc-01:16992/ HTTP/1.1", Refusal::Target(TargetError::UserInfo)),
        ("GET http://127.0.0.1:16992/ HTTP/1.1", Refusal::Target(TargetError::Address)),
        ("GET http:///etc HTTP/1.1", Refusal::Target(TargetError::Empty)),
        ("GET http://pc-01\\@x:16992/ HTTP/1.1", Refusal::Target(TargetError::UserInfo)),
        ("CONNECT pc-01 HTTP/1.1", Refusal::Target(TargetError::NoPort)),
        ("CONNECT [::1]:16992 HTTP/1.1", Refusal::Target(TargetError::Address)),
        ("CONNECT http://pc-01:16992 HTTP/1.1", Refusal::Target(TargetError::Address)),
    ] {
        assert_eq!(asked(line), Err(expected), "{line}");
    }
}

#[test]
fn connect_in_http_1_0_needs_no_host() {
    let request = parsed("CONNECT pc-01:16994 HTTP/1.0\r\n\r\n");
    assert_eq!((request.minor, request.persistent), (0, false));
    assert!(request.asked.is_ok());
}

#[test]
fn the_device_gets_origin_form_kept_fields_and_a_length() {
    let request = parsed(
        "POST http://PC-01:16992/wsman HTTP/1.1\r\nHost: PC-01:16992\r\nUser-Agent: x\r\n\
         Authorization: Basic y\r\nProxy-Authorization: Basic z\r\nProxy-Connection: Keep-Alive\r\n\
         Expect: 100-continue\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n",
    );
    assert!(request.expects_continue && request.persistent);
    let text = String::from_utf8(request.to_device("PC-01:16992", "/wsman", Some(12))).unwrap();
    assert_eq!(
        text,
        "POST /wsman HTTP/1.1\r\nHost: PC-01:16992\r\nUser-Agent: x\r\nAuthorization: Basic y\r\n\
         Content-Length: 12\r\n\r\n"
    );
}

#[test]
fn a_missing_host_is_made_from_the_uri_and_a_post_always_has_a_length() {
    let request = parsed("POST http://pc-01:16992/ HTTP/1.0\r\n\r\n");
    let text = String::from_utf8(request.to_device("pc-01:16992", "/", None)).unwrap();
    assert_eq!(text, "POST / HTTP/1.1\r\nHost: pc-01:16992\r\nContent-Length: 0\r\n\r\n");
    let request = parsed("GET http://pc-01:16992/ HTTP/1.0\r\n\r\n");
    let text = String::from_utf8(request.to_device("pc-01:16992", "/", None)).unwrap();
    assert_eq!(text, "GET / HTTP/1.1\r\nHost: pc-01:16992\r\n\r\n");
}

#[test]
fn persistence_follows_version_and_both_connection_fields() {
    for (minor, fields, expected) in [
        (1, "", true),
        (1, "Connection: close\r\n", false),
        (1, "Proxy-Connection: Close\r\n", false),
        (1, "Connection: a, CLOSE\r\n", false),
        (0, "", false),
        (0, "Connection: Keep-Alive\r\n", true),
        (0, "Proxy-Connection: keep-alive\r\n", true),
    ] {
        let head = format!("GET http://a:1/ HTTP/1.{minor}\r\nHost: a\r\n{fields}\r\n");
        assert_eq!(parsed(&head).persistent, expected, "{minor} {fields}");
    }
}
