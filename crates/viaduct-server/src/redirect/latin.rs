//! Bytes as text, one character for each (U+0000 to U+00FF), and back. Pictures pass through here by the gigabyte: what
//! depends on single bytes is looked up and not decided, because every second guess of the processor would be wrong.

use bytes::Bytes;

/// So many bytes at a time: they stay near, and text of letters alone is taken as it is.
const PIECE: usize = 128;

/// Each byte in UTF-8; what is after a single one is written over by the next.
static WIDE: [[u8; 2]; 256] = wide();

const fn wide() -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] =
            if byte < 0x80 { [byte, 0] } else { [0xC0 | (byte >> 6), 0x80 | (byte & 0x3F)] };
        if byte == 0xFF {
            return table;
        }
        byte += 1;
    }
}

/// The text of some bytes.
pub(super) fn text_of(bytes: &[u8]) -> String {
    // Room for the worst, made once: pixels are no ASCII.
    let mut text = String::with_capacity(bytes.len() * 2);
    let mut room = [0; 2 * PIECE];
    for piece in bytes.chunks(PIECE) {
        let wide = if piece.is_ascii() { piece } else { widened(piece, &mut room) };
        match simdutf8::basic::from_utf8(wide) {
            Ok(wide) => text.push_str(wide),
            Err(_) => text.extend(piece.iter().copied().map(char::from)),
        }
    }
    text
}

fn widened<'a>(piece: &[u8], room: &'a mut [u8; 2 * PIECE]) -> &'a [u8] {
    let mut end = 0;
    for byte in piece {
        if let Some(place) = room.get_mut(end..end + 2) {
            place.copy_from_slice(&WIDE[usize::from(*byte)]);
        }
        end += 1 + usize::from(byte >> 7);
    }
    room.get(..end).unwrap_or_default()
}

/// The bytes of a text; None when a character is none.
pub(super) fn bytes_of(text: &str) -> Option<Bytes> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut room = [0; PIECE];
    // A character from U+0080 on begins with C2 or C3, and ends with 10xxxxxx: its byte is that, with the last bit of the
    // first one in the place of the second.
    let (mut lead, mut beyond) = (0_u8, false);
    for piece in text.as_bytes().chunks(PIECE) {
        if piece.is_ascii() {
            bytes.extend_from_slice(piece);
            continue;
        }
        let mut end = 0;
        for byte in piece {
            room[end % PIECE] = byte | lead;
            let begins = u8::from(*byte >= 0xC0);
            lead = (byte & begins) << 6;
            end += usize::from(1 - begins);
            beyond |= *byte > 0xC3;
        }
        bytes.extend_from_slice(room.get(..end).unwrap_or_default());
    }
    (!beyond).then(|| bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it was always meant.
    fn plain(bytes: &[u8]) -> String {
        bytes.iter().copied().map(char::from).collect()
    }

    fn there_and_back(bytes: &[u8]) {
        let text = text_of(bytes);
        assert_eq!(text, plain(bytes), "{bytes:?}");
        assert_eq!(bytes_of(&text).unwrap(), bytes);
    }

    #[test]
    fn every_byte_is_one_character_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        let text = text_of(&all);
        assert_eq!((text.chars().count(), text.len()), (256, 384));
        there_and_back(&all);
        there_and_back(&[]);
        for first in 0..=255 {
            for second in 0..=255 {
                there_and_back(&[first, second]);
            }
        }
    }

    #[test]
    fn wherever_pieces_end_the_text_is_the_same() {
        // Each byte at each place of a piece, beside each kind of neighbour.
        for length in [1, 2, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 1, 2 * PIECE, 3 * PIECE + 5] {
            for fill in [0_u8, b'a', 0x7F, 0x80, 0xBF, 0xC0, 0xFF] {
                for at in 0..length {
                    let mut bytes = vec![fill; length];
                    bytes[at] = fill.wrapping_add(0x80);
                    there_and_back(&bytes);
                }
            }
        }
        let long: Vec<u8> = (0..4 * PIECE).map(|at| (at * 37 + at / 7) as u8).collect();
        let whole = plain(&long);
        for cut in 0..=long.len() {
            let (one, two) = long.split_at(cut);
            assert_eq!(text_of(one) + &text_of(two), whole, "cut at {cut}");
        }
    }

    #[test]
    fn characters_beyond_are_no_bytes() {
        for text in ["\u{100}", "\u{7FF}", "€", "\u{FFFF}", "\u{10FFFF}", "aÿ\u{100}", "ÿÿÿ€"]
        {
            assert_eq!(bytes_of(text), None, "{text}");
            assert_eq!(bytes_of(&format!("{text}a")), None, "{text}");
        }
        assert_eq!(bytes_of("\u{80}\u{FF}").unwrap(), &[0x80, 0xFF][..]);
    }
}
