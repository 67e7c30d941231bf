//! Deadlines and keep-alives, under a clock that only the tests move.

mod tunnel;

use apf::message::{KeepAliveOptions, Message, Service};
use apf::server::{Config, Event};
use apf::{ChannelEnd, ChannelId, EndReason, device};
use bytes::BytesMut;
use std::time::Duration;
use tunnel::{
    Device, Server, adjust, confirmation, encode, forward, hex, keepalive, pair::Pair, password,
    service, version,
};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn ended(reason: EndReason) -> Event {
    Event::Ended(reason)
}

#[test]
fn each_phase_of_the_login_has_its_own_deadline() {
    let mut server = Server::new(Config::default(), 0);
    assert_eq!(server.after(10 * SECOND - MILLI), []);
    assert_eq!(server.after(MILLI), [ended(EndReason::Deadline("version"))]);
    assert_eq!(server.said(), hex("010000000b0000"));

    let mut server = Server::new(Config::default(), 0);
    server.feed(&[version(), service(Service::Auth)].concat());
    assert_eq!(server.after(20 * SECOND - MILLI), []);
    assert_eq!(server.after(MILLI), [ended(EndReason::Deadline("login"))]);

    let mut server = Server::new(Config::default(), 0);
    server.feed(&[version(), service(Service::Auth), password()].concat());
    server.said();
    assert_eq!(server.after(3600 * SECOND), [], "our own decision has no deadline of theirs");
    server.end.admit(server.now);
    server.said();
    assert_eq!(server.after(20 * SECOND - MILLI), []);
    assert_eq!(server.after(MILLI), [ended(EndReason::Deadline("forwarding"))]);
}

#[test]
fn keepalive_options_are_sent_once_after_the_last_forward_whichever_it_is() {
    let mut server = Server::open(Config::default(), 0);
    for port in [16993, 664, 16992] {
        assert_eq!(server.feed(&forward(port)).len(), 1);
        assert_eq!(server.after(700 * MILLI), []);
    }
    assert_eq!(server.after(49 * MILLI), []);
    assert_eq!(server.after(MILLI), [Event::Settled]);
    assert!(server.said().ends_with(&hex("d2 0000001e 00000000")));
    server.feed(&forward(623));
    assert_eq!(server.after(20 * SECOND), []);
    assert_eq!(server.said(), hex("510000026f"), "only once");
}

#[test]
fn keepalive_options_are_sent_after_five_seconds_at_the_latest() {
    let mut server = Server::open(Config::default(), 0);
    assert_eq!(server.after(5 * SECOND - MILLI), []);
    assert_eq!(server.after(MILLI), [Event::Settled], "without any forward");

    let mut server = Server::open(Config::default(), 0);
    for port in 1..=10 {
        server.feed(&forward(port));
        assert_eq!(server.after(490 * MILLI), []);
    }
    assert_eq!(server.after(100 * MILLI), [Event::Settled], "while forwards keep coming");
}

#[test]
fn the_figures_of_keepalive_options_are_whole_seconds() {
    let config = Config {
        keepalive_interval: Duration::from_millis(1500),
        keepalive_timeout: Duration::from_millis(90_001),
        ..Config::default()
    };
    let mut server = Server::open(config, 0);
    server.after(5 * SECOND);
    assert_eq!(server.said(), hex("d2 00000002 0000005b"));
}

/// A tunnel that was heard of last right now, after this answer to KEEPALIVE_OPTIONS.
fn after_options(wait: u64, reply: Option<u32>) -> Server {
    let config = Config { wait: Duration::from_secs(wait), ..Config::default() };
    let mut server = Server::open(config, 0);
    server.feed(&forward(16992));
    assert_eq!(server.after(SECOND), [Event::Settled]);
    if let Some(interval) = reply {
        let options = KeepAliveOptions { interval, timeout: 0 };
        server.feed(&encode(&Message::KeepAliveOptionsReply(options)));
    } else {
        server.feed(&keepalive(0));
    }
    server.said();
    server
}

#[test]
fn silence_ends_the_tunnel_after_the_waiting_time() {
    // Configured, answered, and what comes of it; in seconds.
    for (wait, reply, effective) in [
        (90, None, 100),
        (120, None, 120),
        (60, None, 100),
        (59, None, 59),
        (5, None, 5),
        (90, Some(30), 90),
        (90, Some(20), 90),
        (90, Some(0), 90),
        (90, Some(40), 100),
        (90, Some(90), 225),
        (5, Some(30), 5),
        (5, Some(31), 77),
        (90, Some(u32::MAX), 3600),
    ] {
        let mut server = after_options(wait, reply);
        let almost = Duration::from_secs(effective) - MILLI;
        assert_eq!(server.after(almost), [], "wait {wait}, reply {reply:?}");
        let events = server.after(SECOND);
        assert_eq!(events, [ended(EndReason::KeepAliveExpired)], "wait {wait}, reply {reply:?}");
        assert_eq!(server.said(), hex("010000000b0000"));
    }
}

#[test]
fn any_received_byte_is_a_sign_of_life() {
    let mut server = after_options(90, Some(30));
    for byte in keepalive(77) {
        assert_eq!(server.after(89 * SECOND), []);
        server.feed(&[byte]);
    }
    assert_eq!(server.said(), hex("d10000004d"));
    assert_eq!(server.after(89 * SECOND), []);
    assert_eq!(server.after(SECOND), [ended(EndReason::KeepAliveExpired)]);
}

#[test]
fn at_most_five_keepalives_are_answered_per_second() {
    let mut server = Server::open(Config::default(), 0);
    let events = server.feed(&keepalive(1).repeat(20));
    assert_eq!(events, vec![Event::KeepAlive; 5]);
    assert_eq!(server.said(), hex("d100000001").repeat(5));
    server.after(SECOND);
    server.said();
    assert_eq!(server.feed(&keepalive(2)), [Event::KeepAlive]);
    assert_eq!(server.said(), hex("d100000002"));
}

#[test]
fn alerts_are_reported_at_most_ten_times_a_second() {
    let mut server = Server::open(Config::default(), 0);
    let alert = tunnel::vectors()["V18"].bytes();
    assert_eq!(server.feed(&alert.repeat(50)).len(), 10);
    server.after(SECOND);
    assert_eq!(server.feed(&alert).len(), 1);
}

#[test]
fn data_without_credit_closes_its_channel_after_a_minute() {
    let mut server = Server::with_channels(Config::default(), 0, 2);
    server.feed(&[confirmation(1, 0, 10), confirmation(2, 1, 10)].concat());
    server.end.send(ChannelId(1), vec![1; 30].into(), server.now).expect("open");
    server.said();
    server.events();
    server.after(50 * SECOND);
    // A single byte of credit starts the clock anew.
    server.feed(&adjust(1, 1));
    server.said();
    server.events();
    assert_eq!(server.after(60 * SECOND - MILLI), []);
    let (channel, end) = (ChannelId(1), ChannelEnd::Stalled);
    assert_eq!(server.after(MILLI), [Event::ChannelClosed { channel, end }]);
    assert_eq!(server.said(), tunnel::close(0));
    assert!(server.end.send(ChannelId(2), "x".into(), server.now).is_ok(), "only that channel");
}

#[test]
fn a_channel_without_data_to_send_never_stalls() {
    let mut server = Server::with_channels(Config::default(), 0, 1);
    server.feed(&confirmation(1, 0, 0));
    for _ in 0..20 {
        server.feed(&keepalive(1));
        server.said();
        assert!(server.after(30 * SECOND).is_empty());
        server.events();
    }
}

#[test]
fn a_device_that_reads_nothing_loses_its_tunnel() {
    let mut server = Server::open(Config { wait: 3600 * SECOND, ..Config::default() }, 0);
    server.after(5 * SECOND);
    server.said();
    server.feed(&keepalive(1));
    // Nothing is fetched, because the socket takes nothing.
    assert_eq!(server.after(60 * SECOND - MILLI), []);
    assert_eq!(server.after(MILLI), [ended(EndReason::PeerNotReading)]);
}

#[test]
fn a_device_that_reads_slowly_keeps_its_tunnel() {
    let config = Config { wait: 3600 * SECOND, max_piece: 10, ..Config::default() };
    let mut server = Server::with_channels(config, 0, 1);
    server.feed(&confirmation(1, 0, 1000));
    server.end.send(ChannelId(1), vec![1; 100].into(), server.now).expect("open");
    for _ in 0..10 {
        assert_eq!(server.after(50 * SECOND), []);
        let mut out = BytesMut::new();
        server.end.poll_transmit(&mut out, 1, server.now);
        assert_eq!(out.len(), 9 + 10, "one message at a time");
        server.events();
    }
}

#[test]
fn the_device_sends_keepalives_at_the_interval_asked_for() {
    let mut pair = Pair::settled(&[16992]);
    pair.server_events();
    pair.pass(300 * SECOND);
    let alive = pair.server_events().iter().filter(|e| **e == Event::KeepAlive).count();
    let answered =
        pair.device_events().iter().filter(|e| **e == device::Event::KeepAliveAnswered).count();
    assert_eq!((alive, answered), (10, 10));
}

#[test]
fn a_device_that_insists_on_90_seconds_stays() {
    let config = device::Config {
        keepalive_interval: 90 * SECOND,
        keepalive_negotiable: false,
        ..Device::admin(&[16992])
    };
    let mut pair = Pair::new(Config::default(), config);
    pair.log_in();
    pair.pass(3600 * SECOND);
    let events = pair.server_events();
    assert!(!events.iter().any(|event| matches!(event, Event::Ended(_))), "{events:?}");
    assert_eq!(events.iter().filter(|event| **event == Event::KeepAlive).count(), 40);
}

#[test]
fn a_device_that_falls_silent_is_dropped_and_one_that_hears_nothing_leaves() {
    let config = device::Config { keepalive_timeout: 45 * SECOND, ..Device::admin(&[16992]) };
    let mut pair = Pair::new(Config::default(), config);
    pair.log_in();
    pair.pass_without_device(89 * SECOND);
    assert_eq!(pair.server_events(), []);
    pair.pass_without_device(2 * SECOND);
    assert_eq!(pair.server_events(), [ended(EndReason::KeepAliveExpired)]);

    let start = pair.now;
    pair.device.handle_timeout(start);
    let gone = device::Event::Ended(EndReason::KeepAliveExpired);
    assert_eq!(std::iter::from_fn(|| pair.device.poll_event()).last(), Some(gone));
    let mut goodbye = BytesMut::new();
    pair.device.poll_transmit(&mut goodbye, tunnel::ALL, start);
    assert!(goodbye.ends_with(&hex("010000000b0000")));
    assert!(pair.device.is_finished());
}
