//! The server's end against the device's end, in memory, under a virtual clock.

mod tunnel;

use apf::server::{self, Event};
use apf::{ChannelEnd, ChannelId, EndReason, OpenFailure, device};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use tunnel::{Device, pair::Pair, random::Random};

const MIB: usize = 1 << 20;

/// Bytes whose every position can be told from its neighbours.
fn pattern(from: usize, count: usize) -> Bytes {
    (from..from + count).map(|n| (n % 251) as u8).collect()
}

#[test]
fn a_device_logs_in_forwards_its_ports_and_agrees_on_keepalives() {
    let config = device::Config { address: "pc7.example".into(), ..Device::admin(&[]) };
    let ports = device::Config::default().ports;
    let mut pair = Pair::new(server::Config::default(), device::Config { ports, ..config });
    pair.settle();
    pair.pass(Duration::from_secs(1));
    let events = pair.server_events();
    let mut expected = vec![16993, 16992, 664, 623, 16995, 16994, 5900];
    assert_eq!(pair.server.forwarded_ports().collect::<Vec<_>>(), expected);
    for event in &events {
        if let Event::PortForwarded { port, address } = event {
            assert_eq!((*port, address.as_ref()), (expected.remove(0), b"pc7.example".as_slice()));
        }
    }
    assert!(matches!(
        events.as_slice(),
        [
            Event::Greeted { .. },
            Event::AdmissionAsked { .. },
            Event::ForwardingStarted,
            ..,
            Event::Settled,
            Event::KeepAliveAgreed { .. },
        ]
    ));
    let events = pair.device_events();
    assert!(matches!(
        events.as_slice(),
        [device::Event::Admitted, device::Event::Settled, device::Event::KeepAliveAsked { .. },]
    ));
}

#[test]
fn the_whole_login_of_a_device_is_385_bytes() {
    let ports = device::Config::default().ports;
    for coalesce_greeting in [false, true] {
        let config = device::Config { coalesce_greeting, ..Device::admin(&ports) };
        let mut pair = Pair::new(server::Config::default(), config);
        pair.settle();
        assert_eq!(pair.device_said.len(), 385);
        assert_eq!(pair.server.forwarded_ports().count(), 7);
    }
}

#[test]
fn the_greeting_comes_in_two_pieces_or_in_one() {
    for (coalesce_greeting, first) in [(false, 93), (true, 93 + 23)] {
        let config = device::Config { coalesce_greeting, ..Device::admin(&[16992]) };
        let mut device = Device::new(config, 0);
        assert_eq!(device.said().len(), first);
        assert_eq!(device.end.poll_timeout().is_some(), !coalesce_greeting);
        device.end.handle_timeout(device.now);
        assert_eq!(device.said().len(), 93 + 23 - first);
    }
}

#[test]
fn a_refused_device_is_told_and_both_ends_finish() {
    let mut pair = Pair::new(server::Config::default(), Device::admin(&[16992]));
    pair.admits = false;
    pair.settle();
    pair.server.refuse(pair.now);
    pair.settle();
    assert_eq!(pair.server_events().last(), Some(&Event::Ended(EndReason::Refused)));
    assert_eq!(pair.device_events(), [device::Event::Ended(EndReason::Refused)]);
    assert!(pair.server.is_finished() && pair.device.is_finished());
}

#[test]
fn a_device_without_a_password_needs_a_certificate() {
    let config = || device::Config { credentials: None, ..Device::admin(&[16992]) };
    let mut pair = Pair::new(server::Config::default(), config());
    pair.settle();
    assert_eq!(pair.server_events().last(), Some(&Event::Ended(EndReason::NoCertificate)));
    let server = server::Config { client_certificate: true, ..server::Config::default() };
    let mut pair = Pair::new(server, config());
    pair.log_in();
}

/// Sends `total` bytes through a channel and back. Returns what came back.
fn echo(pair: &mut Pair, channel: ChannelId, total: usize) -> usize {
    let (mut sent, mut back) = (0, 0);
    while back < total {
        while sent < total && pair.server.queued(channel) < 256 * 1024 {
            let piece = pattern(sent, 40_000.min(total - sent));
            sent += piece.len();
            pair.server.send(channel, piece, pair.now).expect("open");
        }
        let moved = pair.turn();
        for event in pair.server_events() {
            if let Event::Data { channel: from, data } = event {
                assert_eq!(from, channel);
                assert!(data == pattern(back, data.len()), "wrong bytes after {back}");
                back += data.len();
                pair.server.release(channel, data.len());
            }
        }
        assert!(moved || back == total, "nothing moves after {back} of {total}");
    }
    assert_eq!(pair.device_events().iter().filter(|e| !is_flow(e)).count(), 0);
    back
}

fn is_flow(event: &device::Event) -> bool {
    matches!(event, device::Event::Data { .. } | device::Event::Sent { .. })
}

/// An echoing device with this window, and cuts from this seed.
fn echoing(window: u32, max_piece: usize, seed: u64) -> Pair {
    let config = device::Config { window, max_piece, ..Device::admin(&[16992]) };
    let mut pair = Pair::new(server::Config::default(), config);
    pair.echoes = true;
    pair.cuts = Some(Random::new(seed));
    pair.log_in();
    pair
}

#[test]
fn four_mebibytes_go_both_ways_whatever_the_windows() {
    for (ours, theirs, piece) in
        [(80 << 10, 80 << 10, 1024), (499, 4096, 1024), (4096, 499, 4096), (80 << 10, 499, 300)]
    {
        let mut pair = echoing(theirs, piece, u64::from(ours));
        let (channel, _) = pair.open(16992, ours);
        assert_eq!(echo(&mut pair, channel, 4 * MIB), 4 * MIB);
    }
}

#[test]
fn windows_of_a_single_byte_still_carry_everything() {
    for (ours, theirs) in [(1, 1), (1, 80 << 10), (80 << 10, 1)] {
        let mut pair = echoing(theirs, 1024, 7);
        let (channel, _) = pair.open(16992, ours);
        assert_eq!(echo(&mut pair, channel, 20_000), 20_000);
    }
}

#[test]
fn many_channels_at_once_keep_their_bytes_apart() {
    let mut random = Random::from_environment("many channels");
    let server = server::Config { max_channels: 40, ..server::Config::default() };
    let config = device::Config { max_channels: 40, window: 3000, ..Device::admin(&[16992]) };
    let mut pair = Pair::new(server, config);
    pair.echoes = true;
    pair.cuts = Some(Random::new(random.next()));
    pair.log_in();
    let channels: Vec<ChannelId> = (0..40).map(|_| pair.open(16992, 5000).0).collect();
    let total = 50_000;
    let mut back: BTreeMap<ChannelId, Vec<u8>> = BTreeMap::new();
    for channel in &channels {
        let salt = channel.0 as usize;
        pair.server.send(*channel, pattern(salt, total), pair.now).expect("open");
    }
    while pair.turn() {
        for event in pair.server_events() {
            if let Event::Data { channel, data } = event {
                pair.server.release(channel, data.len());
                back.entry(channel).or_default().extend_from_slice(&data);
            }
        }
    }
    for channel in channels {
        assert!(back[&channel] == pattern(channel.0 as usize, total), "channel {channel:?}");
    }
}

#[test]
fn channels_come_and_go_and_the_devices_numbers_stay_small() {
    let mut random = Random::from_environment("come and go");
    let mut pair = Pair::settled(&[16992]);
    pair.cuts = Some(Random::new(random.next()));
    let mut open: Vec<(ChannelId, ChannelId)> = Vec::new();
    for _ in 0..2000 {
        if open.len() < 8 && !random.one_in(3) {
            let (ours, theirs) = pair.open(16992, 100);
            assert!(theirs.0 < 8);
            open.push((ours, theirs));
        } else if !open.is_empty() {
            let (ours, theirs) = open.remove(random.below(open.len()));
            // Either end, both at once, or with data behind which the CLOSE waits.
            if random.one_in(2) {
                pair.server.send(ours, pattern(0, random.below(3000)), pair.now).expect("open");
                pair.server.close(ours);
            }
            if random.one_in(2) {
                pair.device.close(theirs);
            } else {
                pair.server.abort(ours);
            }
            pair.settle();
        }
        let events = pair.server_events();
        assert!(
            !events.iter().any(|e| matches!(e, Event::Fault(_) | Event::Ended(_))),
            "{events:?}"
        );
        let events = pair.device_events();
        assert!(!events.iter().any(|e| matches!(e, device::Event::Fault(_))), "{events:?}");
    }
    for (ours, _) in open {
        pair.server.abort(ours);
    }
    pair.settle();
    assert_eq!(pair.server.free_channels(), 8);
}

#[test]
fn a_device_that_is_full_or_does_not_forward_the_port_says_so() {
    let config = device::Config { max_channels: 2, ..Device::admin(&[16992]) };
    let mut pair = Pair::new(server::Config::default(), config);
    pair.log_in();
    pair.open(16992, 100);
    pair.open(16992, 100);
    let third = pair.server.open(16992, 100, ("", 0), pair.now).expect("one of eight");
    pair.settle();
    let reason = OpenFailure::RESOURCE_SHORTAGE;
    assert_eq!(pair.server_events(), [Event::ChannelRefused { channel: third, reason }]);
    let unknown = pair.server.open(16994, 100, ("", 0), pair.now);
    assert_eq!(unknown, Err(apf::OpenError::NotForwarded(16994)));
}

#[test]
fn a_port_comes_and_goes() {
    let mut pair = Pair::settled(&[16992]);
    pair.device.forward(5900);
    pair.device.cancel_forward(16992);
    pair.device.cancel_forward(16992);
    pair.device.forward(0);
    pair.settle();
    let address = Bytes::new();
    let expected = [
        Event::PortForwarded { port: 5900, address },
        Event::PortCancelled { port: 16992 },
        Event::Fault(apf::Fault::ForwardRefused { port: 16992 }),
        Event::Fault(apf::Fault::ForwardRefused { port: 0 }),
    ];
    assert_eq!(pair.server_events(), expected);
    assert_eq!(pair.device_events().last(), Some(&device::Event::PortRefused { port: 0 }));
    assert_eq!(pair.server.forwarded_ports().collect::<Vec<_>>(), [5900]);
}

#[test]
fn a_datagram_reaches_the_caller_and_nobody_else() {
    let mut pair = Pair::settled(&[16992]);
    pair.device.send_datagram(("10.0.0.9", 162), ("192.168.1.20", 16992), b"trap");
    pair.settle();
    let alert = Event::Alert {
        destination: Bytes::from_static(b"10.0.0.9"),
        destination_port: 162,
        source: Bytes::from_static(b"192.168.1.20"),
        source_port: 16992,
        data: Bytes::from_static(b"trap"),
    };
    assert_eq!(pair.server_events(), [alert]);
    assert_eq!(pair.device_events(), []);
}

#[test]
fn a_device_opens_a_channel_itself() {
    let mut pair = Pair::settled(&[16992]);
    let channel = pair.device.open_direct("10.0.0.9", 5989).expect("free");
    pair.settle();
    let reason = OpenFailure::PROHIBITED;
    assert_eq!(pair.device_events(), [device::Event::DirectRefused { channel, reason }]);

    let server = server::Config { device_channels: Some(4096), ..server::Config::default() };
    let mut pair = Pair::new(server, Device::admin(&[16992]));
    pair.log_in();
    let theirs = pair.device.open_direct("10.0.0.9", 5989).expect("free");
    pair.settle();
    assert_eq!(pair.device_events(), [device::Event::DirectOpened { channel: theirs }]);
    let events = pair.server_events();
    let [Event::DeviceChannel { channel: Some(ours), target, port: 5989 }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(target, "10.0.0.9");
    pair.device.send(theirs, Bytes::from_static(b"POST")).expect("open");
    pair.server.send(*ours, Bytes::from_static(b"200"), pair.now).expect("open");
    pair.settle();
    let arrived = device::Event::Data { channel: theirs, data: Bytes::from_static(b"200") };
    assert!(pair.device_events().contains(&arrived));
    pair.server.close(*ours);
    pair.settle();
    let closed = Event::ChannelClosed { channel: *ours, end: ChannelEnd::ByUs };
    assert!(pair.server_events().contains(&closed));
}

#[test]
fn either_end_may_say_goodbye() {
    let reason = apf::DisconnectReason::BY_APPLICATION;
    let mut pair = Pair::settled(&[16992]);
    let (ours, theirs) = pair.open(16992, 100);
    pair.server.disconnect(reason, pair.now);
    pair.settle();
    let gone = ChannelEnd::TunnelEnded;
    assert_eq!(
        pair.server_events(),
        [Event::ChannelClosed { channel: ours, end: gone }, Event::Ended(EndReason::ByUs(reason)),]
    );
    assert_eq!(
        pair.device_events(),
        [
            device::Event::ChannelClosed { channel: theirs, end: gone },
            device::Event::Ended(EndReason::ByPeer(reason)),
        ]
    );
    let mut pair = Pair::settled(&[16992]);
    pair.device.disconnect(reason, pair.now);
    pair.settle();
    assert_eq!(pair.server_events(), [Event::Ended(EndReason::ByPeer(reason))]);
    assert!(pair.server.is_finished() && pair.device.is_finished());
}

#[test]
fn a_slow_consumer_keeps_memory_flat_while_another_channel_runs() {
    let mut pair = echoing(32768, 1024, 3);
    let (slow, _) = pair.open(16992, 4096);
    let (fast, _) = pair.open(16992, 4096);
    pair.server.send(slow, pattern(0, MIB), pair.now).expect("open");
    pair.settle();
    let arrived = |pair: &mut Pair, id: ChannelId| -> usize {
        let data = |event| match event {
            Event::Data { channel, data } if channel == id => Some(data.len()),
            _ => None,
        };
        pair.server_events().into_iter().filter_map(data).sum()
    };
    assert_eq!(arrived(&mut pair, slow), 4096, "the device stops at the window");
    assert_eq!(echo(&mut pair, fast, MIB), MIB);
    assert_eq!(arrived(&mut pair, slow), 0);
}
