//! What sits at the serial port: a small shell that needs no login.

use std::time::Duration;

use super::{boot::BootSource, power};

/// Longest line that can be typed, in bytes.
const MAX_LINE: usize = 512;
const HELP: &str = "commands: help, echo TEXT, printf TEXT, uptime, power, boot, exit\r\n";
const SETUP_HELP: &str = "commands: help, boot (leave setup and start the system), exit\r\n";

/// A line editor and some commands.
#[derive(Debug)]
pub(super) struct Shell {
    hostname: String,
    line: Vec<u8>,
    after_cr: bool,
    escape: Escape,
    /// Somebody left the BIOS set-up for the system.
    left_setup: bool,
}

/// Where in an escape sequence of a terminal the input is; arrow keys do nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    Begun,
    Control,
}

/// What commands tell of.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) power: u8,
    pub(super) uptime: Duration,
    pub(super) booted: BootSource,
}

/// What the shell says, and whether it has ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: Vec<u8>,
    pub(super) ended: bool,
}

impl Shell {
    pub(super) fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            line: Vec::new(),
            after_cr: false,
            escape: Escape::No,
            left_setup: false,
        }
    }

    /// What a terminal sees first.
    pub(super) fn greeting(&self, around: &Surroundings) -> Vec<u8> {
        let name = &self.hostname;
        let prompt = self.prompt(around);
        let text = if self.is_in_setup(around) {
            format!("\r\n{name}: BIOS setup of a simulated PC. {SETUP_HELP}{prompt}")
        } else {
            format!("\r\n{name}: serial console of a simulated PC. {HELP}{prompt}")
        };
        text.into_bytes()
    }

    fn is_in_setup(&self, around: &Surroundings) -> bool {
        around.booted == BootSource::Setup && !self.left_setup
    }

    fn prompt(&self, around: &Surroundings) -> String {
        if self.is_in_setup(around) {
            return "BIOS setup> ".to_owned();
        }
        format!("{} login-free shell> ", self.hostname)
    }

    /// The PC lost its power or got it back: whatever was typed is gone.
    pub(super) fn power_changed(&mut self, around: &Surroundings) -> Vec<u8> {
        self.line.clear();
        let notice = format!("\r\n*** power: {} ***\r\n", power::word(around.power));
        let mut text = notice.into_bytes();
        if around.power == power::ON {
            self.left_setup = false;
            text.extend(format!("*** boot: {} ***\r\n", around.booted).into_bytes());
            text.extend(self.greeting(around));
        }
        text
    }

    /// Handles what a terminal sends. CR, LF and CR LF each end a line once.
    pub(super) fn type_in(&mut self, input: &[u8], around: &Surroundings) -> Said {
        let mut said = Said::default();
        for &byte in input {
            if said.ended {
                break;
            }
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            if self.escape != Escape::No || byte == 0x1B {
                self.skip_escape(byte);
                continue;
            }
            match byte {
                b'\n' if after_cr => {}
                b'\r' | b'\n' => self.enter(around, &mut said),
                0x08 | 0x7F => self.erase(&mut said.text),
                0x03 => {
                    self.line.clear();
                    said.text.extend_from_slice(b"^C\r\n");
                    said.text.extend_from_slice(self.prompt(around).as_bytes());
                }
                0..0x20 => {}
                _ if self.line.len() >= MAX_LINE => said.text.push(0x07),
                other => {
                    self.line.push(other);
                    said.text.push(other);
                }
            }
        }
        said
    }

    fn skip_escape(&mut self, byte: u8) {
        self.escape = match (self.escape, byte) {
            (_, 0x1B) => Escape::Begun,
            (Escape::Begun, b'[' | b'O') => Escape::Control,
            (Escape::Control, b'0'..=b'9' | b';' | b'?') => Escape::Control,
            (Escape::No | Escape::Begun | Escape::Control, _) => Escape::No,
        };
    }

    /// Takes the last character back, all its bytes if it has several.
    fn erase(&mut self, text: &mut Vec<u8>) {
        while let Some(byte) = self.line.pop() {
            if byte & 0xC0 != 0x80 {
                text.extend_from_slice(b"\x08 \x08");
                return;
            }
        }
    }

    fn enter(&mut self, around: &Surroundings, said: &mut Said) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let (command, rest) = line.trim_start().split_once(' ').unwrap_or((line.trim(), ""));
        let answer = match command {
            "" => String::new(),
            "help" if self.is_in_setup(around) => SETUP_HELP.to_owned(),
            "boot" if self.is_in_setup(around) => {
                self.left_setup = true;
                format!("*** boot: {} ***\r\n", BootSource::HardDrive)
            }
            "boot" => format!("booted from: {}\r\n", around.booted),
            "help" => HELP.to_owned(),
            "echo" => format!("{rest}\r\n"),
            "printf" => format!("{}\r\n", unescaped(rest)),
            "uptime" => format!("up {} s\r\n", around.uptime.as_secs()),
            "power" => format!("power: {} ({})\r\n", power::word(around.power), around.power),
            "exit" => {
                said.text.extend_from_slice(b"\r\nbye\r\n");
                said.ended = true;
                return;
            }
            unknown => format!("{unknown}: no such command; {HELP}"),
        };
        said.text.extend_from_slice(b"\r\n");
        said.text.extend_from_slice(answer.as_bytes());
        said.text.extend_from_slice(self.prompt(around).as_bytes());
    }
}

/// The text with `\e` and `\a` as the characters that they stand for: whatever runs on a PC may write them.
fn unescaped(text: &str) -> String {
    text.replace("\\e", "\x1b").replace("\\a", "\x07")
}

#[cfg(test)]
mod tests {
    use super::{BootSource, Duration, Said, Shell, Surroundings};

    const AROUND: Surroundings =
        Surroundings { power: 2, uptime: Duration::from_secs(7), booted: BootSource::HardDrive };
    const PROMPT: &str = "pc-01 login-free shell> ";

    fn typed(input: &[u8]) -> String {
        String::from_utf8(Shell::new("pc-01").type_in(input, &AROUND).text).unwrap()
    }

    #[test]
    fn each_kind_of_line_end_ends_one_line() {
        for end in ["\r", "\n", "\r\n"] {
            let said = typed(format!("echo hi{end}").as_bytes());
            assert_eq!(said, format!("echo hi\r\nhi\r\n{PROMPT}"), "{end:?}");
        }
        assert_eq!(typed(b"\r\r"), format!("\r\n{PROMPT}\r\n{PROMPT}"));
    }

    #[test]
    fn printf_writes_the_escapes_that_are_asked_for() {
        let said = typed(br"printf \e[31mred\a" as &[u8]);
        assert_eq!(said, r"printf \e[31mred\a");
        assert!(typed(b"printf \\e[31mred\\a\r").contains("\r\n\x1b[31mred\x07\r\n"));
    }

    #[test]
    fn a_line_may_come_in_single_bytes() {
        let mut shell = Shell::new("pc-01");
        let mut text = Vec::new();
        for byte in b"power\r\n" {
            text.extend(shell.type_in(&[*byte], &AROUND).text);
        }
        assert_eq!(String::from_utf8(text).unwrap(), format!("power\r\npower: on (2)\r\n{PROMPT}"));
    }

    #[test]
    fn backspace_takes_a_whole_character_back() {
        assert_eq!(
            typed("éx\x7f\x7f\x7f\r".as_bytes()),
            format!("éx\x08 \x08\x08 \x08\r\n{PROMPT}")
        );
    }

    #[test]
    fn arrow_keys_and_control_characters_are_swallowed() {
        assert_eq!(typed(b"\x1b[A\x1bOB\x01ok"), "ok");
    }

    #[test]
    fn exit_ends_and_nothing_after_it_is_read() {
        let said = Shell::new("pc-01").type_in(b"exit\recho no\r", &AROUND);
        assert_eq!(said, Said { text: b"exit\r\nbye\r\n".to_vec(), ended: true });
    }

    #[test]
    fn a_line_does_not_grow_without_bound() {
        let mut shell = Shell::new("pc-01");
        let said = shell.type_in(&[b'x'; 2000], &AROUND);
        assert_eq!(shell.line.len(), super::MAX_LINE);
        assert_eq!(said.text.iter().filter(|b| **b == 7).count(), 2000 - super::MAX_LINE);
    }
}
