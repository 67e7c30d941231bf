//! What each vector means and what is expected of it: one check per id. The checks run with the
//! vector delivered at once and byte by byte.

use super::{Device, Server, close, confirmation, data, encode, forward, hex, service, version};
use apf::message::{self, Message, ReplyForm, Service};
use apf::server::{Credentials, Event};
use apf::{
    ChannelEnd, ChannelId, DecodeError, DisconnectReason, EndReason, Fault, Field, OpenFailure,
    Trigger, device, server,
};
use bytes::Bytes;
use std::time::Duration;

/// Checks a vector: its bytes, and how many bytes are delivered at a time.
pub(crate) type Check = fn(&[u8], usize);

pub(crate) fn check_of(id: &str) -> Option<Check> {
    Some(match id {
        "V01" => |bytes, chunk| greets(bytes, chunk, "12345678-9abc-def0-1122-334455667788", 1),
        "V02" => |bytes, chunk| greets(bytes, chunk, "4c4c4544-004b-4210-8033-b6c04f504633", 4),
        "V03" => |bytes, chunk| {
            let mut server = Server::new(server::Config::default(), chunk);
            server.feed(&version());
            assert_eq!(server.feed(bytes), []);
            assert_eq!(server.said(), vector("V04"));
        },
        "V04" => |bytes, chunk| {
            let mut device = Device::new(Device::admin(&[16993]), chunk);
            device.end.handle_timeout(device.now);
            assert_eq!(device.said(), [vector("V01"), vector("V03")].concat());
            assert_eq!(device.feed(bytes), []);
            assert_eq!(device.said(), vector("V05"));
        },
        "V05" => credentials_are_answered,
        "V06" => |bytes, chunk| {
            let mut device = waits_for_verdict(chunk);
            assert_eq!(device.feed(bytes), [device::Event::Admitted]);
            assert_eq!(device.said(), vector("V09"));
        },
        "V07" => |bytes, chunk| {
            let decoded = message::decode_from_server(bytes, ReplyForm::Bare);
            assert_eq!(decoded.expect("valid").expect("complete").1, 14);
            let mut device = waits_for_verdict(chunk);
            assert_eq!(device.feed(bytes), [device::Event::Ended(EndReason::Refused)]);
            assert_eq!(device.said(), b"", "there is nobody to talk to");
        },
        "V08" => method_none_has_no_further_bytes,
        "V09" => |bytes, chunk| {
            let mut server = Server::new(server::Config::default(), chunk);
            server.feed(&version());
            server.feed(&service(Service::Auth));
            server.feed(&vector("V05"));
            server.end.admit(server.now);
            server.said();
            assert_eq!(server.feed(bytes), [Event::ForwardingStarted]);
            assert_eq!(server.said(), vector("V10"));
        },
        "V10" => |bytes, chunk| {
            let mut device = waits_for_verdict(chunk);
            device.feed(&vector("V06"));
            device.said();
            assert_eq!(device.feed(bytes), []);
            assert_eq!(device.said(), vector("V11"));
        },
        "V11" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            let address = Bytes::new();
            assert_eq!(server.feed(bytes), [Event::PortForwarded { port: 16993, address }]);
            assert_eq!(server.said(), vector("V12"));
            assert_eq!(server.end.forwarded_ports().collect::<Vec<_>>(), [16993]);
        },
        "V12" => |bytes, chunk| {
            let mut device = Device::forwarding(Device::admin(&[16993, 5900]), chunk);
            assert_eq!(device.feed(bytes), []);
            assert_eq!(device.said(), vector("V14"), "one forward after the other");
        },
        "V13" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            let address = Bytes::from_static(b"pc7.corp.example");
            assert_eq!(server.feed(bytes), [Event::PortForwarded { port: 16992, address }]);
            assert_eq!(server.said(), hex("5100004260"));
        },
        "V14" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            server.feed(bytes);
            assert_eq!(server.said(), hex("510000170c"));
            assert_eq!(server.after(Duration::from_millis(749)), []);
            assert_eq!(server.after(Duration::from_millis(1)), [Event::Settled]);
            assert_eq!(server.said(), vector("V22"));
        },
        "V15" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            server.feed(&forward(5900));
            server.said();
            assert_eq!(server.feed(bytes), [Event::PortCancelled { port: 5900 }]);
            assert_eq!(server.said(), vector("V16"));
            assert_eq!(server.end.forwarded_ports().count(), 0);
        },
        "V16" => |bytes, chunk| {
            let mut device = Device::settled(Device::admin(&[16992]), chunk);
            device.end.cancel_forward(16992);
            device.end.forward(664);
            device.said();
            assert_eq!(device.feed(bytes), []);
            assert_eq!(device.said(), forward(664), "one byte was enough");
            device.feed(&vector("V24"));
            assert_eq!(device.said(), hex("5c 00000004 00000001 00000000 00000000"));
        },
        "V17" => |bytes, chunk| {
            let mut device = Device::forwarding(Device::admin(&[16993]), chunk);
            let refused = device::Event::PortRefused { port: 16993 };
            assert_eq!(device.feed(bytes), [refused, device::Event::Settled]);
        },
        "V18" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            let alert = Event::Alert {
                destination: Bytes::from_static(b"10.0.0.9"),
                destination_port: 162,
                source: Bytes::from_static(b"192.168.1.20"),
                source_port: 16992,
                data: hex("300604010102010a").into(),
            };
            assert_eq!(server.feed(bytes), [alert]);
            assert_eq!((server.left(), server.said()), (0, Vec::new()));
        },
        _ => return late_check_of(id),
    })
}

fn late_check_of(id: &str) -> Option<Check> {
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
        _ => return malformed_check_of(id),
    })
}

fn malformed_check_of(id: &str) -> Option<Check> {
    Some(match id {
        "M01" => |bytes, chunk| {
            let mut server = Server::new(server::Config::default(), chunk);
            assert_eq!(server.feed(bytes), []);
            assert_eq!((server.left(), server.said()), (92, Vec::new()));
            let ended = Event::Ended(EndReason::Deadline("version"));
            assert_eq!(server.after(Duration::from_secs(10)), [ended]);
        },
        "M02" => |bytes, chunk| {
            let mut server = Server::new(server::Config::default(), chunk);
            server.feed(&version());
            let (field, length, limit) = (Field::ServiceName, u32::MAX, 64);
            ends(&mut server, bytes, DecodeError::TooLong { field, length, limit });
        },
        "M03" => |bytes, chunk| {
            let (field, length, limit) = (Field::User, 2049, 64);
            let error = DecodeError::TooLong { field, length, limit };
            ends(&mut waits_for_credentials(chunk), bytes, error);
        },
        "M04" => |bytes, chunk| login_fails(bytes, chunk, DecodeError::PasswordChange(1)),
        "M05" => |bytes, chunk| login_fails(bytes, chunk, DecodeError::UnknownMethod),
        "M06" => |bytes, chunk| open_tunnel_ends(bytes, chunk, DecodeError::UnknownRequest),
        "M07" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            let fault = Fault::ForwardRefused { port: 70000 };
            assert_eq!(server.feed(bytes), [Event::Fault(fault)]);
            assert_eq!(server.said(), vector("V17"));
            assert_eq!(server.end.forwarded_ports().count(), 0);
        },
        "M08" => |bytes, chunk| {
            let (field, length, limit) = (Field::Payload, 0x7fff_ffff, 1 << 20);
            open_tunnel_ends(bytes, chunk, DecodeError::TooLong { field, length, limit });
        },
        "M09" => |bytes, chunk| {
            let mut server = Server::open(server::Config::default(), chunk);
            let fault = Event::Fault(Fault::UnknownChannel { message: 94, channel: 99 });
            for _ in 0..32 {
                assert_eq!(server.feed(bytes), std::slice::from_ref(&fault));
                assert_eq!((server.left(), server.said()), (0, Vec::new()));
            }
            assert_eq!(server.feed(bytes), [fault, Event::Ended(EndReason::FaultBudget)]);
            assert_eq!(server.said(), hex("01 00000002 0000"));
        },
        "M10" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            let (channel, end) = (ChannelId(4), ChannelEnd::WindowOverflow);
            let fault = Event::Fault(Fault::WindowOverflow { channel: 4 });
            assert_eq!(server.feed(bytes), [Event::ChannelClosed { channel, end }, fault]);
            assert_eq!(server.said(), close(0));
        },
        "M11" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            server.end.send(ChannelId(4), vec![7; 0x4000].into(), server.now).expect("open");
            server.said();
            server.events();
            let fault = Event::Fault(Fault::UnexpectedConfirmation { channel: 4 });
            assert_eq!(server.feed(bytes), [fault]);
            server.end.send(ChannelId(4), vec![7; 1].into(), server.now).expect("open");
            assert_eq!(server.said(), b"", "the credit was not set again");
        },
        "M12" => |bytes, chunk| {
            let mut server = Server::with_channel_4(chunk, 0x4000);
            server.feed(&close(4));
            server.said();
            let fault = Fault::UnknownChannel { message: 97, channel: 4 };
            assert_eq!(server.feed(bytes), [Event::Fault(fault)]);
            assert_eq!(server.said(), b"");
        },
        "M13" => |bytes, chunk| first_bytes_end(bytes, chunk, 10),
        "M14" => |bytes, chunk| {
            let mut server = Server::new(server::Config::default(), chunk);
            assert_eq!(server.feed(bytes), [Event::Ended(EndReason::HttpProbe)]);
            let page = String::from_utf8(server.said()).expect("text");
            assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("Intel AMT"));
            assert!(server.end.is_finished());
        },
        "M15" => |bytes, chunk| {
            let decoded = message::decode_from_server(bytes, ReplyForm::Bare);
            assert_eq!(decoded.expect("valid").expect("complete").1, 14);
            let rest = message::decode_from_server(&bytes[14..], ReplyForm::Bare);
            assert_eq!(rest, Err(DecodeError::UnknownType(0)));
            let mut device = waits_for_verdict(chunk);
            assert_eq!(device.feed(bytes), [device::Event::Ended(EndReason::Refused)]);
        },
        "M16" => |bytes, chunk| first_bytes_end(bytes, chunk, 0),
        "M17" => |bytes, chunk| {
            first_bytes_end(bytes, chunk, 250);
            open_tunnel_ends(bytes, chunk, DecodeError::UnknownType(250));
        },
        "M18" => |bytes, chunk| open_tunnel_ends(bytes, chunk, DecodeError::WrongDirection(81)),
        "M19" => |bytes, chunk| open_tunnel_ends(bytes, chunk, DecodeError::WantReply(2)),
        "M20" => |bytes, chunk| {
            let (field, length, limit) = (Field::Address, 300, 256);
            open_tunnel_ends(bytes, chunk, DecodeError::TooLong { field, length, limit });
        },
        _ => return None,
    })
}

fn vector(id: &str) -> Vec<u8> {
    super::vectors()[id].bytes()
}

fn greets(bytes: &[u8], chunk: usize, uuid: &str, trigger: u32) {
    let mut server = Server::new(server::Config::default(), chunk);
    let (uuid, trigger, version) = (uuid.parse().expect("a UUID"), Trigger(trigger), (1, 0));
    assert_eq!(server.feed(bytes), [Event::Greeted { uuid, trigger, version }]);
    assert_eq!((server.left(), server.said()), (0, Vec::new()), "no version is sent back");
}

fn waits_for_credentials(chunk: usize) -> Server {
    let mut server = Server::new(server::Config::default(), chunk);
    server.feed(&version());
    server.feed(&service(Service::Auth));
    server.said();
    server
}

fn waits_for_verdict(chunk: usize) -> Device {
    let mut device = Device::new(Device::admin(&[16993]), chunk);
    device.end.handle_timeout(device.now);
    device.feed(&encode(&Message::ServiceAccept(Service::Auth)));
    device.said();
    device
}

fn credentials_are_answered(bytes: &[u8], chunk: usize) {
    let (user, password) = (Bytes::from_static(b"admin"), Bytes::from_static(b"P@ssw0rd"));
    let credentials = Credentials::Password { user, password };
    let asked = Event::AdmissionAsked { uuid: super::UUID, credentials };
    for admit in [true, false] {
        let mut server = waits_for_credentials(chunk);
        // What follows is left alone until the decision.
        let events = server.feed(&[bytes, &super::keepalive(1)].concat());
        assert_eq!(events, std::slice::from_ref(&asked));
        assert_eq!((server.left(), server.end.is_reading()), (5, false));
        assert_eq!(server.said(), b"");
        if admit {
            server.end.admit(server.now);
            assert_eq!(server.said(), vector("V06"));
            assert_eq!(server.resume(), [Event::KeepAlive]);
        } else {
            server.end.refuse(server.now);
            assert_eq!(server.said(), vector("V07"));
            assert_eq!(server.events(), [Event::Ended(EndReason::Refused)]);
            assert!(server.end.is_finished());
        }
    }
}

fn method_none_has_no_further_bytes(bytes: &[u8], chunk: usize) {
    let config = server::Config { client_certificate: true, ..server::Config::default() };
    let mut server = Server::new(config, chunk);
    server.feed(&version());
    server.feed(&service(Service::Auth));
    server.said();
    let events = server.feed(&[bytes, &service(Service::Forwarding)].concat());
    let credentials = Credentials::Certificate { user: Some(Bytes::from_static(b"admin")) };
    assert_eq!(events, [Event::AdmissionAsked { uuid: super::UUID, credentials }]);
    assert_eq!(server.left(), 23, "40 bytes were taken");
    server.end.admit(server.now);
    assert_eq!(server.resume(), [Event::ForwardingStarted]);
    assert_eq!(server.said(), [vector("V06"), vector("V10")].concat());

    let mut server = waits_for_credentials(chunk);
    assert_eq!(server.feed(bytes), [Event::Ended(EndReason::NoCertificate)]);
    assert_eq!(server.said(), vector("V07"));
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

/// The server says DISCONNECT 2 and ends.
fn ends(server: &mut Server, bytes: &[u8], error: DecodeError) {
    assert_eq!(server.feed(bytes), [Event::Ended(EndReason::Decode(error))]);
    assert_eq!(server.said(), hex("01 00000002 0000"));
    assert!(server.end.is_finished() && !server.end.is_reading());
}

fn open_tunnel_ends(bytes: &[u8], chunk: usize, error: DecodeError) {
    ends(&mut Server::open(server::Config::default(), chunk), bytes, error);
}

fn first_bytes_end(bytes: &[u8], chunk: usize, number: u8) {
    let mut server = Server::new(server::Config::default(), chunk);
    ends(&mut server, bytes, DecodeError::UnknownType(number));
}

/// The answer is USERAUTH_FAILURE, and the end.
fn login_fails(bytes: &[u8], chunk: usize, error: DecodeError) {
    let mut server = waits_for_credentials(chunk);
    assert_eq!(server.feed(bytes), [Event::Ended(EndReason::Decode(error))]);
    assert_eq!(server.said(), vector("V07"));
    assert!(server.end.is_finished());
}
