//! A process with its output collected, ended when it goes out of scope or the tests end.

use super::PATIENCE;
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    process::{ChildStdin, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Ends the program when our end of its standard input is closed: by us, or by the system when the
/// test process is gone, however it went. `exec` keeps the process id, so the watch is a child of the
/// program; it sends the signal only while that is still so, never to whoever got the number later.
/// A limit of file sizes shall look like a failing disk, so its signal is ignored.
const WATCHED: &str = r#"trap '' XFSZ
exec 3<&0 </dev/null
sh -c 'cat <&3
[ "$(cut -d" " -f4 /proc/$$/stat)" = "$1" ] && kill -TERM "$1"' watch $$ >/dev/null 2>&1 &
exec "$@" 3<&-"#;

/// A running program.
pub(crate) struct Process {
    name: String,
    pid: u32,
    stdin: Option<ChildStdin>,
    said: Arc<Said>,
}

/// What the program has written.
#[derive(Default)]
struct Said {
    lines: Mutex<Lines>,
    more: Condvar,
}

#[derive(Default)]
struct Lines {
    all: Vec<(Stream, String)>,
    /// How many of the two streams are at their end.
    closed: usize,
    /// How it ended.
    status: Option<ExitStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl Process {
    /// Starts the command under a watch.
    pub(crate) fn start(command: &Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut watched = Command::new("sh");
        watched.args(["-c", WATCHED, "sh"]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => watched.env(key, value),
                None => watched.env_remove(key),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            watched.current_dir(directory);
        }
        watched.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = watched.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let said = Arc::new(Said::default());
        said.follow(Stream::Out, child.stdout.take().expect("piped"));
        said.follow(Stream::Err, child.stderr.take().expect("piped"));
        let (pid, stdin) = (child.id(), child.stdin.take());
        let ended = Arc::clone(&said);
        thread::spawn(move || {
            let status = child.wait().expect("a child of ours can be waited for");
            ended.lines.lock().unwrap().status = Some(status);
            ended.more.notify_all();
        });
        Self { name, pid, stdin, said }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The first line of standard output that fits.
    pub(crate) fn line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.line_within(PATIENCE, fits)
    }

    /// The same with a deadline of its own.
    pub(crate) fn line_within(&self, patience: Duration, fits: impl Fn(&str) -> bool) -> String {
        self.find(patience, |stream, line| stream == Stream::Out && fits(line))
    }

    /// The first line of either stream that fits.
    pub(crate) fn any_line(&self, fits: impl Fn(&str) -> bool) -> String {
        self.find(PATIENCE, |_, line| fits(line))
    }

    fn find(&self, patience: Duration, fits: impl Fn(Stream, &str) -> bool) -> String {
        let deadline = Instant::now() + patience;
        let mut lines = self.said.lines.lock().unwrap();
        loop {
            if let Some((_, line)) = lines.all.iter().find(|(stream, line)| fits(*stream, line)) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let closed = lines.closed == 2;
            if closed || left.is_zero() {
                drop(lines);
                let why = if closed { "it ended" } else { "in time" };
                panic!(
                    "{} did not say what was expected, {why}. It said:\n{}",
                    self.name,
                    self.all()
                );
            }
            lines = self.said.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Everything that was written so far.
    pub(crate) fn all(&self) -> String {
        let lines = self.said.lines.lock().unwrap();
        lines.all.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// How it ended; waits for that.
    pub(crate) fn wait(&self) -> ExitStatus {
        self.wait_at_most(PATIENCE).unwrap_or_else(|| {
            panic!("{} does not end. It said:\n{}", self.name, self.all());
        })
    }

    fn wait_at_most(&self, patience: Duration) -> Option<ExitStatus> {
        let lines = self.said.lines.lock().unwrap();
        let runs = |lines: &mut Lines| lines.status.is_none();
        self.said.more.wait_timeout_while(lines, patience, runs).unwrap().0.status
    }

    /// SIGKILL: no chance to tidy up.
    pub(crate) fn kill(&self) {
        signal("KILL", self.pid);
        self.wait();
    }

    /// SIGTERM, and the end of it.
    pub(crate) fn terminate(&self) -> ExitStatus {
        signal("TERM", self.pid);
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            let all = self.all();
            let lines: Vec<&str> = all.lines().collect();
            let tail = lines[lines.len().saturating_sub(60)..].join("\n");
            // Straight to stderr: the test's own captured output may be lost in a panic.
            let _ignored = writeln!(std::io::stderr(), "--- {} said, at last:\n{tail}", self.name);
        }
        if self.wait_at_most(Duration::ZERO).is_some() {
            return;
        }
        drop(self.stdin.take());
        if self.wait_at_most(Duration::from_secs(10)).is_none() {
            signal("KILL", self.pid);
            self.wait_at_most(Duration::from_secs(10));
        }
    }
}

impl Said {
    fn follow(self: &Arc<Self>, stream: Stream, from: impl Read + Send + 'static) {
        let said = Arc::clone(self);
        thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut bytes = Vec::new();
            while from.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                said.lines.lock().unwrap().all.push((stream, line));
                said.more.notify_all();
                bytes.clear();
            }
            said.lines.lock().unwrap().closed += 1;
            said.more.notify_all();
        });
    }
}

fn signal(name: &str, pid: u32) {
    run("kill", [format!("-{name}"), pid.to_string()]);
}

/// Runs a program to its end and gives back what it wrote, whatever its exit code.
pub(crate) fn output(command: &mut Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{name} is needed (scripts/prerequisites test): {error}"))
}

/// Runs a program that must succeed and gives back its standard output.
pub(crate) fn run<I, S>(program: &str, args: I) -> String
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    command.args(args);
    succeed(&mut command)
}

/// Runs a command that must succeed and gives back its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let done = output(command);
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?} failed ({}):\n{out}\n{err}", done.status);
    out.into_owned()
}
