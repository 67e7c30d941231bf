//! What a PC may do to the terminal in front of its serial console: write, colour and move the cursor, but not
//! ask questions whose answers would be typed, set titles, or write the clipboard.

/// Follows escape sequences and leaves out the dangerous ones.
#[derive(Debug, Default)]
pub(super) struct Filter {
    state: State,
    held: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    Control,
    /// A string for the terminal: title, clipboard, device control.
    String,
    /// An escape inside of it, which may end it.
    StringEscape,
}

/// No sequence worth showing is longer.
const LONGEST: usize = 64;

impl Filter {
    /// The harmless part, in order.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Text | State::Escape | State::Control, 0x1B) => {
                    self.held = vec![byte];
                    State::Escape
                }
                // Enquiry: terminals may answer with a text that was set before.
                (State::Text, 0x05) => State::Text,
                (State::Text, _) => {
                    out.push(byte);
                    State::Text
                }
                (State::Escape, b'[') => {
                    self.held.push(byte);
                    State::Control
                }
                (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::String,
                // ESC Z asks who the terminal is.
                (State::Escape, b'Z') => State::Text,
                (State::Escape, 0x20..=0x2F) => {
                    self.held.push(byte);
                    if self.held.len() > LONGEST { State::Text } else { State::Escape }
                }
                (State::Escape, _) => {
                    self.held.push(byte);
                    out.append(&mut self.held);
                    State::Text
                }
                (State::Control, 0x20..=0x3F) if self.held.len() < LONGEST => {
                    self.held.push(byte);
                    State::Control
                }
                // Questions (c, n, x, and the like) and window operations (t) are left out.
                (State::Control, b'c' | b'n' | b'x' | b't' | b'q' | 0x00..=0x1F | 0x20..=0x3F) => {
                    State::Text
                }
                (State::Control, _) => {
                    self.held.push(byte);
                    out.append(&mut self.held);
                    State::Text
                }
                (State::String, 0x07) | (State::StringEscape, b'\\') => State::Text,
                (State::String, 0x1B) | (State::StringEscape, 0x1B) => State::StringEscape,
                (State::String | State::StringEscape, _) => State::String,
            };
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn colours_pass_and_questions_titles_and_clipboards_do_not() {
        for (given, expected) in [
            (&b"plain \xc3\xa4\r\n"[..], &b"plain \xc3\xa4\r\n"[..]),
            (b"\x1b[1;31mred\x1b[0m", b"\x1b[1;31mred\x1b[0m"),
            (b"a\x1b]52;c;aGk=\x07b", b"ab"),
            (b"a\x1b]0;title\x1b\\b", b"ab"),
            (b"a\x1bPq\x1b\\b", b"ab"),
            (b"a\x1b[6nb\x1b[cc\x05d", b"abcd"),
            (b"\x1b[?25l\x1b(B\x1b7", b"\x1b[?25l\x1b(B\x1b7"),
        ] {
            assert_eq!(Filter::default().pass(given), expected);
            let mut filter = Filter::default();
            let bytewise: Vec<u8> = given.iter().flat_map(|byte| filter.pass(&[*byte])).collect();
            assert_eq!(bytewise, expected, "in pieces");
        }
    }
}
