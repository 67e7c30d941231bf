//! Secrets from files, standard input or a terminal; never from the command line, which everybody can read.

use crate::{
    failure::{Failure, Result},
    say::note,
};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs,
    io::{self, IsTerminal, Read, Stdin},
    path::Path,
};

/// More is no password and no token.
const MAX: u64 = 4096;

/// The first line of a file, or of standard input for `-`.
pub(crate) fn from_file(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        from_stdin("password: ")?
    } else {
        read(fs::File::open(file).map_err(|error| Failure::local(file.display(), error))?)
            .map_err(|error| Failure::local(file.display(), error))?
    };
    first_line(&text)
}

/// A secret from standard input, asked for by its name on a terminal; `other` is how else it can be given.
pub(crate) fn asked(what: &str, other: &str) -> Result<String> {
    let text = from_stdin(&format!("{what}: "))?;
    let line = text.trim_start_matches(['\r', '\n']);
    first_line(line).map_err(|_| {
        let next = format!("Run it on a terminal, which asks; or pipe it in; or give {other}.");
        Failure::usage(format!("the {what} is missing: nothing came on standard input")).next(next)
    })
}

/// Standard input; on a terminal, asked for without echo.
pub(crate) fn from_stdin(question: &str) -> Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return read(stdin.lock()).map_err(|error| Failure::local("standard input", error));
    }
    note(question);
    let _quiet = Quiet::new(stdin).map_err(|error| Failure::local("the terminal", error))?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| Failure::local("the terminal", error))?;
    Ok(line)
}

fn read(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MAX).read_to_string(&mut text)?;
    Ok(text)
}

pub(crate) fn first_line(text: &str) -> Result<String> {
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::usage("the secret is empty: its first line has nothing in it"));
    }
    Ok(line.to_owned())
}

/// A terminal without echo, until dropped.
struct Quiet {
    stdin: Stdin,
    before: Termios,
}

impl Quiet {
    fn new(stdin: Stdin) -> io::Result<Self> {
        let before = tcgetattr(&stdin)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &quiet)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(&self.stdin, OptionalActions::Flush, &self.before) {
            tracing::debug!(%error, "the terminal is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_never_empty() {
        assert_eq!(first_line("hush\n").unwrap(), "hush");
        assert_eq!(first_line(" with spaces \r\nmore").unwrap(), " with spaces ");
        assert!(first_line("\nx").is_err());
        assert!(first_line("").is_err());
    }
}
