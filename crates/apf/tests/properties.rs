//! What holds for any bytes and any message.

mod tunnel;

use apf::Trigger;
use apf::message::{
    ChannelClose, ChannelData, ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure,
    ChannelType, Datagram, Forward, GlobalRequest, KeepAlive, KeepAliveOptions, Message, Method,
    ProtocolVersion, Reply, ReplyForm, Service, UserAuthFailure, UserAuthRequest, WindowAdjust,
    decode_from_device, decode_from_server,
};
use apf::{DisconnectReason, OpenFailure, server};
use bytes::BytesMut;
use proptest::prelude::*;
use tunnel::{Device, Server};
use uuid::Uuid;

/// Material for a message: figures and strings of any content within the limits.
#[derive(Debug, Clone)]
struct Material {
    kind: u8,
    flag: bool,
    numbers: [u32; 5],
    text: [Vec<u8>; 4],
}

fn material() -> impl Strategy<Value = Material> {
    let text = || proptest::collection::vec(any::<u8>(), 0..=64);
    (any::<u8>(), any::<bool>(), any::<[u32; 5]>(), [text(), text(), text(), text()])
        .prop_map(|(kind, flag, numbers, text)| Material { kind, flag, numbers, text })
}

impl Material {
    fn global(&self) -> GlobalRequest<'_> {
        let [one, two, ..] = self.numbers;
        let [a, b, c, _] = &self.text;
        let forward = Forward { want_reply: self.flag, address: a, port: one };
        match self.numbers[4] % 3 {
            0 => GlobalRequest::Forward(forward),
            1 => GlobalRequest::Cancel(forward),
            _ => GlobalRequest::SendDatagram(Datagram {
                want_reply: self.flag,
                destination: a,
                destination_port: one,
                source: b,
                source_port: two,
                data: c,
            }),
        }
    }

    fn open(&self) -> ChannelOpen<'_> {
        let [one, two, three, four, five] = self.numbers;
        let [a, b, ..] = &self.text;
        let channel_type = match five % 3 {
            0 => ChannelType::Forwarded,
            1 => ChannelType::Direct,
            _ => ChannelType::Other(b"session"),
        };
        ChannelOpen {
            channel_type,
            sender: one,
            window: two,
            connected_address: a,
            connected_port: three,
            originator_address: b,
            originator_port: four,
        }
    }

    /// Any message. The second part is the form of a REQUEST_SUCCESS.
    fn message(&self) -> (Message<'_>, ReplyForm) {
        let [one, two, three, ..] = self.numbers;
        let service = if self.flag { Service::Auth } else { Service::Forwarding };
        let options = KeepAliveOptions { interval: one, timeout: two };
        let method = if self.flag { Method::Password(&self.text[1]) } else { Method::None };
        let message = match self.kind % 20 {
            0 => Message::Disconnect(DisconnectReason(one)),
            1 => Message::ServiceRequest(service),
            2 => Message::ServiceAccept(service),
            3 => Message::UserAuthRequest(UserAuthRequest {
                user: &self.text[0],
                service: service.name().as_bytes(),
                method,
            }),
            4 => Message::UserAuthFailure(UserAuthFailure { methods: b"password,none" }),
            5 => Message::UserAuthSuccess,
            6 => Message::GlobalRequest(self.global()),
            7 if self.flag => return (Message::RequestSuccess(Reply::Bare), ReplyForm::Bare),
            7 => Message::RequestSuccess(Reply::Port(one)),
            8 => Message::RequestFailure,
            9 => Message::ChannelOpen(self.open()),
            10 => Message::ChannelOpenConfirmation(ChannelOpenConfirmation {
                recipient: one,
                sender: two,
                window: three,
            }),
            11 => Message::ChannelOpenFailure(ChannelOpenFailure {
                recipient: one,
                reason: OpenFailure(two),
            }),
            12 => Message::WindowAdjust(WindowAdjust { recipient: one, bytes: two }),
            13 => Message::ChannelData(ChannelData { recipient: one, length: two % (1 << 20) }),
            14 => Message::ChannelClose(ChannelClose { recipient: one }),
            15 => Message::ProtocolVersion(ProtocolVersion {
                major: one,
                minor: two,
                trigger: Trigger(three),
                uuid: Uuid::from_u128(u128::from(one) << 96 | u128::from(two)),
            }),
            16 => Message::KeepAliveRequest(KeepAlive { cookie: one }),
            17 => Message::KeepAliveReply(KeepAlive { cookie: one }),
            18 => Message::KeepAliveOptionsRequest(options),
            _ => Message::KeepAliveOptionsReply(options),
        };
        (message, ReplyForm::Port)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_message_survives_the_wire(material in material(), behind in any::<Vec<u8>>()) {
        let (message, form) = material.message();
        let mut wire = BytesMut::new();
        message.encode(&mut wire);
        let length = wire.len();
        wire.extend_from_slice(&behind);
        prop_assert!(message.kind().sent_by_device() || message.kind().sent_by_server());
        if message.kind().sent_by_device() {
            prop_assert_eq!(decode_from_device(&wire), Ok(Some((message, length))));
            prop_assert_eq!(decode_from_device(&wire[..length - 1]), Ok(None));
        } else {
            prop_assert!(decode_from_device(&wire).is_err());
        }
        if message.kind().sent_by_server() {
            prop_assert_eq!(decode_from_server(&wire, form), Ok(Some((message, length))));
            prop_assert_eq!(decode_from_server(&wire[..length - 1], form), Ok(None));
        } else {
            prop_assert!(decode_from_server(&wire, form).is_err());
        }
    }

    #[test]
    fn decoding_never_panics_and_never_takes_more_than_there_is(bytes in any::<Vec<u8>>()) {
        for decoded in [
            decode_from_device(&bytes),
            decode_from_server(&bytes, ReplyForm::Port),
            decode_from_server(&bytes, ReplyForm::Bare),
        ] {
            if let Ok(Some((_, length))) = decoded {
                prop_assert!((1..=bytes.len()).contains(&length));
            }
        }
    }

    /// A verdict on a prefix is never taken back: an error stays, a message stays the same.
    #[test]
    fn more_bytes_never_change_a_verdict(material in material(), noise in any::<Vec<u8>>(), at: usize) {
        let (message, _) = material.message();
        let mut wire = BytesMut::new();
        message.encode(&mut wire);
        let at = at % (wire.len() + 1);
        let bytes = [&wire[..at], noise.as_slice()].concat();
        let mut verdict = None;
        for end in 0..=bytes.len() {
            let decoded = decode_from_device(&bytes[..end]);
            match &verdict {
                None if decoded == Ok(None) => {}
                None => verdict = Some(decoded),
                Some(so_far) => prop_assert_eq!(&decoded, so_far),
            }
        }
    }

    #[test]
    fn strings_that_are_too_long_are_cut_so_that_the_peer_can_read_them(length in 0_usize..2000) {
        let long = vec![b'x'; length];
        let open = ChannelOpen {
            channel_type: ChannelType::Other(&long),
            sender: 1,
            window: 2,
            connected_address: &long,
            connected_port: 3,
            originator_address: &long,
            originator_port: 4,
        };
        let wire = tunnel::encode(&Message::ChannelOpen(open));
        let decoded = decode_from_device(&wire).expect("valid").expect("complete");
        prop_assert_eq!(decoded.1, wire.len());
    }

    #[test]
    fn the_server_survives_any_bytes_in_any_state(bytes in any::<Vec<u8>>(), state in 0..4_usize) {
        let config = server::Config { device_channels: Some(10), ..server::Config::default() };
        let mut server = match state {
            0 => Server::new(config, 0),
            1 => Server::open(config, 0),
            2 => Server::with_channels(config, 0, 8),
            _ => Server::with_channel_4(0, 100),
        };
        server.feed(&bytes);
        server.said();
        server.after(std::time::Duration::from_secs(300));
        prop_assert!(server.end.is_finished() || server.left() <= 2560 || !server.end.is_reading());
    }

    #[test]
    fn the_device_survives_any_bytes(bytes in any::<Vec<u8>>(), settled: bool) {
        let config = Device::admin(&[16992]);
        let mut device = if settled { Device::settled(config, 0) } else { Device::new(config, 0) };
        device.feed(&bytes);
        device.said();
        prop_assert!(device.left() <= 2560);
    }
}
