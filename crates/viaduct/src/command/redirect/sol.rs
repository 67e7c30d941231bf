//! `viaduct sol`: the serial console of a PC in this terminal, or in a pipe.

use super::{Desk, filter::Filter, stop::Stop};
use crate::{
    client::{FromDevice, ToDevice, ended},
    failure::{Failure, Result},
    say::note,
};
use amt::redirect::{ConsoleMessage, Decoder, DeviceMessage, SolSettings};
use rustix::termios::{self, OptionalActions, Termios};
use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, IsTerminal, Read, Write, stdin, stdout},
    path::PathBuf,
    thread,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, interval, sleep_until},
};
use viaduct_api::{Code, RedirectionMode};

/// Devices give consoles up that say nothing for some seconds.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// When the input has ended, the console stays until the PC has been quiet for so long.
const QUIET: Duration = Duration::from_secs(2);
/// Longest piece of input in one message.
const PIECE: usize = 1000;
const ESCAPES: &str = "\r\n~.  ends the console\r\n~~  sends ~\r\n~r  types the size of this terminal as \
`stty rows R cols C`, for a shell of the PC\r\n~?  shows this\r\n";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Device whose serial console is wanted
    device: String,
    /// Append what the PC shows to this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Take the console over from whoever uses it
    #[arg(long)]
    take_over: bool,
}

/// Runs until `~.`, the end of the input, a signal, or the end of the redirection.
pub(crate) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let record = options.record.as_ref().map(|path| {
        let open = OpenOptions::new().create(true).append(true).open(path);
        open.map_err(|error| Failure::local(path.display(), error))
    });
    let record = record.transpose()?;
    let mode = RedirectionMode::Sol;
    let (mut to, mut from) = desk.client.redirect(&options.device, mode, options.take_over).await?;
    let settings = SolSettings { max_transmit: 10_000, heartbeat: 0, ..SolSettings::default() };
    to.say(&ConsoleMessage::SolOpen { sequence: 0, settings }).await?;
    let terminal = stdin().is_terminal();
    if terminal {
        note(&format!("serial console of {}; Enter ~. ends it, Enter ~? helps", options.device));
    }
    let mut console = Console {
        decoder: Decoder::new(),
        filter: Filter::default(),
        shown: stdout().is_terminal(),
        record,
        sequence: 1,
        escape: Escape { armed: true, ..Escape::default() },
        terminal,
    };
    // Before the terminal is changed, so that there is no moment in which a signal leaves it so.
    let mut stopped = Stop::new()?;
    let raw = Raw::enter()?;
    let result = tokio::select! {
        result = console.talk(&mut to, &mut from) => result,
        signal = stopped.next() => Err(Failure::interrupted(signal)),
    };
    console.restore();
    drop(raw);
    if terminal {
        note("");
    }
    to.close().await;
    result.map_err(|failure| failure.about(&options.device))
}

/// What was typed, from a thread of its own: a read from a terminal cannot be broken off.
fn keyboard() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    thread::spawn(move || {
        let mut buffer = [0; PIECE];
        loop {
            let n = match stdin().lock().read(&mut buffer) {
                Ok(0) => return,
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            if sender.blocking_send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

struct Console {
    decoder: Decoder,
    filter: Filter,
    /// Standard output is a terminal, which has to be spared some of what the PC says.
    shown: bool,
    record: Option<File>,
    sequence: u32,
    escape: Escape,
    terminal: bool,
}

impl Console {
    fn next(&mut self) -> u32 {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        sequence
    }

    async fn talk(&mut self, to: &mut ToDevice, from: &mut FromDevice) -> Result<()> {
        let mut input = keyboard();
        let mut beat = interval(HEARTBEAT);
        let mut quiet_at: Option<Instant> = None;
        loop {
            let until = quiet_at.unwrap_or_else(|| Instant::now() + HEARTBEAT);
            tokio::select! {
                bytes = from.next() => {
                    self.show(&bytes?.ok_or_else(ended)?)?;
                    quiet_at = quiet_at.map(|_| Instant::now() + QUIET);
                }
                typed = input.recv(), if quiet_at.is_none() => match typed {
                    Some(typed) => if !self.type_in(&typed, to).await? {
                        return Ok(());
                    },
                    None => quiet_at = Some(Instant::now() + QUIET),
                },
                _ = beat.tick() => {
                    let sequence = self.next();
                    to.say(&ConsoleMessage::Heartbeat { sequence }).await?;
                }
                () = sleep_until(until), if quiet_at.is_some() => return Ok(()),
            }
        }
    }

    /// Undoes what the PC has done to the terminal.
    fn restore(&self) {
        if self.shown {
            let mut out = stdout().lock();
            // A terminal that is gone needs nothing.
            drop(out.write_all(self.filter.restoring()));
            drop(out.flush());
        }
    }

    fn show(&mut self, bytes: &[u8]) -> Result<()> {
        self.decoder.handle_bytes(bytes);
        loop {
            let message = self.decoder.poll_message::<DeviceMessage>();
            let message =
                message.map_err(|error| Failure::new(Code::AmtUnusable, error.to_string()))?;
            match message {
                None => return Ok(()),
                Some(DeviceMessage::SolOpened { status, .. }) if status != 0 => {
                    let detail = format!("the device does not open the port (status {status})");
                    return Err(Failure::new(Code::RedirectionInUse, detail));
                }
                Some(DeviceMessage::SolClosed { .. }) => return Err(ended()),
                Some(DeviceMessage::SolData { data, .. }) => {
                    // Who prints the record later is spared the same.
                    let harmless = self.filter.pass(&data);
                    if let Some(record) = &mut self.record {
                        record.write_all(&harmless)?;
                    }
                    let mut out = stdout().lock();
                    out.write_all(if self.shown { &harmless } else { &data })?;
                    out.flush()?;
                }
                Some(_) => {}
            }
        }
    }

    /// Sends what was typed; false when the console is to end.
    async fn type_in(&mut self, typed: &[u8], to: &mut ToDevice) -> Result<bool> {
        let (data, what) = match self.terminal {
            true => self.escape.pass(typed),
            false => (typed.to_vec(), Wanted::Nothing),
        };
        if what == Wanted::Help {
            let mut out = stdout().lock();
            out.write_all(ESCAPES.as_bytes())?;
            out.flush()?;
        }
        for piece in data.chunks(PIECE) {
            let sequence = self.next();
            to.say(&ConsoleMessage::SolData { sequence, data: piece.to_vec() }).await?;
        }
        Ok(what != Wanted::End)
    }
}

/// What tells a shell on the PC how large this terminal is: a serial line has no other way.
fn size() -> Vec<u8> {
    match termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_row > 0 => {
            format!("stty rows {} cols {}\r", size.ws_row, size.ws_col).into_bytes()
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// Looks for `~` at the beginning of a line, as ssh does.
#[derive(Debug, Default)]
struct Escape {
    /// At the beginning of a line.
    armed: bool,
    /// A `~` is held back.
    begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    End,
    Help,
}

impl Escape {
    fn pass(&mut self, typed: &[u8]) -> (Vec<u8>, Wanted) {
        let mut out = Vec::new();
        let mut wanted = Wanted::Nothing;
        for &byte in typed {
            if std::mem::take(&mut self.begun) {
                match byte {
                    b'.' => return (out, Wanted::End),
                    b'?' => wanted = Wanted::Help,
                    b'r' => out.extend(size()),
                    b'~' => out.push(b'~'),
                    other => out.extend_from_slice(&[b'~', other]),
                }
                self.armed = matches!(byte, b'\r' | b'?' | b'r');
                continue;
            }
            if self.armed && byte == b'~' {
                self.begun = true;
                continue;
            }
            self.armed = matches!(byte, b'\r' | b'\n');
            out.push(byte);
        }
        (out, wanted)
    }
}

/// A terminal that passes every key on; as it was before when dropped.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Result<Self> {
        if !stdin().is_terminal() {
            return Ok(Self(None));
        }
        let failed = |error: rustix::io::Errno| Failure::local("the terminal", error);
        let before = termios::tcgetattr(stdin()).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw).map_err(failed)?;
        Ok(Self(Some(before)))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.0
            && let Err(error) = termios::tcsetattr(stdin(), OptionalActions::Now, before)
        {
            note(&format!("the terminal could not be set back ({error}); `reset` helps"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_counts_at_the_beginning_of_a_line_only() {
        let run = |pieces: &[&str]| {
            let mut escape = Escape { armed: true, begun: false };
            let mut sent = Vec::new();
            for piece in pieces {
                let (data, wanted) = escape.pass(piece.as_bytes());
                sent.extend(data);
                if wanted != Wanted::Nothing {
                    return (String::from_utf8(sent).unwrap(), wanted);
                }
            }
            (String::from_utf8(sent).unwrap(), Wanted::Nothing)
        };
        assert_eq!(run(&["~."]), (String::new(), Wanted::End));
        assert_eq!(run(&["ls\r", "~", "."]), ("ls\r".into(), Wanted::End));
        assert_eq!(run(&["cd ~.\r"]), ("cd ~.\r".into(), Wanted::Nothing));
        assert_eq!(run(&["~~x\r~y"]), ("~x\r~y".into(), Wanted::Nothing));
        assert_eq!(run(&["\r~?"]), ("\r".into(), Wanted::Help));
    }
}
