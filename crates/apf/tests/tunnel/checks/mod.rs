//! What each vector means and what is expected of it: one check per id. The checks run with the
//! vector delivered at once and byte by byte. Here: login and forwards.
#![allow(clippy::too_many_lines, reason = "a table of vectors")]

mod malformed;
mod open;

use super::{Device, Server, encode, forward, hex, service, version};
use apf::message::{self, Message, ReplyForm, Service};
use apf::server::{Credentials, Event};
use apf::{EndReason, Trigger, device, server};
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
        _ => return open::check_of(id).or_else(|| malformed::check_of(id)),
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
