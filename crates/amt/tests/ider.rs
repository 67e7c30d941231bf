//! Storage redirection and the opening of KVM: the bytes that consoles really send, in any pieces.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use amt::redirect::{
    Decode, Decoder, KvmOpen, KvmOpened, RedirectError,
    ider::{
        Completion, Drive, Features, IderCommand, IderConsoleMessage, IderDeviceMessage, IderOpen,
        IderOpened, Sense, Status,
    },
};
use proptest::prelude::*;

fn console_messages() -> Vec<IderConsoleMessage> {
    use IderConsoleMessage::*;
    let sense = Some(Sense::NO_MEDIUM);
    vec![
        Open { sequence: Some(0), open: IderOpen::default() },
        Features { sequence: 1, features: self::Features::Supported },
        Features { sequence: 2, features: self::Features::State },
        Features { sequence: 3, features: self::Features::Set(9) },
        Ping { sequence: 4 },
        Pong { sequence: 5 },
        ResetDone { sequence: 6 },
        Heartbeat { sequence: 7 },
        Completed { sequence: 8, completion: Completion { drive: Drive::Cd, sense: None } },
        Completed { sequence: 9, completion: Completion { drive: Drive::Floppy, sense } },
        WantData { sequence: 10, drive: Drive::Floppy, length: 512 },
        Data { sequence: 11, drive: Drive::Cd, completed: false, data: vec![7; 2048] },
        Data { sequence: 12, drive: Drive::Cd, completed: true, data: vec![] },
        Close { sequence: 13 },
    ]
}

fn device_messages() -> Vec<IderDeviceMessage> {
    use IderDeviceMessage::*;
    let opened =
        IderOpened { version: (1, 0), firmware: (16, 1), read_buffer: 8192, write_buffer: 4096 };
    let command = IderCommand {
        drive: Drive::Cd,
        dma: true,
        byte_count: 2048,
        block: *b"\x28\0\0\0\0\x10\0\0\x01\0\0\0",
    };
    vec![
        Opened { sequence: 0, opened },
        Status { sequence: 1, status: self::Status { kind: 3, value: 1 } },
        Ping { sequence: 2 },
        Pong { sequence: 3 },
        Heartbeat { sequence: 4 },
        Reset { sequence: 5, mask: 3 },
        Command { sequence: 6, command },
        Data { sequence: 7, data: vec![1, 2, 3] },
        Error { sequence: 8, code: [1, 2, 3] },
        Closed { sequence: 9 },
    ]
}

fn read_in_pieces<M: Decode>(bytes: &[u8], sizes: &[usize]) -> Result<Vec<M>, RedirectError> {
    let (mut decoder, mut found, mut rest) = (Decoder::new(), Vec::new(), bytes);
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        rest = after;
        decoder.handle_bytes(piece);
        while let Some(message) = decoder.poll_message()? {
            found.push(message);
        }
    }
    assert!(decoder.take_rest().is_empty(), "whole messages leave nothing");
    Ok(found)
}

#[test]
fn consoles_of_the_field_are_understood_to_the_byte() {
    let read = |bytes: &[u8]| IderConsoleMessage::decode(bytes).unwrap().unwrap();
    let open = IderOpen::default();
    let long = b"\x40\0\0\0\0\0\0\0\x30\x75\0\0\x20\x4e\x01\0\0\0";
    assert_eq!(read(long), (IderConsoleMessage::Open { sequence: Some(0), open }, 18));
    // amtterm leaves reserved bytes and sequence out.
    let short = b"\x40\x64\0\x10\x27\x88\x13\x01\0\0\0";
    let amtterm =
        IderOpen { receive_timeout: 100, transmit_timeout: 10_000, heartbeat: 5000, version: 1 };
    assert_eq!(read(short), (IderConsoleMessage::Open { sequence: None, open: amtterm }, 11));
    // A console in a browser says that a command went well, and that the floppy drive is empty.
    let well = b"\x51\0\0\x02\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xc5\0\x03\0\0\0\xb0\x50\0\0\0";
    let completion = Completion { drive: Drive::Cd, sense: None };
    assert_eq!(read(well), (IderConsoleMessage::Completed { sequence: 5, completion }, 31));
    let empty =
        b"\x51\0\0\x02\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x87\x20\x03\0\0\0\xa0\x51\x02\x3a\0";
    let sense = Some(Sense { key: 2, code: 0x3A, qualifier: 0 });
    let completion = Completion { drive: Drive::Floppy, sense };
    assert_eq!(read(empty), (IderConsoleMessage::Completed { sequence: 6, completion }, 31));
    // Its last piece of data.
    let mut bytes = b"\x54\0\0\x03\x07\0\0\0\0\x02\0\0\xb5\0\x02\0\x02\0\xb0\x58".to_vec();
    bytes.extend(b"\x85\0\x03\0\0\0\xb0\x50\0\0\0\0\0\0ab");
    let data = IderConsoleMessage::Data {
        sequence: 7,
        drive: Drive::Cd,
        completed: true,
        data: b"ab".to_vec(),
    };
    assert_eq!(read(&bytes), (data.clone(), 36));
    let mut ours = Vec::new();
    data.encode(&mut ours);
    assert_eq!(ours, bytes);
}

#[test]
fn the_messages_around_rfb_are_eight_bytes() {
    let (mut open, mut opened) = (Vec::new(), Vec::new());
    KvmOpen.encode(&mut open);
    KvmOpened.encode(&mut opened);
    assert_eq!((&open[..], &opened[..]), (&b"\x40\0\0\0\0\0\0\0"[..], &b"\x41\0\0\0\0\0\0\0"[..]));
    assert_eq!(KvmOpen::decode(&open[..7]), Ok(None));
    assert_eq!(KvmOpen::decode(&open), Ok(Some((KvmOpen, 8))));
    assert_eq!(KvmOpened::decode(b"\x41\0\0\0\0\0\0\0RFB"), Ok(Some((KvmOpened, 8))));
    assert_eq!(KvmOpened::decode(b"\x40"), Err(RedirectError::UnknownMessage(0x40)));
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same_messages(sizes in prop::collection::vec(1usize..200, 1..9)) {
        let mut bytes = Vec::new();
        console_messages().iter().for_each(|message| message.encode(&mut bytes));
        prop_assert_eq!(read_in_pieces(&bytes, &sizes), Ok(console_messages()));
        bytes.clear();
        device_messages().iter().for_each(|message| message.encode(&mut bytes));
        prop_assert_eq!(read_in_pieces(&bytes, &sizes), Ok(device_messages()));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(IderConsoleMessage::decode(&bytes));
        drop(IderDeviceMessage::decode(&bytes));
    }
}
