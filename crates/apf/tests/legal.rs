//! Which message is legal when, before and after the login.

mod tunnel;

use apf::message::{KeepAlive, KeepAliveOptions, Message, Service};
use apf::server::{Config, Credentials, Event};
use apf::{DecodeError, DisconnectReason, EndReason};
use tunnel::{
    Server, adjust, close, confirmation, data, encode, forward, hex, keepalive, open_failure,
    password, service, version,
};

/// A server in each state that reads, by the name of what it waits for.
fn states(client_certificate: bool) -> [(&'static str, Server); 5] {
    let new = || Server::new(Config { client_certificate, ..Config::default() }, 0);
    let fed = |messages: &[Vec<u8>]| {
        let mut server = new();
        server.feed(&messages.concat());
        server
    };
    let mut admitted = fed(&[version(), service(Service::Auth), password()]);
    admitted.end.admit(admitted.now);
    admitted.events();
    let mut open = fed(&[version(), service(Service::Auth), password()]);
    open.end.admit(open.now);
    open.feed(&service(Service::Forwarding));
    [
        ("version", new()),
        ("auth", fed(&[version()])),
        ("credentials", fed(&[version(), service(Service::Auth)])),
        ("forwarding", admitted),
        ("open", open),
    ]
}

/// Every message of a device, and the states in which it is legal.
fn messages() -> Vec<(Vec<u8>, Vec<&'static str>)> {
    let options = KeepAliveOptions { interval: 30, timeout: 0 };
    let late = vec!["forwarding", "open"];
    let open = vec!["open"];
    let direct = tunnel::vectors()["V34"].bytes();
    let alert = tunnel::vectors()["V18"].bytes();
    vec![
        (version(), vec!["version"]),
        (service(Service::Auth), vec!["auth"]),
        (service(Service::Forwarding), late.clone()),
        (password(), vec!["credentials"]),
        (forward(1), open.clone()),
        (tunnel::cancel(1), open.clone()),
        (alert, open.clone()),
        (direct, open.clone()),
        (confirmation(1, 1, 1), open.clone()),
        (open_failure(1, 1), open.clone()),
        (adjust(1, 1), open.clone()),
        (data(1, b"x"), open.clone()),
        (close(1), open),
        (keepalive(1), vec!["auth", "credentials", "forwarding", "open"]),
        (encode(&Message::KeepAliveReply(KeepAlive { cookie: 1 })), late.clone()),
        (encode(&Message::KeepAliveOptionsReply(options)), late),
    ]
}

#[test]
fn every_message_is_legal_in_its_states_only() {
    for (bytes, legal) in messages() {
        for (name, mut server) in states(false) {
            let events = server.feed(&bytes);
            let end = events.iter().find_map(|event| match event {
                Event::Ended(reason) => Some(*reason),
                _ => None,
            });
            if legal.contains(&name) {
                assert_eq!(end, None, "{} while waiting for {name}", bytes[0]);
            } else {
                let illegal =
                    matches!(end, Some(EndReason::Illegal { message, .. }) if message == bytes[0]);
                assert!(illegal, "{} while waiting for {name}: {end:?}", bytes[0]);
                assert!(server.said().ends_with(&hex("01 00000002 0000")));
            }
        }
    }
}

#[test]
fn an_illegal_message_is_seen_at_its_first_byte() {
    for (bytes, legal) in messages() {
        for (name, mut server) in states(false) {
            // Which service is asked for stands at the end of the message.
            if !legal.contains(&name) && bytes[0] != 5 {
                let events = server.feed(&bytes[..1]);
                assert!(matches!(events.as_slice(), [Event::Ended(_)]), "{} {name}", bytes[0]);
            }
        }
    }
}

#[test]
fn what_only_servers_say_is_illegal_everywhere() {
    for number in [6, 51, 52, 81, 82, 210] {
        for (_, mut server) in states(false) {
            let wrong = EndReason::Decode(DecodeError::WrongDirection(number));
            assert_eq!(server.feed(&[number]), [Event::Ended(wrong)]);
        }
    }
}

#[test]
fn a_disconnect_is_heard_in_every_state_that_reads() {
    for (name, mut server) in states(false) {
        server.said();
        let events = server.feed(&hex("01000000070000"));
        let reason = EndReason::ByPeer(DisconnectReason::SERVICE_NOT_AVAILABLE);
        assert_eq!(events, [Event::Ended(reason)], "{name}");
        assert_eq!(server.said(), b"", "{name}");
    }
}

#[test]
fn other_numbers_of_ssh_are_unknown() {
    for number in (0..=255).filter(|number| apf::message::Kind::from_wire(*number).is_none()) {
        let mut server = Server::open(Config::default(), 0);
        let unknown = EndReason::Decode(DecodeError::UnknownType(number));
        assert_eq!(server.feed(&[number]), [Event::Ended(unknown)]);
    }
}

#[test]
fn another_service_does_not_exist() {
    for (_, mut server) in states(false).into_iter().filter(|(name, _)| *name != "version") {
        server.said();
        let events = server.feed(&hex("05 00000003 78797a"));
        assert_eq!(events, [Event::Ended(EndReason::Decode(DecodeError::UnknownService))]);
        assert_eq!(server.said(), hex("01 00000007 0000"));
    }
}

#[test]
fn two_early_keepalives_are_tolerated() {
    for split in 0..=2 {
        let mut server = Server::new(Config::default(), 0);
        server.feed(&[version(), keepalive(1).repeat(split), service(Service::Auth)].concat());
        let events = server.feed(&keepalive(2).repeat(2 - split));
        assert!(events.iter().all(|event| *event == Event::KeepAlive));
        let illegal = server.feed(&keepalive(3));
        assert!(matches!(
            illegal.as_slice(),
            [Event::Ended(EndReason::Illegal { message: 208, .. })]
        ));
    }
}

#[test]
fn a_verified_certificate_may_stand_for_the_login() {
    for (name, mut server) in states(true) {
        if !["auth", "credentials"].contains(&name) {
            continue;
        }
        server.said();
        let events = server.feed(&[service(Service::Forwarding), forward(16992)].concat());
        let credentials = Credentials::Certificate { user: None };
        assert_eq!(events, [Event::AdmissionAsked { uuid: tunnel::UUID, credentials }]);
        assert_eq!(server.said(), b"");
        server.end.admit(server.now);
        let events = server.resume();
        assert!(matches!(
            events.as_slice(),
            [Event::ForwardingStarted, Event::PortForwarded { .. }]
        ));
        let accept = hex("06 00000012 7066776440616d742e696e74656c2e636f6d");
        assert_eq!(server.said(), [accept, hex("5100004260")].concat());
    }
    // Refused: there is no login to refuse, so it is the service.
    let (_, mut server) = states(true).into_iter().nth(1).expect("auth");
    server.feed(&service(Service::Forwarding));
    server.end.refuse(server.now);
    assert_eq!(server.events(), [Event::Ended(EndReason::Refused)]);
    assert_eq!(server.said(), hex("01 00000007 0000"));
}

#[test]
fn decisions_that_nobody_asked_for_change_nothing() {
    for (name, mut server) in states(false) {
        server.said();
        server.end.admit(server.now);
        server.end.refuse(server.now);
        assert_eq!((server.events(), server.said()), (Vec::new(), Vec::new()), "{name}");
    }
}

#[test]
fn ports_are_1_to_65535_and_sixteen_at_most() {
    let mut server = Server::open(Config::default(), 0);
    for port in [0, 65536, u32::MAX] {
        let fault = apf::Fault::ForwardRefused { port };
        assert_eq!(server.feed(&forward(port)), [Event::Fault(fault)]);
        assert_eq!(server.said(), hex("52"));
    }
    for port in 1..=16 {
        server.feed(&forward(port));
    }
    assert_eq!(server.said().len(), 16 * 5);
    server.feed(&forward(17));
    assert_eq!(server.said(), hex("52"));
    // Once more is still fine, and told once.
    assert_eq!(server.feed(&forward(16)), []);
    assert_eq!(server.said(), hex("5100000010"));
    // One goes, another may come; what is not there cannot go.
    assert_eq!(server.feed(&tunnel::cancel(1)), [Event::PortCancelled { port: 1 }]);
    assert_eq!(server.feed(&forward(65535)).len(), 1);
    server.feed(&tunnel::cancel(1));
    assert_eq!(server.said(), hex("51 510000ffff 52"));
    assert_eq!(server.end.forwarded_ports().count(), 16);
}

#[test]
fn credentials_are_never_printed() {
    let (_, mut server) = states(false).into_iter().nth(2).expect("credentials");
    let events = server.feed(&password());
    let printed = format!("{events:?} {:?}", server.end);
    assert!(!printed.contains("P@ssw0rd") && !printed.contains("admin"), "{printed}");
    let bytes = password();
    let message = apf::message::decode_from_device(&bytes).expect("valid");
    assert!(!format!("{message:?}").contains("80, 64"), "P@, as numbers");
}
