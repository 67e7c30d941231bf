//! `viaduct ider`: an image on this machine as the CD of a PC.

use super::{Desk, live};
use crate::{
    age::since,
    client::{FromDevice, ToDevice, ended},
    failure::{Failure, Result},
    say::{data, note},
};
use amt::redirect::{
    Decoder,
    ider::{
        Answer, Completion, Drive, Features, IderCommand, IderConsoleMessage, IderDeviceMessage,
        IderOpen, Image, Sense,
    },
};
use std::{
    fs::File,
    io::{self, IsTerminal, Write, stderr},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::{JoinHandle, spawn_blocking};
use viaduct_api::{Code, RedirectionMode};

/// Read at once from the file, and ahead of what the PC asks for.
const CHUNK: u64 = 1 << 20;
/// Progress is shown so often.
const PROGRESS: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Serve an image as the PC's CD until Ctrl-C
    Mount {
        /// Device that gets the CD
        device: String,
        /// Image on this machine
        #[arg(value_name = "ISO")]
        iso: PathBuf,
        /// The PC sees the CD at once, not from its next start on
        #[arg(long)]
        now: bool,
        /// Take the drive over from whoever uses it
        #[arg(long)]
        take_over: bool,
    },
    /// Take the CD out, whoever serves it
    Eject {
        /// Device that has the CD
        device: String,
    },
    /// Show whether a PC has a CD, and what it read
    Status {
        /// Device that is asked about
        device: String,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Mount { device, iso, now, take_over } => {
            mount(desk, &device, &iso, now, take_over).await
        }
        Command::Eject { device } => match live(desk, &device, RedirectionMode::Ider).await? {
            Some(one) => {
                desk.client.delete(&format!("/redirections/{}", one.id)).await?;
                note(&format!("the CD of {device} is out"));
                Ok(())
            }
            None => Err(nothing(&device)),
        },
        Command::Status { device } => match live(desk, &device, RedirectionMode::Ider).await? {
            Some(one) => desk.printer.text_or(&one, |one| {
                let read = one.bytes.to_device;
                format!(
                    "{device} has a CD, served by {} since {}; {read} bytes sent",
                    one.user,
                    since(one.since)
                )
            }),
            None => Err(nothing(&device)),
        },
    }
}

fn nothing(device: &str) -> Failure {
    Failure::new(Code::UnknownRedirection, format!("{device} has no CD of ours"))
}

async fn mount(desk: &Desk, device: &str, iso: &Path, now: bool, take_over: bool) -> Result<()> {
    let broken = |error: io::Error| Failure::local(iso.display(), error);
    let file = File::open(iso).map_err(broken)?;
    let size = file.metadata().map_err(broken)?.len();
    let image = Image::new(size).ok_or_else(|| {
        Failure::usage(format!("{} is no image of a CD: {size} bytes", iso.display()))
    })?;
    let (to, from) = desk.client.redirect(device, RedirectionMode::Ider, take_over).await?;
    let source = Source { file: Arc::new(file), size, ahead: None, have: (0, Vec::new()) };
    let mut drive = Virtual {
        to,
        image,
        source,
        sequence: 0,
        piece: 0,
        progress: Progress::new(size),
        features: Features::ENABLE | if now { Features::NOW } else { Features::ON_REBOOT },
    };
    let open = IderOpen::default();
    drive.say(|sequence| IderConsoleMessage::Open { sequence: Some(sequence), open }).await?;
    note(&format!(
        "{} is offered to {device}; `viaduct boot ider {device} --power reset` starts from it; Ctrl-C takes it out",
        iso.display()
    ));
    let result = tokio::select! {
        result = drive.serve(from) => result,
        stop = tokio::signal::ctrl_c() => stop.map_err(Failure::from),
    };
    drive.progress.end();
    // A goodbye that nobody reads is as good as one that somebody does.
    drop(drive.say(|sequence| IderConsoleMessage::Close { sequence }).await);
    drive.to.close().await;
    data(&format!("{} bytes read", drive.progress.read));
    result
}

/// The drive, on this side.
struct Virtual {
    to: ToDevice,
    image: Image,
    source: Source,
    sequence: u32,
    /// Most data in one message.
    piece: usize,
    progress: Progress,
    features: u32,
}

impl Virtual {
    async fn serve(&mut self, mut from: FromDevice) -> Result<()> {
        let mut decoder = Decoder::new();
        loop {
            match decoder.poll_message::<IderDeviceMessage>() {
                Ok(Some(message)) => self.handle(message).await?,
                Ok(None) => decoder.handle_bytes(&from.next().await?.ok_or_else(ended)?),
                Err(error) => return Err(Failure::new(Code::AmtUnusable, error.to_string())),
            }
        }
    }

    async fn handle(&mut self, message: IderDeviceMessage) -> Result<()> {
        match message {
            IderDeviceMessage::Opened { opened, .. } => {
                self.piece = usize::from(opened.read_buffer).max(512);
                let features = Features::Set(self.features);
                self.say(|sequence| IderConsoleMessage::Features { sequence, features }).await
            }
            IderDeviceMessage::Ping { .. } => {
                self.say(|sequence| IderConsoleMessage::Pong { sequence }).await
            }
            IderDeviceMessage::Reset { .. } => {
                self.say(|sequence| IderConsoleMessage::ResetDone { sequence }).await
            }
            IderDeviceMessage::Command { command, .. } => self.command(command).await,
            IderDeviceMessage::Status { status, .. } if status.kind == 3 && status.value != 1 => {
                let detail = "the device does not switch its virtual drives on";
                Err(Failure::new(Code::RedirectionOff, detail))
            }
            IderDeviceMessage::Error { code, .. } => {
                Err(Failure::new(Code::AmtUnusable, format!("the drive reports error {code:?}")))
            }
            IderDeviceMessage::Closed { .. } => Err(ended()),
            IderDeviceMessage::Pong { .. }
            | IderDeviceMessage::Status { .. }
            | IderDeviceMessage::Heartbeat { .. }
            | IderDeviceMessage::Data { .. } => Ok(()),
        }
    }

    async fn command(&mut self, command: IderCommand) -> Result<()> {
        let drive = command.drive;
        match self.image.answer(drive, command.block) {
            Answer::Completed(sense) => self.completed(drive, sense).await,
            Answer::Data(bytes) => self.give(drive, &bytes).await,
            Answer::Read { offset, length } => match self.source.read(offset, length).await {
                Ok(bytes) => {
                    self.progress.add(length);
                    self.give(drive, &bytes).await
                }
                Err(error) => {
                    note(&format!("the image cannot be read: {error}"));
                    self.completed(drive, Some(Sense::UNREADABLE)).await
                }
            },
        }
    }

    async fn completed(&mut self, drive: Drive, sense: Option<Sense>) -> Result<()> {
        let completion = Completion { drive, sense };
        self.say(|sequence| IderConsoleMessage::Completed { sequence, completion }).await
    }

    async fn give(&mut self, drive: Drive, bytes: &[u8]) -> Result<()> {
        let mut out = Vec::with_capacity(bytes.len() + 256);
        let pieces = bytes.chunks(self.piece.max(512));
        let count = pieces.len();
        for (at, piece) in pieces.enumerate() {
            let message = IderConsoleMessage::Data {
                sequence: self.sequence,
                drive,
                completed: at + 1 == count,
                data: piece.to_vec(),
            };
            self.sequence = self.sequence.wrapping_add(1);
            message.encode(&mut out);
        }
        self.to.send(out).await
    }

    async fn say(&mut self, message: impl FnOnce(u32) -> IderConsoleMessage) -> Result<()> {
        let mut out = Vec::new();
        message(self.sequence).encode(&mut out);
        self.sequence = self.sequence.wrapping_add(1);
        self.to.send(out).await
    }
}

/// The file, one chunk at hand and the next one on its way.
struct Source {
    file: Arc<File>,
    size: u64,
    have: (u64, Vec<u8>),
    ahead: Option<(u64, JoinHandle<io::Result<Vec<u8>>>)>,
}

impl Source {
    async fn read(&mut self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(length as usize);
        while out.len() < length as usize {
            let at = offset + out.len() as u64;
            let start = at - at % CHUNK;
            if self.have.0 != start || self.have.1.is_empty() {
                self.have = (start, self.chunk(start).await?);
            }
            let inside = usize::try_from(at - start).map_err(io::Error::other)?;
            let rest = self.have.1.get(inside..).unwrap_or_default();
            if rest.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file became shorter",
                ));
            }
            out.extend_from_slice(&rest[..rest.len().min(length as usize - out.len())]);
        }
        Ok(out)
    }

    /// A chunk, from what is on its way when that is the one; then the next one is sent for.
    async fn chunk(&mut self, start: u64) -> io::Result<Vec<u8>> {
        let reading = match self.ahead.take() {
            Some((ahead, reading)) if ahead == start => reading,
            _ => self.send_for(start),
        };
        let chunk = reading.await.map_err(io::Error::other)??;
        let next = start + CHUNK;
        if next < self.size {
            self.ahead = Some((next, self.send_for(next)));
        }
        Ok(chunk)
    }

    fn send_for(&self, start: u64) -> JoinHandle<io::Result<Vec<u8>>> {
        let (file, length) = (Arc::clone(&self.file), CHUNK.min(self.size - start));
        spawn_blocking(move || {
            let mut chunk = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_exact_at(&mut chunk, start)?;
            Ok(chunk)
        })
    }
}

/// How much the PC has read.
struct Progress {
    size: u64,
    read: u64,
    began: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    fn new(size: u64) -> Self {
        let (began, terminal) = (Instant::now(), stderr().is_terminal());
        Self { size, read: 0, began, shown: None, terminal }
    }

    fn add(&mut self, bytes: u32) {
        if self.read == 0 {
            self.began = Instant::now();
            note("the PC reads the image");
        }
        self.read += u64::from(bytes);
        let due = self.shown.is_none_or(|at| at.elapsed() >= PROGRESS);
        if self.terminal && due {
            self.shown = Some(Instant::now());
            self.show();
        }
    }

    fn show(&self) {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let per_second = self.read as f64 / seconds / f64::from(1 << 20);
        let line = format!(
            "\r{} of {} MiB sent, {per_second:.1} MiB/s ",
            self.read >> 20,
            self.size >> 20
        );
        let mut out = stderr().lock();
        // Progress is a courtesy; a terminal that is gone is found out elsewhere.
        drop(out.write_all(line.as_bytes()));
        drop(out.flush());
    }

    fn end(&self) {
        if self.shown.is_some() {
            self.show();
            note("");
        }
    }
}
