//! Redirection messages: the bytes that consoles really send, both roles against each other, any
//! pieces, any rubbish.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use amt::{
    credentials::Credentials,
    redirect::{
        ConsoleLogin, ConsoleMessage, ConsoleStep, Controls, Decoder, DeviceLogin, DeviceMessage,
        DigestLoginAnswer, DigestLoginChallenge, Kind, LoginMethod, PlainLogin, RedirectError,
        SolSettings, StartStatus, Verdict,
    },
};
use proptest::prelude::*;

const REALM: &str = "Digest:A4070000000000000000000000000000";

fn encoded(message: &ConsoleMessage) -> Vec<u8> {
    let mut out = Vec::new();
    message.encode(&mut out);
    out
}

fn encoded_device(message: &DeviceMessage) -> Vec<u8> {
    let mut out = Vec::new();
    message.encode(&mut out);
    out
}

#[test]
fn console_messages_have_the_bytes_of_the_protocol() {
    let settings = SolSettings {
        max_transmit: 1000,
        transmit_timeout: 100,
        transmit_overflow: 0,
        receive_timeout: 10000,
        receive_flush: 0,
        heartbeat: 5000,
    };
    for (message, bytes) in [
        (ConsoleMessage::Start(Kind::Sol), &b"\x10\0\0\0SOL "[..]),
        (ConsoleMessage::Start(Kind::Ider), b"\x10\0\0\0IDER"),
        (ConsoleMessage::Start(Kind::Kvm), b"\x10\x01\0\0KVMR"),
        (ConsoleMessage::End, b"\x12\0\0\0"),
        (
            ConsoleMessage::Login { method: LoginMethod::Query, data: vec![] },
            b"\x13\0\0\0\0\0\0\0\0",
        ),
        (
            ConsoleMessage::SolOpen { sequence: 0, settings },
            b"\x20\0\0\0\0\0\0\0\xe8\x03\x64\0\0\0\x10\x27\0\0\x88\x13\0\0\0\0",
        ),
        (ConsoleMessage::SolClose { sequence: 3 }, b"\x22\0\0\0\x03\0\0\0"),
        (
            ConsoleMessage::SolControls { sequence: 1, data: [0, 0, 0x1B, 0, 0, 0] },
            b"\x27\0\0\0\x01\0\0\0\0\0\x1b\0\0\0",
        ),
        (
            ConsoleMessage::SolData { sequence: 0x0102_0304, data: b"hi".to_vec() },
            b"\x28\0\0\0\x04\x03\x02\x01\x02\0hi",
        ),
        (ConsoleMessage::Ping { sequence: 0 }, b"\x24\0\0\0\0\0\0\0"),
        (ConsoleMessage::Pong { sequence: 0 }, b"\x25\0\0\0\0\0\0\0"),
        (ConsoleMessage::Heartbeat { sequence: 0 }, b"\x2b\0\0\0\0\0\0\0"),
    ] {
        assert_eq!(encoded(&message), bytes, "{message:?}");
        assert_eq!(ConsoleMessage::decode(bytes), Ok(Some((message, bytes.len()))));
    }
}

#[test]
fn device_messages_have_the_lengths_that_consoles_wait_for() {
    let settings = SolSettings::default();
    let ok = StartStatus::Ok;
    for (message, length) in [
        (DeviceMessage::Started { status: ok, oem: vec![] }, 13),
        (DeviceMessage::Started { status: ok, oem: vec![1, 2] }, 15),
        (DeviceMessage::Login { status: 0, method: LoginMethod::Query, data: vec![3, 4] }, 11),
        (DeviceMessage::SolOpened { status: 0, sequence: 1, settings }, 23),
        (DeviceMessage::SolClosed { sequence: 1 }, 8),
        (DeviceMessage::Ping { sequence: 1 }, 8),
        (DeviceMessage::Pong { sequence: 1 }, 8),
        (
            DeviceMessage::SolControls {
                sequence: 1,
                controls: Controls { lines: 3, status: Controls::POWERED },
            },
            10,
        ),
        (DeviceMessage::SolData { sequence: 1, data: vec![65; 300] }, 310),
        (DeviceMessage::Heartbeat { sequence: 1 }, 8),
    ] {
        let bytes = encoded_device(&message);
        assert_eq!(bytes.len(), length, "{message:?}");
        assert_eq!(DeviceMessage::decode(&bytes), Ok(Some((message, length))));
    }
}

#[test]
fn a_refused_start_is_understood_after_four_bytes() {
    let refused = |status| DeviceMessage::Started { status, oem: vec![] };
    let decoded = DeviceMessage::decode(&[0x11, 2, 0, 0]).unwrap();
    assert_eq!(decoded, Some((refused(StartStatus::Busy), 4)));
    assert_eq!(encoded_device(&refused(StartStatus::Busy))[..4], [0x11, 2, 0, 0]);
}

/// What Debian's amtterm 1.4 sends: a plain login without having asked.
#[test]
fn the_plain_login_of_amtterm_is_understood() {
    let bytes = b"\x13\0\0\0\x01\x0f\0\0\0\x05admin\x08P@ssw0rd";
    let Ok(Some((ConsoleMessage::Login { method, data }, 24))) = ConsoleMessage::decode(bytes)
    else {
        panic!("not understood")
    };
    assert_eq!(method, LoginMethod::Plain);
    let plain = PlainLogin::parse(&data).unwrap();
    assert_eq!((plain.user.as_str(), plain.password.as_str()), ("admin", "P@ssw0rd"));
}

#[test]
fn the_first_round_of_a_digest_login_has_eight_strings_and_seven_without_qop() {
    let first = DigestLoginAnswer::first("admin");
    let data = first.to_data(LoginMethod::DigestQop).unwrap();
    assert_eq!(data, b"\x05admin\0\0\x13/RedirectionService\0\0\0\0");
    assert_eq!(data.len(), "admin".len() + "/RedirectionService".len() + 8);
    assert_eq!(first.to_data(LoginMethod::Digest).unwrap(), data[..data.len() - 1]);
}

fn device(plain: bool) -> DeviceLogin {
    let accounts = vec![
        ("other".to_owned(), amt::http::digest::Ha1::new("other", REALM, "unused")),
        ("admin".to_owned(), amt::http::digest::Ha1::new("admin", REALM, "right")),
    ];
    DeviceLogin::new(REALM.into(), accounts, plain)
}

/// Runs a console against a platform.
fn meet(device: &mut DeviceLogin, password: &str) -> (ConsoleStep, Verdict) {
    let mut console = ConsoleLogin::new(Credentials::new("admin", password), [4; 16]);
    let mut message = console.start();
    loop {
        let ConsoleMessage::Login { method, data } = message else { panic!("no login") };
        let (answer, verdict) = device.handle(method, &data, [6; 16]);
        let DeviceMessage::Login { status, method, data } = answer else { panic!("no answer") };
        match console.handle(status, method, &data) {
            ConsoleStep::Send(more) => message = more,
            end => return (end, verdict),
        }
    }
}

#[test]
fn both_roles_agree_on_right_and_wrong_passwords() {
    assert_eq!(meet(&mut device(false), "right"), (ConsoleStep::Accepted, Verdict::Accepted));
    let mut device = device(false);
    assert_eq!(meet(&mut device, "wrong"), (ConsoleStep::Denied, Verdict::Pending));
    assert_eq!(meet(&mut device, ""), (ConsoleStep::Denied, Verdict::Pending));
    assert_eq!(meet(&mut device, "wrong"), (ConsoleStep::Denied, Verdict::Close));
}

#[test]
fn questions_without_end_are_not_answered_for_ever() {
    let mut device = device(false);
    let verdicts: Vec<_> =
        (0..20).map(|_| device.handle(LoginMethod::Query, &[], [0; 16]).1).collect();
    assert!(verdicts.contains(&Verdict::Close) && !verdicts.contains(&Verdict::Accepted));
}

/// A right second round, which the test then spoils. `nc` is what amtterm says.
fn second_round(device: &mut DeviceLogin, method: LoginMethod) -> DigestLoginAnswer {
    let first = DigestLoginAnswer::first("admin");
    let (answer, _) = device.handle(method, &first.to_data(method).unwrap(), [6; 16]);
    let DeviceMessage::Login { status: 1, data, .. } = answer else { panic!("no challenge") };
    let DigestLoginChallenge { realm, nonce } = DigestLoginChallenge::parse(&data).unwrap();
    let mut second = DigestLoginAnswer {
        realm,
        nonce,
        cnonce: "c".into(),
        count: "00000002".into(),
        qop: "auth".into(),
        ..first
    };
    let ha1 = amt::http::digest::Ha1::new("admin", REALM, "right");
    second.response = second.expected(method, ha1).as_str().to_owned();
    second
}

#[test]
fn a_digest_is_accepted_whole_and_in_no_other_shape() {
    type Spoil = fn(&mut DigestLoginAnswer);
    let spoils: [(bool, Spoil); 9] = [
        (true, |_| {}),
        (false, |a| a.response.clear()),
        (false, |a| a.response.truncate(31)),
        (false, |a| a.response.push('0')),
        (false, |a| a.user = "root".into()),
        (false, |a| a.realm.push('0')),
        (false, |a| a.nonce.push('0')),
        (false, |a| a.uri.push('/')),
        (false, |a| a.cnonce.push('0')),
    ];
    for method in [LoginMethod::Digest, LoginMethod::DigestQop] {
        for (index, (right, spoil)) in spoils.into_iter().enumerate() {
            if method == LoginMethod::Digest && index == 8 {
                continue; // RFC 2069 knows no client nonce.
            }
            let mut device = device(false);
            let mut answer = second_round(&mut device, method);
            spoil(&mut answer);
            let data = answer.to_data(method).unwrap();
            let (_, verdict) = device.handle(method, &data, [7; 16]);
            assert_eq!(verdict == Verdict::Accepted, right, "spoil {index} of {method:?}");
        }
    }
}

#[test]
fn a_nonce_is_good_for_one_try() {
    let mut device = device(false);
    let method = LoginMethod::DigestQop;
    let right = second_round(&mut device, method);
    let wrong = DigestLoginAnswer { response: "0".repeat(32), ..right.clone() };
    let (_, verdict) = device.handle(method, &wrong.to_data(method).unwrap(), [7; 16]);
    assert_eq!(verdict, Verdict::Pending);
    let (_, verdict) = device.handle(method, &right.to_data(method).unwrap(), [7; 16]);
    assert_eq!(verdict, Verdict::Pending, "the nonce is spent");
}

#[test]
fn a_console_never_sends_its_password_in_clear_text() {
    let mut console = ConsoleLogin::new(Credentials::new("admin", "right"), [4; 16]);
    assert_eq!(console.handle(0, LoginMethod::Query, &[1, 2]), ConsoleStep::NoMethod);
}

#[test]
fn strings_that_a_login_cannot_hold_are_an_error() {
    let long = "x".repeat(256);
    assert!(PlainLogin { user: long.clone(), password: String::new() }.to_data().is_err());
    let mut console = ConsoleLogin::new(Credentials::new(long, "right"), [4; 16]);
    assert_eq!(console.handle(0, LoginMethod::Query, &[4]), ConsoleStep::Denied);
}

#[test]
fn rubbish_and_oversized_logins_are_errors_at_once() {
    assert_eq!(ConsoleMessage::decode(b"GET"), Err(RedirectError::UnknownMessage(b'G')));
    let long = [0x13, 0, 0, 0, 4, 0x01, 0x10, 0, 0];
    assert_eq!(ConsoleMessage::decode(&long), Err(RedirectError::LoginTooLong(4097)));
    let long = [0x14, 0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF];
    assert_eq!(DeviceMessage::decode(&long), Err(RedirectError::LoginTooLong(u32::MAX)));
}

#[test]
fn after_the_login_the_rest_of_the_stream_can_be_taken_over() {
    let mut decoder = Decoder::new();
    let mut stream = encoded(&ConsoleMessage::Start(Kind::Kvm));
    stream.extend_from_slice(b"RFB 003.008\n");
    decoder.handle_bytes(&stream);
    assert_eq!(decoder.poll_message(), Ok(Some(ConsoleMessage::Start(Kind::Kvm))));
    assert_eq!(decoder.take_rest(), b"RFB 003.008\n");
    assert_eq!(decoder.take_rest(), b"");
}

fn decode_all<M: Decode>(stream: &[u8], sizes: &[usize]) -> (Vec<M>, Option<RedirectError>) {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    let mut sizes = sizes.iter().copied().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
        rest = after;
        decoder.handle_bytes(piece);
        loop {
            match decoder.poll_message() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

use amt::redirect::Decode;

/// Bytes that begin like messages more often than chance would have it.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        0x10_u8, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x27, 0x28, 0x29,
        0x2A, 0x2B,
    ]);
    let message = (start, prop::collection::vec(0..24_u8, 3..30)).prop_map(|(first, rest)| {
        let mut bytes = vec![first];
        bytes.extend(rest);
        bytes
    });
    prop::collection::vec(message, 0..6).prop_map(|m| m.concat())
}

proptest! {
    #[test]
    fn any_pieces_give_the_same_messages(
        stream in streams(),
        sizes in prop::collection::vec(1..30_usize, 1..6),
    ) {
        let all = [stream.len().max(1)];
        let whole = decode_all::<ConsoleMessage>(&stream, &all);
        prop_assert_eq!(whole, decode_all(&stream, &sizes));
        let whole = decode_all::<DeviceMessage>(&stream, &all);
        prop_assert_eq!(whole, decode_all(&stream, &sizes));
    }

    #[test]
    fn characters_survive(data in prop::collection::vec(any::<u8>(), 0..2000), sequence: u32) {
        let message = ConsoleMessage::SolData { sequence, data };
        let bytes = encoded(&message);
        prop_assert_eq!(ConsoleMessage::decode(&bytes), Ok(Some((message, bytes.len()))));
    }

    #[test]
    fn no_login_makes_either_side_panic(
        method: u8,
        status: u8,
        data in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let method = LoginMethod::from_number(method);
        let mut device = device(true);
        let (_, verdict) = device.handle(method, &data, [0; 16]);
        prop_assert_ne!(verdict, Verdict::Accepted);
        let mut console = ConsoleLogin::new(Credentials::new("a", "b"), [0; 16]);
        console.handle(0, LoginMethod::Query, &[4]);
        console.handle(status, method, &data);
        console.handle(status, method, &data);
    }
}
