//! Vectors that are malformed or illegal, and how little harm they do.

use super::super::{Server, close, data, hex, version};
use super::{Check, vector, waits_for_credentials, waits_for_verdict};
use apf::message::{self, ReplyForm};
use apf::server::Event;
use apf::{ChannelId, DecodeError, EndReason, Fault, Field, device, server};
use std::time::Duration;

pub(super) fn check_of(id: &str) -> Option<Check> {
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
            for _ in 0..100 {
                assert_eq!((server.feed(bytes), server.said()), (Vec::new(), Vec::new()));
            }
            server.end.send(ChannelId(4), vec![7; 1].into(), server.now).expect("open");
            assert_eq!(server.said(), data(0, &[7]), "the channel goes on");
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
