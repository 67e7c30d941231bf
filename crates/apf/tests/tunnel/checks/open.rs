//! Vectors of an open tunnel: keep-alives, channels, the end.

use super::super::{Device, Server, close, confirmation, data, hex};
use super::{Check, vector};
use apf::server::Event;
use apf::{ChannelEnd, ChannelId, DisconnectReason, EndReason, OpenFailure, device, server};
use bytes::Bytes;
use std::time::Duration;

pub(super) fn check_of(id: &str) -> Option<Check> {
    Some(match id {
        "V19" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            assert_eq!(server.feed(bytes), [Event::KeepAlive]);
            assert_eq!(server.said(), vector("V20"));
        },
        "V20" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            assert_eq!(server.feed(bytes), []);
            let mut device = Device::settled(Device::admin(&[16992]), chunk);
            assert_eq!(device.feed(bytes), [], "no keep-alive had this cookie");
            assert_eq!((server.said(), device.said()), (Vec::new(), Vec::new()));
        },
        "V21" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            assert_eq!(server.feed(bytes), [Event::KeepAlive]);
            assert_eq!(server.said(), hex("d180000001"));
        },
        "V22" => |bytes, chunk| {
            let mut device = Device::settled(Device::admin(&[16992]), chunk);
            let (interval, timeout) = (Duration::from_secs(30), Duration::ZERO);
            assert_eq!(device.feed(bytes), [device::Event::KeepAliveAsked { interval, timeout }]);
            assert_eq!(device.said(), vector("V23"));
        },
        "V23" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            let (interval, timeout) = (Duration::from_secs(30), Duration::ZERO);
            assert_eq!(server.feed(bytes), [Event::KeepAliveAgreed { interval, timeout }]);
            assert_eq!(server.said(), b"");
        },
        "V24" => |bytes, chunk| {
            let (channel, port, window) = (ChannelId(0), 16992, 81920);
            let requested = device::Event::ChannelRequested { channel, port, window };
            let mut device = Device::settled(Device::admin(&[16992]), chunk);
            assert_eq!(device.feed(bytes), std::slice::from_ref(&requested));
            device.end.accept(channel);
            assert_eq!(device.said(), vector("V26"));
            let mut device = Device::settled(Device::admin(&[16992]), chunk);
            assert_eq!(device.feed(bytes), [requested]);
            device.end.reject(channel, OpenFailure::RESOURCE_SHORTAGE);
            assert_eq!(device.said(), vector("V28"));
        },
        "V25" => |bytes, chunk| {
            let (channel, port, window) = (ChannelId(0), 16994, 4096);
            let mut device = Device::settled(Device::admin(&[16994]), chunk);
            let requested = device::Event::ChannelRequested { channel, port, window };
            assert_eq!(device.feed(bytes), [requested]);
            device.end.accept(channel);
            assert_eq!(device.said(), confirmation(1, 0, 0x4000));
        },
        "V26" => |bytes, chunk| {
            let mut server = Server::with_channels(server::Config::default(), chunk, 4);
            let channel = ChannelId(4);
            assert_eq!(server.feed(bytes), [Event::ChannelOpened { channel }]);
            server.end.send(channel, vec![7; 16385].into(), server.now).expect("open");
            let sent = server.said();
            assert_eq!(sent, [data(0, &[7; 8192]), data(0, &[7; 8192])].concat());
            assert_eq!(server.end.queued(channel), 1);
        },
        "V27" => |bytes, chunk| {
            let mut server = Server::with_channels(server::Config::default(), chunk, 4);
            let channel = ChannelId(4);
            assert_eq!(server.feed(bytes), [Event::ChannelOpened { channel }]);
            server.end.send(channel, vec![7; 500].into(), server.now).expect("open");
            assert_eq!(server.said(), b"", "not even an empty message");
            server.feed(&vector("V31"));
            assert_eq!(server.said(), data(7, &[7; 499]));
        },
        "V28" => |bytes, chunk| {
            let mut server = Server::with_channels(server::Config::default(), chunk, 4);
            let (channel, reason) = (ChannelId(4), OpenFailure::RESOURCE_SHORTAGE);
            assert_eq!(server.feed(bytes), [Event::ChannelRefused { channel, reason }]);
            assert_eq!(server.said(), b"");
            assert_eq!(server.end.free_channels(), 5);
        },
        "V29" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            let payload = Bytes::from_static(b"HTTP/1.1 200 OK\r\n");
            let arrived = Event::Data { channel: ChannelId(4), data: payload };
            assert_eq!(server.feed(bytes), [arrived]);
            // 4096 were granted, 17 are used.
            let rest = server.feed(&data(4, &[1; 4096 - 17]));
            assert!(matches!(rest.as_slice(), [Event::Data { data, .. }] if data.len() == 4079));
            let over = server.feed(&data(4, &[1]));
            assert!(matches!(over.as_slice(), [Event::ChannelClosed { .. }, Event::Fault(_)]));
        },
        "V30" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            assert_eq!(server.feed(bytes), []);
            assert_eq!((server.left(), server.said()), (0, Vec::new()));
        },
        "V31" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 1);
            assert_eq!(server.feed(bytes), []);
            server.end.send(ChannelId(4), vec![7; 600].into(), server.now).expect("open");
            assert_eq!(server.said(), data(0, &[7; 500]));
        },
        "V32" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            let closed = Event::ChannelClosed { channel: ChannelId(4), end: ChannelEnd::ByPeer };
            assert_eq!(server.feed(bytes), [closed]);
            assert_eq!(server.said(), close(0));
            server.end.close(ChannelId(4));
            assert_eq!(server.said(), b"");
        },
        "V33" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            let ended = EndReason::ByPeer(DisconnectReason::BY_APPLICATION);
            let events = server.feed(bytes);
            assert_eq!(events.last(), Some(&Event::Ended(ended)));
            assert_eq!(events.len(), 5, "four channels, and the end");
            assert_eq!((server.end.is_finished(), server.said()), (true, Vec::new()));
        },
        "V34" => device_opens,
        "V35" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            server.feed(bytes);
            assert_eq!(server.said(), hex("d100000001 510000026f d100000002"));
        },
        _ => return None,
    })
}

fn device_opens(bytes: &[u8], chunk: usize) {
    let (target, port) = (Bytes::from_static(b"10.0.0.9"), 5989);
    let mut server = Server::open(server::Config::default(), chunk);
    let refused = Event::DeviceChannel { channel: None, target: target.clone(), port };
    assert_eq!(server.feed(bytes), [refused]);
    assert_eq!(server.said(), hex("5c00000003000000010000000000000000"));

    let config = server::Config { device_channels: Some(4096), ..server::Config::default() };
    let mut server = Server::open(config, chunk);
    let channel = Some(ChannelId(1));
    assert_eq!(server.feed(bytes), [Event::DeviceChannel { channel, target, port }]);
    assert_eq!(server.said(), confirmation(3, 1, 4096));
    let data = server.feed(&data(1, b"POST"));
    assert_eq!(data, [Event::Data { channel: ChannelId(1), data: Bytes::from_static(b"POST") }]);
}
