//! `viaduct sol`: the serial console of a PC in this terminal, or in a pipe.

use super::{Desk, filter::Filter};
use crate::{
    client::{ToDevice, ended},
    failure::{Failure, Result},
    say::note,
};
use amt::redirect::{ConsoleMessage, Decoder, DeviceMessage, SolSettings};
use rustix::termios::{self, OptionalActions, Termios};
use std::{
    fs::{File, OpenOptions},
    io::{IsTerminal, Read, Write, stdin, stdout},
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
const ESCAPES: &str = "\r\n~.  ends the console\r\n~~  sends ~\r\n~?  shows this\r\n";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Device whose serial console is wanted
    device: String,
    /// Append everything the PC says to this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Take the console over from whoever uses it
    #[arg(long)]
    take_over: bool,
}

/// Runs until `~.`, the end of the input, or the end of the redirection.
pub(crate) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let record = options.record.as_ref().map(|path| {
        let open = OpenOptions::new().create(true).append(true).open(path);
        open.map_err(|error| Failure::local(path.display(), error))
    });
    let mut record = record.transpose()?;
    let mode = RedirectionMode::Sol;
    let (mut to, mut from) = desk.client.redirect(&options.device, mode, options.take_over).await?;
    let settings = SolSettings { max_transmit: 10_000, heartbeat: 0, ..SolSettings::default() };
    to.say(&ConsoleMessage::SolOpen { sequence: 0, settings }).await?;
    let terminal = stdin().is_terminal();
    if terminal {
        note(&format!("serial console of {}; Enter ~. ends it, Enter ~? helps", options.device));
    }
    let raw = Raw::enter()?;
    let mut console = Console {
        decoder: Decoder::new(),
        filter: (stdout().is_terminal()).then(Filter::default),
        sequence: 1,
        escape: Escape { armed: true, ..Escape::default() },
        terminal,
    };
    let mut input = keyboard();
    let mut beat = interval(HEARTBEAT);
    let mut quiet_at: Option<Instant> = None;
    let result = loop {
        let until = quiet_at.unwrap_or_else(|| Instant::now() + HEARTBEAT);
        tokio::select! {
            bytes = from.next() => match bytes {
                Ok(Some(bytes)) => {
                    if let Err(failure) = console.show(&bytes, record.as_mut()) {
                        break Err(failure);
                    }
                    quiet_at = quiet_at.map(|_| Instant::now() + QUIET);
                }
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            },
            typed = input.recv(), if quiet_at.is_none() => match typed {
                Some(typed) => match console.type_in(&typed, &mut to).await {
                    Ok(true) => {}
                    Ok(false) => break Ok(()),
                    Err(failure) => break Err(failure),
                },
                None => quiet_at = Some(Instant::now() + QUIET),
            },
            _ = beat.tick() => {
                let sequence = console.next();
                if let Err(failure) = to.say(&ConsoleMessage::Heartbeat { sequence }).await {
                    break Err(failure);
                }
            }
            () = sleep_until(until), if quiet_at.is_some() => break Ok(()),
        }
    };
    drop(raw);
    to.close().await;
    if terminal {
        note("");
    }
    result
}

/// What was typed, from a thread of its own: a read from a terminal cannot be broken off.
fn keyboard() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    thread::spawn(move || {
        let mut buffer = [0; PIECE];
        while let Ok(n @ 1..) = stdin().lock().read(&mut buffer) {
            if sender.blocking_send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

struct Console {
    decoder: Decoder,
    filter: Option<Filter>,
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

    fn show(&mut self, bytes: &[u8], mut record: Option<&mut File>) -> Result<()> {
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
                    if let Some(record) = record.as_deref_mut() {
                        record.write_all(&data)?;
                    }
                    let shown = match &mut self.filter {
                        Some(filter) => filter.pass(&data),
                        None => data,
                    };
                    let mut out = stdout().lock();
                    out.write_all(&shown)?;
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
                    b'~' => out.push(b'~'),
                    other => out.extend_from_slice(&[b'~', other]),
                }
                self.armed = byte == b'\r' || byte == b'?';
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
