//! What a PC may do to the terminal in front of its serial console: write, colour and move the cursor, but not
//! ask questions whose answers would be typed, set titles, print, or write the clipboard.

/// Follows escape sequences and lets the harmless ones through; what is not known is left out.
#[derive(Debug, Default)]
pub(super) struct Filter {
    state: State,
    held: Vec<u8>,
    left: Left,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// In a character of several bytes.
    Character,
    Escape,
    Control,
    /// A string for the terminal: title, clipboard, device control.
    String,
    /// An escape inside of it, which may end it.
    StringEscape,
}

/// What the PC has done to the terminal and perhaps never undoes.
#[derive(Debug, Default, Clone, Copy)]
struct Left {
    styled: bool,
    margins: bool,
    alternate: bool,
}

/// No sequence worth showing is longer.
const LONGEST: usize = 64;
/// Modes that a PC may switch: keys of the cursor, reverse screen, origin, wrapping, blinking, the cursor, the other
/// screen, keypad, brackets around what is pasted. Reports of mouse and focus are none: they would be typed.
const MODES: [&[u8]; 13] =
    [b"1", b"5", b"6", b"7", b"8", b"12", b"25", b"47", b"66", b"1047", b"1048", b"1049", b"2004"];

impl Filter {
    /// The harmless part, in order.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.state = match self.state {
                State::Text => self.text(byte, &mut out),
                State::Character => self.character(byte, &mut out),
                State::Escape => self.escape(byte, &mut out),
                State::Control => self.control(byte, &mut out),
                State::String | State::StringEscape => self.string(byte),
            };
        }
        out
    }

    /// What makes the terminal as it was, as far as the PC has changed it.
    pub(super) fn restoring(&self) -> &'static [u8] {
        match self.left {
            Left { alternate: true, .. } => {
                b"\x1b7\x1b[r\x1b8\x1b[?1049l\x1b[m\x1b(B\x0f\x1b[?25h\x1b[?7h\x1b[?1l\x1b>\x1b[?2004l"
            }
            Left { margins: true, .. } => {
                b"\x1b7\x1b[r\x1b8\x1b[m\x1b(B\x0f\x1b[?25h\x1b[?7h\x1b[?1l\x1b>\x1b[?2004l"
            }
            Left { styled: true, .. } => b"\x1b[m\x1b(B\x0f\x1b[?25h\x1b[?7h\x1b[?1l\x1b>\x1b[?2004l",
            Left { .. } => b"",
        }
    }

    fn text(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        match byte {
            0x1B => {
                self.held = vec![byte];
                State::Escape
            }
            // Enquiry: terminals may answer with a text that was set before. The others are controls of eight bits.
            0x05 | 0x80..=0x9F => State::Text,
            0xC2..=0xF4 => {
                self.held = vec![byte];
                State::Character
            }
            _ => {
                self.left.styled |= byte == 0x0E;
                out.push(byte);
                State::Text
            }
        }
    }

    /// A control may hide in two bytes too; what is no character is passed without the bytes that are controls alone.
    fn character(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        if !matches!(byte, 0x80..=0xBF) {
            self.give_up(out);
            return self.text(byte, out);
        }
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(text) if !text.chars().all(char::is_control) => {
                out.append(&mut self.held);
                State::Text
            }
            Err(error) if error.error_len().is_none() => State::Character,
            Ok(_) => State::Text,
            Err(_) => {
                self.give_up(out);
                State::Text
            }
        }
    }

    fn give_up(&mut self, out: &mut Vec<u8>) {
        out.extend(self.held.drain(..).filter(|byte| !matches!(byte, 0x80..=0x9F)));
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        match byte {
            0x1B => {
                self.held = vec![byte];
                State::Escape
            }
            b'[' => {
                self.held.push(byte);
                State::Control
            }
            // The last one is a title, to screen and tmux.
            b']' | b'P' | b'X' | b'^' | b'_' | b'k' => State::String,
            0x20..=0x2F => {
                self.held.push(byte);
                if self.held.len() > LONGEST { State::Text } else { State::Escape }
            }
            // Cursor saved and restored, lines up and down, tabs, character sets, keypad, reset.
            b'7' | b'8' | b'D' | b'E' | b'H' | b'M' | b'N' | b'O' | b'=' | b'>' | b'c' => {
                self.through(byte, out)
            }
            // Of a set of characters, or a size of the line.
            _ if matches!(self.held.get(1), Some(b'(' | b')' | b'*' | b'+' | b'#'))
                && byte.is_ascii_graphic() =>
            {
                self.through(byte, out)
            }
            _ => State::Text,
        }
    }

    fn through(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        self.left.styled = true;
        self.held.push(byte);
        out.append(&mut self.held);
        State::Text
    }

    fn control(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        match byte {
            0x1B => {
                self.held = vec![byte];
                State::Escape
            }
            0x20..=0x3F if self.held.len() < LONGEST => {
                self.held.push(byte);
                State::Control
            }
            0x40..=0x7E if self.is_harmless(byte) => {
                self.left.margins |= byte == b'r';
                self.left.alternate |=
                    byte == b'h' && matches!(&self.held[2..], b"?47" | b"?1047" | b"?1049");
                self.through(byte, out)
            }
            _ => State::Text,
        }
    }

    /// Whether the control sequence that is held only draws. Questions are not known here, nor are windows and printers.
    fn is_harmless(&self, last: u8) -> bool {
        let (first, inner) = match self.held.get(2..) {
            Some([first @ 0x3C..=0x3F, inner @ ..]) => (Some(*first), inner),
            Some(inner) => (None, inner),
            None => return false,
        };
        let plain = inner.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'));
        match (first, last) {
            (None, b'p') => inner == b"!",
            (None, b'q') => matches!(inner, [b' '] | [b'0'..=b'6', b' ']),
            (None, b'h' | b'l') => plain && matches!(inner, b"4" | b"20"),
            (None, b'@'..=b'M' | b'P' | b'S' | b'T' | b'X' | b'Z' | b'`' | b'a' | b'b' | b'd')
            | (None, b'e' | b'f' | b'g' | b'm' | b'r' | b's' | b'u') => plain,
            (Some(b'?'), b'J' | b'K') => plain,
            (Some(b'?'), b'h' | b'l') => {
                inner.split(|byte| *byte == b';').all(|mode| MODES.contains(&mode))
            }
            _ => false,
        }
    }

    fn string(&self, byte: u8) -> State {
        match (self.state, byte) {
            (State::String, 0x07) | (State::StringEscape, b'\\') => State::Text,
            (_, 0x1B) => State::StringEscape,
            _ => State::String,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn colours_pass_and_questions_titles_and_clipboards_do_not() {
        for (given, expected) in [
            (&b"plain \xc3\xa4\xe2\x96\x88\r\n"[..], &b"plain \xc3\xa4\xe2\x96\x88\r\n"[..]),
            (b"\x1b[1;31mred\x1b[0m", b"\x1b[1;31mred\x1b[0m"),
            (b"\x1b[38;2;1;2;3m\x1b[38:5:9m", b"\x1b[38;2;1;2;3m\x1b[38:5:9m"),
            (b"a\x1b]52;c;aGk=\x07b", b"ab"),
            (b"a\x1b]0;title\x1b\\b", b"ab"),
            (b"a\x1bktitle\x1b\\b", b"ab"),
            (b"a\x1bPq\x1b\\b", b"ab"),
            (b"a\x1b[6nb\x1b[cc\x05d", b"abcd"),
            (b"a\x1b[?1$pb\x1b[?uc\x1b[>4;2md\x1b[1;1;1;1;1;1*ye", b"abcde"),
            (b"a\x1b[5ib\x1b[?1000hc\x1b[?25;1004hd\x1b[21te\x1bZf", b"abcdef"),
            (b"a\x9b6nb\xc2\x9b6nc\xc2\x9d0;t\x07", b"a6nb6nc0;t\x07"),
            (b"\xc4\xc4x\xe2\x9bz", b"\xc4\xc4x\xe2z"),
            (
                b"\x1b[?25l\x1b(B\x1b7\x1b[2J\x1b[1;1H\x1b[?1049h",
                b"\x1b[?25l\x1b(B\x1b7\x1b[2J\x1b[1;1H\x1b[?1049h",
            ),
        ] {
            assert_eq!(Filter::default().pass(given), expected, "{}", given.escape_ascii());
            let mut filter = Filter::default();
            let bytewise: Vec<u8> = given.iter().flat_map(|byte| filter.pass(&[*byte])).collect();
            assert_eq!(bytewise, expected, "in pieces");
        }
    }

    #[test]
    fn the_terminal_is_set_back_only_as_far_as_it_was_changed() {
        let after = |bytes: &[u8]| {
            let mut filter = Filter::default();
            filter.pass(bytes);
            filter.restoring()
        };
        assert_eq!(after(b"plain\x1b]0;title\x07"), b"");
        assert!(after(b"\x1b[31mred").starts_with(b"\x1b[m"));
        assert!(after(b"\x1b[2;20r").starts_with(b"\x1b7\x1b[r\x1b8\x1b[m"));
        assert!(after(b"\x1b[?1049h").contains(&b'9'));
    }
}
