//! Output: data on standard output, everything else on standard error. The only file that prints.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

/// Why the first line of data that was not taken was not.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A line of data. A reader that left (`| head`) is no error; a disk that is full is, see [`lost`].
pub(crate) fn data(line: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{line}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        drop(LOST.set(error));
    }
}

/// Why data is missing on standard output, so that half a file is not taken for a whole one.
pub(crate) fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

/// A line for the person in front of it.
pub(crate) fn note(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// A line that says what is wrong.
pub(crate) fn warn(line: &str) {
    drop(writeln!(io::stderr().lock(), "viaduct: {line}"));
}

/// Asks for a line on the terminal; None when there is no terminal to ask on.
pub(crate) fn ask(question: &str) -> Option<String> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    drop(write!(io::stderr().lock(), "{question}"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}

/// Whether somebody is there who could answer.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Cells of a progress bar.
const BAR: usize = 30;

/// How much of a long work is over, on a terminal: a line that is written over and over.
pub(crate) fn bar(over: usize, all: usize) {
    progress(over as f64 / all.max(1) as f64, &format!("{over} of {all}"));
}

/// The same with other words behind the bar, which must be short enough for a line.
pub(crate) fn progress(share: f64, words: &str) {
    if is_watched() {
        let full = ((share.clamp(0.0, 1.0) * BAR as f64) as usize).min(BAR);
        let (full, empty) = ("█".repeat(full), "░".repeat(BAR - full));
        drop(write!(io::stderr().lock(), "\r\x1b[K▕{full}{empty}▏ {words}"));
        drop(io::stderr().flush());
    }
}

/// Whether somebody sees progress.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Takes the bar away, so that a line can be written.
pub(crate) fn bar_off() {
    if io::stderr().is_terminal() {
        drop(write!(io::stderr().lock(), "\r\x1b[K"));
    }
}

/// Whether colours are wanted: on a terminal, unless told otherwise.
pub(crate) fn in_colour(no_color: bool) -> bool {
    !no_color && std::env::var_os("NO_COLOR").is_none() && io::stdout().is_terminal()
}

/// Text from devices and servers as a terminal may see it: no control characters, no change of direction.
pub(crate) fn inert(text: &str) -> String {
    let dangerous = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if dangerous(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_do_nothing() {
        assert_eq!(inert("a\u{1b}[2Jb\u{202e}c\r\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\u{fffd}");
        assert_eq!(inert("Zürich ● 1"), "Zürich ● 1");
    }
}
