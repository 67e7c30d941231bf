//! What a key (an X keysym, RFC 6143 7.5.4) does to the text on a screen.

/// Types a key that went down: characters appear, Return begins a line, BackSpace takes back, other keys
/// appear by name. Shift and its like show nothing.
pub(super) fn type_key(typed: &mut String, key: u32) {
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
    use super::type_key;

    #[test]
    fn keys_leave_a_trace_and_backspace_takes_one_back() {
        let mut typed = String::new();
        for key in [0x68, 0xFFE1, 0x69, 0x78, 0xFF08, 0xFF0D, 0xFFBF, 0xFFFF, 0x1234_5678] {
            type_key(&mut typed, key);
        }
        assert_eq!(typed, "hi\n[F2][Del][0x12345678]");
    }
}
