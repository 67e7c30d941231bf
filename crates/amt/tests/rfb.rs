//! The screen: what AMT's end writes, a viewer's end reads, in any pieces; and rubbish.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use amt::rfb::{
    self, AMT_RLE, DESKTOP_SIZE, Picture, PictureError, PixelFormat, RAW, Rectangle, Rgb, Update,
    ViewerError, ViewerMessage, tile,
};
use proptest::prelude::*;

const FORMAT: PixelFormat = PixelFormat::RGB565;

/// Two tiles, raw pixels, and a new size, as a platform would send them.
fn stream() -> Vec<u8> {
    let mut out = Vec::new();
    rfb::encode_update(3, &mut out);
    let first = Rectangle { x: 0, y: 0, width: 64, height: 64 };
    first.encode(AMT_RLE, &mut out);
    let pixels: Vec<u32> = (0..4096).map(|at| u32::from(at % 7 == 0) * 0xF800).collect();
    tile::encode(&pixels, 64, FORMAT, true, &mut out);
    let second = Rectangle { x: 64, y: 0, width: 36, height: 64 };
    second.encode(AMT_RLE, &mut out);
    let pixels: Vec<u32> = (0..36 * 64).collect();
    tile::encode(&pixels, 36, FORMAT, false, &mut out);
    let third = Rectangle { x: 98, y: 78, width: 2, height: 2 };
    third.encode(RAW, &mut out);
    out.extend_from_slice(&[0x1F, 0, 0, 0, 0, 0, 0xE0, 0x07]);
    // The PC rings and copies a text.
    out.push(2);
    out.extend_from_slice(b"\x03\0\0\0\0\0\0\x02hi");
    rfb::encode_update(1, &mut out);
    Rectangle::of_size(120, 90).encode(DESKTOP_SIZE, &mut out);
    out
}

fn watch(bytes: &[u8], sizes: &[usize]) -> (Picture, Vec<Update>, Vec<Rgb>) {
    let mut picture = Picture::new(100, 80, FORMAT).unwrap();
    let (mut updates, mut rest) = (Vec::new(), bytes);
    let mut seen = Vec::new();
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        rest = after;
        picture.handle_bytes(piece, &mut updates).unwrap();
        if seen.is_empty() && updates.contains(&Update::Complete) && picture.size() == (100, 80) {
            let places = [(0, 0), (1, 0), (65, 0), (98, 78), (99, 79), (100, 0)];
            seen = places.map(|(x, y)| picture.colour(x, y)).to_vec();
        }
    }
    (picture, updates, seen)
}

#[test]
fn a_viewer_sees_what_the_platform_drew() {
    let bytes = stream();
    let (picture, updates, _) = watch(&bytes, &[bytes.len()]);
    assert_eq!(picture.size(), (120, 90));
    let changed = |x, y, width, height| Update::Changed(Rectangle { x, y, width, height });
    assert_eq!(
        updates,
        [
            changed(0, 0, 64, 64),
            changed(64, 0, 36, 64),
            changed(98, 78, 2, 2),
            Update::Complete,
            Update::Bell,
            Update::Resized(120, 90),
            Update::Complete,
        ]
    );
    let (_, _, seen) = watch(&bytes, &[1]);
    let (red, black, blue, green) = (Rgb(255, 0, 0), Rgb(0, 0, 0), Rgb(0, 0, 255), Rgb(0, 255, 0));
    assert_eq!(seen, [red, black, Rgb(0, 0, 8), blue, green, black]);
}

#[test]
fn tiles_without_the_header_of_a_stream_are_understood() {
    let mut out = Vec::new();
    rfb::encode_update(1, &mut out);
    Rectangle::of_size(64, 64).encode(AMT_RLE, &mut out);
    tile::encode(&[0xFFFF; 4096], 64, FORMAT, false, &mut out);
    let (picture, ..) = watch(&out, &[3]);
    assert_eq!(picture.colour(63, 63), Rgb(255, 255, 255));
}

#[test]
fn a_stream_that_makes_no_sense_is_an_error_and_costs_no_memory() {
    let answer = |bytes: &[u8]| {
        let mut picture = Picture::new(100, 80, FORMAT).unwrap();
        picture.handle_bytes(bytes, &mut Vec::new())
    };
    assert_eq!(answer(b"\x07"), Err(PictureError::Message(7)));
    let unknown = b"\0\0\0\x01\0\0\0\0\0\x08\0\x08\0\0\0\x05";
    assert_eq!(answer(unknown), Err(PictureError::Encoding(5)));
    let outside = b"\0\0\0\x01\0\x63\0\0\0\x02\0\x01\0\0\0\0\0\0\0\0";
    assert_eq!(answer(outside), Err(PictureError::Tile));
    let large = b"\0\0\0\x01\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x21";
    assert_eq!(answer(large), Err(PictureError::Size(65_535, 65_535)));
    let long = b"\0\0\0\x01\0\0\0\0\0\x08\0\x08\0\0\0\x10\xff\xff\xff\xff";
    assert_eq!(answer(long), Err(PictureError::TooLong(u32::MAX)));
    assert!(Picture::new(65_535, 65_535, FORMAT).is_err());
}

#[test]
fn what_a_viewer_says_is_read_as_it_was_written() {
    let messages = [
        ViewerMessage::SetPixelFormat(PixelFormat::RGB332),
        ViewerMessage::SetEncodings(vec![AMT_RLE, RAW, 1092, DESKTOP_SIZE]),
        ViewerMessage::UpdateRequest { incremental: true, area: Rectangle::of_size(640, 480) },
        ViewerMessage::Key { down: true, key: 0xFF0D },
        ViewerMessage::Pointer { buttons: 1, x: 3, y: 4 },
        ViewerMessage::CutText(b"\0KvmDataChannel\0".to_vec()),
    ];
    let mut bytes = Vec::new();
    messages.iter().for_each(|message| message.encode(&mut bytes));
    let mut rest = &bytes[..];
    for message in &messages {
        for cut in 0..rest.len().min(6) {
            assert_eq!(ViewerMessage::decode(&rest[..cut]), Ok(None));
        }
        let (found, length) = ViewerMessage::decode(rest).unwrap().unwrap();
        assert_eq!(&found, message);
        rest = &rest[length..];
    }
    assert_eq!(ViewerMessage::decode(b"\x09"), Err(ViewerError::Unknown(9)));
    let long = b"\x06\0\0\0\x7f\0\0\0";
    assert_eq!(ViewerMessage::decode(long), Err(ViewerError::TooLong(0x7F00_0000)));
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same_picture(sizes in prop::collection::vec(1usize..300, 1..9)) {
        let bytes = stream();
        let (_, whole, _) = watch(&bytes, &[bytes.len()]);
        prop_assert_eq!(watch(&bytes, &sizes).1, whole);
    }

    #[test]
    fn no_bytes_make_either_end_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(ViewerMessage::decode(&bytes));
        let mut picture = Picture::new(100, 80, FORMAT).unwrap();
        let understood = picture.handle_bytes(&bytes, &mut Vec::new());
        let (width, height) = picture.size();
        prop_assert!(understood.is_err() || u32::from(width) * u32::from(height) <= 4_608_000);
    }
}
