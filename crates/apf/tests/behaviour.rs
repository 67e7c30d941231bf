//! The behavioural cases (a) to (l) of the APF reference, one test each.

mod tunnel;

use apf::message::{Message, Service};
use apf::server::{Config, Event};
use apf::{ChannelEnd, ChannelId, EndReason, Fault, OpenError};
use bytes::BytesMut;
use std::time::Duration;
use tunnel::{
    Device, Server, adjust, checks::check_of, close, confirmation, data, forward, hex, keepalive,
    password, service, vectors, version,
};

#[test]
fn a_every_vector_means_the_same_when_it_comes_byte_by_byte() {
    for vector in vectors().values() {
        println!("{}: {}", vector.id, vector.meaning);
        check_of(&vector.id).expect("a check for each vector")(&vector.bytes(), 1);
    }
}

#[test]
fn b_version_and_login_service_may_come_in_one_record() {
    let mut server = Server::new(Config::default(), 0);
    let events = server.feed(&[version(), service(Service::Auth)].concat());
    assert!(matches!(events.as_slice(), [Event::Greeted { .. }]));
    assert_eq!(server.said(), hex("06000000126175746840616d742e696e74656c2e636f6d"));
}

#[test]
fn c_credentials_may_be_split_after_each_of_their_bytes() {
    let credentials = password();
    assert_eq!(credentials.len(), 57);
    for cut in 1..credentials.len() {
        let mut server = Server::new(Config::default(), 0);
        server.feed(&[version(), service(Service::Auth)].concat());
        assert_eq!(server.feed(&credentials[..cut]), [], "after {cut}");
        let events = server.feed(&credentials[cut..]);
        assert!(matches!(events.as_slice(), [Event::AdmissionAsked { .. }]), "after {cut}");
    }
}

#[test]
fn d_a_confirmation_after_the_open_timeout_gets_exactly_one_close() {
    let mut server = Server::with_channels(Config::default(), 0, 1);
    let timed_out = Event::ChannelTimedOut { channel: ChannelId(1) };
    assert_eq!(server.after(Duration::from_secs(10)), [timed_out]);
    assert_eq!(server.said(), b"", "nothing is closed that was never open");
    assert_eq!(server.feed(&confirmation(1, 0, 5000)), []);
    assert_eq!(server.said(), close(0));
    // Data that the device had sent already, and its own CLOSE: nothing more from us.
    assert_eq!(server.feed(&[data(1, b"hello"), adjust(1, 5), close(1)].concat()), []);
    assert_eq!(server.said(), b"");
}

#[test]
fn e_closes_that_cross_are_not_answered() {
    let mut server = Server::with_channel_4(0, 5000);
    server.end.close(ChannelId(4));
    let closed = Event::ChannelClosed { channel: ChannelId(4), end: ChannelEnd::ByUs };
    assert_eq!(server.events(), [closed]);
    assert_eq!(server.said(), close(0));
    assert_eq!(server.feed(&close(4)), []);
    assert_eq!(server.said(), b"");
}

#[test]
fn f_a_number_that_is_used_again_at_once_belongs_to_the_new_channel() {
    let mut server = Server::with_channels(Config::default(), 0, 5);
    server.feed(&confirmation(4, 0, 5000));
    let events = server.feed(&[close(4), confirmation(5, 0, 5000), data(5, b"new")].concat());
    let [closed, opened, arrived] = events.as_slice() else { panic!("{events:?}") };
    assert!(matches!(closed, Event::ChannelClosed { channel: ChannelId(4), .. }));
    assert!(matches!(opened, Event::ChannelOpened { channel: ChannelId(5) }));
    assert!(matches!(arrived, Event::Data { channel: ChannelId(5), data } if data == "new"));
    server.end.send(ChannelId(5), "out".into(), server.now).expect("open");
    assert!(server.end.send(ChannelId(4), "out".into(), server.now).is_err());
    // The one CLOSE of the old channel comes before anything of the new one.
    assert_eq!(server.said(), [close(0), data(0, b"out")].concat());
}

#[test]
fn g_a_hundred_thousand_adjustments_of_one_byte_add_up() {
    let mut server = Server::with_channel_4(0, 0);
    server.end.send(ChannelId(4), vec![7; 100_001].into(), server.now).expect("open");
    assert_eq!(server.feed(&adjust(4, 1).repeat(100_000)), []);
    let sent = server.said();
    assert_eq!(server.end.queued(ChannelId(4)), 1);
    assert_eq!(sent.len(), 100_000 + 9 * 100_000_usize.div_ceil(8192));
}

#[test]
fn h_data_beyond_the_window_closes_that_channel_only() {
    let mut server = Server::with_channels(Config::default(), 0, 2);
    server.feed(&[confirmation(1, 0, 10), confirmation(2, 1, 10)].concat());
    let events = server.feed(&[data(1, &[1; 4096]), data(1, &[2; 3]), data(2, b"fine")].concat());
    let [first, closed, fault, fine] = events.as_slice() else { panic!("{events:?}") };
    assert!(matches!(first, Event::Data { data, .. } if data.len() == 4096));
    let end = ChannelEnd::WindowExceeded;
    assert_eq!(closed, &Event::ChannelClosed { channel: ChannelId(1), end });
    assert_eq!(fault, &Event::Fault(Fault::WindowExceeded { channel: 1, over: 3 }));
    assert!(matches!(fine, Event::Data { channel: ChannelId(2), .. }));
    assert_eq!(server.said(), close(0));
    // What else was on its way is dropped without another fault.
    assert_eq!(server.feed(&data(1, &[3; 5000])), []);
}

#[test]
fn i_a_consumer_that_stalls_stops_the_device_at_the_window_and_nothing_else() {
    let mut server = Server::with_channels(Config::default(), 0, 1);
    let mut device = Device::settled(Device::admin(&[16992]), 0);
    device.feed(&hex(
        "5a0000000f666f727761726465642d7463706970000000010000100 0ffffffff000000000000426000000000 00000000",
    ));
    device.end.accept(ChannelId(0));
    server.feed(&device.said());
    device.end.send(ChannelId(0), vec![9; 100_000].into()).expect("open");
    let stream = device.said();
    let stalled = device.end.queued(ChannelId(0));
    assert_eq!(stalled, 100_000 - 0x1000, "the device stops at exactly the window");
    let events = server.feed(&stream);
    assert!(matches!(events.as_slice(), [Event::Data { data, .. }] if data.len() == 0x1000));
    assert_eq!(server.said(), b"", "nothing is granted");
    // Keep-alives go on.
    assert_eq!(server.feed(&keepalive(5)), [Event::KeepAlive]);
    assert_eq!(server.said(), hex("d100000005"));
    // The consumer takes half: exactly that is granted, and exactly that follows.
    server.end.release(ChannelId(1), 0x800);
    device.feed(&server.said());
    device.said();
    assert_eq!(device.end.queued(ChannelId(0)), stalled - 0x800);
}

#[test]
fn j_a_stranger_with_a_known_uuid_gets_nothing_done() {
    // There is nothing in a connection that another one could touch: a version and a DISCONNECT
    // lead to two events, neither of which names an admitted device.
    let mut server = Server::new(Config::default(), 0);
    let disconnect = hex("010000000b0000");
    let events = server.feed(&[version(), disconnect].concat());
    let by_peer = EndReason::ByPeer(apf::DisconnectReason::BY_APPLICATION);
    assert!(
        matches!(events.as_slice(), [Event::Greeted { .. }, Event::Ended(end)] if *end == by_peer)
    );
    assert_eq!(server.said(), b"");
    assert_eq!(server.end.forwarded_ports().count(), 0);
    let opened = server.end.open(16992, 1, ("", 0), server.now);
    assert_eq!(opened, Err(OpenError::NotOpen));
}

#[test]
fn k_a_second_tunnel_of_the_device_and_the_late_end_of_the_first_do_not_meet() {
    let mut old = Server::with_channels(Config::default(), 0, 1);
    let mut new = Server::with_channels(Config::default(), 0, 1);
    // The owner of both tells the old one why.
    old.end.disconnect(apf::DisconnectReason::BY_APPLICATION, old.now);
    assert_eq!(old.said(), hex("010000000b0000"));
    assert_eq!(old.events().len(), 2, "its channel, and the end");
    assert!(old.end.is_finished());
    // The old socket's close comes late.
    old.end.handle_end_of_stream(old.now);
    assert_eq!(old.events(), [], "the end is told once");
    assert_eq!(new.feed(&confirmation(1, 0, 10)), [Event::ChannelOpened { channel: ChannelId(1) }]);
    assert_eq!(new.end.forwarded_ports().collect::<Vec<_>>(), [16992]);
}

#[test]
fn l_the_ninth_open_is_never_sent() {
    let mut server = Server::with_channels(Config::default(), 0, 8);
    let ninth = |server: &mut Server| server.end.open(16992, 5000, ("", 0), server.now);
    assert_eq!(ninth(&mut server), Err(OpenError::TooMany(8)));
    assert_eq!((server.said(), server.end.free_channels()), (Vec::new(), 0));
    // A channel that is closing counts no more: our CLOSE reaches the device before the open.
    server.feed(&confirmation(3, 0, 10));
    server.end.close(ChannelId(3));
    assert_eq!(ninth(&mut server), Ok(ChannelId(9)));
    assert!(server.said().starts_with(&[close(0), vec![90]].concat()));
}

#[test]
fn control_messages_go_before_data_and_channels_take_turns() {
    let mut server = Server::with_channels(Config { max_piece: 100, ..Config::default() }, 0, 2);
    server.feed(&[confirmation(1, 0, 5000), confirmation(2, 1, 5000)].concat());
    server.end.send(ChannelId(1), vec![1; 250].into(), server.now).expect("open");
    server.end.send(ChannelId(2), vec![2; 150].into(), server.now).expect("open");
    server.end.close(ChannelId(1));
    server.feed(&[keepalive(8), forward(623)].concat());
    let expected = [
        hex("d100000008 510000026f"),
        data(0, &[1; 100]),
        data(1, &[2; 100]),
        data(0, &[1; 100]),
        data(1, &[2; 50]),
        data(0, &[1; 50]),
        close(0),
    ];
    assert_eq!(server.said(), expected.concat());
}

#[test]
fn small_chunks_leave_in_one_message() {
    let mut server = Server::with_channel_4(0, 5000);
    for chunk in ["one ", "two ", "three"] {
        server.end.send(ChannelId(4), chunk.into(), server.now).expect("open");
    }
    assert_eq!(server.said(), data(0, b"one two three"));
    assert_eq!(server.events(), [Event::Sent { channel: ChannelId(4), bytes: 13 }]);
}

#[test]
fn a_payload_is_delivered_as_it_comes_and_without_being_copied() {
    let mut server = Server::with_channels(Config::default(), 0, 0);
    server.end.open(16992, 1 << 20, ("", 0), server.now).expect("free");
    server.feed(&confirmation(1, 0, 0));
    server.said();
    let mut input = BytesMut::from(data(1, &[5; 1000]).as_slice());
    let payload = input[9..].as_ptr();
    let rest = input.split_off(300);
    server.end.handle_input(&mut input, server.now);
    let Some(Event::Data { data, .. }) = server.end.poll_event() else { panic!("no data") };
    assert_eq!((data.len(), data.as_ptr()), (291, payload));
    assert_eq!(server.feed(&rest).len(), 1);
}

#[test]
fn replies_that_nobody_reads_stop_the_reading() {
    let mut server = Server::open(Config::default(), 0);
    let flood = forward(16992).repeat(10_000);
    server.feed(&flood);
    assert!(!server.end.is_reading());
    let taken = flood.len() - server.left();
    assert!(taken < 27 * 4000, "{taken} bytes were taken");
    // Once they are read, it goes on where it was.
    let mut replies = server.said().len();
    while server.left() > 0 {
        server.resume();
        replies += server.said().len();
    }
    assert_eq!(replies, 10_000 * 5);
    assert!(server.end.is_reading());
}

#[test]
fn a_browser_at_the_device_port_is_told_so() {
    for probe in ["GET / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.0\r\n\r\n"] {
        let mut server = Server::new(Config::default(), 0);
        assert_eq!(server.feed(probe.as_bytes()), [Event::Ended(EndReason::HttpProbe)]);
        let page = String::from_utf8(server.said()).expect("text");
        assert!(
            page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("\r\nConnection: close\r\n")
        );
    }
    // Only as the very first byte.
    let mut server = Server::new(Config::default(), 0);
    server.feed(&version());
    let events = server.feed(b"GET / HTTP/1.1\r\n\r\n");
    let unknown = EndReason::Decode(apf::DecodeError::UnknownType(b'G'));
    assert_eq!(events, [Event::Ended(unknown)]);
}

#[test]
fn an_old_version_is_refused_and_a_newer_one_is_not() {
    let say = |major, minor| {
        let mut server = Server::new(Config::default(), 0);
        let trigger = apf::Trigger::PERIODIC;
        let uuid = tunnel::UUID;
        let version = apf::message::ProtocolVersion { major, minor, trigger, uuid };
        let events = server.feed(&tunnel::encode(&Message::ProtocolVersion(version)));
        (events, server.said())
    };
    let (events, said) = say(0, 9);
    assert_eq!(events, [Event::Ended(EndReason::Version { major: 0, minor: 9 })]);
    assert_eq!(said, hex("01 00000008 0000"));
    let (events, said) = say(2, 3);
    assert!(matches!(events.as_slice(), [Event::Greeted { version: (2, 3), .. }]));
    assert_eq!(said, b"");
}
