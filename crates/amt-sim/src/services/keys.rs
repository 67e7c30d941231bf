//! What a key (an X keysym, RFC 6143 7.5.4) does to the text on a screen.

/// The keyboard of one viewer: which Shift keys are down, and whether capitals are locked.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    shifts: [bool; 2],
    locked: bool,
}

impl Keyboard {
    /// Takes note of a key, and types it when it went down.
    pub(super) fn press(&mut self, typed: &mut String, key: u32, down: bool) {
        match key {
            LEFT_SHIFT => self.shifts[0] = down,
            RIGHT_SHIFT => self.shifts[1] = down,
            CAPS_LOCK => self.locked ^= down,
            key if down => type_key(typed, self.meant(key)),
            _ => {}
        }
    }

    /// Consoles name a key by what it types without Shift, or by what it types with it: a PC sees the key alone, and
    /// Shift beside it.
    fn meant(&self, key: u32) -> u32 {
        let shifted = self.shifts.contains(&true);
        let Some(character) = char::from_u32(key).filter(char::is_ascii) else { return key };
        let meant = match character {
            'a'..='z' if shifted != self.locked => character.to_ascii_uppercase(),
            'A'..='Z' if shifted && self.locked => character.to_ascii_lowercase(),
            _ if shifted => match PLAIN.find(character).and_then(|at| SHIFTED.chars().nth(at)) {
                Some(meant) => meant,
                None => character,
            },
            _ => character,
        };
        u32::from(meant)
    }
}

const LEFT_SHIFT: u32 = 0xFFE1;
const RIGHT_SHIFT: u32 = 0xFFE2;
const CAPS_LOCK: u32 = 0xFFE5;
/// What the keys of an American keyboard type that are no letters, without Shift and with it.
const PLAIN: &str = "`1234567890-=[]\\;',./";
const SHIFTED: &str = "~!@#$%^&*()_+{}|:\"<>?";

/// Types a key that went down: characters appear, Return begins a line, BackSpace takes back, other keys
/// appear by name. Control and its like show nothing.
fn type_key(typed: &mut String, key: u32) {
    match key {
        0x20..=0x7E | 0xA0..=0xFF => typed.extend(char::from_u32(key)),
        0xFF0D | 0xFF8D => typed.push('\n'),
        0xFF08 => drop(typed.pop()),
        0xFFBE..=0xFFC9 => typed.push_str(&format!("[F{}]", key - 0xFFBD)),
        0xFFE1..=0xFFEE => {}
        other => match name(other) {
            Some(name) => typed.push_str(&format!("[{name}]")),
            None => typed.push_str(&format!("[{other:#x}]")),
        },
    }
}

const fn name(key: u32) -> Option<&'static str> {
    Some(match key {
        0xFF09 => "Tab",
        0xFF1B => "Esc",
        0xFF50 => "Home",
        0xFF51 => "Left",
        0xFF52 => "Up",
        0xFF53 => "Right",
        0xFF54 => "Down",
        0xFF55 => "PgUp",
        0xFF56 => "PgDn",
        0xFF57 => "End",
        0xFF63 => "Ins",
        0xFFFF => "Del",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Keyboard, type_key};

    fn typed(keys: &[(u32, bool)]) -> String {
        let (mut keyboard, mut typed) = (Keyboard::default(), String::new());
        for (key, down) in keys {
            keyboard.press(&mut typed, *key, *down);
        }
        typed
    }

    #[test]
    fn shift_counts_while_it_is_down_whichever_way_a_console_names_the_key() {
        let shift = |down| (0xFFE1, down);
        let key = |character: char| [(u32::from(character), true), (u32::from(character), false)];
        let by_key = [&[shift(true)][..], &key('h'), &[shift(false)], &key('i'), &[shift(true)]];
        let more = [&key('1')[..], &key('\''), &key('/'), &[shift(false)], &key('1')];
        assert_eq!(typed(&[by_key.concat(), more.concat()].concat()), "Hi!\"?1");
        let by_character = [&[shift(true)][..], &key('H'), &key('!'), &[shift(false)], &key('!')];
        assert_eq!(typed(&by_character.concat()), "H!!");
    }

    #[test]
    fn caps_lock_turns_letters_only_and_shift_turns_them_back() {
        let lock = [(0xFFE5, true), (0xFFE5, false)];
        let keys = [(0x61, true), (0x31, true), (0xFFE2, true), (0x61, true), (0xFFE2, false)];
        let all = [&lock[..], &keys, &lock, &[(0x61, true)]].concat();
        assert_eq!(typed(&all), "A1aa");
    }

    #[test]
    fn keys_leave_a_trace_and_backspace_takes_one_back() {
        let mut typed = String::new();
        for key in [0x68, 0xFFE1, 0x69, 0x78, 0xFF08, 0xFF0D, 0xFFBF, 0xFFFF, 0x1234_5678] {
            type_key(&mut typed, key);
        }
        assert_eq!(typed, "hi\n[F2][Del][0x12345678]");
    }
}
