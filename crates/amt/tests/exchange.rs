//! One request against a platform as it may behave: 401 with and without an end, stale nonces,
//! chunked answers, and streams that break.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use amt::{
    credentials::Credentials,
    http::{
        Headers, Limits, MessageReader, RequestHead, ResponseHead,
        digest::{Challenge, DigestLogin, DigestVerifier, Ha1, NonceTable, Qop},
        write_chunked,
    },
    wsman::{
        Exchange, ExchangeError, Fault, Operation, Outcome, Output, Reply, Request, Subcode, Target,
    },
};
use proptest::prelude::*;
use std::time::Duration;

const REALM: &str = "Digest:A4070000000000000000000000000000";

fn login(password: &str) -> DigestLogin {
    DigestLogin::new(Credentials::new("admin", password))
}

fn exchange(login: DigestLogin) -> Exchange {
    let target = Target::class("AMT_GeneralSettings").unwrap();
    Exchange::new(&Request::new("5", target, Operation::Get), "pc-01", login, [1; 16])
}

fn verifier() -> DigestVerifier {
    DigestVerifier::new(REALM.into(), vec![Qop::Auth], NonceTable::new(Duration::from_secs(60), 4))
}

/// What a platform with this verifier answers to the bytes of a request.
fn respond(verifier: &mut DigestVerifier, sent: &[u8], close: bool, stale: bool) -> Vec<u8> {
    let mut reader = MessageReader::<RequestHead>::new(Limits::default());
    let (_, request) = reader.handle_bytes(sent).unwrap();
    let request = request.expect("a whole request");
    let verdict = verifier.verify(
        request.head.headers.get("Authorization"),
        ("POST", "/wsman", &request.body),
        Duration::ZERO,
        |_| Some(Ha1::new("admin", REALM, "right")),
    );
    let mut out = Vec::new();
    if verdict.is_ok() && !stale {
        let id = Request::parse(&request.body).unwrap().message_id;
        return answer(&id, Ok(Outcome::Released));
    }
    let challenge = verifier.challenge(stale, Duration::ZERO, [2; 16]).to_header();
    let mut headers =
        Headers::new().with("WWW-Authenticate", challenge).with("Content-Length", "2");
    if close {
        headers.push("Connection", "close");
    }
    ResponseHead::new(401, headers).write(&mut out);
    out.extend_from_slice(b"no");
    out
}

fn answer(relates_to: &str, result: Result<Outcome, Fault>) -> Vec<u8> {
    let mut out = Vec::new();
    let status = result.as_ref().map_or_else(Fault::http_status, |_| 200);
    let headers = Headers::new()
        .with("Server", "Intel(R) Active Management Technology 16.1.30")
        .with("Transfer-Encoding", "chunked");
    ResponseHead::new(status, headers).write(&mut out);
    let reply = Reply { relates_to: relates_to.into(), resource: None, result };
    write_chunked(reply.to_xml(1).as_bytes(), &mut out);
    out
}

fn failed(exchange: &mut Exchange) -> ExchangeError {
    match exchange.poll_output() {
        Some(Output::Failed(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_platform_that_closes_after_its_401_gets_a_second_channel() {
    let mut verifier = verifier();
    let mut exchange = exchange(login("right"));
    let sent = exchange.poll_transmit().unwrap();
    assert!(exchange.poll_transmit().is_none());
    assert!(exchange.may_have_been_done());
    exchange.handle_bytes(&respond(&mut verifier, &sent, true, false));
    assert!(!exchange.may_have_been_done());
    assert!(matches!(exchange.poll_output(), Some(Output::Reopen)));
    assert!(exchange.poll_output().is_none() && exchange.poll_transmit().is_none());
    exchange.handle_reopened();
    let sent = exchange.poll_transmit().unwrap();
    exchange.handle_bytes(&respond(&mut verifier, &sent, true, false));
    let Some(Output::Done(answered)) = exchange.poll_output() else { panic!("no answer") };
    assert_eq!(answered.reply.result, Ok(Outcome::Released));
    assert!(answered.keep_alive);
    assert!(answered.server.is_some_and(|s| s.ends_with("16.1.30")));
}

#[test]
fn a_platform_that_stays_open_gets_the_second_try_on_the_same_channel_or_a_new_one() {
    for closes_anyway in [false, true] {
        let mut verifier = verifier();
        let mut exchange = exchange(login("right"));
        let sent = exchange.poll_transmit().unwrap();
        exchange.handle_bytes(&respond(&mut verifier, &sent, false, false));
        if closes_anyway {
            exchange.handle_end();
            assert!(matches!(exchange.poll_output(), Some(Output::Reopen)));
            exchange.handle_reopened();
        }
        assert!(exchange.poll_output().is_none());
        let sent = exchange.poll_transmit().unwrap();
        exchange.handle_bytes(&respond(&mut verifier, &sent, false, false));
        assert!(matches!(exchange.poll_output(), Some(Output::Done(_))));
    }
}

#[test]
fn a_known_nonce_saves_the_401_and_a_forgotten_one_costs_it() {
    let mut verifier = verifier();
    let mut known = login("right");
    known.handle_challenge(verifier.challenge(false, Duration::ZERO, [9; 16]));
    let mut first = exchange(known);
    let sent = first.poll_transmit().unwrap();
    first.handle_bytes(&respond(&mut verifier, &sent, false, false));
    assert!(matches!(first.poll_output(), Some(Output::Done(_))));
    let mut restarted = self::verifier();
    let mut second = exchange(first.into_login());
    for _ in 0..2 {
        let sent = second.poll_transmit().unwrap();
        second.handle_bytes(&respond(&mut restarted, &sent, false, false));
    }
    assert!(matches!(second.poll_output(), Some(Output::Done(_))));
}

#[test]
fn a_wrong_password_fails_after_two_tries_and_endless_staleness_after_twelve() {
    for (password, stale, tries) in [("wrong", false, 2), ("right", true, 12)] {
        let mut verifier = verifier();
        let mut exchange = exchange(login(password));
        let mut count = 0;
        while let Some(sent) = exchange.poll_transmit() {
            count += 1;
            exchange.handle_bytes(&respond(&mut verifier, &sent, false, stale));
        }
        assert_eq!((count, failed(&mut exchange)), (tries, ExchangeError::Unauthorized));
        assert!(!exchange.may_have_been_done());
    }
}

#[test]
fn a_fault_is_an_answer_and_other_errors_are_not() {
    let send = |bytes: &[u8]| {
        let mut exchange = exchange(login("right"));
        exchange.poll_transmit().unwrap();
        exchange.handle_bytes(bytes);
        exchange.handle_end();
        exchange
    };
    let fault = Fault::sender(Subcode::AccessDenied, "not now");
    let Some(Output::Done(answered)) = send(&answer("5", Err(fault.clone()))).poll_output() else {
        panic!("no answer")
    };
    assert_eq!(answered.reply.result, Err(fault));
    let other = answer("6", Ok(Outcome::Released));
    assert_eq!(failed(&mut send(&other)), ExchangeError::OtherRequest);
    let busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    assert_eq!(failed(&mut send(busy)), ExchangeError::Status(503));
    let basic = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    assert!(matches!(failed(&mut send(basic)), ExchangeError::Challenge(_)));
    let page = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";
    assert!(matches!(failed(&mut send(page)), ExchangeError::Reply(_)));
    assert!(matches!(failed(&mut send(b"SSH-2.0-x\r\n\r\n")), ExchangeError::Http(_)));
    assert!(matches!(failed(&mut send(b"HTTP/1.1 200 OK\r\n")), ExchangeError::Http(_)));
    let mut closed = send(b"");
    assert_eq!(failed(&mut closed), ExchangeError::Closed);
    assert!(closed.may_have_been_done(), "nobody knows");
}

proptest! {
    #[test]
    fn any_pieces_lead_to_the_same_end(sizes in prop::collection::vec(1..200_usize, 1..8)) {
        let mut verifier = verifier();
        let mut exchange = exchange(login("right"));
        let mut sizes = sizes.into_iter().cycle();
        while let Some(sent) = exchange.poll_transmit() {
            let bytes = respond(&mut verifier, &sent, false, false);
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                exchange.handle_bytes(piece);
                rest = after;
            }
        }
        let done = matches!(exchange.poll_output(), Some(Output::Done(_)));
        prop_assert!(done);
    }

    #[test]
    fn no_answer_makes_it_panic(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6),
        start in prop::sample::select(vec!["", "HTTP/1.1 401 X\r\n", "HTTP/1.1 200 X\r\n"]),
    ) {
        let mut exchange = exchange(login("right"));
        exchange.poll_transmit();
        exchange.handle_bytes(start.as_bytes());
        for piece in pieces {
            exchange.handle_bytes(&piece);
            exchange.poll_output();
            exchange.handle_reopened();
            exchange.poll_transmit();
        }
        exchange.handle_end();
        exchange.poll_output();
    }
}

#[test]
fn the_answer_to_a_challenge_is_for_this_request() {
    let mut exchange = exchange(login("right"));
    exchange.poll_transmit().unwrap();
    let challenge = Challenge {
        realm: REALM.into(),
        nonce: "n".into(),
        opaque: Some("o".into()),
        stale: false,
        qop: vec![Qop::AuthInt, Qop::Auth],
    };
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {}\r\nContent-Length: 0\r\n\r\n",
        challenge.to_header()
    );
    exchange.handle_bytes(head.as_bytes());
    let sent = String::from_utf8(exchange.poll_transmit().unwrap()).unwrap();
    for part in ["uri=\"/wsman\"", "qop=auth, nc=00000001", "opaque=\"o\"", "username=\"admin\""] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    assert!(!sent.contains("right"), "the password is not sent");
}
