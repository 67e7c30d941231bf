//! All vectors of `vectors/apf-vectors.json`: decoded, encoded again, and checked against what
//! they are said to mean.

mod tunnel;

use apf::DecodeError;
use apf::message::{self, Message, ReplyForm};
use bytes::BytesMut;
use tunnel::{Vector, checks::check_of, vectors};

#[test]
fn there_are_55_vectors_and_each_is_as_long_as_it_says() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 55);
    for vector in vectors.values() {
        assert_eq!(vector.bytes().len(), vector.len, "{}", vector.id);
    }
}

#[test]
fn every_vector_means_what_it_says() {
    for vector in vectors().values() {
        let check = check_of(&vector.id);
        let check =
            check.unwrap_or_else(|| panic!("no check for {}: {}", vector.id, vector.meaning));
        println!("{}: {} => {}", vector.id, vector.meaning, vector.expect);
        check(&vector.bytes(), 0);
    }
}

/// Vectors that only a server sends.
const FROM_SERVER: [&str; 16] = [
    "V04", "V06", "V07", "V10", "V12", "V16", "V17", "V20", "V22", "V24", "V25", "V26", "V27",
    "V28", "V32", "M15",
];

/// Vectors whose first REQUEST_SUCCESS answers a cancel.
const BARE_REPLIES: [&str; 1] = ["V16"];

type Decoded<'a> = Result<Option<(Message<'a>, usize)>, DecodeError>;

fn decode<'a>(vector: &Vector, bytes: &'a [u8]) -> Decoded<'a> {
    if FROM_SERVER.contains(&vector.id.as_str()) {
        let bare = BARE_REPLIES.contains(&vector.id.as_str());
        message::decode_from_server(bytes, if bare { ReplyForm::Bare } else { ReplyForm::Port })
    } else {
        message::decode_from_device(bytes)
    }
}

#[test]
fn every_vector_decodes_or_fails_as_the_file_says() {
    for vector in vectors().values() {
        let bytes = vector.bytes();
        let decoded = decode(vector, &bytes);
        match vector.decode.as_str() {
            "ok" => assert!(matches!(decoded, Ok(Some(_))), "{}: {decoded:?}", vector.id),
            "need" => assert_eq!(decoded, Ok(None), "{}", vector.id),
            // A port out of range has a length as well as any other; the server refuses it.
            "err: port 70000" => assert!(matches!(decoded, Ok(Some(_))), "{}", vector.id),
            error => {
                assert!(error.starts_with("err: "), "{}: {error}", vector.id);
                assert!(decoded.is_err(), "{}: {decoded:?} instead of {error}", vector.id);
            }
        }
    }
}

#[test]
fn no_error_waits_for_more_bytes_than_it_needs() {
    // The vectors that stop right at the length that is too long.
    for (id, needed) in [("M02", 5), ("M03", 5), ("M08", 9), ("M13", 1), ("M14", 1), ("M18", 1)] {
        let vectors = vectors();
        let bytes = vectors[id].bytes();
        for length in 0..needed {
            assert_eq!(decode(&vectors[id], &bytes[..length]), Ok(None), "{id} at {length}");
        }
        assert!(decode(&vectors[id], &bytes[..needed]).is_err(), "{id}");
    }
}

#[test]
fn every_valid_vector_is_encoded_to_the_same_bytes() {
    for vector in vectors().values().filter(|vector| vector.decode == "ok") {
        let bytes = vector.bytes();
        let mut rest = bytes.as_slice();
        let mut out = BytesMut::new();
        while let Ok(Some((message, length))) = decode(vector, rest) {
            message.encode(&mut out);
            rest = &rest[length..];
            if let Message::ChannelData(head) = message {
                let (payload, behind) = rest.split_at(head.length as usize);
                out.extend_from_slice(payload);
                rest = behind;
            }
        }
        // M15 ends with the stray byte that it is about.
        let stray: &[u8] = if vector.id == "M15" { &[0] } else { &[] };
        assert_eq!(rest, stray, "{}", vector.id);
        assert_eq!([out.as_ref(), stray].concat(), bytes, "{}", vector.id);
    }
}

#[test]
fn every_prefix_of_a_valid_message_is_incomplete() {
    for vector in vectors().values().filter(|v| v.decode == "ok" && v.id != "M15") {
        let bytes = vector.bytes();
        let (_, length) = decode(vector, &bytes).expect("valid").expect("complete");
        for cut in 0..length {
            assert_eq!(decode(vector, &bytes[..cut]), Ok(None), "{} cut at {cut}", vector.id);
        }
    }
}
