//! Channels: each row of the table of races in the APF reference, and what comes near it.

mod tunnel;

use apf::server::{Config, Event};
use apf::{ChannelEnd, ChannelId, DisconnectReason, EndReason, Fault, OpenFailure};
use bytes::Bytes;
use std::time::Duration;
use tunnel::{Device, Server, adjust, close, confirmation, data, hex, open_failure};

const C1: ChannelId = ChannelId(1);

/// One open channel: ours is 1, the device's is 0.
fn one_channel(window: u32) -> Server {
    let mut server = Server::with_channels(Config::default(), 0, 1);
    server.feed(&confirmation(1, 0, window));
    server
}

#[test]
fn a_confirmation_of_an_unknown_channel_is_closed_at_once_and_counted() {
    let mut server = one_channel(10);
    let fault = Fault::UnknownChannel { message: 91, channel: 77 };
    assert_eq!(server.feed(&confirmation(77, 5, 10)), [Event::Fault(fault)]);
    assert_eq!(server.said(), close(5));
}

#[test]
fn a_second_confirmation_changes_neither_number_nor_credit() {
    let mut server = one_channel(10);
    let fault = Fault::UnexpectedConfirmation { channel: 1 };
    assert_eq!(server.feed(&confirmation(1, 6, 1000)), [Event::Fault(fault)]);
    server.end.send(C1, vec![1; 20].into(), server.now).expect("open");
    assert_eq!(server.said(), data(0, &[1; 10]));
}

#[test]
fn a_failure_of_an_open_channel_is_ignored_and_counted() {
    let mut server = one_channel(10);
    let fault = Fault::UnexpectedFailure { channel: 1 };
    assert_eq!(server.feed(&open_failure(1, 2)), [Event::Fault(fault)]);
    assert!(server.end.send(C1, Bytes::from_static(b"x"), server.now).is_ok());
    let fault = Fault::UnexpectedFailure { channel: 9 };
    assert_eq!(server.feed(&open_failure(9, 2)), [Event::Fault(fault)]);
}

#[test]
fn data_and_credit_after_our_close_are_dropped_without_a_word() {
    let mut server = one_channel(10);
    server.end.abort(C1);
    assert_eq!(server.said(), close(0));
    server.events();
    // Even more than the window, even a whole flood.
    let late = [data(1, &[1; 4096]), data(1, &[1; 4096]), adjust(1, u32::MAX)].concat().repeat(50);
    assert_eq!(server.feed(&late), []);
    server.end.release(C1, 4096);
    assert_eq!(server.said(), b"", "no credit after CLOSE");
    assert_eq!(server.feed(&close(1)), []);
    // After the device's own CLOSE nothing more may come.
    let fault = Fault::UnknownChannel { message: 94, channel: 1 };
    assert_eq!(server.feed(&data(1, b"x")), [Event::Fault(fault)]);
}

#[test]
fn a_close_of_an_unknown_channel_is_never_answered() {
    let mut server = one_channel(10);
    for number in [0, 2, 99] {
        let fault = Fault::UnknownChannel { message: 97, channel: number };
        assert_eq!(server.feed(&close(number)), [Event::Fault(fault)]);
    }
    assert_eq!(server.said(), b"");
}

#[test]
fn nothing_that_a_device_says_about_an_unanswered_open_makes_it_open() {
    let mut server = Server::with_channels(Config::default(), 0, 1);
    for (bytes, message) in [(data(1, b"x"), 94), (adjust(1, 5), 93), (close(1), 97)] {
        let fault = Fault::NotOpen { message, channel: 1 };
        assert_eq!(server.feed(&bytes), [Event::Fault(fault)]);
    }
    assert_eq!(server.said(), b"");
    assert_eq!(server.feed(&confirmation(1, 0, 10)), [Event::ChannelOpened { channel: C1 }]);
}

#[test]
fn an_abandoned_open_is_closed_when_it_is_confirmed() {
    let mut server = Server::with_channels(Config::default(), 0, 2);
    server.end.abandon(C1);
    server.end.abandon(ChannelId(2));
    assert_eq!(server.end.free_channels(), 6, "the device may hold a number for each");
    let closed = Event::ChannelClosed { channel: C1, end: ChannelEnd::ByUs };
    assert_eq!(server.feed(&confirmation(1, 3, 10)), [closed]);
    assert_eq!(server.said(), close(3));
    let (channel, reason) = (ChannelId(2), OpenFailure::CONNECT_FAILED);
    let refused = Event::ChannelRefused { channel, reason };
    assert_eq!(server.feed(&open_failure(2, 2)), [refused]);
    assert_eq!(server.end.free_channels(), 8);
    // The CLOSE that belongs to the one we sent.
    assert_eq!(server.feed(&close(1)), []);
}

#[test]
fn a_late_failure_of_a_timed_out_open_is_no_fault_and_a_second_answer_is() {
    let mut server = Server::with_channels(Config::default(), 0, 2);
    assert_eq!(server.after(Duration::from_secs(10)).len(), 2);
    assert_eq!(server.end.free_channels(), 8);
    assert_eq!(server.feed(&open_failure(1, 4)), []);
    let fault = Fault::UnexpectedFailure { channel: 1 };
    assert_eq!(server.feed(&open_failure(1, 4)), [Event::Fault(fault)]);
    assert_eq!(server.feed(&confirmation(2, 1, 5)), []);
    assert_eq!(server.said(), close(1));
    let fault = Fault::UnexpectedConfirmation { channel: 2 };
    assert_eq!(server.feed(&confirmation(2, 1, 5)), [Event::Fault(fault)]);
    assert_eq!(server.said(), b"", "one CLOSE is enough");
}

#[test]
fn the_devices_close_ends_both_directions() {
    let mut server = one_channel(10);
    server.end.send(C1, vec![1; 30].into(), server.now).expect("open");
    assert_eq!(server.said(), data(0, &[1; 10]));
    server.events();
    let events = server.feed(&[data(1, b"last words"), close(1)].concat());
    let [arrived, closed] = events.as_slice() else { panic!("{events:?}") };
    assert!(matches!(arrived, Event::Data { data, .. } if data == "last words"));
    let end = ChannelEnd::ByPeer;
    assert_eq!(closed, &Event::ChannelClosed { channel: C1, end });
    assert_eq!(server.said(), close(0), "what was queued has no reader");
    assert!(server.end.send(C1, Bytes::from_static(b"x"), server.now).is_err());
}

#[test]
fn close_waits_for_the_data_of_its_channel() {
    let mut server = one_channel(10);
    server.end.send(C1, vec![1; 30].into(), server.now).expect("open");
    server.end.close(C1);
    assert!(server.end.send(C1, Bytes::from_static(b"x"), server.now).is_err());
    assert_eq!(server.said(), data(0, &[1; 10]));
    assert_eq!(server.feed(&adjust(1, 15)), [Event::Sent { channel: C1, bytes: 10 }]);
    assert_eq!(server.said(), data(0, &[1; 15]));
    server.events();
    // Data that comes meanwhile is still delivered.
    assert_eq!(server.feed(&data(1, b"x")).len(), 1);
    server.feed(&adjust(1, 100));
    assert_eq!(server.said(), [data(0, &[1; 5]), close(0)].concat());
    let sent = Event::Sent { channel: C1, bytes: 5 };
    assert_eq!(
        server.events(),
        [sent, Event::ChannelClosed { channel: C1, end: ChannelEnd::ByUs }]
    );
}

#[test]
fn data_may_be_queued_before_the_answer_and_even_the_close() {
    let mut server = Server::with_channels(Config::default(), 0, 1);
    server.end.send(C1, Bytes::from_static(b"early"), server.now).expect("opening");
    server.end.close(C1);
    assert_eq!(server.said(), b"");
    server.feed(&confirmation(1, 0, 100));
    assert_eq!(server.said(), [data(0, b"early"), close(0)].concat());
}

#[test]
fn credit_above_32_bits_is_neither_counted_nor_a_reason_to_end_the_channel() {
    let mut server = one_channel(10);
    for _ in 0..100 {
        assert_eq!(server.feed(&adjust(1, u32::MAX)), [], "neither a fault nor an end");
    }
    server.end.send(C1, vec![1; 20].into(), server.now).expect("open");
    assert_eq!(server.said(), data(0, &[1; 20]));
}

#[test]
fn adjustments_by_zero_and_empty_data_do_nothing() {
    let mut server = one_channel(0);
    server.end.send(C1, vec![1; 3].into(), server.now).expect("open");
    assert_eq!(server.feed(&[adjust(1, 0), data(1, b"")].concat()), []);
    assert_eq!(server.said(), b"");
}

#[test]
fn the_end_of_the_tunnel_ends_every_channel_first() {
    let mut server = Server::with_channels(Config::default(), 0, 3);
    server.feed(&confirmation(2, 0, 10));
    server.end.handle_end_of_stream(server.now);
    let mut expected: Vec<Event> = [1, 2, 3]
        .map(|n| Event::ChannelClosed { channel: ChannelId(n), end: ChannelEnd::TunnelEnded })
        .into();
    expected.push(Event::Ended(EndReason::EndOfStream));
    assert_eq!(server.events(), expected);
    assert_eq!(server.said(), b"");
    server.end.disconnect(DisconnectReason::BY_APPLICATION, server.now);
    assert_eq!((server.events(), server.said()), (Vec::new(), Vec::new()));
}

#[test]
fn too_many_faults_end_the_tunnel_but_not_when_they_are_spread() {
    let mut server = one_channel(10);
    for _ in 0..10 {
        assert_eq!(server.feed(&close(50).repeat(32)).len(), 32);
        server.feed(&tunnel::keepalive(1));
        server.said();
        server.after(Duration::from_secs(60));
    }
    let events = server.feed(&close(50).repeat(40));
    assert_eq!(events.len(), 33 + 2, "33 faults, the channel, the end");
    assert_eq!(events.last(), Some(&Event::Ended(EndReason::FaultBudget)));
}

#[test]
fn at_most_four_channels_of_the_device_at_a_time() {
    let config = Config { device_channels: Some(4096), ..Config::default() };
    let mut server = Server::open(config, 0);
    let mut device = Device::settled(Device::admin(&[16992]), 0);
    for _ in 0..5 {
        device.end.open_direct("10.0.0.9", 5989).expect("free");
    }
    let events = server.feed(&device.said());
    let accepted = |event: &&Event| matches!(event, Event::DeviceChannel { channel: Some(_), .. });
    assert_eq!(events.iter().filter(accepted).count(), 4);
    let said = server.said();
    assert!(said.ends_with(&open_failure(4, 4)), "{said:02x?}");
    device.feed(&said);
    // One ends: there is room again.
    device.end.close(ChannelId(0));
    device.end.open_direct("10.0.0.9", 5989).expect("free");
    let events = server.feed(&device.said());
    assert!(matches!(
        events.as_slice(),
        [Event::ChannelClosed { .. }, Event::DeviceChannel { channel: Some(ChannelId(5)), .. }]
    ));
}

#[test]
fn other_types_of_channels_are_unknown() {
    let mut server = Server::open(Config::default(), 0);
    // A device that opens forwarded-tcpip, which only servers do.
    server.feed(&hex(
        "5a0000000f666f727761726465642d7463706970 00000009 00001000 ffffffff 00000000 00004260 00000000 00000000",
    ));
    assert_eq!(server.said(), open_failure(9, 3));
    server.feed(&hex(
        "5a00000007 73657373696f6e 00000009 00001000 ffffffff 00000000 00000000 00000000 00000000",
    ));
    assert_eq!(server.said(), open_failure(9, 3));
}

#[test]
fn the_device_uses_the_lowest_free_number_as_soon_as_both_have_closed() {
    let mut device = Device::settled(Device::admin(&[16992]), 0);
    let open = |device: &mut Device, number: u32| {
        device.feed(&tunnel::encode(&apf::message::Message::ChannelOpen(
            apf::message::ChannelOpen {
                channel_type: apf::message::ChannelType::Forwarded,
                sender: number,
                window: 100,
                connected_address: b"",
                connected_port: 16992,
                originator_address: b"",
                originator_port: 0,
            },
        )))
    };
    for number in 0..8 {
        assert_eq!(open(&mut device, 100 + number).len(), 1);
        device.end.accept(ChannelId(number));
    }
    device.said();
    assert_eq!(open(&mut device, 108), []);
    assert_eq!(device.said(), open_failure(108, 4));
    // The device closes 3, but keeps the number until it has seen our CLOSE.
    device.end.close(ChannelId(3));
    assert_eq!(device.said(), close(103));
    assert_eq!(open(&mut device, 109).len(), 1, "the event of the close");
    assert_eq!(device.said(), open_failure(109, 4));
    device.feed(&close(3));
    assert_eq!(device.said(), b"");
    assert_eq!(open(&mut device, 110).len(), 1);
    device.end.accept(ChannelId(3));
    assert_eq!(device.said(), confirmation(110, 3, 0x4000));
    // And when we close first, at once.
    device.feed(&close(5));
    assert_eq!(device.said(), close(105));
    open(&mut device, 111);
    device.end.accept(ChannelId(5));
    assert_eq!(device.said(), confirmation(111, 5, 0x4000));
}
