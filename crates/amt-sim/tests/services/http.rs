//! The HTTP of a platform, byte for byte where consoles depend on it.

use amt::{
    credentials::Credentials,
    http::digest::{Challenge, DigestLogin},
};
use tokio::io::AsyncWriteExt;

use crate::console::{PASSWORD, connect, host, login, read_all, read_response};

const IDENTIFY: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\"><s:Header/>\
    <s:Body><i:Identify/></s:Body></s:Envelope>";

fn post(path: &str, authorization: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: pc-01\r\n{authorization}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A login that knows a challenge of this platform.
async fn challenged(
    host: &std::sync::Arc<amt_sim::services::Host>,
    mut login: DigestLogin,
) -> DigestLogin {
    let mut io = connect(host, 16992);
    io.write_all(&post("/wsman", "", "")).await.unwrap();
    let response = read_response(&mut io).await;
    login.handle_challenge(Challenge::from_headers(&response.head.headers).unwrap());
    login
}

fn authorization(login: &mut DigestLogin, method: &str, path: &str) -> String {
    let answer = login.authorize(method, path, b"", [1; 16]).unwrap();
    format!("Authorization: {answer}\r\n")
}

#[tokio::test]
async fn a_request_without_login_gets_a_401_with_a_page_and_the_end_of_the_connection() {
    let mut io = connect(&host(), 16992);
    io.write_all(&post("/wsman", "", "")).await.unwrap();
    let all = String::from_utf8(read_all(&mut io).await).unwrap();
    let (head, page) = all.split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines[0], "HTTP/1.1 401 Unauthorized");
    let challenge = lines[1].strip_prefix("WWW-Authenticate: Digest realm=\"Digest:").unwrap();
    let (digits, rest) = challenge.split_at(32);
    assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
    assert!(
        rest.starts_with("\",nonce=\"")
            && rest.ends_with("\",stale=\"false\",qop=\"auth,auth-int\"")
    );
    assert_eq!(lines[2], "Content-Type: text/html");
    assert_eq!(lines[3], "Server: Intel(R) Active Management Technology 15.0.45.2411");
    assert_eq!(lines[4], format!("Content-Length: {}", page.len()));
    assert_eq!(lines[5], "Connection: close");
    assert_eq!(lines.len(), 6);
    assert!(page.starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn an_answer_has_the_headers_of_firmware_and_chunks_with_four_digits() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let mut io = connect(&host, 16992);
    let header = authorization(&mut login, "POST", "/wsman") + "Connection: close\r\n";
    io.write_all(&post("/wsman", &header, IDENTIFY)).await.unwrap();
    let all = String::from_utf8(read_all(&mut io).await).unwrap();
    let (head, chunks) = all.split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines[0], "HTTP/1.1 200 OK");
    assert!(lines[1].starts_with("Date: ") && lines[1].ends_with(" GMT"), "{}", lines[1]);
    assert_eq!(
        lines[2..],
        [
            "Server: Intel(R) Active Management Technology 15.0.45.2411",
            "X-Frame-Options: DENY",
            "Content-Type: application/soap+xml; charset=UTF-8",
            "Transfer-Encoding: chunked",
            "Connection: close",
        ]
    );
    let (size, rest) = chunks.split_once("\r\n").unwrap();
    assert_eq!(size.len(), 4);
    let size = usize::from_str_radix(size, 16).unwrap();
    assert_eq!(&rest[size..], "\r\n0\r\n\r\n");
    assert!(rest.contains("AMT 15.0.45"), "{rest}");
}

#[tokio::test]
async fn one_connection_carries_many_requests_after_login() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let mut io = connect(&host, 16992);
    for _ in 0..3 {
        let header = authorization(&mut login, "POST", "/wsman");
        io.write_all(&post("/wsman", &header, IDENTIFY)).await.unwrap();
        assert_eq!(read_response(&mut io).await.head.status, 200);
    }
    let two: Vec<u8> = (0..2)
        .flat_map(|_| post("/wsman", &authorization(&mut login, "POST", "/wsman"), IDENTIFY))
        .collect();
    io.write_all(&two).await.unwrap();
    assert_eq!(read_response(&mut io).await.head.status, 200);
    assert_eq!(read_response(&mut io).await.head.status, 200);
}

#[tokio::test]
async fn a_repeated_answer_is_refused_as_stale() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let header = authorization(&mut login, "POST", "/wsman");
    for (status, stale) in [(200, None), (401, Some(true))] {
        let mut io = connect(&host, 16992);
        io.write_all(&post("/wsman", &header, IDENTIFY)).await.unwrap();
        let response = read_response(&mut io).await;
        assert_eq!(response.head.status, status);
        let challenge = Challenge::from_headers(&response.head.headers).ok();
        assert_eq!(challenge.map(|c| c.stale), stale);
    }
}

#[tokio::test]
async fn empty_short_and_wrong_responses_do_not_get_in() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let header = authorization(&mut login, "GET", "/");
    let (start, end) = header.split_once("response=\"").unwrap();
    let digits = &end[..32];
    let wrong = digits.replace(|c: char| c != '0', "0");
    for response in ["", &digits[..1], &digits[..31], &wrong] {
        let mut io = connect(&host, 16992);
        let request = format!("GET / HTTP/1.1\r\n{start}response=\"{response}\"\r\n\r\n");
        io.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_response(&mut io).await.head.status, 401, "{response:?}");
    }
    let mut io = connect(&host, 16992);
    io.write_all(format!("GET / HTTP/1.1\r\n{header}\r\n").as_bytes()).await.unwrap();
    assert_eq!(read_response(&mut io).await.head.status, 200);
}

#[tokio::test]
async fn other_users_and_other_passwords_do_not_get_in() {
    let host = host();
    for (user, password) in [("admin", "wrong"), ("Admin", PASSWORD), ("", ""), ("admin", "")] {
        let login = DigestLogin::new(Credentials::new(user, password));
        let mut login = challenged(&host, login).await;
        let header = authorization(&mut login, "GET", "/");
        let mut io = connect(&host, 16992);
        io.write_all(format!("GET / HTTP/1.1\r\n{header}\r\n").as_bytes()).await.unwrap();
        assert_eq!(read_response(&mut io).await.head.status, 401, "{user:?}");
    }
}

#[tokio::test]
async fn the_start_page_is_there_and_other_pages_are_not() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let mut io = connect(&host, 16992);
    for (method, path, status) in [
        ("GET", "/", 200),
        ("GET", "/nowhere.htm", 404),
        ("GET", "/wsman", 405),
        ("DELETE", "/", 405),
    ] {
        let header = authorization(&mut login, method, path);
        io.write_all(format!("{method} {path} HTTP/1.1\r\n{header}\r\n").as_bytes()).await.unwrap();
        let response = read_response(&mut io).await;
        assert_eq!(response.head.status, status, "{method} {path}");
        let server = response.head.headers.get("Server").unwrap();
        assert_eq!(server, "Intel(R) Active Management Technology 15.0.45.2411");
        let page = String::from_utf8(response.body).unwrap();
        assert_eq!(page.contains("<td>pc-01</td>"), status == 200, "{page}");
    }
}

#[tokio::test]
async fn head_tells_the_length_and_sends_no_body() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let mut io = connect(&host, 16992);
    let header = authorization(&mut login, "HEAD", "/") + "Connection: close\r\n";
    io.write_all(format!("HEAD / HTTP/1.1\r\n{header}\r\n").as_bytes()).await.unwrap();
    let all = String::from_utf8(read_all(&mut io).await).unwrap();
    assert!(all.starts_with("HTTP/1.1 200 OK\r\n") && all.ends_with("\r\n\r\n"), "{all}");
    assert_eq!(all.matches("Content-Length: ").count(), 1, "{all}");
}

#[tokio::test]
async fn a_console_that_waits_for_100_continue_gets_it() {
    let host = host();
    let mut login = challenged(&host, login()).await;
    let mut io = connect(&host, 16992);
    let header = authorization(&mut login, "POST", "/wsman") + "Expect: 100-continue\r\n";
    let request = post("/wsman", &header, IDENTIFY);
    let head = request.len() - IDENTIFY.len();
    io.write_all(&request[..head]).await.unwrap();
    let mut interim = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut io, &mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    io.write_all(&request[head..]).await.unwrap();
    assert_eq!(read_response(&mut io).await.head.status, 200);
}

#[tokio::test]
async fn ambiguous_and_oversized_requests_are_refused_and_end_the_connection() {
    for (request, status) in [
        ("POST /wsman HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /wsman HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        ("POST /wsman HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        ("GET / HTTP/1.1\nHost: x\n\n", 400),
        ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ] {
        let mut io = connect(&host(), 16992);
        io.write_all(request.as_bytes()).await.unwrap();
        let all = String::from_utf8(read_all(&mut io).await).unwrap();
        assert!(all.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?} -> {all}");
        assert!(all.contains("\r\nConnection: close\r\n"), "{all}");
    }
}
